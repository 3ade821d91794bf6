/*
 * The life of a connection: how it begins, and how it ends.
 */
#include "run/connection.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/code.h"
#include "crypto/kdf.h"
#include "os/clock.h"

enum {
	IDLE_MS = 60000,
	LOOK_AGAIN = 50000 /* us, at what nobody tells: TIME_WAIT is over */
};

static_assert((int)GW_CONNECTION_CODE_MAX == (int)GW_CODE_MAX, "a code fits");

/* ---- what is asked for ---- */

enum gw_err
gw_connection_terms(struct gw *g, const struct gw_connection_options *given,
    struct gw_connection_terms *t)
{
	struct gw_connection_options o = GW_CONNECTION_OPTIONS_INIT;
	enum gw_err err;

	if (given != NULL)
		o = *given;
	*t = (struct gw_connection_terms){ .carriers = o.carriers,
		.remember = o.remember,
		.beacons = o.beacons,
		.by_number = o.by_number,
		.udp.congestion = o.congestion };
	if ((err = gw_context_whole(g)) != GW_OK)
		return err;
	t->window = o.window != 0 ? o.window : g->memory / 4;
	if (t->window < GW_STREAM_WINDOW)
		t->window = GW_STREAM_WINDOW;
	t->udp.memory = g->memory / 2;
	t->idle = (o.idle_ms != 0 ? o.idle_ms : IDLE_MS) * GW_MSEC;
	t->udp.idle = t->idle;
	if (o.device != NULL && o.code != NULL)
		return gw_context_error(g, GW_E_USAGE,
		    "%s is a remembered device: it needs no code", o.device);
	if (o.device != NULL)
		return gw_known_find(g, o.device, &t->device);
	if (o.code != NULL && gw_code_normal(o.code, t->code) != GW_OK)
		return gw_context_error(g, GW_E_USAGE,
		    "that code cannot be right: a code looks like "
		    "7-crane-otter, or has at least %d characters",
		    GW_CODE_MIN);
	return GW_OK;
}

/* ---- time ---- */

static void on_timer(uv_timer_t *);

static void
arm(struct gw_connection *c)
{
	gw_usec at = GW_NEVER;

	if (c->conn != NULL && c->closed)
		at = gw_clock_now() + LOOK_AGAIN;
	else if (c->conn != NULL)
		at = gw_usec_min(gw_session_heard(c->conn->session) + c->idle,
		    c->released ? c->leave_by : GW_NEVER);
	gw_loop_arm(&c->timer, at, on_timer);
}

/* The program is done with it, and so is the session. */
static bool
end_if_over(struct gw_connection *c)
{
	if (!c->closed || gw_connection_lingers(c))
		return false;
	gw_connection_note_states(c);
	gw_conn_close(c->conn);
	c->conn = NULL;
	gw_connection_note_states(c);
	if (c->released)
		gw_connection_free(c);
	return true;
}

static void
give_up(struct gw_connection *c, gw_usec now)
{
	if (now >= gw_session_heard(c->conn->session) + c->idle) {
		gw_session_abort(c->conn->session, GW_E_STALLED,
		    "nothing came for too long", now);
		gw_connection_over(c, GW_E_LOST, false,
		    "the connection was lost: nothing came any more");
	} else if (c->released && now >= c->leave_by) {
		gw_session_abort(c->conn->session, GW_E_INTERRUPTED,
		    "it has closed the connection and waits no longer", now);
		gw_connection_over(c, GW_E_LOST, false, "");
	} else {
		return;
	}
	gw_conn_kick(c->conn);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_connection *c = t->data;

	if (c->conn == NULL || (c->closed && end_if_over(c)))
		return;
	if (!c->closed)
		give_up(c, gw_clock_now());
	arm(c);
}

void
gw_connection_wake(struct gw_connection *c)
{
	gw_loop_arm(&c->timer, 0, on_timer);
}

/* ---- beginning ---- */

struct gw_program_stream *
gw_connection_stream(struct gw_connection *c, unsigned id)
{
	if (c->v[id] == NULL)
		c->v[id] = calloc(1, sizeof(*c->v[id]));
	return c->v[id];
}

static struct gw_connection *
connection_new(
    struct gw *g, bool initiator, const struct gw_connection_terms *t)
{
	struct gw_connection *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	if (gw_connection_stream(c, GW_STREAM_FIRST) == NULL) {
		free(c);
		return NULL;
	}
	c->g = g;
	c->initiator = initiator;
	c->next_id = initiator ? 2 : 1;
	c->idle = t->idle;
	c->remember = t->remember;
	c->state = initiator ? "SYN_SENT" : "SYN_RCVD";
	c->since = gw_clock_now();
	gw_queue_init(&c->in, GW_CONNECTION_MESSAGES);
	uv_timer_init(&g->loop.uv, &c->timer);
	c->timer.data = c;
	c->next = g->connections;
	g->connections = c;
	return c;
}

static void
take_conn(struct gw_connection *c, struct gw_conn *conn,
    const struct gw_session_event *ev)
{
	for (size_t i = 0; i < GW_KEY_LEN; i++)
		snprintf(c->key + 2 * i, 3, "%02x", ev->opened.peer[i]);
	snprintf(c->peer, sizeof c->peer, "%s", ev->opened.name);
	memcpy(c->peer_key, ev->opened.peer, sizeof c->peer_key);
	c->asks = ev->opened.remember;
	c->by_code = ev->opened.mode == GW_MODE_CODE;
	(void)gw_known_name(c->g, ev->opened.peer, c->device);
	snprintf(c->address, sizeof c->address, "%s", conn->address);
	c->cipher = gw_cipher_name(ev->opened.cipher);
	c->carrier = conn->carrier;
	c->conn = conn;
	c->open = true;
	gw_connection_note_begin(c);
	gw_conn_set_owner(conn, gw_connection_ready, c);
	arm(c);
}

struct gw_connection *
gw_connection_of(struct gw *g, const struct gw_connection_terms *t,
    struct gw_conn *conn, const struct gw_session_event *ev)
{
	struct gw_connection *c = connection_new(g, false, t);

	if (c != NULL)
		take_conn(c, conn, ev);
	return c;
}

static void
on_opened(void *arg, struct gw_conn *conn, const struct gw_session_event *ev)
{
	struct gw_connection *c = arg;

	c->dial = NULL;
	c->quest = NULL;
	c->opened_due = true;
	take_conn(c, conn, ev);
}

static void
on_failed(void *arg, const struct gw_session_event *ev, const char *to)
{
	struct gw_connection *c = arg;
	const char *text = ev->closed.text[0] != '\0'
			       ? ev->closed.text
			       : gw_err_text(ev->closed.err);
	char line[sizeof c->text];

	c->dial = NULL;
	c->quest = NULL;
	if (c->pinned.name[0] != '\0' && ev->closed.err == GW_E_AUTH)
		gw_known_refused(&c->pinned, ev, to, line, sizeof line);
	else
		snprintf(line, sizeof line, "%s%s%s",
		    strstr(text, to) != NULL ? "" : to,
		    strstr(text, to) != NULL ? "" : ": ", text);
	gw_connection_over(c, ev->closed.err, ev->closed.by_peer, line);
}

static void
on_notice(void *arg, const char *text)
{
	struct gw_connection *c = arg;

	snprintf(c->notice, sizeof c->notice, "%s", text);
	c->notice_due = true;
}

static enum gw_beacon_ask
asks(const struct gw_connection_terms *t, const char *host, uint16_t port)
{
	const bool known = t->device.name[0] != '\0';

	if (!t->beacons)
		return GW_ASK_NOTHING;
	if (host == NULL)
		return known ? GW_ASK_KNOWN : GW_ASK_NUMBER;
	return !known && port == 0 && gw_quest_may_be_name(host)
		   ? GW_ASK_NAME
		   : GW_ASK_NOTHING;
}

/* To an address, or to whom beacons find. */
static enum gw_err
begin(struct gw_connection *c, const struct gw_connection_terms *t,
    const char *host, uint16_t port)
{
	const bool known = t->device.name[0] != '\0';
	const struct gw_dial_options d = {
		.loop = &c->g->loop,
		.self = &c->g->self,
		.window = t->window,
		.host = host == NULL && known ? c->pinned.name : host,
		.port = port != 0 ? port : GW_PORT,
		.helper_fd = c->g->helper_fd,
		.mode = known ? GW_MODE_KNOWN : GW_MODE_CODE,
		.code = t->code,
		.peer = known ? c->pinned.key : NULL,
		.remember = t->remember,
		.carriers = t->carriers,
		.udp = t->udp,
		.owner = { on_opened, on_failed, c },
	};
	const struct gw_quest_options q = {
		.g = c->g,
		.dial = d,
		.ask = asks(t, host, port),
		.number = gw_code_number(t->code),
		.name = known ? c->pinned.name : host,
		.role = GW_QUEST_CONNECTION,
		.patience = t->idle,
		.notice = on_notice,
		.owner = d.owner,
	};

	if (q.ask != GW_ASK_NOTHING)
		return gw_quest_start(&q, &c->quest);
	return gw_dial_start(&d, &c->dial);
}

/* Is it said whom to connect to, and how that is known? */
static enum gw_err
check_whom(struct gw *g, const struct gw_connection_terms *t, const char *host)
{
	const bool known = t->device.name[0] != '\0';

	if (!known && t->code[0] == '\0')
		return gw_context_error(g, GW_E_USAGE,
		    "to connect to %s its code is needed",
		    host != NULL ? host : "anybody");
	if (host != NULL || known)
		return GW_OK;
	if (!t->by_number || !t->beacons || gw_code_number(t->code) == 0)
		return gw_context_error(g, GW_E_USAGE,
		    "only a code like 7-crane-otter is found by its number: "
		    "with another one, or without beacons, an address is "
		    "needed");
	return GW_OK;
}

enum gw_err
gw_connect(struct gw *g, const char *host, uint16_t port,
    const struct gw_connection_options *o, struct gw_connection **out)
{
	struct gw_connection_terms t;
	struct gw_connection *c;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = gw_connection_terms(g, o, &t)) != GW_OK ||
	    (err = check_whom(g, &t, host)) != GW_OK)
		return err;
	if ((c = connection_new(g, true, &t)) == NULL)
		return gw_context_error(
		    g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	c->pinned = t.device;
	err = begin(c, &t, host, port);
	gw_wipe(&t, sizeof t);
	if (err != GW_OK) {
		gw_connection_free(c);
		return gw_context_error(g, err, "%s%s%s",
		    host != NULL ? host : "", host != NULL ? ": " : "",
		    gw_err_text(err));
	}
	gw_loop_poke(&g->loop);
	*out = c;
	return GW_OK;
}

enum gw_err
gw_dial(struct gw *g, const char *host, uint16_t port,
    const struct gw_connection_options *o, struct gw_connection **out)
{
	struct gw_connection *c = NULL;
	enum gw_err err = gw_connect(g, host, port, o, &c);

	if (err != GW_OK || c == NULL)
		return err;
	while (!c->open && !c->closed)
		(void)gw_loop_wait(&g->loop, -1);
	if (c->open) {
		c->opened_due = false;
		*out = c;
		return GW_OK;
	}
	err = c->err;
	(void)gw_context_error(g, err, "%s", c->text);
	gw_connection_free(c);
	return err;
}

enum gw_err
gw_connection_remember(struct gw_connection *c)
{
	struct gw_why why = { "" };
	enum gw_err err;

	c->g->last_error[0] = '\0';
	if (!c->open || !c->by_code || !c->remember || !c->asks)
		return gw_context_error(c->g, GW_E_REFUSED, "%s",
		    !c->asks ? "the other side does not ask to be remembered"
			     : "nobody asked to be remembered by a code here");
	err = gw_known_keep(c->g, c->peer_key, c->peer, c->device, &why);
	if (err != GW_OK)
		return gw_context_error(c->g, err, "%s",
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	return GW_OK;
}

/* ---- the end ---- */

void
gw_connection_kick(struct gw_connection *c)
{
	if (c->conn == NULL)
		return;
	gw_conn_kick(c->conn);
	gw_loop_poke(&c->g->loop);
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

void
gw_connection_free(struct gw_connection *c)
{
	struct gw_connection **at = &c->g->connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	gw_dial_cancel(c->dial);
	gw_quest_cancel(c->quest);
	gw_conn_close(c->conn);
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++) {
		if (c->v[i] != NULL)
			gw_ring_fini(&c->v[i]->ring);
		free(c->v[i]);
	}
	gw_queue_fini(&c->in);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	gw_loop_poke(&c->g->loop);
}

/* Something came that the program has not read. */
static bool
has_unread(const struct gw_connection *c)
{
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++)
		if (c->v[i] != NULL && c->v[i]->from < c->v[i]->to)
			return true;
	return false;
}

static void
shut(struct gw_connection *c)
{
	if (c->shut || c->conn == NULL || c->closed)
		return;
	c->shut = true;
	for (unsigned i = 0; i < GW_STREAMS_MAX; i++) {
		if (c->v[i] == NULL || c->v[i]->ended_out)
			continue;
		c->v[i]->ended_out = true;
		gw_session_end(c->conn->session, (uint16_t)i);
	}
	gw_session_finish(c->conn->session, gw_clock_now());
	gw_connection_kick(c);
}

enum gw_err
gw_connection_shutdown(struct gw_connection *c)
{
	if (!c->open && !c->closed)
		return GW_E_AGAIN;
	shut(c);
	return GW_OK;
}
void
gw_connection_abort(struct gw_connection *c, enum gw_err err, const char *text)
{
	if (c->closed)
		return;
	gw_dial_cancel(c->dial);
	gw_quest_cancel(c->quest);
	c->dial = NULL;
	c->quest = NULL;
	if (c->conn != NULL)
		gw_session_abort(c->conn->session, err,
		    text != NULL ? text : "", gw_clock_now());
	gw_connection_over(c, err, false, text != NULL ? text : "");
	gw_connection_kick(c);
}

void
gw_connection_close(struct gw_connection *c)
{
	if (c == NULL)
		return;
	c->released = true;
	c->leave_by = gw_clock_now() + c->idle;
	if (c->conn == NULL || (c->closed && !gw_connection_lingers(c))) {
		gw_connection_free(c);
		return;
	}
	if (!c->closed && has_unread(c))
		gw_connection_abort(c, GW_E_INTERRUPTED,
		    "it closed the connection and had not read all");
	else
		shut(c);
	arm(c);
	gw_loop_poke(&c->g->loop);
}
