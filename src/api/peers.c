/*
 * gw_peers: who is there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/identity.h"
#include "os/clock.h"
#include "run/context.h"
#include "run/discovery_self.h"
#include "run/endpoint.h"

struct gw_peers {
	struct gw *g;
	struct gw_peers *next; /* of the context */
	struct gw_discovery_port *port;
	struct gw_finding *there; /* GW_ROSTER_MAX: the roster has no more */
	size_t count;

	/* What was pulled last. */
	struct gw_finding gone;
	struct gw_peer_address addresses[GW_ROSTER_SPOTS];
	char key[2 * GW_KEY_LEN + 1];
	char text[sizeof((struct gw_finding *)NULL)->trouble];
	struct gw_tried tried;
};

/* ---- life ---- */

enum gw_err
gw_peers_open(struct gw *g, struct gw_peers **out)
{
	const struct gw_seek everybody = { .ask = GW_ASK_EVERYBODY };
	struct gw_why why = { "" };
	struct gw_peers *p;
	enum gw_err err = GW_E_MEMORY;

	g->last_error[0] = '\0';
	if ((p = calloc(1, sizeof *p)) == NULL)
		goto err0;
	if ((p->there = calloc(GW_ROSTER_MAX, sizeof *p->there)) == NULL)
		goto err1;
	err = gw_discovery_self_open(g, NULL, NULL, &why, &p->port);
	if (err != GW_OK)
		goto err2;
	gw_discovery_port_seek(p->port, &everybody);
	p->g = g;
	p->next = g->peers;
	g->peers = p;
	*out = p;
	return GW_OK;

err2:
	free(p->there);
err1:
	free(p);
err0:
	return gw_context_error(
	    g, err, "%s", why.text[0] != '\0' ? why.text : gw_err_text(err));
}

void
gw_peers_free(struct gw_peers *p)
{
	struct gw_peers **at;

	if (p == NULL)
		return;
	for (at = &p->g->peers; *at != p; at = &(*at)->next)
		;
	*at = p->next;
	gw_discovery_port_close(p->port);
	free(p->there);
	free(p);
}

/* ---- what is told ---- */

static void
fill(struct gw_peers *p, const struct gw_finding *f, struct gw_peer *out)
{
	const gw_usec now = gw_clock_now();
	gw_usec seen = f->seen;

	gw_discovery_port_seen(p->port, f->id, &seen);
	*out = (struct gw_peer){ .id = f->id,
		.name = f->name,
		.receives = f->receives,
		.sends = f->sends,
		.addresses = p->addresses,
		.address_count = f->count,
		.seen_ms = seen < now ? (now - seen) / GW_MSEC : 0 };
	if (f->known) {
		gw_identity_hex(f->known_key, p->key);
		out->device = f->known_name;
		out->key = p->key;
	}
	for (size_t i = 0; i < f->count; i++) {
		const struct gw_finding_address *a = &f->addresses[i];

		p->addresses[i] =
		    (struct gw_peer_address){ gw_endpoint_of(&a->addr),
			    a->interface };
		out->here = out->here || a->here;
	}
}

static size_t
find(const struct gw_peers *p, uint64_t id)
{
	size_t i = 0;

	while (i < p->count && p->there[i].id != id)
		i++;
	return i;
}

/* Who takes the place of another comes after word that the other has gone, so
 * that there are never more than the roster has places. */
static void
take_there(struct gw_peers *p, const struct gw_finding *f, struct gw_peer *out)
{
	const size_t i = find(p, f->id);

	GW_ASSERT(i < GW_ROSTER_MAX);
	if (i == p->count)
		p->count++;
	p->there[i] = *f;
	fill(p, &p->there[i], out);
}

static bool
take_gone(struct gw_peers *p, const struct gw_finding *f, struct gw_peer *out)
{
	const size_t i = find(p, f->id);

	if (i == p->count)
		return false;
	p->gone = p->there[i];
	memmove(&p->there[i], &p->there[i + 1],
	    (--p->count - i) * sizeof *p->there);
	fill(p, &p->gone, out);
	return true;
}

bool
gw_peers_next(struct gw_peers *p, struct gw_peer_event *out)
{
	struct gw_finding f;

	while (gw_discovery_port_next(p->port, &f)) {
		*out = (struct gw_peer_event){ .kind = GW_PEER_TROUBLE };
		switch (f.kind) {
		case GW_FINDING_DEVICE:
			out->kind = GW_PEER_THERE;
			take_there(p, &f, &out->peer);
			return true;
		case GW_FINDING_GONE:
			out->kind = GW_PEER_GONE;
			if (take_gone(p, &f, &out->peer))
				return true;
			break;
		case GW_FINDING_TROUBLE:
			memcpy(p->text, f.trouble, sizeof p->text);
			out->text = p->text;
			return true;
		}
	}
	return false;
}

bool
gw_peers_at(struct gw_peers *p, size_t n, struct gw_peer *out)
{
	if (n >= p->count)
		return false;
	fill(p, &p->there[n], out);
	return true;
}

bool
gw_peers_asked(struct gw_peers *p, size_t n, struct gw_peers_link *out)
{
	struct gw_tried *t = &p->tried;

	if (!gw_discovery_port_tried(p->port, n, t))
		return false;
	*out = (struct gw_peers_link){ t->interface, t->to, t->error };
	return true;
}
