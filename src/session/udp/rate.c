#include "session/udp/rate.h"

#include "base/assert.h"

/* A product with one million stays within 64 bits. */
#define SAFE (UINT64_MAX / GW_SEC)

void
gw_rate_init(struct gw_rate *r, gw_usec now)
{
	*r = (struct gw_rate){ .delivered_time = now, .first_sent = now };
}

void
gw_rate_train(struct gw_rate *r, bool idle, gw_usec now, struct gw_train *out)
{
	if (idle)
		r->first_sent = r->delivered_time = now;
	*out = (struct gw_train){
		.sent = now,
		.delivered = r->delivered,
		.delivered_time = r->delivered_time,
		.first_sent = r->first_sent,
		.lost = r->lost,
		.app_limited = r->app_limited != 0,
	};
}

void
gw_rate_acked(struct gw_rate *r, uint64_t bytes, const struct gw_train *t,
    gw_usec min_rtt, gw_usec now, struct gw_rate_sample *out)
{
	const gw_usec ack_elapsed = now - t->delivered_time;
	const gw_usec send_elapsed = t->sent - t->first_sent;
	/* Not faster than it was sent: an ACK that was held up on its way
	 * says nothing about the path of the data. */
	const gw_usec interval =
	    ack_elapsed > send_elapsed ? ack_elapsed : send_elapsed;

	r->delivered += bytes;
	r->delivered_time = now;
	r->first_sent = t->sent;
	if (r->app_limited != 0 && r->delivered > r->app_limited)
		r->app_limited = 0;
	*out = (struct gw_rate_sample){
		.any = true,
		.app_limited = t->app_limited,
		.delivered = r->delivered - t->delivered,
		.prior_delivered = t->delivered,
		.in_flight = t->in_flight,
		.lost = r->lost > t->lost ? r->lost - t->lost : 0,
	};
	if (interval > 0 && interval >= min_rtt)
		out->rate = gw_rate_of(out->delivered, interval);
}

void
gw_rate_app_limited(struct gw_rate *r, uint64_t in_flight)
{
	r->app_limited = r->delivered + in_flight;
	r->app_limited += r->app_limited == 0;
}

uint64_t
gw_rate_bytes(uint64_t rate, gw_usec time)
{
	if (time != 0 && rate > UINT64_MAX / time)
		return rate / GW_SEC > UINT64_MAX / time ? UINT64_MAX
							 : rate / GW_SEC * time;
	return rate * time / GW_SEC;
}

gw_usec
gw_rate_time(uint64_t rate, uint64_t bytes)
{
	GW_ASSERT(rate > 0);
	if (bytes > SAFE)
		return bytes / rate > SAFE ? UINT64_MAX : bytes / rate * GW_SEC;
	return bytes * GW_SEC / rate;
}

uint64_t
gw_rate_of(uint64_t bytes, gw_usec time)
{
	GW_ASSERT(time > 0);
	if (bytes > SAFE)
		return bytes / time > SAFE ? UINT64_MAX : bytes / time * GW_SEC;
	return bytes * GW_SEC / time;
}
