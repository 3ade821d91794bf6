/* Connections of devices that remember each other, as a program has them. */
#include "run/known.h"

#include <stdio.h>
#include <string.h>

#include "connection_ends.h"
#include "os_fixture.h"

static const enum gw_carriers carriers[] = { GW_CARRIERS_UDP, GW_CARRIERS_TCP };
enum { CARRIERS = sizeof carriers / sizeof *carriers };

static void
hang_up(struct ends *e)
{
	for (unsigned i = 0; i < 2; i++) {
		gw_connection_close(e->at[i].c);
		e->at[i].c = NULL;
		ends_forget(e, i);
	}
}

/* Both ask, by the code, and keep each other's key. */
static void
introduce(struct ends *e, enum gw_carriers carrier)
{
	const struct gw_connection_options o = { .carriers = carrier,
		.remember = true };
	static const char *const names[] = { "dialling", "waiting" };
	struct gw_connection_info info;

	ends_connect(e, &o);
	for (unsigned i = 0; i < 2; i++) {
		gw_connection_info(e->at[i].c, &info);
		assert_true(info.asks);
		assert_null(info.device);
		assert_int_equal(gw_connection_remember(e->at[i].c), GW_OK);
		gw_connection_info(e->at[i].c, &info);
		assert_string_equal(info.device, names[i]);
	}
	hang_up(e);
}

/* The error of a dial to a remembered device; GW_OK: it was let in. */
static enum gw_err
dial(struct ends *e, enum gw_carriers carrier, const char *device)
{
	const struct gw_connection_options o = { .carriers = carrier,
		.device = device };

	assert_int_equal(
	    gw_connect(e->at[1].g, "127.0.0.1", e->port, &o, &e->at[1].c),
	    GW_OK);
	while (!ends_told(e, 1, GW_CONNECTION_OPENED) &&
	       !ends_told(e, 1, GW_CONNECTION_CLOSED))
		ends_turn(e);
	if (ends_told(e, 1, GW_CONNECTION_OPENED))
		return GW_OK;
	return ends_until(e, 1, GW_CONNECTION_CLOSED)->err;
}

static void
who_is_remembered_needs_no_code(void **state)
{
	const struct gw_connection_options o = { .remember = true,
		.for_known = true };
	struct gw_connection_info info;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		ends_open(&e, &o);
		if (k == 0)
			introduce(&e, carriers[k]);
		/* Within a second it is let in. */
		for (int i = 0; dial(&e, carriers[k], "waiting") != GW_OK;
		     i++) {
			assert_true(i < 100);
			ends_run(&e, 100);
			hang_up(&e);
		}
		assert_int_equal(
		    gw_accept(e.acceptor, 10000, &e.at[0].c), GW_OK);
		gw_connection_info(e.at[0].c, &info);
		assert_string_equal(info.device, "dialling");
		/* There was no code, by which it could be remembered. */
		assert_int_equal(
		    gw_connection_remember(e.at[0].c), GW_E_REFUSED);
		ends_close(&e);
	}
}

static void
who_is_not_let_in_hears_what_to_do(void **state)
{
	const struct gw_connection_options o = { .remember = true },
					   none = { .no_code = true,
						   .for_known = true };
	const char *text;
	struct ends e;

	(void)state;
	ends_open(&e, &o);
	introduce(&e, GW_CARRIERS_UDP);
	for (unsigned k = 0; k < CARRIERS; k++) {
		assert_int_equal(dial(&e, carriers[k], "waiting"), GW_E_AUTH);
		text = ends_until(&e, 1, GW_CONNECTION_CLOSED)->text;
		assert_non_null(strstr(text, "run `godwit pair` on both"));
		hang_up(&e);
	}
	gw_acceptor_close(e.acceptor);
	assert_int_equal(
	    gw_listen(e.at[0].g, "127.0.0.1", 0, &none, &e.acceptor), GW_OK);
	assert_null(gw_acceptor_code(e.acceptor));
	ends_close(&e);
}

static void
somebody_else_is_not_answered(void **state)
{
	const struct gw_connection_options o = { .remember = true,
		.for_known = true };
	const char *text;
	struct ends e;

	(void)state;
	ends_open(&e, &o);
	introduce(&e, GW_CARRIERS_TCP);
	ends_close(&e);
	/* It is set up anew. */
	assert_int_equal(remove("waiting-data/identity"), 0);
	ends_open(&e, &o);
	for (unsigned k = 0; k < CARRIERS; k++) {
		assert_int_equal(dial(&e, carriers[k], "WAITING"), GW_E_AUTH);
		text = ends_until(&e, 1, GW_CONNECTION_CLOSED)->text;
		assert_non_null(strstr(text, "somebody else answers"));
		assert_non_null(strstr(text, "devices forget waiting"));
		hang_up(&e);
	}
	ends_close(&e);
}

static void
one_side_alone_keeps_nothing(void **state)
{
	const struct gw_connection_options o = { .remember = true };
	struct gw_devices *all;
	struct gw_device d;
	struct ends e;

	(void)state;
	ends_open(&e, NULL);
	ends_connect(&e, &o);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
		    gw_connection_remember(e.at[i].c), GW_E_REFUSED);
		assert_int_equal(gw_devices_open(e.at[i].g, &all), GW_OK);
		assert_false(gw_devices_next(all, &d));
		gw_devices_free(all);
	}
	ends_close(&e);
}

static void
what_cannot_be_is_said_at_once(void **state)
{
	const struct gw_connection_options nobody = { .device = "nobody" },
					   both = { .device = "waiting",
						   .code = ENDS_CODE },
					   only = { .for_device = "nobody" };
	struct gw_acceptor *a;
	struct ends e;

	(void)state;
	ends_open(&e, NULL);
	assert_int_equal(
	    gw_connect(e.at[1].g, NULL, 0, &nobody, &e.at[1].c), GW_E_RESOLVE);
	assert_non_null(strstr(gw_last_error(e.at[1].g), "nobody"));
	assert_int_equal(
	    gw_connect(e.at[1].g, NULL, 0, &both, &e.at[1].c), GW_E_USAGE);
	assert_int_equal(
	    gw_listen(e.at[1].g, "127.0.0.1", 0, &only, &a), GW_E_RESOLVE);
	ends_close(&e);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(who_is_remembered_needs_no_code),
		IN_A_DIRECTORY(who_is_not_let_in_hears_what_to_do),
		IN_A_DIRECTORY(somebody_else_is_not_answered),
		IN_A_DIRECTORY(one_side_alone_keeps_nothing),
		IN_A_DIRECTORY(what_cannot_be_is_said_at_once),
	};

	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
