#include "wire/control.h"

#include <string.h>

/* ---- lists ---- */

static bool
name_is_clean(struct gw_slice name)
{
	return gw_path_is_clean(name) && memchr(name.p, '/', name.n) == NULL;
}

bool
gw_offer_next_name(struct gw_slice *rest, struct gw_slice *name)
{
	struct gw_reader r = gw_reader(*rest);

	if (rest->n == 0)
		return false;
	*name = gw_read_string(&r, GW_COMPONENT_MAX);
	if (!gw_reader_ok(&r))
		return false; /* some is left: no list */
	*rest = gw_slice(r.p, gw_reader_left(&r));
	return true;
}

bool
gw_have_next_range(struct gw_slice *rest, struct gw_range *range)
{
	struct gw_reader r = gw_reader(*rest);
	uint64_t len;

	if (rest->n == 0)
		return false;
	range->start = gw_read_varint(&r);
	len = gw_read_varint(&r);
	if (!gw_reader_ok(&r))
		return false;
	range->end = range->start + len; /* both below 2^62 */
	*rest = gw_slice(r.p, gw_reader_left(&r));
	return true;
}

enum gw_err
gw_offer_add_name(struct gw_bytes *out, struct gw_slice name)
{
	uint8_t buf[GW_COMPONENT_MAX + 8];
	struct gw_writer w = gw_writer(buf, sizeof buf);

	gw_write_string(&w, name);
	if (!gw_writer_ok(&w))
		return GW_E_LIMIT;
	return gw_bytes_add(out, buf, gw_writer_len(&w));
}

enum gw_err
gw_have_add_range(struct gw_bytes *out, const struct gw_range *range)
{
	uint8_t buf[16];
	struct gw_writer w = gw_writer(buf, sizeof buf);

	gw_write_varint(&w, range->start);
	gw_write_varint(&w, range->end - range->start);
	return gw_bytes_add(out, buf, gw_writer_len(&w));
}

/* ---- decoding ---- */

static bool
read_offer(struct gw_reader *r, struct gw_offer *o)
{
	struct gw_slice rest, name;
	uint64_t seen = 0;

	gw_read_copy(r, o->transfer_id, sizeof o->transfer_id);
	gw_read_copy(r, o->source_id, sizeof o->source_id);
	o->flags = gw_read_u8(r);
	o->files = gw_read_varint(r);
	o->dirs = gw_read_varint(r);
	o->others = gw_read_varint(r);
	o->bytes = gw_read_varint(r);
	o->stored = gw_read_varint(r);
	o->linked = gw_read_varint(r);
	o->missed = gw_read_varint(r);
	o->name_count = gw_read_varint(r);
	o->names = gw_read_bytes(r, gw_reader_left(r));
	if (!gw_reader_ok(r) ||
	    o->flags > (GW_OFFER_STREAM | GW_OFFER_CHECKSUM) ||
	    o->files > GW_ENTRIES_MAX || o->dirs > GW_ENTRIES_MAX ||
	    o->others > GW_ENTRIES_MAX ||
	    o->files + o->dirs + o->others > GW_ENTRIES_MAX ||
	    o->stored > o->bytes || o->linked > o->stored ||
	    o->missed > GW_ENTRIES_MAX || o->name_count > GW_OFFER_NAMES_MAX)
		return false;
	for (rest = o->names; gw_offer_next_name(&rest, &name); seen++)
		if (!name_is_clean(name))
			return false;
	return rest.n == 0 && seen == o->name_count;
}

/* Ranges that ascend and do not overlap; *blocks gets how many they hold. */
static bool
check_ranges(struct gw_slice rest, uint64_t count, uint64_t *blocks)
{
	struct gw_range range;
	uint64_t end = 0, seen = 0;

	*blocks = 0;
	for (; gw_have_next_range(&rest, &range); seen++) {
		if (range.start < end || range.end <= range.start ||
		    range.end > GW_SIZE_MAX / GW_BLOCK)
			return false;
		*blocks += range.end - range.start;
		end = range.end;
	}
	return rest.n == 0 && seen == count;
}

static bool
read_have(struct gw_reader *r, struct gw_message *m)
{
	uint64_t blocks, len;

	m->have.entry = gw_read_varint(r);
	m->have.what = (enum gw_have)gw_read_u8(r);
	m->have.range_count = gw_read_varint(r);
	len = gw_read_varint(r);
	m->have.ranges = gw_read_bytes(r, (size_t)len);
	m->have.hashes = gw_read_bytes(r, gw_reader_left(r));
	if (!gw_reader_ok(r) || m->have.entry >= GW_ENTRIES_MAX ||
	    m->have.what < GW_HAVE_WHOLE || m->have.what > GW_HAVE_BLOCKS ||
	    (m->have.what != GW_HAVE_BLOCKS && m->have.range_count > 0) ||
	    !check_ranges(m->have.ranges, m->have.range_count, &blocks))
		return false;
	return m->have.hashes.n == 0 ||
	       (blocks <= GW_MESSAGE_MAX &&
		   m->have.hashes.n == blocks * GW_HASH_LEN);
}

static bool
read_result(struct gw_reader *r, struct gw_message *m)
{
	m->result.first = gw_read_varint(r);
	m->result.count = gw_read_varint(r);
	m->result.status = (enum gw_entry_status)gw_read_u8(r);
	m->result.reason = gw_read_string(r, GW_REASON_MAX);
	return m->result.first < GW_ENTRIES_MAX && m->result.count > 0 &&
	       m->result.count <= GW_ENTRIES_MAX - m->result.first &&
	       m->result.status <= GW_ENTRY_FAILED;
}

static bool
read_body(struct gw_reader *r, struct gw_message *m)
{
	switch (m->type) {
	case GW_MSG_OFFER:
		return read_offer(r, &m->offer);
	case GW_MSG_ACCEPT:
		m->accept = gw_read_u8(r);
		return m->accept <= (GW_ACCEPT_ARCHIVE | GW_ACCEPT_GO_ALL);
	case GW_MSG_REFUSE:
		m->refuse.err = (enum gw_err)gw_read_u8(r);
		m->refuse.text = gw_read_string(r, GW_REASON_MAX);
		return m->refuse.err > GW_OK && m->refuse.err < GW_E_COUNT;
	case GW_MSG_ENTRY:
		return gw_entry_decode(r, &m->entry);
	case GW_MSG_ENTRIES_END:
	case GW_MSG_GO:
		m->count = gw_read_varint(r);
		return m->count <= GW_ENTRIES_MAX;
	case GW_MSG_HAVE:
		return read_have(r, m);
	case GW_MSG_RESULT:
		return read_result(r, m);
	case GW_MSG_RECEIPT:
		m->receipt.done = gw_read_varint(r);
		m->receipt.had = gw_read_varint(r);
		m->receipt.skipped = gw_read_varint(r);
		m->receipt.failed = gw_read_varint(r);
		m->receipt.bytes = gw_read_varint(r);
		return true;
	case GW_MSG_DONE:
		return true;
	case GW_MSG_STATUS:
		m->status = (enum gw_limiter)gw_read_u8(r);
		return m->status <= GW_LIMIT_RATE;
	}
	return false;
}

enum gw_split
gw_message_next(struct gw_slice *in, struct gw_message *out)
{
	struct gw_reader r = gw_reader(*in), body;
	struct gw_message m;
	uint64_t type = gw_read_varint(&r), len = gw_read_varint(&r);

	if (!gw_reader_ok(&r)) /* a header has at most 16 bytes */
		return in->n >= 16 ? GW_SPLIT_BAD : GW_SPLIT_MORE;
	if (type < GW_MSG_OFFER || type > GW_MSG_STATUS || len > GW_MESSAGE_MAX)
		return GW_SPLIT_BAD;
	if (gw_reader_left(&r) < len)
		return GW_SPLIT_MORE;
	body = gw_reader(gw_read_bytes(&r, (size_t)len));
	m.type = (enum gw_message_type)type;
	if (!read_body(&body, &m) || !gw_reader_done(&body))
		return GW_SPLIT_BAD;
	*in = gw_slice(r.p, gw_reader_left(&r));
	*out = m;
	return GW_SPLIT_MESSAGE;
}

/* ---- encoding ---- */

static void
write_offer(struct gw_writer *w, const struct gw_offer *o)
{
	gw_write_bytes(w, o->transfer_id, sizeof o->transfer_id);
	gw_write_bytes(w, o->source_id, sizeof o->source_id);
	gw_write_u8(w, o->flags);
	gw_write_varint(w, o->files);
	gw_write_varint(w, o->dirs);
	gw_write_varint(w, o->others);
	gw_write_varint(w, o->bytes);
	gw_write_varint(w, o->stored);
	gw_write_varint(w, o->linked);
	gw_write_varint(w, o->missed);
	gw_write_varint(w, o->name_count);
	gw_write_bytes(w, o->names.p, o->names.n);
}

static void
write_body(struct gw_writer *w, const struct gw_message *m)
{
	switch (m->type) {
	case GW_MSG_OFFER:
		write_offer(w, &m->offer);
		break;
	case GW_MSG_ACCEPT:
		gw_write_u8(w, m->accept);
		break;
	case GW_MSG_REFUSE:
		gw_write_u8(w, (uint8_t)m->refuse.err);
		gw_write_string(w, m->refuse.text);
		break;
	case GW_MSG_ENTRY:
		gw_entry_encode(w, &m->entry);
		break;
	case GW_MSG_ENTRIES_END:
	case GW_MSG_GO:
		gw_write_varint(w, m->count);
		break;
	case GW_MSG_HAVE:
		gw_write_varint(w, m->have.entry);
		gw_write_u8(w, (uint8_t)m->have.what);
		gw_write_varint(w, m->have.range_count);
		gw_write_varint(w, m->have.ranges.n);
		gw_write_bytes(w, m->have.ranges.p, m->have.ranges.n);
		gw_write_bytes(w, m->have.hashes.p, m->have.hashes.n);
		break;
	case GW_MSG_RESULT:
		gw_write_varint(w, m->result.first);
		gw_write_varint(w, m->result.count);
		gw_write_u8(w, (uint8_t)m->result.status);
		gw_write_string(w, m->result.reason);
		break;
	case GW_MSG_RECEIPT:
		gw_write_varint(w, m->receipt.done);
		gw_write_varint(w, m->receipt.had);
		gw_write_varint(w, m->receipt.skipped);
		gw_write_varint(w, m->receipt.failed);
		gw_write_varint(w, m->receipt.bytes);
		break;
	case GW_MSG_DONE:
		break;
	case GW_MSG_STATUS:
		gw_write_u8(w, (uint8_t)m->status);
		break;
	}
}

/* Room for any body of this message. */
static size_t
body_max(const struct gw_message *m)
{
	switch (m->type) {
	case GW_MSG_OFFER:
		return m->offer.names.n + 128;
	case GW_MSG_ENTRY:
		return GW_ENTRY_MAX;
	case GW_MSG_HAVE:
		return m->have.ranges.n + m->have.hashes.n + 64;
	case GW_MSG_REFUSE:
	case GW_MSG_RESULT:
		return GW_REASON_MAX + 64;
	default:
		return 64;
	}
}

/* The length stands before the body: leave its place, 8 bytes at most, and
 * close the gap when it is known. */
enum gw_err
gw_message_add(struct gw_bytes *out, const struct gw_message *m)
{
	enum { HEAD = 9 };
	size_t max = body_max(m), body, head;
	struct gw_writer w;
	uint8_t *at;
	enum gw_err err;

	if (max > GW_MESSAGE_MAX)
		return GW_E_LIMIT;
	if ((err = gw_bytes_room(out, HEAD + max, &at)) != GW_OK)
		return err;
	w = gw_writer(at + HEAD, max);
	write_body(&w, m);
	if (!gw_writer_ok(&w))
		return GW_E_LIMIT;
	body = gw_writer_len(&w);
	w = gw_writer(at, HEAD);
	gw_write_varint(&w, (uint64_t)m->type);
	gw_write_varint(&w, body);
	head = gw_writer_len(&w);
	memmove(at + head, at + HEAD, body);
	gw_bytes_added(out, head + body);
	return GW_OK;
}

enum gw_err
gw_message_add_entry(struct gw_bytes *out, struct gw_slice encoded)
{
	uint8_t head[16];
	struct gw_writer w = gw_writer(head, sizeof head);
	enum gw_err err;
	uint8_t *at;

	gw_write_varint(&w, GW_MSG_ENTRY);
	gw_write_varint(&w, encoded.n);
	err = gw_bytes_room(out, gw_writer_len(&w) + encoded.n, &at);
	if (err != GW_OK)
		return err;
	memcpy(at, head, gw_writer_len(&w));
	memcpy(at + gw_writer_len(&w), encoded.p, encoded.n);
	gw_bytes_added(out, gw_writer_len(&w) + encoded.n);
	return GW_OK;
}
