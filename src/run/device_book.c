#include "run/device_book.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/escape.h"
#include "crypto/identity.h"
#include "wire/hello.h"

static const char head[] = "godwit-devices-1", unnamed[] = "device";

enum { HEX = 2 * GW_KEY_LEN, GROWTH = 16 };

void
gw_device_book_fini(struct gw_device_book *b)
{
	free(b->entries);
	gw_bytes_fini(&b->others);
	*b = (struct gw_device_book){ .count = 0 };
}

/* ---- names ---- */

/* What a shell, an option or DEVICE=HOST:PORT would take for something
 * else. */
static bool
is_awkward(unsigned char c)
{
	return c <= ' ' || c == 0x7f ||
	       strchr("=:/\\@,%[]\"'`$&|;<>*?!#~(){}", c) != NULL;
}

const char *
gw_device_name_wrong(const char *name)
{
	char escaped[4 * GW_NAME_MAX + 1];

	if (name[0] == '\0')
		return "is empty";
	if (strlen(name) > GW_NAME_MAX)
		return "is longer than 64 bytes";
	if (name[0] == '-' || name[0] == '.')
		return "begins with - or .";
	for (const char *p = name; *p != '\0'; p++)
		if (is_awkward((unsigned char)*p))
			return "has a space, or a character that addresses and "
			       "shells use";
	gw_escape(escaped, sizeof escaped, name);
	if (strcmp(escaped, name) != 0)
		return "has characters that a terminal does not show";
	/* Other addresses have colons. */
	if (name[strspn(name, "0123456789.")] == '\0')
		return "has nothing but digits and dots, as an address";
	return NULL;
}

/* A name out of what a device calls itself. */
static void
make_fit(const char *goes_by, char out[GW_NAME_MAX + 1])
{
	char clean[GW_NAME_MAX + 1];
	size_t n = strlen(goes_by), from = 0, k = 0;

	gw_text_clean(gw_slice(goes_by, n < GW_NAME_MAX ? n : GW_NAME_MAX),
	    clean, sizeof clean);
	while (clean[from] == '-' || clean[from] == '.' ||
	       is_awkward((unsigned char)clean[from])) {
		if (clean[from] == '\0')
			break;
		from++;
	}
	for (const char *p = clean + from; *p != '\0'; p++)
		out[k++] = is_awkward((unsigned char)*p) ? '-' : *p;
	out[k] = '\0';
	if (gw_device_name_wrong(out) != NULL)
		memcpy(out, unnamed, sizeof unnamed);
}

const struct gw_device_entry *
gw_device_book_by_name(const struct gw_device_book *b, const char *name)
{
	for (size_t i = 0; i < b->count; i++)
		if (strcasecmp(b->entries[i].name, name) == 0)
			return &b->entries[i];
	return NULL;
}

const struct gw_device_entry *
gw_device_book_by_key(
    const struct gw_device_book *b, const uint8_t key[GW_KEY_LEN])
{
	for (size_t i = 0; i < b->count; i++)
		if (memcmp(b->entries[i].key, key, GW_KEY_LEN) == 0)
			return &b->entries[i];
	return NULL;
}

/* ---- changing ---- */

/* Room for one more, at the end. */
static enum gw_err
more(struct gw_device_book *b, struct gw_device_entry **out)
{
	struct gw_device_entry *grown;

	if (b->count == GW_DEVICES_MAX)
		return GW_E_LIMIT;
	if (b->count % GROWTH == 0) {
		grown =
		    realloc(b->entries, (b->count + GROWTH) * sizeof *grown);
		if (grown == NULL)
			return GW_E_MEMORY;
		b->entries = grown;
	}
	*out = &b->entries[b->count];
	return GW_OK;
}

/* `name`, or the first of name-2, name-3, ... that is free.  A cut never goes
 * through a character. */
static void
choose_name(
    const struct gw_device_book *b, const char *name, char out[GW_NAME_MAX + 1])
{
	char tail[16];
	size_t n;

	snprintf(out, GW_NAME_MAX + 1, "%s", name);
	for (unsigned i = 2; gw_device_book_by_name(b, out) != NULL; i++) {
		snprintf(tail, sizeof tail, "-%u", i);
		n = strlen(name);
		if (n > GW_NAME_MAX - strlen(tail))
			n = GW_NAME_MAX - strlen(tail);
		while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80)
			n--;
		snprintf(out, GW_NAME_MAX + 1, "%.*s%s", (int)n, name, tail);
	}
}

enum gw_err
gw_device_book_add(struct gw_device_book *b, const uint8_t key[GW_KEY_LEN],
    const char *goes_by, int64_t now, const struct gw_device_entry **out)
{
	const struct gw_device_entry *there = gw_device_book_by_key(b, key);
	char fit[GW_NAME_MAX + 1];
	struct gw_device_entry *e;
	enum gw_err err;

	if (there != NULL) {
		*out = there;
		return GW_OK;
	}
	if ((err = more(b, &e)) != GW_OK)
		return err;
	make_fit(goes_by, fit);
	choose_name(b, fit, e->name);
	memcpy(e->key, key, GW_KEY_LEN);
	e->added = now;
	b->count++;
	*out = e;
	return GW_OK;
}

static enum gw_err
not_there(const char *name, struct gw_why *why)
{
	return gw_why(why, GW_E_NO_PATH,
	    "no remembered device is called %s: `godwit devices` lists them",
	    name);
}

enum gw_err
gw_device_book_rename(struct gw_device_book *b, const char *name,
    const char *to, struct gw_why *why)
{
	const struct gw_device_entry *e = gw_device_book_by_name(b, name);
	const struct gw_device_entry *other = gw_device_book_by_name(b, to);
	const char *wrong = gw_device_name_wrong(to);

	if (e == NULL)
		return not_there(name, why);
	if (wrong != NULL)
		return gw_why(why, GW_E_USAGE, "\"%s\" cannot be a name: it %s",
		    to, wrong);
	if (other != NULL && other != e)
		return gw_why(why, GW_E_USAGE,
		    "another device is called %s already: rename that first",
		    other->name);
	snprintf(b->entries[e - b->entries].name, GW_NAME_MAX + 1, "%s", to);
	return GW_OK;
}

/* Does this line, WORD KEY ..., name the key? */
static bool
names_key(struct gw_slice line, const char hex[HEX + 1])
{
	const uint8_t *space = memchr(line.p, ' ', line.n);
	size_t rest;

	if (space == NULL)
		return false;
	rest = line.n - (size_t)(space + 1 - line.p);
	return rest >= HEX && memcmp(space + 1, hex, HEX) == 0 &&
	       (rest == HEX || space[1 + HEX] == ' ');
}

/* Take the next line; false: no more.  The last one may lack its \n. */
static bool
next_line(struct gw_slice *text, struct gw_slice *line)
{
	const uint8_t *end;
	size_t n;

	if (text->n == 0)
		return false;
	end = memchr(text->p, '\n', text->n);
	n = end != NULL ? (size_t)(end - text->p) : text->n;
	*line = gw_slice(text->p, n);
	n += end != NULL;
	*text = gw_slice(text->p + n, text->n - n);
	return true;
}

static enum gw_err
add_line(struct gw_bytes *out, struct gw_slice line)
{
	uint8_t *at;

	if (gw_bytes_room(out, line.n + 1, &at) != GW_OK)
		return GW_E_MEMORY;
	memcpy(at, line.p, line.n);
	at[line.n] = '\n';
	gw_bytes_added(out, line.n + 1);
	return GW_OK;
}

enum gw_err
gw_device_book_forget(
    struct gw_device_book *b, const char *name, struct gw_why *why)
{
	const struct gw_device_entry *e = gw_device_book_by_name(b, name);
	struct gw_slice text = gw_bytes_peek(&b->others), line;
	struct gw_bytes kept = { .start = 0 };
	char hex[HEX + 1];
	size_t at;

	if (e == NULL)
		return not_there(name, why);
	gw_identity_hex(e->key, hex);
	while (next_line(&text, &line)) {
		if (!names_key(line, hex) && add_line(&kept, line) != GW_OK) {
			gw_bytes_fini(&kept);
			return GW_E_MEMORY;
		}
	}
	gw_bytes_fini(&b->others);
	b->others = kept;
	at = (size_t)(e - b->entries);
	b->count--;
	memmove(&b->entries[at], &b->entries[at + 1],
	    (b->count - at) * sizeof *b->entries);
	return GW_OK;
}

/* ---- text ---- */

enum gw_err
gw_device_book_write(const struct gw_device_book *b, struct gw_bytes *out)
{
	const struct gw_slice others = gw_bytes_peek(&b->others);
	char line[HEX + GW_NAME_MAX + 64], hex[HEX + 1];
	enum gw_err err = add_line(out, gw_slice_str(head));

	if (err == GW_OK && b->own[0] != '\0') {
		snprintf(line, sizeof line, "own %s", b->own);
		err = add_line(out, gw_slice_str(line));
	}
	for (size_t i = 0; err == GW_OK && i < b->count; i++) {
		gw_identity_hex(b->entries[i].key, hex);
		snprintf(line, sizeof line, "device %s %lld %s", hex,
		    (long long)b->entries[i].added, b->entries[i].name);
		err = add_line(out, gw_slice_str(line));
	}
	if (err == GW_OK && others.n > 0)
		err = gw_bytes_add(out, others.p, others.n);
	if (err == GW_OK && gw_bytes_len(out) > GW_DEVICE_BOOK_MAX)
		err = GW_E_LIMIT;
	return err;
}

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
read_key(const char **at, uint8_t key[GW_KEY_LEN])
{
	const char *p = *at;

	for (size_t i = 0; i < GW_KEY_LEN; i++, p += 2) {
		const int high = digit(p[0]);
		const int low = high >= 0 ? digit(p[1]) : -1;

		if (low < 0)
			return false;
		key[i] = (uint8_t)(high << 4 | low);
	}
	if (*p != ' ')
		return false;
	*at = p + 1;
	return true;
}

static bool
read_time(const char **at, int64_t *out)
{
	const char *p = *at;
	int64_t v = 0;

	for (; isdigit((unsigned char)*p) && p - *at < 15; p++)
		v = v * 10 + (*p - '0');
	if (p == *at || *p != ' ')
		return false;
	*at = p + 1;
	*out = v;
	return true;
}

/* What a line of the file may say; NULL: nothing is wrong. */
static const char *
read_device(struct gw_device_book *b, const char *p, enum gw_err *err)
{
	struct gw_device_entry *e, new;

	if (!read_key(&p, new.key))
		return "has no key of 64 hexadecimal digits";
	if (!read_time(&p, &new.added))
		return "does not say when the device was added";
	if (gw_device_name_wrong(p) != NULL)
		return "has a name that no device can have";
	memcpy(new.name, p, strlen(p) + 1);
	if (gw_device_book_by_name(b, new.name) != NULL)
		return "has a name that another device has already";
	if (gw_device_book_by_key(b, new.key) != NULL)
		return "has the key of another device";
	*err = more(b, &e);
	if (*err == GW_E_LIMIT)
		return "is one device too many: 1,024 can be remembered";
	if (*err == GW_OK) {
		*e = new;
		b->count++;
	}
	return NULL;
}

static const char *
read_own(struct gw_device_book *b, const char *name)
{
	if (b->own[0] != '\0')
		return "gives a second name to this device";
	if (gw_device_name_wrong(name) != NULL)
		return "has a name that no device can have";
	memcpy(b->own, name, strlen(name) + 1);
	return NULL;
}

/* *err may be GW_E_MEMORY. */
static const char *
read_line(struct gw_device_book *b, struct gw_slice line, enum gw_err *err)
{
	char text[GW_DEVICE_LINE_MAX + 1];

	if (line.n > GW_DEVICE_LINE_MAX)
		return "is too long";
	if (line.n == 0)
		return "is empty";
	memcpy(text, line.p, line.n);
	text[line.n] = '\0';
	for (size_t i = 0; i < line.n; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return "has a control character";
	if (strncmp(text, "device ", 7) == 0)
		return read_device(b, text + 7, err);
	if (strncmp(text, "own ", 4) == 0)
		return read_own(b, text + 4);
	*err = add_line(&b->others, line);
	return NULL;
}

enum gw_err
gw_device_book_parse(struct gw_device_book *b, struct gw_slice text,
    unsigned *line, const char **wrong)
{
	struct gw_slice one = gw_slice(NULL, 0);
	enum gw_err err = GW_OK;
	const char *reason = NULL;
	unsigned number = 1;

	GW_ASSERT(b->count == 0);
	if (!next_line(&text, &one) || one.n != sizeof head - 1 ||
	    memcmp(one.p, head, one.n) != 0)
		reason = "is not `godwit-devices-1`: it is no such list, or "
			 "that of a newer godwit";
	while (reason == NULL && err == GW_OK && next_line(&text, &one)) {
		number++;
		reason = read_line(b, one, &err);
	}
	if (reason == NULL && err == GW_OK)
		return GW_OK;
	gw_device_book_fini(b);
	if (reason == NULL)
		return err;
	*line = number;
	*wrong = reason;
	return GW_E_DISK;
}
