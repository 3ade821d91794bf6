/*
 * rule - what is forwarded where, as people write it and as one struct.
 *
 * Understood are URLs (gost's and ours), the triple of ssh -L, and the port
 * pair of docker; printed is one normal form of them all:
 *
 *   udp://[ADDR]:PORT[-PORT]/HOST:PORT[-PORT][,HOST:PORT...][?NAME=VALUE&...]
 *
 * Knows text and numbers only: no name is looked up, no interface asked for.
 */
#ifndef GW_FORWARD_RULE_H
#define GW_FORWARD_RULE_H

#include "forward/ip.h"

enum {
	GW_RULE_TARGETS = 16,
	GW_RULE_NETS = 16,
	GW_RULE_HOST = 255,
	GW_RULE_NAME = 63,
	GW_RULE_TEXT = 8192, /* buffer for a normal form, and the most that is
				read */
	GW_RULE_WHY = 256
};

enum gw_rule_protocol { GW_RULE_TCP, GW_RULE_UDP };

/* Which of several targets a new flow gets; one that fails is passed over. */
enum gw_rule_strategy {
	GW_RULE_ROUND,
	GW_RULE_RANDOM,
	GW_RULE_FIRST, /* the first that works */
	GW_RULE_HASH   /* by the client's address: always the same one */
};

/* Who tells the target for whom it is (F15). */
enum gw_rule_proxy {
	GW_RULE_PROXY_NONE,
	GW_RULE_PROXY_V2, /* before the first byte, in the first datagram */
	GW_RULE_PROXY_V2_EACH, /* in each datagram */
	GW_RULE_PROXY_SPP      /* the Simple Proxy Protocol, in each */
};

/* What an ICMP error of a target does to a UDP flow (F17). */
enum gw_rule_icmp {
	GW_RULE_ICMP_IGNORE,
	GW_RULE_ICMP_CLOSE,
	GW_RULE_ICMP_REFLECT /* and the client is told; the flow goes on */
};

/* What gives way when there is no room for another flow (F8). */
enum gw_rule_shed { GW_RULE_SHED_REJECT, GW_RULE_SHED_EVICT };

struct gw_rule_nets {
	struct gw_ip_net v[GW_RULE_NETS];
	size_t count;
};

struct gw_rule_target {
	char host[GW_RULE_HOST + 1]; /* a name, or an address, without
					brackets; IPv6 perhaps with %zone */
	uint16_t port;               /* of the rule's first port */
	uint16_t ports;              /* as many as the rule has, or 1 for all */
};

/* Zeros are what stands nowhere: the default. */
struct gw_rule {
	enum gw_rule_protocol protocol;
	char listen[GW_RULE_HOST + 1]; /* address as in a target; "": all, of
					  both families; "::": all IPv6 only */
	uint16_t port;                 /* 0: any free one */
	uint16_t ports;                /* from there on, at least 1 */
	struct gw_rule_target targets[GW_RULE_TARGETS];
	size_t target_count; /* at least 1 */

	char name[GW_RULE_NAME + 1];
	uint32_t ttl_ms;       /* idle so long: over; 0: tcp never, udp 180 s */
	uint32_t unreplied_ms; /* the same before the first reply; 0: ttl_ms,
				  or 60 s */
	uint32_t life_ms;      /* over after this, idle or not; 0: never */
	uint32_t responses, requests; /* over after so many; 0: never */
	uint32_t connect_ms;          /* patience with a target; 0: 10 s */
	uint32_t strategy;            /* enum gw_rule_strategy */
	uint32_t max_fails;           /* of a target before it rests; 0: 1 */
	uint32_t fail_timeout_ms;     /* how long it rests; 0: 10 s */
	uint32_t refresh_ms;  /* a name is looked up again after; 0: 30 s */
	uint32_t proxy;       /* enum gw_rule_proxy */
	uint32_t transparent; /* 1: targets see the client's address */
	char source[GW_RULE_HOST + 1];   /* address to speak to targets from */
	struct gw_rule_nets allow, deny; /* clients; no allow: all */
	uint32_t max, per_source;        /* flows; 0: as many as fit */
	uint32_t shed;                   /* enum gw_rule_shed */
	uint32_t icmp;                   /* enum gw_rule_icmp */
	uint32_t ratio;         /* F27: bytes out for one in, unproven; 0: the
				   token bucket alone */
	uint32_t unproven;      /* F27: bytes a second to one source that may
				   be forged; 0: 262,144 */
	uint32_t dont_fragment; /* 1: DF on what goes to targets */
	uint32_t no_keepalive;  /* 1: tcp without probes */
	uint32_t backlog;       /* of tcp listeners; 0: the system's most */
	bool ignored_buffer;    /* readBufferSize and its like stood there,
				   which nothing here needs; not printed */
};

/*
 * Read one.  `to` (or NULL) is HOST:PORT[,...], the targets of a rule that
 * names none.  False: why says what is wrong, and *out is untouched.
 */
bool gw_rule_parse(const char *text, const char *to, struct gw_rule *out,
    char why[GW_RULE_WHY]);
/* Its normal form: reads as the same rule again. */
void gw_rule_text(const struct gw_rule *, char out[GW_RULE_TEXT]);
/* "tcp" or "udp". */
const char *gw_rule_protocol_name(enum gw_rule_protocol);
/* "[::1]:53" of a host and a port; without the port if that is 0. */
void gw_rule_end_text(
    const char *host, uint16_t port, char out[GW_RULE_HOST + 16]);
/* May this client use it, as far as allow and deny go? */
bool gw_rule_allows(const struct gw_rule *, const struct gw_ip *client);
/* The port of a target for what came in at a port of the rule. */
uint16_t gw_rule_target_port(
    const struct gw_rule *, size_t target, uint16_t came_at);

#endif /* GW_FORWARD_RULE_H */
