#include "crypto/code.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/slice.h"
#include "crypto/kdf.h"
#include "crypto/words.h"

enum { NUMBER_MAX = 999, WORDS_MIN = 2, WORDS_MAX = 8 };

const char *
gw_code_word(unsigned n)
{
	GW_ASSERT(n < GW_WORDS);
	return gw_words[n];
}

void
gw_code_make(
    const struct gw_random *random, unsigned words, char out[GW_CODE_MAX + 1])
{
	gw_code_make_numbered(random,
	    (uint32_t)gw_random_below(random, NUMBER_MAX) + 1, words, out);
}

void
gw_code_make_numbered(const struct gw_random *random, uint32_t number,
    unsigned words, char out[GW_CODE_MAX + 1])
{
	size_t at;

	words = words < WORDS_MIN ? WORDS_MIN : words;
	words = words > WORDS_MAX ? WORDS_MAX : words;
	at = (size_t)snprintf(out, GW_CODE_MAX + 1, "%u", (unsigned)number);
	while (words-- > 0)
		at += (size_t)snprintf(out + at, GW_CODE_MAX + 1 - at, "-%s",
		    gw_code_word((unsigned)gw_random_below(random, GW_WORDS)));
}

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_joint(char c)
{
	return c == '-' || c == '_' || is_space(c);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *
skip(const char *p, const char *end, bool (*is)(char))
{
	while (p < end && is(*p))
		p++;
	return p;
}

/* Without white space at both ends. */
static struct gw_slice
trim(const char *code)
{
	const char *end = code + strlen(code);

	code = skip(code, end, is_space);
	while (end > code && is_space(end[-1]))
		end--;
	return gw_slice(code, (size_t)(end - code));
}

/* NUMBER and at least two WORDs, however they are joined; out gets the
 * normal form, which is no longer than the code. */
static bool
spoken(struct gw_slice code, char *out)
{
	const char *p = (const char *)code.p, *end = p + code.n;
	const char *number = p;
	unsigned words = 0;

	p = skip(p, end, is_digit);
	if (p == number)
		return false;
	while (*number == '0' && number + 1 < p)
		number++;
	while (number < p)
		*out++ = *number++;
	for (; p < end; words++) {
		const char *word = skip(p, end, is_joint);

		if (word == p || word == end || !is_letter(*word))
			return false;
		*out++ = '-';
		for (p = word; p < end && is_letter(*p); p++)
			*out++ = small(*p);
	}
	*out = '\0';
	return words >= WORDS_MIN;
}

/* Any other code: as it is, but for capital letters. */
static bool
other(struct gw_slice code, char *out)
{
	if (code.n < GW_CODE_MIN)
		return false;
	for (size_t i = 0; i < code.n; i++) {
		if (code.p[i] < ' ' || code.p[i] == 0x7f)
			return false;
		out[i] = small((char)code.p[i]);
	}
	out[code.n] = '\0';
	return true;
}

enum gw_err
gw_code_normal(const char *code, char out[GW_CODE_MAX + 1])
{
	const struct gw_slice bare = trim(code);
	char normal[GW_CODE_MAX + 1];
	bool good;

	if (bare.n == 0 || bare.n > GW_CODE_MAX)
		return GW_E_USAGE;
	good = spoken(bare, normal) || other(bare, normal);
	if (good)
		memcpy(out, normal, strlen(normal) + 1);
	gw_wipe(normal, sizeof(normal));
	return good ? GW_OK : GW_E_USAGE;
}

bool
gw_code_is_spoken(const char *code)
{
	const struct gw_slice bare = trim(code);
	char normal[GW_CODE_MAX + 1];
	bool good;

	if (bare.n > GW_CODE_MAX)
		return false;
	good = spoken(bare, normal);
	gw_wipe(normal, sizeof(normal));
	return good;
}

uint32_t
gw_code_number(const char *normal)
{
	uint64_t n = 0;

	if (!gw_code_is_spoken(normal))
		return 0;
	for (; is_digit(*normal) && n <= UINT32_MAX; normal++)
		n = n * 10 + (uint64_t)(*normal - '0');
	return n <= UINT32_MAX ? (uint32_t)n : 0;
}
