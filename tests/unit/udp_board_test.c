/* What a port shows of its sessions, and when. */
#include "run/udp_board.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "entrances.h"
#include "os/clock.h"
#include "os/random.h"
#include "os/session_files.h"
#include "os/session_page.h"
#include "os_fixture.h"

struct shown { /* all that is shown just now */
	struct gw_session_page page;
	struct gw_shown_session v[4];
	unsigned count;
	bool gone;
};

static struct gw_session_files *files;
static struct entrances e;

static int
setup(void **state)
{
	if (os_fixture_setup(state) != 0)
		return -1;
	setenv("XDG_RUNTIME_DIR", *state, 1);
	return mkdir("godwit", 0700) != 0 ||
	       gw_session_files_new(&files) != GW_OK;
}

static int
teardown(void **state)
{
	gw_session_files_free(files);
	return os_fixture_teardown(state);
}

static void
read_page(const struct gw_shown_file *f, struct shown *s)
{
	static uint8_t buf[GW_SESSION_PAGE_BYTES];
	struct gw_session_page_reader r;
	size_t n = gw_shown_file_read(f, buf, sizeof buf, &s->gone);

	s->count = 0;
	assert_true(gw_session_page_open(gw_slice(buf, n), &s->page, &r));
	while (s->count < 4 && gw_session_page_next(&r, &s->v[s->count]))
		s->count++;
}

/* The file of the listener or of the dial. */
static struct gw_shown_file *
file_of(bool listens)
{
	struct gw_shown_file *f = NULL;
	struct shown s;

	gw_session_files_look(files);
	while ((f = gw_session_files_next(files, f)) != NULL) {
		if (f->uid != geteuid())
			continue;
		read_page(f, &s);
		if ((s.page.backlog != 0) == listens)
			return f;
	}
	return NULL;
}

static void
begin(const char *dir)
{
	struct gw_dial_options o;

	entrances_open(&e);
	e.self[0].shown_in = e.self[1].shown_in = dir;
	e.carriers = GW_CARRIERS_UDP;
	entrances_listen(&e, "127.0.0.1");
	o = entrances_dial(&e, "127.0.0.1");
	entrances_start(&e, &o);
}

static const struct gw_shown_step *
last(const struct gw_shown_session *s)
{
	return &s->steps[s->step_count - 1];
}

/* Until the one session of a file is in that state. */
static void
await(const struct gw_shown_file *f, enum gw_shown_state state, struct shown *s)
{
	const gw_usec end = gw_clock_now() + 60 * GW_SEC;

	for (read_page(f, s); s->count != 1 || last(&s->v[0])->state != state;
	     read_page(f, s)) {
		if (gw_clock_now() > end)
			fail_msg("%u sessions", s->count);
		entrances_run(&e, 5);
	}
}

static void
a_session_is_shown_from_its_syn_to_its_end(void **state)
{
	const gw_usec began = gw_clock_now();
	struct gw_shown_file *there, *here;
	struct shown s;

	(void)state;
	begin("godwit");
	there = file_of(true);
	here = file_of(false);
	assert_non_null(there);
	assert_non_null(here);
	entrances_until(&e, &e.at_dial.opened, 1);
	entrances_until(&e, &e.at_listener.opened, 1);
	await(here, GW_SHOWN_ESTABLISHED, &s);
	assert_int_equal(s.v[0].step_count, 2);
	assert_int_equal(s.v[0].steps[0].state, GW_SHOWN_SYN_SENT);
	assert_true(s.v[0].steps[0].at >= began);
	assert_true(s.v[0].steps[1].at > s.v[0].steps[0].at);
	assert_true(s.v[0].initiator);
	assert_int_equal(s.v[0].remote.port, e.port);
	assert_int_equal(s.v[0].remote.address[12], 127);
	assert_int_equal(s.v[0].local.address[12], 127);
	assert_true(s.v[0].cipher[0] != '\0');
	assert_string_equal(s.v[0].congestion, "bbr");
	assert_true(s.v[0].figures.cwnd > 0);
	assert_true(s.v[0].figures.datagram >= 1200);
	await(there, GW_SHOWN_ESTABLISHED, &s);
	assert_int_equal(s.v[0].steps[0].state, GW_SHOWN_SYN_RCVD);
	assert_false(s.v[0].initiator);
	assert_int_equal(s.page.backlog, 64);

	gw_session_finish(e.at_dial.conn->session, gw_clock_now());
	gw_conn_kick(e.at_dial.conn);
	await(here, GW_SHOWN_FIN_WAIT_2, &s);
	assert_int_equal(s.v[0].steps[2].state, GW_SHOWN_FIN_WAIT_1);
	await(there, GW_SHOWN_CLOSE_WAIT, &s);
	entrances_close(&e);
	/* Both ended with their loop: that, too, is in the last words. */
	for (int i = 0; i < 2; i++) {
		read_page(i == 0 ? here : there, &s);
		assert_true(s.gone);
		assert_int_equal(s.count, 1);
		assert_int_equal(last(&s.v[0])->state, GW_SHOWN_CLOSED);
	}
}

static const struct gw_keypair nobody;

static struct gw_session_options
dialling(void)
{
	return (struct gw_session_options){ .initiator = true,
		.self = &nobody,
		.name = "x",
		.window = GW_STREAM_WINDOW,
		.random = gw_random_os(),
		.mode = GW_MODE_CODE,
		.code = "7-crane-otter" };
}

static struct gw_udp_endpoint *
alone(void)
{
	struct gw_udp_endpoint_options eo = { .session = dialling() };
	struct gw_udp_endpoint *endpoint;

	assert_int_equal(gw_udp_endpoint_new(&eo, 0, &endpoint), GW_OK);
	return endpoint;
}

/* Its port goes: so it does, and whoever looks shall know when. */
static void
what_is_left_at_the_end_ends_with_it(void **state)
{
	const struct gw_session_options so = dialling();
	const struct gw_path to = { .ip = { [10] = 0xff, 0xff, 127, 0, 0, 1 },
		.port = 9 };
	struct gw_udp_endpoint *endpoint = alone();
	struct gw_shown_file *f;
	struct gw_session *session;
	struct gw_udp_board *b;
	struct shown s;

	(void)state;
	b = gw_udp_board_new("godwit", -1, endpoint, false, GW_SEC);
	assert_int_equal(
	    gw_udp_endpoint_connect(endpoint, &so, &to, GW_SEC, &session),
	    GW_OK);
	/* A change is written at once, or nearly. */
	assert_int_equal(
	    gw_udp_board_turn(b, GW_SEC + 1), GW_SEC + 20 * GW_MSEC);
	f = file_of(false);
	assert_non_null(f);
	read_page(f, &s);
	assert_int_equal(s.count, 0);
	assert_int_equal(gw_udp_board_turn(b, GW_SEC + 20 * GW_MSEC), GW_NEVER);
	read_page(f, &s);
	assert_int_equal(s.count, 1);
	assert_int_equal(last(&s.v[0])->state, GW_SHOWN_SYN_SENT);
	gw_udp_board_free(b, 5 * GW_SEC);
	read_page(f, &s);
	assert_true(s.gone);
	assert_int_equal(s.v[0].step_count, 2);
	assert_int_equal(last(&s.v[0])->state, GW_SHOWN_CLOSED);
	assert_int_equal(last(&s.v[0])->at, 5 * GW_SEC);
	gw_udp_endpoint_free(endpoint);
}

static void
figures_follow_within_a_moment_and_then_nothing_wakes(void **state)
{
	struct gw_udp_endpoint *endpoint = alone();
	struct gw_udp_board *b;

	(void)state;
	b = gw_udp_board_new("godwit", -1, endpoint, false, GW_SEC);
	assert_non_null(b);
	/* A turn is enough to write once more, a little later. */
	assert_int_equal(
	    gw_udp_board_turn(b, GW_SEC + 1), GW_SEC + 250 * GW_MSEC);
	assert_int_equal(
	    gw_udp_board_turn(b, GW_SEC + 2), GW_SEC + 250 * GW_MSEC);
	assert_int_equal(
	    gw_udp_board_turn(b, GW_SEC + 250 * GW_MSEC), GW_NEVER);
	gw_udp_board_free(b, 2 * GW_SEC);
	gw_udp_endpoint_free(endpoint);
	/* And where nothing is shown nothing is asked for. */
	assert_int_equal(gw_udp_board_turn(NULL, 0), GW_NEVER);
	gw_udp_board_free(NULL, 0);
}

static void
where_nothing_can_be_shown_sessions_are_as_good(void **state)
{
	static const char *const dirs[] = { NULL, "nowhere" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin(dirs[i]);
		entrances_until(&e, &e.at_dial.opened, 1);
		entrances_until(&e, &e.at_listener.opened, 1);
		assert_null(file_of(true));
		assert_null(file_of(false));
		entrances_close(&e);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_session_is_shown_from_its_syn_to_its_end),
		T(what_is_left_at_the_end_ends_with_it),
		T(figures_follow_within_a_moment_and_then_nothing_wakes),
		T(where_nothing_can_be_shown_sessions_are_as_good),
	};

	return cmocka_run_group_tests_name("udp_board", tests, NULL, NULL);
}
