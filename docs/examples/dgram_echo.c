/*
 * A UDP echo server inside a program that has its own event loop: answers
 * leave from the address that was asked.
 *
 *	./dgram_echo PORT
 */
#include <godwit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

static void
look_at_events(struct gw *g, struct gw_dgram *d)
{
	struct gw_dgram_event ev;

	while (gw_dgram_next(d, &ev)) {
		const struct gw_datagram *in = &ev.arrived.datagram;
		char peer[GW_ENDPOINT_TEXT];

		if (ev.kind == GW_DGRAM_UNREACHABLE)
			fprintf(stderr, "%s\n", ev.unreachable.reason);
		if (ev.kind != GW_DGRAM_ARRIVED || ev.arrived.from_self)
			continue;
		gw_endpoint_text(&in->peer, peer);
		printf("%zu bytes from %s\n", in->size, peer);
		fflush(stdout);
		if (gw_dgram_answer(d, &ev.arrived, in->data, in->size) !=
		    GW_OK)
			fprintf(stderr, "%s\n", gw_last_error(g));
	}
}

int
main(int argc, char **argv)
{
	struct gw_options plain = GW_OPTIONS_INIT;
	struct gw_dgram_options o = { .port = 0 };
	struct pollfd p = { .events = POLLIN };
	struct gw_dgram *d;
	struct gw *g;

	plain.plain = true; /* it needs no identity */
	if (argc != 2 || gw_open(&plain, &g) != GW_OK)
		return 2;
	o.port = (uint16_t)atoi(argv[1]);
	if (gw_dgram_open(g, &o, &d) != GW_OK) {
		fprintf(stderr, "%s\n", gw_last_error(g));
		gw_close(g);
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (p.fd = gw_fd(g);;) {
		look_at_events(g, d);
		if (poll(&p, 1, -1) > 0)
			gw_dispatch(g);
	}
}
