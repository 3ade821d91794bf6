/*
 * Two other sites of a relay, both hostile, and a host on its interface: the
 * input is a program of what they say, on streams and in datagrams, before and
 * after hello, of sessions that come and go, and of time.  Whatever it is, what
 * the relay says itself is right, its buffers hold, and each arrival is counted
 * once.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "played.h"

enum { SITES = PLAYED_SITES, ETH = SITES, STEPS_MAX = 300, ORIGINS = 4 };

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
	if (gw_relay_engine_new(r->set.rules, r->set.count, &r->random,
		played_now, &r->e) != GW_OK)
		return false;
	interface(r, true);
	for (size_t i = 0; i < SITES; i++)
		r->sites.v[i].again = played_now;
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
		GW_ASSERT(!played[i].there);
}

/* ---- what is said ---- */

static void
say(struct played *p, struct gw_slice message, bool on_stream)
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
	if (PLAYED_ROOM - p->end < 4 + message.n)
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
write_any(struct played *p, struct gw_reader *r, bool many)
{
	size_t n = many ? gw_read_u16(r) : gw_read_u8(r) % 64;

	if (p->at == p->end)
		p->at = p->end = 0;
	if (PLAYED_ROOM - p->end < n)
		return;
	if (many)
		memset(p->stream + p->end, gw_read_u8(r), n);
	else
		gw_read_copy(r, p->stream + p->end, n);
	p->end += n;
}

/* One whose fields are mostly right. */
static void
say_message(struct played *p, struct gw_reader *r, const struct gw_relay *relay)
{
	static uint8_t room[GW_RELAY_MESSAGE_MAX], zeros[GW_DATAGRAM_MAX];
	uint8_t how = gw_read_u8(r), kind = gw_read_u8(r);
	struct gw_relay_message m = { .kind = 1 + how % 3,
		.version = GW_RELAY_VERSION,
		.sites = 1,
		.sent = (uint32_t)(played_now / GW_MSEC),
		.number = gw_read_u8(r),
		.question = played_question };

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
		o.fate = gw_relay_engine_answer(r->e, kind, &a, played_now);
	else if (rule == r->set.count)
		return;
	else
		o.fate = gw_relay_engine_input(
		    r->e, o.rule = (unsigned)rule, &a, played_now);
	gw_relay_carry_on(r, &a, &o);
}

static void
step(struct gw_relay *r, struct gw_reader *script)
{
	uint8_t what = gw_read_u8(script);
	struct played *p = &played[what >> 3 & 1];
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
		played_mood = gw_read_u8(script);
		break;
	case 7:
		played_now += (gw_usec)gw_read_u16(script) << (what >> 4);
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

	played_now = 1000 * GW_SEC;
	played_mood = 0;
	played_question = 0;
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
