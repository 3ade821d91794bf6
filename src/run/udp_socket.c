#include "run/udp_socket.h"

#include <string.h>

enum {
	HEADERS = 48, /* of IPv6 and UDP, in what ICMP calls an MTU */
	BUFFERS = 16  /* that one call fills, each with a train */
};

/* ---- addresses ---- */

void
gw_path_from_addr(const struct gw_addr *a, struct gw_path *p)
{
	memset(p, 0, sizeof(*p));
	gw_addr_mapped(a, p->ip);
	p->zone = gw_addr_zone(a);
	p->port = gw_addr_port(a);
}

static bool
local_of(const struct gw_path *p, struct gw_addr *a)
{
	static const uint8_t none[sizeof p->local];

	if (memcmp(p->local, none, sizeof none) == 0)
		return false;
	gw_addr_from_mapped(a, p->local, p->zone, 0);
	return true;
}

/* ---- life ---- */

enum gw_err
gw_udp_socket_open(struct gw_udp_socket *s, const char *address, uint16_t port,
    struct gw_why *why)
{
	const struct gw_udp_options o = { .address = address, .port = port };
	struct gw_udp_batch_options bo = { .buffers = BUFFERS };
	struct gw_udp_batch_facts facts;
	enum gw_err err = gw_udp_open(&o, why, &s->udp);

	if (err != GW_OK)
		return err;
	bo.fd = s->udp.fd;
	if ((err = gw_udp_batch_new(&bo, why, &s->batch)) != GW_OK) {
		gw_udp_close(&s->udp);
		return err;
	}
	gw_udp_batch_facts(s->batch, &facts);
	s->has_ecn = facts.has.ecn;
	/* The kernel counts its own overhead as well. */
	s->holds = facts.receive_buffer / 4 * 3;
	return GW_OK;
}

void
gw_udp_socket_close(struct gw_udp_socket *s)
{
	gw_udp_batch_free(s->batch);
	gw_udp_close(&s->udp);
}

/* ---- in ---- */

bool
gw_udp_socket_fill(struct gw_udp_socket *s)
{
	return gw_udp_batch_fill(s->batch) == GW_OK;
}

bool
gw_udp_socket_full(const struct gw_udp_socket *s)
{
	return gw_udp_batch_full(s->batch);
}

static void
note_from(struct gw_udp_socket *s, const struct gw_udp_arrival *a)
{
	gw_path_from_addr(a->from, &s->from);
	if (a->to->len > 0)
		gw_addr_mapped(a->to, s->from.local);
}

bool
gw_udp_socket_next(struct gw_udp_socket *s, struct gw_incoming *d)
{
	struct gw_udp_arrival a;

	do {
		if (!gw_udp_batch_next(s->batch, &a))
			return false;
	} while (a.cut); /* none of ours is so long */
	if (a.first)
		note_from(s, &a);
	d->p = a.bytes;
	d->n = a.len;
	d->mark = (enum gw_mark)a.ecn;
	d->from = s->from;
	return true;
}

/* ---- out ---- */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* An address of this machine that is gone: whichever it has now. */
static enum gw_train_result
send_train(struct gw_udp_socket *s, struct gw_udp_train *t, size_t *sent)
{
	enum gw_train_result r = gw_udp_batch_send(s->batch, t, sent, NULL);

	if (r != GW_TRAIN_LOST || t->from == NULL)
		return r;
	t->from = NULL;
	t->bytes += *sent;
	t->len -= *sent;
	return gw_udp_batch_send(s->batch, t, sent, NULL);
}

bool
gw_udp_socket_send(struct gw_udp_socket *s, const struct gw_burst *b,
    size_t *at, size_t *too_large)
{
	struct gw_addr to, from;
	const bool known = local_of(&b->to, &from);

	*too_large = 0;
	gw_addr_from_mapped(&to, b->to.ip, b->to.zone, b->to.port);
	while (*at < b->len) {
		struct gw_udp_train t = {
			.to = &to,
			.from = known ? &from : NULL,
			.bytes = b->buf + *at,
			.len = least(b->len - *at,
			    least(GW_TRAIN_SEGMENTS * b->segment,
				GW_TRAIN_BYTES / b->segment * b->segment)),
			.segment = b->segment,
			.ecn = b->ect ? GW_MARK_ECT0 : GW_MARK_NONE,
		};
		size_t sent;

		switch (send_train(s, &t, &sent)) {
		case GW_TRAIN_WAIT:
			*at = (size_t)(t.bytes - b->buf) + sent;
			return false;
		case GW_TRAIN_TOO_BIG:
			*at = (size_t)(t.bytes - b->buf) + sent;
			*too_large = least(b->len - *at, b->segment);
			*at += *too_large;
			return true;
		case GW_TRAIN_LOST: /* all of it, as datagrams are */
		default:
			*at = (size_t)(t.bytes - b->buf) + t.len;
			break;
		}
	}
	return true;
}

/* ---- news ---- */

bool
gw_udp_socket_news(struct gw_udp_socket *s, struct gw_udp_news *n)
{
	struct gw_udp_trouble t;

	do {
		if (!gw_udp_batch_trouble(s->batch, &t))
			return false;
	} while (t.to.len == 0);
	memset(n, 0, sizeof *n);
	gw_path_from_addr(&t.to, &n->path);
	n->refused = t.kind == GW_TROUBLE_REFUSED;
	n->no_way = t.kind == GW_TROUBLE_NO_WAY;
	if (t.kind == GW_TROUBLE_TOO_BIG && t.mtu > HEADERS)
		n->too_large = t.mtu - HEADERS;
	return true;
}
