#include "os/journal_file.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os_fixture.h"

static struct gw_why why;

static struct gw_journal_file *
open_it(void)
{
	struct gw_journal_file *j;

	assert_int_equal(
	    gw_journal_file_open(".", "j.journal", true, &why, &j), GW_OK);
	return j;
}

static void
holds(struct gw_journal_file *j, const char *text)
{
	struct gw_bytes b = { 0 };
	struct gw_slice s;

	assert_int_equal(gw_journal_file_read(j, 1000, &b, &why), GW_OK);
	s = gw_bytes_peek(&b);
	assert_true(gw_slice_eq(s, gw_slice_str(text)));
	gw_bytes_fini(&b);
}

static void
appends_and_reads(void **state)
{
	struct gw_journal_file *j, *none = NULL;
	struct gw_bytes b = { 0 };

	(void)state;
	assert_int_equal(
	    gw_journal_file_open(".", "j.journal", false, &why, &none),
	    GW_E_NO_PATH);
	assert_int_equal(gw_journal_file_open("none", "j", false, &why, &none),
	    GW_E_NO_PATH);
	assert_int_equal(
	    gw_journal_file_open("none", "j", true, &why, &none), GW_E_DISK);
	j = open_it();
	holds(j, "");
	assert_int_equal(
	    gw_journal_file_append(j, gw_slice_str("one "), &why), GW_OK);
	assert_int_equal(
	    gw_journal_file_append(j, gw_slice_str("two"), &why), GW_OK);
	holds(j, "one two");
	gw_journal_file_close(j);
	assert_int_equal(os_fixture_lstat("j.journal").st_mode & 07777, 0600);
	j = open_it();
	holds(j, "one two");
	assert_int_equal(gw_journal_file_cut(j, 5, &why), GW_OK);
	assert_int_equal(gw_journal_file_cut(j, 99, &why), GW_OK);
	assert_int_equal(
	    gw_journal_file_append(j, gw_slice_str("T"), &why), GW_OK);
	holds(j, "one tT");
	assert_int_equal(gw_journal_file_read(j, 5, &b, &why), GW_E_LIMIT);
	assert_in_range(gw_journal_file_age(j), 0, 60);
	assert_int_equal(gw_journal_file_remove(j, &why), GW_OK);
	assert_false(os_fixture_exists("j.journal"));
}

static void
one_holder_at_a_time(void **state)
{
	struct gw_journal_file *j = open_it(), *second = NULL;

	(void)state;
	assert_int_equal(
	    gw_journal_file_open(".", "j.journal", true, &why, &second),
	    GW_E_AGAIN);
	assert_null(second);
	gw_journal_file_close(j);
	j = open_it();
	gw_journal_file_close(j);
}

static void
a_peek_takes_nothing(void **state)
{
	struct gw_journal_file *j = open_it(), *seen = NULL, *second = NULL;
	bool held = false;

	(void)state;
	assert_int_equal(
	    gw_journal_file_append(j, gw_slice_str("one"), &why), GW_OK);
	assert_int_equal(
	    gw_journal_file_peek(".", "j.journal", &held, &why, &seen), GW_OK);
	assert_true(held);
	holds(seen, "one");
	gw_journal_file_close(seen);
	gw_journal_file_close(j);
	assert_int_equal(
	    gw_journal_file_peek(".", "j.journal", &held, &why, &seen), GW_OK);
	assert_false(held);
	assert_int_equal(
	    gw_journal_file_open(".", "j.journal", true, &why, &second), GW_OK);
	gw_journal_file_close(second);
	gw_journal_file_close(seen);
	assert_int_equal(
	    gw_journal_file_peek(".", "none.journal", &held, &why, &seen),
	    GW_E_NO_PATH);
	assert_int_equal(gw_journal_file_peek("none", "j", &held, &why, &seen),
	    GW_E_NO_PATH);
}

static int
disk_full(void *arg)
{
	struct rlimit r = { 10, 10 };
	struct gw_journal_file *j = open_it();

	(void)arg;
	signal(SIGXFSZ, SIG_IGN);
	if (gw_journal_file_append(j, gw_slice_str("12345678"), &why) !=
		GW_OK ||
	    setrlimit(RLIMIT_FSIZE, &r) != 0)
		return 1;
	if (gw_journal_file_append(j, gw_slice_str("abcdefgh"), &why) !=
	    GW_E_DISK)
		return 2;
	if (os_fixture_lstat("j.journal").st_size != 8)
		return 3; /* torn */
	if (gw_journal_file_append(j, gw_slice_str("x"), &why) != GW_OK)
		return 4;
	gw_journal_file_close(j);
	return 0;
}

static void
a_failed_append_leaves_no_torn_end(void **state)
{
	(void)state;
	assert_int_equal(os_fixture_child(disk_full, NULL), 0);
	assert_string_equal(os_fixture_read("j.journal", NULL), "12345678x");
}

static void
what_is_no_journal(void **state)
{
	struct gw_journal_file *j = NULL;

	(void)state;
	assert_int_equal(symlink("elsewhere", "j.journal"), 0);
	assert_int_equal(
	    gw_journal_file_open(".", "j.journal", true, &why, &j), GW_E_DISK);
	assert_false(os_fixture_exists("elsewhere"));
	unlink("j.journal");
	assert_int_equal(mkfifo("j.journal", 0600), 0);
	assert_int_equal(
	    gw_journal_file_open(".", "j.journal", true, &why, &j), GW_E_DISK);
}

static void
lists_by_suffix(void **state)
{
	char name[32], **names;
	size_t n = 9;

	(void)state;
	assert_int_equal(
	    gw_journal_file_names("none", ".journal", &why, &names, &n), GW_OK);
	assert_int_equal(n, 0);
	gw_journal_file_names_free(names, n);
	for (int i = 99; i >= 0; i--) {
		snprintf(name, sizeof name, "%02d.journal", i);
		os_fixture_text(name, "");
	}
	os_fixture_text(".journal", "");
	os_fixture_text("a.journal.tmp", "");
	assert_int_equal(
	    gw_journal_file_names(".", ".journal", &why, &names, &n), GW_OK);
	assert_int_equal(n, 100);
	assert_string_equal(names[0], "00.journal");
	assert_string_equal(names[99], "99.journal");
	gw_journal_file_names_free(names, n);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(appends_and_reads),
		T(one_holder_at_a_time),
		T(a_failed_append_leaves_no_torn_end),
		T(a_peek_takes_nothing),
		T(what_is_no_journal),
		T(lists_by_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
