#include "session/tcp/record_out.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

enum {
	BOX_RECORDS = 16,      /* full ones that the outbox holds */
	DIRECT_MIN = 16 * 1024 /* below that a copy costs less than a record */
};

enum gw_err
gw_record_out_init(struct gw_record_out *o, enum gw_cipher cipher,
    const uint8_t secret[GW_SECRET_LEN], uint64_t roll)
{
	enum gw_err err;

	GW_ASSERT(roll > 0);
	*o = (struct gw_record_out){ .roll = roll };
	if ((err = gw_aead_new(cipher, secret, &o->aead)) != GW_OK)
		return err;
	err = gw_outbox_init(&o->box, (size_t)BOX_RECORDS * GW_RECORD_MAX);
	if (err == GW_OK && (o->staging = malloc(GW_RECORD_DATA)) == NULL)
		err = GW_E_MEMORY;
	if (err != GW_OK)
		gw_record_out_fini(o);
	return err;
}

void
gw_record_out_fini(struct gw_record_out *o)
{
	gw_aead_free(o->aead);
	gw_outbox_fini(&o->box);
	free(o->staging);
	*o = (struct gw_record_out){ 0 };
}

bool
gw_record_out_seal(struct gw_record_out *o, const struct gw_frame *f,
    struct gw_slice data, uint8_t *out)
{
	struct gw_frame frame = *f;
	uint8_t header[GW_FRAME_HEADER];

	if (o->err != GW_OK)
		return false;
	if (o->number > 0 && o->number % o->roll == 0 &&
	    (o->err = gw_aead_roll(o->aead)) != GW_OK)
		return false;
	frame.length = (uint32_t)data.n;
	gw_frame_encode(&frame, header);
	gw_record_length_encode(data.n, out);
	gw_aead_seal(o->aead, o->number, gw_slice(out, GW_RECORD_HEADER),
	    gw_slice(header, sizeof(header)), data, out + GW_RECORD_HEADER);
	o->number++;
	return true;
}

static size_t
record_len(size_t data)
{
	return GW_RECORD_HEADER + GW_FRAME_HEADER + data + GW_TAG_LEN;
}

/* Seal into the outbox, past what is staged. */
static bool
put(struct gw_record_out *o, const struct gw_frame *f, struct gw_slice data)
{
	const size_t n = record_len(data.n);
	uint8_t *at = gw_outbox_room(&o->box, n);

	if (at == NULL || !gw_record_out_seal(o, f, data, at))
		return false;
	gw_outbox_added(&o->box, n);
	return true;
}

bool
gw_record_out_put(
    struct gw_record_out *o, const struct gw_frame *f, struct gw_slice data)
{
	gw_record_out_flush(o);
	return put(o, f, data);
}

void
gw_record_out_flush(struct gw_record_out *o)
{
	const struct gw_frame f = {
		.type = GW_FRAME_STREAM,
		.stream = o->staged_stream,
		.value = o->staged_offset,
	};
	bool ok;

	if (o->staged == 0)
		return;
	ok = put(o, &f, gw_slice(o->staging, o->staged));
	GW_ASSERT(ok || o->err != GW_OK);
	o->staged = 0;
}

size_t
gw_record_out_room(const struct gw_record_out *o, uint16_t stream)
{
	const size_t fits = gw_outbox_fits(&o->box, GW_RECORD_MAX);
	size_t beside, within;

	if (o->err != GW_OK)
		return 0;
	if (o->staged == 0)
		return fits * GW_RECORD_DATA;
	/* One of the places is for what is staged. */
	within = stream == o->staged_stream ? GW_RECORD_DATA - o->staged : 0;
	beside = fits > 1 ? (fits - 1) * GW_RECORD_DATA : 0;
	return within > beside ? within : beside;
}

/* Add to what is staged; the outbox has room for one record at least. */
static void
stage(struct gw_record_out *o, struct gw_streams *s, uint16_t stream,
    struct gw_slice data)
{
	const uint64_t offset = gw_streams_send(s, stream, data.n);

	if (o->staged == 0) {
		o->staged_stream = stream;
		o->staged_offset = offset;
	}
	memcpy(o->staging + o->staged, data.p, data.n);
	o->staged += data.n;
	if (o->staged == GW_RECORD_DATA)
		gw_record_out_flush(o);
}

/* Take one piece; returns its length, 0: no room or no window. */
static size_t
write_piece(struct gw_record_out *o, struct gw_streams *s, uint16_t stream,
    struct gw_slice data)
{
	const uint64_t window = gw_streams_room(s, stream);
	struct gw_frame f = { .type = GW_FRAME_STREAM, .stream = stream };
	size_t n = data.n < GW_RECORD_DATA ? data.n : GW_RECORD_DATA;
	size_t places;
	bool ok;

	if (n > window)
		n = (size_t)window;
	if (o->staged > 0 && o->staged_stream != stream)
		gw_record_out_flush(o);
	places = gw_outbox_fits(&o->box, GW_RECORD_MAX);
	if (n == 0 || places == 0)
		return 0;
	if (n < DIRECT_MIN || (o->staged > 0 && places < 2)) {
		const size_t free_bytes = GW_RECORD_DATA - o->staged;

		n = n < free_bytes ? n : free_bytes;
		stage(o, s, stream, gw_slice(data.p, n));
		return n;
	}
	gw_record_out_flush(o);
	f.value = gw_streams_send(s, stream, n);
	ok = put(o, &f, gw_slice(data.p, n));
	GW_ASSERT(ok || o->err != GW_OK);
	return n;
}

size_t
gw_record_out_write(struct gw_record_out *o, struct gw_streams *s,
    uint16_t stream, struct gw_slice data)
{
	size_t taken = 0;

	while (taken < data.n && o->err == GW_OK) {
		const size_t n = write_piece(
		    o, s, stream, gw_slice(data.p + taken, data.n - taken));

		if (n == 0)
			break;
		taken += n;
	}
	return taken;
}
