/* Who may come in at an acceptor, and what it tells of others. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection_ends.h"
#include "os_fixture.h"

static const enum gw_carriers carriers[] = { GW_CARRIERS_UDP, GW_CARRIERS_TCP };
enum { CARRIERS = sizeof carriers / sizeof *carriers };

static void
guess(struct ends *e, enum gw_carriers carrier)
{
	const struct gw_connection_options o = { .code = "7-wrong-words",
		.carriers = carrier };
	const struct gw_connection_event *ev;

	assert_int_equal(
	    gw_connect(e->at[1].g, "127.0.0.1", e->port, &o, &e->at[1].c),
	    GW_OK);
	ev = ends_until(e, 1, GW_CONNECTION_CLOSED);
	assert_true(ev->err == GW_E_AUTH || ev->err == GW_E_BURNED);
	assert_true(ev->text[0] != '\0');
	assert_false(ends_told(e, 1, GW_CONNECTION_OPENED));
	ends_forget(e, 1);
	gw_connection_close(e->at[1].c);
	e->at[1].c = NULL;
}

static void
the_third_wrong_guess_ends_it(void **state)
{
	struct gw_acceptor_event ev;
	struct gw_connection *c;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		const struct gw_connection_options o = { .many = k == 0 };

		ends_open(&e, &o);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(
			    gw_accept(e.acceptor, 0, &c), GW_E_AGAIN);
			guess(&e, carriers[k]);
			assert_true(gw_acceptor_next(e.acceptor, &ev));
			assert_int_equal(ev.kind, GW_ACCEPTOR_GUESS);
			assert_int_equal(ev.guesses_left, 2 - i);
			assert_non_null(strstr(ev.address, "127.0.0.1"));
		}
		assert_true(gw_acceptor_next(e.acceptor, &ev));
		assert_int_equal(ev.kind, GW_ACCEPTOR_BURNED);
		assert_false(gw_acceptor_next(e.acceptor, &ev));
		assert_int_equal(gw_accept(e.acceptor, -1, &c), GW_E_BURNED);
		ends_close(&e);
	}
}

/* The first device owns the code; with `many` whoever has it comes in. */
static void
a_code_serves_one_device_or_many(void **state)
{
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < 4; k++) {
		const struct gw_connection_options o = { .many = k % 2 != 0,
			.carriers = carriers[k / 2] };
		struct gw_connection *c;
		const struct gw_connection_event *ev;

		ends_open(&e, &o);
		ends_connect(&e, &o);
		/* Another device: it is its own peer here. */
		gw_connection_close(e.at[1].c);
		e.at[1].c = NULL;
		ends_forget(&e, 1);
		c = e.at[0].c;
		e.at[0].c = NULL;
		assert_int_equal(
		    gw_connect(e.at[0].g, "127.0.0.1", e.port,
			&(struct gw_connection_options){
			    .code = ENDS_CODE, .carriers = o.carriers },
			&e.at[0].c),
		    GW_OK);
		ev = ends_until(&e, 0,
		    o.many ? GW_CONNECTION_OPENED : GW_CONNECTION_CLOSED);
		if (!o.many)
			assert_int_equal(ev->err, GW_E_REFUSED);
		gw_connection_close(c);
		ends_close(&e);
	}
}

static void
many_connections_live_side_by_side(void **state)
{
	enum { MANY = 20 };
	struct gw_connection *in[MANY], *out[MANY];
	struct gw_connection_options o = { .code = ENDS_CODE, .many = true };
	struct gw_acceptor_event ev;
	uint8_t byte;
	struct ends e;
	size_t n;

	(void)state;
	ends_open(&e, &o);
	for (unsigned i = 0; i < MANY; i++) {
		o.carriers = carriers[i % CARRIERS];
		/* Four of one address may be under way. */
		e.at[1].c = NULL;
		assert_int_equal(
		    gw_connect(e.at[1].g, "127.0.0.1", e.port, &o, &out[i]),
		    GW_OK);
		e.at[1].c = out[i];
		ends_until(&e, 1, GW_CONNECTION_OPENED);
		ends_forget(&e, 1);
		assert_int_equal(gw_accept(e.acceptor, 60000, &in[i]), GW_OK);
		byte = (uint8_t)i;
		assert_int_equal(
		    gw_stream_write(in[i], 0, &byte, 1, &n), GW_OK);
	}
	while (gw_acceptor_next(e.acceptor, &ev))
		assert_int_equal(ev.kind, GW_ACCEPTOR_READY);
	e.at[1].c = NULL;
	gw_acceptor_close(e.acceptor); /* what was accepted stays */
	e.acceptor = NULL;
	for (unsigned i = 0; i < MANY; i++) {
		enum gw_err err;

		while ((err = gw_stream_read(out[i], 0, &byte, 1, &n)) ==
		       GW_E_AGAIN)
			ends_turn(&e);
		assert_int_equal(err, GW_OK);
		assert_int_equal(n, 1);
		assert_int_equal(byte, i);
		gw_connection_close(out[i]);
		gw_connection_close(in[i]);
	}
	ends_close(&e);
}

static void
who_is_not_accepted_is_reset_in_the_end(void **state)
{
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < CARRIERS; k++) {
		const struct gw_connection_options o = { .code = ENDS_CODE,
			.carriers = carriers[k] };
		const struct gw_connection_event *ev;

		ends_open(&e, &o);
		assert_int_equal(
		    gw_connect(e.at[1].g, "127.0.0.1", e.port, &o, &e.at[1].c),
		    GW_OK);
		ends_until(&e, 1, GW_CONNECTION_OPENED);
		gw_acceptor_close(e.acceptor);
		e.acceptor = NULL;
		ev = ends_until(&e, 1, GW_CONNECTION_CLOSED);
		assert_int_equal(ev->err, GW_E_INTERRUPTED);
		assert_true(ev->by_peer);
		assert_non_null(strstr(ev->text, "accepts"));
		ends_close(&e);
	}
}

static void
a_stranger_is_told_of(void **state)
{
	struct gw_acceptor_event ev;
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct ends e;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	ends_open(&e, NULL);
	to.sin_port = htons(e.port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	while (!gw_acceptor_next(e.acceptor, &ev))
		ends_turn(&e);
	assert_int_equal(ev.kind, GW_ACCEPTOR_STRANGER);
	assert_non_null(strstr(ev.address, "127.0.0.1"));
	assert_true(ev.text[0] != '\0');
	close(fd);
	ends_close(&e);
}

static void
it_says_where_it_is(void **state)
{
	struct ends e;

	(void)state;
	ends_open(&e, NULL);
	assert_string_equal(gw_acceptor_address(e.acceptor, 0), "127.0.0.1");
	assert_null(gw_acceptor_address(e.acceptor, 1));
	assert_string_equal(gw_acceptor_code(e.acceptor), ENDS_CODE);
	ends_close(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_third_wrong_guess_ends_it),
		cmocka_unit_test(a_code_serves_one_device_or_many),
		cmocka_unit_test(many_connections_live_side_by_side),
		cmocka_unit_test(who_is_not_accepted_is_reset_in_the_end),
		cmocka_unit_test(a_stranger_is_told_of),
		cmocka_unit_test(it_says_where_it_is),
	};

	return cmocka_run_group_tests_name(
	    "acceptor", tests, os_fixture_setup, os_fixture_teardown);
}
