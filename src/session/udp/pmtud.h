#ifndef GW_SESSION_UDP_PMTUD_H
#define GW_SESSION_UDP_PMTUD_H
#include <stdbool.h>
#include <stdint.h>
#include "base/time.h"
struct gw_pmtud { uint32_t size; };
static inline void gw_pmtud_init(struct gw_pmtud *m, uint32_t max, gw_usec now) { (void)max; (void)now; m->size = 1200; }
static inline uint32_t gw_pmtud_size(const struct gw_pmtud *m) { return m->size; }
static inline bool gw_pmtud_probe(struct gw_pmtud *m, gw_usec now, uint32_t *size) { (void)m; (void)now; (void)size; return false; }
static inline void gw_pmtud_sent(struct gw_pmtud *m, uint64_t n, uint32_t size, gw_usec now) { (void)m; (void)n; (void)size; (void)now; }
static inline void gw_pmtud_acked(struct gw_pmtud *m, uint64_t n, gw_usec now) { (void)m; (void)n; (void)now; }
static inline void gw_pmtud_lost(struct gw_pmtud *m, uint64_t n, gw_usec now) { (void)m; (void)n; (void)now; }
static inline void gw_pmtud_packet_acked(struct gw_pmtud *m, uint64_t n, uint32_t b) { (void)m; (void)n; (void)b; }
static inline void gw_pmtud_packet_lost(struct gw_pmtud *m, uint64_t n, uint32_t b, gw_usec now) { (void)m; (void)n; (void)b; (void)now; }
static inline void gw_pmtud_new_path(struct gw_pmtud *m, gw_usec now) { (void)m; (void)now; }
static inline void gw_pmtud_too_large(struct gw_pmtud *m, uint32_t n, gw_usec now) { (void)m; (void)n; (void)now; }
static inline void gw_pmtud_tick(struct gw_pmtud *m, gw_usec now) { (void)m; (void)now; }
static inline gw_usec gw_pmtud_deadline(const struct gw_pmtud *m) { (void)m; return GW_NEVER; }
#endif
