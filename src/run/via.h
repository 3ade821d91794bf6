/*
 * via - rules that are forwarded through another device.
 *
 * Of each rule one side listens and the other one delivers; either may be the
 * one that asked for it (--reverse).  via_tcp and via_udp are both sides of a
 * rule; struct gw_via is who asks: it keeps a session to the device, dials it
 * again when it is lost, and has the rules opened there.  Who grants is serve.
 */
#ifndef GW_RUN_VIA_H
#define GW_RUN_VIA_H

#include "forward/rights.h"
#include "run/forward.h"
#include "run/known.h"
#include "run/tunnel.h"

struct gw_via;

/* What a device may have forwarded. */
struct gw_via_rights {
	const struct gw_right *v;
	size_t count;
};

struct gw_via_rule {
	struct gw_forwarder base; /* first */
	struct gw_tunnel *tunnel;
	struct gw_via_rule *next; /* of the tunnel */
	uint16_t number;          /* in it */
	bool listens;             /* this side does, and the other delivers */
	bool accepted;
	struct gw_via *via;          /* NULL: the peer has asked for it */
	struct gw_via_rights rights; /* of that peer */
	bool all;                    /* no rights are needed: own rule */
	gw_usec idle, unreplied;     /* datagrams, as both sides agreed */
	/* Delivering: the peer has a new connection, a new flow. */
	void (*flow)(struct gw_via_rule *, const struct gw_tunnel_message *,
	    uint16_t lane);
	void (*datagram)(struct gw_via_rule *,
	    const struct gw_tunnel_datagram *, struct gw_slice);
	/* The idle times are what both sides hold by now.  NULL: nothing. */
	void (*agreed)(struct gw_via_rule *);
};

struct gw_via_role {
	struct gw_tunnel *tunnel;
	struct gw_via *via;
	uint16_t number;
	bool listens, all;
	struct gw_via_rights rights;
	const char *device; /* the other side's name */
};

/* A rule at work on one side.  As gw_forwarder_tcp_open. */
GW_MUST_USE enum gw_err gw_via_tcp_open(struct gw_forward *,
    const struct gw_rule *, const struct gw_via_role *, struct gw_why *,
    struct gw_via_rule **);
GW_MUST_USE enum gw_err gw_via_udp_open(struct gw_forward *,
    const struct gw_rule *, const struct gw_via_role *, struct gw_why *,
    struct gw_via_rule **);
/* The one that the rule's protocol needs. */
GW_MUST_USE enum gw_err gw_via_rule_open(struct gw_forward *,
    const struct gw_rule *, const struct gw_via_role *, struct gw_why *,
    struct gw_via_rule **);

/* For those: on and off the tunnel's list. */
GW_MUST_USE enum gw_err gw_via_rule_init(struct gw_via_rule *,
    struct gw_forward *, const struct gw_rule *, const struct gw_via_role *,
    const struct gw_forwarder_ops *);
void gw_via_rule_leave(struct gw_via_rule *);
/* May it deliver there?  Names are known by now. */
bool gw_via_rule_may(
    const struct gw_via_rule *, unsigned target, const struct gw_addr *);
/* How idle times come about: what the rule says, or the default. */
gw_usec gw_via_idle(const struct gw_rule *);
gw_usec gw_via_unreplied(const struct gw_rule *);
enum gw_forward_end gw_via_end(enum gw_tunnel_reason, bool client);

/* ---- who asks ---- */

/* GW_E_RESOLVE: no such device is remembered; GW_E_USAGE; told. */
GW_MUST_USE enum gw_err gw_via_new(
    struct gw_forward *, const struct gw_forward_options *, struct gw_via **);
/* All rules have been closed.  NULL is fine. */
void gw_via_close(struct gw_via *);
/* The other device listens. */
bool gw_via_is_reverse(const struct gw_via *);
/* A rule of the set, opened here and, as soon as may be, there. */
GW_MUST_USE enum gw_err gw_via_add(struct gw_via *, const struct gw_rule *,
    struct gw_why *, struct gw_forwarder **);
/* A rule that cannot be forwarded so: why says what of it. */
bool gw_via_takes(const struct gw_rule *, char why[GW_RULE_WHY]);
/* The rule has gone from here. */
void gw_via_gone(struct gw_via_rule *);

#endif /* GW_RUN_VIA_H */
