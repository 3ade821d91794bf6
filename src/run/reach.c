#include "run/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
gw_reach_addresses(const char *bound, char (*out)[GW_ADDR_TEXT], size_t max)
{
	struct gw_addr *list;
	size_t count, n;

	if (max == 0)
		return 0;
	if (bound != NULL && strcmp(bound, "0.0.0.0") != 0 &&
	    strcmp(bound, "::") != 0) {
		snprintf(out[0], GW_ADDR_TEXT, "%s", bound);
		return 1;
	}
	if (gw_addr_list(&list, &count) != GW_OK)
		return 0;
	for (n = 0; n < count && n < max; n++)
		gw_addr_host(&list[n], out[n]);
	free(list);
	return n;
}
