/* What docs/model taught of the end: FIN with an ACK, two PTOs of it without
 * back-off, and no RST in TIME_WAIT. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "udp_story.h"
#include "unit/test.h"

enum { FINS_MOST = 64 };

/* Takes away what a side sends from some moment on. */
struct thief {
	const bool *from_then; /* NULL: at once */
	unsigned skip, count;
};

static bool
steal(void *arg, const struct net_datagram *d, gw_usec now)
{
	struct thief *t = arg;

	(void)d;
	(void)now;
	if (t->from_then != NULL && !*t->from_then)
		return false;
	if (t->skip > 0) {
		t->skip--;
		return false;
	}
	if (t->count == 0)
		return false;
	t->count--;
	return true;
}

static bool
are_open(struct udp_bed *b)
{
	return b->side[0].opened && b->side[1].opened;
}

static void
open_it(struct udp_bed *b)
{
	udp_bed_init(b, &udp_story_quiet);
	udp_bed_dial(b, &udp_story_quiet);
	assert_true(udp_bed_until(b, are_open, GW_SEC));
}

static void
set_thief(struct udp_bed *b, struct thief *thief, unsigned from)
{
	struct net_link_options o = udp_story_quiet.link;

	o.drop = steal;
	o.drop_arg = thief;
	net_change_link(b->net, from == 0 ? b->forth : b->back, &o, 0);
}

/* FINs that a side sent, as it traced them: when, and with an ACK? */
struct fins {
	double at[FINS_MOST]; /* ms */
	bool acks[FINS_MOST];
	unsigned n;
};

static void
find_fins(const struct udp_bed *b, unsigned side, struct fins *out)
{
	const char *who = side == 0 ? " ms] dialer   > " : " ms] listener > ";
	const char *at = b->log, *end;
	char line[512], *rest;
	double ms;

	memset(out, 0, sizeof(*out));
	for (; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		assert_non_null(end);
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		assert_true(line[0] == '[');
		ms = strtod(line + 1, &rest);
		if (strncmp(rest, who, strlen(who)) != 0 ||
		    strstr(line, "FIN at") == NULL)
			continue;
		assert_true(out->n < FINS_MOST);
		out->acks[out->n] = strstr(line, "ACK ") != NULL;
		out->at[out->n++] = ms;
	}
}

/* Whatever of the end is lost on the way back. */
static void
every_fin_says_what_has_come(void **state)
{
	(void)state;
	for (unsigned skip = 0; skip < 4; skip++) {
		for (unsigned count = 0; count < 4; count++) {
			struct thief thief = { NULL, skip, count };
			struct udp_bed b;
			struct fins f;

			open_it(&b);
			b.side[0].to_write[1] = 5000;
			b.side[1].to_write[0] = 5000;
			udp_bed_linger(&b, GW_SEC);
			set_thief(&b, &thief, 1);
			b.side[0].finish = true;
			b.side[1].answers = true;
			udp_bed_linger(&b, 20 * GW_SEC);
			udp_bed_check(&b);
			for (unsigned side = 0; side < 2; side++) {
				find_fins(&b, side, &f);
				assert_true(f.n > 0);
				for (unsigned i = 0; i < f.n; i++)
					assert_true(f.acks[i]);
			}
			udp_bed_fini(&b);
		}
	}
}

static void
two_ptos_of_a_fin_come_without_back_off(void **state)
{
	struct udp_bed b;
	struct thief thief = { &b.side[0].finished, 0, 1000 };
	double gap[4];
	unsigned gaps = 0;
	struct fins f;

	(void)state;
	open_it(&b);
	udp_bed_linger(&b, GW_SEC);
	set_thief(&b, &thief, 0);
	b.side[0].finish = true;
	udp_bed_linger(&b, 10 * GW_SEC);
	find_fins(&b, 0, &f);
	/* Two probes go out at once. */
	for (unsigned i = 0; i + 1 < f.n && gaps < 4; i++)
		if (f.at[i + 1] - f.at[i] > 10)
			gap[gaps++] = f.at[i + 1] - f.at[i];
	assert_int_equal(gaps, 4);
	assert_true(gap[1] < gap[0] * 1.1 && gap[1] > gap[0] * 0.9);
	assert_true(gap[2] < gap[0] * 2.2 && gap[2] > gap[0] * 1.8);
	assert_true(gap[3] < gap[0] * 4.4 && gap[3] > gap[0] * 3.6);
	udp_bed_fini(&b);
}

/* And three FINs go out before it leaves LAST_ACK. */
static void
three_fins_fit_into_last_ack(void **state)
{
	struct udp_bed b;
	struct thief thief = { &b.side[1].finished, 0, 1000 };
	unsigned times = 0;
	struct fins f;

	(void)state;
	open_it(&b);
	b.side[0].finish = true;
	udp_bed_linger(&b, GW_SEC);
	set_thief(&b, &thief, 1);
	b.side[1].finish = true;
	udp_bed_linger(&b, 10 * GW_SEC);
	assert_true(b.side[1].closed);
	assert_int_equal(b.side[1].closed_event.closed.err, GW_OK);
	find_fins(&b, 1, &f);
	for (unsigned i = 0; i < f.n; i++)
		times += i == 0 || f.at[i] - f.at[i - 1] > 10;
	assert_int_equal(times, 3);
	udp_bed_fini(&b);
}

static void
a_reset_in_time_wait_is_ignored(void **state)
{
	struct udp_story t;
	const gw_usec *at = t.side[0].at;

	(void)state;
	udp_story_begin(&t, &udp_story_quiet);
	udp_story_open(&t);
	t.b.side[0].finish = true;
	t.b.side[1].answers = true;
	udp_story_await(&t, 0, GW_UDP_TIME_WAIT);
	assert_int_equal(udp_story_state(&t, 1), GW_UDP_LAST_ACK);
	gw_session_abort(
	    t.b.side[1].session, GW_E_DISK, "the disk is full", t.b.now);
	udp_bed_linger(&t.b, 10 * GW_SEC);
	udp_story_assert(&t, 0, UDP_STORY_ACTIVE("SYN_SENT"));
	udp_story_assert_err(&t, 0, GW_OK);
	assert_true(
	    at[GW_UDP_CLOSED] - at[GW_UDP_TIME_WAIT] >= 2 * 500 * GW_MSEC);
	udp_bed_fini(&t.b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fin_says_what_has_come),
		cmocka_unit_test(two_ptos_of_a_fin_come_without_back_off),
		cmocka_unit_test(three_fins_fit_into_last_ack),
		cmocka_unit_test(a_reset_in_time_wait_is_ignored),
	};

	return cmocka_run_group_tests_name("udp_endings", tests, NULL, NULL);
}
