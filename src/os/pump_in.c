/*
 * From connections into files.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/full_io.h"
#include "os/pump_internal.h"

enum {
	PIPE_SIZE = 1 << 20, /* as much as the kernel lets anybody have */
	MUCH = 256 << 10     /* worth another thread */
};

static bool
open_pipe(int pipe[2])
{
	if (pipe[0] >= 0)
		return true;
	if (pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		pipe[0] = pipe[1] = -1;
		return false;
	}
	/* A smaller one serves, too, only not as fast. */
	(void)fcntl(pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
	return true;
}

/* What has come, but to no more than n; SOME: *got > 0 bytes. */
static enum gw_pumped
receive(struct gw_pump *p, int socket, int pipe, size_t n, size_t *got)
{
	ssize_t r;

	do {
		r = p->plain ? recv(socket, p->buf, n, 0)
			     : splice(socket, NULL, pipe, NULL, n,
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

/* ---- into the file, in this thread; each gives 0, or errno ---- */

static int
write_buffer(struct gw_pump *p, struct gw_pump_job *job, size_t n)
{
	if (!gw_full_pwrite(job->file, p->buf, n, job->offset + job->moved))
		return errno;
	job->moved += n;
	return 0;
}

/* All that is in the pipe, by a copy. */
static int
copy_pipe(struct gw_pump *p, struct gw_pump_job *job, int pipe, size_t n)
{
	int error = 0;
	ssize_t r;

	while (n > 0 && error == 0) {
		r = read(pipe, p->buf, n < GW_PUMP_BUFFER ? n : GW_PUMP_BUFFER);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? errno : EIO;
		error = write_buffer(p, job, (size_t)r);
		n -= (size_t)r;
	}
	return error;
}

static int
write_pipe(struct gw_pump *p, struct gw_pump_job *job, int pipe, size_t n)
{
	struct gw_drain_job d = { .pipe = pipe,
		.file = job->file,
		.offset = job->offset + job->moved,
		.n = n };
	uint64_t moved;
	int error = gw_drain_now(&d, &moved);

	job->moved += moved;
	job->spliced = job->spliced || error == 0;
	if (!gw_pump_cannot(error))
		return error;
	p->plain = true;
	return gw_pump_has_buffer(p, job)
		   ? copy_pipe(p, job, pipe, n - (size_t)moved)
		   : ENOMEM;
}

/* ---- into the file, in another thread ---- */

/* Not the first of a file: that one shows whether splice can do it. */
static bool
is_worth_it(struct gw_pump *p, const struct gw_pump_job *job, size_t n)
{
	if (p->plain || p->alone || !job->spliced || n < MUCH)
		return false;
	if (p->drain == NULL)
		p->alone = gw_drain_new(&p->drain) != GW_OK;
	return !p->alone;
}

struct handed {
	uint64_t bytes; /* that the other thread has been given */
	unsigned count; /* of pipes */
	int error;      /* the first, of either thread */
};

/* Until all that was handed over is written. */
static void
settle(struct gw_pump *p, struct gw_pump_job *job, struct handed *h)
{
	uint64_t moved;
	int error;

	if (h->bytes == 0)
		return;
	error = gw_drain_wait(p->drain, &moved);
	if (h->error == 0)
		h->error = error;
	h->bytes = 0;
	job->moved += moved;
}

static void
hand_over(struct gw_pump *p, const struct gw_pump_job *job, int pipe, size_t n,
    struct handed *h)
{
	struct gw_drain_job d = { .pipe = pipe,
		.file = job->file,
		.offset = job->offset + job->moved + h->bytes,
		.n = n };

	h->error = gw_drain_give(p->drain, &d);
	h->bytes += n;
	h->count++;
}

/* ---- both ---- */

static void
store(struct gw_pump *p, struct gw_pump_job *job, int pipe, size_t n,
    struct handed *h)
{
	if (is_worth_it(p, job, n)) {
		hand_over(p, job, pipe, n, h);
		return;
	}
	settle(p, job, h);
	if (h->error == 0)
		h->error = p->plain ? write_buffer(p, job, n)
				    : write_pipe(p, job, pipe, n);
}

/* The next pipe is filled while the one before it is emptied elsewhere. */
static enum gw_pumped
move(struct gw_pump *p, struct gw_pump_job *job, struct handed *h)
{
	enum gw_pumped came;
	uint64_t left;
	size_t n;

	while ((left = job->most - job->moved - h->bytes) > 0) {
		int *pipe = p->pipe[h->count % GW_PUMP_PIPES];

		if (!p->plain && !open_pipe(pipe)) {
			h->error = errno;
			return GW_PUMPED_FAILED;
		}
		n = p->plain ? GW_PUMP_BUFFER : GW_PUMP_PIECE;
		came = receive(
		    p, job->socket, pipe[1], n < left ? n : (size_t)left, &n);
		if (came != GW_PUMPED_SOME)
			return came;
		store(p, job, pipe[0], n, h);
		if (h->error != 0)
			return GW_PUMPED_FAILED;
	}
	return GW_PUMPED_SOME;
}

enum gw_pumped
gw_pump_in(struct gw_pump *p, struct gw_pump_job *job, struct gw_why *why)
{
	struct handed h = { .error = 0 };
	enum gw_pumped came;

	job->moved = 0;
	job->err = GW_OK;
	if (p->plain && !gw_pump_has_buffer(p, job))
		return GW_PUMPED_FAILED;
	came = move(p, job, &h);
	settle(p, job, &h);
	if (h.error == 0)
		return came;
	gw_pump_close_pipes(p); /* with what is left in them */
	if (job->err != GW_OK)
		return GW_PUMPED_FAILED;
	return gw_pump_failed(job, why, h.error, "write");
}
