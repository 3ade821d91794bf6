/* Connecting to real sockets, by address and by name. */
#include "run/dial.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "entrances.h"
#include "os/helper.h"
#include "os/tcp.h"

/* A listener that is no godwit; the kernel lets connections in. */
static int
plain_listener(struct entrances *e)
{
	int fd;

	assert_int_equal(gw_tcp_listen("127.0.0.1", 0, 8, NULL, &fd), GW_OK);
	e->port = gw_tcp_port(fd);
	return fd;
}

static void
opens(struct entrances *e, const char *host, const char *address)
{
	struct gw_dial_options o = entrances_dial(e, host);

	entrances_start(e, &o);
	entrances_until(e, &e->at_dial.opened, 1);
	assert_int_equal(e->at_dial.failed, 0);
	assert_string_equal(e->at_dial.peer, "waiting");
	if (address != NULL)
		assert_int_equal(
		    strncmp(e->at_dial.address, address, strlen(address)), 0);
	assert_true(e->at_dial.conn->authenticated);
	entrances_run(e, 50); /* and nothing comes after it */
	assert_int_equal(e->at_dial.opened, 1);
}

static void
fails(struct entrances *e, const struct gw_dial_options *o, enum gw_err err,
    const char *says)
{
	entrances_start(e, o);
	entrances_until(e, &e->at_dial.failed, 1);
	assert_int_equal(e->at_dial.opened, 0);
	assert_int_equal(e->at_dial.err, err);
	if (strstr(e->at_dial.text, says) == NULL)
		fail_msg("'%s' does not say '%s'", e->at_dial.text, says);
	entrances_run(e, 50);
	assert_int_equal(e->at_dial.failed, 1);
}

static void
it_opens_by_address_of_either_family_and_by_name(void **state)
{
	struct entrances e;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, NULL);
	opens(&e, "127.0.0.1", "127.0.0.1:");
	opens(&e, "::1", "[::1]:");
	opens(&e, "[::1]", "[::1]:");
	opens(&e, "localhost", NULL);
	entrances_close(&e);
}

/* ::1 refuses, the next address is tried at once. */
static void
the_next_address_is_tried_when_one_refuses(void **state)
{
	struct entrances e;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	opens(&e, "localhost", "127.0.0.1:");
	entrances_close(&e);
}

static void
a_wrong_code_is_told_to_the_dial(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	o.code = "7-wrong-code";
	fails(&e, &o, GW_E_AUTH, "");
	entrances_close(&e);
}

static void
a_ticket_opens_without_the_code_and_an_unknown_one_is_told(void **state)
{
	struct entrances e;
	struct gw_dial_options o;
	struct gw_ticket ticket;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	opens(&e, "127.0.0.1", NULL);
	ticket = e.at_dial.ticket;
	o = entrances_dial(&e, "127.0.0.1");
	o.mode = GW_MODE_RESUMED;
	o.ticket = &ticket;
	o.peer = e.self[0].keys.public;
	o.code = NULL;
	entrances_start(&e, &o);
	memset(&ticket, 0, sizeof ticket); /* it was copied */
	entrances_until(&e, &e.at_dial.opened, 1);
	ticket = e.at_dial.ticket;
	assert_int_equal(gw_door_set_code(e.door, ENTRANCE_CODE), GW_OK);
	fails(&e, &o, GW_E_AUTH, "");
	assert_true(e.at_dial.unknown_ticket);
	entrances_close(&e);
}

static void
another_device_than_the_expected_one_is_refused(void **state)
{
	static const uint8_t other[GW_KEY_LEN] = { 9 };
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	o.peer = other;
	fails(&e, &o, GW_E_AUTH, "");
	assert_int_equal(e.at_listener.opened, 0);
	entrances_close(&e);
}

static void
nobody_there_is_told(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	close(plain_listener(&e)); /* a port that nobody has */
	o = entrances_dial(&e, "127.0.0.1");
	fails(&e, &o, GW_E_CONNECT, "refused");
	assert_string_equal(e.at_dial.address, "127.0.0.1");
	entrances_close(&e);
}

static void
what_answers_with_other_words_is_a_stranger(void **state)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n"
				   "<html>what do you want of me</html>\r\n";
	struct entrances e;
	struct gw_dial_options o;
	int fd, there;

	(void)state;
	entrances_open(&e);
	fd = plain_listener(&e);
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_run(&e, 50);
	there = accept(fd, NULL, NULL);
	assert_true(there >= 0);
	assert_int_equal(
	    send(there, text, sizeof text - 1, 0), sizeof text - 1);
	entrances_until(&e, &e.at_dial.failed, 1);
	assert_int_equal(e.at_dial.err, GW_E_STRANGER);
	close(there);
	close(fd);
	entrances_close(&e);
}

static void
what_hangs_up_in_the_handshake_is_told(void **state)
{
	struct entrances e;
	struct gw_dial_options o;
	int fd, there;

	(void)state;
	entrances_open(&e);
	fd = plain_listener(&e);
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_run(&e, 50);
	there = accept(fd, NULL, NULL);
	assert_true(there >= 0);
	close(there);
	entrances_until(&e, &e.at_dial.failed, 1);
	assert_int_not_equal(e.at_dial.err, GW_OK);
	assert_int_not_equal(e.at_dial.err, GW_E_AUTH);
	close(fd);
	entrances_close(&e);
}

static void
what_says_nothing_is_given_up(void **state)
{
	struct entrances e;
	struct gw_dial_options o;
	int fd;

	(void)state;
	entrances_open(&e);
	fd = plain_listener(&e);
	o = entrances_dial(&e, "127.0.0.1");
	fails(&e, &o, GW_E_CONNECT, "");
	close(fd);
	entrances_close(&e);
}

/* ---- names ---- */

static void
a_name_that_does_not_resolve_is_told(void **state)
{
	struct entrances e;
	struct gw_dial_options o;
	char longer[GW_HELPER_HOST_MAX + 2];

	(void)state;
	entrances_open(&e);
	e.port = 1;
	o = entrances_dial(&e, "no such host");
	fails(&e, &o, GW_E_RESOLVE, "no such host");
	o = entrances_dial(&e, "fe80::1%nowhere");
	fails(&e, &o, GW_E_RESOLVE, "nowhere");
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	o = entrances_dial(&e, longer);
	assert_int_equal(gw_dial_start(&o, &e.dial), GW_E_RESOLVE);
	entrances_close(&e);
}

static void
a_helper_looks_names_up(void **state)
{
	struct gw_dial_options o;
	struct entrances e;
	int helper;

	(void)state;
	assert_int_equal(gw_helper_fork(NULL, &helper), GW_OK);
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	for (unsigned i = 0; i < 2; i++) { /* it serves more than one */
		o = entrances_dial(&e, "localhost");
		o.helper_fd = helper;
		entrances_start(&e, &o);
		entrances_until(&e, &e.at_dial.opened, 1);
	}
	o = entrances_dial(&e, "no such host");
	o.helper_fd = helper;
	fails(&e, &o, GW_E_RESOLVE, "no such host");
	entrances_close(&e);
	close(helper);
}

/* Several jobs of one context share its helper. */
static void
two_dials_share_a_helper(void **state)
{
	struct gw_dial_options o;
	struct entrances e;
	struct gw_dial *second;
	struct outcome first = { .opened = 0 };
	int helper;

	(void)state;
	assert_int_equal(gw_helper_fork(NULL, &helper), GW_OK);
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "localhost");
	o.helper_fd = helper;
	entrances_start(&e, &o);
	o.owner.arg = &first;
	assert_int_equal(gw_dial_start(&o, &second), GW_OK);
	while (e.at_dial.opened + e.at_dial.failed == 0 ||
	       first.opened + first.failed == 0)
		entrances_run(&e, 20);
	assert_string_equal(first.text, "");
	assert_int_equal(e.at_dial.opened, 1);
	assert_int_equal(first.opened, 1);
	gw_conn_close(first.conn);
	entrances_close(&e);
	close(helper);
}

/* ---- giving up ---- */

static void
a_cancelled_dial_says_nothing_at_any_time(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost",
		"no such host" };
	struct entrances e;
	struct gw_dial_options o;
	int fd;

	(void)state;
	entrances_open(&e);
	fd = plain_listener(&e);
	for (unsigned i = 0; i < 3; i++) {
		for (int ms = 0; ms <= 40; ms += 20) {
			if (i == 2 && ms > 0)
				continue; /* it would be over */
			o = entrances_dial(&e, hosts[i]);
			entrances_start(&e, &o);
			entrances_run(&e, ms);
			gw_dial_cancel(e.dial);
			e.dial = NULL;
			entrances_run(&e, 50);
			assert_int_equal(e.at_dial.opened, 0);
			assert_int_equal(e.at_dial.failed, 0);
		}
	}
	gw_dial_cancel(NULL);
	close(fd);
	entrances_close(&e);
}

static void
without_memory_it_fails_and_says_so(void **state)
{
	struct entrances e;
	struct gw_dial_options o;
	unsigned failed = 0;
	bool opened = false;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	for (long n = 0; !opened; n++) {
		assert_true(n < 200);
		e.at_dial = (struct outcome){ .conn = e.at_dial.conn };
		o = entrances_dial(&e, "127.0.0.1");
		gw_loop_poke(&e.loop);
		test_fail_alloc(n);
		if (gw_dial_start(&o, &e.dial) == GW_OK)
			while (e.at_dial.opened + e.at_dial.failed == 0)
				(void)gw_loop_wait(&e.loop, 10);
		else
			failed++;
		opened = e.at_dial.opened == 1;
		test_fail_alloc(-1);
		failed += e.at_dial.failed;
	}
	assert_true(failed >= 3);
	entrances_close(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    it_opens_by_address_of_either_family_and_by_name),
		cmocka_unit_test(the_next_address_is_tried_when_one_refuses),
		cmocka_unit_test(a_wrong_code_is_told_to_the_dial),
		cmocka_unit_test(
		    a_ticket_opens_without_the_code_and_an_unknown_one_is_told),
		cmocka_unit_test(
		    another_device_than_the_expected_one_is_refused),
		cmocka_unit_test(nobody_there_is_told),
		cmocka_unit_test(what_answers_with_other_words_is_a_stranger),
		cmocka_unit_test(what_hangs_up_in_the_handshake_is_told),
		cmocka_unit_test(what_says_nothing_is_given_up),
		cmocka_unit_test(a_name_that_does_not_resolve_is_told),
		cmocka_unit_test(a_helper_looks_names_up),
		cmocka_unit_test(two_dials_share_a_helper),
		cmocka_unit_test(a_cancelled_dial_says_nothing_at_any_time),
		cmocka_unit_test(without_memory_it_fails_and_says_so),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
