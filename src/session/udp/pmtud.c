#include "session/udp/pmtud.h"

#include "base/assert.h"

enum {
	BASE = GW_PACKET_MIN,
	TRIES = 3,
	ETHERNET = 1472, /* an MTU of 1,500 and IPv4: the first guess */
	LINK = 1500,
	NEAR = 8 /* bytes that are not worth a probe */
};

#define RAISE_AFTER (600 * GW_SEC)
#define HOLES_APART (60 * GW_SEC)

/* What paths are likely to carry: IPv6 at least; Ethernet with IPv6 and IPv4;
 * jumbo frames; loopback. */
static const uint32_t likely[] = { 1280, 1452, ETHERNET, 8952, 16000,
	GW_PACKET_MAX };

enum { LIKELY = sizeof(likely) / sizeof(*likely) };

/* ---- searching ---- */

static void
search(struct gw_pmtud *m)
{
	m->searching = true;
	m->bad = m->max + 1;
	m->tries = 0;
	m->in_flight = false;
}

static void
forget_losses(struct gw_pmtud *m)
{
	m->count = 0;
	m->in_burst = false;
	m->acked_size = 0;
}

void
gw_pmtud_init(struct gw_pmtud *m, uint32_t max)
{
	GW_ASSERT(max >= BASE && max <= GW_PACKET_MAX);
	*m = (struct gw_pmtud){ .max = max };
	gw_pmtud_new_path(m);
}

void
gw_pmtud_new_path(struct gw_pmtud *m)
{
	m->size = BASE;
	m->first = 0;
	m->was_hole = false;
	m->probe = 0;
	forget_losses(m);
	search(m);
}

/* Found, as far as it goes. */
static void
rest(struct gw_pmtud *m, gw_usec until)
{
	m->searching = false;
	m->search_at = m->size < m->max ? until : GW_NEVER;
}

void
gw_pmtud_set_max(struct gw_pmtud *m, uint32_t max, gw_usec now)
{
	const bool more = max > m->max;

	GW_ASSERT(max >= BASE && max <= GW_PACKET_MAX);
	m->max = max;
	if (m->size > max)
		m->size = max;
	if (more)
		search(m);
	else if (m->bad > max + 1)
		m->bad = max + 1;
	if (!m->searching)
		rest(m, m->search_at == GW_NEVER ? now + RAISE_AFTER
						 : m->search_at);
}

/* How far good and bad may lie apart when the search ends: a path that
 * carries Ethernet's 1,500 and no jumbo frames carries little in between. */
static uint32_t
near_enough(const struct gw_pmtud *m)
{
	return m->size >= 1452 && m->bad > LINK ? m->size / 2 : NEAR;
}

/* The next size to try; 0: none is worth it. */
static uint32_t
next_size(const struct gw_pmtud *m)
{
	const uint32_t top = m->bad - 1;

	if (m->first > m->size && m->first <= top)
		return m->first;
	if (top <= m->size)
		return 0;
	if (m->bad > m->max) {
		for (unsigned i = 0; i < LIKELY; i++)
			if (likely[i] > m->size && likely[i] >= ETHERNET)
				return likely[i] < top ? likely[i] : top;
		return top;
	}
	for (unsigned i = LIKELY; i > 0; i--)
		if (likely[i - 1] > m->size && likely[i - 1] < m->bad)
			return likely[i - 1];
	if (m->bad - m->size <= near_enough(m))
		return 0;
	return m->size + (m->bad - m->size) / 2;
}

/* The size that was tried does not pass. */
static void
failed(struct gw_pmtud *m, uint32_t size)
{
	if (size < m->bad)
		m->bad = size;
	m->first = 0;
	m->tries = 0;
	m->in_flight = false;
}

void
gw_pmtud_too_large(struct gw_pmtud *m, uint32_t bytes)
{
	if (bytes <= BASE)
		return; /* nothing helps */
	if (m->size >= bytes) {
		m->size = BASE;
		search(m);
	}
	failed(m, bytes);
}

uint32_t
gw_pmtud_size(const struct gw_pmtud *m)
{
	return m->size;
}

/* ---- black holes ---- */

/* Nothing that was sent after it and is as large as its smallest packet has
 * arrived; and smaller ones would help. */
static bool
is_suspicious(const struct gw_pmtud *m, const struct gw_pmtud_burst *b)
{
	return b->smallest > BASE &&
	       (b->smallest > m->acked_size || b->last > m->acked);
}

static void
end_burst(struct gw_pmtud *m)
{
	if (m->in_burst && m->count < GW_PMTUD_BURSTS &&
	    is_suspicious(m, &m->burst))
		m->suspicious[m->count++] = m->burst;
	m->in_burst = false;
}

/*
 * What passed may not pass any more.  If that was a mistake the search finds
 * out at once, since it begins with what passed; but not again and again.
 */
static void
fall(struct gw_pmtud *m, gw_usec now)
{
	const bool soon = m->was_hole && now < m->hole_at + HOLES_APART;

	forget_losses(m);
	if (m->size <= BASE)
		return;
	m->first = m->size;
	m->size = BASE;
	m->was_hole = true;
	m->hole_at = now;
	search(m);
	if (soon)
		rest(m, now + HOLES_APART);
}

/* All losses of one moment have been told. */
static void
settle(struct gw_pmtud *m, gw_usec now)
{
	end_burst(m);
	if (m->count == GW_PMTUD_BURSTS)
		fall(m, now);
}

void
gw_pmtud_packet_acked(struct gw_pmtud *m, uint64_t number, uint32_t bytes)
{
	unsigned kept = 0;

	end_burst(m);
	if (bytes > m->acked_size ||
	    (bytes == m->acked_size && number > m->acked)) {
		m->acked_size = bytes;
		m->acked = number;
	}
	for (unsigned i = 0; i < m->count; i++)
		if (m->suspicious[i].last > number ||
		    m->suspicious[i].smallest > bytes)
			m->suspicious[kept++] = m->suspicious[i];
	m->count = kept;
}

void
gw_pmtud_packet_lost(
    struct gw_pmtud *m, uint64_t number, uint32_t bytes, gw_usec now)
{
	if (!m->in_burst || number != m->burst.last + 1 || now != m->burst_at) {
		settle(m, now);
		m->in_burst = true;
		m->burst_at = now;
		m->burst.smallest = bytes;
	}
	m->burst.last = number;
	if (bytes < m->burst.smallest)
		m->burst.smallest = bytes;
}

/* ---- probes ---- */

bool
gw_pmtud_probe(struct gw_pmtud *m, gw_usec now, uint32_t *size)
{
	uint32_t next;

	gw_pmtud_tick(m, now);
	if (!m->searching || m->in_flight)
		return false;
	if ((next = next_size(m)) == 0) {
		rest(m, now + RAISE_AFTER);
		return false;
	}
	*size = next;
	return true;
}

void
gw_pmtud_sent(struct gw_pmtud *m, uint64_t number, uint32_t size)
{
	if (size != m->probe)
		m->tries = 0;
	m->number = number;
	m->probe = size;
	m->in_flight = true;
}

void
gw_pmtud_acked(struct gw_pmtud *m, uint64_t number)
{
	if (m->probe == 0 || number != m->number || m->probe > m->max)
		return;
	/* Also one that was called lost before. */
	if (m->probe > m->size)
		m->size = m->probe;
	if (m->size >= m->bad)
		m->bad = m->max + 1;
	m->first = 0;
	m->tries = 0;
	m->in_flight = false;
	forget_losses(m);
	m->acked = number;
	m->acked_size = m->size;
}

void
gw_pmtud_lost(struct gw_pmtud *m, uint64_t number)
{
	if (!m->in_flight || number != m->number)
		return;
	m->in_flight = false;
	if (++m->tries == TRIES)
		failed(m, m->probe);
}

void
gw_pmtud_tick(struct gw_pmtud *m, gw_usec now)
{
	settle(m, now);
	if (!m->searching && now >= m->search_at)
		search(m);
}

gw_usec
gw_pmtud_deadline(const struct gw_pmtud *m)
{
	return m->searching ? GW_NEVER : m->search_at;
}
