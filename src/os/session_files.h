/*
 * session_files - where processes show their sessions over UDP, and where
 * they are looked for: $XDG_RUNTIME_DIR/godwit, one file a UDP socket, for
 * its owner alone (0600).
 *
 * Knows nothing of what is in them (session_page has that).  A writer holds a
 * lock, which ends with its process whatever happens; what a dead one left
 * behind the next one removes.
 */
#ifndef GW_OS_SESSION_FILES_H
#define GW_OS_SESSION_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "os/why.h"

/* ---- writing ---- */

struct gw_session_file;

/* Make one in the directory, and remove those of processes that are no more.
 * GW_E_DISK, GW_E_SPACE, GW_E_LIMIT, ...: why says what is in the way. */
GW_MUST_USE enum gw_err gw_session_file_new(
    const char *dir, struct gw_why *, struct gw_session_file **);
/* From its beginning on, in place.  What cannot be written is not shown. */
void gw_session_file_write(struct gw_session_file *, struct gw_slice);
/* Removes it; whoever has it open can read its last words.  NULL is fine. */
void gw_session_file_free(struct gw_session_file *);

/* ---- reading ---- */

/* The files of all processes whose sessions may be seen: those of this user;
 * for root, those of all whose directories are in /run/user. */
struct gw_session_files;

/* One of them; it stays open, so that what was written last can be read when
 * it has been removed. */
struct gw_shown_file {
	uint32_t uid; /* whose it is */
	void *user;   /* whatever the caller wants to find again; NULL */
	int fd;
	uint64_t dev, ino;
	struct gw_shown_file *next;
};

GW_MUST_USE enum gw_err gw_session_files_new(struct gw_session_files **);
void gw_session_files_free(struct gw_session_files *);
/* Readable when there is a new one; -1: the kernel does not tell. */
int gw_session_files_fd(const struct gw_session_files *);
/* Is there, since the last time that was asked? */
bool gw_session_files_told(struct gw_session_files *);
/* Look for new ones. */
void gw_session_files_look(struct gw_session_files *);
/* Walk them: NULL gives the first, NULL comes after the last. */
struct gw_shown_file *gw_session_files_next(
    const struct gw_session_files *, const struct gw_shown_file *);
/* Read up to n bytes from its beginning.  *gone: it had been removed before,
 * so that nothing follows. */
size_t gw_shown_file_read(
    const struct gw_shown_file *, void *, size_t n, bool *gone);
/* Be done with one; its user is the caller's. */
void gw_session_files_drop(struct gw_session_files *, struct gw_shown_file *);

#endif /* GW_OS_SESSION_FILES_H */
