/* Names and addresses, by a helper process and by a worker thread. */
#include "run/lookup.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "test.h"

struct got {
	unsigned calls;
	struct gw_helper_answer answer;
};

static struct gw_loop loop;

static int
setup(void **state)
{
	(void)state;
	return gw_loop_init(&loop) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	gw_loop_fini(&loop);
	return 0;
}

static void
on_done(void *arg, const struct gw_helper_answer *a)
{
	struct got *g = arg;

	g->calls++;
	g->answer = *a;
}

static struct gw_lookup *
start(struct got *g, const char *host, int helper, gw_usec give_up)
{
	struct gw_lookup_options o = { .loop = &loop,
		.helper_fd = helper,
		.host = host,
		.port = 4639,
		.give_up = give_up,
		.done = on_done,
		.arg = g };
	struct gw_lookup *l;

	memset(g, 0, sizeof *g);
	assert_int_equal(gw_lookup_start(&o, &l), GW_OK);
	assert_int_equal(g->calls, 0);
	return l;
}

static void
run_for(unsigned ms)
{
	gw_usec end = gw_clock_now() + ms * GW_MSEC;

	while (gw_clock_now() < end) {
		gw_loop_poke(&loop);
		(void)gw_loop_wait(&loop, 5);
		usleep(1000);
	}
}

static void
until_done(struct got *g)
{
	gw_usec end = gw_clock_now() + 60 * GW_SEC;

	while (g->calls == 0 && gw_clock_now() < end) {
		gw_loop_poke(&loop);
		(void)gw_loop_wait(&loop, 100);
	}
	assert_int_equal(g->calls, 1);
}

static void
finds(const char *host, int helper, const char *text)
{
	struct got g;
	char out[GW_ADDR_TEXT];

	start(&g, host, helper, GW_NEVER);
	until_done(&g);
	assert_int_equal(g.answer.err, GW_OK);
	assert_true(g.answer.found.count > 0);
	assert_true(gw_addr_is_loopback(&g.answer.found.v[0]));
	assert_int_equal(gw_addr_port(&g.answer.found.v[0]), 4639);
	gw_addr_text(&g.answer.found.v[0], out);
	if (text != NULL)
		assert_string_equal(out, text);
}

static void
fails(const char *host, int helper, enum gw_err err, const char *says)
{
	struct got g;

	start(&g, host, helper, GW_NEVER);
	until_done(&g);
	assert_int_equal(g.answer.err, err);
	if (strstr(g.answer.why.text, says) == NULL)
		fail_msg("'%s' lacks '%s'", g.answer.why.text, says);
}

static void
both_ways(int helper)
{
	finds("127.0.0.1", helper, "127.0.0.1:4639");
	finds("::1", helper, "[::1]:4639");
	finds("[::1]", helper, "[::1]:4639");
	finds("localhost", helper, NULL);
	fails("no such host", helper, GW_E_RESOLVE, "no such host: ");
	fails("fe80::1", helper, GW_E_ADDRESS, "link-local");
}

static void
a_worker_finds_addresses(void **state)
{
	(void)state;
	both_ways(-1);
}

static void
a_helper_finds_addresses(void **state)
{
	int helper;

	(void)state;
	assert_int_equal(gw_helper_fork(NULL, &helper), GW_OK);
	both_ways(helper);
	close(helper);
	wait(NULL);
}

static void
several_share_a_helper(void **state)
{
	struct got g[4];
	int helper;

	(void)state;
	assert_int_equal(gw_helper_fork(NULL, &helper), GW_OK);
	for (int i = 0; i < 4; i++)
		start(&g[i], "localhost", helper, GW_NEVER);
	for (int i = 0; i < 4; i++) {
		until_done(&g[i]);
		assert_int_equal(g[i].answer.err, GW_OK);
	}
	close(helper);
	wait(NULL);
}

/* And another's answer is not taken for one's own. */
static void
after_a_cancel_nothing_comes(void **state)
{
	struct got g, other;
	int helper;

	(void)state;
	assert_int_equal(gw_helper_fork(NULL, &helper), GW_OK);
	gw_lookup_cancel(start(&g, "127.0.0.1", helper, GW_NEVER));
	gw_lookup_cancel(start(&g, "localhost", -1, GW_NEVER));
	gw_lookup_cancel(start(&g, "localhost", helper, GW_NEVER));
	run_for(100);
	start(&other, "no such host", helper, GW_NEVER);
	until_done(&other);
	assert_int_equal(other.answer.err, GW_E_RESOLVE);
	assert_int_equal(g.calls, 0);
	gw_lookup_cancel(NULL);
	close(helper);
	wait(NULL);
}

static void
a_helper_that_is_gone(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	close(fds[1]);
	fails("localhost", fds[0], GW_E_RESOLVE, "");
	close(fds[0]);
}

static void
what_takes_too_long_is_given_up(void **state)
{
	struct got g, waiting;
	int fds[2];

	(void)state;
	/* A helper that never answers. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
	start(&g, "localhost", fds[0], gw_clock_now() + 50 * GW_MSEC);
	start(&waiting, "localhost", fds[0], gw_clock_now() + 70 * GW_MSEC);
	until_done(&g);
	until_done(&waiting);
	assert_int_equal(g.answer.err, GW_E_RESOLVE);
	assert_non_null(strstr(g.answer.why.text, "too long"));
	assert_non_null(strstr(waiting.answer.why.text, "too long"));
	close(fds[0]);
	close(fds[1]);
}

static void
a_name_that_no_host_can_have(void **state)
{
	struct gw_lookup_options o = { .loop = &loop, .helper_fd = -1 };
	char name[GW_HELPER_HOST_MAX + 2];
	struct gw_lookup *l;

	(void)state;
	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	o.host = name;
	assert_int_equal(gw_lookup_start(&o, &l), GW_E_RESOLVE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worker_finds_addresses),
		cmocka_unit_test(a_helper_finds_addresses),
		cmocka_unit_test(several_share_a_helper),
		cmocka_unit_test(after_a_cancel_nothing_comes),
		cmocka_unit_test(a_helper_that_is_gone),
		cmocka_unit_test(what_takes_too_long_is_given_up),
		cmocka_unit_test(a_name_that_no_host_can_have),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
