/*
 * Relays on segments, in virtual time, from a seed: what one host says to all
 * reaches every other one, and nothing goes in circles (B3).
 *
 * A segment takes a frame to everybody on it, each after a delay of its own,
 * so that relays hear things in any order.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "forward/relay.h"
#include "forward/relay_text.h"
#include "unit/test.h"

enum {
	SEGMENTS = 6,
	RELAYS = 6,
	HOSTS = 3, /* on each segment */
	FRAMES = 200000,
	SAYINGS = 64,
	PORT = 9000
};

struct frame {
	gw_usec at;
	unsigned segment;
	int relay; /* who hears it; -1: the hosts */
	struct gw_endpoint from;
	unsigned what; /* a saying */
};

struct world {
	struct gw_relay_engine *relays[RELAYS];
	unsigned on[RELAYS][GW_RELAY_LINKS]; /* segment of each link */
	unsigned links[RELAYS];
	unsigned relay_count;
	double loss;
	gw_usec jitter;
	uint64_t seed, state;
	gw_usec now;
	struct frame *frames;
	size_t count;
	uint64_t emitted;
	/* How often the hosts of a segment have heard each. */
	unsigned heard[SAYINGS][SEGMENTS];
	char said[SAYINGS][32];
	const char *mode;
};

static struct world w;

static uint64_t
draw(void)
{
	uint64_t z = (w.state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static void
fill(void *arg, void *out, size_t n)
{
	uint8_t *p = out;

	(void)arg;
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)draw();
}

static uint64_t
chosen_seed(void)
{
	const char *text = getenv("GODWIT_SEED");

	return text != NULL ? strtoull(text, NULL, 0) : 1;
}

/* 10.SEGMENT.0.LAST */
static struct gw_endpoint
at(unsigned segment, unsigned last, uint16_t port)
{
	return (struct gw_endpoint){ .ip = { [10] = 0xff,
					 0xff,
					 10,
					 (uint8_t)segment,
					 0,
					 (uint8_t)last },
		.port = port };
}

static void
begin(const char *mode)
{
	free(w.frames);
	for (unsigned i = 0; i < w.relay_count; i++)
		gw_relay_engine_free(w.relays[i]);
	memset(&w, 0, sizeof w);
	w.seed = w.state = chosen_seed();
	w.now = 100 * GW_SEC;
	w.mode = mode;
	w.jitter = 2000; /* more than any network has */
	w.frames = calloc(FRAMES, sizeof *w.frames);
	assert_non_null(w.frames);
}

/* A relay that joins these segments. */
static void
add_relay(unsigned count, const unsigned *segments)
{
	static const struct gw_random random = { .fill = fill };
	struct gw_relay_ruleset set = { .count = 0 };
	char text[128] = "", why[GW_RELAY_WHY];
	unsigned r = w.relay_count++;

	snprintf(text, sizeof text, "%u?source=%s&between=", PORT, w.mode);
	for (unsigned i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text),
		    "%seth%u", i > 0 ? "," : "", i);
	assert_true(gw_relay_ruleset_add(&set, text, NULL, 0, why));
	assert_int_equal(gw_relay_engine_new(set.rules, set.count, &random,
			     w.now, &w.relays[r]),
	    GW_OK);
	w.links[r] = count;
	for (unsigned i = 0; i < count; i++) {
		struct gw_relay_link l = { .up = true,
			.index = i + 1,
			.broadcast = true,
			.addr_count = 1 };

		w.on[r][i] = segments[i];
		l.addrs[0].ip = at(segments[i], 100 + r, 0);
		l.addrs[0].prefix = 16;
		l.addrs[0].broadcast = at(segments[i], 255, 0);
		gw_relay_engine_link(w.relays[r], i, &l);
	}
}

static void
push(const struct frame *f)
{
	GW_ASSERT(w.count < FRAMES);
	w.frames[w.count++] = *f;
}

/* Onto a segment: one for its hosts, and one for each relay there. */
static void
send(unsigned segment, struct gw_endpoint from, unsigned what, int but)
{
	struct frame f = { .segment = segment, .from = from, .what = what };

	f.relay = -1;
	f.at = w.now + 50 + draw() % w.jitter;
	push(&f);
	for (unsigned r = 0; r < w.relay_count; r++)
		for (unsigned i = 0; i < w.links[r]; i++) {
			if (w.on[r][i] != segment || (int)r == but)
				continue;
			if ((double)(draw() >> 11) / 0x1p53 < w.loss)
				continue;
			f.relay = (int)r;
			f.at = w.now + 50 + draw() % w.jitter;
			push(&f);
		}
}

static void
hear(const struct frame *f)
{
	struct gw_relay_emission out;
	unsigned r = (unsigned)f->relay, link = 0;
	struct gw_relay_arrival a = { .from = f->from,
		.to = { .ip = { [10] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		    .port = PORT },
		.cast = GW_CAST_BROADCAST,
		.hops = 1,
		.data = gw_slice_str(w.said[f->what]) };

	while (w.on[r][link] != f->segment)
		link++;
	a.link = link;
	(void)gw_relay_engine_input(w.relays[r], 0, &a, w.now);
	while (gw_relay_engine_output(w.relays[r], &out)) {
		struct gw_endpoint from = out.from;

		if (out.via == GW_RELAY_VIA_HELD)
			from.port = (uint16_t)(40000 + out.held);
		gw_relay_engine_sent(w.relays[r], &out, GW_RELAY_FATE_CARRIED);
		w.emitted++;
		send(w.on[r][out.link], from, f->what, (int)r);
	}
}

static size_t
earliest(void)
{
	size_t best = 0;

	for (size_t i = 1; i < w.count; i++)
		if (w.frames[i].at < w.frames[best].at)
			best = i;
	return best;
}

static void
run_until(gw_usec until)
{
	while (w.count > 0) {
		size_t i = earliest();
		struct frame f = w.frames[i];

		if (f.at > until)
			break;
		w.frames[i] = w.frames[--w.count];
		w.now = gw_usec_max(w.now, f.at);
		for (unsigned r = 0; r < w.relay_count; r++)
			gw_relay_engine_tick(w.relays[r], w.now);
		if (f.relay < 0)
			w.heard[f.what][f.segment]++;
		else
			hear(&f);
	}
	w.now = gw_usec_max(w.now, until);
}

/* A host says something new to all. */
static void
say(unsigned what, unsigned segment)
{
	snprintf(w.said[what], sizeof w.said[what], "saying %u", what);
	send(segment, at(segment, 1 + (unsigned)(draw() % HOSTS), 4000), what,
	    -1);
}

/* Twenty, each from another segment, and what was heard of them. */
static void
say_and_check(unsigned segments, unsigned most_copies, uint64_t most_emitted)
{
	unsigned n = 20;

	for (unsigned i = 0; i < n; i++) {
		say(i, i % segments);
		run_until(w.now + 10 * GW_MSEC);
	}
	run_until(w.now + 60 * GW_SEC);
	assert_int_equal(w.count, 0); /* it is quiet again */
	for (unsigned i = 0; i < n; i++)
		for (unsigned s = 0; s < segments; s++)
			if (w.heard[i][s] < 1 || w.heard[i][s] > most_copies)
				fail_msg("seed %llu, %s: %u heard %u times on "
					 "segment %u",
				    (unsigned long long)w.seed, w.mode, i,
				    w.heard[i][s], s);
	if (w.emitted > most_emitted * n)
		fail_msg("seed %llu, %s: %llu emitted",
		    (unsigned long long)w.seed, w.mode,
		    (unsigned long long)w.emitted);
}

static const char *const modes[] = { "interface", "keep",
	"interface:keep-port" };

/* ---- cases ---- */

static void
a_chain_carries_everything_to_everybody_exactly_once(void **state)
{
	(void)state;
	for (size_t m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned i = 0; i < 5; i++)
			add_relay(2, (unsigned[]){ i, i + 1 });
		say_and_check(6, 1, 5);
	}
}

static void
a_star_does_so_as_well(void **state)
{
	(void)state;
	for (size_t m = 0; m < 3; m++) {
		begin(modes[m]);
		add_relay(4, (unsigned[]){ 0, 1, 2, 3 });
		add_relay(3, (unsigned[]){ 3, 4, 5 });
		say_and_check(6, 1, 5);
	}
}

static void
B3_where_nothing_overtakes_each_of_several_makes_one_copy(void **state)
{
	(void)state;
	for (size_t m = 0; m < 3; m++)
		for (unsigned n = 2; n <= 6; n++) {
			begin(modes[m]);
			w.jitter = 50;
			for (unsigned i = 0; i < n; i++)
				add_relay(2, (unsigned[]){ 0, 1 });
			say_and_check(2, n, n);
		}
}

/* Few more where one hears another's copy before the original. */
static void
B3_relays_side_by_side_do_not_storm(void **state)
{
	(void)state;
	for (size_t m = 0; m < 3; m++)
		for (unsigned n = 2; n <= 6; n++) {
			begin(modes[m]);
			for (unsigned i = 0; i < n; i++)
				add_relay(2, (unsigned[]){ 0, 1 });
			say_and_check(2, n * GW_RELAY_REPEATS,
			    (uint64_t)n * GW_RELAY_REPEATS);
		}
}

static void
B3_rings_and_meshes_come_to_rest(void **state)
{
	static const unsigned ring[6][2] = { { 0, 1 }, { 1, 2 }, { 2, 3 },
		{ 3, 4 }, { 4, 5 }, { 5, 0 } };

	(void)state;
	for (size_t m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned i = 0; i < 6; i++)
			add_relay(2, ring[i]);
		say_and_check(6, 6 * GW_RELAY_REPEATS, 6 * GW_RELAY_REPEATS);
		begin(modes[m]);
		for (unsigned i = 0; i < 4; i++)
			add_relay(3, (unsigned[]){ 0, 1, 2 });
		say_and_check(
		    3, 4 * GW_RELAY_REPEATS, 3 * 4 * GW_RELAY_REPEATS);
	}
}

/* What is lost for one and heard by the other is how a circle begins that no
 * echo gives away. */
static void
B3_lost_copies_make_no_endless_circle(void **state)
{
	(void)state;
	for (size_t m = 0; m < 3; m++)
		for (unsigned round = 0; round < 20; round++) {
			begin(modes[m]);
			w.state += round;
			w.loss = 0.3;
			for (unsigned i = 0; i < 3; i++)
				add_relay(2, (unsigned[]){ 0, 1 });
			for (unsigned i = 0; i < 20; i++) {
				say(i, i % 2);
				run_until(w.now + 10 * GW_MSEC);
			}
			run_until(w.now + 60 * GW_SEC);
			assert_int_equal(w.count, 0);
			assert_true(w.emitted <= 20 * 3 * 2 * GW_RELAY_REPEATS);
		}
}

static void
a_beacon_that_never_changes_goes_on(void **state)
{
	(void)state;
	begin("interface");
	add_relay(2, (unsigned[]){ 0, 1 });
	add_relay(2, (unsigned[]){ 1, 2 });
	for (unsigned i = 0; i < 60; i++) {
		say(0, 0);
		run_until(w.now + GW_SEC);
	}
	assert_int_equal(w.heard[0][1], 60);
	assert_int_equal(w.heard[0][2], 60);
}

static int
end(void **state)
{
	(void)state;
	begin("keep");
	free(w.frames);
	w.frames = NULL;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_chain_carries_everything_to_everybody_exactly_once),
		cmocka_unit_test(a_star_does_so_as_well),
		cmocka_unit_test(
		    B3_where_nothing_overtakes_each_of_several_makes_one_copy),
		cmocka_unit_test(B3_relays_side_by_side_do_not_storm),
		cmocka_unit_test(B3_rings_and_meshes_come_to_rest),
		cmocka_unit_test(B3_lost_copies_make_no_endless_circle),
		cmocka_unit_test(a_beacon_that_never_changes_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
