#include "os/dirs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os_fixture.h"

static struct gw_why why;

static void
made_private_with_parents(void **state)
{
	char *path, want[256];

	setenv("XDG_DATA_HOME", *state, 1);
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", *state, 1);
	assert_int_equal(gw_dirs_data(NULL, &why, &path), GW_OK);
	snprintf(want, sizeof want, "%s/godwit", (char *)*state);
	assert_string_equal(path, want);
	assert_int_equal(os_fixture_lstat("godwit").st_mode & 07777, 0700);
	free(path);

	assert_int_equal(gw_dirs_state(NULL, &why, &path), GW_OK);
	snprintf(want, sizeof want, "%s/.local/state/godwit", (char *)*state);
	assert_string_equal(path, want);
	assert_int_equal(os_fixture_lstat(".local").st_mode & 07777, 0700);
	free(path);
	assert_int_equal(gw_dirs_state(NULL, &why, &path), GW_OK); /* again */
	free(path);

	/* Relative values do not count. */
	setenv("XDG_DATA_HOME", "relative", 1);
	assert_int_equal(gw_dirs_data(NULL, &why, &path), GW_OK);
	snprintf(want, sizeof want, "%s/.local/share/godwit", (char *)*state);
	assert_string_equal(path, want);
	free(path);

	assert_int_equal(gw_dirs_data("given/here", &why, &path), GW_OK);
	snprintf(want, sizeof want, "%s/given/here", (char *)*state);
	assert_string_equal(path, want);
	free(path);
}

static void
what_is_wrong_is_said(void **state)
{
	char *path = NULL;

	(void)state;
	os_fixture_text("file", "");
	assert_int_equal(gw_dirs_data("file", &why, &path), GW_E_DISK);
	assert_non_null(strstr(why.text, "file: is not a directory"));
	assert_int_equal(gw_dirs_data("file/x", &why, &path), GW_E_DISK);
	mkdir("open", 0755);
	chmod("open", 0775);
	assert_int_equal(gw_dirs_data("open", &why, &path), GW_E_DISK);
	assert_non_null(strstr(why.text, "chmod go-w"));
	if (geteuid() == 0) {
		mkdir("theirs", 0755);
		assert_int_equal(chown("theirs", 65534, 65534), 0);
		assert_int_equal(
		    gw_dirs_data("theirs", &why, &path), GW_E_DISK);
		assert_non_null(strstr(why.text, "another user (uid 65534)"));
	}
	unsetenv("HOME");
	unsetenv("XDG_DATA_HOME");
	assert_int_equal(gw_dirs_data(NULL, &why, &path), GW_E_DISK);
	assert_non_null(strstr(why.text, "HOME is not set"));
	assert_null(path);
}

static void
what_runs_is_shown_where_the_system_says_or_nowhere(void **state)
{
	char *path = NULL, want[256];

	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(gw_dirs_runtime(&why, &path), GW_E_NO_PATH);
	setenv("XDG_RUNTIME_DIR", "relative", 1);
	assert_int_equal(gw_dirs_runtime(&why, &path), GW_E_NO_PATH);
	snprintf(want, sizeof want, "%s/missing", (char *)*state);
	setenv("XDG_RUNTIME_DIR", want, 1);
	assert_int_equal(gw_dirs_runtime(&why, &path), GW_E_NO_PATH);
	assert_false(os_fixture_exists("missing"));
	setenv("XDG_RUNTIME_DIR", *state, 1);
	chmod(".", 0770); /* others may put things there */
	assert_int_equal(gw_dirs_runtime(&why, &path), GW_E_NO_PATH);
	chmod(".", 0700);
	if (geteuid() == 0) {
		/* As after sudo -E. */
		assert_int_equal(chown(".", 65534, 65534), 0);
		assert_int_equal(gw_dirs_runtime(&why, &path), GW_E_NO_PATH);
		assert_int_equal(chown(".", 0, 0), 0);
	}
	assert_null(path);
	assert_false(os_fixture_exists("godwit"));
	assert_int_equal(gw_dirs_runtime(&why, &path), GW_OK);
	snprintf(want, sizeof want, "%s/godwit", (char *)*state);
	assert_string_equal(path, want);
	assert_int_equal(os_fixture_lstat("godwit").st_mode & 07777, 0700);
	free(path);
	path = NULL;
	chmod("godwit", 0777);
	assert_int_equal(gw_dirs_runtime(&why, &path), GW_E_DISK);
	assert_null(path);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(made_private_with_parents),
		T(what_is_wrong_is_said),
		T(what_runs_is_shown_where_the_system_says_or_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
