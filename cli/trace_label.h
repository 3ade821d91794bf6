/*
 * trace_label - what a packet carries, in a few words for a person.
 */
#ifndef GW_CLI_TRACE_LABEL_H
#define GW_CLI_TRACE_LABEL_H

#include <stddef.h>

#include "cli/trace_read.h"

enum { CLI_TRACE_LABEL = 400 };

/*
 * "SYN, 1,200 bytes"; "#7 stream 1: 1,152-2,304, ACK 0-5".  Of a sealed packet
 * the number comes first; `again` is the number of the one that it repeats,
 * UINT64_MAX: none.  What does not fit into so many columns is left out, the
 * least telling first.
 */
void cli_trace_label(char out[CLI_TRACE_LABEL], size_t room,
    const struct cli_trace_event *, uint64_t again);
/* "1,234,567" */
enum { CLI_TRACE_DIGITS = 28 };
const char *cli_trace_digits(char out[CLI_TRACE_DIGITS], uint64_t);
/* Does it only try whether so large a datagram passes? */
bool cli_trace_is_probe(const struct cli_trace_event *);
/* What state a session begins in, by its STARTED. */
const char *cli_trace_first_state(const struct cli_trace_event *);
/* Has it a frame of this type? */
const struct cli_trace_frame *cli_trace_frame(
    const struct cli_trace_event *, enum cli_trace_frame_type);

#endif /* GW_CLI_TRACE_LABEL_H */
