/* Who asks for rules through another device: what it says, and what it makes
 * of answers, sensible or not. */
#include "run/via.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "os/interfaces.h"
#include "via_bed.h"

static const char *const two[] = { "tcp://127.0.0.1:0/10.0.0.1:80",
	"udp://127.0.0.1:0/10.0.0.1:53?ttl=90s" };

static const uint8_t key[GW_KEY_LEN] = { 1 };

static void
hello_and_rules_are_said_again_in_each_session(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false), *next;
	struct gw_tunnel_message m;
	uint8_t id[GW_TUNNEL_ID];

	p->heard[0].at = 0;
	m = via_bed_hear(b, p, 0, GW_TUNNEL_HELLO);
	memcpy(id, m.id, sizeof id);
	m = via_bed_hear(b, p, 0, GW_TUNNEL_OPEN);
	peer_leave(p, GW_E_LOST, "");
	via_bed_turn(b);
	assert_true(p->closed);
	via_bed_leap(b, 200 * GW_MSEC);
	next = via_bed_peer(b);
	peer_answer(next, key);
	m = via_bed_hear(b, next, 0, GW_TUNNEL_HELLO);
	assert_memory_equal(m.id, id, sizeof id);
	via_bed_hear(b, next, 0, GW_TUNNEL_OPEN);
	via_bed_hear(b, next, 0, GW_TUNNEL_OPEN);
	assert_false(peer_hear(next, 0, &m));
}

/* The other side may have it still: it was not there to hear of that. */
static void
a_rule_that_went_without_a_session_is_closed_in_the_next(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false), *next;
	struct gw_tunnel_message m;

	peer_leave(p, GW_E_LOST, "");
	via_bed_turn(b);
	gw_forward_remove(b->set, b->set->first, GW_FORWARD_RULE_GONE);
	via_bed_leap(b, 200 * GW_MSEC);
	next = via_bed_peer(b);
	peer_answer(next, key);
	via_bed_hear(b, next, 0, GW_TUNNEL_HELLO);
	/* First: the other rules may need the room, or the port. */
	assert_int_equal(via_bed_hear(b, next, 0, GW_TUNNEL_CLOSE).rule, 1);
	assert_int_equal(via_bed_hear(b, next, 0, GW_TUNNEL_OPEN).rule, 2);
	assert_false(peer_hear(next, 0, &m));
}

static void
what_only_who_asks_may_say_ends_the_session(void **state)
{
	struct via_bed *b = *state;
	static const enum gw_tunnel_kind wrong[] = { GW_TUNNEL_HELLO,
		GW_TUNNEL_OPEN, GW_TUNNEL_CLOSE };
	struct peer *p = via_bed_ask(b, two, 2, false);

	for (unsigned i = 0; i < 3; i++) {
		peer_say(p, 0,
		    &(struct gw_tunnel_message){ .kind = wrong[i], .rule = 1 });
		via_bed_is_lost(b, p, GW_E_PROTOCOL, "makes no sense");
		via_bed_leap(b, 10 * GW_SEC);
		p = via_bed_peer(b);
		peer_answer(p, key);
	}
}

/* Of a rule that has gone here an answer may still be on its way. */
static void
answers_about_rules_that_are_not_there_change_nothing(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false);

	for (unsigned i = 0; i < 2; i++)
		for (unsigned rule = 0; rule < 65536; rule += 257)
			if (rule != 1 && rule != 2)
				peer_say(p, 0,
				    &(struct gw_tunnel_message){
					.kind = i == 0 ? GW_TUNNEL_ACCEPT
						       : GW_TUNNEL_REFUSE,
					.rule = (uint16_t)rule });
	via_bed_is_there(b, p);
	assert_null(via_bed_told(b, GW_FORWARD_WARNING, 0));
	assert_null(via_bed_told(b, GW_FORWARD_USELESS, 0));
	for (const struct gw_forwarder *f = b->set->first; f != NULL;
	     f = f->next)
		assert_false(
		    ((const struct gw_via_rule *)(const void *)f)->accepted);
}

static void
the_shorter_idle_time_holds_and_never_grows_again(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false);
	struct gw_via_rule *r = (void *)b->set->first->next;
	struct gw_tunnel_message m = { .kind = GW_TUNNEL_ACCEPT,
		.rule = 2,
		.idle_ms = 200000,
		.unreplied_ms = 30000 };

	assert_int_equal(r->idle, 90 * GW_SEC);
	peer_say(p, 0, &m);
	via_bed_is_there(b, p);
	assert_true(r->accepted);
	assert_int_equal(r->idle, 90 * GW_SEC);
	assert_int_equal(r->unreplied, 30 * GW_SEC);
	m.idle_ms = m.unreplied_ms = UINT32_MAX;
	peer_say(p, 0, &m);
	via_bed_is_there(b, p);
	assert_int_equal(r->idle, 90 * GW_SEC);
	assert_int_equal(r->unreplied, 30 * GW_SEC);
}

static void
refuse(struct via_bed *b, struct peer *p, uint16_t rule, const char *why)
{
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_REFUSE,
		.rule = rule,
		.text = gw_slice_str(why) });
	via_bed_is_there(b, p);
}

static void
a_refusal_is_told_and_that_of_all_rules_is_useless(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false);
	const struct gw_forward_event *e;

	refuse(b, p, 1, "not that");
	e = via_bed_told(b, GW_FORWARD_WARNING, 0);
	assert_non_null(e);
	assert_string_equal(e->text, "peer-0 does not forward that: not that");
	assert_null(via_bed_told(b, GW_FORWARD_USELESS, 0));
	refuse(b, p, 2, "nor that");
	e = via_bed_told(b, GW_FORWARD_USELESS, 0);
	assert_non_null(e);
	assert_int_equal(e->err, GW_E_REFUSED);
	assert_string_equal(e->text, "peer-0 does not forward that: nor that");
}

/* It may think better of it, more than once. */
static void
refused_twice_and_accepted_a_rule_is_what_was_said_last(void **state)
{
	struct via_bed *b = *state;
	static const char long_one[] =
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123";
	struct peer *p = via_bed_ask(b, two, 2, false);
	const struct gw_via_rule *r = (void *)b->set->first;

	via_bed_accept(b, p, 1);
	assert_true(r->accepted);
	refuse(b, p, 1, long_one);
	refuse(b, p, 1, "");
	refuse(b, p, 1, "\0\x1b[2J%s%n");
	assert_false(r->accepted);
	via_bed_accept(b, p, 1);
	assert_true(r->accepted);
	assert_string_equal(r->base.last_error, "");
}

/* It takes nothing new, whatever the other side says. */
static void
a_rule_that_drains_is_not_accepted_again(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, true);
	struct gw_tunnel_message m;

	via_bed_accept(b, p, 1);
	gw_forward_drain(b->set);
	via_bed_accept(b, p, 1);
	peer_say(p, 1,
	    &(struct gw_tunnel_message){
		.kind = GW_TUNNEL_FLOW, .flow = 1, .rule = 1 });
	m = via_bed_hear(b, p, 1, GW_TUNNEL_RESET);
	assert_int_equal(m.reason, GW_TUNNEL_REFUSED);
}

static void
who_is_lost_is_dialled_again_and_told_of_once(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false);
	gw_usec after = 200 * GW_MSEC;

	via_bed_accept(b, p, 1);
	via_bed_forget(b);
	peer_leave(p, GW_E_LOST, "the cable is gone");
	via_bed_turn(b);
	assert_string_equal(via_bed_told(b, GW_FORWARD_WARNING, 0)->text,
	    "peer-0: the cable is gone; trying again");
	assert_false(((struct gw_via_rule *)(void *)b->set->first)->accepted);
	via_bed_forget(b);
	for (unsigned i = 0; i < 10; i++) {
		assert_false(peer_is_dialled());
		via_bed_leap(b, after);
		assert_true(peer_is_dialled());
		peer_fail(GW_E_CONNECT, "nobody is there");
		after = 2 * after < 10 * GW_SEC ? 2 * after : 10 * GW_SEC;
	}
	assert_string_equal(via_bed_told(b, GW_FORWARD_WARNING, 0)->text,
	    "peer-0 at 192.0.2.1:4639: nobody is there; trying again");
	assert_null(via_bed_told(b, GW_FORWARD_WARNING, 1));
	assert_null(via_bed_told(b, GW_FORWARD_USELESS, 0));
}

/* `godwit recv --from-known`, a relay: each time it lets this one in. */
static void
who_waits_there_for_something_else_is_asked_ever_less_often(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false);
	gw_usec after = 200 * GW_MSEC;

	assert_non_null(via_bed_told(b, GW_FORWARD_PEER, 0));
	via_bed_forget(b);
	for (unsigned i = 0; i < 10; i++) {
		peer_leave(p, GW_E_PROTOCOL, "it sent what is no message");
		via_bed_turn(b);
		via_bed_leap(b, after - 1000);
		assert_false(peer_is_dialled());
		p = via_bed_peer(b);
		via_bed_leap(b, 1000);
		assert_true(peer_is_dialled());
		peer_answer(p, key);
		after = 2 * after < 10 * GW_SEC ? 2 * after : 10 * GW_SEC;
	}
	assert_string_equal(via_bed_told(b, GW_FORWARD_WARNING, 0)->text,
	    "peer-0 waits there for something else, not with `godwit serve`: "
	    "give its port (peer-0=HOST:PORT); trying again");
	assert_null(via_bed_told(b, GW_FORWARD_WARNING, 1));
	assert_null(via_bed_told(b, GW_FORWARD_PEER, 0));
	via_bed_accept(b, p, 1);
	assert_non_null(via_bed_told(b, GW_FORWARD_PEER, 0));
	/* It was a success: what ends it now is another matter. */
	peer_leave(p, GW_E_PROTOCOL, "it sent what is no message");
	via_bed_turn(b);
	assert_string_equal(via_bed_told(b, GW_FORWARD_WARNING, 1)->text,
	    "peer-0: it sent what is no message; trying again");
	via_bed_leap(b, 200 * GW_MSEC);
	assert_true(peer_is_dialled());
}

static void
silence_is_a_loss(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false);

	via_bed_leap(b, 15 * GW_SEC);
	via_bed_is_lost(b, p, GW_E_LOST, "nothing came any more");
	via_bed_leap(b, 200 * GW_MSEC);
	assert_true(peer_is_dialled());
}

static void
who_does_not_let_this_one_in_is_useless(void **state)
{
	struct via_bed *b = *state;
	const struct gw_forward_options o = {
		.rules = two, .rule_count = 2, .via = "peer-0", .via_host = "h"
	};

	assert_int_equal(gw_forward_open(b->g, &o, &b->set), GW_OK);
	via_bed_leap(b, 1000);
	peer_fail(GW_E_AUTH, "");
	assert_int_equal(
	    via_bed_told(b, GW_FORWARD_USELESS, 0)->err, GW_E_AUTH);
}

/* Rules that come and go in a reload. */
static void
each_rule_has_a_number_of_its_own(void **state)
{
	struct via_bed *b = *state;
	const char *const other[] = { two[0], "tcp://127.0.0.1:0/10.0.0.2:81" };
	const struct gw_forward_options o[] = {
		{ .rules = other, .rule_count = 2, .via = "peer-0" },
		{ .rules = two, .rule_count = 2, .via = "peer-0" }
	};
	/* The first rule is number 1, and stays. */
	static const uint16_t numbers[] = { 2, 3, 4, 65535, 0, 2, 3 };
	struct peer *p = via_bed_ask(b, two, 2, false);
	struct gw_via_rule *first = (void *)b->set->first;

	for (unsigned i = 1; i < sizeof numbers / sizeof *numbers; i++) {
		if (i == 3) /* a program that was reloaded for years */
			first->tunnel->numbers = 65534;
		assert_int_equal(
		    gw_forward_reload(b->set, &o[(i - 1) % 2]), GW_OK);
		assert_int_equal(via_bed_hear(b, p, 0, GW_TUNNEL_CLOSE).rule,
		    numbers[i - 1]);
		assert_int_equal(
		    via_bed_hear(b, p, 0, GW_TUNNEL_OPEN).rule, numbers[i]);
	}
}

static void
more_rules_than_a_tunnel_has_are_an_error(void **state)
{
	struct via_bed *b = *state;
	static char texts[GW_TUNNEL_RULES + 1][64];
	const char *rules[GW_TUNNEL_RULES + 1];
	struct gw_forward_options o = { .rules = rules,
		.rule_count = GW_TUNNEL_RULES + 1,
		.via = "peer-0",
		.via_host = "h",
		.reverse = true };

	for (unsigned i = 0; i <= GW_TUNNEL_RULES; i++) {
		snprintf(texts[i], sizeof texts[i],
		    "tcp://127.0.0.1:%u/10.0.0.1:80", 10000 + i);
		rules[i] = texts[i];
	}
	assert_int_equal(gw_forward_open(b->g, &o, &b->set), GW_E_LIMIT);
	assert_non_null(
	    strstr(gw_last_error(b->g), "256 rules go through one device"));
	o.rule_count--;
	assert_int_equal(gw_forward_open(b->g, &o, &b->set), GW_OK);
}

static void
without_memory_nothing_is_forwarded(void **state)
{
	struct via_bed *b = *state;
	const struct gw_forward_options o = {
		.rules = two, .rule_count = 2, .via = "peer-0", .via_host = "h"
	};
	enum gw_err err = GW_E_MEMORY;

	for (long n = 0; err != GW_OK; n++) {
		assert_true(n < 1000);
		test_fail_alloc(n);
		err = gw_forward_open(b->g, &o, &b->set);
		test_fail_alloc(-1);
		if (err != GW_OK) {
			assert_int_equal(err, GW_E_MEMORY);
			assert_non_null(strstr(
			    gw_last_error(b->g), gw_err_text(GW_E_MEMORY)));
		}
	}
}

/* It is dialled again: what was not said cannot be left out. */
static void
without_memory_a_session_is_lost_and_the_next_one_found(void **state)
{
	struct via_bed *b = *state;
	struct peer *p = via_bed_ask(b, two, 2, false);

	for (long n = 0;; n++) {
		assert_true(n < 100);
		peer_leave(p, GW_E_LOST, "");
		via_bed_turn(b);
		via_bed_leap(b, 10 * GW_SEC);
		p = via_bed_peer(b);
		test_fail_alloc(n);
		peer_answer(p, key);
		test_fail_alloc(-1);
		if (!p->closed)
			break;
		via_bed_is_lost(b, p, GW_E_MEMORY, "no memory was left");
	}
	via_bed_hear(b, p, 0, GW_TUNNEL_HELLO);
	via_bed_hear(b, p, 0, GW_TUNNEL_OPEN);
	via_bed_hear(b, p, 0, GW_TUNNEL_OPEN);
}

/* ---- where a rule may deliver ---- */

/* The machine's own, but for those that every machine has; false: it has none
 * in this place. */
static bool
own_address(struct gw_addr *out)
{
	struct gw_netifs all;
	bool found = false;

	assert_int_equal(gw_netifs_list(&all), GW_OK);
	for (size_t i = 0; i < all.count && !found; i++)
		for (size_t k = 0; k < all.v[i].addr_count && !found; k++) {
			*out = all.v[i].addrs[k].addr;
			found = out->ss.ss_family == AF_INET &&
				!gw_addr_is_loopback(out);
		}
	gw_netifs_fini(&all);
	gw_addr_set_port(out, 80);
	return found;
}

static void
a_right_for_a_name_is_none_for_an_address_of_this_machine(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:localhost:80" };
	const struct gw_via_rule *r;
	struct gw_addr a;

	via_bed_serve(b, rights, 1);
	via_bed_accepted(
	    b, via_bed_come(b, 0, 1), 1, false, "tcp://:1/localhost:80");
	r = (void *)b->set->first;
	assert_int_equal(gw_addr_parse(&a, "203.0.113.77", 80, NULL), GW_OK);
	assert_true(gw_via_rule_may(r, 0, &a));
	assert_int_equal(gw_addr_parse(&a, "127.0.0.1", 80, NULL), GW_OK);
	assert_false(gw_via_rule_may(r, 0, &a));
	if (own_address(&a))
		assert_false(gw_via_rule_may(r, 0, &a));
}

/* Another right says that it may. */
static void
a_right_for_its_address_lets_a_name_lead_to_this_machine(void **state)
{
	struct via_bed *b = *state;
	static const char *const rights[] = { "tcp:localhost:80",
		"tcp:0.0.0.0/0:80" };
	struct gw_addr a;

	via_bed_serve(b, rights, 2);
	via_bed_accepted(
	    b, via_bed_come(b, 0, 1), 1, false, "tcp://:1/localhost:80");
	if (own_address(&a))
		assert_true(gw_via_rule_may((void *)b->set->first, 0, &a));
}

#define CASE(name)                                                             \
	cmocka_unit_test_setup_teardown(name, via_bed_setup, via_bed_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(hello_and_rules_are_said_again_in_each_session),
		CASE(a_rule_that_went_without_a_session_is_closed_in_the_next),
		CASE(what_only_who_asks_may_say_ends_the_session),
		CASE(answers_about_rules_that_are_not_there_change_nothing),
		CASE(the_shorter_idle_time_holds_and_never_grows_again),
		CASE(a_refusal_is_told_and_that_of_all_rules_is_useless),
		CASE(refused_twice_and_accepted_a_rule_is_what_was_said_last),
		CASE(a_rule_that_drains_is_not_accepted_again),
		CASE(who_is_lost_is_dialled_again_and_told_of_once),
		CASE(
		    who_waits_there_for_something_else_is_asked_ever_less_often),
		CASE(silence_is_a_loss),
		CASE(who_does_not_let_this_one_in_is_useless),
		CASE(each_rule_has_a_number_of_its_own),
		CASE(more_rules_than_a_tunnel_has_are_an_error),
		CASE(without_memory_nothing_is_forwarded),
		CASE(without_memory_a_session_is_lost_and_the_next_one_found),
		CASE(a_right_for_a_name_is_none_for_an_address_of_this_machine),
		CASE(a_right_for_its_address_lets_a_name_lead_to_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
