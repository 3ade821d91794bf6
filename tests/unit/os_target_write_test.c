#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/target.h"
#include "os/target_internal.h"
#include "os_fixture.h"

#define TEMP ".godwit-0000000000000000000000aa.part"

enum { MIB = 1 << 20, PAGE = 4096 };

static struct gw_why why;
static uint8_t block[MIB], back[MIB];

static struct gw_target *
open_here(void)
{
	struct gw_target *t;

	assert_int_equal(gw_target_open(".", &why, &t), GW_OK);
	return t;
}

static struct gw_target_file
file(const char *path, uint64_t entry)
{
	return (struct gw_target_file){
		.path = gw_slice_str(path), .temp = TEMP, .entry = entry
	};
}

static uint64_t
open_temp(struct gw_target *t, const char *path, uint64_t ino)
{
	struct gw_target_file f = file(path, 3);
	struct gw_stamp stamp;

	assert_int_equal(gw_target_temp_open(t, &f, ino, &stamp, &why), GW_OK);
	return stamp.ino;
}

static void
write_at(struct gw_target *t, uint64_t offset, size_t n, bool sparse)
{
	struct gw_target_io io = { .entry = 3,
		.offset = offset,
		.buf = block,
		.n = n,
		.sparse = sparse };

	assert_int_equal(gw_target_temp_write(t, &io, &why), GW_OK);
}

static void
large_file_in_blocks(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("large", 3);
	struct gw_target_finish end = { .entry = 3,
		.size = MIB + 10,
		.attrs = { .mode = 0400, .mtime_s = 99, .mtime_ns = 7 } };
	struct gw_target_io io = {
		.entry = 3, .offset = MIB - 5, .buf = back, .n = 100
	};
	struct stat st;
	uint32_t nth;
	uint64_t ino;

	(void)state;
	ino = open_temp(t, "large", 0);
	assert_int_equal(open_temp(t, "large", 0), ino); /* the same one */
	assert_int_equal(os_fixture_lstat(TEMP).st_mode & 07777, 0600);
	memset(block, 'b', sizeof block);
	write_at(t, MIB, 100, false); /* more than the end: cut later */
	memset(block, 'a', sizeof block);
	write_at(t, 0, MIB, false);
	assert_int_equal(gw_target_temp_sync(t, 3, &why), GW_OK);
	assert_int_equal(gw_target_temp_finish(t, &end, &why), GW_OK);
	assert_int_equal(end.stamp.ino, ino);
	assert_int_equal(end.stamp.size, MIB + 10);
	assert_int_equal(gw_target_temp_read(t, &io, &why), GW_OK);
	assert_int_equal(io.got, 15);
	assert_memory_equal(back, "aaaaabbbbbbbbbb", 15);
	assert_int_equal(gw_target_sync(t, &f, 1, &why), GW_OK);
	assert_int_equal(
	    gw_target_place(t, &f, GW_PLACE_RENAME, &nth, &why), GW_OK);
	st = os_fixture_lstat("large");
	assert_int_equal(st.st_ino, ino);
	assert_int_equal(st.st_size, MIB + 10);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_mtim.tv_nsec, 7);
	gw_target_close(t);
}

static void
holes_stay_holes(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_finish end = {
		.entry = 3, .size = 16 * MIB, .attrs = { .mode = 0600 }
	};
	struct stat st;

	(void)state;
	open_temp(t, "sparse", 0);
	memset(block, 0, sizeof block);
	block[5 * PAGE + 17] = 1;
	block[MIB - 1] = 2;
	write_at(t, 4 * MIB, MIB, true);
	assert_int_equal(gw_target_temp_finish(t, &end, &why), GW_OK);
	st = os_fixture_lstat(TEMP);
	assert_int_equal(st.st_size, 16 * MIB);
	assert_in_range(st.st_blocks, 2, 256); /* of 32,768 */
	assert_true(end.stamp.sparse);
	assert_true(
	    gw_target_temp_read(t,
		&(struct gw_target_io){
		    .entry = 3, .offset = 4 * MIB, .buf = back, .n = MIB },
		&why) == GW_OK);
	assert_memory_equal(back, block, MIB);
	gw_target_close(t);
}

static void
small_sparse_files_too(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_whole w = { .file = file("s", 3),
		.data = { .p = block, .n = MIB - 3 },
		.attrs = { .mode = 0600 },
		.sparse = true };
	size_t n;

	(void)state;
	memset(block, 0, sizeof block);
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_int_equal(os_fixture_lstat(TEMP).st_blocks, 0);
	assert_int_equal(w.stamp.size, MIB - 3);
	block[60000] = 'x';
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_int_equal(os_fixture_read(TEMP, &n)[60000], 'x');
	assert_in_range(os_fixture_lstat(TEMP).st_blocks, 1, 64);
	/* Not asked for: zeros are written. */
	w.sparse = false;
	w.data.n = 5 * PAGE;
	assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	assert_true(os_fixture_lstat(TEMP).st_blocks >= 40);
	gw_target_close(t);
}

static void
a_temp_is_gone_on_with_only_if_it_is_the_one(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("x", 3);
	struct gw_stamp stamp;
	uint64_t ino = open_temp(t, "x", 0);

	(void)state;
	memset(block, 'k', 10);
	write_at(t, 0, 10, false);
	gw_target_temp_close(t, 3);
	gw_target_temp_close(t, 3); /* again is fine */
	assert_int_equal(open_temp(t, "x", ino), ino);
	assert_string_equal(os_fixture_read(TEMP, NULL), "kkkkkkkkkk");
	gw_target_temp_close(t, 3);

	assert_int_equal(
	    gw_target_temp_open(t, &f, ino + 1, &stamp, &why), GW_E_NO_PATH);
	assert_int_equal(link(TEMP, "second name"), 0);
	assert_int_equal(
	    gw_target_temp_open(t, &f, ino, &stamp, &why), GW_E_NO_PATH);
	unlink("second name");
	assert_int_equal(rename(TEMP, "away"), 0);
	assert_int_equal(
	    gw_target_temp_open(t, &f, ino, &stamp, &why), GW_E_NO_PATH);
	assert_int_equal(symlink("away", TEMP), 0);
	assert_int_not_equal(
	    gw_target_temp_open(t, &f, ino, &stamp, &why), GW_OK);
	unlink(TEMP);
	assert_int_equal(mkfifo(TEMP, 0600), 0); /* must not hang */
	assert_int_not_equal(
	    gw_target_temp_open(t, &f, ino, &stamp, &why), GW_OK);
	gw_target_close(t);
}

/* The next session's entry 3 is another file. */
static void
what_was_open_is_not_taken_for_the_next_sessions(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file other = file("y", 3);
	struct gw_stamp stamp;
	bool foreign;
	uint64_t ino = open_temp(t, "x", 0);

	(void)state;
	other.temp = ".godwit-0000000000000000000000bb.part";
	memset(block, 'k', 10);
	write_at(t, 0, 10, false);
	gw_target_forget(t);
	assert_int_equal(gw_target_temp_fd(t, 3, &foreign), -1);
	assert_int_equal(
	    gw_target_temp_open(t, &other, 0, &stamp, &why), GW_OK);
	assert_int_not_equal(stamp.ino, ino);
	memset(block, 'n', 10);
	write_at(t, 0, 10, false);
	assert_string_equal(os_fixture_read(TEMP, NULL), "kkkkkkkkkk");
	gw_target_forget(t);
	gw_target_forget(t); /* nothing is open */
	assert_int_equal(open_temp(t, "x", ino), ino);
	gw_target_close(t);
}

/* Who replaces a directory between two sessions finds files in the new one. */
static void
directories_are_looked_up_anew_in_the_next_session(void **state)
{
	struct gw_target *t = open_here();

	(void)state;
	assert_int_equal(mkdir("d", 0700), 0);
	open_temp(t, "d/x", 0);
	assert_int_equal(rename("d", "old"), 0);
	assert_int_equal(mkdir("d", 0700), 0);
	gw_target_forget(t);
	open_temp(t, "d/x", 0);
	assert_true(os_fixture_exists("d/" TEMP));
	gw_target_close(t);
}

static void
drop_removes_it(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("x", 3), far = file("no/x", 4);

	(void)state;
	open_temp(t, "x", 0);
	assert_int_equal(gw_target_temp_drop(t, &f, &why), GW_OK);
	assert_false(os_fixture_exists(TEMP));
	assert_int_equal(gw_target_temp_drop(t, &f, &why), GW_OK);
	assert_int_equal(gw_target_temp_drop(t, &far, &why), GW_OK);
	gw_target_close(t);
}

static void
many_files_are_synced_at_once(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file files[20];
	struct gw_target_whole w = { .attrs = { .mode = 0600 } };
	struct gw_stamp stamp;
	char names[20][32], dirs[100][8];
	uint32_t nth;
	bool made;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		snprintf(names[i], 32, ".godwit-%016u.part", i);
		files[i] =
		    (struct gw_target_file){ .path = gw_slice_str(names[i] + 8),
			    .temp = names[i],
			    .entry = i };
		w.file = files[i];
		assert_int_equal(gw_target_write_whole(t, &w, &why), GW_OK);
	}
	assert_int_equal(gw_target_sync(t, files, 20, &why), GW_OK);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(
		    gw_target_place(t, &files[i], GW_PLACE_RENAME, &nth, &why),
		    GW_OK);
	/* More directories than are kept for the sync. */
	for (unsigned i = 0; i < 100; i++) {
		snprintf(dirs[i], 8, "%u", i);
		assert_int_equal(gw_target_mkdir(t, gw_slice_str(dirs[i]),
				     &made, &stamp, &why),
		    GW_OK);
		snprintf(names[0], 32, "%u/d", i);
		assert_int_equal(gw_target_mkdir(t, gw_slice_str(names[0]),
				     &made, &stamp, &why),
		    GW_OK);
	}
	assert_int_equal(gw_target_sync_dirs(t, &why), GW_OK);
	assert_int_equal(gw_target_sync_dirs(t, &why), GW_OK);
	gw_target_close(t);
}

struct racer {
	struct gw_target *t;
	uint64_t ino;
	unsigned which;
};

static void *
race(void *arg)
{
	struct racer *r = arg;
	struct gw_target_file f = file("big", 3);
	static uint8_t data[2][PAGE];
	struct gw_stamp stamp;
	struct gw_why own;
	struct gw_target_io io = { .entry = 3, .n = PAGE };

	memset(data[r->which], 'A' + (int)r->which, PAGE);
	if (gw_target_temp_open(r->t, &f, 0, &stamp, &own) != GW_OK)
		return NULL;
	r->ino = stamp.ino;
	io.buf = data[r->which];
	for (io.offset = r->which * PAGE; io.offset < 64 * PAGE;
	     io.offset += 2 * PAGE)
		if (gw_target_temp_write(r->t, &io, &own) != GW_OK)
			r->ino = 0;
	return NULL;
}

/* Both threads bring the first block: one file comes of it. */
static void
two_threads_make_one_temp(void **state)
{
	struct gw_target *t = open_here();
	struct gw_target_file f = file("big", 3);
	struct racer r[2];
	pthread_t ids[2];

	(void)state;
	for (int round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 2; i++) {
			r[i] = (struct racer){ .t = t, .which = i };
			pthread_create(&ids[i], NULL, race, &r[i]);
		}
		for (unsigned i = 0; i < 2; i++)
			pthread_join(ids[i], NULL);
		assert_int_not_equal(r[0].ino, 0);
		assert_int_equal(r[0].ino, r[1].ino);
		assert_int_equal(gw_target_temp_read(t,
				     &(struct gw_target_io){ .entry = 3,
					 .offset = 62 * PAGE,
					 .buf = back,
					 .n = 2 * PAGE },
				     &why),
		    GW_OK);
		assert_int_equal(back[0], 'A');
		assert_int_equal(back[PAGE], 'B');
		assert_int_equal(gw_target_temp_drop(t, &f, &why), GW_OK);
	}
	gw_target_close(t);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(large_file_in_blocks),
		T(holes_stay_holes),
		T(small_sparse_files_too),
		T(a_temp_is_gone_on_with_only_if_it_is_the_one),
		T(what_was_open_is_not_taken_for_the_next_sessions),
		T(directories_are_looked_up_anew_in_the_next_session),
		T(drop_removes_it),
		T(many_files_are_synced_at_once),
		T(two_threads_make_one_temp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
