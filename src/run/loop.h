/*
 * loop - one libuv loop behind one file descriptor.
 *
 * libuv's own descriptor does not become readable for timers; an outer epoll
 * joins it with a timerfd that follows the loop's next deadline, so that one
 * descriptor alone suffices for a program with its own event loop.
 */
#ifndef GW_RUN_LOOP_H
#define GW_RUN_LOOP_H

#include <uv.h>

#include "base/err.h"
#include "base/time.h"

struct gw_loop {
	uv_loop_t uv;
	int fd; /* the outer epoll: what the program polls */
	int timer_fd;
	int poke_fd; /* an eventfd: readable once it was poked */
	bool poked;
	gw_usec fires;  /* when timer_fd does, at the latest */
	unsigned works; /* jobs on worker threads */
	bool ending;    /* nothing is left but what wants to end well */
};

GW_MUST_USE enum gw_err gw_loop_init(struct gw_loop *);
/* Every handle must be closing; runs the loop until none is left. */
void gw_loop_fini(struct gw_loop *);

/* Something was begun outside a dispatch: make the descriptor readable, so
 * that one comes and libuv takes notice. */
void gw_loop_poke(struct gw_loop *);
/* Run what is ready; never blocks. */
void gw_loop_dispatch(struct gw_loop *);
/* Block up to timeout_ms (-1: for ever), then dispatch.  GW_E_AGAIN: the
 * time passed. */
enum gw_err gw_loop_wait(struct gw_loop *, int timeout_ms);

/* A timer handle for an absolute time; GW_NEVER stops it. */
void gw_loop_arm(uv_timer_t *, gw_usec at, uv_timer_cb);

/*
 * Coarse work on a worker thread: `run` there, then `done` on the loop.
 * Embed it in the job's own struct.
 */
struct gw_work {
	uv_work_t req;
	struct gw_loop *loop;
	void (*run)(struct gw_work *);
	void (*done)(struct gw_work *);
};
void gw_work_start(struct gw_loop *, struct gw_work *,
    void (*run)(struct gw_work *), void (*done)(struct gw_work *));

#endif /* GW_RUN_LOOP_H */
