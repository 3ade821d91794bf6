/*
 * dgram - what `godwit dgram listen` and `godwit dgram send` share: options,
 * interfaces, the way to a context, waiting, and saying what happened.
 */
#ifndef GW_CLI_DGRAM_H
#define GW_CLI_DGRAM_H

#include <poll.h>
#include <stdbool.h>

#include "cli/common.h"
#include "cli/output.h"
#include "godwit.h"

/* The first member of each part's own settings. */
struct cli_dgram_common {
	struct cli_list interfaces; /* their names */
	unsigned hops;
	bool json, hex, quiet, verbose;
};

/* Rows for both. */
extern const struct cli_option cli_dgram_options[];
extern const struct cli_command cli_dgram_listen_command,
    cli_dgram_send_command;

/* How datagrams go to standard output. */
enum cli_dgram_show {
	CLI_DGRAM_RAW,  /* their bytes and nothing else, into a pipe or file */
	CLI_DGRAM_TEXT, /* escaped, one a line, with who and when */
	CLI_DGRAM_HEX,
	CLI_DGRAM_JSON
};

struct cli_dgram {
	struct cli_session s;
	const struct cli_dgram_common *o;
	struct gw *gw; /* that of s */
	struct cli_output out;
	enum cli_dgram_show show;
	struct gw_interfaces *list;
	struct gw_interface *interfaces; /* all of the machine */
	size_t interface_count;
	bool interrupted; /* Ctrl-C */
	bool terminated;  /* SIGTERM, SIGHUP */
};

/* Parse into settings, whose first member is struct cli_dgram_common; false:
 * the program is done with *status. */
bool cli_dgram_begin(struct cli_dgram *, const struct cli_command *,
    struct cli_start *, void *settings, int *status);
/* Confine (not where commands will be run: runs_commands), open the context,
 * list the interfaces, look at the names that --interface gave.  On failure
 * the person has been told. */
GW_MUST_USE enum gw_err cli_dgram_open(
    struct cli_dgram *, bool looks_up, bool runs_commands);
void cli_dgram_end(struct cli_dgram *, struct cli_dgram_common *);

/* Did --interface name this one, or none at all? */
bool cli_dgram_chosen(const struct cli_dgram *, const struct gw_interface *);
/* Is the group to be joined there, or sent to? Its zone, those that were
 * named, or else all that are up and can. */
bool cli_dgram_for_group(const struct cli_dgram *, const struct gw_interface *,
    const struct gw_endpoint *group);
/* Is it IPv4? */
bool cli_dgram_is_v4(const struct gw_endpoint *);
bool cli_dgram_same_ip(const struct gw_endpoint *, const struct gw_endpoint *);
/* The interface whose broadcast address it is, or NULL. */
const struct gw_interface *cli_dgram_broadcast_of(
    const struct cli_dgram *, const struct gw_endpoint *);

/*
 * Wait until something happens to the context, to a signal, to standard
 * output, to the descriptors in more[0..n), or timeout_ms (-1: none) have
 * passed; then dispatch.  Notes signals.
 */
void cli_dgram_wait(
    struct cli_dgram *, struct pollfd *more, size_t n, int timeout_ms);
/* CLOCK_MONOTONIC, as gw_arrival counts. */
uint64_t cli_dgram_now(void);
/* Milliseconds from now to `until`, rounded up, for cli_dgram_wait. */
int cli_dgram_until(uint64_t until);

/* Is there a reason to leave that is not the command's own: a signal, or
 * standard output?  *status is the exit status then. */
bool cli_dgram_over(struct cli_dgram *, bool standing, int *status);

/* What ended it: to people, and to programs; returns the exit status. */
int cli_dgram_fail(struct cli_dgram *, enum gw_err, const char *reason);
/* A sentence that a person should see, whatever else is on the screen: as
 * "godwit: ...", as information, or with -v only. */
void cli_dgram_warn(struct cli_dgram *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_dgram_info(struct cli_dgram *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cli_dgram_detail(struct cli_dgram *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* With --json, one line of it; takes the text. */
void cli_dgram_line(struct cli_dgram *, char *json);

#endif /* GW_CLI_DGRAM_H */
