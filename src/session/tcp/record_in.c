#include "session/tcp/record_in.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum {
	BUFFER = 512 * 1024,
	/* The tail of a record is moved to the front when less than this is
	 * left behind it. */
	READ_MIN = 2 * GW_RECORD_MAX
};

static_assert(BUFFER >= GW_RECORD_MAX + READ_MIN, "a record always fits");

enum gw_err
gw_record_in_init(struct gw_record_in *in, enum gw_cipher cipher,
    const uint8_t secret[GW_SECRET_LEN], uint64_t roll)
{
	enum gw_err err;

	GW_ASSERT(roll > 0);
	*in = (struct gw_record_in){ .roll = roll };
	if ((err = gw_aead_new(cipher, secret, &in->aead)) != GW_OK)
		return err;
	if ((in->buf = malloc(BUFFER)) == NULL) {
		gw_record_in_fini(in);
		return GW_E_MEMORY;
	}
	return GW_OK;
}

void
gw_record_in_fini(struct gw_record_in *in)
{
	gw_aead_free(in->aead);
	free(in->buf);
	*in = (struct gw_record_in){ 0 };
}

/* Length of the record at the start with its header; 0: its header is not
 * there yet.  false: no record has this length. */
static bool
record_len(const struct gw_record_in *in, size_t *len)
{
	*len = 0;
	if (in->end - in->start < GW_RECORD_HEADER)
		return true;
	if (!gw_record_length_decode(in->buf + in->start, len))
		return false;
	*len += GW_RECORD_HEADER;
	return true;
}

uint8_t *
gw_record_in_space(struct gw_record_in *in, size_t *cap)
{
	const size_t have = in->end - in->start;
	size_t len;

	*cap = 0;
	if (!record_len(in, &len) || (len > 0 && have >= len))
		return NULL;
	if (in->start > 0 && (have == 0 || BUFFER - in->end < READ_MIN)) {
		memmove(in->buf, in->buf + in->start, have);
		in->start = 0;
		in->end = have;
	}
	*cap = BUFFER - in->end;
	return in->buf + in->end;
}

void
gw_record_in_added(struct gw_record_in *in, size_t n)
{
	GW_ASSERT(n <= BUFFER - in->end);
	in->end += n;
}

struct gw_slice
gw_record_in_peek(const struct gw_record_in *in)
{
	return gw_slice(in->buf + in->start, in->end - in->start);
}

enum gw_record_status
gw_record_in_next(
    struct gw_record_in *in, struct gw_frame *frame, struct gw_slice *data)
{
	uint8_t *record = in->buf + in->start;
	size_t len, opened;

	if (!record_len(in, &len))
		return GW_RECORD_DAMAGED;
	if (len == 0 || in->end - in->start < len)
		return GW_RECORD_NONE;
	if (in->number > 0 && in->number % in->roll == 0 &&
	    gw_aead_roll(in->aead) != GW_OK)
		return GW_RECORD_FAILED;
	if (!gw_aead_open(in->aead, in->number,
		gw_slice(record, GW_RECORD_HEADER), record + GW_RECORD_HEADER,
		len - GW_RECORD_HEADER))
		return GW_RECORD_DAMAGED;
	in->number++;
	in->start += len;
	opened = len - GW_RECORD_HEADER - GW_TAG_LEN;
	if (!gw_frame_decode(
		gw_slice(record + GW_RECORD_HEADER, opened), frame))
		return GW_RECORD_ILLEGAL;
	*data = gw_slice(record + GW_RECORD_HEADER + GW_FRAME_HEADER,
	    opened - GW_FRAME_HEADER);
	return GW_RECORD_FRAME;
}
