#include "os/conduit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/sigpipe.h"

enum {
	SCRATCH = 64 << 10,    /* bytes: as much says that much comes */
	PIPE_SIZE = 512 << 10, /* asked for; the kernel may give less */
	LITTLE = 16 << 10      /* so little at once, and it is copied again */
};

/* ---- pipes ---- */

enum gw_err
gw_conduit_pool_init(struct gw_conduit_pool *p, size_t most)
{
	*p = (struct gw_conduit_pool){ .most = most };
	if ((p->scratch = malloc(SCRATCH)) == NULL)
		return GW_E_MEMORY;
	if (most > 0 && (p->pipes = calloc(most, sizeof *p->pipes)) == NULL) {
		free(p->scratch);
		return GW_E_MEMORY;
	}
	return GW_OK;
}

static void
close_pipe(const int pipe[2])
{
	close(pipe[0]);
	close(pipe[1]);
}

void
gw_conduit_pool_fini(struct gw_conduit_pool *p)
{
	GW_ASSERT(p->idle == p->made);
	while (p->idle > 0)
		close_pipe(p->pipes[--p->idle]);
	free(p->pipes);
	free(p->scratch);
}

/* False: none is to be had, and what comes is copied. */
static bool
take_pipe(struct gw_conduit *r, struct gw_conduit_pool *p)
{
	if (r->pipe[0] >= 0)
		return true;
	if (p->idle > 0) {
		memcpy(r->pipe, p->pipes[--p->idle], sizeof r->pipe);
		return true;
	}
	if (p->made == p->most || pipe2(r->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
		r->pipe[0] = r->pipe[1] = -1;
		return false;
	}
	fcntl(r->pipe[1], F_SETPIPE_SZ, PIPE_SIZE);
	p->made++;
	return true;
}

static void
give_pipe(struct gw_conduit *r, struct gw_conduit_pool *p)
{
	if (r->pipe[0] < 0)
		return;
	if (r->piped == 0) {
		memcpy(p->pipes[p->idle++], r->pipe, sizeof r->pipe);
	} else {
		close_pipe(r->pipe); /* with what is in it */
		p->made--;
	}
	r->pipe[0] = r->pipe[1] = -1;
	r->piped = 0;
}

/* ---- a direction ---- */

void
gw_conduit_init(struct gw_conduit *r, int from, int to)
{
	*r = (struct gw_conduit){ .from = from, .to = to, .pipe = { -1, -1 } };
}

static void
drop_rest(struct gw_conduit *r)
{
	free(r->rest);
	r->rest = NULL;
	r->rest_at = r->rest_end = r->put = 0;
}

void
gw_conduit_fini(struct gw_conduit *r, struct gw_conduit_pool *p)
{
	drop_rest(r);
	give_pipe(r, p);
}

static enum gw_err
keep(struct gw_conduit *r, const void *data, size_t n)
{
	GW_ASSERT(r->rest == NULL);
	if ((r->rest = malloc(n)) == NULL)
		return GW_E_MEMORY;
	memcpy(r->rest, data, n);
	r->rest_at = 0;
	r->rest_end = n;
	return GW_OK;
}

enum gw_err
gw_conduit_put(struct gw_conduit *r, const void *data, size_t n)
{
	enum gw_err err = keep(r, data, n);

	if (err == GW_OK)
		r->put = n;
	return err;
}

/* ---- moving ---- */

enum step { STEP_ON, STEP_BLOCKED, STEP_END, STEP_LOST, STEP_NO_MEMORY };

/* What an error of a call means for the side that it was about. */
static enum step
step_of(int error, bool *ready)
{
	if (error == EINTR)
		return STEP_ON;
	if (error == EAGAIN) {
		*ready = false;
		return STEP_BLOCKED;
	}
	return STEP_LOST;
}

static enum step
send_some(struct gw_conduit *r, const uint8_t *data, size_t n, size_t *sent)
{
	ssize_t k = send(r->to, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	*sent = k > 0 ? (size_t)k : 0;
	if (k < 0)
		return step_of(errno, &r->writable);
	if (*sent < n) {
		r->writable = false;
		return STEP_BLOCKED;
	}
	return STEP_ON;
}

static enum step
flush_rest(struct gw_conduit *r)
{
	size_t n, own;
	enum step s =
	    send_some(r, r->rest + r->rest_at, r->rest_end - r->rest_at, &n);

	own = n < r->put ? n : r->put;
	r->put -= own;
	r->moved += n - own;
	r->rest_at += n;
	if (r->rest_at == r->rest_end)
		drop_rest(r);
	return s;
}

static enum step
flush_pipe(struct gw_conduit *r)
{
	ssize_t k = splice(r->pipe[0], NULL, r->to, NULL, r->piped,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (k < 0)
		return step_of(errno, &r->writable);
	if (k == 0)
		return STEP_LOST; /* bytes were there, and nobody takes any */
	r->piped -= (size_t)k;
	r->moved += (uint64_t)k;
	return STEP_ON;
}

/* Get rid of what was read; STEP_ON: of all of it. */
static enum step
flush(struct gw_conduit *r)
{
	enum step s = STEP_ON;

	while (s == STEP_ON && (r->rest != NULL || r->piped > 0)) {
		if (!r->writable)
			return STEP_BLOCKED;
		s = r->rest != NULL ? flush_rest(r) : flush_pipe(r);
	}
	return s;
}

/* Less came than there was room for: that was all, unless an end follows that
 * no further edge will tell. */
static void
had_all(struct gw_conduit *r)
{
	if (!r->hung)
		r->readable = false;
}

static enum step
fill_pipe(struct gw_conduit *r, size_t *n)
{
	ssize_t k = splice(r->from, NULL, r->pipe[1], NULL, PIPE_SIZE,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	/* The pipe is empty, so that it is the socket that has nothing. */
	if (k < 0)
		return step_of(errno, &r->readable);
	if (k == 0)
		return STEP_END;
	r->piped = *n = (size_t)k;
	if (k < LITTLE)
		r->bulk = false;
	return STEP_ON;
}

static enum step
copy(struct gw_conduit *r, struct gw_conduit_pool *p, size_t *n)
{
	ssize_t k = recv(r->from, p->scratch, SCRATCH, MSG_DONTWAIT);
	size_t sent = 0;
	enum step s = STEP_BLOCKED;

	if (k < 0)
		return step_of(errno, &r->readable);
	if (k == 0)
		return STEP_END;
	*n = (size_t)k;
	if (*n == SCRATCH)
		r->bulk = true;
	else
		had_all(r);
	if (r->writable)
		s = send_some(r, p->scratch, *n, &sent);
	r->moved += sent;
	/* A `to` that is lost shows itself again in flush. */
	if (sent < *n && keep(r, p->scratch + sent, *n - sent) != GW_OK)
		return STEP_NO_MEMORY;
	return s == STEP_LOST ? STEP_ON : s;
}

static enum step
fill(struct gw_conduit *r, struct gw_conduit_pool *p, size_t *n)
{
	*n = 0;
	return r->piping && r->bulk && take_pipe(r, p) ? fill_pipe(r, n)
						       : copy(r, p, n);
}

static enum gw_conduit_result
end(struct gw_conduit *r)
{
	/* Where it fails, `to` is gone, and says so itself. */
	shutdown(r->to, SHUT_WR);
	r->over = true;
	return GW_CONDUIT_OVER;
}

static enum gw_conduit_result
move(struct gw_conduit *r, struct gw_conduit_pool *p, size_t budget)
{
	size_t n;
	enum step s;

	for (;;) {
		s = flush(r);
		if (s == STEP_LOST)
			return GW_CONDUIT_TO_LOST;
		if (s == STEP_BLOCKED)
			return GW_CONDUIT_WAITS;
		if (r->ended)
			return r->lost ? GW_CONDUIT_FROM_LOST : end(r);
		if (!r->readable)
			return GW_CONDUIT_WAITS;
		if (budget == 0)
			return GW_CONDUIT_MORE;
		s = fill(r, p, &n);
		budget -= n < budget ? n : budget;
		if (s == STEP_LOST)
			return GW_CONDUIT_FROM_LOST;
		if (s == STEP_NO_MEMORY)
			return GW_CONDUIT_NO_MEMORY;
		if (s == STEP_END)
			r->ended = true;
	}
}

enum gw_conduit_result
gw_conduit_move(struct gw_conduit *r, struct gw_conduit_pool *p, size_t budget)
{
	enum gw_conduit_result result;
	/* splice(2) to a socket that nobody reads knows no MSG_NOSIGNAL. */
	struct gw_sigpipe held;

	if (r->over)
		return GW_CONDUIT_OVER;
	r->piping = r->bulk || r->piped > 0;
	if (r->piping)
		gw_sigpipe_hold(&held);
	result = move(r, p, budget);
	if (r->piping)
		gw_sigpipe_release(&held, result == GW_CONDUIT_TO_LOST);
	if (r->piped == 0)
		give_pipe(r, p);
	return result;
}

void
gw_conduit_last(struct gw_conduit *r, struct gw_conduit_pool *p)
{
	r->readable = r->lost = true;
	while (gw_conduit_move(r, p, PIPE_SIZE) == GW_CONDUIT_MORE) {
	}
}
