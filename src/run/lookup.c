#include "run/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "os/clock.h"

enum { ASK_AGAIN = 20000 /* us, while another lookup has the helper */ };

struct gw_lookup {
	struct gw_lookup_options o;
	char host[GW_HELPER_HOST_MAX + 1];
	struct gw_helper_answer answer;
	bool answered, over;

	struct gw_work work; /* writes only to `worked` */
	struct gw_helper_answer worked;
	bool working;

	uv_poll_t helper;
	bool helper_open;
	uint32_t id; /* of the question to it */
	uv_timer_t timer;
	unsigned handles;
};

static void on_timer(uv_timer_t *);

/* ---- the end ---- */

static void
on_closed(uv_handle_t *h)
{
	struct gw_lookup *l = h->data;

	if (--l->handles == 0 && !l->working)
		free(l);
}

static void
close_helper(struct gw_lookup *l)
{
	if (l->helper_open)
		uv_close((uv_handle_t *)&l->helper, on_closed);
	l->helper_open = false;
}

static void
close_all(struct gw_lookup *l)
{
	l->over = true;
	close_helper(l);
	uv_close((uv_handle_t *)&l->timer, on_closed);
}

/* The owner hears of it from the timer, whoever it comes from. */
static void
answer(struct gw_lookup *l, const struct gw_helper_answer *a)
{
	if (l->over || l->answered)
		return;
	l->answer = *a;
	l->answered = true;
	gw_loop_arm(&l->timer, 0, on_timer);
}

static void
fail(struct gw_lookup *l, const char *reason)
{
	struct gw_helper_answer a = { .id = 0 };

	a.err = gw_why(&a.why, GW_E_RESOLVE, "%s", reason);
	answer(l, &a);
}

/* ---- on a worker thread ---- */

static struct gw_lookup *
lookup_of(struct gw_work *w)
{
	return (struct gw_lookup *)(void *)((char *)w -
					    offsetof(struct gw_lookup, work));
}

static void
work_run(struct gw_work *w)
{
	struct gw_lookup *l = lookup_of(w);

	l->worked.err =
	    gw_resolve(l->host, l->o.port, &l->worked.why, &l->worked.found);
}

static void
work_done(struct gw_work *w)
{
	struct gw_lookup *l = lookup_of(w);

	l->working = false;
	if (l->handles == 0)
		free(l); /* cancelled meanwhile */
	else
		answer(l, &l->worked);
}

/* ---- by the helper ---- */

static void
on_answer(uv_poll_t *p, int status, int events)
{
	struct gw_lookup *l = p->data;
	struct gw_helper_answer a;
	enum gw_err err;

	(void)status;
	(void)events;
	do {
		err = gw_helper_take(l->o.helper_fd, &a);
		if (err == GW_E_AGAIN)
			return;
	} while (err == GW_OK && a.id != l->id);
	close_helper(l);
	if (err == GW_OK)
		answer(l, &a);
	else
		fail(l, "the process that looks names up is gone");
}

/* GW_E_AGAIN: another lookup of this context waits for its answer. */
static enum gw_err
ask_helper(struct gw_lookup *l)
{
	int result = uv_poll_init(&l->o.loop->uv, &l->helper, l->o.helper_fd);
	enum gw_err err;

	if (result != 0)
		return result == UV_EEXIST ? GW_E_AGAIN : GW_E_FAILED;
	l->helper.data = l;
	l->handles++;
	l->helper_open = true;
	/* The answer to a cancelled one, which may have had this address in
	 * memory, can still come. */
	l->id = (uint32_t)(uintptr_t)l ^ (uint32_t)gw_clock_now();
	err = gw_helper_ask(l->o.helper_fd, l->id, l->host, l->o.port);
	if (err == GW_OK)
		uv_poll_start(&l->helper, UV_READABLE, on_answer);
	else
		close_helper(l);
	return err;
}

/* ---- the beginning ---- */

static void
look_up(struct gw_lookup *l)
{
	enum gw_err err;

	if (l->o.helper_fd == -1) {
		l->working = true;
		gw_work_start(l->o.loop, &l->work, work_run, work_done);
		gw_loop_arm(&l->timer, l->o.give_up, on_timer);
		return;
	}
	err = ask_helper(l);
	if (err == GW_E_AGAIN)
		gw_loop_arm(&l->timer,
		    gw_usec_min(gw_clock_now() + ASK_AGAIN, l->o.give_up),
		    on_timer);
	else if (err == GW_OK)
		gw_loop_arm(&l->timer, l->o.give_up, on_timer);
	else
		fail(l, "its name cannot be looked up");
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_lookup *l = t->data;

	if (l->answered) {
		close_all(l);
		l->o.done(l->o.arg, &l->answer);
	} else if (gw_clock_now() >= l->o.give_up) {
		fail(l, "looking its address up takes too long");
	} else {
		look_up(l);
	}
}

enum gw_err
gw_lookup_start(const struct gw_lookup_options *o, struct gw_lookup **out)
{
	struct gw_helper_answer a = { .id = 0 };
	struct gw_lookup *l;

	if (strlen(o->host) > GW_HELPER_HOST_MAX)
		return GW_E_RESOLVE;
	if ((l = calloc(1, sizeof *l)) == NULL)
		return GW_E_MEMORY;
	l->o = *o;
	memcpy(l->host, o->host, strlen(o->host) + 1);
	uv_timer_init(&o->loop->uv, &l->timer);
	l->timer.data = l;
	l->handles = 1;
	*out = l;
	/* A numeric address needs nobody's help. */
	a.err = gw_addr_parse(&a.found.v[0], l->host, o->port, &a.why);
	a.found.count = a.err == GW_OK;
	if (a.err == GW_E_RESOLVE)
		look_up(l);
	else
		answer(l, &a);
	return GW_OK;
}

void
gw_lookup_cancel(struct gw_lookup *l)
{
	if (l != NULL)
		close_all(l);
}
