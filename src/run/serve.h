/*
 * serve - what other devices forward through this one: what godwit.h calls
 * struct gw_serve.
 *
 * A door for remembered devices only, and for each that comes a tunnel, whose
 * rules are opened here as far as its rights go: default none.  A device that
 * lost its session finds its rules and flows again for some minutes.
 */
#ifndef GW_RUN_SERVE_H
#define GW_RUN_SERVE_H

#include "run/herald.h"
#include "run/listener.h"
#include "run/via.h"

enum { GW_SERVE_PEERS = 64, GW_SERVE_ADDRESSES = 16 };

struct gw_serve_one {
	struct gw_serve *s;
	struct gw_serve_one *next;
	struct gw_tunnel *tunnel;
	uint8_t key[GW_KEY_LEN];
	char device[GW_NAME_MAX + 1];
	uint8_t id[GW_TUNNEL_ID];
	bool greeted; /* id is known */
	char address[GW_ADDRESS_TEXT];
	char carrier[8];
	gw_usec lost; /* when its session was; 0: it is there */
	struct gw_right *rights;
	size_t right_count;
};

struct gw_serve_granted {
	struct gw_right right;
	char device[GW_NAME_MAX + 1]; /* "": all */
};

struct gw_serve {
	struct gw *g;
	struct gw_serve *next; /* of the context */
	struct gw_door *door;
	struct gw_known *known;
	struct gw_listener *listener;
	struct gw_herald *herald; /* NULL: it is not found by beacons */
	struct gw_connection_terms *terms;
	struct gw_forward *set; /* what is forwarded */
	struct gw_serve_granted *granted;
	size_t granted_count;
	struct gw_serve_one *first; /* the newest first */
	unsigned count;
	char addresses[GW_SERVE_ADDRESSES][GW_ADDRESS_TEXT];
	size_t address_count;
	uv_timer_t timer;
};

#endif /* GW_RUN_SERVE_H */
