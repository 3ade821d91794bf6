#include "run/dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "crypto/code.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/helper.h"
#include "run/connect.h"
#include "run/tcp_conn.h"
#include "run/udp_dial.h"
#include "session/tcp/tcp_session.h"
#include "wire/limits.h"

struct gw_dial {
	struct gw_dial_options o;
	char host[GW_HELPER_HOST_MAX + 1];
	char code[GW_CODE_MAX + 1];
	struct gw_ticket ticket;
	uint8_t peer[GW_KEY_LEN];

	struct gw_connect *connect; /* on tcp, until it has connected */
	int fd;                     /* then; -1 */
	struct gw_addr addr;
	struct gw_udp_dial *udp;  /* on udp, until somebody answers */
	struct gw_conn *answered; /* then */
	gw_usec rtt;
	uv_timer_t timer; /* for how long one waits for the other */
	gw_usec began;
	unsigned guesses;     /* that others may have had at the code */
	struct gw_conn *conn; /* of the carrier that was chosen: the handshake
				 runs */
	/* What went wrong on one, while the other still tries. */
	bool wrong;
	enum gw_err err;
	char text[GW_REASON_MAX + 1];
};

enum {
	UDP_HEAD_START = 250000, /* us that udp may take longer than tcp */
	TCP_HEAD_START = 50000,  /* us, where the path is short */
	SHORT_PATH = 1000, /* us of RTT: there the kernel's TCP is faster */
	AGAIN_MIN = 50000, /* us until one that was pushed out begins anew */
	AGAIN_SPAN = 200000,
	AGAIN_FOR = 10000000 /* us: then it is told */
};

static enum gw_err start(struct gw_dial *d);

static void
on_timer_closed(uv_handle_t *h)
{
	struct gw_dial *d = h->data;

	gw_wipe(d, sizeof *d);
	free(d);
}

static void
release(struct gw_dial *d)
{
	gw_connect_cancel(d->connect);
	gw_udp_dial_free(d->udp);
	if (d->fd != -1)
		close(d->fd);
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

static void
failed(struct gw_dial *d, enum gw_err err, const char *text)
{
	struct gw_session_event ev = {
		.kind = GW_SESSION_CLOSED,
		/* Somebody is there: another key was shown. */
		.closed = { .err = err,
		    .text = text,
		    .answered = err == GW_E_AUTH },
	};

	d->o.owner.failed(d->o.owner.arg, &ev, d->host);
	release(d);
}

/* ---- once more: too many wanted in at once, and this one was pushed out ----
 */

static void
on_again(uv_timer_t *t)
{
	struct gw_dial *d = t->data;
	enum gw_err err = start(d);

	if (err != GW_OK)
		failed(d, err, "");
}

/* Who says that it forgot us may be somebody who wants to guess once more. */
static bool
may_again(const struct gw_dial *d, const struct gw_session_event *ev)
{
	return ev->kind == GW_SESSION_CLOSED && ev->closed.forgotten &&
	       !d->o.once && d->guesses < GW_FIND_GUESSES &&
	       gw_clock_now() - d->began < AGAIN_FOR;
}

static void
begin_again(struct gw_dial *d)
{
	gw_connect_cancel(d->connect);
	d->connect = NULL;
	if (d->fd != -1)
		close(d->fd);
	d->fd = -1;
	d->conn = NULL;
	d->wrong = false;
	gw_loop_arm(&d->timer,
	    gw_clock_now() + AGAIN_MIN +
		gw_random_below(&d->o.self->random, AGAIN_SPAN),
	    on_again);
}

/* ---- the handshake ---- */

static bool
on_ready(struct gw_conn *c, void *owner)
{
	struct gw_dial *d = owner;
	struct gw_session_event ev;

	if (!gw_session_event(c->session, &ev))
		return false;
	GW_ASSERT(ev.kind == GW_SESSION_OPENED || ev.kind == GW_SESSION_CLOSED);
	gw_conn_set_owner(c, NULL, NULL);
	if (d->o.mode == GW_MODE_CODE)
		d->guesses++;
	if (may_again(d, &ev)) {
		gw_conn_close(c);
		begin_again(d);
		return false;
	}
	if (ev.kind == GW_SESSION_OPENED) {
		c->authenticated = true;
		d->o.owner.opened(d->o.owner.arg, c, &ev);
	} else {
		ev.closed.answered = !ev.closed.refused;
		d->o.owner.failed(d->o.owner.arg, &ev, c->address);
		gw_conn_close(c);
	}
	release(d);
	return false;
}

static struct gw_session_options
session_options(const struct gw_dial *d)
{
	return (struct gw_session_options){
		.initiator = true,
		.self = &d->o.self->keys,
		.name = d->o.self->name,
		.remember = d->o.remember,
		.prefer_aes = gw_cipher_has_aes(),
		.window = d->o.window,
		.random = d->o.self->random,
		.trace = d->o.self->trace,
		.mode = d->o.mode,
		.code = d->o.code,
		.ticket = d->o.ticket,
		.peer = d->o.peer,
		.refused = d->o.refused,
	};
}

static enum gw_err
shake_hands_tcp(struct gw_dial *d)
{
	const struct gw_session_options so = session_options(d);
	char text[GW_ADDR_TEXT];
	struct gw_session *s;
	enum gw_err err = gw_tcp_session_new(&so, gw_clock_now(), &s);

	if (err != GW_OK)
		return err;
	gw_addr_text(&d->addr, text);
	err = gw_tcp_conn_open(d->o.loop, d->fd, s, text, &d->conn);
	if (err != GW_OK) {
		gw_session_free(s);
		return err;
	}
	d->fd = -1; /* the conn's */
	gw_conn_set_owner(d->conn, on_ready, d);
	return GW_OK;
}

/* ---- one of the two: the third message goes out on exactly one ---- */

static void
say_why(struct gw_dial *d, const char *why)
{
	d->conn->why =
	    d->o.carriers == GW_CARRIERS_AUTO ? why : "it was asked for";
}

static void
choose_tcp(struct gw_dial *d, const char *why)
{
	enum gw_err err;

	uv_timer_stop(&d->timer);
	gw_udp_dial_free(d->udp);
	d->udp = NULL;
	gw_conn_close(d->answered);
	d->answered = NULL;
	if ((err = shake_hands_tcp(d)) != GW_OK)
		failed(d, err, "");
	else
		say_why(d, why);
}

static void
choose_udp(struct gw_dial *d, const char *why)
{
	uv_timer_stop(&d->timer);
	gw_connect_cancel(d->connect);
	d->connect = NULL;
	if (d->fd != -1)
		close(d->fd);
	d->fd = -1;
	d->conn = d->answered;
	d->answered = NULL;
	say_why(d, why);
	gw_udp_session_go(d->conn->session, gw_clock_now());
	gw_conn_set_owner(d->conn, on_ready, d);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_dial *d = t->data;

	if (d->fd != -1)
		choose_tcp(d, "udp did not answer within 250 ms of it");
	else
		choose_udp(d, "tcp did not answer at once");
}

/* Both have had their chance, or one is better without asking further. */
static void
consider(struct gw_dial *d)
{
	const bool tcp = d->fd != -1, udp = d->answered != NULL;
	/* Who asked for a congestion control of ours wants udp. */
	const bool is_short = udp && d->rtt < SHORT_PATH &&
			      d->o.udp.congestion == GW_CONGESTION_BBR;

	if (tcp && is_short) {
		choose_tcp(d, "on so short a path the kernel is faster");
	} else if (tcp && !udp && d->udp == NULL) {
		choose_tcp(d, "udp does not get through");
	} else if (udp && d->connect == NULL && !tcp) {
		choose_udp(d, "tcp does not get through");
	} else if (udp && !is_short) {
		choose_udp(d, "it answered in time");
	} else {
		gw_loop_arm(&d->timer,
		    gw_clock_now() + (tcp ? UDP_HEAD_START : TCP_HEAD_START),
		    on_timer);
	}
}

/* One of them cannot: the other may. */
static void
gone_wrong(struct gw_dial *d, enum gw_err err, const char *text)
{
	/* That nothing is reached says less than any other reason. */
	if (!d->wrong || d->err == GW_E_CONNECT) {
		d->err = err;
		snprintf(d->text, sizeof d->text, "%s", text);
	}
	d->wrong = true;
	if (d->fd != -1 || d->answered != NULL)
		consider(d);
	else if (d->connect == NULL && d->udp == NULL)
		failed(d, d->err, d->text);
}

/* ---- connecting ---- */

static void
on_connected(void *arg, int fd, const struct gw_addr *addr)
{
	struct gw_dial *d = arg;

	d->connect = NULL;
	d->fd = fd;
	d->addr = *addr;
	consider(d);
}

static void
on_failed(void *arg, enum gw_err err, const char *text)
{
	struct gw_dial *d = arg;

	d->connect = NULL;
	gone_wrong(d, err, text);
}

static void
on_answered(void *arg, struct gw_conn *c, gw_usec rtt)
{
	struct gw_dial *d = arg;

	gw_udp_dial_free(d->udp);
	d->udp = NULL;
	d->answered = c;
	d->rtt = rtt;
	consider(d);
}

static void
on_udp_failed(void *arg, const struct gw_session_event *ev)
{
	struct gw_dial *d = arg;
	struct gw_session_event copy = *ev;
	char text[GW_REASON_MAX + 1];

	snprintf(text, sizeof text, "%s", ev->closed.text);
	copy.closed.text = text;
	gw_udp_dial_free(d->udp);
	d->udp = NULL;
	if (!ev->closed.by_peer) {
		gone_wrong(d, copy.closed.err, text);
		return;
	}
	if (may_again(d, &copy)) {
		begin_again(d);
		return;
	}
	/* It is there, and says no: it would say so on tcp as well. */
	d->o.owner.failed(d->o.owner.arg, &copy, d->host);
	release(d);
}

static enum gw_err
start_tcp(struct gw_dial *d)
{
	const struct gw_connect_options co = {
		.loop = d->o.loop,
		.host = d->host,
		.port = d->o.port,
		.helper_fd = d->o.helper_fd,
		.owner = { on_connected, on_failed, d },
	};

	if (d->o.carriers == GW_CARRIERS_UDP)
		return GW_OK;
	return gw_connect_start(&co, &d->connect);
}

static enum gw_err
start_udp(struct gw_dial *d)
{
	const struct gw_udp_dial_options uo = {
		.loop = d->o.loop,
		.host = d->host,
		.port = d->o.port,
		.helper_fd = d->o.helper_fd,
		.session = session_options(d),
		.udp = d->o.udp,
		.shown_in = d->o.self->shown_in,
		.reached = on_answered,
		.failed = on_udp_failed,
		.arg = d,
	};

	if (d->o.carriers == GW_CARRIERS_TCP)
		return GW_OK;
	return gw_udp_dial_start(&uo, &d->udp);
}

static enum gw_err
start(struct gw_dial *d)
{
	const enum gw_err err = start_tcp(d);

	return err == GW_OK ? start_udp(d) : err;
}

static void
copy_options(struct gw_dial *d, const struct gw_dial_options *o)
{
	d->o = *o;
	memcpy(d->host, o->host, strlen(o->host) + 1);
	if (o->code != NULL) {
		snprintf(d->code, sizeof d->code, "%s", o->code);
		d->o.code = d->code;
	}
	if (o->ticket != NULL) {
		d->ticket = *o->ticket;
		d->o.ticket = &d->ticket;
	}
	if (o->peer != NULL) {
		memcpy(d->peer, o->peer, sizeof d->peer);
		d->o.peer = d->peer;
	}
}

enum gw_err
gw_dial_start(const struct gw_dial_options *o, struct gw_dial **out)
{
	struct gw_dial *d;
	enum gw_err err;

	if (strlen(o->host) > GW_HELPER_HOST_MAX)
		return GW_E_RESOLVE;
	if ((d = calloc(1, sizeof *d)) == NULL)
		return GW_E_MEMORY;
	copy_options(d, o);
	d->fd = -1;
	uv_timer_init(&o->loop->uv, &d->timer);
	d->timer.data = d;
	d->began = gw_clock_now();
	if ((err = start(d)) != GW_OK) {
		release(d);
		return err;
	}
	*out = d;
	return GW_OK;
}

bool
gw_dial_is_reached(const struct gw_dial *d)
{
	return d->fd != -1 || d->answered != NULL || d->conn != NULL ||
	       (d->udp != NULL && gw_udp_dial_is_answered(d->udp));
}

void
gw_dial_cancel(struct gw_dial *d)
{
	if (d == NULL)
		return;
	gw_conn_close(d->answered);
	gw_conn_close(d->conn);
	release(d);
}
