#include "diag/names.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "os/clock.h"
#include "os/helper.h"
#include "os/random.h"

struct known {
	uint8_t address[16];
	uint32_t device;
	char *name; /* NULL: none, or none yet */
};

struct gw_names {
	int fd;
	uint64_t seed;
	struct gw_map *by_address; /* to an index of v */
	struct known *v;
	size_t count, room;
	size_t asked, answered; /* of v; asked in order */
	bool broken;            /* no answer will come any more */
};

enum gw_err
gw_names_new(int helper_fd, struct gw_names **out)
{
	struct gw_random random = gw_random_os();
	struct gw_names *n = calloc(1, sizeof *n);

	if (n == NULL)
		return GW_E_MEMORY;
	n->fd = helper_fd;
	n->seed = gw_random_u64(&random);
	if (gw_map_new(n->seed, &n->by_address) != GW_OK) {
		free(n);
		return GW_E_MEMORY;
	}
	*out = n;
	return GW_OK;
}

void
gw_names_free(struct gw_names *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->count; i++)
		free(n->v[i].name);
	free(n->v);
	gw_map_free(n->by_address);
	free(n);
}

static struct gw_key
key_of(const struct gw_names *n, const uint8_t address[16])
{
	return gw_hash_key(n->seed, gw_slice(address, 16));
}

enum gw_err
gw_names_want(struct gw_names *n, const uint8_t address[16], uint32_t device)
{
	struct gw_key key = key_of(n, address);
	uintptr_t index;
	enum gw_err err;

	if (n->count == GW_NAMES_MAX || gw_map_get(n->by_address, &key, &index))
		return GW_OK;
	if (n->count == n->room) {
		size_t room = n->room != 0 ? 2 * n->room : 64;
		struct known *v = realloc(n->v, room * sizeof *v);

		if (v == NULL)
			return GW_E_MEMORY;
		n->v = v;
		n->room = room;
	}
	if ((err = gw_map_set(n->by_address, &key, n->count)) != GW_OK)
		return err;
	n->v[n->count] = (struct known){ .device = device };
	memcpy(n->v[n->count++].address, address, 16);
	return GW_OK;
}

const char *
gw_names_of(const struct gw_names *n, const uint8_t address[16])
{
	struct gw_key key = key_of(n, address);
	uintptr_t index;

	return gw_map_get(n->by_address, &key, &index) ? n->v[index].name
						       : NULL;
}

static void
ask(struct gw_names *n)
{
	while (
	    n->asked < n->count && n->asked - n->answered < GW_NAMES_AT_ONCE) {
		const struct known *k = &n->v[n->asked];
		struct sockaddr_in6 sa = { .sin6_family = AF_INET6,
			.sin6_scope_id = k->device };
		struct gw_addr a;
		enum gw_err err;

		memcpy(&sa.sin6_addr, k->address, 16);
		/* It makes an IPv4 address of a mapped one. */
		if (!gw_addr_from(&a, (const struct sockaddr *)&sa, sizeof sa))
			return;
		err = gw_helper_ask_name(n->fd, (uint32_t)n->asked, &a);
		n->broken = n->broken || (err != GW_OK && err != GW_E_AGAIN);
		if (err != GW_OK)
			return;
		n->asked++;
	}
}

static bool
take(struct gw_names *n)
{
	struct gw_helper_answer a;
	bool news = false;
	enum gw_err err;

	while ((err = gw_helper_take_name(n->fd, &a)) == GW_OK) {
		n->answered++;
		if (a.err != GW_OK || a.id >= n->asked ||
		    n->v[a.id].name != NULL)
			continue;
		n->v[a.id].name = strdup(a.name);
		news = news || n->v[a.id].name != NULL;
	}
	n->broken = n->broken || err != GW_E_AGAIN;
	return news;
}

/* Until fd is readable; false: `until` has come. */
static bool
wait_for(int fd, gw_usec until)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	gw_usec now = gw_clock_now();

	if (now >= until)
		return false;
	/* A little late rather than once too often. */
	return poll(&p, 1, (int)((until - now) / GW_MSEC) + 1) > 0 ||
	       gw_clock_now() < until;
}

bool
gw_names_run(struct gw_names *n, gw_usec patience)
{
	gw_usec until = gw_clock_now() + patience;
	bool news = false;

	do {
		news = take(n) || news;
		ask(n);
	} while (
	    !n->broken && n->answered < n->count && wait_for(n->fd, until));
	return news;
}

/* ---- hosts of a filter ---- */

static enum gw_err
take_host(int fd, struct gw_socket_filter *f, size_t i, struct gw_why *why)
{
	uint8_t addresses[GW_RESOLVE_MAX][16];
	struct gw_helper_answer a;
	enum gw_err err = gw_helper_take(fd, &a);

	if (err == GW_E_AGAIN)
		return err;
	if (err != GW_OK)
		return gw_why(why, GW_E_RESOLVE, "the look-up helper is gone");
	if (a.err != GW_OK)
		return gw_why(why, GW_E_RESOLVE, "%s", a.why.text);
	for (size_t k = 0; k < a.found.count; k++)
		gw_addr_mapped(&a.found.v[k], addresses[k]);
	err = gw_socket_filter_resolve(
	    f, i, (const uint8_t(*)[16])addresses, a.found.count);
	return err == GW_OK ? GW_OK : gw_why(why, err, "too many addresses");
}

enum gw_err
gw_names_of_filter(int helper_fd, struct gw_socket_filter *f, gw_usec patience,
    struct gw_why *why)
{
	gw_usec until = gw_clock_now() + patience;
	char name[GW_FILTER_HOST_MAX + 1];
	size_t i = 0;
	enum gw_err err;

	for (; gw_socket_filter_host(f, &i, name); i++) {
		err = gw_helper_ask(helper_fd, (uint32_t)i, name, 0);
		if (err != GW_OK)
			return gw_why(
			    why, GW_E_RESOLVE, "%s: cannot be looked up", name);
		while ((err = take_host(helper_fd, f, i, why)) == GW_E_AGAIN)
			if (!wait_for(helper_fd, until))
				return gw_why(why, GW_E_RESOLVE,
				    "%s: no name server answers in time", name);
		if (err != GW_OK)
			return err;
	}
	return GW_OK;
}
