/*
 * task - what the receiving engine wants done at the disk.
 *
 * A task carries all that a worker thread needs and all that came of it; the
 * worker touches nothing else of the engine.  Paths and symlink targets are
 * borrowed from the manifest, which never moves them.
 */
#ifndef GW_TRANSFER_TASK_H
#define GW_TRANSFER_TASK_H

#include "base/hash.h"
#include "base/item.h"
#include "base/ranges.h"
#include "wire/entry.h"

enum gw_task_kind {
	GW_TASK_LOOK,   /* looks[]: make directories, see what is there */
	GW_TASK_VERIFY, /* hash the blocks of a partial file */
	GW_TASK_WHOLE,  /* write a file of one block to its temporary */
	GW_TASK_WRITE,  /* write one block of a larger file */
	GW_TASK_SYNC,   /* checkpoint: sync open temporaries, then journal */
	GW_TASK_COMMIT, /* sync, journal, final names, sync directories */
	GW_TASK_LINKS,  /* symlinks, hard links, then directories' times */
	GW_TASK_DROP,   /* remove the temporary of an entry that failed */
	GW_TASK_OUT     /* write to the output stream, in order */
};

/* What to do when the final name is taken. */
enum gw_put { GW_PUT_RENAME, GW_PUT_REPLACE, GW_PUT_SKIP };

enum { GW_TEMP_NAME = 40 }; /* ".godwit-" 24 hex digits ".part" */

/* What is at a name: all zeros when nothing is. */
struct gw_seen {
	bool there;
	enum gw_kind kind;
	uint64_t dev, ino, nlink, size;
	int64_t mtime_s;
	uint32_t mtime_ns;
};

struct gw_look {
	uint64_t entry;
	struct gw_entry e;
	char temp[GW_TEMP_NAME];
	uint64_t find_ino; /* look for it among name, name (1) ...; 0: no */
	/* set */
	struct gw_seen final, partial;
	struct gw_seen found; /* of find_ino */
	uint32_t found_nth;
	bool made;        /* a directory: it was not there */
	bool same_target; /* a symlink: it is there already */
	enum gw_err err;
	char reason[96];
};

/* An entry to be finished, by COMMIT or LINKS. */
struct gw_finish {
	uint64_t entry;
	struct gw_entry e;
	char temp[GW_TEMP_NAME];
	enum gw_put put;
	bool large;    /* its temporary may be open; not yet finished */
	uint64_t ino;  /* of a directory or temporary, as it must be */
	uint64_t size; /* final; of a stream known only now */
	struct gw_slice xattrs;
	struct gw_slice link_path; /* hard link: the first name ... */
	uint32_t link_nth;         /* ... and its alternative */
	/* set */
	uint32_t nth; /* which alternative of the name it got */
	bool skipped; /* taken, and left alone */
	bool lost_xattrs;
	enum gw_err err;
	char reason[96];
};

struct gw_task {
	struct gw_item item; /* the owner's queue */
	enum gw_task_kind kind;
	uint64_t entry; /* WHOLE, WRITE, VERIFY, DROP */
	struct gw_entry e;
	char temp[GW_TEMP_NAME];

	/* WHOLE, WRITE, OUT */
	uint8_t *data; /* wire_len bytes */
	size_t wire_len, length;
	bool compressed;
	struct gw_hash hash;
	uint64_t offset;
	uint64_t ino;           /* WRITE: of the partial to go on with, or 0 */
	struct gw_slice xattrs; /* as on the wire */

	/* LOOK */
	struct gw_look *looks;
	/* COMMIT, LINKS */
	struct gw_finish *finish;
	size_t count; /* of looks, finish, or entries */
	/* LINKS: below these names, as in an OFFER, there may be temporaries
	 * of this seed that no entry is for any more: remove them first */
	bool stale;
	struct gw_slice names;
	uint64_t seed;
	/* SYNC: the entries whose temporaries are synced */
	uint64_t *entries;
	/* SYNC, COMMIT: appended durably after the data is */
	struct gw_slice journal;
	/* VERIFY */
	struct gw_range *blocks;
	size_t block_ranges;
	struct gw_hash *hashes; /* room for one a block; set */

	/* set by the worker */
	struct gw_seen seen; /* WHOLE, WRITE: the temporary */
	bool lost_xattrs;
	enum gw_err err;
	char reason[128];
};

#endif /* GW_TRANSFER_TASK_H */
