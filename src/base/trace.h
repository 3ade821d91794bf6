/*
 * trace - the one hook by which an engine tells what it does.
 *
 * Off is one branch.  The text is stable: golden tests read it.
 */
#ifndef GW_BASE_TRACE_H
#define GW_BASE_TRACE_H

struct gw_trace {
	void (*line)(void *arg, const char *text);
	void *arg;
};

/* t may be NULL. */
void gw_trace(const struct gw_trace *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif /* GW_BASE_TRACE_H */
