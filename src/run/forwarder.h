/*
 * forwarder - one rule at work: what the set of all rules (forward.h) knows of
 * it, whatever its protocol, and what it finds there.
 *
 * forward_tcp is one, for connections; forward_udp another, for datagrams.
 * Each embeds struct gw_forwarder first in its own.
 */
#ifndef GW_RUN_FORWARDER_H
#define GW_RUN_FORWARDER_H

#include "forward/drop.h"
#include "forward/rule.h"
#include "os/addr.h"
#include "os/why.h"
#include "run/context.h"
#include "run/forward_events.h"

struct gw_forward;
struct gw_forwarder;

struct gw_forwarder_ops {
	/* The listeners of all rules are open: find targets that would lead
	 * back to one of them.  GW_E_USAGE: all of them do; why says so. */
	enum gw_err (*check)(struct gw_forwarder *, struct gw_why *);
	/* Take nothing new, and let go of the ports. */
	void (*drain)(struct gw_forwarder *);
	/* The same, and end every flow, told with this reason; the set is not
	 * called any more after that.  The struct may follow when its handles
	 * have closed. */
	void (*close)(struct gw_forwarder *, enum gw_forward_end);
	/* As gw_forward_flow. */
	bool (*flow)(const struct gw_forwarder *, const void **at,
	    struct gw_forward_flow *);
	/* Does it listen there?  addr has the port. */
	bool (*listens)(const struct gw_forwarder *, const struct gw_addr *);
};

struct gw_forward_counts {
	uint64_t flows, flows_total; /* now; ever */
	uint64_t bytes_in, bytes_out, packets_in, packets_out;
	uint64_t drops[GW_DROPS];
};

struct gw_forwarder {
	const struct gw_forwarder_ops *ops;
	struct gw_forward *set;
	struct gw_forwarder *next; /* of the set, in the order of the rules */
	unsigned id;
	struct gw_rule rule;
	char *text;      /* its normal form */
	const char *via; /* the device through or for which; or NULL */
	uint16_t port;   /* the first that it listens at */
	struct gw_forward_counts counts; /* kept by the forwarder: always as of
					    now */
	/* The most that Prometheus was told of what passed, by
	 * forward_metrics: what was to pass may still be dropped, and its
	 * counters do not go down. */
	struct {
		uint64_t bytes_in, bytes_out, packets_in, packets_out;
	} told;
	char last_error[GW_FORWARD_EVENT_TEXT];
	bool draining;
	bool keep; /* by gw_forward_reload, while it compares */
};

/* Listen for a rule.  GW_E_ADDRESS, GW_E_LIMIT, GW_E_MEMORY: why says it. */
GW_MUST_USE enum gw_err gw_forwarder_tcp_open(struct gw_forward *,
    const struct gw_rule *, struct gw_why *, struct gw_forwarder **);
GW_MUST_USE enum gw_err gw_forwarder_udp_open(struct gw_forward *,
    const struct gw_rule *, struct gw_why *, struct gw_forwarder **);

/* ---- for forwarders: what the set has for them (forwarder.c) ---- */

GW_MUST_USE enum gw_err gw_forwarder_init(struct gw_forwarder *,
    struct gw_forward *, const struct gw_rule *,
    const struct gw_forwarder_ops *);
void gw_forwarder_fini(struct gw_forwarder *);

/* So many descriptors for something new?  False: there are as many as may be
 * (F8), and nothing has changed. */
bool gw_forward_take_files(struct gw_forward *, unsigned n);
void gw_forward_give_files(struct gw_forward *, unsigned n);
/* A number for a flow. */
uint64_t gw_forward_number(struct gw_forward *);
/* Something was not forwarded: count it; text, if there is one, becomes the
 * rule's last error. */
void gw_forwarder_drop(
    struct gw_forwarder *, enum gw_drop, uint64_t n, const char *text);
/* Tell the program. */
void gw_forwarder_opened(struct gw_forwarder *, const struct gw_forward_flow *);
void gw_forwarder_closed(
    struct gw_forwarder *, const struct gw_forward_flow *, enum gw_forward_end);
void gw_forwarder_warn(struct gw_forwarder *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Would what is sent to one of so many ports from this address on come to a
 * listener of the set that has the protocol (F28)? */
bool gw_forward_is_own(const struct gw_forward *, enum gw_rule_protocol,
    const struct gw_addr *, uint16_t ports);
/* Is it known to be none of this machine's addresses? */
bool gw_forward_is_elsewhere(const struct gw_forward *, const struct gw_addr *);
/* A socket that was passed to this process and listens there; -1: none. */
int gw_forward_inherit(
    const struct gw_forward *, const char *address, uint16_t port);
/* Does what is sent to `a` come to a listener at `at`, whatever their ports?
 * `both`: one at :: that takes IPv4 as well. */
bool gw_forward_reaches(
    const struct gw_addr *at, bool both, const struct gw_addr *a);
/* An address as rules and PROXY headers have it. */
struct gw_ip gw_forward_ip(const struct gw_addr *);

#endif /* GW_RUN_FORWARDER_H */
