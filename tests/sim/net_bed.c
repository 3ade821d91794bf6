#include "net_bed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/test.h"

/* What stands in datagram `number`, after the number itself. */
static uint8_t
filler(uint32_t number, size_t at)
{
	return (uint8_t)(number * 31 + at * 7);
}

void
bed_init(struct bed *b, uint64_t seed, const struct net_link_options *o)
{
	const struct net_addr one = net_addr(1, 4639), two = net_addr(2, 4640);

	memset(b, 0, sizeof(*b));
	b->net = net_new(seed);
	b->a = net_host(b->net, &one);
	b->b = net_host(b->net, &two);
	b->ab = net_join(b->net, b->a, b->b, o);
	b->ba = b->ab + 1;
	b->now = BED_START;
}

void
bed_fini(struct bed *b)
{
	net_free(b->net);
	free(b->times);
}

void
bed_send(struct bed *b, size_t len, enum net_ecn ecn)
{
	static uint8_t bytes[NET_DATAGRAM_MAX];
	const struct net_datagram d = {
		.to = net_address(b->net, b->b),
		.ecn = ecn,
		.bytes = bytes,
		.len = len,
	};

	assert_true(len >= sizeof(b->sent));
	if (b->sent == b->room) {
		const uint32_t room = b->room > 0 ? 2 * b->room : 1024;

		b->times = realloc(b->times, room * sizeof(*b->times));
		assert_non_null(b->times);
		memset(b->times + b->room, 0,
		    (room - b->room) * sizeof(*b->times));
		b->room = room;
	}
	memcpy(bytes, &b->sent, sizeof(b->sent));
	for (size_t i = sizeof(b->sent); i < len; i++)
		bytes[i] = filler(b->sent, i);
	b->sent++;
	net_send(b->net, b->a, &d, b->now);
}

static void
take(struct bed *b, const struct net_datagram *d, gw_usec now)
{
	bool same = true;
	uint32_t number;

	memcpy(&number, d->bytes, sizeof(number));
	for (size_t i = sizeof(number); i < d->len; i++)
		same = same && d->bytes[i] == filler(number, i);
	if (!same || number >= b->sent)
		b->changed++;
	if (number < b->sent)
		b->times[number]++;
	if (b->got < sizeof(b->order) / sizeof(b->order[0])) {
		b->order[b->got] = number;
		b->at[b->got] = now;
	}
	b->got++;
}

void
bed_run(struct bed *b, gw_usec until)
{
	struct net_datagram d;
	unsigned node;

	while (net_next(b->net) <= until) {
		const gw_usec now = net_next(b->net);

		while (net_deliver(b->net, &node, &d, now))
			if (node == b->b && d.kind == NET_DATA)
				take(b, &d, now);
	}
	b->now = until;
}

void
bed_send_many(struct bed *b, uint32_t n, size_t len, gw_usec every)
{
	for (uint32_t i = 0; i < n; i++) {
		bed_run(b, b->now + (i > 0 ? every : 0));
		bed_send(b, len, NET_NOT_ECT);
	}
}

void
bed_drain(struct bed *b)
{
	while (net_next(b->net) != GW_NEVER)
		bed_run(b, net_next(b->net));
}

uint32_t
bed_lost(const struct bed *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < b->sent; i++)
		n += b->times[i] == 0;
	return n;
}

void
bed_about(double x, double expected, double within)
{
	if (fabs(x - expected) <= within)
		return;
	fprintf(stderr, "%g, not %g\n", x, expected);
	fail();
}
