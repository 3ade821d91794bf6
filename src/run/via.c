#include "run/via.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"
#include "os/clock.h"
#include "run/connection.h"

enum {
	AGAIN_FIRST = 200,  /* ms until a lost session is dialled again */
	AGAIN_LAST = 10000, /* ms at most */
	LOOK_FOR = 10000000 /* us, by beacons */
};

struct gw_via {
	struct gw *g;
	struct gw_forward *set;
	struct gw_tunnel *tunnel;
	struct gw_dial *dial;   /* under way, or NULL, ... */
	struct gw_quest *quest; /* ... or this, where nobody says where */
	struct gw_known_device device;
	struct gw_connection_terms terms;
	char *host; /* NULL: wherever it is */
	uint16_t port;
	bool reverse;
	uint8_t id[GW_TUNNEL_ID];
	bool ever;   /* it has been connected */
	bool astray; /* none has answered as `godwit serve` since one did not */
	uint32_t again_ms;
	char carrier[8];
	char told[GW_FORWARD_EVENT_TEXT]; /* the last failure */
	uv_timer_t timer;
};

/* ---- telling ---- */

static void
tell(struct gw_via *v, enum gw_forward_event_kind kind, enum gw_err err,
    const char *text)
{
	gw_forward_events_push(
	    &v->set->events, &(struct gw_forward_event){
				 .kind = kind, .err = err, .text = text });
}

/* Once, though it is tried again and again. */
static void
tell_failure(struct gw_via *v, enum gw_err err, const char *text)
{
	const bool hopeless = err == GW_E_AUTH && !v->ever;

	if (strcmp(text, v->told) == 0)
		return;
	snprintf(v->told, sizeof v->told, "%s", text);
	tell(v, hopeless ? GW_FORWARD_USELESS : GW_FORWARD_WARNING, err, text);
}

/* ---- what the other side says ---- */

static void
ask_for(struct gw_via *v, const struct gw_via_rule *r)
{
	gw_tunnel_say(v->tunnel, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_OPEN,
		.rule = r->number,
		.reverse = v->reverse,
		.text = gw_slice_str(r->base.text) });
}

static void
say_closed(struct gw_tunnel *t, uint16_t number)
{
	gw_tunnel_say(t, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_CLOSE, .rule = number });
}

/* The other side may have kept rules that went while it could not hear of
 * that: they go before others need their room or their ports. */
static void
say_what_has_gone(struct gw_tunnel *t)
{
	for (uint32_t n = 1; n <= t->numbers; n++)
		if (gw_tunnel_rule(t, (uint16_t)n) == NULL)
			say_closed(t, (uint16_t)n);
}

/* The shorter time holds on both sides (F26). */
static void
agree(struct gw_via_rule *r, const struct gw_tunnel_message *m)
{
	r->idle = gw_usec_min(r->idle, m->idle_ms * GW_MSEC);
	r->unreplied = gw_usec_min(r->unreplied, m->unreplied_ms * GW_MSEC);
	if (!r->listens)
		r->base.port = m->port;
	r->accepted = true;
	r->base.last_error[0] = '\0';
	if (r->agreed != NULL)
		r->agreed(r);
}

static void
refused(struct gw_via *v, struct gw_via_rule *r, struct gw_slice text)
{
	char why[GW_REASON_MAX];

	snprintf(why, sizeof why, "%s does not forward that: %.*s",
	    v->device.name, text.n < 160 ? (int)text.n : 160,
	    (const char *)text.p);
	r->accepted = false;
	gw_forwarder_warn(&r->base, "%s", why);
	for (r = v->tunnel->rules; r != NULL; r = r->next)
		if (r->accepted || r->base.last_error[0] == '\0')
			return;
	tell(v, GW_FORWARD_USELESS, GW_E_REFUSED, why);
}

static void
tell_peer(struct gw_via *v)
{
	const struct gw_conn *conn = v->tunnel->conn;
	char line[256];

	snprintf(line, sizeof line,
	    "through %s at %s, over %s; datagrams up to %zu bytes go in one "
	    "piece",
	    v->device.name, conn->address, v->carrier,
	    gw_session_datagram_max(conn->session) - GW_TUNNEL_PLAIN_HEAD);
	tell(v, GW_FORWARD_PEER, GW_OK, line);
}

/* It answers as `godwit serve` does: only such a session is a success. */
static void
found(struct gw_via *v)
{
	v->told[0] = '\0';
	v->again_ms = AGAIN_FIRST;
	if (v->astray)
		tell_peer(v);
	v->astray = false;
}

static bool
on_control(void *arg, const struct gw_tunnel_message *m)
{
	struct gw_via *v = arg;
	struct gw_via_rule *r = gw_tunnel_rule(v->tunnel, m->rule);

	if (m->kind != GW_TUNNEL_ACCEPT && m->kind != GW_TUNNEL_REFUSE)
		return false;
	found(v);
	if (r == NULL)
		return true; /* it has gone meanwhile */
	if (m->kind == GW_TUNNEL_ACCEPT)
		agree(r, m);
	else
		refused(v, r, m->text);
	return true;
}

/* ---- sessions ---- */

static void on_timer(uv_timer_t *);

static void
again(struct gw_via *v)
{
	gw_loop_arm(
	    &v->timer, gw_clock_now() + v->again_ms * GW_MSEC, on_timer);
	v->again_ms *= 2;
	if (v->again_ms > AGAIN_LAST)
		v->again_ms = AGAIN_LAST;
}

static void
on_lost(void *arg, enum gw_err err, const char *text)
{
	struct gw_via *v = arg;
	const bool strange = err == GW_E_PROTOCOL && !v->tunnel->heard;
	char line[sizeof v->told];

	for (struct gw_via_rule *r = v->tunnel->rules; r != NULL; r = r->next)
		r->accepted = false;
	v->astray = v->astray || strange;
	if (strange)
		snprintf(line, sizeof line,
		    "%s waits there for something else, not with `godwit "
		    "serve`: give its port (%s=HOST:PORT); trying again",
		    v->device.name, v->device.name);
	else
		snprintf(line, sizeof line, "%s: %.170s; trying again",
		    v->device.name, text);
	tell_failure(v, err, line);
	again(v);
}

static void
on_opened(void *arg, struct gw_conn *conn, const struct gw_session_event *ev)
{
	struct gw_via *v = arg;
	struct gw_tunnel_message hello = { .kind = GW_TUNNEL_HELLO };

	(void)ev;
	v->dial = NULL;
	v->quest = NULL;
	v->ever = true;
	snprintf(v->carrier, sizeof v->carrier, "%s", conn->carrier);
	gw_tunnel_attach(v->tunnel, conn);
	memcpy(hello.id, v->id, sizeof hello.id);
	gw_tunnel_say(v->tunnel, 0, &hello);
	say_what_has_gone(v->tunnel);
	for (struct gw_via_rule *r = v->tunnel->rules; r != NULL; r = r->next) {
		r->base.last_error[0] = '\0';
		ask_for(v, r);
	}
	if (!v->astray)
		tell_peer(v);
}

static void
on_failed(void *arg, const struct gw_session_event *ev, const char *to)
{
	struct gw_via *v = arg;
	const char *text = ev->closed.text[0] != '\0'
			       ? ev->closed.text
			       : gw_err_text(ev->closed.err);
	char line[sizeof v->told];

	v->dial = NULL;
	v->quest = NULL;
	if (ev->closed.err == GW_E_AUTH)
		gw_known_refused(&v->device, ev, to, line, sizeof line);
	else if (v->host == NULL)
		snprintf(line, sizeof line, "%s; trying again", text);
	else
		snprintf(line, sizeof line, "%s at %.80s: %.90s; trying again",
		    v->device.name, to, text);
	tell_failure(v, ev->closed.err, line);
	again(v);
}

static void
on_notice(void *arg, const char *text)
{
	struct gw_via *v = arg;

	tell(v, GW_FORWARD_WARNING, GW_OK, text);
}

/* To where it is said to be, or to where beacons find it. */
static enum gw_err
begin(struct gw_via *v)
{
	const struct gw_dial_options d = { .loop = &v->g->loop,
		.self = &v->g->self,
		.window = v->terms.window,
		.host = v->host != NULL ? v->host : v->device.name,
		.port = v->port,
		.helper_fd = v->g->helper_fd,
		.mode = GW_MODE_KNOWN,
		.peer = v->device.key,
		.code = "",
		.carriers = v->terms.carriers,
		.udp = v->terms.udp,
		.owner = { on_opened, on_failed, v } };
	const struct gw_quest_options q = { .g = v->g,
		.dial = d,
		.ask = GW_ASK_KNOWN,
		.name = v->device.name,
		.role = GW_QUEST_CONNECTION,
		.patience = LOOK_FOR,
		.notice = on_notice,
		.owner = d.owner };

	return v->host != NULL ? gw_dial_start(&d, &v->dial)
			       : gw_quest_start(&q, &v->quest);
}

static void
on_timer(uv_timer_t *h)
{
	struct gw_via *v = h->data;

	if (begin(v) != GW_OK) {
		v->dial = NULL;
		v->quest = NULL;
		again(v);
	}
}

/* ---- life ---- */

enum gw_err
gw_via_new(struct gw_forward *set, const struct gw_forward_options *o,
    struct gw_via **out)
{
	const struct gw_connection_options terms = { .device = o->via,
		.carriers = o->carriers };
	struct gw_via *v = calloc(1, sizeof *v);
	enum gw_err err;

	if (v == NULL)
		return gw_context_error(
		    set->g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	v->g = set->g;
	v->set = set;
	v->reverse = o->reverse;
	v->port = o->via_port != 0 ? o->via_port : GW_PORT;
	v->again_ms = AGAIN_FIRST;
	if ((err = gw_connection_terms(v->g, &terms, &v->terms)) != GW_OK)
		goto err0;
	v->device = v->terms.device;
	gw_random_fill(&v->g->self.random, v->id, sizeof v->id);
	if (o->via_host != NULL)
		v->host = strdup(o->via_host);
	if ((o->via_host != NULL && v->host == NULL) ||
	    gw_tunnel_new(v->g, true, &v->tunnel) != GW_OK) {
		err = gw_context_error(
		    v->g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
		goto err1;
	}
	v->tunnel->owner = (struct gw_tunnel_owner){ on_control, on_lost, v };
	uv_timer_init(&v->g->loop.uv, &v->timer);
	v->timer.data = v;
	gw_loop_arm(&v->timer, 0, on_timer);
	*out = v;
	return GW_OK;

err1:
	free(v->host);
err0:
	free(v);
	return err;
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_via *v = h->data;

	free(v->host);
	gw_wipe(v, sizeof *v);
	free(v);
}

void
gw_via_close(struct gw_via *v)
{
	if (v == NULL)
		return;
	gw_dial_cancel(v->dial);
	gw_quest_cancel(v->quest);
	gw_tunnel_detach(
	    v->tunnel, GW_E_INTERRUPTED, "godwit forward has ended there");
	gw_tunnel_free(v->tunnel);
	uv_close((uv_handle_t *)&v->timer, on_closed);
}

bool
gw_via_is_reverse(const struct gw_via *v)
{
	return v->reverse;
}

enum gw_err
gw_via_add(struct gw_via *v, const struct gw_rule *rule, struct gw_why *why,
    struct gw_forwarder **out)
{
	struct gw_tunnel *t = v->tunnel;
	struct gw_via_role role = { .tunnel = t,
		.via = v,
		.listens = !v->reverse,
		.all = true,
		.device = v->device.name };
	struct gw_via_rule *r;
	enum gw_err err;

	if (gw_tunnel_rules(t) >= GW_TUNNEL_RULES)
		return gw_why(why, GW_E_LIMIT,
		    "no more than %d rules go through one device",
		    GW_TUNNEL_RULES);
	role.number = t->numbers;
	do
		role.number++;
	while (gw_tunnel_rule(t, role.number) != NULL);
	err = gw_via_rule_open(v->set, rule, &role, why, &r);
	if (err != GW_OK)
		return err;
	t->numbers = role.number;
	*out = &r->base;
	ask_for(v, r);
	return GW_OK;
}

void
gw_via_gone(struct gw_via_rule *r)
{
	if (r->via != NULL)
		say_closed(r->tunnel, r->number);
}
