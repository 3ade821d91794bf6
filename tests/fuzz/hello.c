/*
 * Any bytes as messages of the handshake: through every decoder, and to
 * sessions at each point of their handshake.  Nobody who does not know the
 * code ever gets in or makes a guess, and a side that waits never sends more
 * than it was sent (pair.c asserts that).
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "sim/pair.h"
#include "wire/hello.h"

static void
decode_syn(struct gw_slice s)
{
	uint8_t back[GW_SYN_PAYLOAD];
	struct gw_syn m;

	if (!gw_syn_decode(s, &m))
		return;
	gw_syn_encode(&m, back);
	GW_ASSERT(s.n == sizeof(back) && memcmp(back, s.p, s.n) == 0);
}

static void
decode_syn_ack(struct gw_slice s)
{
	uint8_t back[GW_SYN_ACK_PAYLOAD];
	struct gw_syn_ack m;

	if (!gw_syn_ack_decode(s, &m))
		return;
	gw_syn_ack_encode(&m, back);
	GW_ASSERT(s.n == sizeof(back) && memcmp(back, s.p, s.n) == 0);
}

static void
decode_name(struct gw_slice s)
{
	char name[GW_NAME_MAX + 1], escaped[4 * GW_NAME_MAX + 1];

	struct gw_intro intro;

	if (gw_intro_decode(s, &intro)) {
		GW_ASSERT(strlen(intro.name) == (s.p[0] & 0x7f));
		GW_ASSERT(intro.remember == (s.p[0] >= 0x80));
	}
	if (!gw_name_decode(s, name))
		return;
	GW_ASSERT(strlen(name) == s.p[0]);
	gw_escape(escaped, sizeof(escaped), name);
	GW_ASSERT(strcmp(escaped, name) == 0);
}

static void
decode_rst(struct gw_slice s)
{
	uint8_t back[GW_RST_VERSION_BODY];
	struct gw_rst m;
	size_t n;

	if (!gw_rst_decode(s, &m))
		return;
	n = gw_rst_encode(&m, back);
	GW_ASSERT(s.n >= n && memcmp(back, s.p, n) == 0);
}

static void
decode_header(struct gw_slice s)
{
	uint8_t back[GW_HELLO_HEADER];
	struct gw_hello m;

	if (gw_hello_decode(s, &m) != GW_HELLO_READY) {
		GW_ASSERT(strlen(gw_hello_describe(s)) > 0);
		return;
	}
	gw_hello_encode(&m, back);
	GW_ASSERT(memcmp(back, s.p, sizeof(back)) == 0);
}

/* After `moves` honest deliveries the bytes come to `to`. */
static void
to_session(struct gw_slice s, unsigned moves, unsigned to)
{
	const struct pair_options o = { .seed = moves };
	const unsigned left = GW_GUESSES;
	struct pair p;

	pair_init(&p, &o);
	for (unsigned i = 0; i < moves; i++)
		pair_move(&p, i % 2);
	pair_inject(&p, to, s.p, s.n);
	while (pair_move(&p, 1 - to))
		;
	GW_ASSERT(to == 1 || !p.side[0].opened);
	pair_cut(&p);
	pair_run(&p);
	GW_ASSERT(p.side[to].closed);
	GW_ASSERT(gw_door_guesses_left(p.door) == left);
	pair_fini(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_slice s;

	if (size < 1)
		return 0;
	s = gw_slice(data + 1, size - 1);
	decode_header(s);
	decode_syn(s);
	decode_syn_ack(s);
	decode_name(s);
	decode_rst(s);
	switch (data[0] % 8) {
	case 0:
		to_session(s, 0, 0); /* instead of SYN_ACK */
		break;
	case 1:
		to_session(s, 2, 0); /* instead of CONFIRM */
		break;
	case 2:
		to_session(s, 3, 1); /* instead of the first record */
		break;
	case 3:
		to_session(s, 0, 1); /* before SYN */
		break;
	case 4:
		to_session(s, 2, 1); /* before ACK */
		break;
	default:
		break;
	}
	return 0;
}
