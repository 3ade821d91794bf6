/* What a device asks for: nobody gets what no right allows, whatever it says
 * and in whichever order. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "run/serve.h"
#include "via_bed.h"

#define TO_80 "tcp://:8080/127.0.0.1:80"

static void
without_a_right_nothing_is_forwarded(void **state)
{
	struct via_bed *b = *state;
	struct peer *p;

	via_bed_serve(b, NULL, 0);
	p = via_bed_come(b, 0, 1);
	via_bed_refused(b, p, false, TO_80, "--allow-forward tcp:...");
	via_bed_refused(
	    b, p, false, "udp://:53/10.0.0.1:53", "--allow-forward udp");
	via_bed_refused(
	    b, p, true, "tcp://127.0.0.1:0/h:80", "--allow-forward listen:tcp");
	via_bed_refused(
	    b, p, true, "udp://:0/h:80", "--allow-forward listen:udp");
}

static void
what_no_right_names_is_refused(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80-81",
		"tcp:intranet:443", "listen:udp:127.0.0.1:*" };
	static const char *const no[] = { "tcp://:1/127.0.0.1:82",
		"tcp://:1/127.0.0.2:80", "tcp://:1/[::1]:80",
		"udp://:1/127.0.0.1:80",
		/* each port, each target */
		"tcp://:1-3/127.0.0.1:80-82",
		"tcp://:1/127.0.0.1:80,127.0.0.1:82",
		"tcp://:1/127.0.0.1:82,127.0.0.1:80", "tcp://:1/intranet:82",
		"tcp://:1/intranet.evil:443" };
	static const char *const no_listener[] = { "udp://:2000/h:1",
		"udp://0.0.0.0:2000/h:1", "udp://[::]:2000/h:1",
		"udp://127.0.0.1:1023/h:1", "udp://127.0.0.2:2000/h:1",
		"tcp://127.0.0.1:2000/h:1" };
	struct peer *p;

	via_bed_serve(b, rights, 3);
	p = via_bed_come(b, 0, 1);
	for (unsigned i = 0; i < sizeof no / sizeof *no; i++)
		via_bed_refused(b, p, false, no[i], "may not forward");
	for (unsigned i = 0; i < sizeof no_listener / sizeof *no_listener; i++)
		via_bed_refused(b, p, true, no_listener[i], "may not listen");
	via_bed_accepted(b, p, 1, false, "tcp://:1/127.0.0.1:80,127.0.0.1:81");
	via_bed_accepted(b, p, 2, true, "udp://127.0.0.1:0/h:1");
	/* To listen is not to deliver, nor the other way round. */
	assert_int_equal(
	    via_bed_open(b, p, 3, true, "tcp://:1/127.0.0.1:80").kind,
	    GW_TUNNEL_REFUSE);
	assert_int_equal(
	    via_bed_open(b, p, 3, false, "udp://127.0.0.1:0/127.0.0.1:9").kind,
	    GW_TUNNEL_REFUSE);
}

static void
rights_are_those_of_the_device_by_its_key(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "peer-0 tcp:127.0.0.1:80" };
	struct peer *p, *other;

	via_bed_serve(b, rights, 1);
	other = via_bed_come(b, 1, 1);
	via_bed_refused(b, other, false, TO_80, "peer-1 may not forward");
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, TO_80);
	via_bed_is_there(b, other);
	assert_int_equal(
	    via_bed_open(b, other, 1, false, TO_80).kind, GW_TUNNEL_REFUSE);
}

static void
what_is_no_rule_or_cannot_be_had_so_is_refused(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:*:*", "udp:*:*",
		"listen:tcp:*:*" };
	static const char *const no[] = { "", "tcp", "tcp://", "%n%s",
		"tcp://:1/127.0.0.1:80?no_such=1",
		"tcp://:1/127.0.0.1:80?transparent=1",
		"tcp://:1/127.0.0.1:80?proxy=v2",
		"tcp://:1/127.0.0.1:80?source=127.0.0.9",
		"tcp://:1/127.0.0.1:0", "tcp://:1-2/127.0.0.1:65535-65536" };
	struct gw_tunnel_message m = { .kind = GW_TUNNEL_OPEN, .rule = 1 };
	static uint8_t longest[GW_TUNNEL_TEXT];
	struct peer *p;

	via_bed_serve(b, rights, 3);
	p = via_bed_come(b, 0, 1);
	for (unsigned i = 0; i < sizeof no / sizeof *no; i++)
		via_bed_refused(b, p, false, no[i], "");
	m.text = gw_slice((const uint8_t *)TO_80 "\0x", sizeof TO_80 + 1);
	peer_say(p, 0, &m);
	assert_int_equal(via_bed_hear(b, p, 0, GW_TUNNEL_REFUSE).text.n, 15);
	memset(longest, 'a', sizeof longest);
	m.text = gw_slice(longest, sizeof longest);
	peer_say(p, 0, &m);
	via_bed_hear(b, p, 0, GW_TUNNEL_REFUSE);
	assert_null(b->set->first);
}

static void
hello_is_the_first_and_comes_once(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:*:*" };
	static const uint8_t key[GW_KEY_LEN] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1 };
	struct gw_tunnel_message m = { .text = gw_slice_str(TO_80) };
	struct peer *p, *good;

	via_bed_serve(b, rights, 1);
	good = via_bed_come(b, 1, 9);
	for (m.kind = GW_TUNNEL_OPEN; m.kind <= GW_TUNNEL_CLOSE; m.kind++) {
		p = via_bed_peer(b);
		peer_come(p, key);
		peer_say(p, 0, &m);
		via_bed_is_lost(b, p, GW_E_PROTOCOL,
		    "`godwit serve` waits at this port, and what came is not "
		    "from `godwit forward --via`");
	}
	for (unsigned i = 0; i < 3; i++) {
		p = via_bed_come(b, 0, (uint8_t)(20 + i));
		m.kind = i == 0   ? GW_TUNNEL_HELLO
			 : i == 1 ? GW_TUNNEL_ACCEPT
				  : GW_TUNNEL_REFUSE;
		peer_say(p, 0, &m);
		via_bed_is_lost(b, p, GW_E_PROTOCOL, "makes no sense");
	}
	via_bed_accepted(b, good, 1, false, TO_80);
}

static void
a_rule_is_what_its_number_was_said_to_be_last(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80-90" };
	struct peer *p;

	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, false, TO_80);
	via_bed_accepted(b, p, 1, false, TO_80); /* which is the same one */
	assert_int_equal(b->set->ids, 1);
	via_bed_accepted(b, p, 1, false, "tcp://:1/127.0.0.1:81");
	assert_null(b->set->first->next);
	assert_int_equal(b->set->first->rule.targets[0].port, 81);
	/* The other way round it is another one. */
	via_bed_refused(b, p, true, "tcp://:1/127.0.0.1:81", "may not listen");
	via_bed_accepted(b, p, 1, false, "tcp://:1/127.0.0.1:81");
	/* What may not be is not there, and what was is not, either. */
	via_bed_refused(
	    b, p, false, "tcp://:1/127.0.0.1:91", "may not forward");
	via_bed_refused(b, p, true, TO_80, "may not listen");
	for (unsigned i = 0; i < 2; i++)
		peer_say(p, 0,
		    &(struct gw_tunnel_message){
			.kind = GW_TUNNEL_CLOSE, .rule = 1 });
	via_bed_is_there(b, p);
}

static void
more_rules_than_there_may_be_are_refused(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80" };
	struct gw_tunnel_message m;
	struct gw_serve_peer told;
	struct peer *p, *other;

	via_bed_serve(b, rights, 1);
	p = via_bed_come(b, 0, 1);
	for (unsigned i = 0; i < GW_TUNNEL_RULES; i++)
		via_bed_accepted(b, p, (uint16_t)(i * 200), false, TO_80);
	m = via_bed_open(b, p, 7, false, TO_80);
	assert_int_equal(m.kind, GW_TUNNEL_REFUSE);
	assert_true(gw_serve_peer(b->serve, 0, &told));
	assert_int_equal(told.rules, GW_TUNNEL_RULES);
	other = via_bed_come(b, 1, 1);
	via_bed_accepted(b, other, 7, false, TO_80);
	/* One that is there is there, and one that goes makes room. */
	via_bed_accepted(b, p, 200, false, TO_80);
	peer_say(p, 0,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_CLOSE, .rule = 200 });
	via_bed_accepted(b, p, 7, false, TO_80);
}

static void
port_of(struct via_bed *b, struct peer *p, uint16_t port, bool is_there)
{
	char rule[64];

	snprintf(rule, sizeof rule, "tcp://127.0.0.1:%u/h:1", (unsigned)port);
	assert_int_equal(via_bed_open(b, p, 1, true, rule).kind,
	    is_there ? GW_TUNNEL_ACCEPT : GW_TUNNEL_REFUSE);
}

/* A device that was killed gets its port back from its stale session; another
 * device does not. */
static void
a_port_goes_to_the_newest_session_of_its_device_alone(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "listen:tcp:127.0.0.1:*" };
	struct peer *p, *newer, *other;
	uint16_t port;
	int fd;

	via_bed_serve(b, rights, 1);
	fd = via_bed_listen(&port);
	close(fd);
	p = via_bed_come(b, 0, 1);
	port_of(b, p, port, true);
	other = via_bed_come(b, 1, 1);
	port_of(b, other, port, false);
	assert_int_equal(gw_tunnel_rules(b->serve->first->next->tunnel), 1);
	newer = via_bed_come(b, 0, 2);
	port_of(b, newer, port, true);
	assert_int_equal(gw_tunnel_rules(b->serve->first->tunnel), 1);
	assert_null(b->set->first->next);
}

static void
rule_at(struct via_bed *b, struct peer *p, uint16_t number, const char *address,
    unsigned port, unsigned ports)
{
	char rule[64];

	snprintf(rule, sizeof rule, "tcp://%s:%u-%u/h:1-%u", address, port,
	    port + ports - 1, ports);
	via_bed_accepted(b, p, number, true, rule);
}

/* And is told that it has not any more: the older one may be alive. */
static void
what_is_taken_is_what_clashes_and_that_is_told(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "listen:tcp:127.0.0.0/8:*" };
	struct gw_tunnel_message m;
	struct peer *p, *newer;
	uint16_t port;
	int fd;

	via_bed_serve(b, rights, 1);
	fd = via_bed_listen(&port);
	close(fd);
	port = port < 65000 ? port : 65000;
	p = via_bed_come(b, 0, 1);
	rule_at(b, p, 7, "127.0.0.3", port, 3);
	rule_at(b, p, 8, "127.0.0.4", port, 3);
	newer = via_bed_come(b, 0, 2);
	rule_at(b, newer, 1, "127.0.0.5", port, 3);
	rule_at(b, newer, 2, "127.0.0.4", port + 3, 1);
	via_bed_is_there(b, p);
	assert_false(peer_hear(p, 0, &m));
	assert_int_equal(gw_tunnel_rules(b->serve->first->next->tunnel), 2);
	rule_at(b, newer, 3, "127.0.0.3", port + 2, 1);
	m = via_bed_hear(b, p, 0, GW_TUNNEL_REFUSE);
	assert_int_equal(m.rule, 7);
	assert_false(peer_hear(p, 0, &m));
	assert_int_equal(gw_tunnel_rules(b->serve->first->next->tunnel), 1);
	assert_int_equal(gw_tunnel_rules(b->serve->first->tunnel), 3);
}

/* Of any port nobody needs that of another one. */
static void
listeners_at_any_port_leave_each_other_alone(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "listen:tcp:127.0.0.1:*",
		"listen:udp:127.0.0.1:*" };
	struct peer *p, *newer;

	via_bed_serve(b, rights, 2);
	p = via_bed_come(b, 0, 1);
	via_bed_accepted(b, p, 1, true, "tcp://127.0.0.1:0/h:1");
	via_bed_accepted(b, p, 2, true, "udp://127.0.0.1:0/h:1");
	newer = via_bed_come(b, 0, 2);
	via_bed_accepted(b, newer, 1, true, "tcp://127.0.0.1:0/h:1");
	via_bed_accepted(b, newer, 2, true, "udp://127.0.0.1:0/h:1");
	assert_int_equal(gw_tunnel_rules(b->serve->first->tunnel), 2);
	assert_int_equal(gw_tunnel_rules(b->serve->first->next->tunnel), 2);
}

/* A port for each: as many as there are descriptors, and nobody ends. */
static void
rules_with_more_ports_than_descriptors_are_refused(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "listen:tcp:127.0.0.1:*" };
	struct peer *p;

	via_bed_serve(b, rights, 1);
	b->set->files_max = 20;
	p = via_bed_come(b, 0, 1);
	via_bed_refused(
	    b, p, true, "tcp://127.0.0.1:20000-20999/h:1-1000", "descriptors");
	assert_int_equal(b->set->files, 0);
	via_bed_accepted(b, p, 1, true, "tcp://127.0.0.1:0/h:1");
}

static void
without_memory_a_rule_is_refused(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:127.0.0.1:80", "udp:*:*",
		"listen:tcp:127.0.0.1:*", "listen:udp:127.0.0.1:*" };
	static const char *const rules[] = { TO_80, "tcp://127.0.0.1:0/h:1",
		"udp://:1/127.0.0.1:1", "udp://127.0.0.1:0/h:1" };
	struct peer *p, *good;

	via_bed_serve(b, rights, 4);
	good = via_bed_come(b, 1, 1);
	for (unsigned i = 0; i < 4; i++)
		for (long n = 0;; n++) {
			struct gw_tunnel_message m = { .kind = GW_TUNNEL_OPEN,
				.rule = 1,
				.reverse = i % 2 == 1,
				.text = gw_slice_str(rules[i]) };

			assert_true(n < 60);
			p = via_bed_come(b, 0, 1);
			peer_say(p, 0, &m);
			test_fail_alloc(n);
			via_bed_turn(b);
			test_fail_alloc(-1);
			if (p->closed) {
				assert_int_equal(p->err, GW_E_MEMORY);
				peer_fini(p);
				b->peers--;
				continue;
			}
			assert_true(peer_hear(p, 0, &m));
			peer_say(p, 0,
			    &(struct gw_tunnel_message){
				.kind = GW_TUNNEL_CLOSE, .rule = 1 });
			peer_leave(p, GW_E_LOST, "");
			via_bed_is_there(b, good);
			assert_int_equal(b->set->files, 0);
			peer_fini(p);
			b->peers--;
			if (m.kind == GW_TUNNEL_ACCEPT)
				break;
			assert_int_equal(m.kind, GW_TUNNEL_REFUSE);
		}
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, via_bed_setup, via_bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(without_a_right_nothing_is_forwarded),
		CASE(what_no_right_names_is_refused),
		CASE(rights_are_those_of_the_device_by_its_key),
		CASE(what_is_no_rule_or_cannot_be_had_so_is_refused),
		CASE(hello_is_the_first_and_comes_once),
		CASE(a_rule_is_what_its_number_was_said_to_be_last),
		CASE(more_rules_than_there_may_be_are_refused),
		CASE(a_port_goes_to_the_newest_session_of_its_device_alone),
		CASE(what_is_taken_is_what_clashes_and_that_is_told),
		CASE(listeners_at_any_port_leave_each_other_alone),
		CASE(rules_with_more_ports_than_descriptors_are_refused),
		CASE(without_memory_a_rule_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
