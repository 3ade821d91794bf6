/*
 * From files and pipes into connections.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/full_io.h"
#include "os/pump_internal.h"
#include "os/sigpipe.h"

enum gw_err
gw_pump_new(struct gw_pump **out)
{
	struct gw_pump *p = calloc(1, sizeof *p);

	if (p == NULL)
		return GW_E_MEMORY;
	for (int i = 0; i < GW_PUMP_PIPES; i++)
		p->pipe[i][0] = p->pipe[i][1] = -1;
	*out = p;
	return GW_OK;
}

void
gw_pump_free(struct gw_pump *p)
{
	if (p == NULL)
		return;
	gw_drain_free(p->drain);
	gw_pump_close_pipes(p);
	free(p->buf);
	free(p);
}

void
gw_pump_close_pipes(struct gw_pump *p)
{
	for (int i = 0; i < GW_PUMP_PIPES; i++) {
		if (p->pipe[i][0] >= 0) {
			close(p->pipe[i][0]);
			close(p->pipe[i][1]);
		}
		p->pipe[i][0] = p->pipe[i][1] = -1;
	}
}

void
gw_pump_copy(struct gw_pump *p)
{
	p->plain = true;
}

size_t
gw_pump_piece(const struct gw_pump_job *job, size_t most)
{
	uint64_t left = job->most - job->moved;

	return left < most ? (size_t)left : most;
}

/* ---- what went wrong ---- */

bool
gw_pump_cannot(int error)
{
	return error == EINVAL || error == ENOSYS || error == EOPNOTSUPP;
}

/* The connection's errors, and those of files are others. */
static bool
is_of_connection(int error)
{
	switch (error) {
	case EPIPE:
	case ECONNRESET:
	case ECONNABORTED:
	case ENOTCONN:
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ENETUNREACH:
	case ENETDOWN:
	case EPROTO:
		return true;
	default:
		return false;
	}
}

enum gw_pumped
gw_pump_failed(
    struct gw_pump_job *job, struct gw_why *why, int error, const char *doing)
{
	job->err = gw_why_errno(why, error, doing);
	return GW_PUMPED_FAILED;
}

static enum gw_pumped
sending_failed(struct gw_pump_job *job, struct gw_why *why)
{
	if (errno == EAGAIN)
		return GW_PUMPED_AGAIN;
	if (is_of_connection(errno))
		return GW_PUMPED_RESET;
	return gw_pump_failed(job, why, errno, "read");
}

bool
gw_pump_has_buffer(struct gw_pump *p, struct gw_pump_job *job)
{
	if (p->buf == NULL && (p->buf = malloc(GW_PUMP_BUFFER)) == NULL)
		job->err = GW_E_MEMORY;
	return p->buf != NULL;
}

/* ---- from a file into the connection ---- */

static ssize_t
send_file(const struct gw_pump_job *job, size_t n)
{
	off_t at = (off_t)(job->offset + job->moved);

	return sendfile(job->socket, job->file, &at, n);
}

/* By a copy.  A negative result is the connection's, unless *read_error. */
static ssize_t
send_copy(struct gw_pump *p, const struct gw_pump_job *job, size_t n,
    bool *read_error)
{
	size_t got;

	*read_error = !gw_full_pread(
	    job->file, p->buf, n, job->offset + job->moved, &got);
	if (*read_error)
		return -1;
	return got == 0 ? 0 : send(job->socket, p->buf, got, MSG_NOSIGNAL);
}

static enum gw_pumped
push(struct gw_pump *p, struct gw_pump_job *job, struct gw_why *why)
{
	bool read_error = false;
	ssize_t r;

	while (job->moved < job->most) {
		if (p->plain && !gw_pump_has_buffer(p, job))
			return GW_PUMPED_FAILED;
		r = p->plain
			? send_copy(p, job, gw_pump_piece(job, GW_PUMP_BUFFER),
			      &read_error)
			: send_file(job, gw_pump_piece(job, GW_PUMP_PIECE));
		if (r > 0)
			job->moved += (size_t)r;
		else if (r == 0)
			return GW_PUMPED_END;
		else if (read_error)
			return gw_pump_failed(job, why, errno, "read");
		else if (!p->plain && gw_pump_cannot(errno))
			p->plain = true;
		else if (errno != EINTR)
			return sending_failed(job, why);
	}
	return GW_PUMPED_SOME;
}

enum gw_pumped
gw_pump_out(struct gw_pump *p, struct gw_pump_job *job, struct gw_why *why)
{
	struct gw_sigpipe held;
	enum gw_pumped came;

	job->moved = 0;
	job->err = GW_OK;
	gw_sigpipe_hold(&held);
	came = push(p, job, why);
	gw_sigpipe_release(&held, came == GW_PUMPED_RESET);
	return came;
}

/* ---- from a pipe into the connection ---- */

static bool
takes_more(int socket)
{
	struct pollfd fd = { .fd = socket, .events = POLLOUT };

	return poll(&fd, 1, 0) != 0;
}

/* What was read and not sent; SOME: all of it is out. */
static enum gw_pumped
send_rest(struct gw_pump *p, struct gw_pump_job *job, struct gw_why *why)
{
	ssize_t r;

	while (p->start < p->end) {
		r = send(job->socket, p->buf + p->start, p->end - p->start,
		    MSG_NOSIGNAL);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return sending_failed(job, why);
		p->start += (size_t)r;
		job->moved += (size_t)r;
	}
	return GW_PUMPED_SOME;
}

static enum gw_pumped
read_and_send(struct gw_pump *p, struct gw_pipe *from, struct gw_pump_job *job,
    struct gw_why *why)
{
	ssize_t r;

	if (!gw_pump_has_buffer(p, job))
		return GW_PUMPED_FAILED;
	r = read(from->fd, p->buf, gw_pump_piece(job, GW_PUMP_BUFFER));
	if (r == 0)
		return GW_PUMPED_END;
	if (r < 0 && (errno == EINTR || errno == EAGAIN))
		return GW_PUMPED_SOME;
	if (r < 0)
		return gw_pump_failed(job, why, errno, "standard input");
	p->start = 0;
	p->end = (size_t)r;
	return send_rest(p, job, why);
}

static enum gw_pumped
splice_and_send(struct gw_pump *p, struct gw_pipe *from,
    struct gw_pump_job *job, struct gw_why *why)
{
	ssize_t r = splice(from->fd, NULL, job->socket, NULL,
	    gw_pump_piece(job, GW_PUMP_PIECE),
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (r > 0)
		job->moved += (size_t)r;
	if (r > 0 || (r < 0 && errno == EINTR))
		return GW_PUMPED_SOME;
	if (r == 0)
		return GW_PUMPED_END;
	if (errno == EAGAIN) /* which of the two? */
		return takes_more(job->socket) ? GW_PUMPED_SOME
					       : GW_PUMPED_AGAIN;
	if (gw_pump_cannot(errno)) {
		p->plain = true;
		return GW_PUMPED_SOME;
	}
	return sending_failed(job, why);
}

static enum gw_pumped
flow(struct gw_pump *p, struct gw_pipe *from, struct gw_pump_job *job,
    struct gw_why *why)
{
	enum gw_pumped came = send_rest(p, job, why);
	enum gw_err err;

	while (came == GW_PUMPED_SOME && job->moved < job->most) {
		/* What has moved is told before the next wait. */
		err = gw_pipe_wait(from, job->moved > 0 ? 0 : -1, why);
		if (err == GW_E_AGAIN)
			break;
		if (err != GW_OK) {
			job->err = err;
			return GW_PUMPED_FAILED;
		}
		came = p->plain ? read_and_send(p, from, job, why)
				: splice_and_send(p, from, job, why);
	}
	return came;
}

enum gw_pumped
gw_pump_stream(struct gw_pump *p, struct gw_pipe *from, struct gw_pump_job *job,
    struct gw_why *why)
{
	struct gw_sigpipe held;
	enum gw_pumped came;

	job->moved = 0;
	job->err = GW_OK;
	gw_sigpipe_hold(&held);
	came = flow(p, from, job, why);
	gw_sigpipe_release(&held, came == GW_PUMPED_RESET);
	return came;
}
