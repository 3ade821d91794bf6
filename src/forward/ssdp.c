#include "forward/ssdp.h"

#include <string.h>

static bool
is_word(struct gw_slice line, const char *word)
{
	size_t n = strlen(word);

	if (line.n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = line.p[i];

		if (c >= 'a' && c <= 'z')
			c = (uint8_t)(c - 'a' + 'A');
		if (c != (uint8_t)word[i])
			return false;
	}
	return true;
}

/* Takes the line off; false: that was the last one. */
static bool
next_line(struct gw_slice *rest, struct gw_slice *line)
{
	const uint8_t *end;

	if (rest->n == 0)
		return false;
	end = memchr(rest->p, '\n', rest->n);
	*line =
	    gw_slice(rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n);
	*rest = end != NULL ? gw_slice(end + 1, rest->n - line->n - 1)
			    : gw_slice(rest->p + rest->n, 0);
	return true;
}

static bool
number(struct gw_slice text, unsigned *out)
{
	size_t i = 0, digits = 0;
	unsigned n = 0;

	while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t'))
		i++;
	for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++) {
		if (++digits > 3)
			return false;
		n = n * 10 + (unsigned)(text.p[i] - '0');
	}
	if (digits == 0)
		return false;
	*out = n;
	return true;
}

bool
gw_ssdp_mx(struct gw_slice datagram, unsigned *seconds)
{
	static const char mx[] = "MX:";
	struct gw_slice line;

	if (!is_word(datagram, "M-SEARCH "))
		return false;
	while (next_line(&datagram, &line))
		if (is_word(line, mx))
			return number(gw_slice(line.p + sizeof mx - 1,
					  line.n - (sizeof mx - 1)),
			    seconds);
	return false;
}
