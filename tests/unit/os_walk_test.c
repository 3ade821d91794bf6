#include "os/walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os_fixture.h"

static struct gw_why why;

/* What a walk yields, one line each: "kind path[ = target][ #link]". */
static char *
listing(struct gw_walk_options *o, const char *const *paths, size_t count)
{
	static const char *const kinds[] = { "file", "dir", "link", "hard",
		"other" };
	static char buf[1 << 20];
	struct gw_roots *roots;
	struct gw_walk *w;
	struct gw_walk_entry e;
	uint64_t number = 0;
	size_t n = 0;
	enum gw_err err;

	assert_int_equal(gw_roots_new(paths, count, &why, &roots), GW_OK);
	o->roots = roots;
	o->path_max = o->path_max > 0 ? o->path_max : 4096;
	o->depth_max = o->depth_max > 0 ? o->depth_max : 256;
	assert_int_equal(gw_walk_new(o, &w), GW_OK);
	buf[0] = '\0';
	while ((err = gw_walk_next(w, &e)) == GW_OK) {
		assert_int_equal(e.path_len, strlen(e.path));
		if (e.what == GW_WALK_ENTRY)
			assert_true(e.is_root == (strchr(e.path, '/') == NULL));
		n += (size_t)snprintf(buf + n, sizeof buf - n, "%s %s",
		    e.what == GW_WALK_FAILED    ? "failed"
		    : e.what == GW_WALK_SPECIAL ? "special"
						: kinds[e.stamp.kind],
		    e.path);
		if (e.what == GW_WALK_ENTRY)
			assert_int_equal(e.number, number++);
		if (e.target != NULL)
			n += (size_t)snprintf(
			    buf + n, sizeof buf - n, " = %s", e.target);
		if (e.hardlink_of != GW_WALK_NO_LINK)
			n += (size_t)snprintf(buf + n, sizeof buf - n, " #%d",
			    (int)e.hardlink_of);
		if (e.what == GW_WALK_FAILED)
			n += (size_t)snprintf(
			    buf + n, sizeof buf - n, ": %s", e.reason);
		n += (size_t)snprintf(buf + n, sizeof buf - n, "\n");
	}
	assert_int_equal(err, GW_E_NO_PATH);
	assert_int_equal(gw_walk_next(w, &e), GW_E_NO_PATH);
	gw_walk_free(w);
	gw_roots_free(roots);
	return buf;
}

static void
make_tree(void)
{
	mkdir("t", 0755);
	mkdir("t/b", 0755);
	mkdir("t/b/deep", 0700);
	mkdir("t/empty", 0755);
	os_fixture_text("t/b/deep/x.o", "123");
	os_fixture_text("t/b/x.c", "");
	os_fixture_text("t/b-", "");
	os_fixture_text("t/A", "hello");
	assert_int_equal(symlink("b/deep", "t/link"), 0);
	assert_int_equal(link("t/A", "t/z"), 0);
}

static void
directories_first_in_the_order_of_bytes(void **state)
{
	struct gw_walk_options o = { 0 };

	(void)state;
	make_tree();
	assert_string_equal(listing(&o, (const char *[]){ "t/" }, 1),
	    "dir t\n"
	    "file t/A\n"
	    "dir t/b\n"
	    "dir t/b/deep\n"
	    "file t/b/deep/x.o\n"
	    "file t/b/x.c\n"
	    "file t/b-\n"
	    "dir t/empty\n"
	    "link t/link = b/deep\n"
	    "file t/z #1\n");
}

static void
what_is_known_of_a_file(void **state)
{
	struct gw_walk_options o = { .path_max = 4096, .depth_max = 256 };
	const char *path = "f";
	struct timespec times[2] = { { .tv_sec = 1 },
		{ .tv_sec = 77, .tv_nsec = 123456789 } };
	struct gw_roots *roots;
	struct gw_walk *w;
	struct gw_walk_entry e;
	struct stat st;

	(void)state;
	os_fixture_text("f", "12345");
	chmod("f", 04751);
	assert_int_equal(truncate("f", 1 << 20), 0);
	utimensat(AT_FDCWD, "f", times, 0);
	st = os_fixture_lstat("f");
	assert_int_equal(gw_roots_new(&path, 1, &why, &roots), GW_OK);
	o.roots = roots;
	assert_int_equal(gw_walk_new(&o, &w), GW_OK);
	assert_int_equal(gw_walk_next(w, &e), GW_OK);
	assert_int_equal(e.what, GW_WALK_ENTRY);
	assert_int_equal(e.stamp.kind, GW_KIND_FILE);
	assert_int_equal(e.stamp.size, 1 << 20);
	assert_int_equal(e.stamp.mode, 04751);
	assert_int_equal(e.stamp.mtime_s, 77);
	assert_int_equal(e.stamp.mtime_ns, 123456789);
	assert_int_equal(e.stamp.ctime_s, st.st_ctim.tv_sec);
	assert_int_equal(e.stamp.ino, st.st_ino);
	assert_int_equal(e.stamp.dev, st.st_dev);
	assert_true(e.stamp.sparse);
	gw_walk_free(w);
	gw_roots_free(roots);
}

static void
special_files_are_told_and_left_out(void **state)
{
	struct gw_walk_options o = { 0 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX,
		.sun_path = "t/socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	mkdir("t", 0755);
	assert_int_equal(mkfifo("t/fifo", 0600), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
	close(fd);
	os_fixture_text("t/x", "");
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "dir t\nspecial t/fifo\nspecial t/socket\nfile t/x\n");
}

static void
excludes_leave_out(void **state)
{
	struct gw_walk_options o = { .exclude = (const char *[]){ "*.o", "/b-",
					 "empty/" },
		.exclude_count = 3 };

	(void)state;
	make_tree();
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "dir t\nfile t/A\ndir t/b\ndir t/b/deep\nfile t/b/x.c\n"
	    "link t/link = b/deep\nfile t/z #1\n");
	o.exclude = (const char *[]){ "b" };
	o.exclude_count = 1;
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "dir t\nfile t/A\nfile t/b-\ndir t/empty\n"
	    "link t/link = b/deep\nfile t/z #1\n");
	/* Never the PATH itself. */
	o.exclude = (const char *[]){ "t" };
	assert_non_null(
	    strstr(listing(&o, (const char *[]){ "t" }, 1), "file t/A\n"));
}

static void
more_bytes_than_can_be_sent_fail_one_by_one(void **state)
{
	struct gw_walk_options o = { .bytes_max = 10 };

	(void)state;
	mkdir("t", 0755);
	os_fixture_text("t/a", "1234567890");
	os_fixture_text("t/b", "12345");
	os_fixture_text("t/c", "12345");
	os_fixture_text("t/d", "1234");
	os_fixture_text("t/e", "");
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "dir t\n"
	    "failed t/a: with it there are more bytes than can be sent\n"
	    "file t/b\n"
	    "failed t/c: with it there are more bytes than can be sent\n"
	    "file t/d\n"
	    "file t/e\n");
}

static void
only_these_files(void **state)
{
	static const char *const files[] = { "b/deep/x.o", "./A", "b//x.c",
		"none", "b/none", "link/x.o", "A/x", "../t", "/etc/passwd", "",
		"empty/", "A", "b/..", ".." };
	struct gw_walk_options o = { .files = files,
		.file_count = sizeof files / sizeof files[0],
		.files_given = true };

	(void)state;
	make_tree();
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "failed ../t: `..` leads out of the PATH\n"
	    "failed /etc/passwd: it must be relative to the PATH\n"
	    "failed b/..: `..` leads out of the PATH\n"
	    "failed ..: `..` leads out of the PATH\n"
	    "dir t\n"
	    "file t/A\n"
	    "dir t/b\n"
	    "dir t/b/deep\n"
	    "file t/b/deep/x.o\n"
	    "failed t/b/none: look: No such file or directory\n"
	    "file t/b/x.c\n"
	    "dir t/empty\n"
	    "failed t/link: a symbolic link, which is not followed\n"
	    "failed t/none: look: No such file or directory\n");
}

static void
a_directory_in_the_list_is_taken_whole(void **state)
{
	struct gw_walk_options o = { .files = (const char *[]){ "b" },
		.file_count = 1,
		.files_given = true };

	(void)state;
	make_tree();
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "dir t\ndir t/b\ndir t/b/deep\nfile t/b/deep/x.o\nfile t/b/x.c\n");
	o.files = (const char *[]){ "b-", "b/deep" }; /* "b-" < "b/" */
	o.file_count = 2;
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "dir t\ndir t/b\ndir t/b/deep\nfile t/b/deep/x.o\nfile t/b-\n");
	o.files = (const char *[]){ "." };
	o.file_count = 1;
	assert_non_null(
	    strstr(listing(&o, (const char *[]){ "t" }, 1), "file t/z #1"));
	o.file_count = 0;
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1), "");
}

static void
several_paths(void **state)
{
	struct gw_walk_options o = { 0 };

	(void)state;
	make_tree();
	assert_int_equal(symlink("t/b", "by link"), 0);
	assert_string_equal(
	    listing(&o, (const char *[]){ "t/z", "by link", "t/A" }, 3),
	    "file z\n"
	    "dir by link\ndir by link/deep\nfile by link/deep/x.o\n"
	    "file by link/x.c\n"
	    "file A #0\n");
}

static void
what_does_not_fit_fails_alone(void **state)
{
	struct gw_walk_options o = { .path_max = 8, .depth_max = 3 };

	(void)state;
	make_tree();
	os_fixture_text("t/123456", "");
	os_fixture_text("t/1234567", "");
	assert_string_equal(listing(&o, (const char *[]){ "t" }, 1),
	    "dir t\n"
	    "file t/123456\n"
	    "failed t/1234567: its path is too long to send\n"
	    "file t/A\n"
	    "dir t/b\n"
	    "dir t/b/deep\n"
	    "failed t/b/deep/x.o: its path is too long to send\n"
	    "file t/b/x.c\n"
	    "file t/b-\n"
	    "dir t/empty\n"
	    "link t/link = b/deep\n"
	    "file t/z #2\n");
	o.path_max = 100;
	assert_non_null(strstr(listing(&o, (const char *[]){ "t" }, 1),
	    "failed t/b/deep/x.o: it is too many directories deep"));
}

/* Directories d/d/d..., each with a file z. */
static void
make_deep(int levels)
{
	int dir = AT_FDCWD, next;

	for (int i = 0; i < levels; i++) {
		assert_int_equal(mkdirat(dir, "d", 0755), 0);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY);
		close(openat(next, "z", O_WRONLY | O_CREAT, 0600));
		if (dir != AT_FDCWD)
			close(dir);
		dir = next;
	}
	close(dir);
}

/* On the way up a directory that had to be closed is another one now. */
static void
a_directory_that_is_swapped_is_noticed(void **state)
{
	const char *path = "d";
	struct gw_walk_options o = { .path_max = 4096, .depth_max = 256 };
	struct gw_roots *roots;
	struct gw_walk *w;
	struct gw_walk_entry e;
	unsigned failed = 0, files = 0;

	(void)state;
	make_deep(60);
	assert_int_equal(gw_roots_new(&path, 1, &why, &roots), GW_OK);
	o.roots = roots;
	assert_int_equal(gw_walk_new(&o, &w), GW_OK);
	for (int i = 0; i < 60; i++)
		assert_int_equal(gw_walk_next(w, &e), GW_OK);
	assert_int_equal(rename("d/d/d", "moved"), 0);
	assert_int_equal(mkdir("d/d/d", 0755), 0);
	os_fixture_text("d/d/d/z", "secret");
	while (gw_walk_next(w, &e) == GW_OK) {
		failed += e.what == GW_WALK_FAILED;
		files += e.what == GW_WALK_ENTRY;
		assert_string_not_equal(e.path, "d/d/d/z");
	}
	assert_true(failed > 0);
	assert_true(files > 40 && files < 60);
	gw_walk_free(w);
	gw_roots_free(roots);
}

/* Deeper than descriptors are to be had: and every file is found. */
static void
deep_trees(void **state)
{
	struct gw_walk_options o = { .depth_max = 1000 };
	struct rlimit few = { 80, 80 }, before;
	const char *out;
	int files = 0, dirs = 0;

	(void)state;
	make_deep(300);
	getrlimit(RLIMIT_NOFILE, &before);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	out = listing(&o, (const char *[]){ "d" }, 1);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_null(strstr(out, "failed"));
	for (const char *p = out; *p != '\0'; p = strchr(p, '\n') + 1) {
		files += strncmp(p, "file", 4) == 0;
		dirs += strncmp(p, "dir", 3) == 0;
	}
	assert_int_equal(files, 300);
	assert_int_equal(dirs, 300);
}

static int
walk_denied(void *arg)
{
	struct gw_walk_options o = { 0 };
	const char *out;

	(void)arg;
	os_fixture_ordinary_user();
	out = listing(&o, (const char *[]){ "t" }, 1);
	return strstr(out, "failed t/b/deep: open: Permission denied\n") !=
			   NULL &&
		       strstr(out, "file t/b/x.c\n") != NULL
		   ? 0
		   : 1;
}

static void
an_unreadable_directory_fails_alone(void **state)
{
	(void)state;
	make_tree();
	if (geteuid() != 0)
		chmod("t/b/deep", 0);
	assert_int_equal(os_fixture_child(walk_denied, NULL), 0);
}

static void
odd_names_survive(void **state)
{
	struct gw_walk_options o = { 0 };
	char *out, longest[300] = "t/";

	(void)state;
	mkdir("t", 0755);
	memset(longest + 2, 0xff, 255);
	os_fixture_text(longest, "");
	os_fixture_text("t/new\nline", "");
	os_fixture_text("t/-rf", "");
	out = listing(&o, (const char *[]){ "t" }, 1);
	assert_non_null(strstr(out, longest));
	assert_non_null(strstr(out, "file t/new\nline\n"));
	assert_non_null(strstr(out, "file t/-rf\n"));
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(directories_first_in_the_order_of_bytes),
		T(what_is_known_of_a_file),
		T(special_files_are_told_and_left_out),
		T(excludes_leave_out),
		T(more_bytes_than_can_be_sent_fail_one_by_one),
		T(only_these_files),
		T(a_directory_in_the_list_is_taken_whole),
		T(several_paths),
		T(what_does_not_fit_fails_alone),
		T(a_directory_that_is_swapped_is_noticed),
		T(deep_trees),
		T(an_unreadable_directory_fails_alone),
		T(odd_names_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
