/*
 * common - what send and recv share: options, the code, the way to a job.
 */
#ifndef GW_CLI_COMMON_H
#define GW_CLI_COMMON_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/address.h"
#include "cli/job.h"
#include "cli/memory.h"
#include "cli/options.h"
#include "cli/secret.h"
#include "cli/style.h"
#include "cli/trace_file.h"
#include "cli/values.h"
#include "godwit.h"

/* Where a command begins. */
struct cli_start {
	int argc; /* without the names of program and command */
	char **argv;
	struct cli_secret code; /* of the environment */
	struct cli_style style;
};

/* Settings of both; the first member of each command's own. */
struct cli_common {
	struct cli_secret code;
	const char *code_file, *trace;
	struct cli_address listen;
	struct cli_duration timeout, retry;
	uint64_t rate, memory;
	unsigned code_words;
	enum gw_carriers carrier;
	enum gw_congestion congestion;
	bool background, remember, no_discovery;
	bool by_number; /* connect to whoever waits with the code */
	bool checksum, json, no_progress, qr, quiet, verbose;
};

/* Rows for all of them but --code, whose meaning differs. */
extern const struct cli_option cli_common_options[];

/* Everything between the command line and the job. */
struct cli_session {
	const struct cli_command *command;
	struct cli_start *start;
	struct cli_config config;
	struct cli_args args;
	struct cli_report report;
	struct cli_job job;
	struct gw_options options;
	char why[256]; /* of a failed gw_open or gw_directories */
	struct cli_trace_file trace;
};

/*
 * Parse into settings.  Returns false when the program is done: *status is
 * its exit status.
 */
bool cli_session_begin(struct cli_session *, const struct cli_command *,
    struct cli_start *, void *settings, int *status);
/* Did this option stand on the command line? */
bool cli_session_typed(const struct cli_session *, const char *option);
/* Prepare report and terminal; stdin_is_data, to_stdout: what this transfer
 * does with them. */
void cli_session_report(struct cli_session *, const struct cli_common *,
    bool stdin_is_data, bool to_stdout);

/* Is it there?  Nobody should type a code first, and hear afterwards that a
 * path is wrong.  On failure the person has been told. */
GW_MUST_USE enum gw_err cli_session_present(
    struct cli_session *, const char *path);

/* Find the code that the options mean: `needed` asks for it if need be, else
 * none is fine.  On failure the person has been told. */
GW_MUST_USE enum gw_err cli_session_code(
    struct cli_session *, struct cli_common *, bool needed);

/* Was a code given, in whichever way? */
bool cli_session_has_code(
    const struct cli_session *, const struct cli_common *);
/*
 * Whom a connecting side means, and how that is known: a remembered device,
 * which is then `device`, or by the code, as above.  `to` may not be given:
 * this side waits.
 */
GW_MUST_USE enum gw_err cli_session_whom(
    struct cli_session *, struct cli_common *, struct cli_address *to);

/* Does this side connect, by an address or by the number of the code? */
bool cli_session_connects(
    const struct cli_common *, const struct cli_address *to);

/* Whom it connects to, as the library has it: NULL where a device is looked
 * for, or where there is none. */
const char *cli_session_host(const struct cli_address *to);
const char *cli_session_device(const struct cli_address *to);

/* The link of a job.  The host is NULL or stays valid. */
void cli_session_link(const struct cli_common *, const struct cli_address *to,
    struct gw_link_options *);

/* Helper, confinement, context; in this order, before any thread.  `dir` may
 * be NULL. */
GW_MUST_USE enum gw_err cli_session_open(struct cli_session *,
    const struct cli_common *, const struct cli_list *read, const char *dir);

/* The job did not start: say why. */
void cli_session_failed(struct cli_session *, enum gw_err);
void cli_session_end(struct cli_session *);

#endif /* GW_CLI_COMMON_H */
