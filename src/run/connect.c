#include "run/connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/helper.h"
#include "os/tcp.h"

enum {
	STAGGER = 250000,  /* us between attempts, RFC 8305 */
	ASK_AGAIN = 20000, /* us, while another one has the helper */
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
	char host[GW_HELPER_HOST_MAX + 1];

	struct gw_resolved found;
	struct gw_why why; /* of the last thing that went wrong */
	enum gw_err err;

	struct gw_work work; /* looks up when there is no helper; writes only */
	struct gw_helper_answer looked; /* to this */
	bool looking;
	uv_poll_t helper;
	bool helper_open, helper_taken;

	struct attempt attempts[GW_RESOLVE_MAX];
	size_t started, under_way;
	uv_timer_t timer;
	gw_usec give_up;
	unsigned handles;
	bool over;
};

static void on_timer(uv_timer_t *);
static void look_up(struct gw_connect *);

/* ---- the end ---- */

static void
on_closed(uv_handle_t *h)
{
	struct gw_connect *c = h->data;

	if (--c->handles == 0 && !c->looking)
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
	if (c->helper_open) {
		c->helper_open = false;
		uv_close((uv_handle_t *)&c->helper, on_closed);
	}
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

static bool
is_looking_up(const struct gw_connect *c)
{
	return c->looking || c->helper_open || c->helper_taken;
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

	if (c->found.count == 0 && !is_looking_up(c)) {
		failed(c); /* there is no address to try */
		return;
	}
	if (now >= c->give_up) {
		give_up(c);
		return;
	}
	if (c->helper_taken) {
		look_up(c);
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
found(struct gw_connect *c, const struct gw_helper_answer *answer)
{
	if (c->over)
		return;
	c->err = answer->err;
	c->why = answer->why;
	if (c->err == GW_OK)
		c->found = answer->found;
	gw_loop_arm(&c->timer, 0, on_timer);
}

static struct gw_connect *
connect_of(struct gw_work *w)
{
	return (struct gw_connect *)(void *)((char *)w -
					     offsetof(struct gw_connect, work));
}

static void
lookup_run(struct gw_work *w)
{
	struct gw_connect *c = connect_of(w);

	c->looked.err =
	    gw_resolve(c->host, c->o.port, &c->looked.why, &c->looked.found);
}

static void
lookup_done(struct gw_work *w)
{
	struct gw_connect *c = connect_of(w);

	c->looking = false;
	if (c->handles == 0)
		free(c); /* cancelled meanwhile */
	else
		found(c, &c->looked);
}

static void
on_answer(uv_poll_t *p, int status, int events)
{
	struct gw_connect *c = p->data;
	struct gw_helper_answer answer;
	enum gw_err err;

	(void)status;
	(void)events;
	do {
		err = gw_helper_take(c->o.helper_fd, &answer);
		if (err == GW_E_AGAIN)
			return;
	} while (err == GW_OK && answer.id != (uint32_t)(uintptr_t)c);
	if (err != GW_OK)
		answer.err = gw_why(&answer.why, GW_E_RESOLVE,
		    "the process that looks names up is gone");
	c->helper_open = false;
	uv_close((uv_handle_t *)&c->helper, on_closed);
	found(c, &answer);
}

/* GW_E_AGAIN: another one of this context waits for its answer. */
static enum gw_err
ask_helper(struct gw_connect *c)
{
	int result = uv_poll_init(&c->o.loop->uv, &c->helper, c->o.helper_fd);
	enum gw_err err;

	if (result != 0)
		return result == UV_EEXIST ? GW_E_AGAIN : GW_E_FAILED;
	c->helper.data = c;
	c->handles++;
	err = gw_helper_ask(
	    c->o.helper_fd, (uint32_t)(uintptr_t)c, c->host, c->o.port);
	if (err != GW_OK) {
		uv_close((uv_handle_t *)&c->helper, on_closed);
		return err;
	}
	c->helper_open = true;
	uv_poll_start(&c->helper, UV_READABLE, on_answer);
	return GW_OK;
}

/* A numeric address needs nobody's help. */
static void
look_up(struct gw_connect *c)
{
	gw_loop_arm(&c->timer, c->give_up, on_timer);
	c->err = gw_addr_parse(&c->found.v[0], c->host, c->o.port, &c->why);
	if (c->err == GW_OK)
		c->found.count = 1;
	else if (c->err == GW_E_RESOLVE && c->o.helper_fd != -1) {
		c->err = ask_helper(c);
		c->helper_taken = c->err == GW_E_AGAIN;
		if (c->helper_taken)
			gw_loop_arm(
			    &c->timer, gw_clock_now() + ASK_AGAIN, on_timer);
		if (c->helper_taken || c->err == GW_OK)
			return;
		snprintf(c->why.text, sizeof c->why.text,
		    "its name cannot be looked up");
	} else if (c->err == GW_E_RESOLVE) {
		c->looking = true;
		gw_work_start(c->o.loop, &c->work, lookup_run, lookup_done);
		return;
	}
	gw_loop_arm(&c->timer, 0, on_timer);
}

enum gw_err
gw_connect_start(const struct gw_connect_options *o, struct gw_connect **out)
{
	struct gw_connect *c;

	if (strlen(o->host) > GW_HELPER_HOST_MAX)
		return GW_E_RESOLVE;
	if ((c = calloc(1, sizeof *c)) == NULL)
		return GW_E_MEMORY;
	c->o = *o;
	memcpy(c->host, o->host, strlen(o->host) + 1);
	c->give_up = gw_clock_now() + GIVE_UP;
	uv_timer_init(&o->loop->uv, &c->timer);
	c->timer.data = c;
	c->handles = 1;
	*out = c;
	look_up(c);
	return GW_OK;
}

void
gw_connect_cancel(struct gw_connect *c)
{
	if (c != NULL)
		close_all(c);
}
