/*
 * manifest: what was added comes back, whatever was added after it.
 */
#include "transfer/manifest.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "test.h"

static struct gw_entry
file(const char *path, uint64_t size)
{
	return (struct gw_entry){ .kind = GW_KIND_FILE,
		.mode = 0644,
		.size = size,
		.mtime_s = -5,
		.mtime_ns = 6,
		.ino = size + 1,
		.path = gw_slice_str(path),
		.hardlink_of = GW_NO_LINK };
}

static void
assert_same(const struct gw_entry *a, const struct gw_entry *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->size, b->size);
	assert_int_equal(a->mtime_s, b->mtime_s);
	assert_int_equal(a->mtime_ns, b->mtime_ns);
	assert_int_equal(a->ino, b->ino);
	assert_true(gw_slice_eq(a->path, b->path));
	assert_true(gw_slice_eq(a->target, b->target));
	assert_true(a->hardlink_of == b->hardlink_of);
}

static void
a_new_one_is_empty(void **state)
{
	struct gw_manifest *m;
	struct gw_totals t;

	(void)state;
	gw_manifest_free(NULL);
	assert_int_equal(gw_manifest_new(&m), GW_OK);
	assert_int_equal(gw_manifest_count(m), 0);
	t = gw_manifest_totals(m);
	assert_int_equal(t.files + t.dirs + t.others + t.bytes, 0);
	gw_manifest_free(m);
}

static void
every_kind_comes_back_under_its_number(void **state)
{
	struct gw_entry in[4] = { file("d/f", 70), file("d", 0), file("l", 9),
		file("d/g", 70) };
	struct gw_manifest *m;
	struct gw_entry out;
	struct gw_totals t;

	(void)state;
	in[1].kind = GW_KIND_DIR;
	in[2].kind = GW_KIND_SYMLINK;
	in[2].target = gw_slice_str("../to");
	in[3].hardlink_of = 0;
	in[0].flags = GW_ENTRY_SPARSE;
	in[0].stored = 69;
	assert_int_equal(gw_manifest_new(&m), GW_OK);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(gw_manifest_add(m, &in[i]), GW_OK);
	in[1].hardlink_of = GW_NO_LINK; /* what is not there to be written */
	in[2].hardlink_of = GW_NO_LINK;
	assert_int_equal(gw_manifest_count(m), 4);
	for (size_t i = 4; i-- > 0;) {
		gw_manifest_get(m, i, &out);
		assert_same(&out, &in[i]);
	}
	t = gw_manifest_totals(m);
	assert_int_equal(t.files, 2);
	assert_int_equal(t.dirs, 1);
	assert_int_equal(t.others, 1);
	assert_int_equal(t.bytes, 140); /* of files only */
	assert_int_equal(t.stored, 139);
	assert_int_equal(t.linked, 70);
	gw_manifest_free(m);
}

static void
it_keeps_a_copy(void **state)
{
	char path[] = "mine", target[] = "where";
	struct gw_entry e = file(path, 0), out;
	struct gw_manifest *m;

	(void)state;
	e.kind = GW_KIND_SYMLINK;
	e.target = gw_slice_str(target);
	assert_int_equal(gw_manifest_new(&m), GW_OK);
	assert_int_equal(gw_manifest_add(m, &e), GW_OK);
	memset(path, 'x', 4);
	memset(target, 'x', 5);
	gw_manifest_get(m, 0, &out);
	assert_true(gw_slice_eq(out.path, gw_slice_str("mine")));
	assert_true(gw_slice_eq(out.target, gw_slice_str("where")));
	gw_manifest_free(m);
}

static void
entries_are_kept_as_on_the_wire(void **state)
{
	const struct gw_entry in[2] = { file("first", 1), file("second", 2) };
	struct gw_manifest *m;

	(void)state;
	assert_int_equal(gw_manifest_new(&m), GW_OK);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(gw_manifest_add(m, &in[i]), GW_OK);
	for (size_t i = 0; i < 2; i++) {
		uint8_t buf[GW_ENTRY_MAX];
		struct gw_writer w = gw_writer(buf, sizeof buf);

		gw_entry_encode(&w, &in[i]);
		assert_true(gw_slice_eq(gw_manifest_encoded(m, i),
		    gw_slice(buf, gw_writer_len(&w))));
	}
	gw_manifest_free(m);
}

/* Thousands of the smallest, then many of the largest: over the ends of
 * chunks and through every growth of the index. */
static void
what_it_gave_stays_where_it_is(void **state)
{
	enum { SMALL = 20000, LARGE = 200 };
	static uint8_t path[GW_PATH_MAX], target[GW_LINK_MAX];
	struct gw_entry e = file("the first", 3), first, out;
	char name[16];
	struct gw_manifest *m;

	(void)state;
	assert_int_equal(gw_manifest_new(&m), GW_OK);
	assert_int_equal(gw_manifest_add(m, &e), GW_OK);
	gw_manifest_get(m, 0, &first);
	for (unsigned i = 1; i <= SMALL; i++) {
		snprintf(name, sizeof name, "n%u", i);
		e = file(name, i);
		assert_int_equal(gw_manifest_add(m, &e), GW_OK);
	}
	memset(path, 'p', sizeof path);
	memset(target, 't', sizeof target);
	for (size_t i = GW_COMPONENT_MAX; i < sizeof path - 1; i += 64)
		path[i] = '/';
	e = file("", 0);
	e.kind = GW_KIND_SYMLINK;
	e.mtime_s = INT64_MIN;
	e.ctime_s = INT64_MIN;
	e.path = gw_slice(path, sizeof path);
	e.target = gw_slice(target, sizeof target);
	for (unsigned i = 0; i < LARGE; i++)
		assert_int_equal(gw_manifest_add(m, &e), GW_OK);
	assert_int_equal(gw_manifest_count(m), 1 + SMALL + LARGE);
	assert_true(gw_slice_eq(first.path, gw_slice_str("the first")));
	gw_manifest_get(m, 0, &out);
	assert_ptr_equal(out.path.p, first.path.p);
	for (unsigned i = 1; i <= SMALL; i++) {
		snprintf(name, sizeof name, "n%u", i);
		gw_manifest_get(m, i, &out);
		assert_int_equal(out.size, i);
		assert_true(gw_slice_eq(out.path, gw_slice_str(name)));
	}
	for (unsigned i = 0; i < LARGE; i++) {
		gw_manifest_get(m, 1 + SMALL + i, &out);
		assert_true(gw_slice_eq(out.path, e.path));
		assert_true(gw_slice_eq(out.target, e.target));
	}
	gw_manifest_free(m);
}

static void
without_memory_nothing_is_added(void **state)
{
	struct gw_entry e = file("f", 5), out;
	struct gw_manifest *m = NULL;
	uint64_t count;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_manifest_new(&m), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_null(m);
	assert_int_equal(gw_manifest_new(&m), GW_OK);
	/* The first entry needs an index and a chunk, a later one sometimes
	 * either. */
	for (count = 0; count < 20000; count++) {
		for (long n = 0;; n++) {
			enum gw_err err;

			test_fail_alloc(n);
			err = gw_manifest_add(m, &e);
			test_fail_alloc(-1);
			if (err == GW_OK)
				break;
			assert_int_equal(err, GW_E_MEMORY);
			assert_int_equal(gw_manifest_count(m), count);
			assert_int_equal(gw_manifest_totals(m).files, count);
		}
		assert_int_equal(gw_manifest_count(m), count + 1);
		assert_int_equal(gw_manifest_totals(m).bytes, 5 * (count + 1));
	}
	gw_manifest_get(m, count - 1, &out);
	assert_same(&out, &e);
	gw_manifest_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_one_is_empty),
		cmocka_unit_test(every_kind_comes_back_under_its_number),
		cmocka_unit_test(it_keeps_a_copy),
		cmocka_unit_test(entries_are_kept_as_on_the_wire),
		cmocka_unit_test(what_it_gave_stays_where_it_is),
		cmocka_unit_test(without_memory_nothing_is_added),
	};

	return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
