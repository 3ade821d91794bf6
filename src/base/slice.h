/*
 * slice - borrowed bytes: a pointer and a length.
 *
 * Valid until the next call on the object that gave it, unless its giver
 * says otherwise.
 */
#ifndef GW_BASE_SLICE_H
#define GW_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct gw_slice {
	const uint8_t *p;
	size_t n;
};

static inline struct gw_slice
gw_slice(const void *p, size_t n)
{
	return (struct gw_slice){ .p = p, .n = n };
}

static inline struct gw_slice
gw_slice_str(const char *s)
{
	return gw_slice(s, strlen(s));
}

static inline bool
gw_slice_eq(struct gw_slice a, struct gw_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

#endif /* GW_BASE_SLICE_H */
