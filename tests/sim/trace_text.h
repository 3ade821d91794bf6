/*
 * trace_text - events of a trace as lines of golden traces:
 * "> #7 1200 bytes: ACK 0-5, STREAM 1 [1152,2304)".
 */
#ifndef GW_TESTS_SIM_TRACE_TEXT_H
#define GW_TESTS_SIM_TRACE_TEXT_H

#include "session/trace.h"

/* false: such an event has no line. */
bool trace_text(const struct gw_trace_event *, char *out, size_t size);

#endif /* GW_TESTS_SIM_TRACE_TEXT_H */
