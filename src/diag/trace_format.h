/*
 * trace_format - the tracepoint sock:inet_sock_set_state as bytes: where its
 * fields lie, which differs from kernel to kernel, and what a record of it
 * says.
 *
 * No system call here.
 */
#ifndef GW_DIAG_TRACE_FORMAT_H
#define GW_DIAG_TRACE_FORMAT_H

#include "base/slice.h"
#include "diag/socket_history.h"

enum gw_trace_field_name {
	GW_TRACE_SKADDR,
	GW_TRACE_OLDSTATE,
	GW_TRACE_NEWSTATE,
	GW_TRACE_SPORT,
	GW_TRACE_DPORT,
	GW_TRACE_FAMILY,
	GW_TRACE_PROTOCOL,
	GW_TRACE_SADDR,
	GW_TRACE_DADDR,
	GW_TRACE_FIELDS /* how many */
};

struct gw_trace_field {
	uint16_t offset, size;
};

struct gw_trace_format {
	struct gw_trace_field fields[GW_TRACE_FIELDS];
};

/* Out of the file `format`; false: a field that is needed is not there. */
bool gw_trace_format_parse(struct gw_trace_format *, const char *text);

enum gw_trace_record {
	GW_TRACE_TRANSITION,
	GW_TRACE_LOST, /* *lost records that had no room */
	GW_TRACE_OTHER /* nothing for us */
};

/*
 * One whole record of the perf ring, header included, with the sample type
 * TID, TIME and RAW.  `ours` of the transition is false.
 */
enum gw_trace_record gw_trace_record(const struct gw_trace_format *,
    struct gw_slice, struct gw_transition *, uint64_t *lost);

#endif /* GW_DIAG_TRACE_FORMAT_H */
