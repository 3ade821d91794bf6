#include "wire/entry.h"

#include <string.h>

#include "test.h"

static const struct gw_entry a_file = {
	.kind = GW_KIND_FILE,
	.flags = GW_ENTRY_SPARSE,
	.stored = 4096,
	.mode = 0640,
	.size = GW_SIZE_MAX - 1,
	.mtime_s = -1,
	.mtime_ns = 999999999,
	.ctime_s = 1795466814,
	.ino = UINT64_MAX,
	.path = { (const uint8_t *)"in/\xff\n-x", 7 },
	.hardlink_of = GW_NO_LINK,
};

static size_t
encode(const struct gw_entry *e, uint8_t *buf, size_t cap)
{
	struct gw_writer w = gw_writer(buf, cap);

	gw_entry_encode(&w, e);
	assert_true(gw_writer_ok(&w));
	return gw_writer_len(&w);
}

/* Encoded and decoded; the bytes are all used, and none fewer will do. */
static bool
comes_back(const struct gw_entry *e, struct gw_entry *back)
{
	static uint8_t buf[2 * GW_ENTRY_MAX];
	size_t n = encode(e, buf, sizeof buf);
	struct gw_reader r = gw_reader(gw_slice(buf, n));

	if (!gw_entry_decode(&r, back))
		return false;
	assert_true(gw_reader_done(&r));
	for (size_t cut = 0; cut < n; cut++) {
		struct gw_entry none = { .ino = 7 };

		r = gw_reader(gw_slice(buf, cut));
		assert_false(gw_entry_decode(&r, &none));
		assert_int_equal(none.ino, 7);
	}
	return true;
}

static void
a_file_comes_back(void **state)
{
	struct gw_entry e = a_file, back;

	(void)state;
	assert_true(comes_back(&e, &back));
	assert_int_equal(back.kind, GW_KIND_FILE);
	assert_int_equal(back.flags, GW_ENTRY_SPARSE);
	assert_int_equal(back.stored, 4096);
	assert_int_equal(back.mode, 0640);
	assert_int_equal(back.size, GW_SIZE_MAX - 1);
	assert_int_equal(back.mtime_s, -1);
	assert_int_equal(back.mtime_ns, 999999999);
	assert_int_equal(back.ctime_s, 1795466814);
	assert_true(back.ino == UINT64_MAX);
	assert_true(gw_slice_eq(back.path, e.path));
	assert_true(back.hardlink_of == GW_NO_LINK);
	e.hardlink_of = 0;
	assert_true(comes_back(&e, &back));
	assert_int_equal(back.hardlink_of, 0);
}

static void
a_link_and_a_directory_come_back(void **state)
{
	struct gw_entry e = a_file, back;

	(void)state;
	e.kind = GW_KIND_SYMLINK;
	e.target = gw_slice_str("../somewhere else");
	assert_true(comes_back(&e, &back));
	assert_true(gw_slice_eq(back.target, e.target));
	e.target = gw_slice(NULL, 0);
	assert_false(comes_back(&e, &back));
	e.target = gw_slice("a\0b", 3);
	assert_false(comes_back(&e, &back));
	e.kind = GW_KIND_DIR;
	assert_true(comes_back(&e, &back));
	assert_int_equal(back.target.n, 0);
	e.kind = GW_KIND_OTHER;
	assert_false(comes_back(&e, &back));
}

static void
times_beyond_any_calendar_are_cut(void **state)
{
	struct gw_entry e = a_file, back;

	(void)state;
	e.mtime_s = INT64_MAX;
	e.ctime_s = INT64_MIN;
	assert_true(comes_back(&e, &back));
	assert_int_equal(back.mtime_s, INT64_C(1) << 59);
	assert_int_equal(back.ctime_s, -(INT64_C(1) << 59));
	e.mtime_ns = 1000000000;
	assert_false(comes_back(&e, &back));
}

/* As nobody writes it: a second form of the same time has no place. */
static void
times_that_are_not_cut_are_refused(void **state)
{
	static const uint64_t seconds[] = { (UINT64_C(1) << 60) + 2,
		(UINT64_C(1) << 60) + 1 };
	enum { BEFORE = 4 + 8 }; /* kind, flags, mode, size */
	uint8_t buf[GW_ENTRY_MAX];
	struct gw_entry e = a_file, back;
	struct gw_reader r;
	size_t n;

	(void)state;
	e.mtime_s = INT64_MAX;
	n = encode(&e, buf, sizeof buf);
	for (size_t i = 0; i < 2; i++) {
		struct gw_writer w = gw_writer(buf + BEFORE, 8);

		r = gw_reader(gw_slice(buf, n));
		assert_true(gw_entry_decode(&r, &back));
		gw_write_varint(&w, seconds[i]);
		r = gw_reader(gw_slice(buf, n));
		assert_false(gw_entry_decode(&r, &back));
		n = encode(&e, buf, sizeof buf);
	}
}

static void
a_target_has_a_longest(void **state)
{
	uint8_t target[GW_LINK_MAX + 1];
	struct gw_entry e = a_file, back;

	(void)state;
	memset(target, '/', sizeof target);
	e.kind = GW_KIND_SYMLINK;
	e.target = gw_slice(target, GW_LINK_MAX);
	assert_true(comes_back(&e, &back));
	assert_int_equal(back.target.n, GW_LINK_MAX);
	e.target.n++;
	assert_false(comes_back(&e, &back));
}

/* The largest that an entry can be is what is set aside for it. */
static void
the_largest_entry_fits(void **state)
{
	uint8_t path[GW_PATH_MAX], target[GW_LINK_MAX], buf[GW_ENTRY_MAX];
	struct gw_entry e = a_file, back;

	(void)state;
	memset(path, 'p', sizeof path);
	memset(target, 't', sizeof target);
	for (size_t i = GW_COMPONENT_MAX; i < sizeof path - 1; i += 64)
		path[i] = '/';
	e.kind = GW_KIND_SYMLINK;
	e.mtime_s = INT64_MIN;
	e.ctime_s = INT64_MIN;
	e.path = gw_slice(path, sizeof path);
	e.target = gw_slice(target, sizeof target);
	(void)encode(&e, buf, sizeof buf);
	assert_true(comes_back(&e, &back));
}

static void
what_is_over_a_limit_is_refused(void **state)
{
	struct gw_entry e = a_file, back;

	(void)state;
	e.flags = 2;
	assert_false(comes_back(&e, &back));
	e = a_file;
	e.size = 10;
	e.stored = 11;
	assert_false(comes_back(&e, &back));
	e.flags = 0; /* then it is not said */
	assert_true(comes_back(&e, &back));
	assert_int_equal(back.stored, e.size);
	e = a_file;
	e.mode = 07777; /* cut when it is encoded */
	assert_true(comes_back(&e, &back));
	assert_int_equal(back.mode, 0777);
}

/* The mode as a hostile sender may write it. */
static void
bits_beyond_permission_are_refused(void **state)
{
	uint8_t buf[GW_ENTRY_MAX];
	size_t n = encode(&a_file, buf, sizeof buf);
	struct gw_entry back;
	struct gw_reader r;

	(void)state;
	buf[2] = 0x08; /* setuid */
	r = gw_reader(gw_slice(buf, n));
	assert_false(gw_entry_decode(&r, &back));
}

static void
clean_paths(void **state)
{
	static const char *const good[] = { "a", "...", "..a", "a..", "-rf",
		"a/b/c", " ", "\\", "C:", "a/ /b" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(gw_path_is_clean(gw_slice_str(good[i])));
}

static void
paths_that_are_not_clean(void **state)
{
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".",
		"..", "./a", "../a", "a/.", "a/..", "a/../b", "a/./b" };
	struct gw_entry e = a_file, back;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(gw_path_is_clean(gw_slice_str(bad[i])));
		e.path = gw_slice_str(bad[i]);
		assert_false(comes_back(&e, &back));
	}
	assert_false(gw_path_is_clean(gw_slice("a\0b", 3)));
}

static void
paths_have_a_longest(void **state)
{
	uint8_t path[GW_PATH_MAX + 2];

	(void)state;
	memset(path, 'x', sizeof path);
	assert_true(gw_path_is_clean(gw_slice(path, GW_COMPONENT_MAX)));
	assert_false(gw_path_is_clean(gw_slice(path, GW_COMPONENT_MAX + 1)));
	for (size_t i = GW_COMPONENT_MAX; i < sizeof path; i += 64)
		path[i] = '/';
	path[GW_PATH_MAX - 1] = 'x';
	assert_true(gw_path_is_clean(gw_slice(path, GW_PATH_MAX)));
	path[GW_PATH_MAX] = 'x';
	assert_false(gw_path_is_clean(gw_slice(path, GW_PATH_MAX + 1)));
	for (size_t i = 0; i < sizeof path; i++)
		path[i] = i % 2 != 0 ? '/' : 'x';
	assert_true(gw_path_is_clean(gw_slice(path, 2 * GW_DEPTH_MAX - 1)));
	assert_false(gw_path_is_clean(gw_slice(path, 2 * GW_DEPTH_MAX + 1)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_comes_back),
		cmocka_unit_test(a_link_and_a_directory_come_back),
		cmocka_unit_test(times_beyond_any_calendar_are_cut),
		cmocka_unit_test(times_that_are_not_cut_are_refused),
		cmocka_unit_test(a_target_has_a_longest),
		cmocka_unit_test(the_largest_entry_fits),
		cmocka_unit_test(what_is_over_a_limit_is_refused),
		cmocka_unit_test(bits_beyond_permission_are_refused),
		cmocka_unit_test(clean_paths),
		cmocka_unit_test(paths_that_are_not_clean),
		cmocka_unit_test(paths_have_a_longest),
	};

	return cmocka_run_group_tests_name("entry", tests, NULL, NULL);
}
