/*
 * flow_fixture - a session with two streams, and its windows.
 */
#ifndef GW_TESTS_UNIT_FLOW_FIXTURE_H
#define GW_TESTS_UNIT_FLOW_FIXTURE_H

#include "session/session.h"
#include "session/udp/flow.h"

enum { FIRST = GW_STREAM_WINDOW, SESSION = GW_SESSION_WINDOW, MIB = 1 << 20 };

extern struct gw_flow f;
extern struct gw_flow_stream s, t; /* 3 and 4 */
extern struct gw_pframe frame;     /* the last one */
extern gw_usec now;
extern uint64_t number; /* of the packet that carries the next frame */

void start(uint64_t stream_max, uint64_t session_max);
/* The next frame is this one. */
void says(enum gw_pframe_type, uint64_t at);
void says_nothing(void);
/* Whatever is due goes out. */
void flush(void);
/* n more bytes of the stream come. */
void comes(uint64_t n);
void credit(uint64_t n);

#endif /* GW_TESTS_UNIT_FLOW_FIXTURE_H */
