/*
 * acceptor - where connections of a program come in: what godwit.h calls
 * struct gw_acceptor.
 *
 * A listener with its door; what has come through waits here until the
 * program takes it.
 */
#ifndef GW_RUN_ACCEPTOR_H
#define GW_RUN_ACCEPTOR_H

#include "run/connection.h"
#include "run/herald.h"
#include "run/listener.h"

enum {
	GW_ACCEPTOR_WAITING = 64, /* connections that were not taken yet */
	GW_ACCEPTOR_EVENTS = 16,
	GW_ACCEPTOR_ADDRESSES = 16
};

/* A guess or a stranger. */
struct gw_acceptor_news {
	enum gw_acceptor_event_kind kind;
	unsigned guesses_left;
	char address[GW_ADDRESS_TEXT];
	char text[GW_REASON_MAX + 1];
};

struct gw_acceptor {
	struct gw *g;
	struct gw_acceptor *next; /* of the context */
	struct gw_door *door;
	struct gw_known *known; /* NULL: nobody is let in by the key alone */
	struct gw_listener *listener;
	struct gw_herald *herald; /* NULL: it is not found by beacons */
	struct gw_connection_terms terms;
	char addresses[GW_ACCEPTOR_ADDRESSES][GW_ADDRESS_TEXT];
	size_t address_count;

	struct gw_connection *waiting[GW_ACCEPTOR_WAITING]; /* oldest first */
	size_t waiting_count;
	struct gw_acceptor_news news[GW_ACCEPTOR_EVENTS], told;
	size_t news_count;
	bool ready_due, burned_due, burned;
};

#endif /* GW_RUN_ACCEPTOR_H */
