/* Listing PATHs on a worker thread into a manifest. */
#include "run/scan.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "os_fixture.h"
#include "wire/limits.h"

struct listing {
	struct gw_loop loop;
	struct gw_roots *roots;
	struct gw_scan scan;
	unsigned done;
};

static void
on_done(struct gw_scan *s, void *arg)
{
	assert_false(s->running);
	++*(unsigned *)arg;
}

static void
prepare(struct listing *l, const char *path)
{
	memset(l, 0, sizeof *l);
	assert_int_equal(gw_loop_init(&l->loop), GW_OK);
	assert_int_equal(gw_roots_new(&path, 1, NULL, &l->roots), GW_OK);
	l->scan.options = (struct gw_walk_options){
		.roots = l->roots,
		.path_max = GW_PATH_MAX,
		.depth_max = GW_DEPTH_MAX,
	};
	l->scan.done = on_done;
	l->scan.arg = &l->done;
}

static void
list(struct listing *l, const char *path)
{
	prepare(l, path);
	gw_scan_start(&l->loop, &l->scan);
	assert_true(l->scan.running);
}

static void
await(struct listing *l)
{
	while (l->done == 0)
		(void)gw_loop_wait(&l->loop, 1000);
	assert_int_equal(l->done, 1);
}

static void
end(struct listing *l)
{
	gw_scan_fini(&l->scan);
	gw_roots_free(l->roots);
	gw_loop_fini(&l->loop);
}

static void
make_tree(void)
{
	assert_int_equal(mkdir("tree", 0755), 0);
	assert_int_equal(mkdir("tree/sub", 0755), 0);
	os_fixture_text("tree/a", "12345");
	os_fixture_text("tree/sub/b", "123");
	assert_int_equal(symlink("a", "tree/to-a"), 0);
	assert_int_equal(link("tree/a", "tree/z"), 0);
}

static void
entries_are_as_the_files_are(void **state)
{
	struct listing l;
	struct gw_entry e;
	struct stat st;

	(void)state;
	make_tree();
	assert_int_equal(chmod("tree/sub/b", 04751), 0);
	st = os_fixture_lstat("tree/sub/b");
	list(&l, "tree");
	await(&l);
	assert_int_equal(l.scan.err, GW_OK);
	assert_int_equal(gw_manifest_count(l.scan.manifest), 6);
	gw_manifest_get(l.scan.manifest, 3, &e);
	assert_memory_equal(e.path.p, "tree/sub/b", 10);
	assert_int_equal(e.kind, GW_KIND_FILE);
	assert_int_equal(e.mode, 0751); /* no set-user-id bit */
	assert_int_equal(e.size, 3);
	assert_int_equal(e.ino, st.st_ino);
	assert_int_equal(e.mtime_s, st.st_mtim.tv_sec);
	assert_int_equal(e.mtime_ns, st.st_mtim.tv_nsec);
	assert_true(e.hardlink_of == GW_NO_LINK);
	gw_manifest_get(l.scan.manifest, 4, &e);
	assert_int_equal(e.kind, GW_KIND_SYMLINK);
	assert_int_equal(e.target.n, 1);
	gw_manifest_get(l.scan.manifest, 5, &e);
	assert_int_equal(e.hardlink_of, 1); /* tree/z is tree/a */
	end(&l);
}

static void
a_special_file_is_missed_and_said(void **state)
{
	struct listing l;

	(void)state;
	make_tree();
	assert_int_equal(mkfifo("tree/fifo", 0644), 0);
	list(&l, "tree");
	await(&l);
	assert_int_equal(l.scan.err, GW_OK);
	assert_int_equal(l.scan.special, 1);
	assert_int_equal(l.scan.failed, 0);
	assert_non_null(l.scan.misses);
	assert_true(l.scan.misses->special);
	assert_string_equal(l.scan.misses->path, "tree/fifo");
	assert_null(l.scan.misses->next);
	assert_int_equal(gw_manifest_count(l.scan.manifest), 6);
	end(&l);
}

static int
list_as_an_ordinary_user(void *arg)
{
	const char *path = arg;
	struct listing l;
	int result;

	os_fixture_ordinary_user();
	list(&l, path);
	await(&l);
	result = (int)l.scan.err * 10 + (int)l.scan.failed;
	end(&l);
	uv_library_shutdown(); /* its threads; _exit does not end them */
	return result;
}

static void
what_cannot_be_read_fails_alone_unless_it_is_a_path(void **state)
{
	char path[] = "tree";

	(void)state;
	make_tree();
	assert_int_equal(chmod("tree/sub", 0), 0);
	if (geteuid() != 0)
		skip();
	assert_int_equal(os_fixture_child(list_as_an_ordinary_user, path), 1);
	assert_int_equal(chmod("tree", 0), 0);
	assert_int_equal(os_fixture_child(list_as_an_ordinary_user, path),
	    GW_E_NO_PATH * 10 + 1);
}

static void
a_cancelled_scan_still_ends(void **state)
{
	struct listing l;

	(void)state;
	make_tree();
	list(&l, "tree");
	gw_scan_cancel(&l.scan);
	await(&l);
	end(&l);
}

static void
without_memory_it_says_so(void **state)
{
	enum gw_err err = GW_E_MEMORY;
	struct listing l;
	long n;

	(void)state;
	make_tree();
	assert_int_equal(mkfifo("tree/fifo", 0644), 0);
	for (n = 0; err != GW_OK; n++) {
		prepare(&l, "tree");
		test_fail_alloc(n);
		gw_scan_start(&l.loop, &l.scan);
		await(&l);
		test_fail_alloc(-1);
		err = l.scan.err;
		assert_true(err == GW_OK || err == GW_E_MEMORY);
		end(&l);
	}
	assert_true(n >= 2);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		/* First: it forks, and this process has no threads yet. */
		IN_A_DIRECTORY(
		    what_cannot_be_read_fails_alone_unless_it_is_a_path),
		IN_A_DIRECTORY(entries_are_as_the_files_are),
		IN_A_DIRECTORY(a_special_file_is_missed_and_said),
		IN_A_DIRECTORY(a_cancelled_scan_still_ends),
		IN_A_DIRECTORY(without_memory_it_says_so),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
