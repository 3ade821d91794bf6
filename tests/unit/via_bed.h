/*
 * via_bed - who forwards through another device, and who lets others: real
 * sets of rules, real sockets of clients and targets on loopback, and a peer
 * of the test (tunnel_peer.h) between them.
 */
#ifndef GW_TESTS_UNIT_VIA_BED_H
#define GW_TESTS_UNIT_VIA_BED_H

#include "godwit.h"
#include "test.h"
#include "tunnel_peer.h"

enum { VIA_BED_EVENTS = 64, VIA_BED_PEERS = 70 };

struct via_bed {
	char *dir;
	struct gw *g;
	struct gw_forward *set; /* of the rules, on either side */
	struct gw_serve *serve; /* NULL: it is who asks */
	struct peer p[VIA_BED_PEERS];
	unsigned peers; /* that were begun */
	/* what was told */
	struct gw_forward_event seen[VIA_BED_EVENTS];
	char texts[VIA_BED_EVENTS][256];
	unsigned n;
};

/* cmocka set-up and tear-down: *state is a struct via_bed, with a context that
 * remembers two devices. */
int via_bed_setup(void **state);
int via_bed_teardown(void **state);

/* ---- who asks ---- */

/* Forward these rules through peer-0, which is there and has heard HELLO and
 * an OPEN for each, with numbers from 1. */
struct peer *via_bed_ask(
    struct via_bed *, const char *const *rules, size_t n, bool reverse);
/* It accepts a rule, with the usual idle times. */
void via_bed_accept(struct via_bed *, struct peer *, uint16_t rule);

/* ---- who serves ---- */

/* Let devices have these rights: "peer-0 tcp:*:80" is for one, else all. */
void via_bed_serve(struct via_bed *, const char *const *rights, size_t n);
/* A session of that device; it has said HELLO with this id. */
struct peer *via_bed_come(struct via_bed *, unsigned device, uint8_t id);
/* It asks for a rule; what is answered. */
struct gw_tunnel_message via_bed_open(struct via_bed *, struct peer *,
    uint16_t rule, bool reverse, const char *text);
/* The same, refused with these words in the reason, and there is no rule; and
 * accepted. */
void via_bed_refused(struct via_bed *, struct peer *, bool reverse,
    const char *rule, const char *why);
void via_bed_accepted(struct via_bed *, struct peer *, uint16_t number,
    bool reverse, const char *rule);

/* ---- both ---- */

struct peer *via_bed_peer(struct via_bed *);
/* Whatever can happen now does. */
void via_bed_turn(struct via_bed *);
void via_bed_leap(struct via_bed *, gw_usec);
/* The same after a moment in which the kernel may have moved something; *n
 * counts those, and there are not too many. */
void via_bed_wait(struct via_bed *, unsigned *n);
/* Until the first rule has dropped so many for this reason. */
void via_bed_drops(struct via_bed *, enum gw_drop, uint64_t);
/* Until the peer hears something on a lane; which is of this kind. */
struct gw_tunnel_message via_bed_hear_any(
    struct via_bed *, struct peer *, uint16_t lane);
struct gw_tunnel_message via_bed_hear(
    struct via_bed *, struct peer *, uint16_t lane, enum gw_tunnel_kind);
struct gw_tunnel_datagram via_bed_hear_datagram(
    struct via_bed *, struct peer *);
/* The session was given up, with these words in it; it was not. */
void via_bed_is_lost(
    struct via_bed *, struct peer *, enum gw_err, const char *text);
void via_bed_is_there(struct via_bed *, struct peer *);
/* The n-th event of a kind; NULL: there is none. */
const struct gw_forward_event *via_bed_told(
    struct via_bed *, enum gw_forward_event_kind, unsigned nth);
void via_bed_forget(struct via_bed *);
/* Flows and drops of the first rule. */
struct gw_forward_rule via_bed_rule(const struct via_bed *);

/* ---- sockets on 127.0.0.1, non-blocking ---- */

int via_bed_listen(uint16_t *port);
int via_bed_bind(uint16_t *port);
int via_bed_connect(uint16_t port, int type);
int via_bed_accept_at(struct via_bed *, int listener);
/* Until so many bytes are there, or the end (0), or a reset (-1). */
long via_bed_read(struct via_bed *, int fd, void *, size_t n);

#endif /* GW_TESTS_UNIT_VIA_BED_H */
