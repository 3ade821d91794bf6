#include "os/session_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os_fixture.h"

#define NAMED "0123456789abcdef.sessions"

static struct gw_why why;

/* The working directory is $XDG_RUNTIME_DIR. */
static int
setup(void **state)
{
	if (os_fixture_setup(state) != 0)
		return -1;
	setenv("XDG_RUNTIME_DIR", *state, 1);
	return mkdir("godwit", 0700);
}

static struct gw_session_file *
opened(void)
{
	struct gw_session_file *f;

	if (gw_session_file_new("godwit", &why, &f) != GW_OK)
		fail_msg("%s", why.text);
	return f;
}

static unsigned
names(char last[64])
{
	DIR *d = opendir("godwit");
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.') {
			snprintf(last, 64, "godwit/%.50s", e->d_name);
			n++;
		}
	closedir(d);
	return n;
}

static unsigned
seen(const struct gw_session_files *s)
{
	const struct gw_shown_file *f = NULL;
	unsigned n = 0;

	while ((f = gw_session_files_next(s, f)) != NULL)
		/* Root is shown those of others, too. */
		n += f->uid == geteuid();
	return n;
}

/* How many there are that a reader would open. */
static unsigned
looked(void)
{
	struct gw_session_files *s;
	unsigned n;

	assert_int_equal(gw_session_files_new(&s), GW_OK);
	gw_session_files_look(s);
	n = seen(s);
	gw_session_files_free(s);
	return n;
}

static void
says(const struct gw_shown_file *f, const char *want, bool is_gone)
{
	char text[64];
	bool gone;
	size_t n = gw_shown_file_read(f, text, sizeof text, &gone);

	assert_int_equal(n, strlen(want));
	assert_memory_equal(text, want, n);
	assert_int_equal(gone, is_gone);
}

static void
what_is_written_is_read_up_to_the_last_word(void **state)
{
	struct gw_session_file *f = opened();
	struct gw_session_files *s;
	const struct gw_shown_file *shown;
	char name[64];

	(void)state;
	assert_int_equal(names(name), 1);
	assert_int_equal(os_fixture_lstat(name).st_mode & 0777, 0600);
	gw_session_file_write(f, gw_slice_str("one"));
	assert_int_equal(gw_session_files_new(&s), GW_OK);
	gw_session_files_look(s);
	assert_int_equal(seen(s), 1);
	shown = gw_session_files_next(s, NULL);
	says(shown, "one", false);
	gw_session_files_look(s);
	assert_int_equal(seen(s), 1);
	gw_session_file_write(f, gw_slice_str("two and"));
	says(shown, "two and", false);
	gw_session_file_write(f, gw_slice_str("the end"));
	gw_session_file_free(f);
	assert_int_equal(names(name), 0);
	says(shown, "the end", true);
	gw_session_files_free(s);
}

static void
a_new_one_is_told(void **state)
{
	struct gw_session_files *s;
	struct gw_session_file *f;
	struct pollfd p;

	(void)state;
	assert_int_equal(gw_session_files_new(&s), GW_OK);
	gw_session_files_look(s);
	assert_false(gw_session_files_told(s));
	f = opened();
	p = (struct pollfd){ .fd = gw_session_files_fd(s), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 60000), 1);
	assert_true(gw_session_files_told(s));
	assert_false(gw_session_files_told(s));
	gw_session_file_free(f);
	gw_session_files_free(s);
}

static int
makes_one_and_is_killed(void *arg)
{
	(void)arg;
	opened();
	raise(SIGKILL);
	return 0;
}

static void
what_the_dead_left_goes_what_the_living_have_stays(void **state)
{
	struct gw_session_file *f;
	char name[64];

	(void)state;
	assert_int_equal(
	    os_fixture_child(makes_one_and_is_killed, NULL), 128 + SIGKILL);
	assert_int_equal(names(name), 1);
	os_fixture_text("godwit/other", "not ours");
	mkdir("godwit/" NAMED, 0700);
	f = opened();
	/* The dead one's is gone; a directory and what has another name are
	 * none of our business. */
	assert_int_equal(names(name), 3);
	gw_session_file_free(opened());
	assert_int_equal(names(name), 3);
	gw_session_file_free(f);
	assert_int_equal(names(name), 2);
}

static int
cannot_make_one(void *arg)
{
	struct gw_session_file *f = arg;

	os_fixture_ordinary_user();
	return gw_session_file_new("godwit", &why, &f) == GW_OK ? 1 : 0;
}

static int
is_told_of_its_limit(void *arg)
{
	const struct rlimit l = { 1 << 16, 1 << 16 };
	struct gw_session_file *f = arg;

	if (setrlimit(RLIMIT_FSIZE, &l) != 0)
		return 2;
	return gw_session_file_new("godwit", &why, &f) == GW_E_LIMIT ? 0 : 1;
}

static void
where_none_can_be_made_it_says_why(void **state)
{
	struct gw_session_file *f = NULL;

	(void)state;
	assert_int_equal(
	    gw_session_file_new("nowhere", &why, &f), GW_E_NO_PATH);
	assert_non_null(strstr(why.text, "nowhere"));
	assert_int_equal(symlink("godwit", "link"), 0);
	assert_int_not_equal(gw_session_file_new("link", &why, &f), GW_OK);
	assert_int_equal(os_fixture_child(is_told_of_its_limit, NULL), 0);
	chmod("godwit", 0500);
	assert_int_equal(os_fixture_child(cannot_make_one, NULL), 0);
	assert_null(f);
}

static void
only_what_its_owner_made_for_himself_is_read(void **state)
{
	(void)state;
	os_fixture_text("godwit/" NAMED, "text");
	assert_int_equal(looked(), 0); /* others may read it */
	chmod("godwit/" NAMED, 0600);
	assert_int_equal(looked(), 1);
	assert_int_equal(rename("godwit/" NAMED, "godwit/ours"), 0);
	assert_int_equal(looked(), 0); /* another name */
	assert_int_equal(symlink("ours", "godwit/" NAMED), 0);
	assert_int_equal(looked(), 0);
	assert_int_equal(unlink("godwit/" NAMED), 0);
	assert_int_equal(mkfifo("godwit/" NAMED, 0600), 0);
	assert_int_equal(looked(), 0); /* and nobody waits */
	assert_int_equal(unlink("godwit/" NAMED), 0);
	assert_int_equal(rename("godwit/ours", "godwit/" NAMED), 0);
	assert_int_equal(truncate("godwit/" NAMED, 1 << 24), 0);
	assert_int_equal(looked(), 0); /* none of ours is so long */
	assert_int_equal(truncate("godwit/" NAMED, 10), 0);
	assert_int_equal(looked(), 1);
	if (geteuid() == 0) {
		assert_int_equal(chown("godwit/" NAMED, 65534, 65534), 0);
		assert_int_equal(looked(), 0); /* in another's directory */
		assert_int_equal(chown("godwit/" NAMED, 0, 0), 0);
	}
	chmod("godwit", 0770);
	assert_int_equal(looked(), 0); /* others may change it */
	chmod("godwit", 0700);
	assert_int_equal(looked(), 1);
	assert_int_equal(rename("godwit", "elsewhere"), 0);
	assert_int_equal(symlink("elsewhere", "godwit"), 0);
	assert_int_equal(looked(), 0);
	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(looked(), 0);
}

static int
sees_none(void *arg)
{
	(void)arg;
	os_fixture_ordinary_user();
	return (int)looked();
}

static void
others_see_nothing_of_it(void **state)
{
	struct gw_session_file *f = opened();

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(looked(), 1);
	assert_int_equal(os_fixture_child(sees_none, NULL), 0);
	gw_session_file_free(f);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_read_up_to_the_last_word),
		T(a_new_one_is_told),
		T(what_the_dead_left_goes_what_the_living_have_stays),
		T(where_none_can_be_made_it_says_why),
		T(only_what_its_owner_made_for_himself_is_read),
		T(others_see_nothing_of_it),
	};

	return cmocka_run_group_tests_name(
	    "os_session_files", tests, NULL, NULL);
}
