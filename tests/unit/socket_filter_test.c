#include "diag/socket_filter.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

static void
set_end(struct gw_socket_end *e, const char *address, uint16_t port)
{
	struct in_addr v4;

	e->port = port;
	if (inet_pton(AF_INET, address, &v4) != 1) {
		assert_int_equal(inet_pton(AF_INET6, address, e->address), 1);
		return;
	}
	memset(e->address, 0, 10);
	e->address[10] = e->address[11] = 0xff;
	memcpy(e->address + 12, &v4, 4);
}

static struct gw_socket
tcp(const char *local, uint16_t port, const char *remote, uint16_t peer)
{
	struct gw_socket s = { .protocol = GW_SOCKET_TCP,
		.state = peer != 0 ? GW_SOCKET_ESTABLISHED : GW_SOCKET_LISTEN,
		.ipv6 = strchr(local, ':') != NULL };

	set_end(&s.local, local, port);
	set_end(&s.remote, remote, peer);
	return s;
}

/* Do these words, with spaces between, let it pass? */
static bool
passes(const char *words, const struct gw_socket *s)
{
	struct gw_socket_filter f = { .count = 0 };
	char text[200], *rest = text, *word;
	bool passed;

	snprintf(text, sizeof text, "%s", words);
	while ((word = strsep(&rest, " ")) != NULL) {
		const char *wrong = gw_socket_filter_add(&f, word);

		if (wrong != NULL)
			fail_msg("%s: %s", word, wrong);
	}
	passed = gw_socket_filter_match(&f, s);
	gw_socket_filter_fini(&f);
	return passed;
}

static void
a_port_is_meant_on_either_side(void **state)
{
	struct gw_socket s = tcp("10.0.0.1", 8008, "10.0.0.2", 50000);

	(void)state;
	assert_true(passes("8008", &s));
	assert_true(passes("50000", &s));
	assert_true(passes(":8008", &s));
	assert_true(passes("port=8008", &s));
	assert_true(passes("8000-8010", &s));
	assert_false(passes("8009", &s));
	assert_false(passes("8009-8010", &s));
	assert_true(passes("lport=8008", &s));
	assert_false(passes("rport=8008", &s));
	assert_true(passes("sport=8008 dport=50000", &s));
	assert_true(passes("local=:8008", &s));
	assert_true(passes("local=8008", &s));
	assert_false(passes("remote=:8008", &s));
	assert_true(passes("*:8008", &s));
	assert_false(passes("*:8009", &s));
}

static void
an_address_and_a_port_belong_to_the_same_end(void **state)
{
	struct gw_socket s = tcp("10.0.0.1", 8008, "10.0.0.2", 50000);
	struct gw_socket v6 = tcp("fe80::1", 22, "fe80::2", 40000);

	(void)state;
	assert_true(passes("10.0.0.1:8008", &s));
	assert_true(passes("10.0.0.2:50000", &s));
	assert_false(passes("10.0.0.2:8008", &s));
	/* Two words are two conditions. */
	assert_true(passes("10.0.0.2 8008", &s));
	assert_false(passes("10.0.0.2 8009", &s));
	assert_false(passes("10.0.0.3 8008", &s));
	assert_true(passes("10.0.0.1:*", &s));
	assert_true(passes("remote=10.0.0.2:50000", &s));
	assert_false(passes("local=10.0.0.2:50000", &s));
	assert_true(passes("[fe80::1]:22", &v6));
	assert_true(passes("fe80::2", &v6));
	assert_true(passes("[fe80::2%eth0]", &v6));
	assert_false(passes("[fe80::1]:23", &v6));
	assert_false(passes("::1", &v6));
}

static void
networks_have_any_number_of_bits(void **state)
{
	struct gw_socket s = tcp("10.0.0.1", 8008, "192.168.77.2", 50000);
	struct gw_socket v6 = tcp("fd77::1", 22, "fd78::2", 40000);

	(void)state;
	assert_true(passes("192.168.0.0/16", &s));
	assert_true(passes("192.168.76.0/22", &s));
	assert_true(passes("192.168.78.0/22", &s));
	assert_false(passes("192.168.72.0/22", &s));
	assert_true(passes("192.168.77.2/32", &s));
	assert_false(passes("192.168.77.3/32", &s));
	assert_true(passes("0.0.0.0/0", &s));
	assert_true(passes("fd78::/16", &v6));
	assert_false(passes("fd79::/16", &v6));
	assert_true(passes("::/0", &v6));
	/* All IPv4 addresses, and no other. */
	assert_false(passes("0.0.0.0/0", &v6));
}

static void
one_kind_is_alternatives_several_kinds_all_hold(void **state)
{
	struct gw_socket s = tcp("10.0.0.1", 8008, "10.0.0.2", 50000);
	struct gw_socket listener = tcp("0.0.0.0", 8008, "0.0.0.0", 0);
	struct gw_socket udp = listener;

	(void)state;
	udp.protocol = GW_SOCKET_UDP;
	udp.state = GW_SOCKET_UNCONNECTED;
	assert_true(passes("8009 8008", &s));
	assert_true(passes("tcp udp", &s));
	assert_true(passes("TIME_WAIT established", &s));
	assert_false(passes("8008 TIME_WAIT", &s));
	assert_false(passes("8008 udp", &s));
	assert_true(passes("8008 listening", &listener));
	assert_true(passes("8008 listening", &udp));
	assert_true(passes("udp listening", &udp));
	assert_false(passes("state=LISTEN", &udp));
	assert_false(passes("8008 listening", &s));
	assert_true(passes("state=time-wait,estab", &s));
	assert_false(passes("ipv6", &s));
	assert_true(passes("ipv4 tcp", &s));
	assert_true(passes("tcp4", &s));
	assert_false(passes("tcp6", &s));
	assert_true(passes("TCP", &s));
}

static void
an_exclamation_mark_means_all_others(void **state)
{
	struct gw_socket s = tcp("10.0.0.1", 8008, "10.0.0.2", 50000);
	struct gw_socket v6 = tcp("fd77::1", 22, "fd78::2", 40000);

	(void)state;
	assert_false(passes("!8008", &s));
	assert_true(passes("!8009", &s));
	assert_false(passes("port!=8008", &s));
	assert_true(passes("!port!=8008", &s));
	assert_false(passes("state!=ESTABLISHED", &s));
	assert_true(passes("!TIME_WAIT", &s));
	assert_false(passes("!tcp", &s));
	assert_true(passes("!udp", &s));
	assert_true(passes("!ipv4", &v6));
	assert_false(passes("8008 !10.0.0.2", &s));
	assert_true(passes("8008 !remote=10.0.0.1", &s));
}

static void
what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *word, *wrong;
	} bad[] = {
		{ "0", "port 0" },
		{ "65536", "no number" },
		{ "70-60", "end before" },
		{ "1.2.3.4:", "no port after" },
		{ "1.2.3.4:http", "no number" },
		{ "10.0.0.0/33", "no network" },
		{ "fd77::/129", "no network" },
		{ "[::1", "bracket" },
		{ "[kitchen]:5", "no IPv6" },
		{ "[::1]5", "bracket" },
		{ "a:b:c", "more than one colon" },
		{ "sshd", "proc=NAME" },
		{ "etablished", "proc=NAME" },
		{ "", "proc=NAME" },
		{ "state=OPEN", "TIME_WAIT" },
		{ "state=", "no state" },
		{ "state=LISTEN,", "no state" },
		{ "proc=", "no process" },
		{ "host=", "no host" },
		{ "host=a b", "no address" },
		{ "colour=red", "no filter" },
		{ "=", "no filter" },
	};
	struct gw_socket_filter f = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *wrong = gw_socket_filter_add(&f, bad[i].word);

		if (wrong == NULL || strstr(wrong, bad[i].wrong) == NULL)
			fail_msg("%s: %s", bad[i].word,
			    wrong != NULL ? wrong : "fine");
	}
	assert_int_equal(f.count, 0);
	gw_socket_filter_fini(&f);
}

static void
a_name_passes_nothing_before_it_has_addresses(void **state)
{
	static const uint8_t addresses[][16] = {
		{ [15] = 1 },
		{ [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 },
	};
	struct gw_socket s = tcp("127.0.0.1", 8008, "127.0.0.1", 50000);
	struct gw_socket_filter f = { .count = 0 };
	char name[GW_FILTER_HOST_MAX + 1];
	size_t i = 0;

	(void)state;
	assert_null(gw_socket_filter_add(&f, "tcp"));
	assert_null(gw_socket_filter_add(&f, "kitchen.lan:8008"));
	assert_null(gw_socket_filter_add(&f, "host=desk"));
	assert_null(gw_socket_filter_add(&f, "!localhost"));
	assert_true(gw_socket_filter_host(&f, &i, name));
	assert_string_equal(name, "kitchen.lan");
	assert_false(gw_socket_filter_match(&f, &s));
	assert_int_equal(gw_socket_filter_resolve(&f, i, addresses, 2), GW_OK);
	assert_true(gw_socket_filter_match(&f, &s));
	s.local.port = 8009;
	assert_false(gw_socket_filter_match(&f, &s));
	i++;
	assert_true(gw_socket_filter_host(&f, &i, name));
	assert_string_equal(name, "desk");
	i++;
	assert_true(gw_socket_filter_host(&f, &i, name));
	assert_string_equal(name, "localhost");
	assert_int_equal(gw_socket_filter_resolve(&f, i, addresses, 2), GW_OK);
	s.local.port = 8008;
	assert_false(gw_socket_filter_match(&f, &s));
	i++;
	assert_false(gw_socket_filter_host(&f, &i, name));
	gw_socket_filter_fini(&f);
}

static void
processes_are_judged_apart(void **state)
{
	struct gw_socket_owner sshd = { .pid = 100, .name = "sshd" };
	struct gw_socket_owner both[] = { { .pid = 5, .name = "systemd" },
		{ .pid = 9, .name = "a-very-long-nam" } };
	struct gw_socket_owner nobody = { .pid = 0 };
	struct gw_socket s = tcp("10.0.0.1", 22, "10.0.0.2", 50000);
	struct gw_socket_filter f = { .count = 0 };

	(void)state;
	assert_false(gw_socket_filter_wants_owner(&f));
	assert_true(gw_socket_filter_match_owners(&f, NULL, 0));
	assert_null(gw_socket_filter_add(&f, "proc=ssh*"));
	assert_null(gw_socket_filter_add(&f, "pid=5"));
	assert_true(gw_socket_filter_wants_owner(&f));
	assert_true(gw_socket_filter_match(&f, &s));
	assert_true(gw_socket_filter_match_owners(&f, &sshd, 1));
	assert_true(gw_socket_filter_match_owners(&f, both, 2));
	assert_false(gw_socket_filter_match_owners(&f, &both[1], 1));
	assert_false(gw_socket_filter_match_owners(&f, NULL, 0));
	assert_false(gw_socket_filter_match_owners(&f, &nobody, 1));
	gw_socket_filter_fini(&f);

	/* The kernel keeps 15 bytes of it. */
	assert_null(gw_socket_filter_add(&f, "proc=a-very-long-name-indeed"));
	assert_true(gw_socket_filter_match_owners(&f, both, 2));
	assert_false(gw_socket_filter_match_owners(&f, &sshd, 1));
	gw_socket_filter_fini(&f);

	assert_null(gw_socket_filter_add(&f, "proc!=sshd"));
	assert_false(gw_socket_filter_match_owners(&f, &sshd, 1));
	assert_true(gw_socket_filter_match_owners(&f, both, 2));
	assert_true(gw_socket_filter_match_owners(&f, NULL, 0));
	gw_socket_filter_fini(&f);
}

static void
what_the_kernel_need_not_tell_is_known(void **state)
{
	struct gw_socket_filter f = { .count = 0 };
	struct gw_socket s = tcp("10.0.0.1", 22, "10.0.0.2", 50000);

	(void)state;
	assert_true(gw_socket_filter_wants(&f, GW_SOCKET_UDP, true));
	assert_true(gw_socket_filter_wants(&f, GW_SOCKET_SESSION, true));
	/* Sessions of godwit run over UDP, and have a word of their own. */
	assert_null(gw_socket_filter_add(&f, "udp4"));
	assert_true(gw_socket_filter_wants(&f, GW_SOCKET_UDP, false));
	assert_true(gw_socket_filter_wants(&f, GW_SOCKET_SESSION, false));
	assert_false(gw_socket_filter_wants(&f, GW_SOCKET_SESSION, true));
	assert_false(gw_socket_filter_wants(&f, GW_SOCKET_TCP, false));
	gw_socket_filter_fini(&f);
	assert_null(gw_socket_filter_add(&f, "godwit"));
	assert_true(gw_socket_filter_wants(&f, GW_SOCKET_SESSION, false));
	assert_true(gw_socket_filter_wants(&f, GW_SOCKET_SESSION, true));
	assert_false(gw_socket_filter_wants(&f, GW_SOCKET_UDP, false));
	gw_socket_filter_fini(&f);
	assert_null(gw_socket_filter_add(&f, "tcp6"));
	assert_true(gw_socket_filter_wants(&f, GW_SOCKET_TCP, true));
	assert_false(gw_socket_filter_wants(&f, GW_SOCKET_TCP, false));
	assert_false(gw_socket_filter_wants(&f, GW_SOCKET_UDP, true));
	gw_socket_filter_fini(&f);

	assert_null(gw_socket_filter_add(&f, "TIME_WAIT"));
	assert_null(gw_socket_filter_add(&f, "22"));
	assert_false(gw_socket_filter_match(&f, &s));
	assert_true(gw_socket_filter_match_ends(&f, &s));
	assert_int_equal(
	    gw_socket_filter_states(&f), GW_SOCKET_BIT(GW_SOCKET_TIME_WAIT));
	gw_socket_filter_fini(&f);
	assert_null(gw_socket_filter_add(&f, "!TIME_WAIT"));
	assert_int_equal(gw_socket_filter_states(&f),
	    (GW_SOCKET_BIT(GW_SOCKET_STATES) - 1) &
		~GW_SOCKET_BIT(GW_SOCKET_TIME_WAIT));
	gw_socket_filter_fini(&f);
}

static void
there_is_an_end_to_words_and_memory(void **state)
{
	static uint8_t addresses[GW_FILTER_TERMS_MAX + 1][16];
	struct gw_socket_filter f = { .count = 0 };

	(void)state;
	test_fail_alloc(0);
	assert_non_null(gw_socket_filter_add(&f, "22"));
	test_fail_alloc(-1);
	assert_int_equal(f.count, 0);
	assert_null(gw_socket_filter_add(&f, "host=x"));
	assert_int_equal(
	    gw_socket_filter_resolve(&f, 0, (const uint8_t(*)[16])addresses,
		GW_FILTER_TERMS_MAX + 1),
	    GW_E_LIMIT);
	assert_int_equal(f.count, GW_FILTER_TERMS_MAX);
	gw_socket_filter_fini(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_is_meant_on_either_side),
		cmocka_unit_test(an_address_and_a_port_belong_to_the_same_end),
		cmocka_unit_test(networks_have_any_number_of_bits),
		cmocka_unit_test(
		    one_kind_is_alternatives_several_kinds_all_hold),
		cmocka_unit_test(an_exclamation_mark_means_all_others),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_name_passes_nothing_before_it_has_addresses),
		cmocka_unit_test(processes_are_judged_apart),
		cmocka_unit_test(what_the_kernel_need_not_tell_is_known),
		cmocka_unit_test(there_is_an_end_to_words_and_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
