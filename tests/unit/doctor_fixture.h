/*
 * doctor_fixture - a machine made up for the doctor: files below the working
 * directory (os_fixture), interfaces, and what was found.
 */
#ifndef GW_TESTS_UNIT_DOCTOR_FIXTURE_H
#define GW_TESTS_UNIT_DOCTOR_FIXTURE_H

#include "diag/doctor_private.h"

struct doctor {
	struct gw_machine machine;
	struct gw_findings found;
};

/* The root is the working directory; no interface; the time is 2026. */
struct doctor doctor_begin(void);
void doctor_end(struct doctor *);

/* A file below the root, with its directories. */
void doctor_file(const char *path, const char *text);

/* Another interface: up, running, broadcast, multicast. */
struct gw_netif *doctor_interface(struct doctor *, const char *name);
/* And an address of it, the last one that was added. */
void doctor_address(struct doctor *, const char *address, unsigned prefix);

/* Look anew. */
void doctor_look(struct doctor *, gw_doctor_check *);
/* The only one of this grade and subject (NULL: whichever). */
const struct gw_finding *doctor_one(
    const struct doctor *, enum gw_grade, const char *subject);
/* Is there none of it? */
void doctor_none(const struct doctor *, enum gw_grade);
void doctor_says(const char *text, const char *part);

#endif /* GW_TESTS_UNIT_DOCTOR_FIXTURE_H */
