/*
 * `godwit peers`: the program on an API that a script plays.
 */
#include <signal.h>
#include <string.h>

#include "program.h"
#include "test.h"

static const struct gw_peer_address kitchen_at[] = {
	{ { .ip = { [10] = 0xff, 0xff, 192, 0, 2, 5 }, .port = 4639 }, "eth0" },
	{ { .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 5 }, .port = 4639 },
	    "wlan0" },
};

#define KITCHEN                                                                \
	{                                                                      \
		.id = 1, .name = "kitchen-pc", .receives = true,               \
		.addresses = kitchen_at, .address_count = 2, .seen_ms = 12345  \
	}

static const struct gw_peer_event some[] = {
	{ .kind = GW_PEER_THERE, .peer = KITCHEN },
	{ .kind = GW_PEER_TROUBLE, .text = "on eth1 nobody is asked: why" },
	{ .kind = GW_PEER_THERE,
	    .peer = { .id = 2,
		.name = "a\033[2Jb",
		.device = "my desk",
		.key = "00ff",
		.sends = true,
		.here = true,
		.addresses = kitchen_at,
		.address_count = 1 } },
};

static void
there_are_some(void)
{
	PLAY(transfer);
	fake.peers = some;
	fake.peer_count = sizeof some / sizeof *some;
}

static void
who_is_there_is_a_table(void **state)
{
	(void)state;
	there_are_some();
	assert_int_equal(run("godwit peers --wait 1ms"), 0);
	says(result.out, "NAME ");
	says(result.out, "KNOWN AS");
	says(result.out, "kitchen-pc");
	says(result.out, "receive ");
	says(result.out, "192.0.2.5:4639");
	says(result.out, "[2001:db8::5]:4639");
	says(result.out, "wlan0");
	says(result.out, "12 s ago");
	says(result.out, "a\\x1b[2Jb (this machine)");
	says(result.out, "my desk");
	says(result.out, "send");
	says(result.err, "on eth1 nobody is asked: why");
	says_not(result.out, "\033");
	says_not(result.out, " \n");
}

static void
who_is_there_as_json(void **state)
{
	(void)state;
	there_are_some();
	assert_int_equal(run("godwit peers --json --wait 1ms"), 0);
	says(result.out,
	    "{\"id\":1,\"name\":\"kitchen-pc\",\"device\":null,"
	    "\"key\":null,\"receives\":true,\"sends\":false,"
	    "\"here\":false,\"addresses\":[{\"address\":\"192.0.2.5\","
	    "\"port\":4639,\"interface\":\"eth0\"},"
	    "{\"address\":\"2001:db8::5\"");
	says(result.out, "\"seen_ms\":12345}\n");
	says(result.out, "{\"event\":\"trouble\",\"text\":\"on eth1 ");
	says(result.out, "\"device\":\"my desk\",\"key\":\"00ff\"");
}

static void
nobody_there_says_where_was_asked_and_what_to_try(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit peers --wait 1ms"), 3);
	assert_string_equal(result.out, "");
	says(result.err, "nobody has answered within 0.001 s");
	says(result.err, "lo         127.255.255.255\n");
	says(result.err, "eth0       192.0.2.255:4638: a firewall\n");
	says(result.err, "wg0        not asked");
	says(result.err, "godwit doctor");
	says(result.err, "--to HOST");
}

static void
it_needs_no_arguments_and_says_what_fails(void **state)
{
	(void)state;
	PLAY(transfer);
	assert_int_equal(run("godwit peers kitchen-pc"), 2);
	assert_int_equal(run("godwit peers --wait never"), 2);
	fake.start = GW_E_ADDRESS;
	fake.last_error = "no socket";
	assert_int_equal(run("godwit peers"), 1);
	says(result.err, "no socket");
}

static void
a_terminal_follows_them_until_it_is_told_to_stop(void **state)
{
	static const struct dialogue stop[] = { { "kitchen-pc", NULL,
	    SIGINT } };

	(void)state;
	there_are_some();
	assert_int_equal(run_on_terminal("godwit peers --watch", stop, 1), 130);
	says(result.out, "NAME");
	says(result.out, "192.0.2.5:4639");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_there_is_a_table),
		cmocka_unit_test(who_is_there_as_json),
		cmocka_unit_test(
		    nobody_there_says_where_was_asked_and_what_to_try),
		cmocka_unit_test(it_needs_no_arguments_and_says_what_fails),
		cmocka_unit_test(
		    a_terminal_follows_them_until_it_is_told_to_stop),
	};

	return cmocka_run_group_tests_name(
	    "peers_program", tests, program_begin, program_end);
}
