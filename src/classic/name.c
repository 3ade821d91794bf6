#include "classic/name.h"

static struct gw_slice
trimmed(struct gw_slice s)
{
	while (s.n > 0 && s.p[s.n - 1] == '\0')
		s.n--;
	if (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static bool
has(struct gw_slice s, char c)
{
	return s.n > 0 && memchr(s.p, c, s.n) != NULL;
}

/* What follows the last separator, of Unix or of Windows. */
static struct gw_slice
base_of(struct gw_slice s)
{
	size_t start = s.n;

	while (start > 0 && s.p[start - 1] != '/' && s.p[start - 1] != '\\')
		start--;
	return gw_slice(s.p + start, s.n - start);
}

static bool
is_dots(struct gw_slice s)
{
	return gw_slice_eq(s, gw_slice(".", 1)) ||
	       gw_slice_eq(s, gw_slice("..", 2));
}

const char *
gw_classic_name(struct gw_slice raw, char out[GW_COMPONENT_MAX + 1], bool *cut)
{
	struct gw_slice whole = trimmed(raw), base;

	/* NULs are padding at the end only: what comes after one might be
	 * content, which must not get lost. */
	if (has(whole, '\0'))
		return "what it sent as name goes on after a NUL";
	if (has(whole, '\n') || has(whole, '\r'))
		return "what it sent as name has more than one line";
	if (whole.n == 0)
		return "it sent an empty name";
	base = base_of(whole);
	if (base.n == 0 || is_dots(base))
		return "what it sent as name names no file";
	if (base.n > GW_COMPONENT_MAX)
		return "what it sent as name is longer than a name may be";
	memcpy(out, base.p, base.n);
	out[base.n] = '\0';
	*cut = base.n < whole.n;
	return NULL;
}
