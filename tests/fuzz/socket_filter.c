/*
 * Any lines as words of a filter: each is taken or refused with a reason, and
 * whatever came of it can be asked about any socket.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "diag/socket_filter.h"
#include "fuzz.h"

static void
look_up(struct gw_socket_filter *f)
{
	static const uint8_t addresses[2][16] = { { [15] = 1 },
		{ [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } };
	char name[GW_FILTER_HOST_MAX + 1];
	size_t i = 0;

	for (; gw_socket_filter_host(f, &i, name); i++) {
		GW_ASSERT(strlen(name) <= GW_FILTER_HOST_MAX);
		GW_ASSERT(name[0] != '\0');
		if (gw_socket_filter_resolve(f, i, addresses, 2) != GW_OK)
			return;
	}
}

static void
ask(const struct gw_socket_filter *f)
{
	static const struct gw_socket_owner owner = { .pid = 1, .name = "a" };
	struct gw_socket s = { .local = { { [15] = 1 }, 8008 },
		.remote = { { [15] = 1 }, 50000 } };

	for (unsigned i = 0; i < 2 * GW_SOCKET_STATES; i++) {
		s.state = (uint8_t)(i / 2);
		s.protocol = i % 2;
		s.ipv6 = i / 2 % 2;
		if (gw_socket_filter_match(f, &s)) {
			GW_ASSERT(gw_socket_filter_match_ends(f, &s));
			GW_ASSERT(gw_socket_filter_states(f) &
				  GW_SOCKET_BIT(s.state));
			GW_ASSERT(
			    gw_socket_filter_wants(f, s.protocol, s.ipv6));
		}
	}
	(void)gw_socket_filter_match_owners(f, &owner, 1);
	if (!gw_socket_filter_wants_owner(f))
		GW_ASSERT(gw_socket_filter_match_owners(f, NULL, 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest = text, *word;
	struct gw_socket_filter f = { .count = 0 };

	GW_ASSERT(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	while (rest != NULL && f.count < 64) {
		struct gw_socket_filter before = f;
		const char *wrong;

		word = rest;
		if ((rest = strchr(rest, '\n')) != NULL)
			*rest++ = '\0';
		wrong = gw_socket_filter_add(&f, word);
		if (wrong != NULL) {
			GW_ASSERT(*wrong != '\0');
			GW_ASSERT(f.count == before.count);
			GW_ASSERT(f.states == before.states);
			GW_ASSERT(f.kinds == before.kinds);
		}
	}
	ask(&f);
	look_up(&f);
	ask(&f);
	gw_socket_filter_fini(&f);
	free(text);
	return 0;
}
