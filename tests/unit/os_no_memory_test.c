/*
 * Every allocation of src/os fails once: what was begun is undone (the
 * sanitizers look), and the error is GW_E_MEMORY.
 */
#include <stdlib.h>
#include <unistd.h>

#include "alloc.h"
#include "os/addr.h"
#include "os/journal_file.h"
#include "os/source.h"
#include "os/sweep.h"
#include "os/target.h"
#include "os/walk.h"
#include "os_fixture.h"

static struct gw_why why;
static const char *const tree = "t";

static enum gw_err
make_roots(void)
{
	struct gw_roots *r;
	struct gw_source *s;
	enum gw_err err = gw_roots_new(&tree, 1, &why, &r);

	if (err != GW_OK)
		return err;
	if ((err = gw_source_new(r, &s)) == GW_OK)
		gw_source_free(s);
	gw_roots_free(r);
	return err;
}

static enum gw_err
walk_all(const struct gw_walk_options *o)
{
	struct gw_walk *w;
	struct gw_walk_entry e;
	enum gw_err err = gw_walk_new(o, &w);

	if (err != GW_OK)
		return err;
	while ((err = gw_walk_next(w, &e)) == GW_OK)
		assert_int_equal(e.what, GW_WALK_ENTRY);
	gw_walk_free(w);
	return err == GW_E_NO_PATH ? GW_OK : err;
}

static enum gw_err
walk(void)
{
	struct gw_walk_options o = { .path_max = 100, .depth_max = 100 };
	struct gw_roots *r;
	enum gw_err err;

	test_fail_alloc(-1);
	assert_int_equal(gw_roots_new(&tree, 1, &why, &r), GW_OK);
	o.roots = r;
	err = walk_all(&o);
	assert_int_equal(err, GW_OK);
	for (long n = 0;; n++) {
		test_fail_alloc(n);
		err = walk_all(&o);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		assert_true(n < 1000);
	}
	gw_roots_free(r);
	return GW_OK;
}

static enum gw_err
write_some(struct gw_target *t)
{
	struct gw_target_whole w = { .file = { .path = gw_slice_str("t/new"),
					 .temp = ".godwit-1.part",
					 .entry = 1 } };
	struct gw_stamp stamp;
	enum gw_err err = gw_target_write_whole(t, &w, &why);

	if (err == GW_OK)
		err = gw_target_temp_open(t, &w.file, 0, &stamp, &why);
	return err;
}

static enum gw_err
target(void)
{
	struct gw_target *t;
	enum gw_err err = gw_target_open(".", &why, &t);

	if (err != GW_OK)
		return err;
	err = write_some(t);
	gw_target_close(t);
	return err;
}

static enum gw_err
journal(void)
{
	struct gw_journal_file *j;
	struct gw_bytes b = { 0 };
	enum gw_err err = gw_journal_file_open(".", "j", true, &why, &j);

	if (err != GW_OK)
		return err;
	err = gw_journal_file_append(j, gw_slice_str("record"), &why);
	if (err == GW_OK)
		err = gw_journal_file_read(j, 100, &b, &why);
	gw_bytes_fini(&b);
	if (err == GW_OK)
		return gw_journal_file_remove(j, &why);
	gw_journal_file_close(j);
	return err;
}

static enum gw_err
names(void)
{
	char **v;
	size_t n;
	enum gw_err err = gw_journal_file_names("t", "", &why, &v, &n);

	if (err == GW_OK)
		gw_journal_file_names_free(v, n);
	return err;
}

static enum gw_err
addresses(void)
{
	struct gw_addr *v;
	size_t n;
	enum gw_err err = gw_addr_list(&v, &n);

	if (err == GW_OK)
		free(v);
	return err;
}

static bool
ours(void *arg, const char *name, const struct gw_stamp *s)
{
	(void)arg;
	(void)name;
	(void)s;
	return true;
}

static enum gw_err
sweep(void)
{
	struct stat st = os_fixture_lstat("t");
	struct gw_sweep s = {
		.dir = "t", .dev = st.st_dev, .ino = st.st_ino, .ours = ours
	};

	return gw_sweep(&s, &why);
}

static void
every_allocation_may_fail(void **state)
{
	static enum gw_err (*const parts[])(void) = { make_roots, walk, target,
		journal, names, addresses, sweep };
	enum gw_err err;

	(void)state;
	mkdir("t", 0755);
	mkdir("t/d", 0755);
	os_fixture_text("t/d/file", "x");
	assert_int_equal(link("t/d/file", "t/d/second"), 0);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		for (long n = 0;; n++) {
			test_fail_alloc(n);
			err = parts[i]();
			test_fail_alloc(-1);
			if (err == GW_OK) {
				assert_true(n > 0 || parts[i] == walk);
				break;
			}
			assert_int_equal(err, GW_E_MEMORY);
			assert_true(n < 1000);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_allocation_may_fail,
		    os_fixture_setup, os_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
