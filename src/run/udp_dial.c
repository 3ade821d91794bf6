#include "run/udp_dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "run/lookup.h"
#include "run/udp_port.h"

enum {
	STAGGER = 250000,  /* us between addresses, RFC 8305 */
	GIVE_UP = 15000000 /* us for look-up and answer together */
};

struct attempt {
	struct gw_udp_dial *dial;
	struct gw_conn *conn; /* NULL: over */
	gw_usec since;
};

struct gw_udp_dial {
	struct gw_udp_dial_options o;
	struct gw_lookup *lookup;
	struct gw_udp_port *port;
	struct gw_resolved found;
	struct attempt attempts[GW_RESOLVE_MAX];
	size_t started, under_way;
	uv_timer_t timer;
	gw_usec give_up;
	bool over;
	/* of what went wrong last */
	struct gw_session_event wrong;
	char text[GW_REASON_MAX + 1];
};

static void on_timer(uv_timer_t *);

/* ---- the end ---- */

static void
over(struct gw_udp_dial *d)
{
	d->over = true;
	for (size_t i = 0; i < d->started; i++) {
		gw_conn_close(d->attempts[i].conn);
		d->attempts[i].conn = NULL;
	}
	uv_timer_stop(&d->timer);
}

static void
remember(struct gw_udp_dial *d, const struct gw_session_event *ev)
{
	d->wrong = *ev;
	snprintf(d->text, sizeof d->text, "%s", ev->closed.text);
	d->wrong.closed.text = d->text;
}

static void
wrong(struct gw_udp_dial *d, enum gw_err err, const char *text)
{
	remember(d, &(struct gw_session_event){ .kind = GW_SESSION_CLOSED,
			.closed = { .err = err, .text = text } });
}

static void
failed(struct gw_udp_dial *d)
{
	if (d->over)
		return;
	over(d);
	d->o.failed(d->o.arg, &d->wrong);
}

/* ---- attempts ---- */

/* Another address will not change it: the other side says no. */
static bool
is_final(const struct gw_session_event *ev)
{
	return ev->closed.err != GW_E_CONNECT && ev->closed.err != GW_E_STALLED;
}

static bool
on_ready(struct gw_conn *c, void *owner)
{
	struct attempt *a = owner;
	struct gw_udp_dial *d = a->dial;
	struct gw_session_event ev;

	if (gw_udp_session_reached(c->session)) {
		a->conn = NULL; /* the owner's */
		gw_conn_set_owner(c, NULL, NULL);
		over(d);
		d->o.reached(d->o.arg, c, gw_clock_now() - a->since);
		return false;
	}
	if (!gw_session_event(c->session, &ev))
		return false;
	remember(d, &ev);
	a->conn = NULL;
	gw_conn_close(c);
	d->under_way--;
	if (is_final(&ev) ||
	    (d->under_way == 0 && d->started == d->found.count))
		failed(d);
	return false;
}

static void
start_attempt(struct gw_udp_dial *d)
{
	struct attempt *a = &d->attempts[d->started];
	enum gw_err err;

	a->dial = d;
	a->since = gw_clock_now();
	err = gw_udp_port_connect(
	    d->port, &d->o.session, &d->found.v[d->started++], &a->conn);
	if (err != GW_OK) {
		wrong(d, err, gw_err_text(err));
		return;
	}
	d->under_way++;
	gw_conn_set_owner(a->conn, on_ready, a);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_udp_dial *d = t->data;
	const gw_usec now = gw_clock_now();

	if (now >= d->give_up) {
		wrong(d, GW_E_CONNECT,
		    "no answer: is it on, and is a firewall in the way?");
		failed(d);
		return;
	}
	if (d->started < d->found.count)
		start_attempt(d);
	if (d->under_way == 0 && d->started == d->found.count) {
		failed(d);
		return;
	}
	gw_loop_arm(&d->timer,
	    d->started < d->found.count ? now + STAGGER : d->give_up, on_timer);
}

static void
on_found(void *arg, const struct gw_helper_answer *answer)
{
	struct gw_udp_dial *d = arg;

	d->lookup = NULL;
	if (answer->err != GW_OK) {
		/* GW_E_ADDRESS would speak of listening. */
		wrong(d,
		    answer->err == GW_E_ADDRESS ? GW_E_RESOLVE : answer->err,
		    answer->why.text);
		failed(d);
		return;
	}
	d->found = answer->found;
	gw_loop_arm(&d->timer, 0, on_timer);
}

/* ---- life ---- */

static enum gw_err
open_port(struct gw_udp_dial *d)
{
	struct gw_why why = { "" };
	struct gw_udp_port_options po = {
		.loop = d->o.loop,
		.endpoint = { .session = d->o.session, .udp = d->o.udp },
		.shown_in = d->o.shown_in,
	};

	po.endpoint.session.door = NULL;
	po.endpoint.udp.hold = true;
	return gw_udp_port_open(&po, &why, &d->port);
}

enum gw_err
gw_udp_dial_start(const struct gw_udp_dial_options *o, struct gw_udp_dial **out)
{
	struct gw_udp_dial *d = calloc(1, sizeof *d);
	struct gw_lookup_options lo = {
		.loop = o->loop,
		.helper_fd = o->helper_fd,
		.host = o->host,
		.port = o->port,
		.done = on_found,
		.arg = d,
	};
	enum gw_err err;

	if (d == NULL)
		return GW_E_MEMORY;
	d->o = *o;
	d->give_up = lo.give_up = gw_clock_now() + GIVE_UP;
	if ((err = open_port(d)) != GW_OK) {
		free(d);
		return err;
	}
	if ((err = gw_lookup_start(&lo, &d->lookup)) != GW_OK) {
		gw_udp_port_close(d->port);
		free(d);
		return err;
	}
	uv_timer_init(&o->loop->uv, &d->timer);
	d->timer.data = d;
	*out = d;
	return GW_OK;
}

bool
gw_udp_dial_is_answered(const struct gw_udp_dial *d)
{
	for (size_t i = 0; i < d->started; i++)
		if (d->attempts[i].conn != NULL &&
		    gw_udp_session_doubts(d->attempts[i].conn->session))
			return true;
	return false;
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
gw_udp_dial_free(struct gw_udp_dial *d)
{
	if (d == NULL)
		return;
	over(d);
	gw_lookup_cancel(d->lookup);
	gw_udp_port_close(d->port);
	uv_close((uv_handle_t *)&d->timer, on_closed);
}
