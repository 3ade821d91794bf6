#include "cli/size.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* A number with up to nine decimals, as an integer and billionths. */
struct number {
	uint64_t whole, billionths;
};

static const char *
parse_number(const char **text, struct number *out)
{
	const char *s = *text;
	struct number n = { 0, 0 };
	uint64_t place = 100000000;

	if (!isdigit((unsigned char)*s) && *s != '.')
		return *s == '-' ? "must not be negative"
				 : "begins with no number";
	if (*s == '.' && !isdigit((unsigned char)s[1]))
		return "begins with no number";
	for (; isdigit((unsigned char)*s); s++) {
		if (n.whole > (UINT64_MAX - 9) / 10)
			return "is too large";
		n.whole = n.whole * 10 + (uint64_t)(*s - '0');
	}
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++, place /= 10)
			n.billionths += place * (uint64_t)(*s - '0');
	*text = s;
	*out = n;
	return NULL;
}

/* n * unit / divisor, rounded down; false: does not fit. */
static bool
scale(struct number n, uint64_t unit, uint64_t divisor, uint64_t *out)
{
	__extension__ unsigned __int128 v = n.whole;

	v = (v * 1000000000 + n.billionths) * unit / 1000000000 / divisor;
	if (v > INT64_MAX)
		return false;
	*out = (uint64_t)v;
	return true;
}

/* "k", "Mi" and so on at *text; 1 if there is none. */
static uint64_t
parse_prefix(const char **text)
{
	static const char letters[] = "kmgtp";
	const char *s = *text, *at;
	uint64_t unit = 1, step = 1000;

	if (*s == '\0' ||
	    (at = strchr(letters, tolower((unsigned char)*s))) == NULL)
		return 1;
	s++;
	if (*s == 'i' || *s == 'I') {
		step = 1024;
		s++;
	}
	for (ptrdiff_t i = 0; i <= at - letters; i++)
		unit *= step;
	*text = s;
	return unit;
}

const char *
cli_size_parse(const char *text, uint64_t *bytes)
{
	struct number n;
	uint64_t unit, v;
	const char *wrong;

	if ((wrong = parse_number(&text, &n)) != NULL)
		return wrong;
	unit = parse_prefix(&text);
	if (strcasecmp(text, "bit") == 0 || strcasecmp(text, "bits") == 0)
		return "is in bits, and a size is in bytes: write 100MB or "
		       "10MiB";
	if (*text != '\0' && strcasecmp(text, "B") != 0)
		return "has an unknown unit: write 100MB (10^6 bytes) or "
		       "10MiB (2^20)";
	if (!scale(n, unit, 1, &v))
		return "is too large";
	*bytes = v;
	return NULL;
}

const char *
cli_rate_parse(const char *text, uint64_t *bytes_per_second)
{
	struct number n;
	uint64_t unit, divisor, v;
	size_t len;
	const char *wrong;

	if ((wrong = parse_number(&text, &n)) != NULL)
		return wrong;
	unit = parse_prefix(&text);
	len = strlen(text);
	if (len >= 2 && strcasecmp(text + len - 2, "/s") == 0)
		len -= 2;
	if (len == 0 || (len == 1 && strncasecmp(text, "B", len) == 0))
		divisor = 1;
	else if ((len == 3 && strncasecmp(text, "bit", len) == 0) ||
		 (len == 4 && strncasecmp(text, "bits", len) == 0))
		divisor = 8;
	else
		return "has an unknown unit: write 800mbit (bits a second) or "
		       "100MB (bytes a second)";
	if (!scale(n, unit, divisor, &v))
		return "is too large";
	if (v == 0 && (n.whole != 0 || n.billionths != 0))
		return "is less than one byte a second";
	*bytes_per_second = v;
	return NULL;
}

/* The unit of time at *text, in milliseconds; 0: none of ours. */
static uint64_t
parse_time_unit(const char **text)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 },
		{ "m", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t n = strlen(units[i].name);

		if (strncasecmp(*text, units[i].name, n) == 0) {
			*text += n;
			return units[i].ms;
		}
	}
	return 0;
}

const char *
cli_duration_parse(const char *text, uint32_t *ms)
{
	struct number n;
	uint64_t unit, v, sum = 0;
	const char *wrong;
	bool first = true;

	do {
		if ((wrong = parse_number(&text, &n)) != NULL)
			return wrong;
		if (first && *text == '\0')
			unit = 1000;
		else if ((unit = parse_time_unit(&text)) == 0)
			return "has no unit of time: write 30s, 15m or 2h";
		if (!scale(n, unit, 1, &v) || v > INT32_MAX ||
		    (sum += v) > INT32_MAX)
			return "is too long: at most 24d";
		first = false;
	} while (*text != '\0');
	*ms = (uint32_t)sum;
	return NULL;
}

/* ---- for reading ---- */

const char *
cli_size_text(char out[CLI_SIZE_TEXT], uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB",
		"EB" };
	double v = (double)bytes;
	size_t i = 0;

	if (bytes < 1000) {
		snprintf(out, CLI_SIZE_TEXT, "%u B", (unsigned)bytes);
		return out;
	}
	/* 999.5 kB would be shown as 1000 kB. */
	for (v /= 1000; v >= 999.5 && i < 5; i++)
		v /= 1000;
	snprintf(out, CLI_SIZE_TEXT, "%.*f %s", v < 9.95 ? 1 : 0, v, units[i]);
	return out;
}

const char *
cli_rate_text(char out[CLI_SIZE_TEXT], uint64_t bytes)
{
	char size[CLI_SIZE_TEXT];

	snprintf(out, CLI_SIZE_TEXT, "%.16s/s", cli_size_text(size, bytes));
	return out;
}

const char *
cli_duration_text(char out[CLI_SIZE_TEXT], double seconds)
{
	unsigned long s;

	if (!(seconds > 0))
		seconds = 0;
	if (seconds > 1e9)
		seconds = 1e9;
	s = (unsigned long)(seconds + 0.5);
	if (seconds < 0.005)
		snprintf(out, CLI_SIZE_TEXT, "< 0.01 s");
	else if (seconds < 0.0995)
		snprintf(out, CLI_SIZE_TEXT, "%.2f s", seconds);
	else if (seconds < 9.95)
		snprintf(out, CLI_SIZE_TEXT, "%.1f s", seconds);
	else if (s < 60)
		snprintf(out, CLI_SIZE_TEXT, "%lu s", s);
	else if (s < 3600)
		snprintf(out, CLI_SIZE_TEXT, "%lu min %lu s", s / 60, s % 60);
	else
		snprintf(
		    out, CLI_SIZE_TEXT, "%lu h %lu min", s / 3600, s / 60 % 60);
	return out;
}

const char *
cli_clock_text(char out[CLI_SIZE_TEXT], uint64_t ms)
{
	uint64_t s = ms / 1000 + (ms % 1000 >= 500);

	if (s >= UINT64_C(100) * 3600)
		snprintf(out, CLI_SIZE_TEXT, "> 4 days");
	else if (s >= 3600)
		snprintf(out, CLI_SIZE_TEXT, "%u:%02u:%02u",
		    (unsigned)(s / 3600), (unsigned)(s / 60 % 60),
		    (unsigned)(s % 60));
	else
		snprintf(out, CLI_SIZE_TEXT, "%u:%02u", (unsigned)(s / 60),
		    (unsigned)(s % 60));
	return out;
}
