/*
 * Stories that every reader of RFC 9293 knows, as our transport tells them:
 * tests/sim/golden has them as text.  GODWIT_GOLDEN=1 writes them anew; read
 * the difference before you commit it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "udp_bed.h"
#include "unit/test.h"

static const struct udp_bed_options quiet = {
	.link = { .delay = 50000, .rate = 10000000 },
	.traced = true,
	.no_growth = true,
};

static void
path_of(const char *name, char *out, size_t size)
{
	snprintf(out, size, "%s/%s.txt", TEST_GOLDEN, name);
}

static void
compare(const struct udp_bed *b, const char *name)
{
	char path[300], *text;
	FILE *f;
	size_t n;

	path_of(name, path, sizeof(path));
	if (getenv("GODWIT_GOLDEN") != NULL) {
		f = fopen(path, "w");
		assert_non_null(f);
		assert_int_equal(fwrite(b->log, 1, b->log_len, f), b->log_len);
		assert_int_equal(fclose(f), 0);
	}
	f = fopen(path, "r");
	assert_non_null(f);
	text = calloc(1, UDP_BED_LOG);
	assert_non_null(text);
	n = fread(text, 1, UDP_BED_LOG - 1, f);
	fclose(f);
	if (n != b->log_len || memcmp(text, b->log, n) != 0)
		fail_msg("%s: it went otherwise:\n%s", path, b->log);
	free(text);
}

static void
story(struct udp_bed *b, const struct udp_bed_options *o)
{
	udp_bed_init(b, o);
	udp_bed_dial(b, o);
}

/* Nothing but the three-way handshake and the four-way close. */
static void
opening_and_closing(void **state)
{
	struct udp_bed b;

	(void)state;
	story(&b, &quiet);
	b.side[0].finish = true;
	b.side[1].answers = true;
	udp_bed_run(&b, 10 * GW_SEC);
	udp_bed_check(&b);
	udp_bed_linger(&b, 3 * GW_SEC);
	compare(&b, "open_and_close");
	udp_bed_fini(&b);
}

static bool
drop_third_of_data(void *arg, const struct net_datagram *d, gw_usec now)
{
	unsigned *seen = arg;

	(void)now;
	return (d->bytes[8] & 0x80) != 0 && d->len == 1200 && ++*seen == 3;
}

/* Six packets of data, and the third of them is lost. */
static void
a_lost_segment_is_repaired(void **state)
{
	struct udp_bed_options o = quiet;
	unsigned seen = 0;
	struct udp_bed b;

	(void)state;
	o.link.drop = drop_third_of_data;
	o.link.drop_arg = &seen;
	story(&b, &o);
	b.side[0].to_write[1] = 6 * 1152;
	b.side[0].finish = true;
	b.side[1].answers = true;
	udp_bed_run(&b, 10 * GW_SEC);
	udp_bed_check(&b);
	compare(&b, "lost_segment");
	udp_bed_fini(&b);
}

static bool
stands_still(struct udp_bed *b)
{
	return b->now >= 1000000000 + 2 * GW_SEC;
}

/* Its reader takes nothing for two seconds: the window closes, and opens. */
static void
a_window_closes_and_opens(void **state)
{
	struct udp_bed_options o = quiet;
	struct udp_bed b;

	(void)state;
	o.window = GW_STREAM_WINDOW;
	o.summary = true;
	story(&b, &o);
	b.side[0].to_write[1] = GW_STREAM_WINDOW + 4608;
	b.side[0].finish = true;
	b.side[1].answers = true;
	b.side[1].no_credit = true;
	udp_bed_until(&b, stands_still, 2 * GW_SEC);
	assert_int_equal(b.side[1].got[1], GW_STREAM_WINDOW);
	b.side[1].no_credit = false;
	udp_bed_run(&b, 10 * GW_SEC);
	udp_bed_check(&b);
	compare(&b, "window");
	udp_bed_fini(&b);
}

static bool
drop_last_ack(void *arg, const struct net_datagram *d, gw_usec now)
{
	struct udp_bed *b = arg;

	(void)now;
	(void)d;
	return b->side[0].closed && b->drops++ == 0;
}

/* The last ACK is lost: TIME_WAIT is there to say it again. */
static void
time_wait_answers(void **state)
{
	struct udp_bed_options o = quiet;
	struct udp_bed b;

	(void)state;
	o.link.drop = drop_last_ack;
	o.link.drop_arg = &b;
	story(&b, &o);
	b.side[0].finish = true;
	b.side[1].answers = true;
	udp_bed_run(&b, 10 * GW_SEC);
	udp_bed_check(&b);
	assert_true(b.drops > 0);
	udp_bed_linger(&b, 5 * GW_SEC);
	compare(&b, "time_wait");
	udp_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opening_and_closing),
		cmocka_unit_test(a_lost_segment_is_repaired),
		cmocka_unit_test(a_window_closes_and_opens),
		cmocka_unit_test(time_wait_answers),
	};

	return cmocka_run_group_tests_name("udp_golden", tests, NULL, NULL);
}
