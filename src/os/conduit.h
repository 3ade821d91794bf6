/*
 * conduit - bytes from one TCP socket to another, one direction of a forwarded
 * connection: spliced through a pipe where much moves, copied where little
 * does.
 *
 * Sockets are watched edge-triggered: `readable` and `writable` say what an
 * edge has told, and stay true until a call finds otherwise.  A pipe belongs
 * to a direction only while bytes are in it.  What the receiving side does not
 * take stays here and in the kernel's buffers: nothing is read beyond it.
 */
#ifndef GW_OS_CONDUIT_H
#define GW_OS_CONDUIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Pipes used again, and a buffer for what is copied; of one thread. */
struct gw_conduit_pool {
	int (*pipes)[2]; /* that nobody uses */
	size_t idle, made, most;
	uint8_t *scratch;
};

/* At most so many pipes at a time; 0: everything is copied. */
GW_MUST_USE enum gw_err gw_conduit_pool_init(
    struct gw_conduit_pool *, size_t most);
/* No direction has one any more. */
void gw_conduit_pool_fini(struct gw_conduit_pool *);

struct gw_conduit {
	int from, to;
	bool readable, writable;
	bool hung;   /* an edge has said that `from` has ended: read on until
			that is seen */
	bool bulk;   /* much comes at once */
	bool piping; /* this call may use a pipe */
	bool ended;  /* `from` has ended */
	bool lost;   /* or was lost: of that no end is told */
	bool over;   /* and `to` was told so, after all bytes */
	int pipe[2]; /* or -1 */
	size_t piped;
	uint8_t *rest; /* copied, and not taken yet */
	size_t rest_at, rest_end;
	uint64_t moved; /* bytes that `to` has taken, without those put */
	size_t put;     /* of gw_conduit_put, still in rest */
};

enum gw_conduit_result {
	GW_CONDUIT_WAITS,     /* for an edge */
	GW_CONDUIT_MORE,      /* there is more to do: the budget was used up */
	GW_CONDUIT_OVER,      /* all has been moved, and the end told */
	GW_CONDUIT_FROM_LOST, /* `from` was reset, or failed */
	GW_CONDUIT_TO_LOST,
	GW_CONDUIT_NO_MEMORY
};

void gw_conduit_init(struct gw_conduit *, int from, int to);
/* Pipe and rest go; the sockets are the caller's. */
void gw_conduit_fini(struct gw_conduit *, struct gw_conduit_pool *);
/* Bytes that `to` shall get before all others.  GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_conduit_put(
    struct gw_conduit *, const void *, size_t n);
/* Move about so many bytes at most. */
enum gw_conduit_result gw_conduit_move(
    struct gw_conduit *, struct gw_conduit_pool *, size_t budget);
/* `from` is lost: what came from it before, as far as `to` takes it now. */
void gw_conduit_last(struct gw_conduit *, struct gw_conduit_pool *);

#endif /* GW_OS_CONDUIT_H */
