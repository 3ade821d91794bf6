/*
 * walk - finds everything below the PATHs, for the sender.
 *
 * Directories before what is in them; names in a directory in the order of
 * their bytes.  Links inside a tree stay links and are never crossed.  Of a
 * deep tree only some directories are open at a time, whatever its depth.
 * Blocks on the disk: for a worker thread, in batches.
 */
#ifndef GW_OS_WALK_H
#define GW_OS_WALK_H

#include "os/roots.h"

#define GW_WALK_NO_LINK UINT64_MAX

enum gw_walk_what {
	GW_WALK_ENTRY,   /* to be sent */
	GW_WALK_SPECIAL, /* FIFO, socket, device: left out */
	GW_WALK_FAILED   /* cannot be read, or does not fit: left out */
};

struct gw_walk_entry {
	enum gw_walk_what what;
	const char *path; /* on the wire; begins with its root's name */
	size_t path_len;
	bool is_root;          /* a PATH itself, not what is below one */
	struct gw_stamp stamp; /* not of GW_WALK_FAILED */
	uint64_t number;       /* of GW_WALK_ENTRY, from 0: its entry number */
	/* Of a file with several names: the entry that is its first, or
	 * GW_WALK_NO_LINK. */
	uint64_t hardlink_of;
	const char *target; /* of a symlink, else NULL */
	size_t target_len;
	enum gw_err err;    /* of GW_WALK_FAILED */
	const char *reason; /* of GW_WALK_FAILED: "open: Permission denied" */
};

struct gw_walk_options {
	const struct gw_roots *roots; /* outlives the walk */
	const char *const *exclude;   /* see os/pattern.h; never a PATH */
	size_t exclude_count;
	/*
	 * Only these, below the first root (which is then the only one): a
	 * directory is taken with everything in it, their parents are
	 * emitted as directories.  Absolute and overlong names, `..`, what
	 * does not exist and what would lead through a link fail one by one.
	 */
	const char *const *files;
	size_t file_count;
	bool files_given;
	size_t path_max;  /* longest path on the wire, bytes */
	size_t depth_max; /* most components of one */
	/* The sizes of all files together stay below; 0: whatever they are.
	 * The file that would pass it fails. */
	uint64_t bytes_max;
};

struct gw_walk;

/* Copies what it needs of the patterns and files.  GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_walk_new(
    const struct gw_walk_options *, struct gw_walk **);
void gw_walk_free(struct gw_walk *);
/*
 * The next entry, valid until the next call.  GW_E_NO_PATH: there is none,
 * the walk is over.  GW_E_MEMORY: it cannot go on.
 */
GW_MUST_USE enum gw_err gw_walk_next(struct gw_walk *, struct gw_walk_entry *);

#endif /* GW_OS_WALK_H */
