/*
 * Any bytes as what the kernel's socket diagnosis answers: nothing is read
 * past their end, and what comes out is a socket that can be shown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "diag/inet_diag.h"
#include "fuzz.h"

static void
check(const struct gw_socket *s)
{
	GW_ASSERT(s->protocol < GW_SOCKET_PROTOCOLS);
	GW_ASSERT(s->state < GW_SOCKET_STATES);
	GW_ASSERT(gw_socket_state_name(s->state) != NULL);
	GW_ASSERT(gw_socket_protocol_name(s) != NULL);
	(void)gw_socket_timer_name(s);
	GW_ASSERT(gw_socket_compare(s, s) == 0);
	GW_ASSERT(s->ipv6 || gw_socket_end_is_ipv4(&s->local));
	GW_ASSERT(s->protocol == GW_SOCKET_TCP || !s->tcp_known);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Aligned, and not one byte longer. */
	uint8_t *copy = malloc(size > 0 ? size : 1);
	struct gw_slice s = gw_slice(copy, size);
	struct gw_inet_diag_message m;

	GW_ASSERT(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	while (gw_inet_diag_next(&s, size % 2, &m)) {
		GW_ASSERT(s.n < size);
		if (m.kind == GW_INET_DIAG_SOCKET)
			check(&m.socket);
		if (m.kind == GW_INET_DIAG_ERROR)
			GW_ASSERT(m.error > 0);
	}
	free(copy);
	return 0;
}
