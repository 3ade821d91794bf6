#include "cc_path.h"

void
cc_path_init(struct cc_path *p, enum gw_congestion congestion, gw_usec rtt)
{
	*p = (struct cc_path){ .now = 20 * GW_SEC, .rtt = rtt };
	gw_cc_init(&p->cc,
	    &(struct gw_cc_options){ .congestion = congestion,
		.datagram = CC_DATAGRAM,
		.seed = 1,
		.rtt = rtt },
	    p->now);
}

static uint64_t
in_flight(const struct cc_path *p)
{
	return p->in_flight != 0 ? p->in_flight
				 : gw_rate_bytes(p->rate, p->rtt);
}

static void
ack(struct cc_path *p, uint64_t bytes, uint64_t prior)
{
	p->delivered += bytes;
	if (p->min_rtt == 0 || p->rtt < p->min_rtt)
		p->min_rtt = p->rtt;
	p->cc.ops->acked(
	    &p->cc, &(struct gw_cc_ack){
			.now = p->now,
			.acked = bytes,
			.sent = bytes,
			.in_flight = in_flight(p),
			.rtt = p->rtt,
			.min_rtt = p->min_rtt,
			.smoothed_rtt = p->rtt,
			.delivered = p->delivered,
			.lost = p->lost,
			.rate = { .any = true,
			    .app_limited = p->app_limited,
			    .rate = p->rate,
			    .delivered = gw_rate_bytes(p->rate, p->rtt),
			    .prior_delivered = prior,
			    .in_flight = in_flight(p) },
			.window_limited = !p->unlimited,
			.recovering = p->recovering,
			.silence = p->silence,
		    });
}

/* A packet leaves with each ACK, and is acknowledged a round later. */
void
cc_path_round(struct cc_path *p)
{
	for (unsigned i = 0; i < CC_ACKS; i++) {
		p->now += p->rtt / CC_ACKS;
		ack(p, gw_rate_bytes(p->rate, p->rtt / CC_ACKS),
		    p->left[p->next]);
		p->left[p->next] = p->delivered;
		p->next = (p->next + 1) % CC_ACKS;
	}
}

void
cc_path_rounds(struct cc_path *p, unsigned n)
{
	while (n-- > 0)
		cc_path_round(p);
}

void
cc_path_ack(struct cc_path *p, uint64_t bytes)
{
	ack(p, bytes, p->delivered);
}

void
cc_path_lose(struct cc_path *p, uint64_t bytes, bool episode)
{
	p->lost += bytes;
	p->cc.ops->lost(&p->cc,
	    &(struct gw_cc_loss){
		.now = p->now,
		.bytes = bytes,
		.ranges = (unsigned)(bytes / CC_DATAGRAM),
		.in_flight = in_flight(p) > bytes ? in_flight(p) - bytes : 0,
		.delivered = p->delivered,
		.lost = p->lost,
		.sent_in_flight = in_flight(p),
		.lost_since = bytes,
		.app_limited = p->app_limited,
		.episode = episode,
	    });
}

void
cc_path_mark(struct cc_path *p, uint64_t packets, bool episode)
{
	p->cc.ops->lost(&p->cc, &(struct gw_cc_loss){
				    .now = p->now,
				    .ce = packets,
				    .in_flight = in_flight(p),
				    .delivered = p->delivered,
				    .lost = p->lost,
				    .sent_in_flight = in_flight(p),
				    .episode = episode,
				});
}
