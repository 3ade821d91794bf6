#include "run/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/kdf.h"
#include "os/clock.h"
#include "run/connection.h"
#include "run/serve_private.h"

enum {
	KEEP = 180000000, /* us that rules wait for a device that was lost */
	LOOK = 1000000    /* us, at what has gone */
};

/* ---- devices that come and go ---- */

static void
one_free(struct gw_serve_one *p, enum gw_err err, const char *text)
{
	struct gw_serve *s = p->s;
	struct gw_serve_one **at = &s->first;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	s->count--;
	gw_tunnel_detach(p->tunnel, err, text);
	while (p->tunnel->rules != NULL)
		gw_forward_remove(
		    s->set, &p->tunnel->rules->base, GW_FORWARD_STOPPED);
	gw_tunnel_free(p->tunnel);
	free(p->rights);
	free(p);
}

static void
on_lost(void *arg, enum gw_err err, const char *text)
{
	struct gw_serve_one *p = arg;

	p->lost = gw_clock_now();
	gw_serve_tell(p->s, "%s has gone: %s", p->device,
	    text[0] != '\0' ? text : gw_err_text(err));
}

static struct gw_serve_one *
one_new(struct gw_serve *s, const struct gw_session_event *ev)
{
	struct gw_serve_one *p = calloc(1, sizeof *p);
	size_t n = 0;

	if (p == NULL)
		return NULL;
	p->s = s;
	memcpy(p->key, ev->opened.peer, sizeof p->key);
	p->rights = calloc(s->granted_count + 1, sizeof *p->rights);
	if (p->rights == NULL || !gw_known_name(s->g, p->key, p->device) ||
	    gw_tunnel_new(s->g, false, &p->tunnel) != GW_OK) {
		free(p->rights);
		free(p);
		return NULL;
	}
	for (size_t i = 0; i < s->granted_count; i++)
		if (s->granted[i].device[0] == '\0' ||
		    strcasecmp(s->granted[i].device, p->device) == 0)
			p->rights[n++] = s->granted[i].right;
	p->right_count = n;
	p->tunnel->owner =
	    (struct gw_tunnel_owner){ gw_serve_on_control, on_lost, p };
	p->next = s->first;
	s->first = p;
	s->count++;
	return p;
}

static unsigned
sessions_of(const struct gw_serve *s, const uint8_t key[GW_KEY_LEN])
{
	unsigned n = 0;

	for (const struct gw_serve_one *p = s->first; p != NULL; p = p->next)
		n += memcmp(p->key, key, sizeof p->key) == 0;
	return n;
}

/* Those that were lost make room for those that come, or else the device that
 * has the most sessions, if it has several, so that none keeps another one
 * out: the oldest goes, the last one of the list. */
static void
make_room(struct gw_serve *s)
{
	struct gw_serve_one *lost = NULL, *spare = NULL;
	unsigned n, most = 2;

	for (struct gw_serve_one *p = s->first; p != NULL; p = p->next) {
		if (p->lost != 0)
			lost = p;
		if ((n = sessions_of(s, p->key)) >= most) {
			most = n;
			spare = p;
		}
	}
	if (lost != NULL) {
		one_free(lost, GW_E_LOST, "");
	} else if (spare != NULL) {
		gw_serve_tell(s, "%s has %u sessions: the oldest has to go",
		    spare->device, most);
		one_free(spare, GW_E_LIMIT,
		    "others need the room there, and it has more sessions");
	}
}

static void
on_opened(void *arg, struct gw_conn *conn, const struct gw_session_event *ev)
{
	struct gw_serve *s = arg;
	struct gw_serve_one *p = NULL;

	if (s->count >= GW_SERVE_PEERS)
		make_room(s);
	if (s->count < GW_SERVE_PEERS)
		p = one_new(s, ev);
	if (p == NULL) {
		gw_session_abort(conn->session, GW_E_LIMIT,
		    "no room for another device there", gw_clock_now());
		gw_conn_close(conn);
		return;
	}
	snprintf(p->address, sizeof p->address, "%s", conn->address);
	snprintf(p->carrier, sizeof p->carrier, "%s", conn->carrier);
	gw_tunnel_attach(p->tunnel, conn);
	gw_serve_tell(s, "%s is here, from %s, over %s", p->device, p->address,
	    p->carrier);
}

/* Of strangers nothing is told: whoever scans ports would fill the log. */
static void
on_failed(void *arg, const struct gw_session_event *ev, const char *address)
{
	(void)arg;
	(void)ev;
	(void)address;
}

static void
on_timer(uv_timer_t *h)
{
	struct gw_serve *s = h->data;
	const gw_usec now = gw_clock_now();
	struct gw_serve_one *p, *next;

	for (p = s->first; p != NULL; p = next) {
		next = p->next;
		if (p->lost != 0 && now >= p->lost + KEEP)
			one_free(p, GW_E_LOST, "");
		else if (!gw_door_knows(s->door, p->key))
			one_free(p, GW_E_REFUSED,
			    "this device is not remembered there any more");
	}
	gw_loop_arm(&s->timer, now + LOOK, on_timer);
}

/* It has come again: what it had is there still, unless it is called otherwise
 * by now, since rights go by names. */
void
gw_serve_adopt(struct gw_serve_one *p)
{
	struct gw_serve_one *o = p->s->first;

	while (o != NULL && (o == p || !o->greeted ||
				memcmp(o->key, p->key, sizeof o->key) != 0 ||
				memcmp(o->id, p->id, sizeof o->id) != 0))
		o = o->next;
	if (o == NULL)
		return;
	if (strcmp(o->device, p->device) == 0)
		gw_tunnel_adopt(p->tunnel, o->tunnel);
	for (struct gw_via_rule *r = p->tunnel->rules; r != NULL; r = r->next) {
		r->rights = (struct gw_via_rights){ p->rights, p->right_count };
		r->base.via = p->device;
	}
	one_free(o, GW_E_INTERRUPTED, "it came again");
}

/* ---- life ---- */

static enum gw_err
grant(struct gw_serve *s, const struct gw_serve_options *o)
{
	struct gw_known_device device;
	char why[GW_RULE_WHY];
	enum gw_err err;

	s->granted = calloc(o->right_count + 1, sizeof *s->granted);
	if (s->granted == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < o->right_count; i++) {
		struct gw_serve_granted *r = &s->granted[i];

		if (!gw_right_parse(o->rights[i].right, &r->right, why))
			return gw_context_error(s->g, GW_E_USAGE, "%s: %s",
			    o->rights[i].right, why);
		if (o->rights[i].device == NULL)
			continue;
		err = gw_known_find(s->g, o->rights[i].device, &device);
		if (err != GW_OK)
			return err;
		memcpy(r->device, device.name, sizeof r->device);
	}
	s->granted_count = o->right_count;
	return GW_OK;
}

static enum gw_err
listen_at(struct gw_serve *s, const struct gw_serve_options *o)
{
	const struct gw_listener_options l = { .loop = &s->g->loop,
		.self = &s->g->self,
		.window = s->terms->window,
		.address = o->address,
		.port = o->port != 0 ? o->port : GW_PORT,
		.any_port_then = o->port == 0,
		.carriers = s->terms->carriers,
		.udp = s->terms->udp,
		.door = s->door,
		.owner = { on_opened, on_failed, s } };
	struct gw_why why = { "" };
	enum gw_err err = gw_listener_new(&l, &why, &s->listener);

	if (err != GW_OK)
		return gw_context_error(s->g, err, "%s",
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	s->address_count = gw_listener_addresses(
	    s->listener, s->addresses, GW_SERVE_ADDRESSES);
	return GW_OK;
}

/* By devices that remember this one. */
static enum gw_err
be_found(struct gw_serve *s, const char *address)
{
	const struct gw_herald_place at = { .address = address,
		.port = gw_listener_port(s->listener),
		.unasked = true };

	return gw_herald_open_at(s->g, &at, &s->herald);
}

static enum gw_err
open_all(struct gw_serve *s, const struct gw_serve_options *o)
{
	const struct gw_connection_options terms = { .carriers = o->carriers };
	const struct gw_forward_options none = { .max_files = o->max_files };
	enum gw_err err;

	if ((s->terms = calloc(1, sizeof *s->terms)) == NULL)
		return GW_E_MEMORY;
	if ((err = gw_connection_terms(s->g, &terms, s->terms)) != GW_OK ||
	    (err = grant(s, o)) != GW_OK ||
	    (err = gw_door_new(&s->door)) != GW_OK ||
	    (err = gw_door_set_code(s->door, NULL)) != GW_OK ||
	    (err = gw_known_open(s->g, s->door, NULL, &s->known)) != GW_OK ||
	    (err = gw_forward_open(s->g, &none, &s->set)) != GW_OK)
		return err;
	err = listen_at(s, o);
	return err == GW_OK ? be_found(s, o->address) : err;
}

static void
on_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
serve_free(struct gw_serve *s)
{
	struct gw_serve_one *p, *next;

	gw_herald_close(s->herald);
	if (s->listener != NULL)
		gw_listener_close(s->listener);
	for (p = s->first; p != NULL; p = next) {
		next = p->next;
		one_free(p, GW_E_INTERRUPTED, "godwit serve has ended there");
	}
	gw_known_close(s->known);
	gw_door_free(s->door);
	gw_forward_close(s->set);
	free(s->granted);
	free(s->terms);
	uv_close((uv_handle_t *)&s->timer, on_closed);
	gw_loop_poke(&s->g->loop);
}

enum gw_err
gw_serve_open(
    struct gw *g, const struct gw_serve_options *o, struct gw_serve **out)
{
	struct gw_serve *s = calloc(1, sizeof *s);
	enum gw_err err;

	g->last_error[0] = '\0';
	if (s == NULL)
		return gw_context_error(
		    g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
	s->g = g;
	uv_timer_init(&g->loop.uv, &s->timer);
	s->timer.data = s;
	if ((err = open_all(s, o)) != GW_OK) {
		serve_free(s);
		if (g->last_error[0] == '\0')
			gw_context_error(g, err, "%s", gw_err_text(err));
		return err;
	}
	gw_loop_arm(&s->timer, gw_clock_now() + LOOK, on_timer);
	s->next = g->serves;
	g->serves = s;
	gw_loop_poke(&g->loop);
	*out = s;
	return GW_OK;
}

void
gw_serve_close(struct gw_serve *s)
{
	struct gw_serve **at;

	if (s == NULL)
		return;
	for (at = &s->g->serves; *at != s; at = &(*at)->next)
		;
	*at = s->next;
	serve_free(s);
}

/* ---- looking ---- */

uint16_t
gw_serve_port(const struct gw_serve *s)
{
	return gw_listener_port(s->listener);
}

const char *
gw_serve_address(const struct gw_serve *s, size_t n)
{
	return n < s->address_count ? s->addresses[n] : NULL;
}

struct gw_forward *
gw_serve_forward(struct gw_serve *s)
{
	return s->set;
}

bool
gw_serve_peer(const struct gw_serve *s, size_t n, struct gw_serve_peer *out)
{
	const struct gw_serve_one *p = s->first;

	while (p != NULL && n-- > 0)
		p = p->next;
	if (p == NULL)
		return false;
	*out = (struct gw_serve_peer){ .device = p->device,
		.address = p->tunnel->conn != NULL ? p->address : "",
		.carrier = p->tunnel->conn != NULL ? p->carrier : "",
		.rules = gw_tunnel_rules(p->tunnel) };
	return true;
}

enum gw_err
gw_right_normal(
    const char *text, char out[GW_RULE_WHY_MAX * 2], char why[GW_RULE_WHY_MAX])
{
	struct gw_right r;

	if (!gw_right_parse(text, &r, why))
		return GW_E_USAGE;
	gw_right_text(&r, out);
	return GW_OK;
}
