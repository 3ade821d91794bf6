#include "wire/record.h"

#include <assert.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "wire/hello.h"

enum { LENGTH_MIN = GW_FRAME_HEADER + GW_TAG_LEN };

static_assert(GW_RECORD_MAX < 1 << 24, "a record's first byte is 0");

void
gw_frame_encode(const struct gw_frame *f, uint8_t out[GW_FRAME_HEADER])
{
	struct gw_writer w = gw_writer(out, GW_FRAME_HEADER);

	gw_write_u8(&w, f->type);
	gw_write_u8(&w, f->flags);
	gw_write_u16(&w, f->stream);
	gw_write_u32(&w, f->length);
	gw_write_u64(&w, f->value);
	GW_ASSERT(gw_writer_ok(&w));
}

/* What the fields of each type may be. */
struct shape {
	bool known, has_stream, has_value;
	uint8_t flags;        /* those allowed */
	uint32_t least, most; /* bytes of data */
};

static const struct shape shapes[] = {
	[GW_FRAME_CONFIRM] = { .known = true,
	    .least = GW_NAME_PAYLOAD,
	    .most = GW_NAME_PAYLOAD },
	[GW_FRAME_STREAM] = { .known = true,
	    .has_stream = true,
	    .has_value = true,
	    .flags = GW_FRAME_END,
	    .most = GW_RECORD_DATA },
	[GW_FRAME_WINDOW] = { .known = true,
	    .has_stream = true,
	    .has_value = true },
	[GW_FRAME_PING] = { .known = true },
	[GW_FRAME_FIN] = { .known = true },
	[GW_FRAME_RST] = { .known = true,
	    .has_value = true,
	    .most = GW_REASON_MAX },
	[GW_FRAME_RESET] = { .known = true,
	    .has_stream = true,
	    .has_value = true },
	[GW_FRAME_DATAGRAM] = { .known = true, .most = GW_PACKET_MAX },
};

static bool
is_legal(const struct gw_frame *f)
{
	const struct shape *s;

	if (f->type >= sizeof(shapes) / sizeof(*shapes))
		return false;
	s = &shapes[f->type];
	if (!s->known || (f->flags & ~s->flags) != 0)
		return false;
	if (f->stream >= (s->has_stream ? GW_STREAMS_MAX : 1))
		return false;
	if (f->value != 0 && !s->has_value)
		return false;
	if (f->length < s->least || f->length > s->most)
		return false;
	if (f->type == GW_FRAME_RESET && f->value > GW_OFFSET_MAX)
		return false;
	/* A STREAM without data says END, or nothing. */
	return f->type != GW_FRAME_STREAM || f->length > 0 || f->flags != 0;
}

bool
gw_frame_decode(struct gw_slice opened, struct gw_frame *out)
{
	struct gw_reader r = gw_reader(opened);
	struct gw_frame f;

	f.type = gw_read_u8(&r);
	f.flags = gw_read_u8(&r);
	f.stream = gw_read_u16(&r);
	f.length = gw_read_u32(&r);
	f.value = gw_read_u64(&r);
	if (!gw_reader_ok(&r) || f.length != gw_reader_left(&r) ||
	    !is_legal(&f))
		return false;
	*out = f;
	return true;
}

void
gw_record_length_encode(size_t n, uint8_t out[GW_RECORD_HEADER])
{
	struct gw_writer w = gw_writer(out, GW_RECORD_HEADER);

	GW_ASSERT(n <= GW_RECORD_DATA);
	gw_write_u32(&w, (uint32_t)(LENGTH_MIN + n));
	GW_ASSERT(gw_writer_ok(&w));
}

bool
gw_record_length_decode(const uint8_t in[GW_RECORD_HEADER], size_t *length)
{
	struct gw_reader r = gw_reader(gw_slice(in, GW_RECORD_HEADER));
	const uint32_t n = gw_read_u32(&r);

	if (n < LENGTH_MIN || n > GW_RECORD_MAX - GW_RECORD_HEADER)
		return false;
	*length = n;
	return true;
}

/* Numbers of the protocol, which stay what they are whatever becomes of the
 * enum in godwit.h. */
static const struct {
	uint8_t code;
	enum gw_err err;
} codes[] = {
	{ 1, GW_E_FAILED },
	{ 2, GW_E_MEMORY },
	{ 3, GW_E_LIMIT },
	{ 4, GW_E_PROTOCOL },
	{ 5, GW_E_REFUSED },
	{ 6, GW_E_DISK },
	{ 7, GW_E_SPACE },
	{ 8, GW_E_STALLED },
	{ 9, GW_E_INTERRUPTED },
	{ 10, GW_E_NO_PATH },
};

uint64_t
gw_rst_code(enum gw_err err)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].err == err)
			return codes[i].code;
	return 1;
}

enum gw_err
gw_rst_code_err(uint64_t code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].code == code)
			return codes[i].err;
	return GW_E_FAILED;
}
