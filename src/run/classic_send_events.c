/*
 * What the program of a plain send is told.
 */
#include "os/clock.h"
#include "run/classic_send_private.h"

void
gw_classic_send_tell_connected(struct gw_classic_send *j)
{
	const char *name = j->source.name;

	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_CONNECTED,
				 .connected = {
				     .peer = j->address,
				     .address = j->address,
				     .carrier = "classic",
				     .why = "it was asked for",
				     .cipher = "none",
				 } });
	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_OFFER,
				 .offer = {
				     .peer = j->address,
				     .files = 1,
				     .bytes = j->source.size,
				     .bytes_known = !j->source.stream,
				     .names = &name,
				     .name_count = 1,
				 } });
}

static enum gw_limiter
limiter(const struct gw_classic_send *j)
{
	switch (j->engine.state) {
	case GW_CLASSIC_AWAITING:
		return GW_LIMIT_PEER;
	case GW_CLASSIC_GIVING:
		if (j->engine.blocked || j->takes_less)
			return GW_LIMIT_NETWORK;
		if (!j->source.busy)
			return GW_LIMIT_RATE;
		return j->source.stream ? GW_LIMIT_NONE : GW_LIMIT_DISK_HERE;
	default:
		return GW_LIMIT_NETWORK;
	}
}

void
gw_classic_send_tell_progress(struct gw_classic_send *j, gw_usec now)
{
	uint64_t bytes = j->engine.given, total = j->source.size;
	uint64_t rate = gw_speed_update(&j->speed, bytes, now);
	int64_t eta = -1;

	/* Whoever writes into our input may take its time. */
	if (bytes != j->mark || (j->source.stream && j->source.busy))
		j->moved_at = now;
	j->mark = bytes;
	if (rate > 0 && total >= bytes && !j->source.stream)
		eta = (int64_t)((double)(total - bytes) * 1000 / (double)rate);
	gw_events_push(&j->base.events,
	    &(struct gw_event){ .kind = GW_EVENT_PROGRESS,
		.progress = {
		    .bytes = bytes,
		    .bytes_total = total,
		    .files_total = 1,
		    .rate = rate,
		    .eta_ms = eta,
		    .name = j->source.name,
		    .limiter = limiter(j),
		    .stalled_ms = (uint32_t)((now - j->moved_at) / GW_MSEC),
		} });
}

void
gw_classic_send_tell_done(struct gw_classic_send *j)
{
	double seconds = (double)(gw_clock_now() - j->began) / GW_SEC;
	uint64_t bytes = j->engine.given;

	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_ENTRY,
				 .entry = {
				     .name = j->source.name,
				     .kind = GW_KIND_FILE,
				     .bytes = bytes,
				     .status = GW_ENTRY_DONE,
				 } });
	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_COMPLETE,
				 .complete = {
				     .bytes = bytes,
				     .moved = bytes,
				     .files = 1,
				     .seconds = seconds,
				 } });
}
