#include "session/door.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/code.h"
#include "crypto/kdf.h"

struct pending {
	struct gw_source source; /* as it counts: IPv6 cut to /64 */
	gw_usec since;
	uint32_t ticket;
};

struct kept {
	uint8_t peer[GW_KEY_LEN];
	uint8_t id[GW_PSK_ID_LEN];
	uint8_t psk[GW_KEY_LEN];
};

struct gw_door {
	char code[GW_CODE_MAX + 1]; /* "": none */
	uint32_t serial;
	unsigned guesses_left;
	bool burned;
	bool owned, many;
	uint8_t owner[GW_KEY_LEN];

	struct pending pending[GW_PENDING_MAX]; /* oldest first */
	unsigned pending_count;
	uint32_t last_ticket;

	struct kept kept[GW_DOOR_PSKS]; /* oldest first */
	unsigned kept_count;

	uint8_t (*known)[GW_KEY_LEN];
	size_t known_count;
};

static_assert(GW_PENDING_PER_SOURCE < GW_PENDING_MAX, "several sources");

enum gw_err
gw_door_new(struct gw_door **out)
{
	struct gw_door *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return GW_E_MEMORY;
	*out = d;
	return GW_OK;
}

void
gw_door_free(struct gw_door *d)
{
	if (d == NULL)
		return;
	free(d->known);
	gw_wipe(d, sizeof(*d));
	free(d);
}

enum gw_err
gw_door_set_code(struct gw_door *d, const char *code)
{
	const size_t n = code == NULL ? 0 : strlen(code);

	if (n > GW_CODE_MAX)
		return GW_E_LIMIT;
	gw_wipe(d->code, sizeof(d->code));
	if (n > 0)
		memcpy(d->code, code, n);
	gw_wipe(d->kept, sizeof(d->kept));
	d->kept_count = 0;
	d->serial++;
	d->guesses_left = GW_GUESSES;
	d->burned = false;
	d->owned = false;
	return GW_OK;
}

void
gw_door_let_many(struct gw_door *d)
{
	d->many = true;
}

/* ---- handshakes under way ---- */

/* What counts as one source: an IPv4 address, or 64 bits of IPv6, which is
 * what one customer has at least. */
static struct gw_source
source_of(const struct gw_source *s)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct gw_source cut = *s;

	if (memcmp(s->ip, mapped, sizeof(mapped)) != 0)
		memset(cut.ip + 8, 0, 8);
	return cut;
}

static bool
same_source(const struct pending *p, const struct gw_source *s)
{
	return memcmp(p->source.ip, s->ip, sizeof(s->ip)) == 0;
}

/* How many of a source are pending; *oldest is the index of its first. */
static unsigned
count_source(
    const struct gw_door *d, const struct gw_source *s, unsigned *oldest)
{
	unsigned n = 0;

	for (unsigned i = 0; i < d->pending_count; i++) {
		if (!same_source(&d->pending[i], s))
			continue;
		if (n++ == 0)
			*oldest = i;
	}
	return n;
}

static uint32_t
remove_pending(struct gw_door *d, unsigned at)
{
	const uint32_t ticket = d->pending[at].ticket;

	GW_ASSERT(at < d->pending_count);
	d->pending_count--;
	memmove(&d->pending[at], &d->pending[at + 1],
	    (d->pending_count - at) * sizeof(d->pending[0]));
	return ticket;
}

/* How many the largest source has, and how many handshakes are of sources with
 * as many. */
static unsigned
largest(const struct gw_door *d, unsigned *handshakes)
{
	unsigned most = 0, oldest;

	*handshakes = 0;
	for (unsigned i = 0; i < d->pending_count; i++) {
		const unsigned n =
		    count_source(d, &d->pending[i].source, &oldest);

		if (n > most) {
			most = n;
			*handshakes = 0;
		}
		*handshakes += n == most;
	}
	return most;
}

/* The one that goes: its index. */
static unsigned
victim(const struct gw_door *d, uint64_t random, gw_usec now)
{
	unsigned handshakes, oldest = 0, skip;
	const unsigned most = largest(d, &handshakes);

	skip = (unsigned)(random % handshakes);
	for (unsigned i = 0; i < d->pending_count; i++) {
		if (count_source(d, &d->pending[i].source, &oldest) < most)
			continue;
		if (now - d->pending[i].since >= GW_DOOR_GRACE || skip == 0)
			break;
		skip--;
	}
	return oldest;
}

uint32_t
gw_door_admit(struct gw_door *d, const struct gw_source *from, uint64_t random,
    gw_usec now, uint32_t *evicted)
{
	const struct gw_source source = source_of(from);
	unsigned oldest = 0;

	*evicted = 0;
	if (count_source(d, &source, &oldest) >= GW_PENDING_PER_SOURCE)
		*evicted = remove_pending(d, oldest);
	else if (d->pending_count == GW_PENDING_MAX)
		*evicted = remove_pending(d, victim(d, random, now));
	if (++d->last_ticket == 0)
		d->last_ticket = 1;
	d->pending[d->pending_count++] = (struct pending){
		.source = source,
		.since = now,
		.ticket = d->last_ticket,
	};
	return d->last_ticket;
}

void
gw_door_leave(struct gw_door *d, uint32_t ticket)
{
	for (unsigned i = 0; i < d->pending_count; i++) {
		if (d->pending[i].ticket == ticket) {
			remove_pending(d, i);
			return;
		}
	}
}

uint32_t
gw_door_expired(struct gw_door *d, gw_usec now)
{
	if (now < gw_door_deadline(d))
		return 0;
	return remove_pending(d, 0);
}

gw_usec
gw_door_deadline(const struct gw_door *d)
{
	if (d->pending_count == 0)
		return GW_NEVER;
	return d->pending[0].since + GW_PENDING_SECONDS * GW_SEC;
}

unsigned
gw_door_pending(const struct gw_door *d)
{
	return d->pending_count;
}

/* ---- the code ---- */

const char *
gw_door_code(const struct gw_door *d)
{
	return d->code[0] == '\0' ? NULL : d->code;
}

uint32_t
gw_door_serial(const struct gw_door *d)
{
	return d->serial;
}

unsigned
gw_door_guess(struct gw_door *d)
{
	if (d->guesses_left > 0)
		d->guesses_left--;
	if (d->guesses_left == 0 && d->code[0] != '\0') {
		gw_wipe(d->code, sizeof(d->code));
		d->burned = true;
		d->serial++;
	}
	return d->guesses_left;
}

unsigned
gw_door_guesses_left(const struct gw_door *d)
{
	return d->guesses_left;
}

bool
gw_door_burned(const struct gw_door *d)
{
	return d->burned;
}

/* ---- coming back ---- */

static bool
has_psk(const struct gw_door *d, const uint8_t peer[GW_KEY_LEN], unsigned *at)
{
	for (unsigned i = 0; i < d->kept_count; i++) {
		if (memcmp(d->kept[i].peer, peer, GW_KEY_LEN) == 0) {
			*at = i;
			return true;
		}
	}
	return false;
}

static void
remove_kept(struct gw_door *d, unsigned at)
{
	GW_ASSERT(at < d->kept_count);
	d->kept_count--;
	memmove(&d->kept[at], &d->kept[at + 1],
	    (d->kept_count - at) * sizeof(d->kept[0]));
	gw_wipe(&d->kept[d->kept_count], sizeof(d->kept[0]));
}

bool
gw_door_psk(const struct gw_door *d, const uint8_t id[GW_PSK_ID_LEN],
    uint8_t psk[GW_KEY_LEN])
{
	for (unsigned i = 0; i < d->kept_count; i++) {
		if (memcmp(d->kept[i].id, id, GW_PSK_ID_LEN) == 0) {
			memcpy(psk, d->kept[i].psk, GW_KEY_LEN);
			return true;
		}
	}
	return false;
}

enum gw_door_verdict
gw_door_enter(struct gw_door *d, const uint8_t peer[GW_KEY_LEN], bool by_code)
{
	unsigned at;

	if (!by_code)
		return has_psk(d, peer, &at) ? GW_DOOR_WELCOME : GW_DOOR_SHUT;
	if (d->code[0] == '\0')
		return GW_DOOR_SHUT;
	if (d->many)
		return GW_DOOR_WELCOME;
	if (!d->owned) {
		d->owned = true;
		memcpy(d->owner, peer, GW_KEY_LEN);
	}
	return memcmp(d->owner, peer, GW_KEY_LEN) == 0 ? GW_DOOR_WELCOME
						       : GW_DOOR_TAKEN;
}

void
gw_door_keep_psk(struct gw_door *d, const uint8_t peer[GW_KEY_LEN],
    const uint8_t id[GW_PSK_ID_LEN], const uint8_t psk[GW_KEY_LEN])
{
	unsigned at;
	struct kept *k;

	if (has_psk(d, peer, &at))
		remove_kept(d, at);
	else if (d->kept_count == GW_DOOR_PSKS)
		remove_kept(d, 0);
	k = &d->kept[d->kept_count++];
	memcpy(k->peer, peer, GW_KEY_LEN);
	memcpy(k->id, id, GW_PSK_ID_LEN);
	memcpy(k->psk, psk, GW_KEY_LEN);
}

/* ---- devices that need no code ---- */

enum gw_err
gw_door_set_known(
    struct gw_door *d, const uint8_t (*keys)[GW_KEY_LEN], size_t n)
{
	uint8_t(*copy)[GW_KEY_LEN] = NULL;

	if (n > 0) {
		if ((copy = calloc(n, GW_KEY_LEN)) == NULL)
			return GW_E_MEMORY;
		memcpy(copy, keys, n * GW_KEY_LEN);
	}
	free(d->known);
	d->known = copy;
	d->known_count = n;
	return GW_OK;
}

bool
gw_door_knows_any(const struct gw_door *d)
{
	return d->known_count > 0;
}

bool
gw_door_knows(const struct gw_door *d, const uint8_t peer[GW_KEY_LEN])
{
	for (size_t i = 0; i < d->known_count; i++)
		if (memcmp(d->known[i], peer, GW_KEY_LEN) == 0)
			return true;
	return false;
}
