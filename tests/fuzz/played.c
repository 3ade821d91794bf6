#include "played.h"

#include <string.h>

#include "base/assert.h"

struct played played[PLAYED_SITES];
gw_usec played_now;
uint8_t played_mood;
uint64_t played_question;

static struct played *
peer_of(const struct gw_connection *c)
{
	struct played *p = (struct played *)(void *)(uintptr_t)(const void *)c;

	GW_ASSERT(p == &played[0] || p == &played[1]);
	GW_ASSERT(p->there);
	return p;
}

gw_usec __wrap_gw_clock_now(void);
enum gw_err __wrap_gw_connect(struct gw *, const char *, uint16_t,
    const struct gw_connection_options *, struct gw_connection **);
bool __wrap_gw_connection_next(
    struct gw_connection *, struct gw_connection_event *);
void __wrap_gw_connection_info(
    const struct gw_connection *, struct gw_connection_info *);
void __wrap_gw_connection_abort(
    struct gw_connection *, enum gw_err, const char *);
void __wrap_gw_connection_close(struct gw_connection *);
enum gw_err __wrap_gw_stream_read(
    struct gw_connection *, unsigned, void *, size_t, size_t *);
enum gw_err __wrap_gw_stream_write(
    struct gw_connection *, unsigned, const void *, size_t, size_t *);
enum gw_err __wrap_gw_datagram_receive(
    struct gw_connection *, void *, size_t, size_t *);
enum gw_err __wrap_gw_datagram_send(
    struct gw_connection *, const void *, size_t);
enum gw_err __wrap_gw_udp_send(
    struct gw_udp *, const struct gw_udp_datagram *, struct gw_why *);
struct gw_relay_socket *__wrap_gw_relay_hold(
    struct gw_relay *, const struct gw_relay_emission *, struct gw_why *);
struct gw_relay_socket *__wrap_gw_relay_listener(
    struct gw_relay *, unsigned, unsigned, int);
void __wrap_gw_loop_arm(uv_timer_t *, gw_usec, uv_timer_cb);

gw_usec
__wrap_gw_clock_now(void)
{
	return played_now;
}

enum gw_err
__wrap_gw_connect(struct gw *g, const char *host, uint16_t port,
    const struct gw_connection_options *o, struct gw_connection **out)
{
	struct played *p = &played[strcmp(o->device, "two") == 0];

	(void)g;
	(void)host;
	(void)port;
	if ((played_mood & PLAYED_NO_CONNECT) != 0)
		return GW_E_RESOLVE;
	GW_ASSERT(!p->there);
	memset(p, 0, offsetof(struct played, stream));
	p->at = p->end = p->datagram_len = 0;
	p->ends = false;
	p->there = p->opens = true;
	*out = (struct gw_connection *)(void *)p;
	return GW_OK;
}

bool
__wrap_gw_connection_next(
    struct gw_connection *c, struct gw_connection_event *out)
{
	struct played *p = peer_of(c);

	*out = (struct gw_connection_event){ .kind = GW_CONNECTION_NOTICE };
	if (p->opens) {
		out->kind = GW_CONNECTION_OPENED;
		p->opens = false;
		return true;
	}
	if (p->closes) {
		out->kind = GW_CONNECTION_CLOSED;
		out->err = GW_E_LOST;
		p->closes = false;
		return true;
	}
	return false;
}

void
__wrap_gw_connection_info(
    const struct gw_connection *c, struct gw_connection_info *out)
{
	peer_of(c);
	*out = (struct gw_connection_info){
		.carrier = "udp", .cipher = "none", .address = "there"
	};
}

void
__wrap_gw_connection_abort(
    struct gw_connection *c, enum gw_err err, const char *text)
{
	(void)err;
	GW_ASSERT(text[0] != '\0');
	peer_of(c);
}

void
__wrap_gw_connection_close(struct gw_connection *c)
{
	if (c != NULL)
		peer_of(c)->there = false;
}

enum gw_err
__wrap_gw_stream_read(
    struct gw_connection *c, unsigned id, void *to, size_t size, size_t *n)
{
	struct played *p = peer_of(c);

	GW_ASSERT(id == GW_STREAM_FIRST);
	GW_ASSERT(size > 0);
	*n = p->end - p->at < size ? p->end - p->at : size;
	if (*n == 0 && !p->ends)
		return GW_E_AGAIN;
	memcpy(to, p->stream + p->at, *n);
	p->at += *n;
	return GW_OK;
}

enum gw_err
__wrap_gw_stream_write(struct gw_connection *c, unsigned id, const void *data,
    size_t size, size_t *n)
{
	(void)data;
	peer_of(c);
	GW_ASSERT(id == GW_STREAM_FIRST);
	GW_ASSERT(size > 0);
	if ((played_mood & PLAYED_STREAM_FULL) != 0)
		return GW_E_AGAIN;
	*n = (played_mood & PLAYED_STREAM_HALF) != 0 ? (size + 1) / 2 : size;
	return GW_OK;
}

enum gw_err
__wrap_gw_datagram_receive(
    struct gw_connection *c, void *to, size_t size, size_t *n)
{
	struct played *p = peer_of(c);

	if (p->datagram_len == 0)
		return GW_E_AGAIN;
	GW_ASSERT(p->datagram_len <= size);
	*n = p->datagram_len;
	memcpy(to, p->datagram, *n);
	p->datagram_len = 0;
	return GW_OK;
}

enum gw_err
__wrap_gw_datagram_send(struct gw_connection *c, const void *data, size_t size)
{
	struct gw_relay_message m;

	peer_of(c);
	GW_ASSERT(gw_relay_message_decode(gw_slice(data, size), &m));
	GW_ASSERT(m.kind != GW_RELAY_HELLO);
	if (m.question != 0)
		played_question = m.question;
	if ((played_mood & PLAYED_TOO_LONG) != 0)
		return GW_E_LIMIT;
	return (played_mood & PLAYED_BUSY) != 0 ? GW_E_AGAIN : GW_OK;
}

enum gw_err
__wrap_gw_udp_send(
    struct gw_udp *u, const struct gw_udp_datagram *d, struct gw_why *why)
{
	(void)u;
	(void)why;
	GW_ASSERT(d->len <= GW_DATAGRAM_MAX);
	return (played_mood & PLAYED_UNSENT) != 0 ? GW_E_LIMIT : GW_OK;
}

static struct gw_relay_socket a_socket;

struct gw_relay_socket *
__wrap_gw_relay_hold(
    struct gw_relay *r, const struct gw_relay_emission *out, struct gw_why *why)
{
	(void)r;
	(void)out;
	(void)why;
	return (played_mood & PLAYED_NO_SOCKET) != 0 ? NULL : &a_socket;
}

struct gw_relay_socket *
__wrap_gw_relay_listener(
    struct gw_relay *r, unsigned rule, unsigned link, int family)
{
	(void)r;
	(void)rule;
	(void)family;
	(void)link;
	return (played_mood & PLAYED_NO_SOCKET) != 0 ? NULL : &a_socket;
}

void
__wrap_gw_loop_arm(uv_timer_t *t, gw_usec at, uv_timer_cb cb)
{
	(void)t;
	(void)at;
	(void)cb;
}
