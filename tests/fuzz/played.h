/*
 * played - sessions, sockets and a clock that a fuzz target plays to a relay:
 * the linker gives those of the library these names (tests/fuzz/meson.build).
 */
#ifndef GW_TESTS_FUZZ_PLAYED_H
#define GW_TESTS_FUZZ_PLAYED_H

#include "run/relay.h"

enum { PLAYED_SITES = 2, PLAYED_ROOM = 1 << 17 };

/* A session with the site "one" or "two", as the relay sees it. */
struct played {
	bool there, opens, closes;
	uint8_t stream[PLAYED_ROOM]; /* what it says and was not read yet */
	size_t at, end;
	uint8_t datagram[PLAYED_ROOM];
	size_t datagram_len; /* 0: none */
	bool ends;           /* its stream does */
};

/* What of the relay's calls fails. */
enum {
	PLAYED_NO_CONNECT = 1,
	PLAYED_STREAM_FULL = 2,
	PLAYED_STREAM_HALF = 4, /* it takes half of what it is given */
	PLAYED_TOO_LONG = 8,    /* each datagram is */
	PLAYED_BUSY = 16,
	PLAYED_UNSENT = 32, /* by sockets */
	PLAYED_NO_SOCKET = 64
};

extern struct played played[PLAYED_SITES];
extern gw_usec played_now;
extern uint8_t played_mood;
extern uint64_t played_question; /* the last that the relay has put */

#endif /* GW_TESTS_FUZZ_PLAYED_H */
