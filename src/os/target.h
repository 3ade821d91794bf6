/*
 * target - writes below one directory, for the receiver.
 *
 * The directory is held open and every path is resolved below it without
 * following any link, so that nothing that a sender names, and nothing that
 * somebody else puts there meanwhile, leads out of it.  Content goes to a
 * temporary file beside its final name and gets that name last.
 *
 * Any thread, several at a time.  Calls that concern one entry must not
 * overlap, except gw_target_temp_open, _write, _read and _sync; place and
 * sync_dirs are for one thread at a time.
 *
 * Errors: GW_E_SPACE and GW_E_DISK concern everything below the target, the
 * others (GW_E_FAILED, GW_E_NO_PATH, ...) that entry alone.
 * Tests: tests/unit/os_target_test.c and its neighbours.
 */
#ifndef GW_OS_TARGET_H
#define GW_OS_TARGET_H

#include "base/slice.h"
#include "os/stamp.h"
#include "os/why.h"

struct gw_target;

/* GW_E_NO_PATH: no such directory; GW_E_DISK: cannot be used. */
GW_MUST_USE enum gw_err gw_target_open(
    const char *dir, struct gw_why *, struct gw_target **);
/* Closes the temporaries that are open; they stay on the disk. */
void gw_target_close(struct gw_target *);

struct gw_target_place {
	uint64_t dev, ino;
	const char *path; /* absolute; lives with the target */
};
struct gw_target_place gw_target_where(const struct gw_target *);
/* Bytes that this user may still write there; UINT64_MAX: nobody knows. */
GW_MUST_USE enum gw_err gw_target_space(
    const struct gw_target *, uint64_t *bytes, struct gw_why *);

/*
 * Which file: its path on the wire (not checked by the caller: bad ones are
 * GW_E_FAILED), the name of its temporary file (one component, in the same
 * directory), and its number.
 */
struct gw_target_file {
	struct gw_slice path;
	const char *temp;
	uint64_t entry;
};

/* ---- looking (see target_probe.c) ---- */

/* What has this name; *there false: nothing (or its directory is missing),
 * and the stamp is zeros. */
GW_MUST_USE enum gw_err gw_target_stat(struct gw_target *, struct gw_slice path,
    bool *there, struct gw_stamp *, struct gw_why *);
/* The same for its temporary file. */
GW_MUST_USE enum gw_err gw_target_stat_temp(struct gw_target *,
    const struct gw_target_file *, bool *there, struct gw_stamp *,
    struct gw_why *);
/* Which of path, its 1st, 2nd, ... alternative has this inode; *nth = 0 is
 * path itself.  GW_E_NO_PATH: none. */
GW_MUST_USE enum gw_err gw_target_find(struct gw_target *, struct gw_slice path,
    uint64_t ino, uint32_t *nth, struct gw_stamp *);
/* Does path bear a symlink with exactly this target? */
bool gw_target_is_link(
    struct gw_target *, struct gw_slice path, struct gw_slice target);
/*
 * The nth alternative of a path: "a/name (2).ext" for "a/name.ext"; the
 * stem is cut (between UTF-8 characters) where the name would pass 255
 * bytes.  0 is path itself.  At most GW_TARGET_PATH bytes with the NUL;
 * returns the length, 0 when it does not fit.
 */
enum { GW_TARGET_PATH = 4096 + 256 };
size_t gw_target_alternative(
    struct gw_slice path, uint32_t nth, char out[GW_TARGET_PATH]);

/* ---- directories ---- */

/* Make it, 0700 for now, or find it: *made says.  Its parent must be there.
 * GW_E_FAILED: something else has the name. */
GW_MUST_USE enum gw_err gw_target_mkdir(struct gw_target *,
    struct gw_slice path, bool *made, struct gw_stamp *, struct gw_why *);
/* Of a directory with this inode: permission bits (a set-group-id bit that
 * it was born with stays), then mtime. */
struct gw_target_attrs {
	uint32_t mode; /* & 0777 is taken */
	int64_t mtime_s;
	uint32_t mtime_ns;
};
/* Durable at the latest with the next gw_target_sync_dirs. */
GW_MUST_USE enum gw_err gw_target_dir_attrs(struct gw_target *,
    struct gw_slice path, uint64_t ino, const struct gw_target_attrs *,
    struct gw_why *);

/* ---- whole small files, in few system calls ---- */

struct gw_target_whole {
	struct gw_target_file file;
	struct gw_slice data;
	struct gw_target_attrs attrs;
	bool sparse;            /* leave zero pages as holes */
	struct gw_slice xattrs; /* as on the wire, or empty */
	/* set: */
	struct gw_stamp stamp;
	bool xattrs_lost; /* the file system has none, or took not all */
};
/* Write it to its temporary file and close that; an old one is removed. */
GW_MUST_USE enum gw_err gw_target_write_whole(
    struct gw_target *, struct gw_target_whole *, struct gw_why *);

/* ---- large files: temporaries that stay open, by entry number ---- */

/*
 * Open the temporary file, unless the entry has it open already.  ino 0:
 * make it anew (an old one is removed); else it must be there, be a regular
 * file of one link and have that inode, or it is GW_E_NO_PATH.
 */
GW_MUST_USE enum gw_err gw_target_temp_open(struct gw_target *,
    const struct gw_target_file *, uint64_t ino, struct gw_stamp *,
    struct gw_why *);
struct gw_target_io {
	uint64_t entry;
	uint64_t offset;
	void *buf; /* written from or read into */
	size_t n;
	bool sparse; /* write: leave zero pages out; the file has none of
		      * other content there */
	size_t got;  /* read: set, less than n at the end only */
};
GW_MUST_USE enum gw_err gw_target_temp_write(
    struct gw_target *, const struct gw_target_io *, struct gw_why *);
GW_MUST_USE enum gw_err gw_target_temp_read(
    struct gw_target *, struct gw_target_io *, struct gw_why *);
GW_MUST_USE enum gw_err gw_target_temp_sync(
    struct gw_target *, uint64_t entry, struct gw_why *);
/* Final size, attributes, mode and mtime; it stays open for the sync. */
struct gw_target_finish {
	uint64_t entry;
	uint64_t size;
	struct gw_target_attrs attrs;
	struct gw_slice xattrs;
	/* set: */
	struct gw_stamp stamp;
	bool xattrs_lost;
};
GW_MUST_USE enum gw_err gw_target_temp_finish(
    struct gw_target *, struct gw_target_finish *, struct gw_why *);
/* Nothing happens when it is not open. */
void gw_target_temp_close(struct gw_target *, uint64_t entry);
/*
 * A session is over, and no call is under way: close all temporary files
 * (the next session gives other files the same entry numbers) and look every
 * directory up anew.
 */
void gw_target_forget(struct gw_target *);
/* Close it if it is open, and remove it; gone already is fine. */
GW_MUST_USE enum gw_err gw_target_temp_drop(
    struct gw_target *, const struct gw_target_file *, struct gw_why *);

/* ---- temporaries of which no journal tells (see target_own.c) ---- */

/*
 * Make it, with the permissions that a new file gets here, and hold it: the
 * descriptor, for reading and writing, is the caller's.  gw_target_place and
 * gw_target_temp_drop do with it as with any other.
 */
GW_MUST_USE enum gw_err gw_target_own(struct gw_target *,
    const struct gw_target_file *, int *fd, struct gw_why *);
GW_MUST_USE enum gw_err gw_target_own_sync(int fd, struct gw_why *);
/* Remove those directly in the target, of names that begin like this, that no
 * process holds any more.  Returns how many. */
unsigned gw_target_own_sweep(struct gw_target *, const char *prefix);

/* ---- durable, then under their final names ---- */

/* Make what was written to these temporaries durable, by one syncfs where
 * that is cheaper. */
GW_MUST_USE enum gw_err gw_target_sync(struct gw_target *,
    const struct gw_target_file *, size_t count, struct gw_why *);

enum gw_place {
	GW_PLACE_RENAME,  /* a name that is taken: the next alternative */
	GW_PLACE_REPLACE, /* replaced at once; never a directory */
	GW_PLACE_SKIP     /* left alone, and the temporary file removed */
};
/*
 * Give a finished temporary file its name, and close it; never over
 * anything, unless asked to replace it.  *nth is which alternative it got.
 * GW_E_AGAIN: taken, and GW_PLACE_SKIP.  GW_E_NO_PATH: no temporary file.
 */
GW_MUST_USE enum gw_err gw_target_place(struct gw_target *,
    const struct gw_target_file *, enum gw_place, uint32_t *nth,
    struct gw_why *);
/* Make a symlink, by way of the temporary name; errors as place. */
struct gw_target_link {
	struct gw_target_file file;
	enum gw_place how;
	struct gw_slice target; /* symlink: its text.  Hard link: the path
				 * and the alternative of the first name */
	uint32_t target_nth;
	struct gw_target_attrs attrs; /* symlink: mtime only */
	uint32_t nth;                 /* set */
};
GW_MUST_USE enum gw_err gw_target_symlink(
    struct gw_target *, struct gw_target_link *, struct gw_why *);
/* Another name for a file that was placed before. */
GW_MUST_USE enum gw_err gw_target_hardlink(
    struct gw_target *, struct gw_target_link *, struct gw_why *);
/* Make every name that was made or removed since the last call durable. */
GW_MUST_USE enum gw_err gw_target_sync_dirs(
    struct gw_target *, struct gw_why *);

#endif /* GW_OS_TARGET_H */
