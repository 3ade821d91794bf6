/* Devices that come and go where others forward: what each had waits for it,
 * and none keeps another one out. */
#include "run/serve.h"

#include "alloc.h"
#include "run/device_store.h"
#include "via_bed.h"

#define TO_80 "tcp://:8080/127.0.0.1:80"

static void
who_is_not_remembered_is_put_out(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80" };

	via_bed_serve(b, rights, 1);
	via_bed_is_lost(b, via_bed_come(b, 5, 1), GW_E_LIMIT, "no room");
	assert_null(b->serve->first);
}

static void
who_comes_again_has_its_rules_for_three_minutes(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80" };
	struct peer *p;

	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, TO_80);
	peer_leave(p, GW_E_LOST, "");
	via_bed_leap(b, 170 * GW_SEC);
	p = via_bed_come(b, 0, 1);
	assert_int_equal(b->serve->count, 1);
	via_bed_accepted(b, p, 1, false, TO_80);
	assert_int_equal(b->set->ids, 1); /* it is the one that was */
	peer_leave(p, GW_E_LOST, "");
	via_bed_turn(b);
	via_bed_leap(b, 181 * GW_SEC);
	assert_int_equal(b->serve->count, 0);
	assert_null(b->set->first);
}

/* Neither by guessing a run's number, nor by another run of the same device:
 * and who comes while the old session seems to live ends that. */
static void
only_the_same_run_of_the_same_device_takes_over(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80" };
	struct peer *p, *other, *again;

	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, TO_80);
	other = via_bed_come(b, 1, 1);
	again = via_bed_come(b, 0, 2);
	via_bed_is_there(b, p);
	assert_int_equal(b->serve->count, 3);
	assert_null(b->serve->first->tunnel->rules);
	peer_leave(again, GW_E_LOST, "");
	via_bed_come(b, 0, 1);
	via_bed_is_lost(b, p, GW_E_INTERRUPTED, "it came again");
	assert_non_null(b->serve->first->tunnel->rules);
	via_bed_is_there(b, other);
	/* Who has not said yet which it is has the number of none. */
	p = via_bed_peer(b);
	peer_come(p, b->serve->first->key);
	via_bed_come(b, 0, 0);
	via_bed_is_there(b, p);
}

static void
rename_device(struct via_bed *b, const char *from, const char *to)
{
	struct gw_device_store s;
	struct gw_why why;

	assert_int_equal(gw_device_store_open(b->g->data_dir, &s, &why), GW_OK);
	assert_int_equal(gw_device_book_rename(&s.book, from, to, &why), GW_OK);
	assert_int_equal(gw_device_store_save(&s, &why), GW_OK);
	gw_device_store_close(&s);
}

/* What it may by then is what counts, of rules that were there, too. */
static void
who_comes_again_with_fewer_rights_has_no_more_than_those(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "peer-0 listen:tcp:127.0.0.1:*",
		"peer-0 tcp:127.0.0.1:80" };
	struct peer *p;

	via_bed_serve(b, rights, 2);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, true, "tcp://127.0.0.1:0/h:1");
	via_bed_accepted(b, p, 2, false, TO_80);
	peer_leave(p, GW_E_LOST, "");
	via_bed_turn(b);
	rename_device(b, "peer-0", "visitor");
	p = via_bed_come(b, 0, 1);
	assert_null(b->set->first);
	via_bed_refused(
	    b, p, true, "tcp://127.0.0.1:0/h:1", "visitor may not listen");
	via_bed_refused(b, p, false, TO_80, "visitor may not forward");
}

/* Its flows go where its old name let them, which a right for a name of a
 * target does not show: they end. */
static void
who_is_called_otherwise_takes_nothing_over(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80" };
	struct peer *p;

	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, TO_80);
	rename_device(b, "peer-0", "visitor");
	p = via_bed_come(b, 0, 1);
	via_bed_is_lost(b, &b->p[0], GW_E_INTERRUPTED, "it came again");
	assert_int_equal(b->serve->count, 1);
	assert_null(b->set->first);
	via_bed_accepted(b, p, 1, false, TO_80);
}

static void
those_that_were_lost_make_room(void **state)
{
	struct via_bed *b = *state;
	struct peer *p[GW_SERVE_PEERS];

	via_bed_serve(b, NULL, 0);
	for (unsigned i = 0; i < GW_SERVE_PEERS; i++)
		p[i] = via_bed_come(b, i % 2, (uint8_t)i);
	assert_int_equal(b->serve->count, GW_SERVE_PEERS);
	peer_leave(p[7], GW_E_LOST, "");
	peer_leave(p[5], GW_E_LOST, "");
	via_bed_turn(b);
	via_bed_is_there(b, via_bed_come(b, 0, 100));
	for (const struct gw_serve_one *o = b->serve->first; o != NULL;
	     o = o->next)
		assert_int_not_equal(o->id[0], 5);
	assert_int_equal(b->serve->count, GW_SERVE_PEERS);
}

static void
no_device_keeps_another_one_out(void **state)
{
	struct via_bed *b = *state;
	struct peer *crowd[GW_SERVE_PEERS], *p;

	via_bed_serve(b, NULL, 0);
	p = via_bed_come(b, 1, 1);
	for (unsigned i = 0; i < GW_SERVE_PEERS; i++)
		crowd[i] = via_bed_come(b, 0, (uint8_t)i);
	/* Its own oldest session made room for its newest. */
	via_bed_is_there(b, p);
	via_bed_is_lost(b, crowd[0], GW_E_LIMIT, "sessions");
	via_bed_is_there(b, crowd[GW_SERVE_PEERS - 1]);
	via_bed_is_there(b, via_bed_come(b, 1, 2));
	via_bed_is_there(b, p);
	via_bed_is_lost(b, crowd[1], GW_E_LIMIT, "sessions");
	assert_int_equal(b->serve->count, GW_SERVE_PEERS);
}

static void
without_memory_it_does_not_begin(void **state)
{
	struct via_bed *b = *state;
	const struct gw_serve_right right = { .right = "tcp:*:*",
		.device = "peer-0" };
	const struct gw_serve_options o = { .address = "127.0.0.1",
		.carriers = GW_CARRIERS_TCP,
		.rights = &right,
		.right_count = 1 };
	enum gw_err err = GW_E_MEMORY;

	for (long n = 0; err != GW_OK; n++) {
		assert_true(n < 1000);
		test_fail_alloc(n);
		err = gw_serve_open(b->g, &o, &b->serve);
		test_fail_alloc(-1);
		assert_true(err == GW_OK || err == GW_E_MEMORY);
		if (err != GW_OK)
			assert_string_not_equal(gw_last_error(b->g), "");
	}
}

static void
without_memory_a_device_does_not_come_in(void **state)
{
	struct via_bed *b = *state;
	struct peer *p, *good;

	via_bed_serve(b, NULL, 0);
	good = via_bed_come(b, 1, 1);
	for (long n = 0;; n++) {
		assert_true(n < 60);
		test_fail_alloc(n);
		p = via_bed_come(b, 0, 1);
		test_fail_alloc(-1);
		if (!p->closed)
			break;
		assert_true(p->err == GW_E_LIMIT || p->err == GW_E_MEMORY);
	}
	via_bed_is_there(b, good);
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, via_bed_setup, via_bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_is_not_remembered_is_put_out),
		CASE(who_comes_again_has_its_rules_for_three_minutes),
		CASE(only_the_same_run_of_the_same_device_takes_over),
		CASE(who_comes_again_with_fewer_rights_has_no_more_than_those),
		CASE(who_is_called_otherwise_takes_nothing_over),
		CASE(those_that_were_lost_make_room),
		CASE(no_device_keeps_another_one_out),
		CASE(without_memory_it_does_not_begin),
		CASE(without_memory_a_device_does_not_come_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
