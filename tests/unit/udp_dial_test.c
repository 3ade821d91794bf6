/* Dials over udp: alone, and in a race with tcp. */
#include "run/udp_dial.h"

#include <string.h>

#include "entrances.h"
#include "os/clock.h"

static void
opens(enum gw_carriers carriers, const char *carrier)
{
	struct entrances e;
	struct gw_dial_options o;

	entrances_open(&e);
	e.carriers = carriers;
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_dial.opened, 1);
	entrances_until(&e, &e.at_listener.opened, 1);
	assert_int_equal(e.at_dial.failed, 0);
	assert_string_equal(e.at_dial.peer, "waiting");
	assert_string_equal(e.at_listener.peer, "dialling");
	assert_true(e.at_dial.conn->authenticated);
	if (carrier != NULL) {
		assert_string_equal(e.at_dial.conn->carrier, carrier);
		assert_string_equal(e.at_listener.conn->carrier, carrier);
	}
	entrances_run(&e, 50);
	assert_int_equal(e.at_dial.opened, 1);
	assert_int_equal(e.at_listener.opened, 1);
	entrances_close(&e);
}

static void
udp_alone_opens(void **state)
{
	(void)state;
	opens(GW_CARRIERS_UDP, "udp");
}

/* Whoever wins: there is one session, and both sides have the same. */
static void
one_of_both_opens(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		opens(GW_CARRIERS_AUTO, NULL);
}

/* The listener has tcp only, so udp is refused: tcp opens it. */
static void
where_udp_is_refused_tcp_opens(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	o.carriers = GW_CARRIERS_AUTO;
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_dial.opened, 1);
	assert_string_equal(e.at_dial.conn->carrier, "tcp");
	entrances_close(&e);
}

static void
a_wrong_code_is_told(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	e.carriers = GW_CARRIERS_UDP;
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	o.code = "7-wrong-code";
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_dial.failed, 1);
	assert_int_equal(e.at_dial.err, GW_E_AUTH);
	assert_int_equal(e.at_dial.opened, 0);
	assert_int_equal(e.at_listener.opened, 0);
	entrances_close(&e);
}

static void
nobody_there_is_refused(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	e.carriers = GW_CARRIERS_UDP;
	e.port = 9;
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_until(&e, &e.at_dial.failed, 1);
	assert_int_equal(e.at_dial.err, GW_E_CONNECT);
	entrances_close(&e);
}

static void
a_dial_under_way_can_be_cancelled(void **state)
{
	struct entrances e;
	struct gw_dial_options o;

	(void)state;
	entrances_open(&e);
	e.carriers = GW_CARRIERS_AUTO;
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
	entrances_close(&e); /* cancels it */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_alone_opens),
		cmocka_unit_test(one_of_both_opens),
		cmocka_unit_test(where_udp_is_refused_tcp_opens),
		cmocka_unit_test(a_wrong_code_is_told),
		cmocka_unit_test(nobody_there_is_refused),
		cmocka_unit_test(a_dial_under_way_can_be_cancelled),
	};

	return cmocka_run_group_tests_name("udp_dial", tests, NULL, NULL);
}
