/*
 * udp_session_private - shared by the files of udp_session: udp_session.c
 * (life, time, what its owner calls), udp_info.c (what people see of it),
 * udp_states.c (the states and the end),
 * udp_opening.c (the three messages), udp_input.c (sealed packets in),
 * udp_output.c (packets out; udp_due.c what there is to send, udp_datagrams.c
 * DATAGRAM frames, udp_seal.c under the keys), udp_trace.c (what is told of
 * them), udp_streams.c (data; udp_streams_out.c on its way out, udp_windows.c
 * its windows), udp_paths.c (addresses that change, larger datagrams); and for
 * tests that play a hostile peer.
 */
#ifndef GW_SESSION_UDP_UDP_SESSION_PRIVATE_H
#define GW_SESSION_UDP_UDP_SESSION_PRIVATE_H

#include "base/queue.h"
#include "session/carrier.h"
#include "session/handshake.h"
#include "session/udp/ack_out.h"
#include "session/udp/keys.h"
#include "session/udp/pmtud.h"
#include "session/udp/recovery.h"
#include "session/udp/udp_session.h"
#include "session/udp/udp_streams.h"
#include "wire/frame.h"
#include "wire/packet.h"
#include "wire/record.h" /* codes of RST */

/*
 * What is to be told to the peer beside data and ACK.  A packet remembers
 * which of them it carried (gw_sent_content.controls), and when it is lost
 * they are due again.
 */
enum gw_udp_control {
	GW_DUE_CONFIRM = 1 << 0,
	GW_DUE_FIN = 1 << 1,
	GW_DUE_CHALLENGE = 1 << 2,
	GW_DUE_RESPONSE = 1 << 3,
	GW_DUE_FREQUENCY = 1 << 4,
	GW_DUE_PING = 1 << 5,
	GW_DUE_RST = 1 << 6,
	/* of the packet alone: never due in `due` */
	GW_CARRIES_END = 1 << 7, /* its chunk ends the stream */
	GW_CARRIES_ACK = 1 << 8,
	GW_CARRIES_WINDOWS = 1 << 9, /* or BLOCKED */
	GW_CARRIES_RESET = 1 << 10,  /* of its stream; then it has no chunk */
	GW_CARRIES_DATAGRAM = 1 << 11,
	GW_IN_TRAIN = 1 << 12 /* left in one call behind others */
};

enum {
	GW_UDP_OVERHEAD = GW_PACKET_HEADER + GW_TAG_LEN,
	GW_UDP_MESSAGES = 1 << 18 /* bytes of DATAGRAM frames that wait */
};

enum { GW_UDP_FLIGHT = 400 }; /* longest message of the handshake here */

/* A message of the handshake that is repeated until it is answered. */
struct gw_udp_flight {
	uint8_t b[GW_UDP_FLIGHT];
	size_t len; /* 0: none */
	bool due;
	unsigned tries;
	gw_usec at;    /* when it is repeated */
	gw_usec first; /* when it left first */
};

/* An address that has to prove that it is reached (RFC 9000, 8.2). */
struct gw_udp_probe {
	bool active;
	struct gw_path old; /* to go back to */
	uint64_t challenge;
	uint64_t allowance; /* bytes that may go there still */
	gw_usec until;
	gw_usec again;
};

/* Do trains get through?  Some routers that rewrite addresses spoil the
 * checksums of all their packets. */
struct gw_udp_trains {
	bool sent, passed; /* on this path */
	bool off;
	uint64_t ptos; /* when the first was sent */
};

/* What exists once there are keys. */
struct gw_udp_link {
	struct gw_keys out, in;
	uint64_t next_number;
	uint64_t largest_in; /* authenticated */
	bool any_in;
	struct gw_recovery recovery;
	struct gw_ack_out acks;
	struct gw_udp_streams streams;
	struct gw_pmtud mtu;
	unsigned due;      /* enum gw_udp_control */
	uint64_t response; /* to a challenge */
	struct gw_path response_to;
	struct gw_udp_probe probe;
	struct gw_udp_trains trains;
	uint64_t peer_total; /* of its FIN */
	bool peer_fin;       /* came; takes effect when its data has */
	bool seen;           /* the peer says that our FIN took effect */
	bool confirmed;      /* the peer has the keys, too */
	bool confirm_told;   /* it knows that we know */
	uint32_t forged;     /* packets that did not open */
	uint16_t rst_code;
	char rst_text[GW_REASON_MAX + 1];
	bool rst_told;     /* a RST went out; it is repeated on request, ... */
	unsigned tellings; /* ... so many times by now */
	struct gw_ack_frequency asked; /* of the peer */
	unsigned refusals;             /* by ICMP since something was heard */
	uint64_t datagrams_sent, datagrams_received;
	struct gw_queue messages;  /* DATAGRAM frames that wait */
	uint64_t messages_dropped; /* the path became too narrow */
	uint64_t messages_lost;    /* on the way, as far as is known */
};

struct gw_udp_session {
	struct gw_session base; /* first: the session is it */
	enum gw_udp_state state;
	gw_usec since; /* in this state */
	gw_usec entered[GW_UDP_STATES];
	uint64_t *changes; /* of states: its endpoint's count */
	uint32_t serial;
	bool initiator;
	struct gw_random random;
	struct gw_udp_tuning o;
	uint64_t window;
	unsigned sharers; /* sessions that what is granted is for; 0: one */
	gw_usec now;      /* of the call under way */

	uint64_t cid, peer_cid;
	struct gw_path path;
	uint32_t source_bytes; /* that came before it was authenticated */
	struct gw_udp_flight flight;
	uint8_t cookie[GW_COOKIE_MAX];
	size_t cookie_len;
	unsigned cookies; /* that were asked for */
	bool held;        /* the third message waits for its owner */
	uint8_t reset_token[GW_TOKEN_LEN]; /* initiator: of the other side */
	gw_usec open_by;
	gw_usec doubt_by; /* somebody else answered, as `close` says */
	gw_usec heard, sent_at;

	struct gw_handshake *handshake; /* until it is of no use any more */
	struct gw_udp_link *link;       /* NULL until there are keys */

	uint8_t peer[GW_KEY_LEN];
	bool shown;            /* the peer has shown that key */
	struct gw_intro intro; /* of this side */
	struct gw_intro peer_intro;
	enum gw_cipher cipher;
	enum gw_mode mode;
	struct gw_ticket ticket;
	struct gw_close close;

	bool opened_due, closed_due, fin_due; /* events that wait */
	bool ended;                           /* CLOSED was told, or is due */
	bool unpulled; /* events wait, and their owner knows */
	bool forsaken; /* its owner has left: nobody pulls them */
	/* sent once; its packet acknowledged; all data, too; the peer's takes
	 * effect */
	bool fin_wanted, fin_sent, fin_told, fin_acked, fin_received;
	gw_usec until; /* TIME_WAIT, LAST_ACK and CLOSED end then */
};

/* udp_session.c */
struct gw_udp_session *gw_udp_session_of(struct gw_session *);
/* How a session begins: what its endpoint decides. */
struct gw_udp_start {
	struct gw_udp_tuning udp;
	struct gw_path path;
	uint64_t cid, peer_cid;      /* peer_cid: 0 where it is not known */
	uint8_t token[GW_TOKEN_LEN]; /* responder: that its RST bears */
	uint32_t serial;
	uint64_t *changes; /* one more for each change of its state */
};
GW_MUST_USE enum gw_err gw_udp_session_new(const struct gw_session_options *,
    const struct gw_udp_start *, gw_usec now, struct gw_session **);
/* A message of the handshake that came in a datagram of so many bytes. */
void gw_udp_session_hello(struct gw_session *, const struct gw_hello_packet *,
    size_t bytes, gw_usec now);
/* Its owner has left: one that is not open yet ends without a word, one that
 * is, and was not asked to finish, by a reset. */
void gw_udp_session_forsake(struct gw_session *, gw_usec now);
/* It has nothing to say any more, and nobody can want to hear it again. */
bool gw_udp_session_gone(const struct gw_session *, gw_usec now);
/* After the keys are in it. */
GW_MUST_USE enum gw_err gw_udp_session_link_init(
    const struct gw_udp_session *, struct gw_udp_link *);
void gw_udp_session_link_free(struct gw_udp_link *);

/* udp_states.c */
void gw_udp_session_first_state(struct gw_udp_session *);
void gw_udp_session_set_state(struct gw_udp_session *, enum gw_udp_state);
/* Over, with this to tell; the peer is told nothing. */
void gw_udp_session_close(struct gw_udp_session *, const struct gw_close *);
/* Over, and the peer is told where there are keys to seal it with. */
void gw_udp_session_reset(
    struct gw_udp_session *, enum gw_err, const char *text, const char *told);
void gw_udp_session_illegal(struct gw_udp_session *, const char *what);
/* The peer is there no more, and knows nothing of this session. */
void gw_udp_session_vanished(struct gw_udp_session *, const char *text);
/* All of the session's data and its FIN are acknowledged, or its peer's FIN
 * takes effect: whatever follows from that. */
void gw_udp_session_settle(struct gw_udp_session *);
/* A FIN came again, or the first time. */
void gw_udp_session_on_fin(struct gw_udp_session *, uint64_t total, bool seen);
void gw_udp_session_states_tick(struct gw_udp_session *);
gw_usec gw_udp_session_states_deadline(const struct gw_udp_session *);
bool gw_udp_session_is_open(const struct gw_udp_session *);
bool gw_udp_session_is_opening(const struct gw_udp_session *);

/* udp_opening.c */
/* A responder's RST will bear this token. */
void gw_udp_session_opening_start(
    struct gw_udp_session *, const uint8_t token[GW_TOKEN_LEN]);
void gw_udp_session_on_hello(
    struct gw_udp_session *, const struct gw_hello_packet *, size_t bytes);
void gw_udp_session_opening_go(struct gw_udp_session *);
void gw_udp_session_opening_tick(struct gw_udp_session *);
/* Write the flight that is due as one datagram; 0: none. */
size_t gw_udp_session_opening_output(
    struct gw_udp_session *, uint8_t *, size_t cap);
/* The peer sealed something: it has the keys. */
void gw_udp_session_confirmed(struct gw_udp_session *);
void gw_udp_session_drop_handshake(struct gw_udp_session *);

/* udp_input.c */
void gw_udp_session_on_sealed(struct gw_udp_session *, struct gw_incoming *);
/* What became of packets that were sent. */
void gw_udp_session_take_fates(struct gw_udp_session *);
/* What packet `number` carried has to go out again. */
void gw_udp_session_repeat(
    struct gw_udp_session *, uint64_t number, const struct gw_sent_content *);

/* udp_due.c: what there is to send, and whether it may leave. */
/* An address that has proved nothing yet has had about all that it may get,
 * or may get no more than what proves it. */
bool gw_udp_session_is_held(const struct gw_udp_session *, uint64_t least);
enum {
	GW_UDP_CONTROL_MOST = 128
}; /* bytes of a packet without data, ACK,
      windows */
/* A response to a challenge from elsewhere is next: somebody else may be there,
 * and nothing goes with it. */
bool gw_udp_session_is_alone(const struct gw_udp_session *);
bool gw_udp_session_has_ack(const struct gw_udp_session *);
bool gw_udp_session_has_windows(const struct gw_udp_session *);
bool gw_udp_session_has_reset(const struct gw_udp_session *);
/* Control frames, windows or resets are to leave at once. */
bool gw_udp_session_has_due(const struct gw_udp_session *);
bool gw_udp_session_has_data(const struct gw_udp_session *);
/* What the path still lets out: windows of congestion, pace, and an address
 * that has proved nothing yet. */
uint64_t gw_udp_session_budget(const struct gw_udp_session *);
gw_usec gw_udp_session_output_deadline(const struct gw_udp_session *);

/* udp_output.c */
bool gw_udp_session_packets(struct gw_udp_session *, struct gw_burst *);

/* udp_seal.c */
/* Header, text and tag; returns the length. */
size_t gw_udp_session_seal(struct gw_udp_session *, uint64_t number,
    const struct gw_slice text[2], uint8_t *out);
/*
 * The same where text[1] is a chunk that stands `at` a place of a ring
 * (gw_ring_at; NULL: it does not).  The head is put right in front of it for as
 * long as it takes, and what stood there is put back: the cipher takes one
 * piece faster than two.
 */
size_t gw_udp_session_seal_chunk(struct gw_udp_session *, uint64_t number,
    const struct gw_slice text[2], uint8_t *at, uint8_t *out);

/* Frames of a packet, kept for a trace: only where there is one. */
struct gw_udp_told {
	struct gw_pframe frames[GW_TRACE_FRAMES];
	unsigned count;
	bool out;
	bool again; /* its chunk was sent before */
};
static inline void
gw_udp_session_told(struct gw_udp_told *t, const struct gw_pframe *f)
{
	if (t->count < GW_TRACE_FRAMES)
		t->frames[t->count++] = *f;
}

/* udp_trace.c */
void gw_udp_session_trace_packet(const struct gw_udp_session *, uint64_t number,
    size_t bytes, const struct gw_udp_told *);
void gw_udp_session_trace_probe(
    const struct gw_udp_session *, uint64_t number, size_t bytes);
void gw_udp_session_trace_lost(
    const struct gw_udp_session *, const struct gw_fate *);
/* The keys of one direction were of epoch `was`. */
void gw_udp_session_trace_key(
    const struct gw_udp_session *, bool out, uint64_t was);

/* Nothing of the handshake is sent any more. */
void gw_udp_session_be_quiet(struct gw_udp_session *);

/* udp_datagrams.c */
/* Of session.h. */
size_t gw_udp_session_datagram_max(const struct gw_session *);
GW_MUST_USE enum gw_err gw_udp_session_datagram(
    struct gw_session *, struct gw_slice, gw_usec now);
unsigned gw_udp_session_datagrams(const struct gw_session *);
/* The next DATAGRAM that can leave as a whole packet of `size` bytes; one
 * that can leave no more is dropped.  false: none. */
bool gw_udp_session_next_datagram(
    struct gw_udp_session *, size_t size, struct gw_slice *);

/* udp_share.c */
/* It is one of so many at its endpoint. */
void gw_udp_session_share(struct gw_session *, unsigned sessions);
void gw_udp_session_share_memory(
    const struct gw_udp_session *, struct gw_udp_streams *);
void gw_udp_session_share_kernel(struct gw_udp_session *);

/* udp_paths.c */
/* A datagram that tries a larger size: a burst of its own. */
bool gw_udp_session_mtu_probe(struct gw_udp_session *, struct gw_burst *);
/* The newest packet came, from wherever. */
void gw_udp_session_new_address(
    struct gw_udp_session *, const struct gw_incoming *);
void gw_udp_session_on_response(struct gw_udp_session *, uint64_t);
/* How many packets a burst may have. */
unsigned gw_udp_session_longest_train(struct gw_udp_session *);
/* All of a train are as long as its first.  Is a first of n bytes so short that
 * the data behind it had better begin another one? */
bool gw_udp_session_goes_alone(const struct gw_udp_session *, size_t n);
void gw_udp_session_paths_tick(struct gw_udp_session *);
gw_usec gw_udp_session_paths_deadline(const struct gw_udp_session *);

#endif /* GW_SESSION_UDP_UDP_SESSION_PRIVATE_H */
