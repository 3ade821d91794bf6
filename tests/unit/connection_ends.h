/*
 * connection_ends - two programs in one process that hold a connection: both
 * ends as godwit.h shows them, over loopback.
 */
#ifndef GW_TESTS_UNIT_CONNECTION_ENDS_H
#define GW_TESTS_UNIT_CONNECTION_ENDS_H

#include "godwit.h"
#include "test.h"

enum { ENDS_EVENTS = 256 };
#define ENDS_CODE "7-crane-otter"

struct end {
	struct gw *g;
	struct gw_connection *c;
	/* what it was told */
	struct gw_connection_event seen[ENDS_EVENTS];
	unsigned n;
};

struct ends {
	struct end at[2]; /* who accepts, who connects */
	struct gw_acceptor *acceptor;
	uint16_t port;
};

/* Two contexts, and an acceptor on loopback. */
void ends_open(struct ends *, const struct gw_connection_options *);
void ends_close(struct ends *);
/* Connect them with these options; their code may be NULL. */
void ends_connect(struct ends *, const struct gw_connection_options *);
/* The same with nothing but a carrier said, all in one. */
void ends_pair(struct ends *, enum gw_carriers);
/* Dispatch both for a moment, and take what they are told. */
void ends_turn(struct ends *);
/* For so long. */
void ends_run(struct ends *, int ms);
/* Until it is told of such an event (of such a stream); the event. */
const struct gw_connection_event *ends_until(
    struct ends *, unsigned side, enum gw_connection_event_kind);
const struct gw_connection_event *ends_until_stream(struct ends *,
    unsigned side, enum gw_connection_event_kind, unsigned stream);
/* Was it told of one? */
bool ends_told(
    const struct ends *, unsigned side, enum gw_connection_event_kind);
/* Forget what a side was told. */
void ends_forget(struct ends *, unsigned side);
/* Its states, "SYN_SENT>ESTABLISHED>..." */
const char *ends_states(const struct ends *, unsigned side);

/* The byte that stands there in a stream that a side writes. */
uint8_t ends_byte(unsigned side, unsigned stream, uint64_t at);
/* Write bytes from..to of a stream, while the other side reads what comes
 * and checks it; both run. */
void ends_move(
    struct ends *, unsigned from, unsigned stream, uint64_t at, uint64_t n);
/* Write as much as it takes at once; returns how much. */
uint64_t ends_fill(struct ends *, unsigned side, unsigned stream, uint64_t at);
/* Write until it is told that the other side's window is full; how much. */
uint64_t ends_choke(struct ends *, unsigned side, unsigned stream);
/* Read what is there now, and check it; *over: its end was among it. */
uint64_t ends_drain(
    struct ends *, unsigned side, unsigned stream, uint64_t at, bool *over);

#endif /* GW_TESTS_UNIT_CONNECTION_ENDS_H */
