/*
 * program - runs the whole program on a scripted library (fake_api) in a
 * child, with or without a terminal.
 */
#ifndef GW_TESTS_UNIT_PROGRAM_H
#define GW_TESTS_UNIT_PROGRAM_H

#include <stddef.h>

#include "fake_api.h"

enum { PROGRAM_OUTPUT = 16384 };

/* Of the last run. */
struct result {
	int status; /* exit status; 1000 + signal */
	char out[PROGRAM_OUTPUT], err[PROGRAM_OUTPUT];
	struct fake seen; /* strings only as arrays: it was another process */
};

extern struct result result;

/* Nothing of the person's environment counts. */
void program_setup(void);
/* Group set-up and tear-down: that, and a working directory that has photos
 * and x to send, and the directory in. */
int program_begin(void **state);
int program_end(void **state);

/* What the library will play; everything else of `fake` is cleared. */
void play(const struct fake_step *, size_t count);
#define PLAY(steps) play(steps, sizeof(steps) / sizeof *(steps))

/* Words with one space between them; no terminal.  Returns result.status. */
int run(const char *line);

struct dialogue {
	const char *after; /* once this has been shown, ... */
	const char *type;  /* ... this is typed (NULL: `signal` is sent) */
	int signal;
};

/* On a terminal of 80 columns; what it shows is in result.out. */
int run_on_terminal(const char *line, const struct dialogue *, size_t count);

void says(const char *text, const char *word);
void says_not(const char *text, const char *word);

/* Events for scripts. */
extern const struct gw_event listening, connected, offer, asking, conflict,
    moving, stalled, complete, the_end;
/* A transfer from LISTENING to END. */
enum { TRANSFER_STEPS = 6 };
extern const struct fake_step transfer[TRANSFER_STEPS];
extern const struct fake_step found[TRANSFER_STEPS]; /* by beacons */

#endif /* GW_TESTS_UNIT_PROGRAM_H */
