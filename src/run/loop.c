#include "run/loop.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"

static enum gw_err
watch(int epoll, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev) == 0 ? GW_OK
							     : GW_E_FAILED;
}

enum gw_err
gw_loop_init(struct gw_loop *l)
{
	l->works = 0;
	l->ending = l->poked = false;
	l->fires = 0;
	if (uv_loop_init(&l->uv) != 0)
		return GW_E_MEMORY;
	if ((l->fd = epoll_create1(EPOLL_CLOEXEC)) == -1)
		goto err1;
	l->timer_fd =
	    timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (l->timer_fd == -1)
		goto err2;
	l->poke_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->poke_fd == -1)
		goto err3;
	if (watch(l->fd, uv_backend_fd(&l->uv)) != GW_OK ||
	    watch(l->fd, l->timer_fd) != GW_OK ||
	    watch(l->fd, l->poke_fd) != GW_OK)
		goto err4;
	gw_loop_poke(l); /* libuv has not begun to watch anything yet */
	return GW_OK;

err4:
	close(l->poke_fd);
err3:
	close(l->timer_fd);
err2:
	close(l->fd);
err1:
	uv_loop_close(&l->uv);
	return GW_E_FAILED;
}

void
gw_loop_fini(struct gw_loop *l)
{
	l->ending = true;
	uv_run(&l->uv, UV_RUN_DEFAULT);
	GW_ASSERT(l->works == 0);
	GW_ASSERT(uv_loop_close(&l->uv) == 0);
	close(l->poke_fd);
	close(l->timer_fd);
	close(l->fd);
}

/*
 * Let the timerfd fire when the loop next wants to run by itself.  Where it
 * fires before that anyway it is left as it is: deadlines mostly move away,
 * and a dispatch that finds nothing to do costs less than setting it each
 * time.
 */
static void
follow_deadline(struct gw_loop *l)
{
	struct itimerspec when = { 0 };
	/* A loop without work gives 0, as if it were busy. */
	int ms = uv_loop_alive(&l->uv) ? uv_backend_timeout(&l->uv) : -1;
	gw_usec now = gw_clock_now();
	gw_usec at = ms < 0 ? GW_NEVER : now + (gw_usec)ms * GW_MSEC;

	if (ms == 0) {
		gw_loop_poke(l);
		return;
	}
	if (l->fires > now && l->fires <= at)
		return;
	l->fires = at;
	if (ms > 0) {
		when.it_value.tv_sec = ms / 1000;
		when.it_value.tv_nsec = (long)(ms % 1000) * 1000000L;
	}
	timerfd_settime(l->timer_fd, 0, &when, NULL);
}

void
gw_loop_poke(struct gw_loop *l)
{
	const uint64_t one = 1;

	/* Not by the timer: to program one that is due costs the kernel far
	 * more than this. */
	if (!l->poked)
		(void)!write(l->poke_fd, &one, sizeof one);
	l->poked = true;
}

void
gw_loop_dispatch(struct gw_loop *l)
{
	uint64_t n;

	if (l->poked)
		(void)!read(l->poke_fd, &n, sizeof n);
	l->poked = false;
	uv_run(&l->uv, UV_RUN_NOWAIT);
	follow_deadline(l);
}

enum gw_err
gw_loop_wait(struct gw_loop *l, int timeout_ms)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };
	int n;

	n = poll(&p, 1, timeout_ms);
	if (n == 0 || (n == -1 && errno == EINTR))
		return GW_E_AGAIN;
	gw_loop_dispatch(l);
	return GW_OK;
}

void
gw_loop_arm(uv_timer_t *t, gw_usec at, uv_timer_cb cb)
{
	gw_usec now = gw_clock_now();
	uint64_t ms;

	if (at == GW_NEVER) {
		uv_timer_stop(t);
		return;
	}
	/* Round up: a tick that comes early finds nothing to do. */
	ms = at <= now ? 0 : (at - now + GW_MSEC - 1) / GW_MSEC;
	uv_update_time(t->loop);
	uv_timer_start(t, cb, ms, 0);
}

static void
work_run(uv_work_t *req)
{
	struct gw_work *w = req->data;

	w->run(w);
}

static void
work_done(uv_work_t *req, int status)
{
	struct gw_work *w = req->data;

	GW_ASSERT(status == 0); /* we never cancel */
	w->loop->works--;
	w->done(w);
}

void
gw_work_start(struct gw_loop *l, struct gw_work *w,
    void (*run)(struct gw_work *), void (*done)(struct gw_work *))
{
	w->req.data = w;
	w->loop = l;
	w->run = run;
	w->done = done;
	l->works++;
	GW_ASSERT(uv_queue_work(&l->uv, &w->req, work_run, work_done) == 0);
}
