#include "pmtud_fixture.h"

#include "test.h"

struct gw_pmtud m;
gw_usec now;
uint64_t number;
unsigned probes, lost_probes;

void
start(uint32_t max)
{
	gw_pmtud_init(&m, max);
	now = 1000 * GW_SEC;
	number = 0;
	probes = lost_probes = 0;
	assert_int_equal(gw_pmtud_size(&m), BASE);
}

/* Probes until the search rests, on a path that carries datagrams of `path`
 * bytes. */
void
search_on(uint32_t path)
{
	uint32_t next;

	while (gw_pmtud_probe(&m, now, &next)) {
		assert_true(next > gw_pmtud_size(&m));
		assert_true(next <= m.max);
		gw_pmtud_sent(&m, number, next);
		assert_false(gw_pmtud_probe(&m, now, &next));
		now += 50 * GW_MSEC;
		if (m.probe <= path)
			gw_pmtud_acked(&m, number);
		else
			gw_pmtud_lost(&m, number);
		lost_probes += m.probe > path;
		number++;
		assert_true(++probes < 100);
	}
}

/* Packets of these sizes, or as the search lets them be (0), are lost
 * together; each call is a moment of its own. */
void
burst(unsigned n, uint32_t bytes)
{
	now += 10 * GW_MSEC;
	for (unsigned i = 0; i < n; i++)
		gw_pmtud_packet_lost(
		    &m, number++, bytes != 0 ? bytes : gw_pmtud_size(&m), now);
}

void
arrives(uint32_t bytes)
{
	now += 10 * GW_MSEC;
	gw_pmtud_packet_acked(&m, number++, bytes);
}

uint32_t
size(void)
{
	gw_pmtud_tick(&m, now);
	return gw_pmtud_size(&m);
}
