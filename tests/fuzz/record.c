/*
 * Any bytes as the length of a record and as an opened record: what decodes
 * encodes to the same bytes, and keeps every limit.
 */
#include "wire/record.h"

#include <string.h>

#include "base/assert.h"
#include "fuzz.h"

static void
check_length(const uint8_t *data)
{
	uint8_t back[GW_RECORD_HEADER];
	size_t n;

	if (!gw_record_length_decode(data, &n))
		return;
	GW_ASSERT(n >= GW_FRAME_HEADER + GW_TAG_LEN);
	GW_ASSERT(n + GW_RECORD_HEADER <= GW_RECORD_MAX);
	gw_record_length_encode(n - GW_FRAME_HEADER - GW_TAG_LEN, back);
	GW_ASSERT(memcmp(back, data, sizeof(back)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t back[GW_FRAME_HEADER];
	struct gw_frame f;

	if (size >= GW_RECORD_HEADER)
		check_length(data);
	if (!gw_frame_decode(gw_slice(data, size), &f))
		return 0;
	GW_ASSERT(f.length + sizeof(back) == size);
	GW_ASSERT(f.stream < GW_STREAMS_MAX);
	GW_ASSERT(f.length <= GW_RECORD_DATA);
	gw_frame_encode(&f, back);
	GW_ASSERT(memcmp(back, data, sizeof(back)) == 0);
	if (f.type == GW_FRAME_RST)
		GW_ASSERT(gw_rst_code_err(f.value) != GW_OK);
	return 0;
}
