/* Which answer belongs to which request, and what they come to. */
#include "cli/dgram_probe.h"

#include "test.h"

static struct gw *g;
static const struct gw_dgram_options options = { .address = "127.0.0.1" };

static int
setup(void **state)
{
	struct gw_options o = GW_OPTIONS_INIT;

	(void)state;
	o.plain = true;
	return gw_open(&o, &g) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	gw_close(g);
	return 0;
}

static struct cli_probe_slot *
sent(struct cli_probe *p, uint64_t now, uint64_t until)
{
	struct cli_probe_slot *s = cli_probe_slot(p, g, &options);

	assert_non_null(s);
	cli_probe_sent(p, s, now, until);
	return s;
}

static void
one_socket_is_enough_while_answers_come(void **state)
{
	struct cli_probe p = { .count = 0 };

	(void)state;
	for (uint64_t i = 1; i <= 10; i++) {
		struct cli_probe_slot *s = sent(&p, 1000 * i, 1000 * i + 500);

		assert_int_equal(s->request, i);
		assert_true(cli_probe_waits(&p));
		assert_int_equal(
		    cli_probe_answered(&p, s, 1000 * i + 10 * i), 10 * i);
		assert_false(cli_probe_waits(&p));
	}
	assert_int_equal(p.count, 1);
	assert_int_equal(cli_probe_sum(&p)->sent, 10);
	assert_int_equal(p.sum.answered, 10);
	assert_int_equal(p.sum.least, 10);
	assert_int_equal(p.sum.median, 55);
	assert_int_equal(p.sum.most, 100);
	cli_probe_fini(&p);
}

static void
who_waits_keeps_its_socket(void **state)
{
	struct cli_probe p = { .count = 0 };
	struct cli_probe_slot *first = sent(&p, 1000, 9000),
			      *second = sent(&p, 2000, 9500);

	(void)state;
	assert_ptr_not_equal(first, second);
	assert_int_equal(cli_probe_until(&p), 9000);
	assert_int_equal(cli_probe_answered(&p, first, 4000), 3000);
	assert_int_equal(cli_probe_until(&p), 9500);
	/* A second answer to it is an answer, and counts for no other. */
	assert_int_equal(cli_probe_answered(&p, first, 5000), 4000);
	assert_int_equal(p.sum.answered, 1);
	assert_int_equal(p.sum.replies, 2);
	cli_probe_expire(&p, 9499);
	assert_true(cli_probe_waits(&p));
	cli_probe_expire(&p, 9500);
	assert_false(cli_probe_waits(&p));
	assert_int_equal(cli_probe_until(&p), UINT64_MAX);
	/* It had not been lost, only late. */
	assert_int_equal(cli_probe_answered(&p, second, 9600), 7600);
	assert_int_equal(p.sum.answered, 2);
	cli_probe_fini(&p);
}

static void
at_the_most_the_longest_gives_way(void **state)
{
	struct cli_probe p = { .count = 0 };
	struct cli_probe_slot *first = sent(&p, 1, 1000000);

	(void)state;
	for (uint64_t i = 2; i <= CLI_PROBE_SOCKETS; i++)
		sent(&p, i, 1000000);
	assert_int_equal(p.count, CLI_PROBE_SOCKETS);
	assert_ptr_equal(sent(&p, 100, 1000000), first);
	assert_int_equal(first->request, CLI_PROBE_SOCKETS + 1);
	assert_int_equal(p.count, CLI_PROBE_SOCKETS);
	cli_probe_fini(&p);
}

static void
who_does_not_wait_waits_for_nothing(void **state)
{
	struct cli_probe p = { .count = 0 };

	(void)state;
	sent(&p, 1000, 1000);
	assert_false(cli_probe_waits(&p));
	sent(&p, 1001, 1001);
	assert_int_equal(p.count, 1);
	assert_int_equal(cli_probe_sum(&p)->answered, 0);
	assert_int_equal(p.sum.median, 0);
	cli_probe_fini(&p);
}

static void
no_socket_can_be_had(void **state)
{
	struct gw_dgram_options wrong = { .address = "203.0.113.7" };
	struct cli_probe p = { .count = 0 };

	(void)state;
	assert_null(cli_probe_slot(&p, g, &wrong));
	cli_probe_fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_socket_is_enough_while_answers_come),
		cmocka_unit_test(who_waits_keeps_its_socket),
		cmocka_unit_test(at_the_most_the_longest_gives_way),
		cmocka_unit_test(who_does_not_wait_waits_for_nothing),
		cmocka_unit_test(no_socket_can_be_had),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
