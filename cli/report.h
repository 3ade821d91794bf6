/*
 * report - tells the events of a job: to people on the screen, to programs as
 * JSON.
 */
#ifndef GW_CLI_REPORT_H
#define GW_CLI_REPORT_H

#include <stdbool.h>

#include "cli/screen.h"
#include "godwit.h"

struct cli_report {
	struct cli_screen screen;
	int json_fd;      /* where events go; -1: nowhere */
	bool json_broken; /* nobody reads them any more */
	bool sends, dry_run;
	bool classic; /* by the plain protocol (classic_report.c) */
	bool known;   /* connects to a remembered device: no code matters */
	bool stream;  /* no transfer: godwit stream */
	bool from_input, to_stdout; /* the content is a pipe's */
	bool of_stream;             /* the peer's, perhaps */
	bool code_shown;            /* the code may appear on the screen */
	bool qr;    /* what the other side types is shown as a QR code, too */
	char *told; /* how the other side comes, as it was told last */
	const char *dir; /* recv: where it goes, as the person named it */
	char *peer;      /* escaped; NULL before there is one */
	const char *carrier, *why; /* of the last CONNECTED; static */
	char *name;      /* classic: of the file told of last, escaped */
	bool told_error; /* an ERROR event was told */
	bool stall_told;
};

/* Tell one event (not CONFLICT; OFFER only as the start of a transfer). */
void cli_report_event(struct cli_report *, const struct gw_event *);
/* What ended the program before or beside its job; reason may be NULL. */
void cli_report_failure(struct cli_report *, enum gw_err, const char *reason);
/* What an OFFER is of, "3 files in 2 directories, 1.2 GB"; new storage. */
char *cli_report_contents(const struct gw_event *);
/* " (293 MB/s)" of a COMPLETE, or "" where nothing moved; new storage. */
char *cli_report_speed(const struct gw_event *);
/* A LISTENING: how the other side comes. */
void cli_report_listening(struct cli_report *, const struct gw_event *);
/* The addresses of a LISTENING besides the one that is told first. */
void cli_report_addresses(struct cli_report *, const struct gw_event *);
/* What the other side types, as a QR code, if that was asked for. */
void cli_report_qr(struct cli_report *, const char *text);
/* Something a person should know. */
void cli_report_warning(struct cli_report *, const char *text);
void cli_report_fini(struct cli_report *);

#endif /* GW_CLI_REPORT_H */
