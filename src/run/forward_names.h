/*
 * forward_names - the targets of a rule, whose names are looked up again and
 * again, for new flows only (F14).
 *
 * A flow never waits for a look-up but the first one; while a later one fails
 * the addresses that were found last stay.
 */
#ifndef GW_RUN_FORWARD_NAMES_H
#define GW_RUN_FORWARD_NAMES_H

#include "forward/targets.h"
#include "os/resolve.h"
#include "run/forwarder.h"
#include "run/lookup.h"

struct gw_forward_name {
	struct gw_forward_names *all;
	struct gw_lookup *lookup; /* under way, or NULL */
	struct gw_resolved found;
	size_t at; /* the address that is used, of those */
	bool numeric;
	bool answered; /* found or not: the first look-up is over */
	bool failed;   /* the last one did */
};

/* The addresses that one flow has tried, as hashes.  All zeros: none yet. */
struct gw_forward_tried {
	uint32_t v[8];
	unsigned n;
};

struct gw_forward_names {
	struct gw_forwarder *f;
	struct gw_targets targets;
	struct gw_forward_name names[GW_RULE_TARGETS];
	uv_timer_t timer;
	/* The targets may have other addresses now, or the first ones. */
	void (*changed)(void *arg);
	void (*closed)(void *arg);
	void *arg;
};

/* `changed` never comes from inside a call here. */
void gw_forward_names_init(struct gw_forward_names *, struct gw_forwarder *,
    void (*changed)(void *), void *arg);
/* `closed` follows, and then its storage may go. */
void gw_forward_names_close(
    struct gw_forward_names *, void (*closed)(void *arg));

/* Do flows have to wait, because nothing has been found yet? */
bool gw_forward_names_wait(const struct gw_forward_names *);
/* Which targets lead back here?  GW_E_USAGE: all of them; why says so. */
enum gw_err gw_forward_names_check(struct gw_forward_names *, struct gw_why *);

/* A target for a new flow that came in at this port.  GW_DROP_NONE: *i and
 * *at; else why there is none. */
enum gw_drop gw_forward_names_choose(struct gw_forward_names *,
    const struct gw_ip *client, uint16_t came_at, unsigned *i,
    struct gw_addr *at);
/* The same for a flow that may try several: none of them twice. */
enum gw_drop gw_forward_names_next(struct gw_forward_names *,
    struct gw_forward_tried *, const struct gw_ip *client, uint16_t came_at,
    unsigned *i, struct gw_addr *at);
/* It could not be reached: the next address of its name is used from now on.
 */
void gw_forward_names_failed(struct gw_forward_names *, unsigned i);
/* The same, and what becomes of the target is the caller's to say. */
void gw_forward_names_another(struct gw_forward_names *, unsigned i);
void gw_forward_names_worked(struct gw_forward_names *, unsigned i);

#endif /* GW_RUN_FORWARD_NAMES_H */
