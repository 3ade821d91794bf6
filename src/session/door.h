/*
 * door - who may come in to a side that waits.
 *
 * Holds the code with its guesses, the device that the code belongs to since
 * its first success, the resumption psks, and the handshakes that are under
 * way, with the limits of wire/limits.h.  Sans-IO; the sessions of one
 * listener share one door.  docs/protocol.md, "The door".
 */
#ifndef GW_SESSION_DOOR_H
#define GW_SESSION_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/time.h"
#include "wire/limits.h"

struct gw_door;

/* Within it a handshake is finished on nearly every path. */
#define GW_DOOR_GRACE (500 * GW_MSEC)

/* An IPv6 address, or an IPv4 one mapped into IPv6. */
struct gw_source {
	uint8_t ip[16];
};

GW_MUST_USE enum gw_err gw_door_new(struct gw_door **);
void gw_door_free(struct gw_door *);

/*
 * Put up a code (normalised): guesses start anew, it belongs to nobody yet.
 * The psks of earlier codes go.  NULL: no code opens from now on, nor does a
 * psk.  GW_E_LIMIT: longer than GW_CODE_MAX.
 */
GW_MUST_USE enum gw_err gw_door_set_code(struct gw_door *, const char *code);

/* From now on a code belongs to nobody: whoever has it comes in, as often as
 * they like, and guesses count on. */
void gw_door_let_many(struct gw_door *);

/* ---- handshakes under way ---- */

/*
 * Somebody connected.  Returns the ticket, which names the pending handshake;
 * *evicted is the one that had to go for it, 0 = none (its connection must be
 * closed).
 * Over GW_PENDING_PER_SOURCE the oldest of that source goes; over
 * GW_PENDING_MAX the oldest of the source with the most; and where several
 * have as many, the oldest of them if it had GW_DOOR_GRACE, else one that
 * `random` picks, so that a crowd that comes faster than a round trip does not
 * shut everybody out.  IPv6 sources count by /64.
 */
uint32_t gw_door_admit(struct gw_door *, const struct gw_source *,
    uint64_t random, gw_usec now, uint32_t *evicted);
/* It authenticated, failed or went away. */
void gw_door_leave(struct gw_door *, uint32_t ticket);
/* Handshakes that began GW_PENDING_SECONDS ago or earlier: one a call, 0 =
 * none.  Its connection must be closed; the ticket is gone. */
uint32_t gw_door_expired(struct gw_door *, gw_usec now);
gw_usec gw_door_deadline(const struct gw_door *);
unsigned gw_door_pending(const struct gw_door *);

/* ---- asked by a responding session ---- */

/* The code that opens now; NULL: none (burned, spent or not set). */
const char *gw_door_code(const struct gw_door *);
/* Another number whenever the code that opens has changed, was put up again
 * or was burned: a handshake that began under an older one is void, so that
 * pending handshakes are no further guesses. */
uint32_t gw_door_serial(const struct gw_door *);
/* The resumption psk with this id; false: not known. */
bool gw_door_psk(const struct gw_door *, const uint8_t id[GW_PSK_ID_LEN],
    uint8_t psk[GW_KEY_LEN]);

enum gw_door_verdict {
	GW_DOOR_WELCOME,
	GW_DOOR_TAKEN, /* the code belongs to another device by now */
	GW_DOOR_SHUT   /* the psk or code has gone in the meantime */
};

/* A peer proved the code (or a psk): may it come in?  From the first success
 * on the code belongs to that key. */
enum gw_door_verdict gw_door_enter(
    struct gw_door *, const uint8_t peer[GW_KEY_LEN], bool by_code);
/* A wrong guess.  Returns how many are left; at 0 the code is burned (the
 * psks stay: whoever had the code may come back). */
unsigned gw_door_guess(struct gw_door *);
unsigned gw_door_guesses_left(const struct gw_door *);
bool gw_door_burned(const struct gw_door *);
/* Let this peer come back by itself; the newest of a peer replaces its
 * older one.  At most GW_DOOR_PSKS are kept, the oldest goes. */
enum { GW_DOOR_PSKS = 16 };
void gw_door_keep_psk(struct gw_door *, const uint8_t peer[GW_KEY_LEN],
    const uint8_t id[GW_PSK_ID_LEN], const uint8_t psk[GW_KEY_LEN]);

/* ---- devices that need no code (GW_MODE_KNOWN) ---- */

/* Let these keys in without a code; replaces the list, which is empty at
 * first.  GW_E_MEMORY: the list is as it was. */
GW_MUST_USE enum gw_err gw_door_set_known(
    struct gw_door *, const uint8_t (*keys)[GW_KEY_LEN], size_t n);
bool gw_door_knows_any(const struct gw_door *);
bool gw_door_knows(const struct gw_door *, const uint8_t peer[GW_KEY_LEN]);

#endif /* GW_SESSION_DOOR_H */
