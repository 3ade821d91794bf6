/*
 * forward_metrics - the figures of the rules for Prometheus: a listener that
 * answers GET /metrics, and nothing else, one request a connection.
 */
#ifndef GW_RUN_FORWARD_METRICS_H
#define GW_RUN_FORWARD_METRICS_H

#include "run/forward.h"

enum {
	GW_METRICS_CLIENTS = 8,   /* at a time */
	GW_METRICS_REQUEST = 2048 /* bytes of a request that are read */
};

struct gw_metrics_client {
	struct gw_poll_item item; /* first; fd -1: free */
	struct gw_forward_metrics *m;
	char request[GW_METRICS_REQUEST + 1];
	size_t got;
	char *answer; /* NULL: the request is not there yet */
	size_t answer_at, answer_end;
	uint64_t number; /* of those that came */
};

struct gw_forward_metrics {
	struct gw_forward *set;
	struct gw_poll_item item; /* of the listener */
	struct gw_metrics_client clients[GW_METRICS_CLIENTS];
	uint64_t numbers;
};

#endif /* GW_RUN_FORWARD_METRICS_H */
