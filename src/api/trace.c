/*
 * The trace of godwit.h: what sessions do, into a file.
 */
#include <stdint.h>

#include "run/trace_log.h"

enum gw_err
gw_trace_open(int fd, struct gw_trace_log **out)
{
	return gw_trace_log_open(fd, "godwit " GW_VERSION, out);
}

enum gw_err
gw_trace_close(struct gw_trace_log *l, uint64_t *dropped)
{
	uint64_t n = 0;
	const enum gw_err err = gw_trace_log_close(l, &n);

	if (dropped != NULL)
		*dropped = n;
	return err;
}
