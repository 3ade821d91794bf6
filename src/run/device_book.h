/*
 * device_book - the devices that this one remembers, and its own name: a list
 * in memory, and the text of its file.
 *
 * The text is lines: a head, then in any order
 *
 *	own NAME
 *	device KEY ADDED NAME
 *
 * KEY is 64 hexadecimal digits in small letters, ADDED seconds since 1970,
 * NAME the rest of its line.  A line of any other kind (WORD KEY ..., as the
 * rights of a device will be) is kept as it is, and goes with the device that
 * KEY names.  Knows no files: device_store has it in one.
 */
#ifndef GW_RUN_DEVICE_BOOK_H
#define GW_RUN_DEVICE_BOOK_H

#include "base/bytes.h"
#include "os/why.h"
#include "wire/limits.h"

enum {
	GW_DEVICES_MAX = 1024,        /* that are remembered */
	GW_DEVICE_BOOK_MAX = 1 << 20, /* bytes of text */
	GW_DEVICE_LINE_MAX = 4096
};

struct gw_device_entry {
	char name[GW_NAME_MAX + 1]; /* chosen here; no other has it */
	uint8_t key[GW_KEY_LEN];
	int64_t added; /* seconds since 1970 */
};

/* All zeros is an empty one. */
struct gw_device_book {
	struct gw_device_entry *entries; /* in the order they were added */
	size_t count;
	char own[GW_NAME_MAX + 1]; /* "": none was chosen */
	struct gw_bytes others;    /* lines of other kinds, each with its \n */
};

void gw_device_book_fini(struct gw_device_book *);

/*
 * From the text of a file; the book is empty before.  GW_E_DISK: it is none;
 * *line (from 1) and *wrong say why, and the book is empty.  GW_E_MEMORY.
 */
GW_MUST_USE enum gw_err gw_device_book_parse(struct gw_device_book *,
    struct gw_slice text, unsigned *line, const char **wrong);
/* GW_E_MEMORY; GW_E_LIMIT: it would be longer than what is read. */
GW_MUST_USE enum gw_err gw_device_book_write(
    const struct gw_device_book *, struct gw_bytes *out);

/* What is wrong with a name that somebody chose ("is empty"); NULL: nothing.
 * It can stand where a host's name does, and is none of an address. */
const char *gw_device_name_wrong(const char *name);

/* Names differ by more than the case of ASCII letters.  NULL: none. */
const struct gw_device_entry *gw_device_book_by_name(
    const struct gw_device_book *, const char *name);
const struct gw_device_entry *gw_device_book_by_key(
    const struct gw_device_book *, const uint8_t key[GW_KEY_LEN]);

/*
 * Remember a key under the name that its device goes by, made fit; where
 * another has that, with -2, -3, ... at its end.  A key that is there keeps
 * its name.  *out lives until the book changes.  GW_E_LIMIT: as many as there
 * may be.
 */
GW_MUST_USE enum gw_err gw_device_book_add(struct gw_device_book *,
    const uint8_t key[GW_KEY_LEN], const char *goes_by, int64_t now,
    const struct gw_device_entry **out);
/* GW_E_NO_PATH: no device is called `name`; GW_E_USAGE: `to` cannot be a
 * name, or another has it. */
GW_MUST_USE enum gw_err gw_device_book_rename(
    struct gw_device_book *, const char *name, const char *to, struct gw_why *);
/* With all lines that name its key.  GW_E_NO_PATH. */
GW_MUST_USE enum gw_err gw_device_book_forget(
    struct gw_device_book *, const char *name, struct gw_why *);

#endif /* GW_RUN_DEVICE_BOOK_H */
