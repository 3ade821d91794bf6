/*
 * hook_runner - the process that runs the commands of --exec, and what it and
 * its parent tell each other: structs over a socket that keeps packets whole.
 */
#ifndef GW_CLI_HOOK_RUNNER_H
#define GW_CLI_HOOK_RUNNER_H

#include <limits.h>
#include <stdint.h>

enum {
	CLI_HOOK_NAME = 80, /* of a device, as it came */
	CLI_HOOK_KEY = 65,
	CLI_HOOK_WHY = 80
};

/* Comes with a descriptor, the standard input. */
struct cli_hook_request {
	uint64_t files, bytes, failed;
	char peer[CLI_HOOK_NAME];   /* what it calls itself, */
	char device[CLI_HOOK_NAME]; /* and its name here; "": none */
	char key[CLI_HOOK_KEY];
};

struct cli_hook_outcome {
	char peer[CLI_HOOK_NAME];
	char why[CLI_HOOK_WHY]; /* what went wrong; "": nothing */
};

struct cli_hook_command {
	const char *text; /* for /bin/sh -c */
	char dir[PATH_MAX];
	uint32_t deadline_ms;
};

/* Serve the socket until its other end is closed and nothing runs or waits. */
_Noreturn void cli_hook_serve(int fd, const struct cli_hook_command *);

#endif /* GW_CLI_HOOK_RUNNER_H */
