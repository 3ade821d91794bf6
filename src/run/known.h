/*
 * known - remembered devices at work: the key that a dial pins, and the keys
 * that a door lets in without a code.
 */
#ifndef GW_RUN_KNOWN_H
#define GW_RUN_KNOWN_H

#include "os/why.h"
#include "run/context.h"

/* Who is meant by the name of a remembered device. */
struct gw_known_device {
	char name[GW_NAME_MAX + 1]; /* as it is remembered */
	uint8_t key[GW_KEY_LEN];
};

/* GW_E_RESOLVE, told (with those that there are): no device is remembered
 * under it; GW_E_DISK, told: the list cannot be read. */
GW_MUST_USE enum gw_err gw_known_find(
    struct gw *, const char *name, struct gw_known_device *);
/* The name that a key is remembered under; false: it is not. */
bool gw_known_name(
    struct gw *, const uint8_t key[GW_KEY_LEN], char name[GW_NAME_MAX + 1]);

/*
 * Keep the key of a peer that proved a code and, as this side, asked for it;
 * *name: what it is called here from now on, which may be called so already.
 * GW_E_DISK, GW_E_AGAIN, GW_E_LIMIT, GW_E_MEMORY: why says it.
 */
GW_MUST_USE enum gw_err gw_known_keep(struct gw *,
    const uint8_t key[GW_KEY_LEN], const char *goes_by,
    char name[GW_NAME_MAX + 1], struct gw_why *);

/* What to say of a dial to a known device that was not authenticated: either
 * somebody else answered, or it does not let this device in. */
void gw_known_refused(const struct gw_known_device *,
    const struct gw_session_event *closed, const char *at, char *text,
    size_t size);

/*
 * Let remembered devices in at a door: the one of this name, or all if that
 * is NULL.  The list is looked at again every second, so that who is paired
 * or forgotten meanwhile comes in or stays out.  GW_E_RESOLVE, GW_E_DISK:
 * as above.
 */
struct gw_known;
GW_MUST_USE enum gw_err gw_known_open(
    struct gw *, struct gw_door *, const char *only, struct gw_known **);
/* Look now. */
void gw_known_refresh(struct gw_known *);
/* The door is the caller's, and keeps its list; NULL is fine. */
void gw_known_close(struct gw_known *);

#endif /* GW_RUN_KNOWN_H */
