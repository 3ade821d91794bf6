#include "run/connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/tcp.h"
#include "run/lookup.h"

enum {
	STAGGER = 250000,  /* us between attempts, RFC 8305 */
	GIVE_UP = 15000000 /* us for look-up and connection together */
};

/* A connection attempt to one address. */
struct attempt {
	struct gw_connect *connect;
	struct gw_addr addr;
	uv_poll_t poll;
	int fd;
	bool open;
};

struct gw_connect {
	struct gw_connect_options o;

	struct gw_resolved found;
	struct gw_why why; /* of the last thing that went wrong */
	enum gw_err err;

	struct gw_lookup *lookup; /* NULL: it has answered */

	struct attempt attempts[GW_RESOLVE_MAX];
	size_t started, under_way;
	uv_timer_t timer;
	gw_usec give_up;
	unsigned handles;
	bool over;
};

static void on_timer(uv_timer_t *);

/* ---- the end ---- */

static void
on_closed(uv_handle_t *h)
{
	struct gw_connect *c = h->data;

	if (--c->handles == 0)
		free(c);
}

static void
on_attempt_closed(uv_handle_t *h)
{
	struct attempt *a = h->data;

	close(a->fd);
	h->data = a->connect;
	on_closed(h);
}

static void
close_attempt(struct attempt *a)
{
	if (!a->open)
		return;
	a->open = false;
	a->connect->under_way--;
	uv_close((uv_handle_t *)&a->poll, on_attempt_closed);
}

static void
close_all(struct gw_connect *c)
{
	c->over = true;
	for (size_t i = 0; i < c->started; i++)
		close_attempt(&c->attempts[i]);
	gw_lookup_cancel(c->lookup);
	c->lookup = NULL;
	uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void
failed(struct gw_connect *c)
{
	if (c->over)
		return;
	close_all(c);
	c->o.owner.failed(c->o.owner.arg, c->err, c->why.text);
}

/* The owner gets the socket under another number: the attempt's handle closes
 * its own. */
static void
connected(struct gw_connect *c, struct attempt *a)
{
	struct gw_addr addr = a->addr;
	int fd = dup(a->fd);

	if (fd == -1) {
		c->err = gw_why(&c->why, GW_E_LIMIT, "out of descriptors");
		failed(c);
		return;
	}
	close_all(c);
	c->o.owner.connected(c->o.owner.arg, fd, &addr);
}

/* ---- connecting ---- */

static void
on_writable(uv_poll_t *p, int status, int events)
{
	struct attempt *a = p->data;
	struct gw_connect *c = a->connect;
	enum gw_err err;

	(void)status; /* gw_tcp_connected tells what it is */
	(void)events;
	err = gw_tcp_connected(a->fd, &a->addr, &c->why);
	if (err == GW_E_AGAIN)
		return;
	if (err == GW_OK) {
		connected(c, a);
		return;
	}
	c->err = err;
	close_attempt(a);
	gw_loop_arm(&c->timer, 0, on_timer); /* the next one at once */
}

static bool
start_attempt(struct gw_connect *c)
{
	struct attempt *a = &c->attempts[c->started];

	a->connect = c;
	a->addr = c->found.v[c->started++];
	c->err = gw_tcp_connect(&a->addr, &c->why, &a->fd);
	if (c->err != GW_OK)
		return false;
	if (uv_poll_init(&c->o.loop->uv, &a->poll, a->fd) != 0) {
		close(a->fd);
		c->err = GW_E_FAILED;
		return false;
	}
	a->poll.data = a;
	a->open = true;
	c->handles++;
	c->under_way++;
	uv_poll_start(&a->poll, UV_WRITABLE, on_writable);
	return true;
}

static void
give_up(struct gw_connect *c)
{
	if (c->found.count == 0)
		c->err = gw_why(&c->why, GW_E_CONNECT,
		    "looking its address up takes too long");
	else if (c->under_way > 0)
		c->err = gw_why(&c->why, GW_E_CONNECT,
		    "no answer: is it on, and is a firewall in the way?");
	failed(c);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_connect *c = t->data;
	gw_usec now = gw_clock_now();

	if (c->found.count == 0 && c->lookup == NULL) {
		failed(c); /* there is no address to try */
		return;
	}
	if (now >= c->give_up) {
		give_up(c);
		return;
	}
	while (c->started < c->found.count && !start_attempt(c))
		;
	if (c->under_way == 0 && c->started == c->found.count &&
	    c->found.count > 0) {
		failed(c);
		return;
	}
	gw_loop_arm(&c->timer,
	    c->started < c->found.count ? now + STAGGER : c->give_up, on_timer);
}

/* ---- looking the name up ---- */

static void
on_found(void *arg, const struct gw_helper_answer *answer)
{
	struct gw_connect *c = arg;

	c->lookup = NULL;
	c->err = answer->err;
	c->why = answer->why;
	if (c->err == GW_E_ADDRESS)
		c->err = GW_E_RESOLVE; /* that says nothing of listening */
	if (c->err == GW_OK)
		c->found = answer->found;
	gw_loop_arm(&c->timer, 0, on_timer);
}

enum gw_err
gw_connect_start(const struct gw_connect_options *o, struct gw_connect **out)
{
	struct gw_connect *c;
	struct gw_lookup_options lo = {
		.loop = o->loop,
		.helper_fd = o->helper_fd,
		.host = o->host,
		.port = o->port,
		.give_up = GW_NEVER, /* on_timer does */
		.done = on_found,
	};
	enum gw_err err;

	if ((c = calloc(1, sizeof *c)) == NULL)
		return GW_E_MEMORY;
	lo.arg = c;
	if ((err = gw_lookup_start(&lo, &c->lookup)) != GW_OK) {
		free(c);
		return err;
	}
	c->o = *o;
	uv_timer_init(&o->loop->uv, &c->timer);
	c->timer.data = c;
	c->handles = 1;
	c->give_up = gw_clock_now() + GIVE_UP;
	gw_loop_arm(&c->timer, c->give_up, on_timer);
	*out = c;
	return GW_OK;
}

void
gw_connect_cancel(struct gw_connect *c)
{
	if (c != NULL)
		close_all(c);
}
