/*
 * random - where an engine gets random bytes: given to it, so that the
 * simulator can seed it.
 */
#ifndef GW_BASE_RANDOM_H
#define GW_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct gw_random {
	void (*fill)(void *arg, void *out, size_t n);
	void *arg;
};

static inline void
gw_random_fill(const struct gw_random *r, void *out, size_t n)
{
	r->fill(r->arg, out, n);
}

uint64_t gw_random_u64(const struct gw_random *);
/* Uniform in [0, bound); bound > 0; without modulo bias. */
uint64_t gw_random_below(const struct gw_random *, uint64_t bound);

#endif /* GW_BASE_RANDOM_H */
