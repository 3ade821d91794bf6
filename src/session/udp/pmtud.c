#include "session/udp/pmtud.h"

#include <string.h>

#include "base/assert.h"

enum {
	BASE = GW_PACKET_MIN,
	TRIES = 3,
	ETHERNET = 1472, /* an MTU of 1,500 and IPv4: the first guess */
	NEAR = 8         /* bytes that are not worth a probe */
};

#define RAISE_AFTER (600 * GW_SEC)
#define HOLES_APART (60 * GW_SEC)

#define VOID UINT64_MAX

/* What paths are likely to carry: IPv6 at least; Ethernet with IPv6 and IPv4;
 * jumbo frames; loopback. */
static const uint32_t likely[] = { 1280, 1452, ETHERNET, 8952, 16000,
	GW_PACKET_MAX };

enum { LIKELY = sizeof(likely) / sizeof(*likely) };

/* ---- life ---- */

static void
search(struct gw_pmtud *m)
{
	m->searching = true;
	m->bad = m->max + 1;
	m->number = VOID;
	m->tries = 0;
	m->in_flight = false;
}

/* As far as it goes for now. */
static void
rest(struct gw_pmtud *m, gw_usec until)
{
	m->searching = false;
	m->search_at = m->size < m->max ? until : GW_NEVER;
}

static void
forget_losses(struct gw_pmtud *m)
{
	m->suspicious_count = 0;
	m->in_burst = false;
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
	m->calm_at = 0;
	m->arrived_count = 0;
	forget_losses(m);
	search(m);
}

void
gw_pmtud_set_max(struct gw_pmtud *m, uint32_t max)
{
	const bool more = max > m->max;

	GW_ASSERT(max >= BASE && max <= GW_PACKET_MAX);
	m->max = max;
	if (more) {
		search(m);
		return;
	}
	if (m->bad > max)
		m->bad = max + 1;
	if (m->size > max) {
		m->size = max;
		forget_losses(m);
	}
	if (!m->searching)
		rest(m, m->search_at);
}

void
gw_pmtud_too_large(struct gw_pmtud *m, uint32_t bytes)
{
	if (bytes <= BASE)
		return; /* nothing helps */
	if (m->size >= bytes) {
		m->size = BASE;
		forget_losses(m);
		search(m);
	}
	if (bytes < m->bad)
		m->bad = bytes;
	m->number = VOID;
	m->in_flight = false;
}

bool
gw_pmtud_probing(const struct gw_pmtud *m, uint32_t bytes, uint64_t *number)
{
	*number = m->number;
	return m->in_flight && m->probe >= bytes;
}

uint32_t
gw_pmtud_size(const struct gw_pmtud *m)
{
	return m->size;
}

/* ---- probes ---- */

/*
 * How far good and bad may lie apart when the search ends.  A path that
 * carries Ethernet's 1,500 and no jumbo frames carries little in between.
 */
static uint32_t
near_enough(const struct gw_pmtud *m)
{
	return m->bad > ETHERNET ? m->size / 2 : NEAR;
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
	if (number != m->number || m->probe > m->max)
		return;
	m->size = m->probe;
	if (m->size >= m->bad)
		m->bad = m->max + 1; /* it had been called lost */
	m->in_flight = false;
	gw_pmtud_packet_acked(m, number, m->size);
}

void
gw_pmtud_lost(struct gw_pmtud *m, uint64_t number)
{
	if (number != m->number)
		return;
	m->in_flight = false;
	if (++m->tries == TRIES && m->probe < m->bad)
		m->bad = m->probe;
}

/* ---- black holes ---- */

/* Nothing that was sent after it and is as large as its smallest packet has
 * arrived; and smaller ones would help. */
static bool
is_suspicious(const struct gw_pmtud *m, const struct gw_pmtud_seen *burst)
{
	for (unsigned i = 0; i < m->arrived_count; i++)
		if (m->arrived[i].number > burst->number &&
		    m->arrived[i].bytes >= burst->bytes)
			return false;
	return burst->bytes > BASE;
}

/*
 * What passed may not pass any more.  If that was a mistake the search finds
 * out at once, since it begins with what passed; but not again and again.
 */
static void
fall(struct gw_pmtud *m, gw_usec now)
{
	const bool again = now < m->calm_at;

	GW_ASSERT(m->size > BASE);
	m->first = m->size;
	m->size = BASE;
	m->calm_at = now + HOLES_APART;
	forget_losses(m);
	search(m);
	if (again)
		rest(m, now + HOLES_APART);
}

/* All losses of one moment have been told. */
static void
settle(struct gw_pmtud *m, gw_usec now)
{
	if (m->in_burst && is_suspicious(m, &m->burst))
		m->suspicious[m->suspicious_count++] = m->burst;
	m->in_burst = false;
	if (m->suspicious_count == GW_PMTUD_BURSTS)
		fall(m, now);
}

/* Keep it among what arrived, unless something larger is newer. */
static void
arrived(struct gw_pmtud *m, uint64_t number, uint32_t bytes)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < m->arrived_count; i++) {
		const struct gw_pmtud_seen *a = &m->arrived[i];

		if (a->number >= number && a->bytes >= bytes)
			return;
		if (a->number > number || a->bytes > bytes)
			m->arrived[kept++] = *a;
	}
	if (kept == GW_PMTUD_ARRIVED) {
		kept--;
		memmove(m->arrived, m->arrived + 1, kept * sizeof(*m->arrived));
	}
	m->arrived[kept] = (struct gw_pmtud_seen){ number, bytes };
	m->arrived_count = kept + 1;
}

void
gw_pmtud_packet_acked(struct gw_pmtud *m, uint64_t number, uint32_t bytes)
{
	unsigned kept = 0;

	if (bytes <= BASE)
		return; /* they always do */
	arrived(m, number, bytes);
	for (unsigned i = 0; i < m->suspicious_count; i++)
		if (is_suspicious(m, &m->suspicious[i]))
			m->suspicious[kept++] = m->suspicious[i];
	m->suspicious_count = kept;
}

void
gw_pmtud_packet_lost(
    struct gw_pmtud *m, uint64_t number, uint32_t bytes, gw_usec now)
{
	if (m->in_burst &&
	    (number != m->burst.number + 1 || now != m->burst_at))
		settle(m, now);
	if (bytes > m->size)
		return; /* from before it fell */
	if (!m->in_burst) {
		m->in_burst = true;
		m->burst_at = now;
		m->burst.bytes = bytes;
	}
	m->burst.number = number;
	if (bytes < m->burst.bytes)
		m->burst.bytes = bytes;
}

/* ---- time ---- */

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
