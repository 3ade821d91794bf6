/*
 * history_fixture - a socket_history that is fed by hand, and what it knows as
 * text.
 */
#ifndef GW_TESTS_UNIT_HISTORY_FIXTURE_H
#define GW_TESTS_UNIT_HISTORY_FIXTURE_H

#include "diag/socket_history.h"

/* Times are in milliseconds here. */
#define AT(ms) ((ms)*GW_MSEC)

extern struct gw_history *h;

/* Of each case. */
int history_setup(void **state);
int history_teardown(void **state);

/* 127.0.0.1:port to 127.0.0.1:peer; without peer it listens. */
struct gw_socket tcp(
    uint16_t port, uint16_t peer, enum gw_socket_state, uint64_t cookie);
/* The same, and no process holds it any more. */
struct gw_socket remains(
    uint16_t port, uint16_t peer, enum gw_socket_state, uint64_t cookie);

/* A list that took from 10 ms before `ms` to then. */
void list(const struct gw_socket *, size_t n, unsigned ms);
void list_one(struct gw_socket, unsigned ms);
struct gw_transition change(uint64_t id, uint16_t port, uint16_t peer,
    enum gw_socket_state from, enum gw_socket_state to);
void hear(struct gw_transition, unsigned ms);
void end(struct gw_socket, unsigned ms);

/* "LISTEN 100 gone 250;...": every entry with its steps and their times; "="
 * after a step that was there before, "!" after an exact one. */
const char *all(void);
/* All news, "PORT STATE;" each. */
const char *news(void);

#define CASE(f)                                                                \
	cmocka_unit_test_setup_teardown(f, history_setup, history_teardown)

#endif /* GW_TESTS_UNIT_HISTORY_FIXTURE_H */
