/*
 * discovery_port - finding each other, on the loop: the shared port of all
 * programs, a socket of its own, and the interfaces as they come and go.
 *
 * One serves a job that waits and wants to be found (announce), one that looks
 * for somebody (seek), or both at once.  Nothing here proves who somebody is:
 * that is what a session is for.
 *
 *	struct gw_discovery_port_options o = { .loop = ..., .ready = on_ready };
 *	gw_discovery_port_open(&o, &why, &p);
 *	gw_discovery_port_seek(p, &(struct gw_seek){
 *	    .ask = GW_ASK_NUMBER, .number = 7 });
 *	on_ready: while (gw_discovery_port_next(p, &finding)) ...
 */
#ifndef GW_RUN_DISCOVERY_PORT_H
#define GW_RUN_DISCOVERY_PORT_H

#include <net/if.h>

#include "base/random.h"
#include "crypto/noise.h"
#include "discovery/discovery.h"
#include "os/addr.h"
#include "run/device_book.h"
#include "run/loop.h"

struct gw_discovery_port;

struct gw_discovery_port_options {
	struct gw_loop *loop;
	struct gw_random random;
	/* The remembered devices, and our keys to recognise them by; either
	 * may be NULL: none.  Not needed any more once it is open. */
	const struct gw_device_book *book;
	const struct gw_keypair *keys;
	/* Findings wait for gw_discovery_port_next.  Called from the loop,
	 * never out of a call below; the port may be closed in it.  NULL:
	 * somebody looks after each turn of the loop, or nobody seeks. */
	void (*ready)(void *arg);
	void *arg;
};

/*
 * GW_E_MEMORY; GW_E_ADDRESS, GW_E_FAILED: the system gives no socket, or does
 * not tell its interfaces; why says so.  That the shared port is taken by
 * another program is no failure: one seeks without it, and a finding tells.
 */
GW_MUST_USE enum gw_err gw_discovery_port_open(
    const struct gw_discovery_port_options *, struct gw_why *,
    struct gw_discovery_port **);
/* Says farewell to those whom it has announced itself to.  NULL is fine. */
void gw_discovery_port_close(struct gw_discovery_port *);

/* Answer with this from now on; NULL: with nothing more.  Everything is
 * copied.  (struct gw_announcement: discovery/discovery.h) */
void gw_discovery_port_announce(
    struct gw_discovery_port *, const struct gw_announcement *);

struct gw_seek {
	enum gw_beacon_ask ask;
	uint32_t number;    /* GW_ASK_NUMBER: of a code, not 0 */
	const char *name;   /* GW_ASK_NAME: not empty */
	const uint8_t *key; /* GW_ASK_KNOWN: this device, or NULL: all */
};
/* Look for these from now on, and forget whom it has found before; NULL:
 * for nobody.  Devices that are not remembered never answer GW_ASK_KNOWN. */
void gw_discovery_port_seek(struct gw_discovery_port *, const struct gw_seek *);

enum gw_finding_kind {
	GW_FINDING_DEVICE, /* it is there, or something of it is new */
	GW_FINDING_GONE,   /* it said so, or was silent for too long */
	GW_FINDING_TROUBLE /* something does not work; told once */
};

struct gw_finding_address {
	struct gw_addr addr; /* with the port of its sessions, and zone */
	bool here;           /* by loopback: on this machine */
	char interface[IF_NAMESIZE];
};

struct gw_finding {
	enum gw_finding_kind kind;
	uint64_t id;                /* of DEVICE and GONE: the same device */
	char name[GW_NAME_MAX + 1]; /* as it calls itself */
	uint8_t run[GW_BEACON_RUN_LEN];
	bool receives, sends; /* what it waits for */
	uint32_t number;      /* of its code, if that was asked for; or 0 */
	/* A device that is remembered, if it is the one that it seems to be:
	 * its name here, and its key; else "". */
	bool known;
	char known_name[GW_NAME_MAX + 1];
	uint8_t known_key[GW_KEY_LEN];
	/* In the order in which they were found.  That there are several
	 * means several ways there, or that somebody else claims to be this
	 * one. */
	struct gw_finding_address addresses[GW_ROSTER_SPOTS];
	size_t count;
	gw_usec seen; /* as gw_clock_now counts */
	char trouble[320];
};
/* Take the next; false: none now. */
bool gw_discovery_port_next(struct gw_discovery_port *, struct gw_finding *);

/* When a device was last heard; false: it has gone. */
bool gw_discovery_port_seen(
    const struct gw_discovery_port *, uint64_t id, gw_usec *seen);

/* What has been tried: interface after interface. */
struct gw_tried {
	const char *interface;
	char to[160];      /* "192.0.2.255, ff12::e764:7774"; "": nobody can
			      be reached there */
	const char *error; /* of the last question, or NULL */
};
/* With i from 0 on; false: there are no more.  Lent until the next call. */
bool gw_discovery_port_tried(
    const struct gw_discovery_port *, size_t i, struct gw_tried *);

/* Datagrams that were dropped, by reason; what the kernel dropped for want of
 * room is not in it. */
uint64_t gw_discovery_port_dropped(
    const struct gw_discovery_port *, enum gw_discovery_drop);

#endif /* GW_RUN_DISCOVERY_PORT_H */
