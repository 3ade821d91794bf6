#include "base/escape.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/width.h"

/* "\u{10ffff}" */
enum { ESCAPED_MAX = 10 };

/* The code point at s and its length in bytes; length 0: not UTF-8 (RFC 3629:
 * shortest form, no surrogates, at most U+10FFFF).  s ends with NUL, which is
 * no continuation byte, so nothing is read past it. */
static size_t
decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n;

	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	} else if (s[0] >= 0xc2 && s[0] < 0xe0) {
		n = 2;
	} else if (s[0] >= 0xe0 && s[0] < 0xf0) {
		n = 3;
	} else if (s[0] >= 0xf0 && s[0] < 0xf5) {
		n = 4;
	} else {
		return 0;
	}

	uint32_t v = s[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s[i] & 0x3fU);
	}
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*code = v;
	return n;
}

/* Would this character do something else than show itself?  Directional
 * marks, line and paragraph ends, tags, what is invisible; the joiners
 * U+200C and U+200D are left, because scripts and emoji need them. */
static int
is_hostile(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} hostile[] = {
		{ 0x00, 0x1f },
		{ 0x5c, 0x5c },       /* backslash: begins an escape here */
		{ 0x7f, 0x9f },       /* DEL and C1 controls */
		{ 0x61c, 0x61c },     /* Arabic letter mark */
		{ 0x200b, 0x200b },   /* zero width space */
		{ 0x200e, 0x200f },   /* direction marks */
		{ 0x2028, 0x202e },   /* separators, embeddings, overrides */
		{ 0x2060, 0x206f },   /* word joiner, isolates, old formats */
		{ 0xfeff, 0xfeff },   /* byte order mark */
		{ 0xfff9, 0xfffb },   /* annotation */
		{ 0xe0000, 0xe007f }, /* tags */
	};

	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++)
		if (c >= hostile[i].first && c <= hostile[i].last)
			return 1;
	return 0;
}

size_t
gw_escape(char *out, size_t size, const char *name)
{
	const unsigned char *s = (const unsigned char *)name;
	char one[ESCAPED_MAX + 1];
	size_t need = 0, used = 0;
	int full = size == 0;

	while (*s != 0) {
		uint32_t code = *s;
		size_t n = decode(s, &code), len;

		if (n == 0 || (n == 1 && is_hostile(code))) {
			n = 1;
			len = (size_t)snprintf(one, sizeof(one), "\\x%02x", *s);
		} else if (is_hostile(code)) {
			len = (size_t)snprintf(one, sizeof(one), "\\u{%04lx}",
			    (unsigned long)code);
		} else {
			len = n;
			memcpy(one, s, n);
		}
		s += n;
		need += len;
		/* What comes after a piece that did not fit is not written
		 * either, even if it is shorter. */
		if (full || len >= size - used) {
			full = 1;
			continue;
		}
		memcpy(out + used, one, len);
		used += len;
	}
	if (size > 0)
		out[used] = '\0';
	return need;
}

size_t
gw_escape_columns(const char *escaped)
{
	const unsigned char *s = (const unsigned char *)escaped;
	size_t columns = 0;

	while (*s != 0) {
		uint32_t code = 0;
		const size_t n = decode(s, &code);

		columns += n == 0 ? 1 : gw_width(code);
		s += n == 0 ? 1 : n;
	}
	return columns;
}
