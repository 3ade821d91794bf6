#include "run/poller.h"

#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/clock.h"

enum { TURN = 1000 /* us */ };

static void on_idle(uv_idle_t *);

/* ---- those with more to do ---- */

void
gw_poller_again(struct gw_poller *p, struct gw_poll_item *i)
{
	if (i->queued)
		return;
	i->queued = true;
	i->next = NULL;
	i->prev = p->last;
	*(p->last != NULL ? &p->last->next : &p->first) = i;
	p->last = i;
	/* It may not be a turn that it comes from. */
	uv_idle_start(&p->idle, on_idle);
}

static void
unqueue(struct gw_poller *p, struct gw_poll_item *i)
{
	if (!i->queued)
		return;
	i->queued = false;
	if (p->end == i)
		p->end = i->prev;
	*(i->prev != NULL ? &i->prev->next : &p->first) = i->next;
	*(i->next != NULL ? &i->next->prev : &p->last) = i->prev;
}

/* ---- turns ---- */

/* Those that are queued now; what they queue comes next time. */
static void
go_on(struct gw_poller *p)
{
	p->end = p->last;
	while (p->end != NULL) {
		struct gw_poll_item *i = p->first;

		unqueue(p, i);
		i->on(i, 0);
	}
}

static void
tell_edges(struct gw_poller *p)
{
	for (p->at = 0; p->at < p->count; p->at++) {
		struct gw_poll_item *i = p->batch[p->at].data.ptr;

		if (i != NULL)
			i->on(i, p->batch[p->at].events);
	}
	p->count = 0;
}

static void
turn(struct gw_poller *p)
{
	gw_usec end = gw_clock_now() + TURN;

	do {
		p->count = epoll_wait(p->fd, p->batch, GW_POLLER_BATCH, 0);
		if (p->count <= 0 && p->first == NULL)
			break;
		tell_edges(p);
		go_on(p);
	} while (gw_clock_now() < end);
	p->count = 0;
	if (p->turned != NULL)
		p->turned(p->arg);
}

/* The loop comes back at once while somebody has more to do. */
static void
follow(struct gw_poller *p)
{
	if (p->first != NULL)
		uv_idle_start(&p->idle, on_idle);
	else
		uv_idle_stop(&p->idle);
}

static void
on_idle(uv_idle_t *h)
{
	struct gw_poller *p = h->data;

	turn(p);
	follow(p);
}

static void
on_poll(uv_poll_t *h, int status, int events)
{
	struct gw_poller *p = h->data;

	(void)status;
	(void)events;
	turn(p);
	follow(p);
}

/* ---- life ---- */

enum gw_err
gw_poller_init(struct gw_poller *p, struct gw_loop *loop)
{
	memset(p, 0, sizeof *p);
	p->loop = loop;
	if ((p->fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
		return GW_E_LIMIT;
	if (uv_poll_init(&loop->uv, &p->poll, p->fd) != 0) {
		close(p->fd);
		return GW_E_LIMIT;
	}
	uv_idle_init(&loop->uv, &p->idle);
	p->poll.data = p->idle.data = p;
	p->handles = 2;
	uv_poll_start(&p->poll, UV_READABLE, on_poll);
	return GW_OK;
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_poller *p = h->data;

	if (--p->handles > 0)
		return;
	close(p->fd);
	if (p->closed != NULL)
		p->closed(p->arg);
}

void
gw_poller_close(struct gw_poller *p)
{
	GW_ASSERT(p->first == NULL);
	uv_close((uv_handle_t *)&p->poll, on_closed);
	uv_close((uv_handle_t *)&p->idle, on_closed);
}

enum gw_err
gw_poller_add(struct gw_poller *p, struct gw_poll_item *i)
{
	struct epoll_event ev = { .events =
				      EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.ptr = i };

	i->queued = false;
	return epoll_ctl(p->fd, EPOLL_CTL_ADD, i->fd, &ev) == 0 ? GW_OK
								: GW_E_LIMIT;
}

void
gw_poller_remove(struct gw_poller *p, struct gw_poll_item *i)
{
	/* Closing would do, but for a duplicate that a child may have. */
	epoll_ctl(p->fd, EPOLL_CTL_DEL, i->fd, NULL);
	unqueue(p, i);
	for (int k = p->at + 1; k < p->count; k++)
		if (p->batch[k].data.ptr == i)
			p->batch[k].data.ptr = NULL;
}
