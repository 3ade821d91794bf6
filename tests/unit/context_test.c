/* Contexts: identity, directories, options, words for what goes wrong. */
#include "run/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "devices.h"
#include "os_fixture.h"

struct words {
	struct gw_options o;
	char why[300];
};

static struct gw_options *
options(struct words *w)
{
	*w = (struct words){ .o = GW_OPTIONS_INIT };
	strcpy(w->why, "untouched");
	w->o.data_dir = "data";
	w->o.state_dir = "state";
	w->o.why = w->why;
	w->o.why_size = sizeof w->why;
	return &w->o;
}

static void
assert_says(const struct words *w, const char *part)
{
	if (strstr(w->why, part) == NULL)
		fail_msg("'%s' does not say '%s'", w->why, part);
}

static void
the_identity_is_made_once_and_only_its_user_can_read_it(void **state)
{
	struct words w;
	struct gw *g = NULL;
	char key[80];

	(void)state;
	umask(0);
	assert_int_equal(gw_open(options(&w), &g), GW_OK);
	assert_string_equal(w.why, "untouched");
	assert_int_equal(os_fixture_lstat("data").st_mode & 07777, 0700);
	assert_int_equal(os_fixture_lstat("state").st_mode & 07777, 0700);
	assert_int_equal(
	    os_fixture_lstat("data/identity").st_mode & 07777, 0600);
	assert_int_equal(strlen(gw_device_key(g)), 64);
	assert_int_equal(strspn(gw_device_key(g), "0123456789abcdef"), 64);
	snprintf(key, sizeof key, "%s", gw_device_key(g));
	assert_string_equal(gw_last_error(g), "");
	gw_close(g);
	assert_int_equal(gw_open(options(&w), &g), GW_OK);
	assert_string_equal(gw_device_key(g), key);
	gw_close(g);
	w.o.data_dir = "other-data";
	assert_int_equal(gw_open(&w.o, &g), GW_OK);
	assert_string_not_equal(gw_device_key(g), key);
	gw_close(g);
	gw_close(NULL);
}

static void
no_options_mean_the_directories_of_xdg(void **state)
{
	struct gw *g;
	char data[300], states[300];

	snprintf(data, sizeof data, "%s/d", (const char *)*state);
	snprintf(states, sizeof states, "%s/s", (const char *)*state);
	assert_int_equal(setenv("XDG_DATA_HOME", data, 1), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", states, 1), 0);
	assert_int_equal(gw_open(NULL, &g), GW_OK);
	assert_true(os_fixture_exists("d/godwit/identity"));
	assert_true(os_fixture_exists("s/godwit"));
	gw_close(g);
}

static void
an_identity_that_is_none_is_told_and_not_replaced(void **state)
{
	static const char *const bad[] = { "", "godwit-identity-1 00\n",
		"godwit-identity-2 "
		"00112233445566778899aabbccddeeff"
		"00112233445566778899aabbccddeeff\n",
		"nonsense" };
	char longer[4000];
	struct words w;
	struct gw *g = NULL;

	(void)state;
	assert_int_equal(mkdir("data", 0700), 0);
	memset(longer, 'x', sizeof longer);
	for (size_t i = 0; i <= sizeof bad / sizeof *bad; i++) {
		bool last = i == sizeof bad / sizeof *bad;
		const char *text = last ? longer : bad[i];
		size_t n = last ? sizeof longer : strlen(bad[i]), got;

		os_fixture_write("data/identity", text, n);
		assert_int_equal(chmod("data/identity", 0600), 0);
		assert_int_equal(gw_open(options(&w), &g), GW_E_DISK);
		assert_null(g);
		assert_says(&w, "data/identity is no identity of godwit");
		assert_memory_equal(
		    os_fixture_read("data/identity", &got), text, n);
		assert_int_equal(got, n);
	}
}

static void
an_identity_that_others_can_read_is_not_used(void **state)
{
	struct words w;
	struct gw *g;

	(void)state;
	assert_int_equal(gw_open(options(&w), &g), GW_OK);
	gw_close(g);
	g = NULL;
	assert_int_equal(chmod("data/identity", 0644), 0);
	assert_int_equal(gw_open(options(&w), &g), GW_E_DISK);
	assert_null(g);
	assert_says(&w, "data/identity");
}

static int
open_as_an_ordinary_user(void *arg)
{
	struct words *w = arg;
	struct gw *g;

	os_fixture_ordinary_user();
	if (gw_open(&w->o, &g) != GW_E_DISK)
		return 1;
	return strstr(w->why, "data") != NULL &&
		       strstr(w->why, "untouched") == NULL
		   ? 0
		   : 2;
}

static void
what_cannot_be_read_or_made_is_named(void **state)
{
	struct words w;
	struct gw *g;

	(void)state;
	assert_int_equal(chmod(".", 0755), 0);
	(void)options(&w); /* the directory is not this user's to write */
	if (geteuid() == 0)
		assert_int_equal(
		    os_fixture_child(open_as_an_ordinary_user, &w), 0);
	os_fixture_text("data", "a file");
	assert_int_equal(gw_open(options(&w), &g), GW_E_DISK);
	assert_says(&w, "data");
	assert_int_equal(remove("data"), 0);
	assert_int_equal(mkdir("data", 0700), 0);
	assert_int_equal(mkdir("data/identity", 0700), 0);
	assert_int_equal(gw_open(options(&w), &g), GW_E_DISK);
	assert_says(&w, "data/identity");
	assert_int_equal(rmdir("data/identity"), 0);
	assert_int_equal(rmdir("state"), 0);
	os_fixture_text("state", "a file");
	assert_int_equal(gw_open(options(&w), &g), GW_E_DISK);
	assert_says(&w, "state");
}

static void
others_may_not_write_to_its_directories(void **state)
{
	struct words w;
	struct gw *g;

	(void)state;
	assert_int_equal(mkdir("data", 0700), 0);
	assert_int_equal(chmod("data", 0777), 0);
	assert_int_equal(gw_open(options(&w), &g), GW_E_DISK);
	assert_says(&w, "data");
}

static void
words_are_cut_to_the_room_there_is(void **state)
{
	struct words w;
	struct gw *g;

	(void)state;
	os_fixture_text("data", "a file");
	(void)options(&w);
	w.o.why_size = 8;
	assert_int_equal(gw_open(&w.o, &g), GW_E_DISK);
	assert_int_equal(strlen(w.why), 7);
	(void)options(&w);
	w.o.why_size = 0;
	assert_int_equal(gw_open(&w.o, &g), GW_E_DISK);
	assert_string_equal(w.why, "untouched");
	w.o.why = NULL;
	w.o.why_size = 100;
	assert_int_equal(gw_open(&w.o, &g), GW_E_DISK);
}

static void
directories_are_told_and_made_before_a_context_is(void **state)
{
	struct words w;
	char *data, *states, *runtime, want[300];

	assert_int_equal(
	    gw_directories(options(&w), &data, &states, &runtime), GW_OK);
	assert_null(runtime);
	snprintf(want, sizeof want, "%s/data", (const char *)*state);
	assert_string_equal(data, want);
	snprintf(want, sizeof want, "%s/state", (const char *)*state);
	assert_string_equal(states, want);
	assert_true(os_fixture_exists("data"));
	assert_false(os_fixture_exists("data/identity"));
	free(data);
	free(states);
	assert_int_equal(rmdir("state"), 0);
	os_fixture_text("state", "a file");
	data = states = NULL;
	assert_int_equal(
	    gw_directories(options(&w), &data, &states, &runtime), GW_E_DISK);
	assert_null(data);
	assert_null(states);
	assert_says(&w, "state");
}

static void
sessions_are_shown_to_who_asks_for_it_where_that_can_be(void **state)
{
	struct words w;
	char *data, *states, *runtime = NULL, want[300];
	struct gw *g;

	setenv("XDG_RUNTIME_DIR", *state, 1);
	chmod(".", 0700);
	options(&w)->show_sessions = true;
	assert_int_equal(gw_directories(&w.o, &data, &states, &runtime), GW_OK);
	snprintf(want, sizeof want, "%s/godwit", (const char *)*state);
	assert_string_equal(runtime, want);
	free(data);
	free(states);
	free(runtime);
	assert_int_equal(gw_open(&w.o, &g), GW_OK);
	gw_close(g);
	assert_int_equal(os_fixture_lstat("godwit").st_mode & 07777, 0700);
	/* And where it cannot be, nobody minds. */
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(gw_directories(&w.o, &data, &states, &runtime), GW_OK);
	assert_null(runtime);
	free(data);
	free(states);
	assert_int_equal(gw_open(&w.o, &g), GW_OK);
	gw_close(g);
}

static void
an_idle_context_lets_its_program_sleep(void **state)
{
	struct words w;
	struct gw *g;
	unsigned woken = 0;

	(void)state;
	assert_int_equal(gw_open(options(&w), &g), GW_OK);
	while (gw_wait(g, 30) == GW_OK)
		assert_true(++woken < 10);
	gw_close(g);
}

static void
an_open_context_leaves_no_descriptor(void **state)
{
	struct words w;
	struct gw *g;
	unsigned before;

	(void)state;
	assert_int_equal(gw_open(options(&w), &g), GW_OK);
	gw_close(g); /* libuv keeps two for ever */
	before = devices_descriptors();
	assert_int_equal(gw_open(options(&w), &g), GW_OK);
	assert_true(devices_descriptors() > before);
	gw_close(g);
	assert_int_equal(devices_descriptors(), before);
	os_fixture_text("state/x", "");
	assert_int_equal(remove("data/identity"), 0);
	assert_int_equal(mkdir("data/identity", 0700), 0);
	assert_int_equal(gw_open(options(&w), &g), GW_E_DISK);
	assert_int_equal(devices_descriptors(), before);
}

static void
without_memory_it_says_so(void **state)
{
	struct words w;
	struct gw *g;
	enum gw_err err = GW_E_MEMORY;
	long n;

	(void)state;
	for (n = 0; err != GW_OK; n++) {
		(void)options(&w);
		g = NULL;
		test_fail_alloc(n);
		err = gw_open(&w.o, &g);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		assert_null(g);
		assert_string_equal(w.why, gw_err_text(GW_E_MEMORY));
	}
	assert_true(n >= 2);
	gw_close(g);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

static void
a_plain_context_is_for_datagrams_only(void **state)
{
	static const char *const paths[] = { "." };
	struct gw_send_options send = GW_SEND_OPTIONS_INIT;
	struct gw_recv_options recv = GW_RECV_OPTIONS_INIT;
	struct gw_partials *partials;
	struct gw_options o = GW_OPTIONS_INIT;
	struct gw_job *job;
	struct gw *g;

	(void)state;
	o.plain = true;
	o.data_dir = "/nonexistent/data"; /* nothing of it is touched */
	assert_int_equal(gw_open(&o, &g), GW_OK);
	send.paths = paths;
	send.path_count = 1;
	assert_int_equal(gw_send(g, &send, &job), GW_E_USAGE);
	assert_int_equal(gw_recv(g, &recv, &job), GW_E_USAGE);
	assert_int_equal(gw_partials_open(g, &partials), GW_E_USAGE);
	assert_int_equal(
	    gw_partials_clear(g, "00000000000000000000000000000000"),
	    GW_E_USAGE);
	assert_string_equal(gw_device_key(g), "");
	gw_close(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(
		    the_identity_is_made_once_and_only_its_user_can_read_it),
		IN_A_DIRECTORY(no_options_mean_the_directories_of_xdg),
		IN_A_DIRECTORY(
		    an_identity_that_is_none_is_told_and_not_replaced),
		IN_A_DIRECTORY(an_identity_that_others_can_read_is_not_used),
		IN_A_DIRECTORY(what_cannot_be_read_or_made_is_named),
		IN_A_DIRECTORY(others_may_not_write_to_its_directories),
		IN_A_DIRECTORY(words_are_cut_to_the_room_there_is),
		IN_A_DIRECTORY(
		    directories_are_told_and_made_before_a_context_is),
		IN_A_DIRECTORY(
		    sessions_are_shown_to_who_asks_for_it_where_that_can_be),
		IN_A_DIRECTORY(an_idle_context_lets_its_program_sleep),
		IN_A_DIRECTORY(an_open_context_leaves_no_descriptor),
		IN_A_DIRECTORY(without_memory_it_says_so),
		cmocka_unit_test(a_plain_context_is_for_datagrams_only),
	};

	return cmocka_run_group_tests_name("context", tests, NULL, NULL);
}
