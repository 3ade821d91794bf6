#include "os/pipe.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/sigpipe.h"

enum gw_err
gw_pipe_init(struct gw_pipe *p, int fd)
{
	int cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct stat st;

	if (cancel < 0)
		return GW_E_LIMIT;
	*p = (struct gw_pipe){ .fd = fd,
		.cancel_fd = cancel,
		.chunk = PIPE_BUF,
		.since = GW_NEVER };
	if (fstat(fd, &st) == 0) {
		p->nowait = S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
		/* A file makes nobody wait for ever. */
		if (S_ISREG(st.st_mode))
			p->chunk = SIZE_MAX;
	}
	return GW_OK;
}

void
gw_pipe_fini(struct gw_pipe *p)
{
	close(p->cancel_fd);
	p->cancel_fd = -1;
}

void
gw_pipe_cancel(struct gw_pipe *p)
{
	eventfd_write(p->cancel_fd, 1);
}

gw_usec
gw_pipe_waits(const struct gw_pipe *p, gw_usec now)
{
	gw_usec since = atomic_load(&p->since);

	return since < now ? now - since : 0;
}

/* Until the descriptor is ready, the time has passed (GW_E_AGAIN), or this was
 * called off. */
static enum gw_err
wait_for(struct gw_pipe *p, short events, int timeout_ms, struct gw_why *why)
{
	struct pollfd fds[2] = { { .fd = p->fd, .events = events },
		{ .fd = p->cancel_fd, .events = POLLIN } };
	int r;

	do {
		r = poll(fds, 2, timeout_ms);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return gw_why_errno(why, errno, "wait");
	if (r == 0)
		return GW_E_AGAIN;
	/* Errors of the descriptor itself are for read and write to tell. */
	return fds[1].revents != 0 ? GW_E_INTERRUPTED : GW_OK;
}

static bool
try_again(int error)
{
	return error == EINTR || error == EAGAIN;
}

enum gw_err
gw_pipe_wait(struct gw_pipe *p, int timeout_ms, struct gw_why *why)
{
	return wait_for(p, POLLIN, timeout_ms, why);
}

static enum gw_err
read_all(
    struct gw_pipe *p, uint8_t *at, size_t n, size_t *got, struct gw_why *why)
{
	size_t done = 0;
	enum gw_err err;
	ssize_t r;

	while (done < n) {
		if ((err = wait_for(p, POLLIN, -1, why)) != GW_OK)
			return err;
		r = read(p->fd, at + done, n - done);
		if (r == 0)
			break;
		if (r > 0)
			done += (size_t)r;
		else if (!try_again(errno))
			return gw_why_errno(why, errno, "standard input");
	}
	*got = done;
	return GW_OK;
}

enum gw_err
gw_pipe_read(
    struct gw_pipe *p, void *buf, size_t n, size_t *got, struct gw_why *why)
{
	enum gw_err err;

	atomic_store(&p->since, gw_clock_now());
	err = read_all(p, buf, n, got, why);
	atomic_store(&p->since, GW_NEVER);
	return err;
}

/*
 * A pipe that poll calls writable may still block a long write; with
 * RWF_NOWAIT it does not.  Where the kernel does not know that for this
 * descriptor, so much is written at a time as a writable pipe takes.
 */
static ssize_t
write_some(struct gw_pipe *p, const uint8_t *at, size_t n)
{
	struct iovec v = { .iov_base = (void *)(uintptr_t)at, .iov_len = n };
	ssize_t r;

	if (p->nowait) {
		r = pwritev2(p->fd, &v, 1, -1, RWF_NOWAIT);
		if (r >= 0 ||
		    (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL))
			return r;
		p->nowait = false;
	}
	return write(p->fd, at, n < p->chunk ? n : p->chunk);
}

static enum gw_err
write_all(struct gw_pipe *p, const uint8_t *at, size_t n, int *error)
{
	enum gw_err err;
	ssize_t r;

	while (n > 0) {
		if ((err = wait_for(p, POLLOUT, -1, NULL)) != GW_OK)
			return err;
		r = write_some(p, at, n);
		if (r >= 0) {
			at += r;
			n -= (size_t)r;
		} else if (!try_again(errno)) {
			*error = errno;
			return GW_E_DISK;
		}
	}
	return GW_OK;
}

enum gw_err
gw_pipe_write(struct gw_pipe *p, const void *data, size_t n, struct gw_why *why)
{
	struct gw_sigpipe held;
	enum gw_err err;
	int error = 0;

	gw_sigpipe_hold(&held);
	atomic_store(&p->since, gw_clock_now());
	err = write_all(p, data, n, &error);
	atomic_store(&p->since, GW_NEVER);
	gw_sigpipe_release(&held, error == EPIPE);
	if (error != 0) {
		err = gw_why_errno(why, error, "standard output");
		return err == GW_E_SPACE ? err : GW_E_DISK;
	}
	return err;
}
