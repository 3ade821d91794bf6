/*
 * The hot path: bursts from clients to targets and back.  It allocates
 * nothing but what a new flow needs.
 */
#include <string.h>

#include "os/clock.h"
#include "run/forward.h"
#include "run/forward_udp.h"

enum {
	ROUNDS = 16,  /* of asking who is ready, before others have a turn */
	LISTENER = 4, /* batches of it a round */
	SHARE = 16,   /* buffers that one flow fills before the next one */
	ERRORS = 64   /* of one socket in a round */
};

static struct gw_udp_load
load_of(const struct gw_udp_burst *b)
{
	return (struct gw_udp_load){
		.count = b->count, .bytes = b->len, .segment = b->segment
	};
}

static enum gw_drop
reason_of(enum gw_udp_fate fate)
{
	static const enum gw_drop reasons[GW_FATES] = {
		[GW_FATE_TOO_BIG] = GW_DROP_TOO_BIG,
		[GW_FATE_QUEUE] = GW_DROP_QUEUE,
		[GW_FATE_NO_ROUTE] = GW_DROP_NO_ROUTE,
		[GW_FATE_FORBIDDEN] = GW_DROP_FORBIDDEN,
	};

	return reasons[fate];
}

/* ---- bursts become sendings ---- */

/* May what comes next still be merged?  Only the last one may be short. */
static bool
is_open(const struct gw_udp_sending *s)
{
	return s->segment > 0 && s->len == s->segment * s->count;
}

static bool
fits(const struct gw_udp_sending *s, const struct gw_udp_burst *b)
{
	return !s->split && is_open(s) && b->tos == s->tos && b->len > 0 &&
	       (b->segment == s->segment ||
		   (b->count == 1 && b->len < s->segment)) &&
	       s->count + b->count <= GW_BURST_SEGMENTS &&
	       s->len + b->len <= GW_BURST_BYTES;
}

static void
begin(struct gw_udp_sending *s, const struct gw_udp_back *to, bool split,
    const struct iovec *piece, const struct gw_udp_burst *b)
{
	s->to = to;
	s->pieces = piece;
	s->piece_count = 1;
	s->segment = b->segment;
	s->count = b->count;
	s->len = b->len;
	s->tos = b->tos;
	s->split = split;
}

static void
append(struct gw_udp_sending *s, const struct gw_udp_burst *b)
{
	s->piece_count++;
	s->count += b->count;
	s->len += b->len;
}

/* ---- from clients ---- */

static void
count_request_fates(struct gw_forward_udp *f, struct gw_udp_upstream *u,
    const struct gw_udp_sending *s)
{
	for (enum gw_udp_fate i = GW_FATE_SENT + 1; i < GW_FATES; i++) {
		const struct gw_udp_load l = { .count = s->fates[i].count,
			.bytes = s->fates[i].bytes };

		if (l.count > 0)
			gw_udp_flows_lost_request(
			    f->flows, u->flow, &l, reason_of(i));
	}
}

/* One by one, each behind the header that says for whom it is. */
static void
send_with_header(struct gw_forward_udp *f, struct gw_udp_upstream *u,
    const struct gw_udp_burst *b)
{
	struct iovec pieces[2] = { { u->header, u->header_len } };
	uint32_t at = 0;

	do {
		const uint32_t left = b->len - at;
		const uint32_t n = left < b->segment ? left : b->segment;
		struct gw_udp_sending s = {
			.to = &u->target,
			.pieces = u->announced ? pieces + 1 : pieces,
			.piece_count = u->announced ? 1 : 2,
			.count = 1,
			.tos = b->tos,
		};
		const struct gw_udp_load l = { .count = 1, .bytes = n };

		pieces[1] = (struct iovec){ b->bytes + at, n };
		s.segment = s.len =
		    n + (u->announced ? 0 : (uint32_t)u->header_len);
		gw_udp_sendings(&u->udp, &s, 1);
		for (enum gw_udp_fate i = GW_FATE_SENT + 1; i < GW_FATES; i++)
			if (s.fates[i].count > 0)
				gw_udp_flows_lost_request(
				    f->flows, u->flow, &l, reason_of(i));
		if (s.fates[GW_FATE_SENT].count > 0 &&
		    f->base.rule.proxy == GW_RULE_PROXY_V2)
			u->announced = true;
		at += n;
	} while (at < b->len);
}

/* All bursts of one flow that are in the buffers. */
static void
send_requests(struct gw_forward_udp *f, struct gw_udp_upstream *u)
{
	struct gw_udp_sending v[GW_BURSTS];
	struct iovec pieces[GW_BURSTS];
	unsigned n = 0, piece = 0;

	for (uint16_t i = u->first; i != GW_FORWARD_NONE; i = f->next[i]) {
		const struct gw_udp_burst *b = gw_udp_bursts_at(f->bursts, i);

		if (!u->announced) {
			send_with_header(f, u, b);
			continue;
		}
		pieces[piece] = (struct iovec){ b->bytes, b->len };
		if (n > 0 && fits(&v[n - 1], b))
			append(&v[n - 1], b);
		else
			begin(&v[n++], &u->target, u->target_split,
			    &pieces[piece], b);
		piece++;
	}
	gw_udp_sendings(&u->udp, v, n);
	for (unsigned i = 0; i < n; i++) {
		count_request_fates(f, u, &v[i]);
		u->target_split = u->target_split || v[i].split;
	}
}

static void
key_of(const struct gw_udp_port_open *p, const struct gw_udp_burst *b,
    struct gw_udp_flow_key *k)
{
	memcpy(k->client, b->peer, sizeof k->client);
	if (p->wildcard)
		memcpy(k->local, b->local, sizeof k->local);
	else
		gw_addr_mapped(&p->at, k->local);
	k->client_zone = b->peer_zone;
	/* The same link-local address may be that of several links. */
	k->local_zone = b->peer_zone != 0 ? b->interface : 0;
	k->port = b->peer_port;
	k->local_port = p->udp.port;
}

/* The flow that a burst goes out in; NULL: none does, and it is counted. */
static struct gw_udp_upstream *
sort(struct gw_forward_udp *f, struct gw_udp_port_open *p,
    const struct gw_udp_burst *b, gw_usec now)
{
	const struct gw_udp_load l = load_of(b);
	struct gw_udp_flow_key key;
	struct gw_udp_flow *flow;

	if (b->lost_before > 0)
		gw_udp_flows_drop(
		    f->flows, NULL, GW_DROP_KERNEL, b->lost_before);
	if (b->cut) {
		gw_udp_flows_drop(f->flows, NULL, GW_DROP_TRUNCATED, b->count);
		return NULL;
	}
	key_of(p, b, &key);
	if (gw_udp_flows_request(f->flows, &key, &l, now, &flow) !=
	    GW_DROP_NONE)
		return NULL;
	if (flow->user == NULL && !gw_forward_udp_connect(f, p, flow, b))
		return NULL;
	return flow->user;
}

/* As many flows more as the set has descriptors. */
static void
set_budget(struct gw_forward_udp *f)
{
	const struct gw_forward *set = f->base.set;
	const size_t left = set->files_max - set->files;
	const size_t limit = f->budget.used + left;

	f->budget.limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
}

/* A batch of them; false: nothing more waits. */
static bool
take_requests(struct gw_forward_udp *f, struct gw_udp_port_open *p, gw_usec now)
{
	struct gw_udp_upstream *first = NULL, **end = &first, *u;
	const unsigned n = gw_udp_bursts_recv(f->bursts, &p->udp, 0, GW_BURSTS);

	set_budget(f);
	for (unsigned i = 0; i < n; i++) {
		u = sort(f, p, gw_udp_bursts_at(f->bursts, i), now);
		if (u == NULL)
			continue;
		f->next[i] = GW_FORWARD_NONE;
		if (u->pending)
			f->next[u->last] = (uint16_t)i;
		else {
			u->pending = true;
			u->first = (uint16_t)i;
			u->next_pending = NULL;
			*end = u;
			end = &u->next_pending;
		}
		u->last = (uint16_t)i;
	}
	for (u = first; u != NULL; u = u->next_pending) {
		u->pending = false;
		send_requests(f, u);
	}
	return n == GW_BURSTS;
}

/* ---- from targets ---- */

static void
flush(struct gw_forward_udp *f)
{
	struct gw_udp_outgoing *const out = &f->out;

	if (out->count > 0)
		gw_udp_sendings(&out->port->udp, out->v, out->count);
	for (unsigned k = 0; k < out->count; k++) {
		const struct gw_udp_sending *s = &out->v[k];
		struct gw_udp_upstream *u = out->of[k];

		u->client_split = u->client_split || s->split;
		for (enum gw_udp_fate i = GW_FATE_SENT + 1; i < GW_FATES; i++) {
			const struct gw_udp_load l = { .count =
							   s->fates[i].count,
				.bytes = s->fates[i].bytes };

			if (l.count > 0)
				gw_udp_flows_lost_reply(
				    f->flows, u->flow, &l, reason_of(i));
		}
	}
	out->count = out->piece_count = out->buffers = 0;
}

/* To leave with the next flush. */
static void
put(struct gw_forward_udp *f, struct gw_udp_upstream *u,
    const struct gw_udp_burst *b)
{
	struct gw_udp_outgoing *const out = &f->out;
	struct gw_udp_sending *last =
	    out->count > 0 ? &out->v[out->count - 1] : NULL;
	struct iovec *piece = &out->pieces[out->piece_count++];

	*piece = (struct iovec){ b->bytes, b->len };
	if (last != NULL && out->of[out->count - 1] == u && fits(last, b)) {
		append(last, b);
		return;
	}
	out->of[out->count] = u;
	begin(&out->v[out->count++], &u->client, u->client_split, piece, b);
}

/* An answer bears the header that its question had, if it knows of it. */
static void
strip_header(const struct gw_forward_udp *f, const struct gw_udp_upstream *u,
    struct gw_udp_burst *b)
{
	if (f->base.rule.proxy != GW_RULE_PROXY_SPP || b->len < u->header_len ||
	    memcmp(b->bytes, u->header, u->header_len) != 0)
		return;
	b->bytes += u->header_len;
	b->len -= (uint32_t)u->header_len;
	b->segment = b->len;
}

static void
take_reply(struct gw_forward_udp *f, struct gw_udp_upstream *u,
    const struct gw_udp_burst *came, gw_usec now)
{
	struct gw_udp_burst b = *came;
	struct gw_udp_load l;
	uint32_t pass;

	if (b.lost_before > 0)
		gw_udp_flows_drop(
		    f->flows, u->flow, GW_DROP_KERNEL, b.lost_before);
	if (b.cut || u->flow->over) {
		gw_udp_flows_drop(f->flows, u->flow,
		    b.cut ? GW_DROP_TRUNCATED : GW_DROP_LATE, b.count);
		return;
	}
	strip_header(f, u, &b);
	l = load_of(&b);
	pass = gw_udp_flows_reply(f->flows, u->flow, &l, now);
	if (pass == 0)
		return;
	if (pass < b.count) {
		b.count = pass;
		b.len = pass * b.segment;
	}
	put(f, u, &b);
}

static void
take_replies(struct gw_forward_udp *f, struct gw_udp_upstream *u, gw_usec now)
{
	struct gw_udp_outgoing *const out = &f->out;
	unsigned n;

	if (GW_BURSTS - out->buffers < SHARE || out->port != u->port)
		flush(f);
	out->port = u->port;
	n = gw_udp_bursts_recv(f->bursts, &u->udp, out->buffers, SHARE);
	for (unsigned i = 0; i < n; i++)
		take_reply(
		    f, u, gw_udp_bursts_at(f->bursts, out->buffers + i), now);
	out->buffers += n;
}

/* ---- what the network says ---- */

static void
reflect(const struct gw_forward_udp *f, const struct gw_udp_flow_key *k,
    enum gw_unreachable what)
{
	struct gw_addr client, local;

	gw_addr_from_mapped(&client, k->client, k->client_zone, k->port);
	gw_addr_from_mapped(&local, k->local, k->local_zone, k->local_port);
	(void)gw_icmp_reply_send(&f->icmp, &client, &local, what);
}

static void
refused(struct gw_forward_udp *f, struct gw_udp_upstream *u,
    enum gw_unreachable what, gw_usec now)
{
	struct gw_udp_flow *flow = u->flow;

	/* Its name may have more than this address. */
	if (!flow->answered)
		gw_forward_names_another(&f->names, flow->target);
	gw_udp_flows_refused(f->flows, flow, now);
	/* One that is over goes on at another target. */
	if (u->told && !flow->over && gw_udp_flow_tell(flow, now))
		reflect(f, &flow->key, what);
}

static void
take_errors(struct gw_forward_udp *f, struct gw_udp_upstream *u, gw_usec now)
{
	struct gw_udp_error e;

	for (int i = 0; i < ERRORS; i++) {
		if (u->flow->over || gw_udp_next_error(&u->udp, &e) != GW_OK)
			return;
		/* It grew too large on its way; the kernel knows by now. */
		if (e.what == GW_UNREACHABLE_SIZE)
			gw_udp_flows_drop(
			    f->flows, u->flow, GW_DROP_TOO_BIG, 1);
		else
			refused(f, u, e.what, now);
	}
}

/* Of clients that went away: their flows end by themselves. */
static void
take_port_errors(struct gw_forward_udp *f, struct gw_udp_port_open *p)
{
	struct gw_udp_error e;

	for (int i = 0; i < ERRORS; i++) {
		if (gw_udp_next_error(&p->udp, &e) != GW_OK)
			return;
		gw_udp_flows_drop(f->flows, NULL,
		    e.what == GW_UNREACHABLE_SIZE ? GW_DROP_TOO_BIG
						  : GW_DROP_ICMP,
		    1);
	}
}

/* ---- turns ---- */

static void
serve_port(struct gw_forward_udp *f, struct gw_udp_port_open *p,
    const struct gw_watch_event *e, gw_usec now)
{
	flush(f); /* it holds buffers */
	for (int i = 0; i < LISTENER && e->readable; i++)
		if (!take_requests(f, p, now))
			break;
	if (e->error)
		take_port_errors(f, p);
}

static void
serve_flow(struct gw_forward_udp *f, struct gw_udp_upstream *u,
    const struct gw_watch_event *e, gw_usec now)
{
	if (e->readable)
		take_replies(f, u, now);
	if (e->error)
		take_errors(f, u, now);
}

void
gw_forward_udp_on_poll(uv_poll_t *poll, int status, int events)
{
	struct gw_forward_udp *f = poll->data;
	struct gw_watch_event v[GW_WATCH_BATCH];
	const uint64_t opened = f->flows->opened;

	(void)status;
	(void)events;
	for (int round = 0; round < ROUNDS; round++) {
		const size_t n = gw_watch_take(&f->watch, v, GW_WATCH_BATCH);
		const gw_usec now = gw_clock_now();

		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++) {
			struct gw_udp_watched *w = v[i].arg;

			if (w->is_port)
				serve_port(f, (struct gw_udp_port_open *)w,
				    &v[i], now);
			else
				serve_flow(
				    f, (struct gw_udp_upstream *)w, &v[i], now);
		}
		flush(f);
		/* No event that was taken speaks of a flow that is gone. */
		gw_forward_udp_reap(f);
	}
	gw_forward_udp_settle(f);
	if (f->flows->opened != opened)
		gw_forward_udp_arm(f);
}
