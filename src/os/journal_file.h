/*
 * journal_file - a file that is only appended to, by one process at a time.
 *
 * Knows nothing of its format (transfer/journal has that).  One thread at a
 * time.
 */
#ifndef GW_OS_JOURNAL_FILE_H
#define GW_OS_JOURNAL_FILE_H

#include "base/bytes.h"
#include "os/why.h"

struct gw_journal_file;

/*
 * Open dir/name and lock it.  GW_E_AGAIN: another holds it; GW_E_NO_PATH:
 * there is none and `create` is false; GW_E_DISK, GW_E_SPACE.
 */
GW_MUST_USE enum gw_err gw_journal_file_open(const char *dir, const char *name,
    bool create, struct gw_why *, struct gw_journal_file **);
/* The same to read only, without taking it; *held: another holds it, and may
 * be adding to it. */
GW_MUST_USE enum gw_err gw_journal_file_peek(const char *dir, const char *name,
    bool *held, struct gw_why *, struct gw_journal_file **);
/* Unlock; the file stays. */
void gw_journal_file_close(struct gw_journal_file *);
/* Read all of it.  GW_E_LIMIT: longer than max. */
GW_MUST_USE enum gw_err gw_journal_file_read(
    struct gw_journal_file *, size_t max, struct gw_bytes *, struct gw_why *);
/* Add to the end, durably.  On failure what was written of it is cut off
 * again where that is possible. */
GW_MUST_USE enum gw_err gw_journal_file_append(
    struct gw_journal_file *, struct gw_slice, struct gw_why *);
/* Cut a torn end off: keep the first len bytes. */
GW_MUST_USE enum gw_err gw_journal_file_cut(
    struct gw_journal_file *, uint64_t len, struct gw_why *);
/* Remove the file and close; takes the file even when it fails. */
enum gw_err gw_journal_file_remove(struct gw_journal_file *, struct gw_why *);
/* Seconds since it was last written. */
int64_t gw_journal_file_age(const struct gw_journal_file *);

/* The names in dir that end with suffix, sorted; a missing dir has none.
 * Free with gw_journal_file_names_free. */
GW_MUST_USE enum gw_err gw_journal_file_names(const char *dir,
    const char *suffix, struct gw_why *, char ***names, size_t *count);
void gw_journal_file_names_free(char **names, size_t count);

#endif /* GW_OS_JOURNAL_FILE_H */
