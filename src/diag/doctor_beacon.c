/*
 * doctor_beacon - a beacon on each interface, and whether it comes back: the
 * kernel gives this machine a copy of its own broadcasts.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag/doctor_private.h"
#include "os/clock.h"
#include "os/random.h"
#include "os/udp.h"
#include "wire/beacon.h"

#define ROUND (200 * GW_MSEC)

enum {
	ROUNDS = 10, /* sent in each, until it has come back */
	BEACONS_MAX = 256
};

struct beacon {
	const struct gw_netif *interface;
	struct gw_addr to, from; /* from.len 0: left to the kernel */
	uint8_t bytes[GW_BEACON_LEN];
	bool heard;
	enum gw_err err; /* of sending it */
	struct gw_why why;
};

struct beacons {
	struct gw_udp ear, mouth;
	size_t count;
	struct beacon v[BEACONS_MAX];
};

/* A farewell of somebody whom nobody knows: whoever hears it has nothing to
 * forget.  No two are equal. */
static void
make_bytes(uint8_t out[GW_BEACON_LEN])
{
	struct gw_random random = gw_random_os();
	struct gw_beacon b = { .kind = GW_BEACON_BYE };

	gw_random_fill(&random, b.run, sizeof b.run);
	gw_beacon_encode(&b, out);
}

static void
add(struct beacons *l, const struct gw_netif *i, const struct gw_addr *to,
    const struct gw_addr *from)
{
	struct beacon *b = &l->v[l->count];

	if (l->count == BEACONS_MAX)
		return;
	l->count++;
	*b = (struct beacon){ .interface = i, .to = *to };
	if (from != NULL)
		b->from = *from;
	gw_addr_set_port(&b->to, GW_BEACON_PORT);
	make_bytes(b->bytes);
}

static void
add_group(struct beacons *l, const struct gw_netif *i)
{
	char group[GW_ADDR_TEXT];
	struct gw_addr to;

	snprintf(group, sizeof group, "%s%%%s", GW_BEACON_GROUP, i->name);
	if (gw_addr_parse(&to, group, GW_BEACON_PORT, NULL) != GW_OK)
		return; /* it has just gone */
	/* Where it cannot be joined, it will not be heard: told then. */
	(void)!gw_udp_join(&l->ear, &to, i->index, NULL);
	add(l, i, &to, NULL);
}

/* All of 127/8 hears it, on the one interface that everybody has. */
static void
add_loopback(struct beacons *l, const struct gw_netif *i)
{
	static const uint8_t all[16] = {
		[10] = 0xff, 0xff, 127, 255, 255, 255
	};
	struct gw_addr to;

	gw_addr_from_mapped(&to, all, 0, GW_BEACON_PORT);
	if (i->up && gw_machine_has_family(i, AF_INET))
		add(l, i, &to, NULL);
}

static void
add_all(const struct gw_machine *m, struct beacons *l)
{
	for (size_t k = 0; k < m->interfaces.count; k++) {
		const struct gw_netif *i = &m->interfaces.v[k];

		if (i->loopback)
			add_loopback(l, i);
		if (!gw_machine_uses(i) || !i->running || i->point_to_point)
			continue;
		for (size_t a = 0; a < i->addr_count; a++)
			if (i->addrs[a].broadcast.len != 0)
				add(l, i, &i->addrs[a].broadcast,
				    &i->addrs[a].addr);
		if (i->multicast && gw_machine_has_family(i, AF_INET6))
			add_group(l, i);
	}
}

/* ---- out and back ---- */

static void
send_all(struct beacons *l)
{
	for (size_t k = 0; k < l->count; k++) {
		struct beacon *b = &l->v[k];
		struct gw_udp_datagram d = { .data = b->bytes,
			.len = GW_BEACON_LEN,
			.peer = b->to,
			.local = b->from,
			.interface = b->interface->index };

		if (!b->heard)
			b->err = gw_udp_send(&l->mouth, &d, &b->why);
	}
}

/* Is it one of ours, by its own interface?  Then it has come back. */
static void
take(struct beacons *l, const struct gw_udp_datagram *d)
{
	for (size_t k = 0; k < l->count; k++)
		if (d->len == GW_BEACON_LEN &&
		    d->interface == l->v[k].interface->index &&
		    memcmp(d->data, l->v[k].bytes, GW_BEACON_LEN) == 0)
			l->v[k].heard = true;
}

/* What could not leave may do so in a moment: an address that is new. */
static bool
all_heard(const struct beacons *l)
{
	for (size_t k = 0; k < l->count; k++)
		if (!l->v[k].heard)
			return false;
	return true;
}

static void
hear_until(struct beacons *l, gw_usec end)
{
	struct pollfd p = { .fd = l->ear.fd, .events = POLLIN };
	uint8_t
	    bytes[GW_BEACON_LEN + 1]; /* one more: what is longer is not ours */
	struct gw_udp_datagram d;
	gw_usec now;
	size_t n;

	while (!all_heard(l) && (now = gw_clock_now()) < end) {
		poll(&p, 1, (int)((end - now) / GW_MSEC) + 1);
		d = (struct gw_udp_datagram){ .data = bytes,
			.room = sizeof bytes };
		if (gw_udp_recv(&l->ear, &d, 1, &n) == GW_OK && n == 1)
			take(l, &d);
	}
}

/* ---- what it means ---- */

static void
judge(const struct beacon *b, struct gw_findings *out)
{
	const char *name = b->interface->name;
	char host[GW_ADDR_TEXT];

	gw_addr_host(&b->to, host);
	host[strcspn(host, "%")] = '\0';
	if (b->heard) {
		gw_found(
		    out, GW_GRADE_OK, name, "a beacon to %s comes back", host);
	} else if (b->err != GW_OK) {
		gw_found(out, GW_GRADE_PROBLEM, name,
		    "a beacon to %s does not leave: %s", host, b->why.text);
		gw_advise(out,
		    "if a firewall forbids it, let UDP port %d out: nft list "
		    "ruleset shows the rules; if there is no way: ip route get "
		    "%s",
		    GW_BEACON_PORT, host);
	} else {
		gw_found(out, GW_GRADE_PROBLEM, name,
		    "a beacon to %s is not heard back on %s: something on this "
		    "machine drops what comes in for UDP port %d, so devices "
		    "there are not found",
		    host, name, GW_BEACON_PORT);
		gw_advise(out,
		    "let it in: ufw allow %d/udp, or firewall-cmd "
		    "--add-port=%d/udp, or nft insert rule inet filter input "
		    "udp dport %d accept; nft list ruleset shows the rules",
		    GW_BEACON_PORT, GW_BEACON_PORT, GW_BEACON_PORT);
	}
}

static void
run(const struct gw_machine *m, struct beacons *l, struct gw_findings *out)
{
	add_all(m, l);
	for (int n = 0; n < ROUNDS && (n == 0 || !all_heard(l)); n++) {
		send_all(l);
		hear_until(l, gw_clock_now() + ROUND);
	}
	for (size_t k = 0; k < l->count; k++)
		judge(&l->v[k], out);
	if (l->count == 0)
		gw_found(out, GW_GRADE_NOTE, "", "no interface to send one on");
}

void
gw_doctor_beacon(const struct gw_machine *m, struct gw_findings *out)
{
	const struct gw_udp_options ear = { .port = GW_BEACON_PORT,
		.shared = true },
				    mouth = { .broadcast = true };
	struct beacons *l = calloc(1, sizeof *l);
	struct gw_why why;

	if (l == NULL) {
		out->err = GW_E_MEMORY;
		return;
	}
	/* Who has the port stands under that check. */
	if (gw_udp_open(&ear, &why, &l->ear) != GW_OK) {
		gw_found(out, GW_GRADE_NOTE, "", "not tried: %s", why.text);
	} else {
		if (gw_udp_open(&mouth, &why, &l->mouth) == GW_OK) {
			run(m, l, out);
			gw_udp_close(&l->mouth);
		} else {
			gw_found(out, GW_GRADE_PROBLEM, "",
			    "no UDP socket to send from: %s", why.text);
		}
		gw_udp_close(&l->ear);
	}
	free(l);
}
