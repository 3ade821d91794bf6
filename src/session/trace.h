/*
 * trace - what a session does, told as it happens to whoever wants to know.
 *
 * An event is a fact as a struct; writers make of it what they like: a line
 * of JSON (run/trace_json.h), a line of a golden trace (tests/sim).  It has no
 * time: the writer looks at its own clock.  Pointers in it are lent for the
 * call, which must be quick: it comes from amid the engine.
 *
 * Nothing is gathered for a trace that is NULL, which is how it is off.  It
 * never holds a key, a code, or content.
 */
#ifndef GW_SESSION_TRACE_H
#define GW_SESSION_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "wire/frame.h"

enum gw_trace_kind {
	GW_TRACE_STARTED,    /* a session exists */
	GW_TRACE_ADDRESS,    /* of the other side, for people */
	GW_TRACE_OPENED,     /* both sides are authenticated */
	GW_TRACE_HELLO,      /* a message of the handshake; on tcp, FIN */
	GW_TRACE_PACKET,     /* a sealed packet */
	GW_TRACE_LOST,       /* a packet is given as lost */
	GW_TRACE_FOUND,      /* one that was given as lost had arrived */
	GW_TRACE_UNDONE,     /* all had: what its loss did is undone */
	GW_TRACE_TIMER,      /* of loss detection: it ran out */
	GW_TRACE_METRICS,    /* what is known of the path */
	GW_TRACE_CONGESTION, /* the controller is in another state */
	GW_TRACE_WINDOW,     /* and this moved its window by a step */
	GW_TRACE_ECN,        /* what is known of marks on the path */
	GW_TRACE_PERSISTENT, /* nothing came through for long */
	GW_TRACE_STATE,      /* of the session */
	GW_TRACE_PATH,       /* the peer has another address */
	GW_TRACE_MTU,        /* larger or smaller datagrams */
	GW_TRACE_KEY,        /* a direction has its next key */
	GW_TRACE_ILLEGAL,    /* the peer broke the protocol */
	GW_TRACE_CLOSED      /* how it ended */
};

enum gw_trace_timer { GW_TRACE_TIMER_PROBE, GW_TRACE_TIMER_LOSS };

enum gw_trace_path {
	GW_TRACE_PATH_PROBING, /* the new one has to prove itself, ... */
	GW_TRACE_PATH_PROVED,  /* ... did, ... */
	GW_TRACE_PATH_GIVEN_UP /* ... or did not: back to the old one */
};

struct gw_trace_metrics {
	gw_usec srtt, latest_rtt, min_rtt, rttvar;
	uint64_t window, in_flight;          /* bytes */
	uint64_t pacing_rate, delivery_rate; /* bytes a second; 0: none */
	uint64_t sent, received; /* bytes of the carrier; of tcp alone */
};

struct gw_trace_event {
	enum gw_trace_kind kind;
	union {
		struct {
			const char *carrier; /* "udp" */
			bool initiator;
			const char *name; /* of this device */
		} started;
		const char *address; /* "10.0.0.2:4639" */
		struct {
			const char *peer, *cipher; /* the peer's name */
		} opened;
		struct {
			const char *type; /* "SYN_ACK" */
			size_t bytes;     /* 0 on tcp */
			bool out, again;
		} hello;
		struct {
			const struct gw_pframe *frames;
			unsigned count;
			uint64_t number;
			size_t bytes;
			bool out;
			bool again; /* its chunk was sent before */
		} packet;
		struct {
			uint64_t number, offset;
			uint32_t bytes, length; /* of it, of its chunk */
			uint16_t stream;
			bool mtu_probe; /* it was too large: no loss */
		} lost;
		uint64_t found; /* its number */
		struct {
			enum gw_trace_timer which;
			unsigned count; /* in a row */
		} timer;
		struct gw_trace_metrics metrics;
		struct {
			const char *algorithm, *was, *is;
		} congestion;
		struct {
			const char *algorithm;
			uint64_t was, is;
		} window;
		struct {
			const char *was, *is;
		} state;
		enum gw_trace_path path;
		const char *ecn; /* "testing", "capable", "failed" */
		struct {
			uint32_t was, is;
		} mtu;
		struct {
			bool out;
			uint64_t epoch;
		} key;
		const char *illegal; /* what was */
		struct {
			enum gw_err err;
			const char *text;
		} closed;
	};
};

/* Frames of one packet that are told; further ones are not. */
enum { GW_TRACE_FRAMES = 16 };

struct gw_trace {
	void (*event)(
	    void *arg, uint64_t session, const struct gw_trace_event *);
	void *arg;
	uint64_t session; /* set by the session in its own copy: the same at
			     both ends of one on udp */
};

/* t may be NULL.  Where filling the event costs anything, ask before. */
static inline void
gw_trace(const struct gw_trace *t, const struct gw_trace_event *e)
{
	if (t != NULL)
		t->event(t->arg, t->session, e);
}

#endif /* GW_SESSION_TRACE_H */
