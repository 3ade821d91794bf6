/*
 * manifest - the entries of a transfer, in order, on either side.
 *
 * An entry is kept as it goes on the wire, in chunks that never move: about
 * 30 bytes and its path.  Slices that gw_manifest_get gives stay valid as
 * long as the manifest; reading from several threads is fine while nothing
 * is added.
 */
#ifndef GW_TRANSFER_MANIFEST_H
#define GW_TRANSFER_MANIFEST_H

#include "wire/entry.h"

struct gw_manifest;

GW_MUST_USE enum gw_err gw_manifest_new(struct gw_manifest **);
void gw_manifest_free(struct gw_manifest *);

/* Copies it.  GW_E_LIMIT: GW_ENTRIES_MAX; GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_manifest_add(
    struct gw_manifest *, const struct gw_entry *);
uint64_t gw_manifest_count(const struct gw_manifest *);
/* number < count */
void gw_manifest_get(
    const struct gw_manifest *, uint64_t number, struct gw_entry *);
/* The bytes of an entry as on the wire. */
struct gw_slice gw_manifest_encoded(
    const struct gw_manifest *, uint64_t number);

struct gw_totals {
	uint64_t files, dirs, others, bytes;
	uint64_t stored, linked; /* as in an OFFER */
};
struct gw_totals gw_manifest_totals(const struct gw_manifest *);

#endif /* GW_TRANSFER_MANIFEST_H */
