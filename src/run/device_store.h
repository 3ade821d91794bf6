/*
 * device_store - the book of remembered devices in its file, `devices` in the
 * data directory: 0600, replaced at once or not at all.
 *
 * Readers need no lock.  Whoever changes it holds `devices.lock` from reading
 * to writing, so that two processes at once lose nothing.
 */
#ifndef GW_RUN_DEVICE_STORE_H
#define GW_RUN_DEVICE_STORE_H

#include "run/device_book.h"

/* Read it; where there is no file the book is empty.  The caller ends it with
 * gw_device_book_fini.  GW_E_DISK, GW_E_MEMORY: the book is empty, and why
 * names the file and the line. */
GW_MUST_USE enum gw_err gw_device_store_load(
    const char *data_dir, struct gw_device_book *, struct gw_why *);

struct gw_device_store {
	struct gw_device_book book; /* to be changed */
	char *path;
	int lock;
};

/* Lock it, waiting up to 5 s for another process, and read it.  GW_E_AGAIN:
 * that did not let go. */
GW_MUST_USE enum gw_err gw_device_store_open(
    const char *data_dir, struct gw_device_store *, struct gw_why *);
/* Write what the book is now. */
GW_MUST_USE enum gw_err gw_device_store_save(
    struct gw_device_store *, struct gw_why *);
/* Let go of the lock; what was not saved is gone. */
void gw_device_store_close(struct gw_device_store *);

#endif /* GW_RUN_DEVICE_STORE_H */
