#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/assert.h"
#include "transfer.h"

static const struct transfer_options plain = { .on_conflict =
						   GW_CONFLICT_RENAME };

static uint64_t
seed(void)
{
	const char *given = getenv("GODWIT_SEED");

	return given != NULL ? strtoull(given, NULL, 10) : 1;
}

/* Whatever bears a final name is whole, at every moment. */
static void
is_whole(void *arg, const struct disk_node *n, uint64_t entry)
{
	GW_ASSERT(tree_is(arg, entry, gw_slice(n->data, n->size)));
}

static void
begin(struct tree *tree, struct disk *disk)
{
	tree_init(tree, 1);
	disk_init(disk, seed());
	disk->placed = is_whole;
	disk->arg = tree;
}

static void
end(struct tree *tree, struct disk *disk)
{
	disk_fini(disk);
	tree_fini(tree);
}

static void
check_same(const struct tree *tree, struct disk *disk)
{
	for (uint64_t i = 0; i < gw_manifest_count(tree->manifest); i++) {
		const struct disk_node *n;
		struct gw_entry e;

		gw_manifest_get(tree->manifest, i, &e);
		n = disk_find(disk, e.path);
		assert_non_null(n);
		assert_int_equal(n->kind, e.kind);
		if (e.kind == GW_KIND_SYMLINK) {
			assert_int_equal(strlen(n->target), e.target.n);
			continue;
		}
		assert_int_equal(n->mode, e.mode);
		assert_int_equal(n->mtime_ns, e.mtime_ns);
		if (e.kind == GW_KIND_FILE)
			assert_true(
			    tree_is(tree, i, gw_slice(n->data, n->size)));
	}
	assert_int_equal(disk_left_overs(disk), 0);
}

static void
check_agreed(const struct transfer *t)
{
	uint64_t count = gw_manifest_count(t->tree->manifest);

	assert_true(t->finished);
	assert_true(t->sender_has_receipt);
	assert_int_equal(t->receipt.done, t->counted.done);
	assert_int_equal(t->receipt.had, t->counted.had);
	assert_int_equal(t->receipt.skipped, t->counted.skipped);
	assert_int_equal(t->receipt.failed, t->counted.failed);
	assert_int_equal(t->receipt.done + t->receipt.had + t->receipt.skipped +
			     t->receipt.failed,
	    count);
}

static void
everything_arrives_as_it_was(void **state)
{
	struct tree tree;
	struct disk disk;
	struct transfer t;

	(void)state;
	for (unsigned archive = 0; archive < 2; archive++) {
		struct transfer_options o = plain;

		begin(&tree, &disk);
		o.archive = archive;
		transfer_run(&t, &tree, &disk, &o);
		check_agreed(&t);
		assert_int_equal(t.receipt.failed, 0);
		check_same(&tree, &disk);
		end(&tree, &disk);
	}
}

/* Holes are not on the wire. */
static void
holes_move_nothing(void **state)
{
	struct gw_totals totals;
	struct tree tree;
	struct disk disk;
	struct transfer t;

	(void)state;
	begin(&tree, &disk);
	transfer_run(&t, &tree, &disk, &plain);
	totals = gw_manifest_totals(tree.manifest);
	assert_in_range(t.sent, totals.bytes - 5 * GW_BLOCK,
	    totals.bytes - 5 * GW_BLOCK + 4096);
	end(&tree, &disk);
}

static void
what_is_taken_is_left_alone(void **state)
{
	struct transfer_options o = { .on_conflict = GW_CONFLICT_SKIP };
	struct tree tree, newer;
	struct disk disk;
	struct transfer t;

	(void)state;
	for (unsigned ask = 0; ask < 2; ask++) {
		o.on_conflict = ask ? GW_CONFLICT_ASK : GW_CONFLICT_SKIP;
		begin(&tree, &disk);
		transfer_run(&t, &tree, &disk, &plain);
		tree_init(&newer, 2);
		transfer_run(&t, &newer, &disk, &o);
		check_agreed(&t);
		assert_int_equal(t.receipt.skipped, 10); /* all files */
		assert_int_equal(t.conflicts, ask ? 10 : 0);
		assert_int_equal(t.sent, 0);
		check_same(&tree, &disk);
		tree_fini(&newer);
		end(&tree, &disk);
	}
}

static void
what_is_taken_is_replaced_when_that_was_chosen(void **state)
{
	const struct transfer_options o = { .on_conflict =
						GW_CONFLICT_OVERWRITE };
	struct tree tree, newer;
	struct disk disk;
	struct transfer t;

	(void)state;
	begin(&tree, &disk);
	transfer_run(&t, &tree, &disk, &plain);
	tree_init(&newer, 2);
	disk.arg = &newer;
	transfer_run(&t, &newer, &disk, &o);
	check_agreed(&t);
	check_same(&newer, &disk);
	tree_fini(&newer);
	end(&tree, &disk);
}

static void
files_that_fail_fail_alone(void **state)
{
	struct tree tree;
	struct disk disk;
	struct transfer t;

	(void)state;
	begin(&tree, &disk);
	tree.unreadable[2] = tree.unreadable[6] = true; /* one, in/d/more */
	tree.changing[7] = true;                        /* in/d/sparse */
	transfer_run(&t, &tree, &disk, &plain);
	check_agreed(&t);
	assert_int_equal(t.receipt.failed, 3);
	assert_null(disk_find(&disk, gw_slice_str("in/one")));
	assert_null(disk_find(&disk, gw_slice_str("in/d/more")));
	assert_null(disk_find(&disk, gw_slice_str("in/d/sparse")));
	assert_non_null(disk_find(&disk, gw_slice_str("in/last")));
	assert_int_equal(disk_left_overs(&disk), 0);
	end(&tree, &disk);
}

/* In every order of what is written, synced, failed here and failed there. */
static void
a_file_that_fails_on_both_sides_fails_once(void **state)
{
	struct tree tree;
	struct disk disk;
	struct transfer t;

	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		tree_init(&tree, 1);
		disk_init(&disk, seed() * 1000 + i);
		disk.placed = is_whole;
		disk.arg = &tree;
		disk.largest = i % 2 == 0 ? 2 * GW_BLOCK : 8 * GW_BLOCK;
		tree.changing[7] = tree.changing[10] = true;
		transfer_run(&t, &tree, &disk, &plain);
		check_agreed(&t);
		assert_int_equal(t.receipt.failed, i % 2 == 0 ? 3 : 2);
		assert_int_equal(disk_left_overs(&disk), 0);
		end(&tree, &disk);
	}
}

static void
a_full_disk_ends_it_and_it_goes_on_later(void **state)
{
	struct tree tree;
	struct disk disk;
	struct transfer t;

	(void)state;
	begin(&tree, &disk);
	disk.space = 6 * GW_BLOCK;
	transfer_run(&t, &tree, &disk, &plain);
	assert_true(t.failed);
	assert_int_equal(t.err, GW_E_SPACE);
	disk.space = UINT64_MAX;
	transfer_run(&t, &tree, &disk, &plain);
	check_agreed(&t);
	check_same(&tree, &disk);
	end(&tree, &disk);
}

/* ---- room ---- */

static void
what_will_not_be_written_needs_no_room(void **state)
{
	const struct transfer_options skip = { .on_conflict =
						   GW_CONFLICT_SKIP };
	const struct transfer_options over = { .on_conflict =
						   GW_CONFLICT_OVERWRITE };
	struct gw_totals all;
	struct tree tree;
	struct disk disk;
	struct transfer t;

	(void)state;
	begin(&tree, &disk);
	all = gw_manifest_totals(tree.manifest);
	assert_true(all.stored < all.bytes);
	transfer_run(&t, &tree, &disk, &plain);
	assert_true(t.needs == UINT64_MAX); /* fresh: as was offered */
	transfer_run(&t, &tree, &disk, &over);
	assert_in_range(t.needs, 1, all.stored);
	transfer_run(&t, &tree, &disk, &skip);
	assert_int_equal(t.needs, 0);
	end(&tree, &disk);
}

static void
what_is_there_needs_no_room_again(void **state)
{
	struct transfer_options cut = plain;
	uint64_t partial, complete, least = UINT64_MAX, stored;
	struct gw_journal *j;
	struct tree tree;
	struct disk disk;
	struct transfer t;
	size_t valid;

	(void)state;
	for (cut.cut_after = 100; cut.cut_after < 1000; cut.cut_after += 90) {
		begin(&tree, &disk);
		transfer_run(&t, &tree, &disk, &cut);
		if (!t.finished && gw_journal_load(gw_bytes_peek(&disk.journal),
				       &j, &valid) == GW_OK) {
			stored = gw_manifest_totals(tree.manifest).stored;
			gw_journal_bytes(j, &complete, &partial);
			gw_journal_free(j);
			transfer_run(&t, &tree, &disk, &plain);
			check_agreed(&t);
			if (complete + partial > 0) {
				assert_true(t.needs < stored);
				least = t.needs < least ? t.needs : least;
			}
		}
		end(&tree, &disk);
	}
	assert_true(least < 4 * GW_BLOCK); /* the cuts were late enough */
}

/* ---- going on ---- */

static unsigned
steps_of_all(void)
{
	struct tree tree;
	struct disk disk;
	struct transfer t;
	unsigned steps;

	begin(&tree, &disk);
	transfer_run(&t, &tree, &disk, &plain);
	steps = disk.steps;
	end(&tree, &disk);
	return steps;
}

/* The receiver dies at this step; then all is sent again. */
static void
crash_at(unsigned step, bool power_lost, const struct transfer_options *o)
{
	struct tree tree;
	struct disk disk;
	struct transfer t;

	begin(&tree, &disk);
	disk.random += step * 2;
	disk.dies_at = step;
	transfer_run(&t, &tree, &disk, o);
	if (!t.finished) { /* in this order it may take fewer steps */
		disk_restart(&disk, power_lost);
		transfer_run(&t, &tree, &disk, o);
	}
	check_agreed(&t);
	assert_int_equal(t.receipt.failed, 0);
	check_same(&tree, &disk);
	end(&tree, &disk);
}

static void
a_crash_at_any_step_loses_nothing(void **state)
{
	unsigned steps = steps_of_all();

	(void)state;
	assert_in_range(steps, 40, 500);
	for (unsigned step = 1; step <= steps; step++)
		crash_at(step, false, &plain);
}

static void
a_loss_of_power_at_any_step_loses_nothing(void **state)
{
	struct transfer_options checked = plain;
	unsigned steps = steps_of_all();

	(void)state;
	checked.checksum = true;
	for (unsigned step = 1; step <= steps; step++)
		crash_at(step, true, step % 4 == 0 ? &checked : &plain);
}

/* What was begun of a file that is gone from the source goes, too. */
static void
nothing_is_left_of_a_file_that_is_gone(void **state)
{
	struct transfer_options cut = plain;
	unsigned left = 0;

	(void)state;
	for (cut.cut_after = 400; cut.cut_after < 1000; cut.cut_after += 60) {
		struct tree tree, newer;
		struct disk disk;
		struct transfer t;

		begin(&tree, &disk);
		transfer_run(&t, &tree, &disk, &cut);
		left += disk_left_overs(&disk);
		tree_init(&newer, TREE_WITHOUT);
		disk.arg = &newer;
		if (!t.finished)
			transfer_run(&t, &newer, &disk, &plain);
		assert_int_equal(disk_left_overs(&disk), 0);
		tree_fini(&newer);
		end(&tree, &disk);
	}
	assert_true(left > 0);
}

/* What was chosen for a taken name is not forgotten by a crash: not even
 * between COMPLETE and the new name. */
static void
a_crash_does_not_change_what_was_chosen(void **state)
{
	const struct transfer_options o = { .on_conflict = GW_CONFLICT_ASK,
		.replaces = true };
	struct tree tree, newer;
	struct disk disk;
	struct transfer t;
	unsigned before = steps_of_all();

	(void)state;
	for (unsigned step = 1; step <= before; step += 3) {
		begin(&tree, &disk);
		transfer_run(&t, &tree, &disk, &plain);
		tree_init(&newer, 2);
		disk.arg = &newer;
		disk.random += step * 2;
		disk.dies_at = disk.steps + step;
		transfer_run(&t, &newer, &disk, &o);
		if (!t.finished) {
			disk_restart(&disk, step % 4 == 1);
			transfer_run(&t, &newer, &disk, &o);
		}
		check_agreed(&t);
		check_same(&newer, &disk);
		assert_int_equal(t.receipt.failed, 0);
		tree_fini(&newer);
		end(&tree, &disk);
	}
}

/* What is synced and noted is not sent again. */
static void
a_cut_session_goes_on_where_it_was(void **state)
{
	struct tree tree;
	struct disk disk;
	struct transfer t;
	uint64_t sent = 0, whole;
	unsigned sessions = 0;

	(void)state;
	begin(&tree, &disk);
	transfer_run(&t, &tree, &disk, &plain);
	whole = t.sent;
	end(&tree, &disk);
	begin(&tree, &disk);
	do {
		struct transfer_options o = plain;

		o.cut_after = 150 + (unsigned)disk_random(&disk, 300);
		transfer_run(&t, &tree, &disk, &o);
		sent += t.sent;
		assert_in_range(++sessions, 1, 200);
	} while (!t.finished);
	assert_in_range(sessions, 2, 200);
	check_same(&tree, &disk);
	/* Sent twice is at most what was under way at each cut. */
	assert_true(sent <= whole + sessions * (UINT64_C(4) << 20));
	end(&tree, &disk);
}

static void
another_source_begins_anew(void **state)
{
	struct transfer_options o = plain;
	struct tree tree, newer;
	struct disk disk;
	struct transfer t;
	unsigned dropped = 0;

	(void)state;
	for (unsigned cut = 100; cut < 1500; cut += 100) {
		begin(&tree, &disk);
		o.cut_after = cut;
		transfer_run(&t, &tree, &disk, &o);
		tree_init(&newer, 2);
		disk.arg = &newer;
		if (!t.finished) {
			transfer_run(&t, &newer, &disk, &plain);
			check_agreed(&t);
			check_same(&newer, &disk);
			dropped += t.dropped;
		}
		tree_fini(&newer);
		end(&tree, &disk);
	}
	assert_in_range(dropped, 1, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_arrives_as_it_was),
		cmocka_unit_test(holes_move_nothing),
		cmocka_unit_test(what_is_taken_is_left_alone),
		cmocka_unit_test(
		    what_is_taken_is_replaced_when_that_was_chosen),
		cmocka_unit_test(files_that_fail_fail_alone),
		cmocka_unit_test(a_file_that_fails_on_both_sides_fails_once),
		cmocka_unit_test(what_will_not_be_written_needs_no_room),
		cmocka_unit_test(what_is_there_needs_no_room_again),
		cmocka_unit_test(a_full_disk_ends_it_and_it_goes_on_later),
		cmocka_unit_test(a_crash_at_any_step_loses_nothing),
		cmocka_unit_test(a_loss_of_power_at_any_step_loses_nothing),
		cmocka_unit_test(nothing_is_left_of_a_file_that_is_gone),
		cmocka_unit_test(a_crash_does_not_change_what_was_chosen),
		cmocka_unit_test(a_cut_session_goes_on_where_it_was),
		cmocka_unit_test(another_source_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
