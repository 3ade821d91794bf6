/*
 * trace_axis - round numbers along an axis, with their units.
 */
#ifndef GW_CLI_TRACE_AXIS_H
#define GW_CLI_TRACE_AXIS_H

#include <stddef.h>

enum cli_trace_unit {
	CLI_TRACE_BYTES, /* bytes */
	CLI_TRACE_TIME,  /* us */
	CLI_TRACE_RATE   /* bits a second */
};

/* A step of 1, 2 or 5 times a power of ten, so that `most` has at most so many
 * of them; more than 0. */
double cli_trace_step(double most, unsigned steps);
/* "1.5 MB", "20 ms", "100 Mbit/s"; `step` says how exact it must be. */
enum { CLI_TRACE_TICK = 32 };
void cli_trace_tick(
    char out[CLI_TRACE_TICK], enum cli_trace_unit, double value, double step);

#endif /* GW_CLI_TRACE_AXIS_H */
