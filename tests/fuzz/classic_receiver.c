/*
 * Any sender against the receiving engine: the input is a program of what
 * comes over the connection, of what the disk says, and of time.  No name
 * leads out of a directory, nothing is kept that did not end by FIN, and no
 * more than may be.
 */
#include "classic/receiver.h"

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"

enum { STEPS_MAX = 500, SIZE_LIMIT = 100000 };

struct play {
	struct gw_classic_receiver r;
	struct gw_reader in;
	gw_usec now;
	bool asked; /* the disk owes an answer */
	bool named, fin, over;
	uint64_t taken;
};

static void
check_name(const char *name)
{
	size_t n = strlen(name);

	GW_ASSERT(n > 0);
	GW_ASSERT(n <= GW_COMPONENT_MAX);
	GW_ASSERT(strpbrk(name, "/\\\r\n") == NULL);
	GW_ASSERT(strcmp(name, ".") != 0);
	GW_ASSERT(strcmp(name, "..") != 0);
}

static void
pull(struct play *p)
{
	struct gw_classic_receiver_event e;

	while (gw_classic_receiver_event(&p->r, &e)) {
		GW_ASSERT(!p->over);
		if (e.kind == GW_CLASSIC_END) {
			p->over = true;
			GW_ASSERT(e.err != GW_OK || p->fin);
			continue;
		}
		GW_ASSERT(!p->asked);
		check_name(e.name);
		p->asked = true;
		if (e.kind == GW_CLASSIC_CREATE) {
			GW_ASSERT(!p->named);
			p->named = true;
		}
		if (e.kind == GW_CLASSIC_KEEP)
			GW_ASSERT(p->fin);
		if (e.kind == GW_CLASSIC_KEEP_PARTIAL)
			GW_ASSERT(!p->fin && p->taken > 0);
	}
}

static void
disk_answers(struct play *p)
{
	const uint8_t how = gw_read_u8(&p->in);
	enum gw_err err = how < 200   ? GW_OK
			  : how < 220 ? GW_E_AGAIN
				      : GW_E_DISK;

	if (!p->asked)
		return;
	p->asked = false;
	if (p->r.state == GW_CLASSIC_CREATING)
		gw_classic_receiver_created(&p->r, err, "the disk", p->now);
	else
		gw_classic_receiver_stored(&p->r, err, "the disk");
}

static void
bytes_come(struct play *p)
{
	size_t n = gw_read_u8(&p->in);
	uint64_t room = gw_classic_receiver_room(&p->r);
	struct gw_slice s;

	if (gw_classic_receiver_wants(&p->r) > 0) {
		s = gw_read_bytes(&p->in,
		    n < gw_reader_left(&p->in) ? n : gw_reader_left(&p->in));
		if (s.n > gw_classic_receiver_wants(&p->r))
			s.n = gw_classic_receiver_wants(&p->r);
		gw_classic_receiver_input(&p->r, s, p->now);
	} else if (room > 0) {
		n = n * n < room ? n * n : (size_t)room;
		gw_classic_receiver_taken(&p->r, n, p->now);
		p->taken += n;
		GW_ASSERT(p->taken <= SIZE_LIMIT);
	} else if (p->r.state == GW_CLASSIC_TAKING) {
		gw_classic_receiver_excess(&p->r, p->now);
	}
}

static void
step(struct play *p)
{
	struct gw_slice out = gw_classic_receiver_output(&p->r);

	switch (gw_read_u8(&p->in) % 8) {
	case 0:
	case 1:
		bytes_come(p);
		break;
	case 2:
		p->now += gw_read_u8(&p->in) * GW_MSEC;
		gw_classic_receiver_tick(&p->r, p->now);
		break;
	case 3:
		disk_answers(p);
		break;
	case 4:
		if (out.n > 0)
			gw_classic_receiver_sent(
			    &p->r, gw_read_u8(&p->in) % (out.n + 1), p->now);
		break;
	case 5:
		p->fin = p->fin || p->r.state == GW_CLASSIC_TAKING;
		gw_classic_receiver_end(&p->r, p->now);
		break;
	case 6:
		gw_classic_receiver_lost(&p->r, p->now);
		break;
	default:
		if (gw_read_u8(&p->in) % 4 == 0)
			gw_classic_receiver_fail(
			    &p->r, GW_E_INTERRUPTED, "its user");
		p->now += gw_read_u8(&p->in) * GW_SEC;
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_classic_receiver_options o = {
		.reply = "ok", .max_size = SIZE_LIMIT, .timeout = 60 * GW_SEC
	};
	struct play p = { .in = gw_reader(gw_slice(data, size)) };

	o.keep_partial = gw_read_u8(&p.in) & 1;
	gw_classic_receiver_init(&p.r, &o, 0);
	for (unsigned i = 0; i < STEPS_MAX && gw_reader_left(&p.in) > 0; i++) {
		step(&p);
		pull(&p);
	}
	/* Whatever happened, it comes to an end by itself. */
	for (unsigned i = 0; i < 8 && !p.over; i++) {
		if (p.asked)
			disk_answers(&p);
		p.now =
		    gw_usec_min(p.now + 100 * GW_SEC, GW_NEVER - 100 * GW_SEC);
		gw_classic_receiver_tick(&p.r, p.now);
		pull(&p);
	}
	GW_ASSERT(p.over);
	return 0;
}
