#include "diag/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"

void
gw_found(struct gw_findings *l, enum gw_grade grade, const char *subject,
    const char *format, ...)
{
	struct gw_finding *f;
	va_list args;

	GW_ASSERT(l->check != NULL);
	if (l->count == l->room) {
		size_t room = l->room != 0 ? 2 * l->room : 32;

		f = realloc(l->v, room * sizeof *f);
		if (f == NULL) {
			l->err = GW_E_MEMORY;
			return;
		}
		l->v = f;
		l->room = room;
	}
	f = &l->v[l->count++];
	*f = (struct gw_finding){ .check = l->check, .grade = grade };
	snprintf(f->subject, sizeof f->subject, "%s", subject);
	va_start(args, format);
	vsnprintf(f->text, sizeof f->text, format, args);
	va_end(args);
}

void
gw_advise(struct gw_findings *l, const char *format, ...)
{
	va_list args;
	struct gw_finding *f;

	/* The finding itself found no room. */
	if (l->err != GW_OK)
		return;
	GW_ASSERT(l->count > 0);
	f = &l->v[l->count - 1];
	va_start(args, format);
	vsnprintf(f->advice, sizeof f->advice, format, args);
	va_end(args);
}

const char *
gw_grade_name(enum gw_grade grade)
{
	switch (grade) {
	case GW_GRADE_OK:
		return "ok";
	case GW_GRADE_NOTE:
		return "note";
	case GW_GRADE_PROBLEM:
		return "problem";
	}
	return "?";
}

size_t
gw_findings_of(const struct gw_findings *l, enum gw_grade grade)
{
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++)
		n += l->v[i].grade == grade;
	return n;
}

void
gw_findings_fini(struct gw_findings *l)
{
	free(l->v);
	*l = (struct gw_findings){ .count = 0 };
}
