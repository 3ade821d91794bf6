/*
 * flow - how far each side may send: windows of streams.
 *
 * Offsets only.  A stream's window starts at GW_STREAM_WINDOW on both sides
 * and grows to the owner's with the first credit.  A WINDOW is due for a
 * quarter of it.
 */
#ifndef GW_SESSION_UDP_FLOW_H
#define GW_SESSION_UDP_FLOW_H

#include <stdbool.h>
#include <stdint.h>

struct gw_flow {
	uint64_t window;
	unsigned due; /* streams with a WINDOW to send */
};

struct gw_flow_stream {
	uint64_t send_max;          /* the peer's limit */
	uint64_t granted, credited; /* our limit; dealt with by the owner */
	bool due;
};

void gw_flow_init(struct gw_flow *, uint64_t window);
void gw_flow_stream_init(const struct gw_flow *, struct gw_flow_stream *);
bool gw_flow_allows(const struct gw_flow_stream *, uint64_t end);
void gw_flow_credit(struct gw_flow *, struct gw_flow_stream *, uint64_t n);
/* The WINDOW to send; it counts as sent. */
bool gw_flow_next(
    struct gw_flow *, struct gw_flow_stream *, uint64_t *granted);
void gw_flow_lost(struct gw_flow *, struct gw_flow_stream *);

#endif /* GW_SESSION_UDP_FLOW_H */
