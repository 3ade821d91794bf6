#include "run/acceptor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/code.h"
#include "crypto/kdf.h"
#include "os/clock.h"

enum { CODE_WORDS = 2 };

/* ---- who comes ---- */

static void
on_opened(void *arg, struct gw_conn *conn, const struct gw_session_event *ev)
{
	struct gw_acceptor *a = arg;
	struct gw_connection *c = NULL;

	if (a->waiting_count < GW_ACCEPTOR_WAITING)
		c = gw_connection_of(a->g, &a->terms, conn, ev);
	if (c == NULL) {
		gw_session_abort(conn->session, GW_E_LIMIT,
		    "too many wait to be accepted there", gw_clock_now());
		gw_conn_close(conn);
		return;
	}
	a->waiting[a->waiting_count++] = c;
	a->ready_due = true;
}

static void
note(struct gw_acceptor *a, enum gw_acceptor_event_kind kind,
    const char *address, const char *text)
{
	struct gw_acceptor_news *n = &a->news[a->news_count];

	if (a->news_count == GW_ACCEPTOR_EVENTS)
		return;
	n->kind = kind;
	n->guesses_left = gw_door_guesses_left(a->door);
	snprintf(n->address, sizeof n->address, "%s", address);
	snprintf(n->text, sizeof n->text, "%s", text);
	a->news_count++;
}

static void
on_failed(void *arg, const struct gw_session_event *ev, const char *address)
{
	struct gw_acceptor *a = arg;

	if (ev->closed.guess)
		note(a, GW_ACCEPTOR_GUESS, address, "");
	else if (ev->closed.err == GW_E_STRANGER ||
		 ev->closed.err == GW_E_VERSION)
		note(a, GW_ACCEPTOR_STRANGER, address, ev->closed.text);
	if (gw_door_burned(a->door) && !a->burned)
		a->burned = a->burned_due = true;
}

/* ---- life ---- */

static enum gw_err
open_listener(struct gw_acceptor *a, const char *address, uint16_t port)
{
	const struct gw_listener_options o = {
		.loop = &a->g->loop,
		.self = &a->g->self,
		.window = a->terms.window,
		.remember = a->terms.remember,
		.address = address,
		.port = port,
		.carriers = a->terms.carriers,
		.udp = a->terms.udp,
		.door = a->door,
		.owner = { on_opened, on_failed, a },
	};
	struct gw_why why = { "" };
	enum gw_err err = gw_listener_new(&o, &why, &a->listener);

	if (err != GW_OK)
		return gw_context_error(a->g, err, "%s",
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	a->address_count = gw_listener_addresses(
	    a->listener, a->addresses, GW_ACCEPTOR_ADDRESSES);
	return GW_OK;
}

static enum gw_err
open_door(struct gw_acceptor *a, const struct gw_connection_options *o)
{
	const unsigned words = o != NULL ? o->code_words : 0;
	enum gw_err err;

	if (a->terms.code[0] == '\0' && (o == NULL || !o->no_code))
		gw_code_make(&a->g->self.random,
		    words != 0 ? words : CODE_WORDS, a->terms.code);
	if ((err = gw_door_new(&a->door)) != GW_OK)
		return err;
	if (o != NULL && o->many)
		gw_door_let_many(a->door);
	if ((err = gw_door_set_code(a->door, a->terms.code)) != GW_OK)
		return err;
	if (o == NULL || (!o->for_known && o->for_device == NULL))
		return GW_OK;
	return gw_known_open(a->g, a->door, o->for_device, &a->known);
}

/* By the number of its code, which may be another one's, too: both are tried
 * by who looks for it. */
static enum gw_err
be_found(struct gw_acceptor *a, const char *address)
{
	const struct gw_herald_place at = { .address = address,
		.port = gw_listener_port(a->listener),
		.number = gw_code_number(a->terms.code),
		.unasked = a->known != NULL };

	return a->terms.beacons ? gw_herald_open_at(a->g, &at, &a->herald)
				: GW_OK;
}

static void
acceptor_free(struct gw_acceptor *a)
{
	gw_herald_close(a->herald);
	gw_listener_close(a->listener);
	while (a->waiting_count > 0) {
		struct gw_connection *c = a->waiting[--a->waiting_count];

		gw_connection_abort(
		    c, GW_E_INTERRUPTED, "nobody accepts there any more");
		gw_connection_close(c);
	}
	gw_known_close(a->known);
	gw_door_free(a->door);
	gw_wipe(a, sizeof *a);
	free(a);
}

enum gw_err
gw_listen(struct gw *g, const char *address, uint16_t port,
    const struct gw_connection_options *o, struct gw_acceptor **out)
{
	struct gw_acceptor *a;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((a = calloc(1, sizeof *a)) == NULL)
		return gw_context_error(
		    g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	a->g = g;
	if ((err = gw_connection_terms(g, o, &a->terms)) != GW_OK ||
	    (err = open_door(a, o)) != GW_OK ||
	    (err = open_listener(a, address, port)) != GW_OK ||
	    (err = be_found(a, address)) != GW_OK) {
		acceptor_free(a);
		if (g->last_error[0] == '\0')
			gw_context_error(g, err, "%s", gw_err_text(err));
		return err;
	}
	a->next = g->acceptors;
	g->acceptors = a;
	gw_loop_poke(&g->loop);
	*out = a;
	return GW_OK;
}

void
gw_acceptor_close(struct gw_acceptor *a)
{
	struct gw_acceptor **at;
	struct gw *g;

	if (a == NULL)
		return;
	g = a->g;
	for (at = &g->acceptors; *at != a; at = &(*at)->next)
		;
	*at = a->next;
	acceptor_free(a);
	gw_loop_poke(&g->loop);
}

uint16_t
gw_acceptor_port(const struct gw_acceptor *a)
{
	return gw_listener_port(a->listener);
}

const char *
gw_acceptor_code(const struct gw_acceptor *a)
{
	return a->terms.code[0] != '\0' ? a->terms.code : NULL;
}

bool
gw_acceptor_is_found(const struct gw_acceptor *a)
{
	return a->herald != NULL;
}

const char *
gw_acceptor_address(const struct gw_acceptor *a, size_t n)
{
	return n < a->address_count ? a->addresses[n] : NULL;
}

/* ---- what the program takes ---- */

static struct gw_connection *
take(struct gw_acceptor *a)
{
	struct gw_connection *c = a->waiting[0];

	a->waiting_count--;
	memmove(
	    a->waiting, a->waiting + 1, a->waiting_count * sizeof *a->waiting);
	a->ready_due = a->waiting_count > 0;
	return c;
}

enum gw_err
gw_accept(struct gw_acceptor *a, int timeout_ms, struct gw_connection **out)
{
	const gw_usec until =
	    gw_clock_now() + (gw_usec)(timeout_ms > 0 ? timeout_ms : 0) * 1000;

	while (a->waiting_count == 0) {
		const gw_usec now = gw_clock_now();

		if (a->burned)
			return GW_E_BURNED;
		if (timeout_ms >= 0 && now >= until)
			return GW_E_AGAIN;
		(void)gw_loop_wait(&a->g->loop,
		    timeout_ms < 0 ? -1 : (int)((until - now + 999) / 1000));
	}
	*out = take(a);
	return GW_OK;
}

bool
gw_acceptor_next(struct gw_acceptor *a, struct gw_acceptor_event *ev)
{
	if (a->news_count > 0) {
		a->told = a->news[0];
		a->news_count--;
		memmove(a->news, a->news + 1, a->news_count * sizeof *a->news);
		*ev = (struct gw_acceptor_event){ .kind = a->told.kind,
			.address = a->told.address,
			.text = a->told.kind == GW_ACCEPTOR_STRANGER
				    ? a->told.text
				    : NULL,
			.guesses_left = a->told.guesses_left };
		return true;
	}
	if (!a->ready_due && !a->burned_due)
		return false;
	*ev = (struct gw_acceptor_event){
		.kind = a->ready_due ? GW_ACCEPTOR_READY : GW_ACCEPTOR_BURNED
	};
	if (a->ready_due)
		a->ready_due = false;
	else
		a->burned_due = false;
	return true;
}
