/*
 * discovery_links - how everybody is reached: on each interface the broadcast
 * address of each IPv4 subnet, and the IPv6 group.
 *
 * What cannot be done on one interface is remembered there, and stops no
 * other.
 */
#ifndef GW_RUN_DISCOVERY_LINKS_H
#define GW_RUN_DISCOVERY_LINKS_H

#include "base/slice.h"
#include "os/interfaces.h"
#include "os/udp.h"

/* One way to everybody on an interface. */
struct gw_way {
	struct gw_addr to;
	struct gw_addr from; /* len 0: the kernel chooses */
	unsigned failures;   /* since it last worked */
	struct gw_why why;   /* of the last of them */
	bool told;
};

enum { GW_WAYS_MAX = 8 /* of an interface */ };

struct gw_discovery_link {
	unsigned index;
	char name[IF_NAMESIZE];
	struct gw_way ways[GW_WAYS_MAX];
	size_t count; /* 0: nobody can be reached there */
	bool joined;
};

struct gw_discovery_links {
	struct gw_discovery_link *v;
	size_t count;
	struct gw_addr group;
	uint16_t port;
};

void gw_discovery_links_init(struct gw_discovery_links *, uint16_t port);
void gw_discovery_links_fini(struct gw_discovery_links *);

/*
 * These are the interfaces now: those that are up are used, and the group is
 * joined there on `shared` (NULL: it is not), and left where an interface has
 * gone.  GW_E_MEMORY: all stays as it was.
 */
GW_MUST_USE enum gw_err gw_discovery_links_update(struct gw_discovery_links *,
    const struct gw_netifs *, struct gw_udp *shared);
/* Send this to everybody. */
void gw_discovery_links_send(
    struct gw_discovery_links *, struct gw_udp *, struct gw_slice data);
/* The next way that has failed for good and was not told yet: its link and
 * itself.  A way that works again may be told again. */
bool gw_discovery_links_trouble(struct gw_discovery_links *,
    const struct gw_discovery_link **, const struct gw_way **);

#endif /* GW_RUN_DISCOVERY_LINKS_H */
