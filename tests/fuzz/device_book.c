/*
 * Any bytes as the list of remembered devices: what is read is written as it
 * was understood, and what is written is read again, the same.
 */
#include <string.h>

#include "base/assert.h"
#include "fuzz.h"
#include "run/device_book.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gw_device_book book = { .count = 0 }, again = { .count = 0 };
	struct gw_bytes text = { .start = 0 };
	struct gw_slice written;
	const char *wrong = NULL;
	unsigned line = 0;

	if (gw_device_book_parse(&book, gw_slice(data, size), &line, &wrong) !=
	    GW_OK) {
		GW_ASSERT(line > 0);
		GW_ASSERT(wrong != NULL);
		GW_ASSERT(book.count == 0);
		return 0;
	}
	for (size_t i = 0; i < book.count; i++) {
		const struct gw_device_entry *e = &book.entries[i];

		GW_ASSERT(gw_device_name_wrong(e->name) == NULL);
		GW_ASSERT(gw_device_book_by_name(&book, e->name) == e);
		GW_ASSERT(gw_device_book_by_key(&book, e->key) == e);
	}
	GW_ASSERT(gw_device_book_write(&book, &text) == GW_OK);
	written = gw_bytes_peek(&text);
	GW_ASSERT(
	    gw_device_book_parse(&again, written, &line, &wrong) == GW_OK);
	GW_ASSERT(again.count == book.count);
	while (book.count > 0) {
		struct gw_why why;
		char name[GW_NAME_MAX + 1];

		memcpy(name, book.entries[0].name, sizeof name);
		GW_ASSERT(gw_device_book_forget(&book, name, &why) == GW_OK);
	}
	gw_bytes_fini(&text);
	gw_device_book_fini(&book);
	gw_device_book_fini(&again);
	return 0;
}
