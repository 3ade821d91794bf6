#include "os/stamp.h"

#include <sys/stat.h>

#include "test.h"

static const struct {
	mode_t mode;
	enum gw_kind kind;
} kinds[] = { { S_IFREG, GW_KIND_FILE }, { S_IFDIR, GW_KIND_DIR },
	{ S_IFLNK, GW_KIND_SYMLINK }, { S_IFIFO, GW_KIND_OTHER },
	{ S_IFSOCK, GW_KIND_OTHER }, { S_IFBLK, GW_KIND_OTHER },
	{ S_IFCHR, GW_KIND_OTHER } };

static void
kinds_and_sizes(void **state)
{
	struct stat st = { .st_size = 4097, .st_blocks = 16, .st_nlink = 3 };
	struct gw_stamp s;

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		st.st_mode = kinds[i].mode | 06754;
		gw_stamp_of(&s, &st);
		assert_int_equal(s.kind, kinds[i].kind);
		assert_int_equal(s.mode, 06754);
		assert_int_equal(s.nlink, 3);
		/* Only of files and links does the size mean something. */
		assert_int_equal(s.size,
		    i == 0 || kinds[i].kind == GW_KIND_SYMLINK ? 4097 : 0);
		assert_false(s.sparse);
		assert_int_equal(s.stored, i == 0 ? 4097 : 0);
	}
	st.st_mode = S_IFREG;
	st.st_blocks = 8;
	gw_stamp_of(&s, &st);
	assert_true(s.sparse);
	assert_int_equal(s.stored, 4096);
}

static void
every_sign_of_a_change_counts(void **state)
{
	const struct gw_stamp a = { .kind = GW_KIND_FILE,
		.dev = 1,
		.ino = 2,
		.size = 3,
		.mtime_s = 4,
		.mtime_ns = 5 };
	struct gw_stamp b[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		b[i] = a;
	b[0].kind = GW_KIND_DIR;
	b[1].dev++;
	b[2].ino++;
	b[3].size++;
	b[4].mtime_s++;
	b[5].mtime_ns++;
	assert_true(gw_stamp_unchanged(&a, &a));
	for (int i = 0; i < 6; i++)
		assert_false(gw_stamp_unchanged(&a, &b[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_and_sizes),
		cmocka_unit_test(every_sign_of_a_change_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
