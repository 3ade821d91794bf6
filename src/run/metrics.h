/*
 * metrics - figures for Prometheus: a listener that answers GET /metrics, and
 * nothing else, one request a connection; and what its pages are made of.
 *
 * It knows pages, not what they are about.
 */
#ifndef GW_RUN_METRICS_H
#define GW_RUN_METRICS_H

#include "base/bytes.h"
#include "run/context.h"
#include "run/poller.h"

/* ---- a page ---- */

enum { GW_METRICS_LABEL = 600 }; /* buffer for a value */

/* Begins as zeros. */
struct gw_metrics_page {
	struct gw_bytes bytes;
	bool failed; /* no memory, or a line that is too long */
};

void gw_metrics_put(struct gw_metrics_page *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* What the lines that follow are: type "gauge" or "counter". */
void gw_metrics_kind(struct gw_metrics_page *, const char *name,
    const char *type, const char *help);
/* What may stand between the quotes of a label, as gw_escape has it; of what
 * is long, the beginning.  Returns out. */
const char *gw_metrics_label(const char *value, char out[GW_METRICS_LABEL]);
/* The text in new storage; NULL: no memory.  The page is empty then. */
char *gw_metrics_text(struct gw_metrics_page *);

/* ---- those who ask ---- */

enum {
	GW_METRICS_CLIENTS = 8,   /* at a time */
	GW_METRICS_REQUEST = 2048 /* bytes of a request that are read */
};

struct gw_metrics;

/* Whose figures they are. */
struct gw_metrics_owner {
	/* The page, in new storage; NULL: no memory. */
	char *(*page)(const void *arg);
	/* A descriptor for a client: may it have one; it is given back.  NULL:
	 * nobody counts them. */
	bool (*take)(void *arg);
	void (*give)(void *arg);
	void *arg;
};

/* At this address (numeric; NULL: 127.0.0.1; "": all).  Why not is told as
 * gw_last_error. */
GW_MUST_USE enum gw_err gw_metrics_open(struct gw *,
    const struct gw_metrics_owner *, const char *address, uint16_t port,
    struct gw_metrics **);
uint16_t gw_metrics_port(const struct gw_metrics *);
/* Its owner is asked nothing more; NULL is fine. */
void gw_metrics_close(struct gw_metrics *);

#endif /* GW_RUN_METRICS_H */
