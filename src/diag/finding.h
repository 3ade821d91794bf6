/*
 * finding - what a look at the machine has found: a list of sentences, each
 * with a grade and, where something can be done, with the very command.
 */
#ifndef GW_DIAG_FINDING_H
#define GW_DIAG_FINDING_H

#include <stddef.h>

#include "base/err.h"

enum gw_grade {
	GW_GRADE_OK,
	GW_GRADE_NOTE,   /* it works, with a limit that one should know */
	GW_GRADE_PROBLEM /* something that godwit does will not work */
};

enum { GW_FINDING_SUBJECT = 80, GW_FINDING_TEXT = 512 };

struct gw_finding {
	const char *check;                /* "rp_filter"; static storage */
	char subject[GW_FINDING_SUBJECT]; /* "eth0", "udp 4639"; or "" */
	enum gw_grade grade;
	/* Both are bytes: names of processes and the like may be in them. */
	char text[GW_FINDING_TEXT];   /* what it is and means */
	char advice[GW_FINDING_TEXT]; /* what to do about it; or "" */
};

struct gw_findings {
	struct gw_finding *v;
	size_t count, room;
	const char *check; /* of what is found now */
	enum gw_err err;   /* GW_E_MEMORY: some are missing */
};

/* Add one to the check of now; what does not fit is cut. */
void gw_found(struct gw_findings *, enum gw_grade, const char *subject,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The advice of the last one. */
void gw_advise(struct gw_findings *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "ok", "note", "problem"; static storage. */
const char *gw_grade_name(enum gw_grade);
/* How many have it. */
size_t gw_findings_of(const struct gw_findings *, enum gw_grade);
void gw_findings_fini(struct gw_findings *);

#endif /* GW_DIAG_FINDING_H */
