/*
 * forward_rig - a program that forwards, clients of it and their targets, all
 * in one process on loopback.
 */
#ifndef GW_TESTS_UNIT_FORWARD_RIG_H
#define GW_TESTS_UNIT_FORWARD_RIG_H

#include "godwit.h"
#include "test.h"

enum { RIG_EVENTS = 256, RIG_RULES = 8 };

struct rig {
	struct gw *g;
	struct gw_forward *f;
	/* what it was told */
	struct gw_forward_event seen[RIG_EVENTS];
	char texts[RIG_EVENTS][256];
	size_t n;
	char rules[RIG_RULES][512];
	const char *pointers[RIG_RULES];
};

/* cmocka set-up and tear-down: *state is a struct rig. */
int rig_setup(void **state);
int rig_teardown(void **state);

/* A target: a listening socket on 127.0.0.1. */
int rig_target(uint16_t *port);
/* Options with rules; each text may have %u in it, which becomes the port. */
struct gw_forward_options rig_options(
    struct rig *, const char *const *rules, size_t n, uint16_t port);
/* Open one rule, "tcp://127.0.0.1:0/...%u..."; returns its port. */
uint16_t rig_open(struct rig *, const char *rule, uint16_t target);
/* A flow with both ends, through one rule. */
struct rig_ends {
	int target, client, server;
	uint16_t at;
};

#define RIG_PLAIN "tcp://127.0.0.1:0/127.0.0.1:%u"

struct rig_ends rig_flow(struct rig *, const char *rule);
void rig_ends_close(struct rig_ends *);
/* Dispatch for a moment, and take what is told. */
void rig_turn(struct rig *);
/* Until such an event has been told, the n-th of its kind (from 0). */
const struct gw_forward_event *rig_until(
    struct rig *, enum gw_forward_event_kind, size_t nth);
size_t rig_count(const struct rig *, enum gw_forward_event_kind);

/* Sockets of others; all calls go on dispatching. */
int rig_connect(struct rig *, uint16_t port);
int rig_accept(struct rig *, int listener);
void rig_write(struct rig *, int fd, const void *, size_t);
/* Read n bytes, or fewer where the end comes first; returns how many, or
 * -errno. */
long rig_read(struct rig *, int fd, void *, size_t n);
/* Closed with a reset instead of an end. */
void rig_reset(int fd);
struct gw_forward_rule rig_rule(const struct rig *, size_t n);

#endif /* GW_TESTS_UNIT_FORWARD_RIG_H */
