#include "os/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/full_io.h"
#include "os/sigpipe.h"

enum {
	PIPE_SIZE = 1 << 20, /* as many as the kernel lets anybody have */
	PIECE = 1 << 20,     /* of one call */
	BUFFER = 256 << 10   /* where bytes have to be copied */
};

struct gw_pump {
	int pipe[2]; /* from socket to file; empty between calls */
	bool plain;  /* splice or sendfile cannot do it here */
	uint8_t *buf;
	size_t start, end; /* of a stream: read, and not sent yet */
};

static bool
open_pipe(struct gw_pump *p)
{
	if (pipe2(p->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		p->pipe[0] = p->pipe[1] = -1;
		return false;
	}
	/* A smaller one serves, too, only not as fast. */
	(void)fcntl(p->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
	return true;
}

static void
close_pipe(struct gw_pump *p)
{
	for (int i = 0; i < 2; i++)
		if (p->pipe[i] >= 0)
			close(p->pipe[i]);
	p->pipe[0] = p->pipe[1] = -1;
}

enum gw_err
gw_pump_new(struct gw_pump **out)
{
	struct gw_pump *p = calloc(1, sizeof *p);

	if (p == NULL)
		return GW_E_MEMORY;
	if (!open_pipe(p)) {
		free(p);
		return GW_E_LIMIT;
	}
	*out = p;
	return GW_OK;
}

void
gw_pump_free(struct gw_pump *p)
{
	if (p == NULL)
		return;
	close_pipe(p);
	free(p->buf);
	free(p);
}

void
gw_pump_copy(struct gw_pump *p)
{
	p->plain = true;
}

static size_t
piece(const struct gw_pump_job *job, size_t most)
{
	uint64_t left = job->most - job->moved;

	return left < most ? (size_t)left : most;
}

/* ---- what went wrong ---- */

/* The call does not know how, with these descriptors. */
static bool
cannot(int error)
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

static enum gw_pumped
failed(
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
	return failed(job, why, errno, "read");
}

static bool
has_buffer(struct gw_pump *p, struct gw_pump_job *job)
{
	if (p->buf == NULL && (p->buf = malloc(BUFFER)) == NULL)
		job->err = GW_E_MEMORY;
	return p->buf != NULL;
}

/* ---- from the connection into a file ---- */

/* What has come, but to no more than n; SOME: *got > 0 bytes. */
static enum gw_pumped
receive(struct gw_pump *p, int socket, size_t n, size_t *got)
{
	ssize_t r;

	do {
		r = p->plain ? recv(socket, p->buf, n, 0)
			     : splice(socket, NULL, p->pipe[1], NULL, n,
				   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	} while (r < 0 && errno == EINTR);
	if (r > 0) {
		*got = (size_t)r;
		return GW_PUMPED_SOME;
	}
	if (r == 0)
		return GW_PUMPED_END;
	return errno == EAGAIN ? GW_PUMPED_AGAIN : GW_PUMPED_RESET;
}

/* All that is in the pipe, into the file, by a copy. */
static bool
copy_out(struct gw_pump *p, struct gw_pump_job *job, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = read(p->pipe[0], p->buf, n < BUFFER ? n : BUFFER);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0 || !gw_full_pwrite(job->file, p->buf, (size_t)r,
				  job->offset + job->moved))
			return false;
		job->moved += (size_t)r;
		n -= (size_t)r;
	}
	return true;
}

static bool
splice_out(struct gw_pump *p, struct gw_pump_job *job, size_t n)
{
	ssize_t r;
	off_t at;

	while (n > 0) {
		at = (off_t)(job->offset + job->moved);
		r = splice(p->pipe[0], NULL, job->file, &at, n, SPLICE_F_MOVE);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && cannot(errno) && has_buffer(p, job)) {
			p->plain = true;
			return copy_out(p, job, n);
		}
		if (r == 0)
			errno = EIO; /* no file takes nothing */
		if (r <= 0)
			return false;
		job->moved += (size_t)r;
		n -= (size_t)r;
	}
	return true;
}

static bool
write_out(struct gw_pump *p, struct gw_pump_job *job, size_t n)
{
	if (!p->plain)
		return splice_out(p, job, n);
	if (!gw_full_pwrite(job->file, p->buf, n, job->offset + job->moved))
		return false;
	job->moved += n;
	return true;
}

enum gw_pumped
gw_pump_in(struct gw_pump *p, struct gw_pump_job *job, struct gw_why *why)
{
	enum gw_pumped came;
	int error;
	size_t n;

	job->moved = 0;
	job->err = GW_OK;
	if (p->pipe[0] < 0 && !open_pipe(p))
		return failed(job, why, errno, "make a pipe");
	if (p->plain && !has_buffer(p, job))
		return GW_PUMPED_FAILED;
	while (job->moved < job->most) {
		came = receive(
		    p, job->socket, piece(job, p->plain ? BUFFER : PIECE), &n);
		if (came != GW_PUMPED_SOME)
			return came;
		if (write_out(p, job, n))
			continue;
		error = errno;
		close_pipe(p); /* with what is left in it */
		if (job->err != GW_OK)
			return GW_PUMPED_FAILED;
		return failed(job, why, error, "write");
	}
	return GW_PUMPED_SOME;
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
		if (p->plain && !has_buffer(p, job))
			return GW_PUMPED_FAILED;
		r = p->plain
			? send_copy(p, job, piece(job, BUFFER), &read_error)
			: send_file(job, piece(job, PIECE));
		if (r > 0)
			job->moved += (size_t)r;
		else if (r == 0)
			return GW_PUMPED_END;
		else if (read_error)
			return failed(job, why, errno, "read");
		else if (!p->plain && cannot(errno))
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

	if (!has_buffer(p, job))
		return GW_PUMPED_FAILED;
	r = read(from->fd, p->buf, piece(job, BUFFER));
	if (r == 0)
		return GW_PUMPED_END;
	if (r < 0 && (errno == EINTR || errno == EAGAIN))
		return GW_PUMPED_SOME;
	if (r < 0)
		return failed(job, why, errno, "standard input");
	p->start = 0;
	p->end = (size_t)r;
	return send_rest(p, job, why);
}

static enum gw_pumped
splice_and_send(struct gw_pump *p, struct gw_pipe *from,
    struct gw_pump_job *job, struct gw_why *why)
{
	ssize_t r = splice(from->fd, NULL, job->socket, NULL, piece(job, PIECE),
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
	if (cannot(errno)) {
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
