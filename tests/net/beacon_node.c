/*
 * A device as discovery sees it, without transfers:
 *
 *	beacon-node NAME NUMBER SEEK
 *
 * NAME is announced ("": nothing is), by one that waits to receive, or with a
 * NUMBER above 0 by one that waits to send.  SEEK is -, all, number:N or
 * name:X.  It prints "ready", then
 *
 *	there NAME MS ADDRESS%INTERFACE...	MS since it was ready
 *	gone
 *	trouble TEXT
 *	dropped REASON COUNT			of each that is not 0, at the
 *end
 *
 * It ends, and says farewell, when its input does.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/random.h"
#include "run/discovery_port.h"

static void
print_device(const struct gw_finding *f, gw_usec since)
{
	char text[GW_ADDR_TEXT];

	printf("there %s %" PRIu64, f->name, (gw_clock_now() - since) / 1000);
	for (size_t i = 0; i < f->count; i++) {
		gw_addr_text(&f->addresses[i].addr, text);
		printf(" %s,%s", text, f->addresses[i].interface);
	}
	putchar('\n');
}

static void
print_all(struct gw_discovery_port *p, gw_usec since)
{
	struct gw_finding f;

	while (gw_discovery_port_next(p, &f))
		switch (f.kind) {
		case GW_FINDING_DEVICE:
			print_device(&f, since);
			break;
		case GW_FINDING_GONE:
			puts("gone");
			break;
		case GW_FINDING_TROUBLE:
			printf("trouble %s\n", f.trouble);
			break;
		}
	fflush(stdout);
}

static void
begin(struct gw_discovery_port *p, char *const *argv)
{
	struct gw_announcement a = { .name = argv[1],
		.port = 4639,
		.number = (uint32_t)strtoul(argv[2], NULL, 10) };
	struct gw_seek s = { .ask = GW_ASK_EVERYBODY };

	a.sends = a.number != 0;
	a.receives = a.unasked = a.number == 0;
	if (argv[1][0] != '\0')
		gw_discovery_port_announce(p, &a);
	if (strncmp(argv[3], "number:", 7) == 0) {
		s.ask = GW_ASK_NUMBER;
		s.number = (uint32_t)strtoul(argv[3] + 7, NULL, 10);
	} else if (strncmp(argv[3], "name:", 5) == 0) {
		s.ask = GW_ASK_NAME;
		s.name = argv[3] + 5;
	}
	if (argv[3][0] != '-')
		gw_discovery_port_seek(p, &s);
	puts("ready");
	fflush(stdout);
}

static void
print_dropped(const struct gw_discovery_port *p)
{
	for (int i = 0; i < GW_DISCOVERY_DROP_COUNT; i++) {
		enum gw_discovery_drop why = (enum gw_discovery_drop)i;
		uint64_t n = gw_discovery_port_dropped(p, why);

		if (n > 0)
			printf("dropped %s: %" PRIu64 "\n",
			    gw_discovery_drop_name(why), n);
	}
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct gw_loop loop;
	struct gw_discovery_port_options o = { .loop = &loop,
		.random = gw_random_os() };
	struct gw_discovery_port *p;
	struct gw_why why = { "" };
	gw_usec since;

	if (argc != 4 || !gw_crypto_start() || gw_loop_init(&loop) != GW_OK)
		return 2;
	if (gw_discovery_port_open(&o, &why, &p) != GW_OK) {
		fprintf(stderr, "%s\n", why.text);
		return 1;
	}
	begin(p, argv);
	since = gw_clock_now();
	for (;;) {
		struct pollfd fds[] = { { loop.fd, POLLIN, 0 },
			{ STDIN_FILENO, POLLIN, 0 } };

		poll(fds, 2, -1);
		if (fds[1].revents != 0)
			break;
		gw_loop_dispatch(&loop);
		print_all(p, since);
	}
	print_dropped(p);
	gw_discovery_port_close(p);
	gw_loop_fini(&loop);
	return 0;
}
