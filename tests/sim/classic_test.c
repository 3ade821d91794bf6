/*
 * The two engines of the plain file protocol against each other: over links
 * that delay and cut as they like, with disks that take their time, and with
 * ends that are cut off at any moment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classic/receiver.h"
#include "classic/sender.h"
#include "unit/test.h"

enum { QUEUE = 4096, TIMEOUT = 60 * 1000000, RUNS = 3000 };

enum what { BYTES, FIN, RST };

/* On its way in one direction; what content is stands for itself. */
struct packet {
	enum what what;
	gw_usec at;
	size_t n;
	uint8_t data[GW_COMPONENT_MAX];
	bool content;
};

struct link {
	struct packet v[QUEUE];
	size_t first, end;
	gw_usec last;
};

struct world {
	uint32_t seed;
	gw_usec now, delay;
	struct link to_receiver, to_sender;
	struct gw_classic_sender s;
	struct gw_classic_receiver r;

	uint64_t size, sent, acked; /* of content */
	bool source_told;
	char created[GW_COMPONENT_MAX + 1];
	bool disk_busy;
	gw_usec disk_at;
	enum gw_classic_receiver_event_kind disk_job;
	bool kept, part, dropped;
	struct gw_classic_sender_event sender_end;
	struct gw_classic_receiver_event receiver_end;
	bool sender_over, receiver_over;
	gw_usec cut_at; /* the sender's machine dies */
};

static uint32_t
any(struct world *w, uint32_t below)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)(w->seed >> 8) * below) >> 24);
}

static void
put(struct world *w, struct link *l, enum what what, struct gw_slice s)
{
	struct packet *p = &l->v[l->end++];

	assert_true(l->end < QUEUE);
	*p = (struct packet){ .what = what, .n = s.n };
	if (s.n > 0)
		memcpy(p->data, s.p, s.n);
	p->at = w->now + w->delay + any(w, 1000);
	/* TCP keeps the order. */
	if (p->at < l->last)
		p->at = l->last;
	l->last = p->at;
}

static void
put_content(struct world *w, size_t n)
{
	put(w, &w->to_receiver, BYTES, gw_slice(NULL, 0));
	w->to_receiver.v[w->to_receiver.end - 1].n = n;
	w->to_receiver.v[w->to_receiver.end - 1].content = true;
}

static struct packet *
due(struct world *w, struct link *l)
{
	return l->first < l->end && l->v[l->first].at <= w->now
		   ? &l->v[l->first]
		   : NULL;
}

/* ---- the receiver's owner ---- */

static void
receiver_disk_done(struct world *w)
{
	w->disk_busy = false;
	switch (w->disk_job) {
	case GW_CLASSIC_CREATE:
		gw_classic_receiver_created(&w->r, GW_OK, "", w->now);
		return;
	case GW_CLASSIC_KEEP:
		w->kept = true;
		break;
	case GW_CLASSIC_KEEP_PARTIAL:
		w->part = true;
		break;
	default:
		w->dropped = true;
		break;
	}
	gw_classic_receiver_stored(&w->r, GW_OK, "");
}

static void
receiver_take(struct world *w, struct packet *p)
{
	uint64_t room = gw_classic_receiver_room(&w->r);

	if (p->what == RST) {
		gw_classic_receiver_lost(&w->r, w->now);
	} else if (p->what == FIN) {
		gw_classic_receiver_end(&w->r, w->now);
	} else if (!p->content) {
		size_t n = gw_classic_receiver_wants(&w->r);

		assert_true(n >= p->n);
		gw_classic_receiver_input(
		    &w->r, gw_slice(p->data, p->n), w->now);
	} else if (room == 0) {
		gw_classic_receiver_excess(&w->r, w->now);
	} else {
		uint64_t n = 1 + any(w, (uint32_t)p->n);

		n = n < room ? n : room;
		gw_classic_receiver_taken(&w->r, n, w->now);
		w->acked += n;
		p->n -= (size_t)n;
		if (p->n > 0)
			return; /* the rest stays where it is */
	}
	w->to_receiver.first++;
}

static void
receiver_events(struct world *w)
{
	struct gw_classic_receiver_event e;

	while (gw_classic_receiver_event(&w->r, &e)) {
		if (e.kind == GW_CLASSIC_END) {
			w->receiver_end = e;
			w->receiver_over = true;
			put(w, &w->to_sender, e.reset ? RST : FIN,
			    gw_slice(NULL, 0));
			return;
		}
		if (e.kind == GW_CLASSIC_CREATE)
			snprintf(w->created, sizeof w->created, "%s", e.name);
		w->disk_job = e.kind;
		w->disk_busy = true;
		w->disk_at = w->now + any(w, 30000);
	}
}

static void
receiver_turn(struct world *w)
{
	struct gw_slice out;
	struct packet *p;

	if (w->receiver_over)
		return;
	if (w->disk_busy && w->disk_at <= w->now)
		receiver_disk_done(w);
	p = due(w, &w->to_receiver);
	if (p != NULL && !w->disk_busy &&
	    (w->r.state == GW_CLASSIC_NAMING ||
		w->r.state == GW_CLASSIC_TAKING))
		receiver_take(w, p);
	if (!w->disk_busy && due(w, &w->to_receiver) == NULL)
		gw_classic_receiver_tick(&w->r, w->now);
	receiver_events(w);
	if ((out = gw_classic_receiver_output(&w->r)).n > 0) {
		put(w, &w->to_sender, BYTES, out);
		gw_classic_receiver_sent(&w->r, out.n, w->now);
	}
}

/* ---- the sender's owner ---- */

static void
sender_take(struct world *w, const struct packet *p)
{
	if (p->what == RST) {
		gw_classic_sender_lost(&w->s);
		return;
	}
	if (p->what == FIN) {
		gw_classic_sender_input_end(&w->s, w->now);
		return;
	}
	for (size_t at = 0, n; at < p->n; at += n) {
		n = 1 + any(w, (uint32_t)(p->n - at));
		gw_classic_sender_input(
		    &w->s, gw_slice(p->data + at, n), w->now);
	}
}

static void
sender_give(struct world *w)
{
	size_t n = 1 + any(w, 4000);

	if (n > w->size - w->sent)
		n = (size_t)(w->size - w->sent);
	if (w->sent - w->acked > 20000) {
		gw_classic_sender_blocked(&w->s, w->now);
		return;
	}
	if (n > 0) {
		put_content(w, n);
		w->sent += n;
		gw_classic_sender_given(&w->s, n);
	} else {
		gw_classic_sender_source_end(&w->s, w->now);
	}
}

static void
sender_turn(struct world *w)
{
	struct gw_classic_sender_event e;
	struct gw_slice out;
	struct packet *p;

	if (w->sender_over)
		return;
	for (; (p = due(w, &w->to_sender)) != NULL; w->to_sender.first++)
		sender_take(w, p);
	if ((out = gw_classic_sender_output(&w->s)).n > 0) {
		put(w, &w->to_receiver, BYTES, out);
		gw_classic_sender_sent(&w->s, out.n, w->now);
	}
	if (w->sent - w->acked < 10000)
		gw_classic_sender_writable(&w->s);
	if (gw_classic_sender_gives(&w->s))
		sender_give(w);
	if (gw_classic_sender_probes(&w->s))
		gw_classic_sender_unacked(&w->s,
		    w->sent - w->acked +
			(w->to_receiver.first < w->to_receiver.end),
		    w->now);
	gw_classic_sender_tick(&w->s, w->now);
	while (gw_classic_sender_event(&w->s, &e)) {
		w->sender_over = e.over;
		w->sender_end = e;
		if (!e.over || e.err != GW_OK)
			put(w, &w->to_receiver, e.over ? RST : FIN,
			    gw_slice(NULL, 0));
	}
}

/* ---- one transfer ---- */

static struct world *
make(uint32_t seed)
{
	struct world *w = calloc(1, sizeof *w);
	struct gw_classic_receiver_options ro = { .reply = "ok",
		.timeout = TIMEOUT };
	struct gw_classic_sender_options so = {
		.name = gw_slice_str("two words.txt"),
		.reply = "ok",
		.timeout = TIMEOUT,
	};

	assert_non_null(w);
	w->seed = seed * 2654435761U;
	any(w, 1);
	w->delay = any(w, 8) == 0 ? 300000 : any(w, 5000);
	w->size = any(w, 4) == 0 ? 0 : any(w, 200000);
	w->cut_at = GW_NEVER;
	ro.keep_partial = any(w, 2);
	gw_classic_receiver_init(&w->r, &ro, 0);
	gw_classic_sender_init(&w->s, &so, 0);
	return w;
}

static void
run(struct world *w)
{
	while (!w->sender_over || !w->receiver_over) {
		w->now += 1 + any(w, 500);
		assert_true(w->now < 200 * GW_SEC);
		if (w->now >= w->cut_at) {
			gw_classic_sender_fail(
			    &w->s, GW_E_INTERRUPTED, "cut off");
			w->cut_at = GW_NEVER;
		}
		sender_turn(w);
		receiver_turn(w);
	}
}

static void
what_is_sent_arrives_over_any_link(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		struct world *w = make(seed);

		run(w);
		if (w->sender_end.err != GW_OK || w->receiver_end.err != GW_OK)
			fail_msg("seed %u: %s / %s", (unsigned)seed,
			    w->sender_end.why, w->receiver_end.why);
		assert_true(w->kept);
		assert_false(w->part || w->dropped);
		assert_string_equal(w->created, "two words.txt");
		assert_int_equal(w->r.got, w->size);
		assert_int_equal(w->s.given, w->size);
		free(w);
	}
}

static void
what_is_cut_off_is_never_kept_as_whole(void **state)
{
	unsigned cut = 0;

	(void)state;
	for (uint32_t seed = 1; seed <= RUNS; seed++) {
		struct world *w = make(seed);

		w->cut_at = 1 + any(w, 300000);
		run(w);
		if (w->sender_end.err == GW_OK) {
			assert_true(w->kept); /* it was over before */
			assert_int_equal(w->r.got, w->size);
		} else if (w->kept) {
			/* Its FIN had gone already, and all before it. */
			assert_true(w->s.shut);
			assert_int_equal(w->r.got, w->size);
		} else {
			cut++;
			assert_int_not_equal(w->receiver_end.err, GW_OK);
			assert_int_equal(
			    w->part, w->r.o.keep_partial && w->r.got > 0);
		}
		free(w);
	}
	assert_true(cut > RUNS / 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sent_arrives_over_any_link),
		cmocka_unit_test(what_is_cut_off_is_never_kept_as_whole),
	};

	return cmocka_run_group_tests_name("classic", tests, NULL, NULL);
}
