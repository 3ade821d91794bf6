/*
 * relay - the broadcast relay of a program, on the loop: what godwit.h calls
 * struct gw_relay.
 *
 * For each rule and interface there are sockets that are bound to what the
 * rule hears there, a broadcast address or a group, and to that interface:
 * what is sent to this machine alone never comes to them, and the services
 * that wait for it keep it (B1).  When an interface changes, its sockets are
 * closed and made anew (B8).  For those who ask, ports are held that answers
 * come to (B6).
 *
 * A turn takes what all of them have and puts it in the order in which it
 * came: a relay that hears another one's copy before the original would take
 * it for news.
 */
#ifndef GW_RUN_RELAY_H
#define GW_RUN_RELAY_H

#include "forward/relay.h"
#include "forward/relay_text.h"
#include "os/link_watch.h"
#include "os/raw_udp.h"
#include "os/udp.h"
#include "run/metrics.h"
#include "run/relay_pipes.h"
#include "run/relay_sites.h"

enum {
	GW_RELAY_TURN = 64,    /* datagrams */
	GW_RELAY_EVENTS = 128, /* that wait to be taken */
	GW_RELAY_LISTEN = -1   /* not a held port */
};

/* The one drop that the engine does not see. */
#define GW_RELAY_NO_ROOM "no room in the kernel"

struct gw_relay_socket {
	struct gw_relay *r;
	struct gw_relay_socket *next; /* of those that listen */
	struct gw_udp udp;
	struct gw_addr at; /* what it is bound to */
	uv_poll_t poll;
	bool readable, closing;
	int held;        /* its place, or GW_RELAY_LISTEN */
	uint64_t serial; /* of a held one */
	unsigned rule;
	unsigned link; /* of one that listens */
};

struct gw_relay {
	struct gw *g;
	struct gw_relay *next; /* of the context */
	struct gw_relay_ruleset set;
	char *texts[GW_RELAY_RULES];
	bool dry, tell_each;
	struct gw_relay_engine *e;

	struct gw_link_watch *watch;
	bool looked; /* at the interfaces */
	uv_poll_t watch_poll;
	uv_check_t turn;
	uv_timer_t timer;
	unsigned handles; /* that are not closed yet */

	struct gw_relay_socket *sockets;
	struct gw_relay_socket *held[GW_RELAY_HELD];
	struct gw_raw raw;
	bool has_raw;
	struct gw_relay_pipes pipes;
	struct gw_relay_sites sites;
	struct gw_metrics *metrics; /* or NULL */
	struct gw_random random;
	uint32_t told; /* links whose trouble with sending has been told */
	uint64_t kernel[GW_RELAY_RULES][GW_RELAY_LINKS]; /* found no room */

	struct gw_udp_datagram v[GW_RELAY_TURN];
	struct gw_relay_socket *by[GW_RELAY_TURN];
	uint8_t *rooms;

	struct gw_relay_event events[GW_RELAY_EVENTS];
	size_t event_first, event_count;
};

/* ---- shared by relay*.c ---- */

/* Look at the interfaces: tell the engine of what is another than before, and
 * make its sockets anew.  A socket that cannot be had is told as trouble; the
 * first such error is returned. */
enum gw_err gw_relay_links_update(struct gw_relay *, struct gw_why *);

/* Open a socket for a rule on an interface; group: join it. */
enum gw_err gw_relay_listen(struct gw_relay *, unsigned rule, unsigned link,
    const char *address, struct gw_why *);
/* Those of one interface. */
void gw_relay_close_link(struct gw_relay *, unsigned link);
void gw_relay_close_held(struct gw_relay *, unsigned place);
/* One that listens for the rule there, of this family; or NULL. */
struct gw_relay_socket *gw_relay_listener(
    struct gw_relay *, unsigned rule, unsigned link, int family);
/* The held port that the emission wants; NULL: it cannot be had, and why. */
struct gw_relay_socket *gw_relay_hold(
    struct gw_relay *, const struct gw_relay_emission *, struct gw_why *);

/* What the engine has made of an arrival. */
struct gw_relay_outcome {
	enum gw_relay_fate fate;
	unsigned rule;
	bool answer;
};

/* Its copies leave; it is told, if each is. */
void gw_relay_carry_on(struct gw_relay *, const struct gw_relay_arrival *,
    const struct gw_relay_outcome *);
/* One turn: everything that has come. */
void gw_relay_take_turn(struct gw_relay *);
/* Time for the engine, and what it has to tell. */
void gw_relay_after(struct gw_relay *);

/* Room for an event; it has kind and interface (by number, or none). */
struct gw_relay_event *gw_relay_tell(
    struct gw_relay *, enum gw_relay_event_kind, unsigned link);

#endif /* GW_RUN_RELAY_H */
