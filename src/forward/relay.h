/*
 * relay - the engine of the broadcast relay: what came by broadcast or to a
 * group on one interface leaves by others, once.
 *
 * A datagram goes in; what it becomes comes out: copies, each with the
 * interface that it leaves by, whom it goes to and whom it seems to come from;
 * or the name of the reason why none does.  Every datagram that goes in is
 * counted under one of these.
 *
 * Where receivers see an address of the relay, it holds a port for each who
 * asked, and carries back what is answered there, for a while.
 *
 * An interface may also be a session with the relay of another site.  What
 * passes there tells which relay has heard it first, as which number, and how
 * many sessions it has passed: so it ends, and arrives once, however the sites
 * are joined.
 *
 * The rules are B1 to B11 of what a relay has to keep; the tests name them.
 */
#ifndef GW_FORWARD_RELAY_H
#define GW_FORWARD_RELAY_H

#include "base/random.h"
#include "base/slice.h"
#include "forward/relay_rule.h"

struct gw_relay_engine;

/* ---- interfaces ---- */

struct gw_relay_address {
	struct gw_endpoint ip; /* port 0; link-local ones with their zone */
	unsigned prefix;       /* bits, of IPv4 of 32 */
	struct gw_endpoint broadcast; /* of its subnet; zeros: has none */
};

/* An interface as it is now. */
struct gw_relay_link {
	bool up;
	unsigned index; /* what the system calls it; its zone */
	bool remote;    /* a session with another site; no more is told of it */
	bool broadcast, multicast;
	struct gw_relay_address addrs[GW_RELAY_ADDRS]; /* IPv4 first */
	size_t addr_count;
	/* These get by unicast what would leave by broadcast or to a group;
	 * port 0. */
	struct gw_endpoint peers[GW_RELAY_PEERS];
	size_t peer_count;
};

/* ---- what becomes of a datagram ---- */

#define GW_RELAY_FATES(X)                                                      \
	X(CARRIED, "carried")                                                  \
	X(UNICAST, "unicast")          /* to one host: none of ours */         \
	X(NO_RULE, "no rule")          /* none takes what goes to there */     \
	X(NO_BEACON, "no beacon")      /* at the port of godwit's own */       \
	X(ELSEWHERE, "off the link")   /* a beacon of no neighbour */          \
	X(NO_PORT, "no source port")   /* nobody could answer: F28 */          \
	X(OWN, "own")                  /* this machine has sent it */          \
	X(DIRECTION, "direction")      /* this interface is not heard */       \
	X(DENIED, "denied")            /* by allow and deny */                 \
	X(TRIPPED, "tripped")          /* after a storm */                     \
	X(ECHO, "loop")                /* it was sent there a moment ago */    \
	X(BESIDE, "carried by others") /* as often as it came */               \
	X(REPEAT, "repeated")          /* the same, too often */               \
	X(RATE, "rate")                /* too many a second */                 \
	X(NO_WAY, "no interface")      /* none to leave by is up */            \
	X(NO_ADDRESS, "no address")    /* none of that family, or no peer */   \
	X(NO_HOLD, "no port")          /* the port is another program's */     \
	X(NO_PIPE, "no way to the device") /* for sessions with it */          \
	X(TOO_BIG, "too big")     /* cannot be sent in one piece there */      \
	X(UNSENT, "not sent")     /* the system refused it */                  \
	X(SEEN, "by another way") /* it is here already */                     \
	X(FAR, "too many sites")  /* that it has passed */                     \
	X(LATE, "late")           /* too long on the way between sites */      \
	X(BUSY, "site busy")      /* the session takes no more */              \
	X(STALE, "late answer")   /* nobody waits for it any more */           \
	X(ANSWERS, "too many answers")

enum gw_relay_fate {
#define X(name, text) GW_RELAY_FATE_##name,
	GW_RELAY_FATES(X)
#undef X
	    GW_RELAY_FATE_COUNT
};

/* A few words; static storage. */
const char *gw_relay_fate_text(enum gw_relay_fate);

struct gw_relay_arrival {
	unsigned link;
	struct gw_endpoint from, to;
	enum gw_cast cast;
	uint8_t hops; /* left; 0: not known */
	struct gw_slice data;
	/* From another site; as wire/relay_link.h has it. */
	uint8_t sites;
	uint8_t origin[GW_RELAY_ORIGIN_LEN];
	uint64_t number, question;
	bool late; /* it was too long under way */
};

/* Which socket sends it. */
enum gw_relay_via {
	GW_RELAY_VIA_RULE, /* one that listens for the rule, from its port */
	GW_RELAY_VIA_HELD, /* the port that is held under this number */
	GW_RELAY_VIA_RAW,  /* any source at all */
	GW_RELAY_VIA_SITE  /* none: the session does */
};

struct gw_relay_emission {
	unsigned rule, link; /* by which it leaves */
	enum gw_relay_via via;
	unsigned by; /* RULE: whose port it leaves from */
	/* HELD: the place, what is in it (another serial is another port,
	 * and the old one is to be closed), and the number it shall have,
	 * 0: any. */
	unsigned held;
	uint64_t serial;
	uint16_t held_port;
	struct gw_endpoint from; /* zeros: the system chooses */
	struct gw_endpoint to;
	uint8_t hops;         /* 0: the system's */
	bool answer;          /* to one who asked */
	struct gw_slice data; /* that of the arrival */
	/* To another site; as wire/relay_link.h has it.  from is who said it
	 * then, and to where it was sent. */
	bool group;
	uint8_t sites;
	uint8_t origin[GW_RELAY_ORIGIN_LEN];
	uint64_t number, question;
};

/* Of one rule and one interface. */
struct gw_relay_counts {
	uint64_t heard;    /* datagrams that came in */
	uint64_t sent;     /* copies that left by it */
	uint64_t bytes;    /* in them */
	uint64_t answered; /* answers that were carried back into it */
	uint64_t fates[GW_RELAY_FATE_COUNT];
};

enum gw_relay_news_kind {
	GW_RELAY_NEWS_STORM, /* tripped: a rule stops carrying from a link */
	GW_RELAY_NEWS_CALM,  /* and tries again */
	GW_RELAY_NEWS_CLOSE  /* a held port is to be closed */
};

struct gw_relay_news {
	enum gw_relay_news_kind kind;
	unsigned rule, link;
	gw_usec pause; /* of STORM */
	unsigned held; /* of CLOSE */
};

/* ---- the engine ---- */

/* Rules are copied; they have been checked (gw_relay_rule_wrong). */
GW_MUST_USE enum gw_err gw_relay_engine_new(const struct gw_relay_rule *,
    size_t count, const struct gw_random *, gw_usec now,
    struct gw_relay_engine **);
void gw_relay_engine_free(struct gw_relay_engine *);

/* An interface has come, changed or gone (up is false). */
void gw_relay_engine_link(
    struct gw_relay_engine *, unsigned link, const struct gw_relay_link *);
const struct gw_relay_link *gw_relay_engine_link_of(
    const struct gw_relay_engine *, unsigned link);
/* What this relay calls itself to others, GW_RELAY_ORIGIN_LEN bytes. */
const uint8_t *gw_relay_engine_origin(const struct gw_relay_engine *);
size_t gw_relay_engine_rules(const struct gw_relay_engine *);
const struct gw_relay_rule *gw_relay_engine_rule(
    const struct gw_relay_engine *, size_t);

/* The rule that takes it, by port, destination and interface; the number of
 * rules: none. */
size_t gw_relay_engine_find(
    const struct gw_relay_engine *, const struct gw_relay_arrival *);

/* It came for this rule, at its port.  Its emissions are to be pulled before
 * anything else goes in. */
enum gw_relay_fate gw_relay_engine_input(struct gw_relay_engine *,
    unsigned rule, const struct gw_relay_arrival *, gw_usec now);
/* It came by unicast to a held port. */
enum gw_relay_fate gw_relay_engine_answer(struct gw_relay_engine *,
    unsigned held, const struct gw_relay_arrival *, gw_usec now);
/* An answer that came from another site, to this question of ours. */
enum gw_relay_fate gw_relay_engine_site_answer(
    struct gw_relay_engine *, const struct gw_relay_arrival *, gw_usec now);
bool gw_relay_engine_output(
    struct gw_relay_engine *, struct gw_relay_emission *);
/* What became of an emission: FATE_CARRIED, NO_HOLD, TOO_BIG, UNSENT. */
void gw_relay_engine_sent(struct gw_relay_engine *,
    const struct gw_relay_emission *, enum gw_relay_fate);

void gw_relay_engine_tick(struct gw_relay_engine *, gw_usec now);
gw_usec gw_relay_engine_deadline(const struct gw_relay_engine *);
bool gw_relay_engine_news(struct gw_relay_engine *, struct gw_relay_news *);

const struct gw_relay_counts *gw_relay_engine_counts(
    const struct gw_relay_engine *, unsigned rule, unsigned link);
/* Is this rule stopped there just now? */
bool gw_relay_engine_is_tripped(
    const struct gw_relay_engine *, unsigned rule, unsigned link);

#endif /* GW_FORWARD_RELAY_H */
