/*
 * Any receiver against the sending engine: the input is a program of what it
 * replies, of how the content moves, and of time.  Content goes after the
 * whole word only, FIN after all content, and what is told to a person can be
 * shown.
 */
#include "classic/sender.h"

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"

enum { STEPS_MAX = 500 };

static const char word[] = "ok";

struct play {
	struct gw_classic_sender s;
	struct gw_reader in;
	gw_usec now;
	uint8_t heard[2 * GW_CLASSIC_REPLY_MAX];
	size_t heard_len;
	bool ended, shut, over;
};

static void
check_text(const char *why)
{
	for (; *why != '\0'; why++)
		GW_ASSERT((uint8_t)*why >= ' ' && *why != '\x7f');
}

static void
pull(struct play *p)
{
	struct gw_classic_sender_event e;

	if (gw_classic_sender_gives(&p->s) && p->s.o.reply != NULL) {
		GW_ASSERT(p->heard_len >= sizeof word - 1);
		GW_ASSERT(memcmp(p->heard, word, sizeof word - 1) == 0);
	}
	while (gw_classic_sender_event(&p->s, &e)) {
		GW_ASSERT(!p->over);
		if (!e.over) {
			GW_ASSERT(p->ended && !p->shut);
			p->shut = true;
			continue;
		}
		p->over = true;
		GW_ASSERT(e.err != GW_OK || p->shut);
		check_text(e.why);
	}
}

static void
it_says(struct play *p)
{
	size_t n = gw_read_u8(&p->in);
	struct gw_slice s = gw_read_bytes(
	    &p->in, n < gw_reader_left(&p->in) ? n : gw_reader_left(&p->in));
	size_t room = sizeof p->heard - p->heard_len;

	gw_classic_sender_input(&p->s, s, p->now);
	n = s.n < room ? s.n : room;
	if (n > 0)
		memcpy(p->heard + p->heard_len, s.p, n);
	p->heard_len += n;
}

static void
content_moves(struct play *p)
{
	const uint8_t how = gw_read_u8(&p->in);

	if (!gw_classic_sender_gives(&p->s)) {
		gw_classic_sender_writable(&p->s);
		return;
	}
	gw_classic_sender_given(&p->s, how);
	if (how % 3 == 0)
		gw_classic_sender_blocked(&p->s, p->now);
	if (how % 16 == 1) {
		p->ended = true;
		gw_classic_sender_source_end(&p->s, p->now);
	}
}

static void
step(struct play *p)
{
	struct gw_slice out = gw_classic_sender_output(&p->s);

	switch (gw_read_u8(&p->in) % 8) {
	case 0:
	case 1:
		it_says(p);
		break;
	case 2:
		if (out.n > 0)
			gw_classic_sender_sent(
			    &p->s, gw_read_u8(&p->in) % (out.n + 1), p->now);
		break;
	case 3:
		content_moves(p);
		break;
	case 4:
		p->now += gw_read_u8(&p->in) * GW_MSEC;
		gw_classic_sender_tick(&p->s, p->now);
		break;
	case 5:
		if (gw_classic_sender_probes(&p->s))
			gw_classic_sender_unacked(
			    &p->s, gw_read_u8(&p->in), p->now);
		break;
	case 6:
		gw_classic_sender_input_end(&p->s, p->now);
		break;
	default:
		if (gw_read_u8(&p->in) % 4 == 0)
			gw_classic_sender_lost(&p->s);
		p->now += gw_read_u8(&p->in) * GW_SEC;
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_classic_sender_options o = { .name = gw_slice_str("name"),
		.reply = word,
		.timeout = 60 * GW_SEC };
	struct play p = { .in = gw_reader(gw_slice(data, size)) };

	if (gw_read_u8(&p.in) & 1)
		o.reply = NULL;
	gw_classic_sender_init(&p.s, &o, 0);
	for (unsigned i = 0; i < STEPS_MAX && gw_reader_left(&p.in) > 0; i++) {
		step(&p);
		pull(&p);
	}
	/* A source without end may go on for ever; nothing else does. */
	for (unsigned i = 0; i < 100 && !p.over; i++) {
		if (gw_classic_sender_gives(&p.s)) {
			p.ended = true;
			gw_classic_sender_source_end(&p.s, p.now);
			pull(&p);
		}
		p.now += 100 * GW_SEC;
		gw_classic_sender_tick(&p.s, p.now);
		pull(&p);
	}
	GW_ASSERT(p.over);
	return 0;
}
