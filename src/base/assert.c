#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void
gw_assert_failed(const char *cond, const char *file, int line)
{
	fprintf(stderr, "godwit: bug: %s (%s:%d)\n", cond, file, line);
	abort();
}
