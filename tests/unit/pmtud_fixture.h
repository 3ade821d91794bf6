/*
 * pmtud_fixture - a path, and packets that it carries or loses.
 */
#ifndef GW_TESTS_UNIT_PMTUD_FIXTURE_H
#define GW_TESTS_UNIT_PMTUD_FIXTURE_H

#include "session/udp/pmtud.h"

enum { BASE = GW_PACKET_MIN, V4 = 1472, V6 = 1452, JUMBO = 8952 };

extern struct gw_pmtud m;
extern gw_usec now;
extern uint64_t number; /* of the next packet */
extern unsigned probes, lost_probes;

void start(uint32_t max);
/* Probes until the search rests, on a path that carries datagrams of `path`
 * bytes. */
void search_on(uint32_t path);
/* n packets of a size (0: as large as may be) are lost together, at a moment
 * of their own. */
void burst(unsigned n, uint32_t bytes);
void arrives(uint32_t bytes);
/* After all that was told. */
uint32_t size(void);

#endif /* GW_TESTS_UNIT_PMTUD_FIXTURE_H */
