/*
 * forward - what the files of `godwit forward` share.
 */
#ifndef GW_CLI_FORWARD_H
#define GW_CLI_FORWARD_H

#include "cli/common.h"
#include "cli/output.h"
#include "godwit.h"

/* Rules as they were typed, and those of a file. */
struct cli_forward_rules {
	struct cli_list typed;
	const char *file;   /* or NULL */
	const char *to;     /* or NULL */
	unsigned responses; /* of udp rules that say none; 0: any number */
	const char **all;   /* typed, then lines of the file; own */
	size_t count;
};

/* Read the file again, and put all rules together.  False: *why, in new
 * storage, says what is wrong, and what was there stays. */
bool cli_forward_rules_load(struct cli_forward_rules *, char **why);
void cli_forward_rules_fini(struct cli_forward_rules *);

/* ---- lines about what happens; all in new storage ---- */

/* "tcp 10.0.0.5:4000 -> 10.0.0.1:53, on to 10.0.0.2:53: idle after 60 s; ..."
 */
char *cli_forward_line(const struct gw_forward_event *);
/* The same in short, for one who sees rules and flows above it. */
char *cli_forward_note(const struct gw_forward_event *);
/* The text of one that is about a rule, or about all. */
char *cli_forward_told(const struct gw_forward_event *);
/* An address, or "-". */
char *cli_forward_end(const struct gw_endpoint *);
char *cli_forward_json_event(const struct gw_forward_event *);
/* With the event's name, "listening" or "rule". */
char *cli_forward_json_rule(const char *event, const struct gw_forward_rule *);
char *cli_forward_json_flow(const struct gw_forward_flow *);
/* "cap 3, denied 1"; "" for none. */
char *cli_forward_drops(const uint64_t drops[GW_DROPS]);
char *cli_forward_explained(
    const char *question, const struct gw_forward_explained *, bool json);

/* ---- the live view ---- */

enum { CLI_FORWARD_LAST = 4 };

struct cli_forward_live {
	struct cli_style style;
	unsigned lines;                      /* that stand on the screen */
	uint64_t bytes_in, bytes_out, at_ms; /* when it was drawn last */
	char *last[CLI_FORWARD_LAST]; /* what happened, the newest last */
};

/* Keep a line of what happened; takes it. */
void cli_forward_live_note(struct cli_forward_live *, char *line);
/* Draw it over itself; serve: whose devices to show, or NULL. */
void cli_forward_live_draw(struct cli_forward_live *, const struct gw_forward *,
    const struct gw_serve *, struct cli_output *, uint64_t now_ms);
void cli_forward_live_resize(struct cli_forward_live *);
void cli_forward_live_fini(struct cli_forward_live *);

/* ---- the command ---- */

struct cli_forward_settings {
	struct cli_forward_rules rules;
	const char *explain;
	struct cli_address metrics;
	struct cli_duration drain, every;
	struct cli_address via; /* device: through which */
	enum gw_carriers carrier;
	bool reverse;
	bool json, no_live, quiet, verbose;
};

struct cli_forward {
	struct cli_forward_settings *o;
	struct cli_session s;
	struct gw *gw; /* that of s */
	struct gw_forward *f;
	struct gw_serve *serve; /* whose f is; NULL: nobody's */
	struct cli_output out;
	struct cli_forward_live live;
	bool is_live;
	bool interrupted, ending;             /* by Ctrl-C; by any signal */
	enum gw_err useless;                  /* the other device's answer */
	uint64_t ends_at, draws_at, tells_at; /* ms; UINT64_MAX: never */
	uint64_t unsaid; /* lines that found no room at standard output */
};

/* What the library is given. */
struct gw_forward_options cli_forward_options(const struct cli_forward *);
/* --metrics, if it was given.  On failure the person has been told. */
GW_MUST_USE enum gw_err cli_forward_metrics(struct cli_forward *);
/* Until it is told to end, or its reader is gone. */
void cli_forward_run(struct cli_forward *);
void cli_forward_tell_rules(struct cli_forward *);
/* A line on standard output, as it is; takes it.  A reader that has stopped
 * must not stop what is forwarded. */
void cli_forward_print(struct cli_forward *, char *line);
/* The process may have more descriptors: each connection takes some. */
void cli_forward_raise_limit(void);
/* What ended it, or did not work; returns the exit status. */
int cli_forward_fail(struct cli_forward *, enum gw_err, const char *reason);

#endif /* GW_CLI_FORWARD_H */
