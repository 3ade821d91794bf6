/*
 * output - standard output that never keeps the program waiting.
 *
 * What does not fit into a pipe or terminal just now waits here; whoever fills
 * it stops when it is full.  The descriptor's flags are never changed: it is
 * shared with others.
 */
#ifndef GW_CLI_OUTPUT_H
#define GW_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct cli_output {
	char *bytes;
	size_t start, end, room;
	int error; /* errno of the write that failed: nothing more goes out */
};

/* All zeros is an empty one. */
void cli_output_fini(struct cli_output *);
void cli_output_add(struct cli_output *, const void *, size_t);
void cli_output_text(struct cli_output *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Is there enough for now? */
bool cli_output_full(const struct cli_output *);
/* Does something wait until standard output takes it? */
bool cli_output_waits(const struct cli_output *);
/* Write what it takes now. */
void cli_output_flush(struct cli_output *);
/* Write all of it; the wait ends when signal_fd becomes readable, or nothing
 * was taken for patience_ms (-1: for ever). */
void cli_output_finish(struct cli_output *, int signal_fd, int patience_ms);

#endif /* GW_CLI_OUTPUT_H */
