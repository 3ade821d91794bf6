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
#include "session/tcp/tcp_session.h"

struct gw_dial {
	struct gw_dial_options o;
	char host[GW_HELPER_HOST_MAX + 1];
	char code[GW_CODE_MAX + 1];
	struct gw_ticket ticket;
	uint8_t peer[GW_KEY_LEN];

	struct gw_connect *connect; /* until it has connected */
	struct gw_conn *conn;       /* from then on: the handshake runs */
};

static void
release(struct gw_dial *d)
{
	gw_wipe(d, sizeof *d);
	free(d);
}

static void
failed(struct gw_dial *d, enum gw_err err, const char *text)
{
	struct gw_session_event ev = {
		.kind = GW_SESSION_CLOSED,
		.closed = { .err = err, .text = text },
	};

	d->o.owner.failed(d->o.owner.arg, &ev, d->host);
	release(d);
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
	if (ev.kind == GW_SESSION_OPENED) {
		c->authenticated = true;
		d->o.owner.opened(d->o.owner.arg, c, &ev);
	} else {
		d->o.owner.failed(d->o.owner.arg, &ev, c->address);
		gw_conn_close(c);
	}
	release(d);
	return false;
}

static enum gw_err
shake_hands(struct gw_dial *d, int fd, const struct gw_addr *addr)
{
	struct gw_session_options so = {
		.initiator = true,
		.self = &d->o.self->keys,
		.name = d->o.self->name,
		.prefer_aes = gw_cipher_has_aes(),
		.window = d->o.window,
		.random = d->o.self->random,
		.mode = d->o.mode,
		.code = d->o.code,
		.ticket = d->o.ticket,
		.peer = d->o.peer,
	};
	char text[GW_ADDR_TEXT];
	struct gw_session *s;
	enum gw_err err = gw_tcp_session_new(&so, gw_clock_now(), &s);

	if (err != GW_OK)
		return err;
	gw_addr_text(addr, text);
	err = gw_tcp_conn_open(d->o.loop, fd, s, text, &d->conn);
	if (err != GW_OK) {
		gw_session_free(s);
		return err;
	}
	gw_conn_set_owner(d->conn, on_ready, d);
	return GW_OK;
}

/* ---- connecting ---- */

static void
on_connected(void *arg, int fd, const struct gw_addr *addr)
{
	struct gw_dial *d = arg;
	enum gw_err err;

	d->connect = NULL;
	if ((err = shake_hands(d, fd, addr)) == GW_OK)
		return;
	close(fd);
	failed(d, err, "");
}

static void
on_failed(void *arg, enum gw_err err, const char *text)
{
	failed(arg, err, text);
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
	struct gw_connect_options co = {
		.loop = o->loop,
		.host = o->host,
		.port = o->port,
		.helper_fd = o->helper_fd,
	};
	enum gw_err err;

	if (strlen(o->host) > GW_HELPER_HOST_MAX)
		return GW_E_RESOLVE;
	if ((d = calloc(1, sizeof *d)) == NULL)
		return GW_E_MEMORY;
	copy_options(d, o);
	co.owner = (struct gw_connect_owner){ on_connected, on_failed, d };
	if ((err = gw_connect_start(&co, &d->connect)) != GW_OK) {
		release(d);
		return err;
	}
	*out = d;
	return GW_OK;
}

void
gw_dial_cancel(struct gw_dial *d)
{
	if (d == NULL)
		return;
	gw_connect_cancel(d->connect);
	gw_conn_close(d->conn);
	release(d);
}
