#include "run/reach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
gw_reach_addresses(const char *bound, char (*out)[GW_ADDR_TEXT], size_t max)
{
	bool v4_only = bound != NULL && strcmp(bound, "0.0.0.0") == 0;
	struct gw_addr *list;
	size_t count, n = 0;

	if (max == 0)
		return 0;
	if (bound != NULL && !v4_only && strcmp(bound, "::") != 0) {
		snprintf(out[0], GW_ADDR_TEXT, "%s", bound);
		return 1;
	}
	if (gw_addr_list(&list, &count) != GW_OK)
		return 0;
	for (size_t i = 0; i < count && n < max; i++)
		if (!v4_only || list[i].ss.ss_family == AF_INET)
			gw_addr_host(&list[i], out[n++]);
	free(list);
	return n;
}
