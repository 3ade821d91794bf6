/* Who is let in by a listener, and who is not. */
#include "run/forward_tcp.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward_rig.h"

static void
f27_a_client_that_is_not_allowed_is_reset(void **state)
{
	struct rig *r = *state;
	uint16_t port, at;
	int target = rig_target(&port), c;
	char byte;

	at = rig_open(r, RIG_PLAIN "?deny=127.0.0.0/8", port);
	c = rig_connect(r, at);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_DENIED], 1);
	close(c);
	close(target);
}

static void
f8_past_the_cap_new_ones_are_reset_or_an_unanswered_one_goes(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN "?max=1");
	int c;
	char byte;

	c = rig_connect(r, e.at);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_CAP], 1);
	close(c);
	rig_ends_close(&e);
}

static void
f8_with_evict_the_oldest_without_an_answer_makes_room(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN "?max=2&shed=evict");
	int c, s, d, t;
	char byte;

	rig_write(r, e.server, "x", 1);
	assert_int_equal(rig_read(r, e.client, &byte, 1), 1);
	c = rig_connect(r, e.at);
	s = rig_accept(r, e.target);
	d = rig_connect(r, e.at);
	t = rig_accept(r, e.target);
	assert_int_equal(
	    rig_until(r, GW_FORWARD_CLOSED, 0)->end, GW_FORWARD_EVICTED);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	rig_write(r, e.client, "x", 1);
	assert_int_equal(rig_read(r, e.server, &byte, 1), 1);
	close(c);
	close(s);
	close(d);
	close(t);
	rig_ends_close(&e);
}

static void
f8_one_client_has_no_more_than_its_share(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN "?perSource=1");
	int c, s;
	char byte;

	c = rig_connect(r, e.at);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_SOURCE_CAP], 1);
	close(c);
	/* When its flow has gone, it may have another. */
	rig_reset(e.client);
	rig_until(r, GW_FORWARD_CLOSED, 0);
	c = rig_connect(r, e.at);
	s = rig_accept(r, e.target);
	close(c);
	close(s);
	close(e.server);
	close(e.target);
}

/* Accepted and reset with the descriptor that is kept for that; the flows that
 * there are go on. */
static void
f8_out_of_descriptors_it_sheds_and_goes_on(void **state)
{
	struct rig *r = *state;
	struct rig_ends e = rig_flow(r, RIG_PLAIN);
	struct rlimit before, l;
	int c, hog[64], n = 0;
	char byte;

	c = rig_connect(r, e.at); /* before the limit: it is ours, too */
	rig_until(r, GW_FORWARD_OPENED, 1);
	close(rig_accept(r, e.target));
	close(c);
	rig_until(r, GW_FORWARD_CLOSED, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	l = before;
	c = socket(AF_INET, SOCK_STREAM, 0);
	l.rlim_cur = (rlim_t)c + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &l), 0);
	while (n < 64 && (hog[n] = dup(0)) >= 0)
		n++;
	close(c);
	c = rig_connect(r, e.at);
	assert_int_equal(rig_read(r, c, &byte, 1), -ECONNRESET);
	assert_int_equal(rig_rule(r, 0).drops[GW_DROP_DESCRIPTORS], 1);
	rig_write(r, e.client, "x", 1);
	assert_int_equal(rig_read(r, e.server, &byte, 1), 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	while (n > 0)
		close(hog[--n]);
	close(c);
	rig_ends_close(&e);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(f27_a_client_that_is_not_allowed_is_reset),
		TEST(
		    f8_past_the_cap_new_ones_are_reset_or_an_unanswered_one_goes),
		TEST(f8_with_evict_the_oldest_without_an_answer_makes_room),
		TEST(f8_one_client_has_no_more_than_its_share),
		TEST(f8_out_of_descriptors_it_sheds_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
