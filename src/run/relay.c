#include "run/relay.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/random.h"

/* ---- events ---- */

struct gw_relay_event *
gw_relay_tell(struct gw_relay *r, enum gw_relay_event_kind kind, unsigned link)
{
	struct gw_relay_event *e;

	GW_ASSERT(link < r->set.name_count);
	if (r->event_count == GW_RELAY_EVENTS)
		return NULL;
	e = &r->events[(r->event_first + r->event_count++) % GW_RELAY_EVENTS];
	*e = (struct gw_relay_event){ .kind = kind };
	memcpy(e->interface, r->set.names[link], sizeof e->interface);
	return e;
}

bool
gw_relay_next(struct gw_relay *r, struct gw_relay_event *out)
{
	if (r->event_count == 0)
		return false;
	*out = r->events[r->event_first];
	r->event_first = (r->event_first + 1) % GW_RELAY_EVENTS;
	r->event_count--;
	return true;
}

/* ---- the loop ---- */

static void
on_turn(uv_check_t *c)
{
	struct gw_relay *r = c->data;

	gw_relay_take_turn(r);
	gw_relay_sites_turn(r);
}

static void
on_links(uv_poll_t *p, int status, int events)
{
	struct gw_relay *r = p->data;
	struct gw_why why;

	(void)events;
	if (gw_link_watch_update(r->watch))
		(void)gw_relay_links_update(r, &why); /* told as trouble */
	/* An overflow of its buffer makes libuv stop. */
	if (status < 0)
		uv_poll_start(p, UV_READABLE, on_links);
}

/* ---- life ---- */

static void
free_all(struct gw_relay *r)
{
	for (size_t i = 0; i < GW_RELAY_RULES; i++)
		free(r->texts[i]);
	if (r->has_raw)
		gw_raw_close(&r->raw);
	gw_link_watch_free(r->watch);
	gw_relay_engine_free(r->e);
	free(r->rooms);
	free(r);
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_relay *r = h->data;

	if (--r->handles == 0)
		free_all(r);
}

void
gw_relay_close(struct gw_relay *r)
{
	struct gw_relay **at;

	if (r == NULL)
		return;
	for (at = &r->g->relays; *at != r; at = &(*at)->next)
		;
	*at = r->next;
	for (unsigned i = 0; i < GW_RELAY_LINKS; i++)
		gw_relay_close_link(r, i);
	for (unsigned i = 0; i < GW_RELAY_HELD; i++)
		gw_relay_close_held(r, i);
	gw_relay_pipes_fini(&r->pipes);
	gw_relay_sites_fini(r);
	gw_metrics_close(r->metrics);
	r->metrics = NULL;
	gw_loop_poke(&r->g->loop);
	if (r->handles == 0) {
		free_all(r);
		return;
	}
	uv_close((uv_handle_t *)&r->watch_poll, on_closed);
	uv_close((uv_handle_t *)&r->turn, on_closed);
	uv_close((uv_handle_t *)&r->timer, on_closed);
}

static enum gw_err
no_memory(struct gw *g)
{
	return gw_context_error(g, GW_E_MEMORY, "%s", gw_err_text(GW_E_MEMORY));
}

static enum gw_err
read_rules(struct gw_relay *r, const struct gw_relay_options *o)
{
	struct gw_relay_word all[] = { { "between", o->between },
		{ "from", o->from }, { "group", o->group },
		{ "source", o->source }, { "allow", o->allow },
		{ "deny", o->deny }, { "rate", o->rate },
		{ "replies", o->replies } };
	char why[GW_RELAY_WHY];
	enum gw_err err;
	size_t n = 0;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i].value != NULL)
			all[n++] = all[i];
	if (o->rule_count == 0)
		return gw_context_error(r->g, GW_E_USAGE,
		    "which port? A relay needs one rule or more");
	if ((err = gw_relay_sites_name(r, o)) != GW_OK)
		return err == GW_E_MEMORY ? no_memory(r->g) : err;
	for (size_t i = 0; i < o->rule_count; i++)
		if (!gw_relay_ruleset_add(&r->set, o->rules[i], all, n, why))
			return gw_context_error(r->g, GW_E_USAGE, "%s", why);
	for (size_t i = 0; i < o->peer_count; i++)
		if (!gw_relay_ruleset_add_peers(&r->set, o->peers[i], why))
			return gw_context_error(r->g, GW_E_USAGE, "%s", why);
	return GW_OK;
}

static enum gw_err
write_rules(struct gw_relay *r)
{
	char text[GW_RELAY_TEXT];

	for (size_t i = 0; i < r->set.count; i++) {
		gw_relay_rule_text(&r->set, i, text);
		if ((r->texts[i] = strdup(text)) == NULL)
			return no_memory(r->g);
	}
	return GW_OK;
}

static bool
needs_raw(const struct gw_relay *r)
{
	for (size_t i = 0; i < r->set.count; i++)
		if (r->set.rules[i].source == GW_RELAY_KEEP ||
		    r->set.rules[i].source == GW_RELAY_ADDRESS)
			return true;
	return false;
}

/* All but the loop. */
static enum gw_err
make(struct gw_relay *r, const struct gw_relay_options *o)
{
	struct gw_why why = { "" };
	enum gw_err err;

	r->dry = o->dry;
	r->tell_each = o->tell_each;
	r->random = gw_random_os();
	if ((err = read_rules(r, o)) != GW_OK ||
	    (err = write_rules(r)) != GW_OK)
		return err;
	if (gw_relay_engine_new(r->set.rules, r->set.count, &r->random,
		gw_clock_now(), &r->e) != GW_OK)
		return no_memory(r->g);
	/* Of each only the pages are used that datagrams fill. */
	if ((r->rooms = malloc((size_t)GW_RELAY_TURN * GW_UDP_ROOM)) == NULL)
		return no_memory(r->g);
	if (needs_raw(r) && !r->dry) {
		if ((err = gw_raw_udp_open(&r->raw, &why)) != GW_OK)
			return gw_context_error(r->g, err, "%s", why.text);
		r->has_raw = true;
	}
	if ((err = gw_link_watch_open(&r->watch, &why)) != GW_OK)
		return gw_context_error(r->g, err, "%s", why.text);
	return GW_OK;
}

static enum gw_err
start(struct gw_relay *r)
{
	uv_loop_t *uv = &r->g->loop.uv;

	if (uv_poll_init(uv, &r->watch_poll, gw_link_watch_fd(r->watch)) != 0)
		return no_memory(r->g);
	uv_check_init(uv, &r->turn);
	uv_timer_init(uv, &r->timer);
	r->handles = 3;
	r->watch_poll.data = r->turn.data = r->timer.data = r;
	uv_poll_start(&r->watch_poll, UV_READABLE, on_links);
	uv_check_start(&r->turn, on_turn);
	gw_loop_poke(&r->g->loop);
	return GW_OK;
}

enum gw_err
gw_relay_open(
    struct gw *g, const struct gw_relay_options *o, struct gw_relay **out)
{
	struct gw_relay *r = calloc(1, sizeof *r);
	struct gw_why why = { "" };
	enum gw_err err;

	g->last_error[0] = '\0';
	if (r == NULL)
		return no_memory(g);
	r->g = r->pipes.g = g;
	r->next = g->relays;
	g->relays = r;
	err = make(r, o);
	if (err == GW_OK && !r->dry)
		err = start(r);
	if (err == GW_OK && (err = gw_relay_links_update(r, &why)) != GW_OK)
		gw_context_error(g, err, "%s", why.text);
	if (err == GW_OK)
		err = gw_relay_sites_start(r, o); /* it tells itself */
	if (err != GW_OK) {
		gw_relay_close(r);
		return err;
	}
	*out = r;
	return GW_OK;
}

const char *
gw_relay_rule(const struct gw_relay *r, size_t n)
{
	return n < r->set.count ? r->texts[n] : NULL;
}
