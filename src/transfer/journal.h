/*
 * journal - what has safely arrived: its format, and the index in memory.
 *
 * Sans-IO: the owner gives the file's contents and appends what it is told.
 * Records are checksummed; a torn tail is ignored and cut.  Nothing in it is
 * believed that does not fit the source and the files on disk.
 * docs/protocol.md 5.
 */
#ifndef GW_TRANSFER_JOURNAL_H
#define GW_TRANSFER_JOURNAL_H

#include "base/bytes.h"
#include "base/hash.h"
#include "base/ranges.h"
#include "transfer/task.h"
#include "wire/entry.h"

enum {
	GW_JOURNAL_VERSION = 1,
	GW_JOURNAL_NAME = 48, /* "<32 hex>.journal" */
	GW_JOURNAL_PATH = 4096
};

/* Whose transfer, and where to. */
struct gw_journal_head {
	uint64_t seed; /* of path keys and temporary names */
	uint8_t peer[32], source_id[16];
	uint64_t dev, ino; /* of the target directory */
	struct gw_slice peer_name, dir, first_name;
	bool fresh; /* none of the names was there when it began */
	uint64_t files, bytes;
	int64_t started_s; /* wall clock */
};

/* What it says of one file. */
struct gw_journal_file_state {
	struct gw_hash stamp; /* of the source */
	uint64_t dev, ino;    /* of the temporary, later the final file */
	bool complete;        /* synced; renamed or about to be */
	uint64_t size;        /* complete: of the file */
	int64_t mtime_s;
	uint32_t mtime_ns;
	struct gw_ranges blocks; /* not complete: checked and synced */
};

struct gw_journal;

/* File name of the journal for this peer, source and target. */
void gw_journal_name(const struct gw_journal_head *, char out[GW_JOURNAL_NAME]);

/*
 * From the file's contents.  *valid gets how many bytes of it are whole:
 * cut the file there.  GW_E_FAILED: no journal of this version (write a new
 * one); GW_E_MEMORY.
 */
GW_MUST_USE enum gw_err gw_journal_load(
    struct gw_slice contents, struct gw_journal **, size_t *valid);
/* A new one; its head record is appended to out. */
GW_MUST_USE enum gw_err gw_journal_new(
    const struct gw_journal_head *, struct gw_bytes *out, struct gw_journal **);
void gw_journal_free(struct gw_journal *);

const struct gw_journal_head *gw_journal_head(const struct gw_journal *);
/* Files that are complete, and blocks of others. */
uint64_t gw_journal_complete(const struct gw_journal *);
bool gw_journal_is_empty(const struct gw_journal *);
/* Bytes of content that it lists: of complete files, and of partial ones. */
void gw_journal_bytes(
    const struct gw_journal *, uint64_t *complete, uint64_t *partial);

/* NULL: it says nothing of this path. */
const struct gw_journal_file_state *gw_journal_find(
    const struct gw_journal *, struct gw_slice path);
/* Did the transfer make the directory that has this inode?  All of them,
 * when it began fresh. */
bool gw_journal_made_dir(
    const struct gw_journal *, struct gw_slice path, uint64_t ino);

/* Records to append to the file, in this order of events. */
GW_MUST_USE enum gw_err gw_journal_add_dir(const struct gw_journal *,
    struct gw_bytes *, struct gw_slice path, uint64_t ino);
GW_MUST_USE enum gw_err gw_journal_add_start(const struct gw_journal *,
    struct gw_bytes *, const struct gw_entry *, const struct gw_seen *);
GW_MUST_USE enum gw_err gw_journal_add_blocks(const struct gw_journal *,
    struct gw_bytes *, struct gw_slice path, const struct gw_ranges *);
GW_MUST_USE enum gw_err gw_journal_add_complete(const struct gw_journal *,
    struct gw_bytes *, const struct gw_entry *, const struct gw_seen *);

/* What a source file was like: hash of size, mtime, ctime, inode. */
struct gw_hash gw_journal_stamp(const struct gw_entry *);
/* Name of a path's temporary file under a journal's seed. */
void gw_journal_temp(
    uint64_t seed, struct gw_slice path, char out[GW_TEMP_NAME]);
/* Is a temporary of this name of the journal with this seed? */
bool gw_journal_owns_temp(uint64_t seed, const char *name);

#endif /* GW_TRANSFER_JOURNAL_H */
