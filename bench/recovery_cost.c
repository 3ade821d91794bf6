/*
 * recovery_cost - what the recovery domain costs a packet: gw_recovery_sent,
 * its share of gw_recovery_acked and of gw_recovery_fate.
 *
 *	ninja -C build bench/recovery-cost && build/bench/recovery-cost
 *
 * Trains of 40 packets at 10 Gbit/s and an RTT of 1.2 ms, so that about a
 * thousand packets are in flight; an ACK for every so many of them; without
 * loss, and with one packet in a hundred lost.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "session/udp/recovery.h"

enum {
	TRAIN = 40,
	DATAGRAM = 1472,
	PACKETS = 4000000,
	IN_FLIGHT = 1000,
	TRAIN_USEC = 47, /* at 10 Gbit/s */
	RANGES_USED = 64
};

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
send_train(struct gw_recovery *r, uint64_t *next, gw_usec now)
{
	for (unsigned i = 0; i < TRAIN; i++) {
		const struct gw_sent_packet p = {
			.number = *next,
			.bytes = DATAGRAM,
			.eliciting = true,
			.content = { *next * 1400, 1400, 1, 0 },
		};

		if (gw_recovery_sent(r, &p, now) != GW_OK)
			abort();
		++*next;
	}
}

/* All up to `end`, except every `lose`th; the newest ranges only. */
static void
make_ack(struct gw_ack *ack, uint64_t end, unsigned lose)
{
	uint64_t last = end - 1;

	ack->count = 0;
	while (lose != 0 && ack->count < RANGES_USED - 1 && last >= lose) {
		const uint64_t gap = last - last % lose;

		if (gap < last)
			ack->v[ack->count++] =
			    (struct gw_ack_range){ gap + 1, last };
		last = gap - 1;
	}
	ack->v[ack->count++] = (struct gw_ack_range){ 0, last };
	if (lose != 0)
		ack->v[ack->count - 1].first = last - last % lose + 1;
}

static double
run(enum gw_congestion congestion, unsigned every, unsigned lose)
{
	static struct gw_recovery r;
	static struct gw_ack ack;
	const struct gw_recovery_options o = {
		.congestion = congestion,
		.datagram = DATAGRAM,
		.rtt = 1200,
		.no_ecn = true,
	};
	uint64_t next = 0, acked = 0;
	gw_usec now = 1000000;
	struct gw_fate fate;
	double since;

	if (gw_recovery_init(&r, &o, now) != GW_OK)
		abort();
	since = seconds();
	while (next < PACKETS) {
		now += TRAIN_USEC;
		send_train(&r, &next, now);
		while (next - acked > IN_FLIGHT) {
			acked += every;
			make_ack(&ack, acked, lose);
			if (!gw_recovery_acked(&r, &ack, now))
				abort();
			while (gw_recovery_fate(&r, &fate))
				;
		}
	}
	since = seconds() - since;
	gw_recovery_fini(&r);
	return since / PACKETS * 1e9;
}

int
main(void)
{
	static const unsigned every[] = { 2, 10, 16, 32, 64 };

	printf("ns a packet, ACK every    2     10     16     32     64\n");
	for (unsigned lose = 0; lose <= 100; lose += 100)
		for (unsigned c = 0; c < 3; c++) {
			const enum gw_congestion congestion = c;

			printf("%-8s %-9s", gw_congestion_name(congestion),
			    lose == 0 ? "no loss" : "1 % lost");
			for (unsigned i = 0; i < 5; i++)
				printf(
				    " %6.1f", run(congestion, every[i], lose));
			printf("\n");
		}
	return 0;
}
