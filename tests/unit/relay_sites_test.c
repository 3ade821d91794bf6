/* Sessions of a relay with other sites: who is let in, what is done when they
 * end, and what one sees of them. */
#include "run/relay_sites.h"

#include <string.h>

#include "os_fixture.h"
#include "site_rig.h"

static void
who_is_not_named_is_refused(void **state)
{
	struct site_rig *rig = *state;
	const struct gw_connection_event *ev;

	/* It is remembered, and may come in no more than a stranger. */
	site_wait_for_others(rig);
	site_dial(rig, GW_CARRIERS_TCP);
	ev = ends_until(&rig->e, 1, GW_CONNECTION_CLOSED);
	assert_int_equal(ev->err, GW_E_REFUSED);
	assert_non_null(strstr(ev->text, "--for names them"));
}

static void
one_that_comes_again_takes_its_own_place(void **state)
{
	struct site_rig *rig = *state;
	struct gw_connection *first;

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_UDP);
	first = rig->e.at[1].c;
	site_greet(rig, GW_CARRIERS_TCP);
	assert_int_equal(site_look(rig)->sessions, 2);
	assert_string_equal(site_look(rig)->carrier, "tcp");
	assert_false(gw_relay_site(rig->r, 1, &rig->site));
	/* The first one was told so. */
	rig->e.at[0].c = rig->e.at[1].c;
	rig->e.at[1].c = first;
	assert_non_null(
	    strstr(ends_until(&rig->e, 1, GW_CONNECTION_CLOSED)->text,
		"it has come again"));
	assert_true(site_look(rig)->connected);
}

/* `godwit forward --via`, with the wrong port. */
static void
what_is_no_relay_does_not_take_its_place(void **state)
{
	static const uint8_t senseless[] = { 1, 0, 16, 9, 9, 9, 9, 9 };
	struct site_rig *rig = *state;
	struct gw_connection *first, *second;
	const struct gw_relay_message hello = site_hello();

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_TCP);
	first = rig->e.at[1].c;
	site_dial(rig, GW_CARRIERS_TCP);
	site_write(rig, senseless, sizeof senseless);
	assert_non_null(
	    strstr(ends_until(&rig->e, 1, GW_CONNECTION_CLOSED)->text,
		"`godwit relay` waits at this port"));
	gw_connection_close(rig->e.at[1].c);
	/* One that says nothing leaves it in peace, too, while it waits. */
	site_dial(rig, GW_CARRIERS_TCP);
	while (rig->r->sites.v[0].next == NULL)
		site_turn(rig);
	assert_true(site_look(rig)->connected);
	rig->r->sites.v[0].next_by = 0;
	assert_non_null(
	    strstr(ends_until(&rig->e, 1, GW_CONNECTION_CLOSED)->text,
		"`godwit relay` waits at this port"));
	gw_connection_close(rig->e.at[1].c);
	/* Nor is a relay one that says what is none's first word. */
	site_dial(rig, GW_CARRIERS_TCP);
	site_write(rig,
	    "\0\0\0\x14"
	    "12345678901234567890",
	    24);
	ends_until(&rig->e, 1, GW_CONNECTION_CLOSED);
	gw_connection_close(rig->e.at[1].c);
	rig->e.at[1].c = first;
	assert_int_equal(site_look(rig)->sessions, 1);
	assert_true(site_look(rig)->connected);
	/* The last of several is the one that counts. */
	site_dial(rig, GW_CARRIERS_TCP);
	second = rig->e.at[1].c;
	site_dial(rig, GW_CARRIERS_TCP);
	site_say(rig, &hello);
	site_until(rig, GW_RELAY_EVENT_SITE, "connected over ");
	assert_int_equal(site_look(rig)->sessions, 2);
	gw_connection_close(first);
	gw_connection_close(second);
}

static void
one_that_says_nothing_is_left(void **state)
{
	struct site_rig *rig = *state;

	site_wait(rig);
	site_dial(rig, GW_CARRIERS_TCP);
	while (!rig->r->sites.v[0].open)
		site_turn(rig);
	/* Its time is over. */
	rig->r->sites.v[0].greet_by = 0;
	assert_non_null(
	    strstr(ends_until(&rig->e, 1, GW_CONNECTION_CLOSED)->text,
		"does `godwit relay` run on it"));
	assert_int_equal(site_look(rig)->sessions, 0);
}

static void
accepts(struct site_rig *rig)
{
	const struct gw_relay_message hello = site_hello();

	while (gw_accept(rig->e.acceptor, 0, &rig->e.at[1].c) != GW_OK)
		site_turn(rig);
	ends_forget(&rig->e, 1);
	site_say(rig, &hello);
	site_until(rig, GW_RELAY_EVENT_SITE, "connected over ");
}

static void
what_is_lost_is_dialled_again_and_again(void **state)
{
	struct site_rig *rig = *state;
	struct gw_relay_far *f;

	site_via(rig);
	f = &rig->r->sites.v[0];
	for (unsigned i = 1; i <= 2; i++) {
		accepts(rig);
		assert_int_equal(site_look(rig)->sessions, i);
		assert_false(site_look(rig)->waits);
		gw_connection_abort(rig->e.at[1].c, GW_E_INTERRUPTED, "enough");
		gw_connection_close(rig->e.at[1].c);
		rig->e.at[1].c = NULL;
		site_until(
		    rig, GW_RELAY_EVENT_SITE, "enough; the next try is in 0.");
	}
	/* `godwit serve`, say, or an inbox. */
	while (gw_accept(rig->e.acceptor, 0, &rig->e.at[1].c) != GW_OK)
		site_turn(rig);
	gw_connection_abort(rig->e.at[1].c, GW_E_PROTOCOL, "no message");
	gw_connection_close(rig->e.at[1].c);
	rig->e.at[1].c = NULL;
	site_until(rig, GW_RELAY_EVENT_SITE,
	    "waits there for something else, not with `godwit relay`: give its "
	    "port (DEVICE=HOST:PORT); the next try is in ");
	/* Nobody is there any more: the pauses grow, but not for ever. */
	gw_acceptor_close(rig->e.acceptor);
	rig->e.acceptor = NULL;
	for (unsigned i = 0; i < 10; i++) {
		f->again = 0;
		site_until(rig, GW_RELAY_EVENT_SITE, "the next try is in ");
	}
	assert_int_equal(f->pause, 30 * GW_SEC);
	assert_false(site_look(rig)->connected);
	assert_null(site_look(rig)->carrier);
}

static void
what_came_of_it_is_told_to_prometheus(void **state)
{
	struct site_rig *rig = *state;
	struct gw_relay_message m = site_datagram(1, "x");
	const char *page;

	site_wait(rig);
	site_greet(rig, GW_CARRIERS_TCP);
	m.to.port++;
	site_say(rig, &m);
	while (site_look(rig)->foreign == 0)
		site_turn(rig);
	assert_int_equal(gw_relay_metrics_port(rig->r), 0);
	assert_int_equal(gw_relay_metrics(rig->r, NULL, 0), GW_OK);
	assert_int_equal(gw_relay_metrics(rig->r, NULL, 0), GW_E_USAGE);
	page = site_metrics(rig);
#define HAS(text) assert_non_null(strstr(page, text))
	HAS("HTTP/1.1 200 OK\r\n");
	HAS("\ngodwit_relay_up{rule=\"1\",port=\"9000\","
	    "interface=\"@dialling\"} 1\n");
	HAS("\ngodwit_relay_up{rule=\"1\",port=\"9000\","
	    "interface=\"absent0\"} 0\n");
	HAS("\ngodwit_relay_site_received_total{device=\"dialling\"} 1\n");
	HAS("\ngodwit_relay_site_drops_total{device=\"dialling\","
	    "reason=\"no rule\"} 1\n");
	HAS("reason=\"no room in the kernel\"} 0\n");
#undef HAS
}

#define CASE(c) cmocka_unit_test_setup_teardown(c, site_setup, site_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_is_not_named_is_refused),
		CASE(one_that_comes_again_takes_its_own_place),
		CASE(what_is_no_relay_does_not_take_its_place),
		CASE(one_that_says_nothing_is_left),
		CASE(what_is_lost_is_dialled_again_and_again),
		CASE(what_came_of_it_is_told_to_prometheus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
