/*
 * journal_fixture - a journal of one transfer with records of every kind,
 * and all that a journal says as one text.
 */
#ifndef GW_TESTS_UNIT_JOURNAL_FIXTURE_H
#define GW_TESTS_UNIT_JOURNAL_FIXTURE_H

#include "test.h"
#include "transfer/journal.h"

enum { JOURNAL_RECORDS = 9, JOURNAL_TEXT = 2048 };

/* Its records in order; end[i] is where record i ends, said[i] what the
 * journal must say that ends there. */
struct journal_fixture {
	struct gw_journal_head head;
	struct gw_bytes bytes;
	struct gw_journal *j;
	size_t end[JOURNAL_RECORDS];
	char said[JOURNAL_RECORDS][JOURNAL_TEXT];
};

int journal_fixture_setup(void **state);
int journal_fixture_teardown(void **state);

/* A file of the transfer, and it at the disk. */
struct gw_entry journal_file(const char *path, uint64_t size);
struct gw_seen journal_seen(const struct gw_entry *, uint64_t ino);
/* Append a record of these blocks: pairs of start and end, up to 0, 0. */
void journal_blocks(const struct gw_journal *, struct gw_bytes *,
    const char *path, const uint64_t *pairs);
/* All that it says, of every path of the fixture. */
void journal_say(const struct gw_journal *, char out[JOURNAL_TEXT]);
/* What a file says that has these contents; "" when it is no journal. */
void journal_read(struct gw_slice, char out[JOURNAL_TEXT], size_t *valid);

#endif /* GW_TESTS_UNIT_JOURNAL_FIXTURE_H */
