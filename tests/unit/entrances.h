/*
 * entrances - a listener and a dial on one loop, over loopback, and what
 * came of their handshakes.
 */
#ifndef GW_TESTS_UNIT_ENTRANCES_H
#define GW_TESTS_UNIT_ENTRANCES_H

#include "run/dial.h"
#include "run/listener.h"
#include "run/loop.h"
#include "test.h"

#define ENTRANCE_CODE "7-crane-otter"

struct outcome {
	unsigned opened, failed;
	struct gw_conn *conn; /* of the last that opened */
	struct gw_ticket ticket;
	enum gw_err err;
	bool guess, unknown_ticket;
	char text[300], address[80], peer[80];
};

struct entrances {
	struct gw_loop loop;
	struct gw_self self[2]; /* of the listener, of the dial */
	struct gw_door *door;
	struct gw_listener *listener;
	uint16_t port;
	enum gw_carriers carriers; /* tcp, unless a test changes it */
	struct gw_dial *dial;
	struct outcome at_listener, at_dial;
};

/* The loop and a door with the code; no listener yet. */
void entrances_open(struct entrances *);
/* Closes what is open, and waits for it. */
void entrances_close(struct entrances *);

/* Options to be changed by a test before it uses them. */
struct gw_listener_options entrances_listener(
    struct entrances *, const char *address);
struct gw_dial_options entrances_dial(struct entrances *, const char *host);
void entrances_listen(struct entrances *, const char *address);
void entrances_start(struct entrances *, const struct gw_dial_options *);

/* Run the loop until *number is at least `least`; fails after 10 s. */
void entrances_until(
    struct entrances *, const unsigned *number, unsigned least);
/* Run it for so long, whatever happens. */
void entrances_run(struct entrances *, int ms);
/* A plain blocking client of the listener. */
int entrances_stranger(const struct entrances *);

#endif /* GW_TESTS_UNIT_ENTRANCES_H */
