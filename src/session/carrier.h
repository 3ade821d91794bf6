/*
 * carrier - what a carrier gives to be a session: the functions behind
 * session.h, which says what each does.
 *
 * A carrier's own struct begins with a struct gw_session.  Private to
 * src/session.
 */
#ifndef GW_SESSION_CARRIER_H
#define GW_SESSION_CARRIER_H

#include "session/session.h"

struct gw_session_ops {
	void (*free)(struct gw_session *);
	void (*tick)(struct gw_session *, gw_usec now);
	gw_usec (*deadline)(const struct gw_session *);
	gw_usec (*heard)(const struct gw_session *);
	bool (*event)(struct gw_session *, struct gw_session_event *);
	size_t (*writable)(const struct gw_session *, uint16_t stream);
	size_t (*write)(
	    struct gw_session *, uint16_t stream, struct gw_slice, gw_usec);
	bool (*blocked)(const struct gw_session *, uint16_t stream);
	void (*credit)(struct gw_session *, uint16_t stream, size_t n);
	uint64_t (*unsent)(
	    const struct gw_session *, uint16_t stream, bool *held);
	void (*end)(struct gw_session *, uint16_t stream);
	void (*reset)(struct gw_session *, uint16_t stream, uint64_t code);
	size_t (*datagram_max)(const struct gw_session *);
	enum gw_err (*datagram)(struct gw_session *, struct gw_slice, gw_usec);
	unsigned (*datagrams)(const struct gw_session *);
	void (*finish)(struct gw_session *, gw_usec now);
	void (*abort)(
	    struct gw_session *, enum gw_err, const char *text, gw_usec now);
	bool (*is_open)(const struct gw_session *);
};

struct gw_session {
	const struct gw_session_ops *ops;
	void *user;                   /* the owner's */
	const struct gw_trace *trace; /* NULL: none; else own_trace */
	struct gw_trace own_trace;
};

/* It exists: its trace, if it has one, begins under this number. */
void gw_session_trace_begin(struct gw_session *,
    const struct gw_session_options *, enum gw_carrier, uint64_t number);
/* Both sides are authenticated. */
void gw_session_trace_opened(
    const struct gw_session *, const char *peer, enum gw_cipher);
/* It is over. */
void gw_session_trace_closed(
    const struct gw_session *, enum gw_err, const char *text);

#endif /* GW_SESSION_CARRIER_H */
