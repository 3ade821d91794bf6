/*
 * Any text as a code: its normal form is one, stays as it is when it is made
 * normal again, and is found however it is written.
 */
#include <string.h>

#include "base/assert.h"
#include "crypto/code.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[512], normal[GW_CODE_MAX + 1], again[GW_CODE_MAX + 1];

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	if (gw_code_normal(text, normal) != GW_OK)
		return 0;
	GW_ASSERT(strlen(normal) <= strlen(text));
	GW_ASSERT(gw_code_normal(normal, again) == GW_OK);
	GW_ASSERT(strcmp(normal, again) == 0);
	GW_ASSERT(gw_code_is_spoken(text) == gw_code_is_spoken(normal));
	for (char *p = text; *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	GW_ASSERT(gw_code_normal(text, again) == GW_OK);
	GW_ASSERT(strcmp(normal, again) == 0);
	return 0;
}
