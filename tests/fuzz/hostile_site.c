/*
 * Two other sites of a relay, both hostile, and a host on its interface: the
 * input is a program of what they say, on streams and in datagrams, before and
 * after hello, of sessions that come and go, and of time.  Whatever it is, what
 * the relay says itself is right, its buffers hold, and each arrival is counted
 * once.
 *
 * Sessions, sockets and the clock are played here: the linker gives those of
 * the library these names (tests/fuzz/meson.build).
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "run/relay.h"

enum { SITES = 2, ETH = SITES, STEPS_MAX = 300, ROOM = 1 << 17, ORIGINS = 4 };

/* A session, as the relay sees it. */
struct peer {
	bool there, opens, closes;
	uint8_t stream[ROOM]; /* what it says and was not read yet */
	size_t at, end;
	uint8_t datagram[ROOM];
	size_t datagram_len; /* 0: none */
	bool ends;           /* its stream does */
};

static struct peer peers[SITES];
static gw_usec now;
static uint8_t mood; /* what of the relay's calls fails */
static uint64_t question;

static struct peer *
peer_of(const struct gw_connection *c)
{
	struct peer *p = (struct peer *)(void *)(uintptr_t)(const void *)c;

	GW_ASSERT(p == &peers[0] || p == &peers[1]);
	GW_ASSERT(p->there);
	return p;
}

/* ---- the library's, played ---- */

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
	return now;
}

enum gw_err
__wrap_gw_connect(struct gw *g, const char *host, uint16_t port,
    const struct gw_connection_options *o, struct gw_connection **out)
{
	struct peer *p = &peers[strcmp(o->device, "two") == 0];

	(void)g;
	(void)host;
	(void)port;
	if ((mood & 1) != 0)
		return GW_E_RESOLVE;
	GW_ASSERT(!p->there);
	memset(p, 0, offsetof(struct peer, stream));
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
	struct peer *p = peer_of(c);

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
	struct peer *p = peer_of(c);

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
	if ((mood & 2) != 0)
		return GW_E_AGAIN;
	*n = (mood & 4) != 0 ? (size + 1) / 2 : size;
	return GW_OK;
}

enum gw_err
__wrap_gw_datagram_receive(
    struct gw_connection *c, void *to, size_t size, size_t *n)
{
	struct peer *p = peer_of(c);

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
		question = m.question;
	if ((mood & 8) != 0)
		return GW_E_LIMIT;
	return (mood & 16) != 0 ? GW_E_AGAIN : GW_OK;
}

enum gw_err
__wrap_gw_udp_send(
    struct gw_udp *u, const struct gw_udp_datagram *d, struct gw_why *why)
{
	(void)u;
	(void)why;
	GW_ASSERT(d->len <= GW_DATAGRAM_MAX);
	return (mood & 32) != 0 ? GW_E_LIMIT : GW_OK;
}

static struct gw_relay_socket a_socket;

struct gw_relay_socket *
__wrap_gw_relay_hold(
    struct gw_relay *r, const struct gw_relay_emission *out, struct gw_why *why)
{
	(void)r;
	(void)out;
	(void)why;
	return (mood & 64) != 0 ? NULL : &a_socket;
}

struct gw_relay_socket *
__wrap_gw_relay_listener(
    struct gw_relay *r, unsigned rule, unsigned link, int family)
{
	(void)r;
	(void)rule;
	(void)family;
	GW_ASSERT(link == ETH);
	return (mood & 64) != 0 ? NULL : &a_socket;
}

void
__wrap_gw_loop_arm(uv_timer_t *t, gw_usec at, uv_timer_cb cb)
{
	(void)t;
	(void)at;
	(void)cb;
}

/* ---- the relay ---- */

static void
fill(void *arg, void *out, size_t n)
{
	static uint8_t last;

	(void)arg;
	memset(out, ++last, n);
}

static void
interface(struct gw_relay *r, bool up)
{
	struct gw_relay_link l = { .up = up,
		.index = 7,
		.broadcast = true,
		.multicast = true,
		.addr_count = 1 };

	l.addrs[0] = (struct gw_relay_address){
		.ip = { .ip = { [10] = 0xff, 0xff, 10, 0, 1, 1 } },
		.prefix = 24,
		.broadcast = { .ip = { [10] = 0xff, 0xff, 10, 0, 1, 255 } }
	};
	gw_relay_engine_link(r->e, ETH, &l);
}

static bool
begin(struct gw_relay *r)
{
	static const struct gw_relay_site_options sites[SITES] = {
		{ .device = "one" }, { .device = "two" }
	};
	static const char *const rules[] = { "9000",
		"9001?source=interface:keep-port",
		"9002?group=239.1.2.3,ff02::77", "ssdp" };
	const struct gw_relay_options o = { .sites = sites,
		.site_count = SITES };
	const struct gw_relay_word between = { "between", "eth0" };
	static struct gw context; /* for its last error alone */
	char why[GW_RELAY_WHY];

	memset(r, 0, sizeof *r);
	r->g = &context;
	r->random = (struct gw_random){ .fill = fill };
	if (gw_relay_sites_name(r, &o) != GW_OK)
		return false;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		GW_ASSERT(
		    gw_relay_ruleset_add(&r->set, rules[i], &between, 1, why));
	if (gw_relay_engine_new(
		r->set.rules, r->set.count, &r->random, now, &r->e) != GW_OK)
		return false;
	interface(r, true);
	for (size_t i = 0; i < SITES; i++)
		r->sites.v[i].again = now;
	return true;
}

static void
check(const struct gw_relay *r)
{
	for (unsigned k = 0; k < SITES; k++) {
		const struct gw_relay_far *f = &r->sites.v[k];
		uint64_t heard = f->foreign;

		GW_ASSERT(f->in_count < GW_RELAY_STREAM_ROOM);
		GW_ASSERT(f->out_done <= f->out_count);
		GW_ASSERT(f->out_count <= GW_RELAY_STREAM_ROOM);
		GW_ASSERT(!f->greeted || (f->open && f->c != NULL));
		GW_ASSERT(gw_relay_engine_link_of(r->e, k)->up == f->greeted);
		for (unsigned i = 0; i < r->set.count; i++)
			heard += gw_relay_engine_counts(r->e, i, k)->heard;
		GW_ASSERT(heard <= f->received); /* the rest were answers */
	}
	for (unsigned i = 0; i < r->set.count; i++)
		for (unsigned k = 0; k <= ETH; k++) {
			const struct gw_relay_counts *n =
			    gw_relay_engine_counts(r->e, i, k);
			uint64_t sum = 0;

			for (unsigned f = 0; f < GW_RELAY_FATE_COUNT; f++)
				sum += n->fates[f];
			GW_ASSERT(sum >= n->heard);
		}
}

static void
end(struct gw_relay *r)
{
	gw_relay_sites_fini(r);
	gw_relay_engine_free(r->e);
	for (size_t i = 0; i < SITES; i++)
		GW_ASSERT(!peers[i].there);
}

/* ---- what is said ---- */

static void
say(struct peer *p, struct gw_slice message, bool on_stream)
{
	struct gw_writer w = gw_writer(p->stream + p->end, 4);

	if (!on_stream) {
		/* No datagram of a session is longer. */
		p->datagram_len = message.n < GW_RELAY_MESSAGE_MAX
				      ? message.n
				      : GW_RELAY_MESSAGE_MAX;
		memcpy(p->datagram, message.p, p->datagram_len);
		return;
	}
	if (p->at == p->end)
		p->at = p->end = 0;
	if (ROOM - p->end < 4 + message.n)
		return;
	w = gw_writer(p->stream + p->end, 4);
	gw_write_u32(&w, (uint32_t)message.n);
	memcpy(p->stream + p->end + 4, message.p, message.n);
	p->end += 4 + message.n;
}

static struct gw_endpoint
address(struct gw_reader *r, uint8_t kind)
{
	struct gw_endpoint e = { .ip = { [10] = 0xff, 0xff, 10, 0, 1 } };
	uint8_t last = gw_read_u8(r);

	e.port = (uint16_t)(9000 + last % 4);
	e.ip[15] = last;
	if ((kind & 1) != 0)
		memset(e.ip + 12, 0xff, 4);
	if ((kind & 2) != 0)
		memcpy(e.ip + 12, "\xef\1\2\3", 4);
	if ((kind & 4) != 0)
		gw_read_copy(r, e.ip, sizeof e.ip);
	if ((kind & 8) != 0)
		e.port = gw_read_u16(r);
	return e;
}

/* Any bytes on the stream; or many of one kind. */
static void
write_any(struct peer *p, struct gw_reader *r, bool many)
{
	size_t n = many ? gw_read_u16(r) : gw_read_u8(r) % 64;

	if (p->at == p->end)
		p->at = p->end = 0;
	if (ROOM - p->end < n)
		return;
	if (many)
		memset(p->stream + p->end, gw_read_u8(r), n);
	else
		gw_read_copy(r, p->stream + p->end, n);
	p->end += n;
}

/* One whose fields are mostly right. */
static void
say_message(struct peer *p, struct gw_reader *r, const struct gw_relay *relay)
{
	static uint8_t room[GW_RELAY_MESSAGE_MAX], zeros[GW_DATAGRAM_MAX];
	uint8_t how = gw_read_u8(r), kind = gw_read_u8(r);
	struct gw_relay_message m = { .kind = 1 + how % 3,
		.version = GW_RELAY_VERSION,
		.sites = 1,
		.sent = (uint32_t)(now / GW_MSEC),
		.number = gw_read_u8(r),
		.question = question };

	memset(m.origin, kind % ORIGINS + 1, sizeof m.origin);
	if ((how & 4) != 0)
		memcpy(m.origin, gw_relay_engine_origin(relay->e),
		    sizeof m.origin);
	if ((how & 8) != 0) {
		m.number = gw_read_u64(r);
		m.sites = gw_read_u8(r);
		m.sent = gw_read_u32(r);
		m.version = gw_read_u8(r);
		m.question = gw_read_u64(r);
		m.hops = gw_read_u8(r);
	}
	m.group = (kind & 2) != 0;
	m.from = address(r, kind >> 4 & 12);
	m.to = address(r, kind & 15);
	m.data.n = (how & 16) != 0 ? gw_read_u8(r) : 1;
	m.data = gw_read_bytes(r, m.data.n);
	if ((how & 64) != 0)
		m.data = gw_slice(zeros, gw_read_u16(r) % sizeof zeros);
	if (!gw_reader_ok(r))
		return;
	say(p, gw_slice(room, gw_relay_message_encode(&m, room)),
	    (how & 32) != 0 || m.kind == GW_RELAY_HELLO);
}

/* On the interface: to all, or an answer to a held port. */
static void
hear(struct gw_relay *r, struct gw_reader *script, bool answer)
{
	uint8_t kind = gw_read_u8(script);
	struct gw_relay_arrival a = { .link = ETH, .hops = 1 };
	struct gw_relay_outcome o = { .answer = answer };
	size_t rule;

	a.from = address(script, 0);
	/* The kernel says of what family it is, and what it was sent to. */
	a.to = address(script, kind & 11);
	a.cast = answer            ? GW_CAST_HOST
		 : (kind & 2) != 0 ? GW_CAST_GROUP
				   : GW_CAST_BROADCAST;
	a.data = gw_read_bytes(script, kind >> 4);
	if (!gw_reader_ok(script))
		return;
	rule = gw_relay_engine_find(r->e, &a);
	if (answer)
		o.fate = gw_relay_engine_answer(r->e, kind, &a, now);
	else if (rule == r->set.count)
		return;
	else
		o.fate = gw_relay_engine_input(
		    r->e, o.rule = (unsigned)rule, &a, now);
	gw_relay_carry_on(r, &a, &o);
}

static void
step(struct gw_relay *r, struct gw_reader *script)
{
	uint8_t what = gw_read_u8(script);
	struct peer *p = &peers[what >> 3 & 1];
	size_t n;

	switch (what & 7) {
	case 0:
		write_any(p, script, (what & 16) != 0);
		break;
	case 1: /* any bytes as a message */
		n = gw_read_u16(script) % 512;
		say(p, gw_read_bytes(script, n), (what & 16) != 0);
		break;
	case 2:
	case 3:
		say_message(p, script, r);
		break;
	case 4:
		hear(r, script, (what & 16) != 0);
		break;
	case 5: /* the session, or its stream, ends */
		p->closes = (what & 16) != 0;
		p->ends = !p->closes;
		break;
	case 6:
		mood = gw_read_u8(script);
		break;
	case 7:
		now += (gw_usec)gw_read_u16(script) << (what >> 4);
		interface(r, (what & 8) == 0);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gw_relay r;
	struct gw_reader script = gw_reader(gw_slice(data, size));
	struct gw_relay_event e;

	now = 1000 * GW_SEC;
	mood = 0;
	question = 0;
	if (begin(&r)) {
		for (unsigned i = 0;
		     i < STEPS_MAX && gw_reader_left(&script) > 0 &&
		     gw_reader_ok(&script);
		     i++) {
			gw_relay_sites_turn(&r);
			check(&r);
			step(&r, &script);
			while (gw_relay_next(&r, &e))
				;
		}
		gw_relay_sites_turn(&r);
		check(&r);
	}
	end(&r);
	return 0;
}
