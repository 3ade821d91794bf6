#include "os/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/assert.h"

static void
fill(void *arg, void *out, size_t n)
{
	uint8_t *p = out;
	ssize_t r;

	(void)arg;
	while (n > 0) {
		r = getrandom(p, n, 0);
		if (r < 0) {
			/* Nothing else can befall it on a kernel that has it,
			 * and without randomness nothing here is safe. */
			GW_ASSERT(errno == EINTR);
			continue;
		}
		p += r;
		n -= (size_t)r;
	}
}

struct gw_random
gw_random_os(void)
{
	return (struct gw_random){ .fill = fill };
}
