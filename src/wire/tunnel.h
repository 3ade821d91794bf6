/*
 * tunnel - what two devices say to each other when one forwards ports through
 * the other (docs/protocol.md, "Tunnels").
 *
 * Messages go on streams: those about rules on the first one, those about a
 * TCP connection on its lane, a stream that several may share.  A message is
 * its kind, the length of its body in two bytes, and the body.  Datagrams of
 * UDP flows have a head of their own.
 */
#ifndef GW_WIRE_TUNNEL_H
#define GW_WIRE_TUNNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "wire/limits.h"

enum gw_tunnel_kind {
	/* on stream 0 */
	GW_TUNNEL_HELLO = 1, /* id: the first one of who connected */
	GW_TUNNEL_OPEN,      /* rule, reverse, text */
	GW_TUNNEL_ACCEPT,    /* rule, port, idle_ms, unreplied_ms */
	GW_TUNNEL_REFUSE,    /* rule, text */
	GW_TUNNEL_CLOSE,     /* rule */
	GW_TUNNEL_KNOWN,     /* flow: its datagrams need no opening */
	GW_TUNNEL_OVER,      /* flow of datagrams, reason */
	/* on a lane */
	GW_TUNNEL_FLOW,   /* flow, rule, port, ip, ip_port */
	GW_TUNNEL_READY,  /* flow: the target has taken it */
	GW_TUNNEL_DATA,   /* flow, then bytes */
	GW_TUNNEL_END,    /* flow: nothing follows in this direction */
	GW_TUNNEL_RESET,  /* flow, reason, text */
	GW_TUNNEL_WINDOW, /* flow, total */
	GW_TUNNEL_KINDS
};

/* Why a flow is over, on the wire. */
enum gw_tunnel_reason {
	GW_TUNNEL_BROKEN,      /* whoever is there broke it off */
	GW_TUNNEL_UNREACHABLE, /* the target is not to be had */
	GW_TUNNEL_REFUSED,     /* it may not be forwarded */
	GW_TUNNEL_LIMIT,       /* too many, or no memory */
	GW_TUNNEL_TIME,        /* idle for too long */
	GW_TUNNEL_STOPPED,     /* its rule has gone */
	GW_TUNNEL_REASONS
};

enum {
	GW_TUNNEL_HEAD = 3,      /* of a message: kind, length */
	GW_TUNNEL_DATA_HEAD = 7, /* and the flow */
	GW_TUNNEL_ID = 16
};

struct gw_tunnel_message {
	enum gw_tunnel_kind kind;
	uint8_t id[GW_TUNNEL_ID];
	uint16_t rule;
	bool reverse; /* who accepted listens */
	uint32_t flow;
	uint16_t port; /* FLOW: place in the rule's range */
	uint32_t idle_ms, unreplied_ms;
	uint8_t ip[16]; /* of the client, IPv4 as ::ffff:a.b.c.d */
	uint16_t ip_port;
	enum gw_tunnel_reason reason;
	uint64_t total;       /* bytes of the flow that may have been sent */
	struct gw_slice text; /* borrowed; at most GW_TUNNEL_TEXT, printable by
				 whoever shows it */
};

/* Returns the length, or 0: it does not fit.  Not for DATA. */
size_t gw_tunnel_encode(
    const struct gw_tunnel_message *, uint8_t *out, size_t room);
/* The head before n bytes of data. */
void gw_tunnel_data_head(
    uint32_t flow, size_t n, uint8_t out[GW_TUNNEL_DATA_HEAD]);
/*
 * What a stream goes on with, of which at least GW_TUNNEL_HEAD bytes are
 * there: *length of the whole message.  False: no such thing, or too long.
 */
bool gw_tunnel_measure(struct gw_slice, size_t *length);
/* One whole message, not DATA.  False: malformed, *out untouched. */
bool gw_tunnel_decode(struct gw_slice, struct gw_tunnel_message *out);

/* ---- datagrams ---- */

struct gw_tunnel_datagram {
	uint32_t flow;
	/* The flow may not be known there: what it is. */
	bool opens;
	uint16_t rule, port;
	uint8_t ip[16];
	uint16_t ip_port;
	/* A part of one. */
	bool part;
	uint16_t number;   /* of the datagram in its flow */
	uint8_t at, parts; /* at < parts, 2 <= parts <= GW_TUNNEL_PARTS */
	struct gw_slice data;
};

enum {
	GW_TUNNEL_PLAIN_HEAD = 5,    /* of one that is whole and known */
	GW_TUNNEL_DATAGRAM_HEAD = 31 /* at most */
};

/* Bytes of the head that this one gets. */
size_t gw_tunnel_datagram_head(const struct gw_tunnel_datagram *);
/* Head and data; room is enough for both.  Returns the length. */
size_t gw_tunnel_datagram_encode(
    const struct gw_tunnel_datagram *, uint8_t *out, size_t room);
bool gw_tunnel_datagram_decode(struct gw_slice, struct gw_tunnel_datagram *out);

#endif /* GW_WIRE_TUNNEL_H */
