#include "wire/frame.h"

#include "base/assert.h"
#include "wire/hello.h"

enum { STREAM_END = 1, STREAM_SIZED = 2, DATAGRAM_SIZED = 1 };

/* How one type is read after its first byte, whose low bits some of them
 * use, and written with it.  A reader returns false for what breaks a limit;
 * that everything was there is asked once, by gw_pframe_next. */
struct codec {
	bool (*read)(struct gw_reader *, uint8_t type, struct gw_pframe *);
	void (*write)(struct gw_writer *, const struct gw_pframe *);
};

static bool
read_id(struct gw_reader *r, uint16_t *id)
{
	const uint64_t v = gw_read_varint(r);

	*id = (uint16_t)v;
	return v < GW_STREAMS_MAX;
}

static void
write_id(struct gw_writer *w, uint16_t id)
{
	GW_ASSERT(id < GW_STREAMS_MAX);
	gw_write_varint(w, id);
}

static bool
read_nothing(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	(void)r;
	(void)type;
	(void)f;
	return true;
}

static void
write_type(struct gw_writer *w, const struct gw_pframe *f)
{
	gw_write_u8(w, (uint8_t)f->type);
}

/* ---- acknowledging ---- */

static bool
read_ack(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	return gw_ack_decode(r, type == GW_PFRAME_ACK_ECN, &f->ack);
}

static bool
frequency_is_legal(uint64_t threshold, uint64_t max_delay, uint64_t reorder)
{
	return threshold > 0 && threshold <= GW_ACK_THRESHOLD_MAX &&
	       max_delay <= GW_ACK_DELAY_MAX && reorder <= GW_ACK_THRESHOLD_MAX;
}

static bool
read_frequency(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	const uint64_t threshold = gw_read_varint(r);
	const uint64_t max_delay = gw_read_varint(r);
	const uint64_t reorder = gw_read_varint(r);

	(void)type;
	f->frequency = (struct gw_ack_frequency){
		.threshold = (uint32_t)threshold,
		.max_delay = (uint32_t)max_delay,
		.reorder = (uint32_t)reorder,
	};
	return frequency_is_legal(threshold, max_delay, reorder);
}

static void
write_frequency(struct gw_writer *w, const struct gw_pframe *f)
{
	const struct gw_ack_frequency *a = &f->frequency;

	GW_ASSERT(frequency_is_legal(a->threshold, a->max_delay, a->reorder));
	write_type(w, f);
	gw_write_varint(w, a->threshold);
	gw_write_varint(w, a->max_delay);
	gw_write_varint(w, a->reorder);
}

/* ---- streams and datagrams ---- */

static struct gw_slice
read_data(struct gw_reader *r, bool sized)
{
	return sized ? gw_read_string(r, GW_PACKET_MAX)
		     : gw_read_bytes(r, gw_reader_left(r));
}

static bool
read_stream(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	const bool id_is_legal = read_id(r, &f->stream.id);

	f->type = GW_PFRAME_STREAM;
	f->stream.end = (type & STREAM_END) != 0;
	f->stream.sized = (type & STREAM_SIZED) != 0;
	f->stream.offset = gw_read_varint(r);
	f->stream.data = read_data(r, f->stream.sized);
	return id_is_legal && (f->stream.data.n > 0 || f->stream.end) &&
	       f->stream.data.n <= GW_OFFSET_MAX - f->stream.offset;
}

static void
write_stream(struct gw_writer *w, const struct gw_pframe *f)
{
	unsigned type = GW_PFRAME_STREAM;

	GW_ASSERT(f->stream.data.n > 0 || f->stream.end);
	GW_ASSERT(f->stream.data.n <= GW_OFFSET_MAX - f->stream.offset);
	if (f->stream.end)
		type |= STREAM_END;
	if (f->stream.sized)
		type |= STREAM_SIZED;
	gw_write_u8(w, (uint8_t)type);
	write_id(w, f->stream.id);
	gw_write_varint(w, f->stream.offset);
	if (f->stream.sized)
		gw_write_string(w, f->stream.data);
}

static bool
read_reset(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	const bool id_is_legal = read_id(r, &f->reset.id);

	(void)type;
	f->reset.code = gw_read_varint(r);
	f->reset.size = gw_read_varint(r);
	return id_is_legal;
}

static void
write_reset(struct gw_writer *w, const struct gw_pframe *f)
{
	write_type(w, f);
	write_id(w, f->reset.id);
	gw_write_varint(w, f->reset.code);
	gw_write_varint(w, f->reset.size);
}

static bool
read_datagram(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	f->type = GW_PFRAME_DATAGRAM;
	f->datagram.sized = (type & DATAGRAM_SIZED) != 0;
	f->datagram.data = read_data(r, f->datagram.sized);
	return true;
}

static void
write_datagram(struct gw_writer *w, const struct gw_pframe *f)
{
	const unsigned bits = f->datagram.sized ? DATAGRAM_SIZED : 0;

	gw_write_u8(w, (uint8_t)(GW_PFRAME_DATAGRAM | bits));
	if (f->datagram.sized)
		gw_write_string(w, f->datagram.data);
}

/* ---- windows ---- */

static bool
read_window(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	const bool id_is_legal = read_id(r, &f->window.id);

	(void)type;
	f->window.at = gw_read_varint(r);
	return id_is_legal;
}

static void
write_window(struct gw_writer *w, const struct gw_pframe *f)
{
	write_type(w, f);
	write_id(w, f->window.id);
	gw_write_varint(w, f->window.at);
}

static bool
read_session_window(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	(void)type;
	f->window.id = 0;
	f->window.at = gw_read_varint(r);
	return true;
}

static void
write_session_window(struct gw_writer *w, const struct gw_pframe *f)
{
	write_type(w, f);
	gw_write_varint(w, f->window.at);
}

/* ---- path ---- */

static bool
read_path(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	(void)type;
	f->path = gw_read_u64(r);
	return true;
}

static void
write_path(struct gw_writer *w, const struct gw_pframe *f)
{
	write_type(w, f);
	gw_write_u64(w, f->path);
}

/* ---- the session ---- */

static bool
read_fin(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	uint8_t seen;

	(void)type;
	f->fin.total = gw_read_varint(r);
	seen = gw_read_u8(r);
	f->fin.seen = seen == 1;
	return seen <= 1;
}

static void
write_fin(struct gw_writer *w, const struct gw_pframe *f)
{
	write_type(w, f);
	gw_write_varint(w, f->fin.total);
	gw_write_u8(w, f->fin.seen);
}

static bool
read_rst(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	(void)type;
	f->rst.code = gw_read_varint(r);
	f->rst.text = gw_read_string(r, GW_REASON_MAX);
	return true;
}

static void
write_rst(struct gw_writer *w, const struct gw_pframe *f)
{
	GW_ASSERT(f->rst.text.n <= GW_REASON_MAX);
	write_type(w, f);
	gw_write_varint(w, f->rst.code);
	gw_write_string(w, f->rst.text);
}

static bool
read_confirm(struct gw_reader *r, uint8_t type, struct gw_pframe *f)
{
	(void)type;
	f->confirm = gw_read_bytes(r, GW_NAME_PAYLOAD);
	return true;
}

static void
write_confirm(struct gw_writer *w, const struct gw_pframe *f)
{
	GW_ASSERT(f->confirm.n == GW_NAME_PAYLOAD);
	write_type(w, f);
	gw_write_bytes(w, f->confirm.p, f->confirm.n);
}

/* ---- all of them ---- */

static const struct codec *
codec_of(unsigned type)
{
	static const struct codec codecs[] = {
		[0x01] = { read_nothing, write_type },
		[0x02] = { read_ack, NULL },
		[0x03] = { read_ack, NULL },
		[0x04] = { read_frequency, write_frequency },
		[0x08] = { read_stream, write_stream },
		[0x09] = { read_stream, NULL },
		[0x0a] = { read_stream, NULL },
		[0x0b] = { read_stream, NULL },
		[0x0c] = { read_reset, write_reset },
		[0x10] = { read_window, write_window },
		[0x11] = { read_session_window, write_session_window },
		[0x12] = { read_window, write_window },
		[0x13] = { read_session_window, write_session_window },
		[0x18] = { read_datagram, write_datagram },
		[0x19] = { read_datagram, NULL },
		[0x20] = { read_path, write_path },
		[0x21] = { read_path, write_path },
		[0x28] = { read_fin, write_fin },
		[0x29] = { read_rst, write_rst },
		[0x2a] = { read_confirm, write_confirm },
	};

	return type < sizeof(codecs) / sizeof(*codecs) ? &codecs[type] : NULL;
}

enum gw_pframes
gw_pframe_next(struct gw_slice *in, struct gw_pframe *out)
{
	const struct codec *codec;
	struct gw_reader r;
	size_t at = 0;
	uint8_t type;

	while (at < in->n && in->p[at] == GW_PFRAME_PADDING)
		at++;
	if (at == in->n) {
		*in = gw_slice(in->p, 0);
		return GW_PFRAMES_END;
	}
	r = gw_reader(gw_slice(in->p + at, in->n - at));
	type = gw_read_u8(&r);
	codec = codec_of(type);
	if (codec == NULL || codec->read == NULL)
		return GW_PFRAMES_BAD;
	out->type = (enum gw_pframe_type)type;
	if (!codec->read(&r, type, out) || !gw_reader_ok(&r))
		return GW_PFRAMES_BAD;
	*in = gw_read_bytes(&r, gw_reader_left(&r));
	return GW_PFRAMES_ONE;
}

void
gw_pframe_encode(struct gw_writer *w, const struct gw_pframe *f)
{
	const struct codec *codec = codec_of(f->type);

	GW_ASSERT(codec != NULL && codec->write != NULL);
	codec->write(w, f);
}

size_t
gw_pframe_stream_head(uint16_t id, uint64_t offset)
{
	return 1 + gw_varint_len(id) + gw_varint_len(offset);
}

const char *
gw_pframe_name(enum gw_pframe_type type)
{
	static const char *const name[] = {
		[GW_PFRAME_PADDING] = "PADDING",
		[GW_PFRAME_PING] = "PING",
		[GW_PFRAME_ACK] = "ACK",
		[GW_PFRAME_ACK_ECN] = "ACK",
		[GW_PFRAME_ACK_FREQUENCY] = "ACK_FREQUENCY",
		[GW_PFRAME_STREAM] = "STREAM",
		[GW_PFRAME_STREAM_RESET] = "STREAM_RESET",
		[GW_PFRAME_WINDOW] = "WINDOW",
		[GW_PFRAME_SESSION_WINDOW] = "SESSION_WINDOW",
		[GW_PFRAME_BLOCKED] = "BLOCKED",
		[GW_PFRAME_SESSION_BLOCKED] = "SESSION_BLOCKED",
		[GW_PFRAME_DATAGRAM] = "DATAGRAM",
		[GW_PFRAME_PATH_CHALLENGE] = "PATH_CHALLENGE",
		[GW_PFRAME_PATH_RESPONSE] = "PATH_RESPONSE",
		[GW_PFRAME_FIN] = "FIN",
		[GW_PFRAME_RST] = "RST",
		[GW_PFRAME_CONFIRM] = "CONFIRM",
	};

	return (size_t)type < sizeof(name) / sizeof(*name) && name[type] != NULL
		   ? name[type]
		   : "?";
}

bool
gw_pframe_is_eliciting(enum gw_pframe_type type)
{
	return type != GW_PFRAME_PADDING && type != GW_PFRAME_ACK &&
	       type != GW_PFRAME_ACK_ECN && type != GW_PFRAME_RST;
}
