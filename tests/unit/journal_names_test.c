/*
 * journal_names: names and stamps that depend on what they should, and on
 * nothing else.
 */
#include <string.h>

#include "test.h"
#include "transfer/journal.h"

static const struct gw_journal_head a_head = {
	.seed = 1, .peer = { 2 }, .source_id = { 3 }, .dev = 4, .ino = 5
};

static void
a_journal_is_named_after_peer_source_and_target(void **state)
{
	struct gw_journal_head h[6];
	char name[6][GW_JOURNAL_NAME];

	(void)state;
	for (int i = 0; i < 6; i++)
		h[i] = a_head;
	h[1].peer[31] = 1;
	h[2].source_id[15] = 1;
	h[3].dev = 4 + (UINT64_C(1) << 40);
	h[4].ino++;
	/* And not after anything else. */
	h[5].seed++;
	h[5].dir = gw_slice_str("/elsewhere");
	h[5].peer_name = gw_slice_str("renamed");
	h[5].first_name = gw_slice_str("f");
	h[5].files = h[5].bytes = 9;
	h[5].fresh = true;
	h[5].started_s = 10;
	for (int i = 0; i < 6; i++) {
		gw_journal_name(&h[i], name[i]);
		assert_int_equal(strlen(name[i]), 40);
		assert_int_equal(strspn(name[i], "0123456789abcdef"), 32);
		assert_string_equal(name[i] + 32, ".journal");
		for (int k = 0; k < i; k++)
			assert_int_equal(
			    strcmp(name[i], name[k]) == 0, i == 5 && k == 0);
	}
}

static void
a_temporary_is_named_after_seed_and_path(void **state)
{
	static const struct {
		uint64_t seed;
		const char *path;
	} of[] = { { 1, "a" }, { 1, "b" }, { 2, "a" }, { 1, "a/a" },
		{ 1, "" } };
	enum { N = sizeof of / sizeof *of };
	char name[N][GW_TEMP_NAME], again[GW_TEMP_NAME];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		gw_journal_temp(of[i].seed, gw_slice_str(of[i].path), name[i]);
		gw_journal_temp(of[i].seed, gw_slice_str(of[i].path), again);
		assert_string_equal(name[i], again);
		assert_int_equal(strlen(name[i]), 8 + 24 + 5);
		assert_memory_equal(name[i], ".godwit-", 8);
		assert_int_equal(strspn(name[i] + 8, "0123456789abcdef"), 24);
		assert_string_equal(name[i] + 32, ".part");
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(name[i], name[k]);
	}
}

static void
a_journal_knows_its_temporaries(void **state)
{
	char name[GW_TEMP_NAME];

	(void)state;
	gw_journal_temp(7, gw_slice_str("some/path"), name);
	assert_true(gw_journal_owns_temp(7, name));
	assert_false(gw_journal_owns_temp(8, name));
	gw_journal_temp(8, gw_slice_str("some/path"), name);
	assert_false(gw_journal_owns_temp(7, name));
	assert_true(gw_journal_owns_temp(8, name));
	/* Names of users, also those that begin like one. */
	assert_false(gw_journal_owns_temp(8, name + 1));
	assert_false(gw_journal_owns_temp(8, ""));
	assert_false(gw_journal_owns_temp(8, ".godwit-"));
	for (size_t n = 0; n < 8 + 8; n++) {
		char cut[GW_TEMP_NAME] = "";

		memcpy(cut, name, n);
		assert_false(gw_journal_owns_temp(8, cut));
	}
}

static void
a_stamp_is_of_size_times_and_inode(void **state)
{
	const struct gw_entry e = { .kind = GW_KIND_FILE,
		.size = 1,
		.mtime_s = 2,
		.mtime_ns = 3,
		.ctime_s = 4,
		.ctime_ns = 5,
		.ino = 6,
		.path = gw_slice_str("a") };
	struct gw_entry of[8];
	struct gw_hash stamp[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		of[i] = e;
	of[1].size++;
	of[2].mtime_s = -2;
	of[3].mtime_ns++;
	of[4].ctime_s++;
	of[5].ctime_ns++;
	of[6].ino++;
	of[7].path = gw_slice_str("b");
	of[7].mode = 0777;
	of[7].flags = GW_ENTRY_SPARSE;
	for (int i = 0; i < 8; i++) {
		stamp[i] = gw_journal_stamp(&of[i]);
		for (int k = 0; k < i; k++)
			assert_int_equal(
			    gw_hash_eq(&stamp[i], &stamp[k]), i == 7 && k == 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_journal_is_named_after_peer_source_and_target),
		cmocka_unit_test(a_temporary_is_named_after_seed_and_path),
		cmocka_unit_test(a_journal_knows_its_temporaries),
		cmocka_unit_test(a_stamp_is_of_size_times_and_inode),
	};

	return cmocka_run_group_tests_name("journal_names", tests, NULL, NULL);
}
