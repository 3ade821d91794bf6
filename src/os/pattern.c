#include "os/pattern.h"

#include <fnmatch.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

/* One component; p and name end at a slash or at their end. */
static bool
component(const char *p, size_t p_len, const char *name, size_t n_len)
{
	char pattern[NAME_MAX * 4 + 1], text[NAME_MAX + 1];

	if (p_len >= sizeof pattern || n_len >= sizeof text)
		return false;
	memcpy(pattern, p, p_len);
	pattern[p_len] = '\0';
	memcpy(text, name, n_len);
	text[n_len] = '\0';
	return fnmatch(pattern, text, 0) == 0;
}

static size_t
component_len(const char *s, const char *end)
{
	const char *slash = memchr(s, '/', (size_t)(end - s));

	return (size_t)((slash != NULL ? slash : end) - s);
}

struct span {
	const char *s, *end;
};

/* Step over a component of n bytes and the slash after it. */
static const char *
after(struct span x, size_t n)
{
	return x.s + n < x.end ? x.s + n + 1 : x.end;
}

/*
 * Component by component.  Of several `**` only the last one passed ever
 * needs to take more (as with `*` in a plain matcher), so the work is
 * bounded by the product of the lengths.
 */
static bool
anchored(struct span p, struct span path)
{
	struct span retry_p = { NULL, NULL }, retry = { NULL, NULL };
	size_t pn, n;

	while (path.s < path.end) {
		pn = component_len(p.s, p.end);
		n = component_len(path.s, path.end);
		if (p.s < p.end && pn == 2 && memcmp(p.s, "**", 2) == 0) {
			p.s = after(p, pn);
			retry_p = p;
			retry = path;
		} else if (p.s < p.end && component(p.s, pn, path.s, n)) {
			p.s = after(p, pn);
			path.s = after(path, n);
		} else if (retry.s != NULL) {
			n = component_len(retry.s, retry.end);
			retry.s = after(retry, n);
			path = retry;
			p = retry_p;
		} else {
			return false;
		}
	}
	return p.s == p.end;
}

bool
gw_pattern_match(const char *pattern, const char *path, bool is_dir)
{
	size_t n = strlen(pattern), len = strlen(path);
	const char *base = strrchr(path, '/');
	bool rooted = n > 0 && pattern[0] == '/';

	while (n > 0 && pattern[n - 1] == '/') {
		if (!is_dir)
			return false;
		n--;
	}
	for (; n > 0 && pattern[0] == '/'; n--)
		pattern++;
	if (n == 0)
		return false;
	if (rooted || memchr(pattern, '/', n) != NULL)
		return anchored((struct span){ pattern, pattern + n },
		    (struct span){ path, path + len });
	base = base != NULL ? base + 1 : path;
	return component(pattern, n, base, strlen(base));
}
