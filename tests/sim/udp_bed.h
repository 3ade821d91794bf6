/*
 * udp_bed - two endpoints on a virtual network: side 0 dials, side 1 waits.
 *
 * Each side's owner writes what the script says, checks every byte that
 * comes, and finishes when it is told to.  Everything follows from the seed.
 */
#ifndef GW_TESTS_SIM_UDP_BED_H
#define GW_TESTS_SIM_UDP_BED_H

#include "net.h"
#include "session/door.h"
#include "session/udp/udp_endpoint.h"

enum { UDP_BED_STREAMS = 2, UDP_BED_LOG = 1 << 16 };

struct udp_side {
	struct gw_udp_endpoint *endpoint;
	struct gw_session *session; /* the first one */
	struct gw_keypair keys;
	struct udp_bed *bed;
	unsigned number;

	/* the script */
	uint64_t to_write[UDP_BED_STREAMS];
	bool finish;    /* when all is written */
	bool no_credit; /* its owner deals with nothing */
	bool answers;   /* finishes when the other side has */
	bool no_trains; /* of its bursts only what is alone arrives */
	bool dead;      /* killed: nothing comes from it any more */

	/* what its owner saw and did */
	bool opened, fin, closed, finished, released;
	struct gw_session_event closed_event;
	char closed_text[GW_REASON_MAX + 1];
	char peer_name[GW_NAME_MAX + 1];
	struct gw_ticket ticket;
	uint64_t written[UDP_BED_STREAMS], got[UDP_BED_STREAMS];
	bool ended[UDP_BED_STREAMS];
	bool reset[UDP_BED_STREAMS];
	uint64_t reset_code;
	uint64_t datagrams, datagram_bytes;
	uint64_t wrong;                 /* bytes that were not as they should */
	uint64_t owed[UDP_BED_STREAMS]; /* not yet credited */
	unsigned sessions;              /* that came in */
	unsigned failed;                /* of them, without ever opening */
	enum gw_udp_state states[32];   /* in the order they were seen */
	unsigned state_n;

	struct gw_burst burst;
	size_t burst_at;
	uint8_t buf[1 << 16];
};

struct udp_bed {
	struct net *net;
	unsigned forth, back;         /* links from 0 to 1, and from 1 to 0 */
	struct net_link_options link; /* both were made so */
	unsigned node[2];
	struct udp_side side[2];
	struct gw_door *door;
	struct gw_random random;
	uint64_t random_state;
	gw_usec now;
	char *log; /* golden traces: what both sides traced */
	size_t log_len;
	bool summary;
	unsigned drops; /* for the script */
	struct gw_trace trace[2];
};

struct udp_bed_options {
	uint64_t seed;
	struct net_link_options link; /* both ways */
	uint64_t window;              /* of a stream; 0: 4 MiB */
	enum gw_congestion congestion;
	const char *code[2];            /* NULL: "7-crane-otter" */
	const struct gw_ticket *ticket; /* that side 0 comes back with */
	const uint8_t *peer;            /* the key that side 0 expects */
	uint64_t roll;
	bool traced;
	bool summary;   /* a trace without the lines of full packets */
	bool no_growth; /* datagrams stay as they are */
};

void udp_bed_init(struct udp_bed *, const struct udp_bed_options *);
void udp_bed_fini(struct udp_bed *);
/* Side 0 begins a session, or the next one when the last is over. */
void udp_bed_dial(struct udp_bed *, const struct udp_bed_options *);
/* Until both are over, or so long. */
void udp_bed_run(struct udp_bed *, gw_usec most);
/* Until a condition holds, or so long; says whether it held. */
bool udp_bed_until(
    struct udp_bed *, bool (*holds)(struct udp_bed *), gw_usec most);
/* For so long, whatever happens. */
void udp_bed_linger(struct udp_bed *, gw_usec);
/* Stop caring about a session, as an owner that is done does. */
void udp_bed_release(struct udp_side *);
/* What stands at an offset of a stream of a side. */
uint8_t udp_bed_byte(unsigned side, unsigned stream, uint64_t offset);

bool udp_bed_is_unsure(const struct udp_side *);
/* Everything was delivered, and both ends closed well. */
void udp_bed_check(const struct udp_bed *);

#endif /* GW_TESTS_SIM_UDP_BED_H */
