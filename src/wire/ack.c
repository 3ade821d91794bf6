#include "wire/ack.h"

#include "base/assert.h"
#include "wire/frame.h"

static uint64_t
length_of(const struct gw_ack_range *r)
{
	return r->last - r->first + 1;
}

/* Packets missing between a range and the next newer one. */
static uint64_t
gap_before(const struct gw_ack *a, unsigned i)
{
	GW_ASSERT(a->v[i].first <= a->v[i].last);
	GW_ASSERT(a->v[i].last + 2 <= a->v[i - 1].first);
	return a->v[i - 1].first - a->v[i].last - 1;
}

/* How many ranges fit in n bytes; 0: none. */
static unsigned
count_that_fits(const struct gw_ack *a, size_t n)
{
	size_t len = 1 + gw_varint_len(a->v[0].last) + gw_varint_len(a->delay) +
		     gw_varint_len(length_of(&a->v[0]) - 1);
	unsigned i;

	if (a->ecn)
		len += gw_varint_len(a->ect0) + gw_varint_len(a->ect1) +
		       gw_varint_len(a->ce);
	if (len + gw_varint_len(0) > n)
		return 0;
	for (i = 1; i < a->count; i++) {
		len += gw_varint_len(gap_before(a, i) - 1) +
		       gw_varint_len(length_of(&a->v[i]) - 1);
		if (len + gw_varint_len(i) > n)
			break;
	}
	return i;
}

bool
gw_ack_encode(struct gw_writer *w, struct gw_ack *a)
{
	unsigned count;

	GW_ASSERT(gw_writer_ok(w));
	GW_ASSERT(a->count > 0 && a->count <= GW_ACK_RANGES);
	GW_ASSERT(a->v[0].first <= a->v[0].last);
	count = count_that_fits(a, (size_t)(w->end - w->p));
	if (count == 0)
		return false;

	gw_write_u8(w, a->ecn ? GW_PFRAME_ACK_ECN : GW_PFRAME_ACK);
	gw_write_varint(w, a->v[0].last);
	gw_write_varint(w, a->delay);
	gw_write_varint(w, count - 1);
	gw_write_varint(w, length_of(&a->v[0]) - 1);
	for (unsigned i = 1; i < count; i++) {
		gw_write_varint(w, gap_before(a, i) - 1);
		gw_write_varint(w, length_of(&a->v[i]) - 1);
	}
	if (a->ecn) {
		gw_write_varint(w, a->ect0);
		gw_write_varint(w, a->ect1);
		gw_write_varint(w, a->ce);
	}
	GW_ASSERT(gw_writer_ok(w));
	a->count = count;
	return true;
}

bool
gw_ack_decode(struct gw_reader *r, bool ecn, struct gw_ack *out)
{
	uint64_t last = gw_read_varint(r), more, length;

	out->delay = gw_read_varint(r);
	more = gw_read_varint(r);
	if (more >= GW_ACK_RANGES)
		return false;
	for (out->count = 0;; out->count++) {
		uint64_t gap, first;

		length = gw_read_varint(r) + 1;
		if (!gw_reader_ok(r) || length > last + 1)
			return false;
		first = last - length + 1;
		out->v[out->count] = (struct gw_ack_range){ first, last };
		if (out->count == more)
			break;
		gap = gw_read_varint(r) + 1;
		if (gap >= first)
			return false;
		last = first - gap - 1;
	}
	out->count++;
	out->ecn = ecn;
	out->ect0 = ecn ? gw_read_varint(r) : 0;
	out->ect1 = ecn ? gw_read_varint(r) : 0;
	out->ce = ecn ? gw_read_varint(r) : 0;
	return gw_reader_ok(r);
}
