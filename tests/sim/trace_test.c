/* What sessions tell of themselves while paths lose, reorder, change and grow:
 * every fact, in both directions, and the same whether it is told or not. */
#include <string.h>

#include "session/udp/udp_session_private.h"
#include "udp_bed.h"
#include "unit/test.h"

enum { MOST = 120, KINDS = GW_TRACE_CLOSED + 1 };

/* What was told of one side. */
struct told {
	unsigned kinds[KINDS];
	unsigned out, in, again, syns, keys_out, keys_in;
	uint64_t session, lost_bytes, largest;
	bool mixed; /* of more than one session */
	char last_state[20];
	struct gw_trace_metrics metrics;
};

static void
on_event(void *arg, uint64_t session, const struct gw_trace_event *e)
{
	struct told *t = arg;

	t->kinds[e->kind]++;
	t->mixed = t->mixed || (t->session != 0 && t->session != session);
	t->session = session;
	switch (e->kind) {
	case GW_TRACE_PACKET:
		t->out += e->packet.out;
		t->in += !e->packet.out;
		t->again += e->packet.again;
		if (e->packet.bytes > t->largest)
			t->largest = e->packet.bytes;
		break;
	case GW_TRACE_HELLO:
		t->syns += strcmp(e->hello.type, "SYN") == 0;
		break;
	case GW_TRACE_LOST:
		t->lost_bytes += e->lost.mtu_probe ? 0 : e->lost.length;
		break;
	case GW_TRACE_KEY:
		t->keys_out += e->key.out;
		t->keys_in += !e->key.out;
		break;
	case GW_TRACE_STATE:
		strcpy(t->last_state, e->state.is);
		break;
	case GW_TRACE_METRICS:
		t->metrics = e->metrics;
		break;
	default:
		break;
	}
}

static struct udp_bed_options
path(void)
{
	return (struct udp_bed_options){
		.link = { .delay = 20000, .rate = 20000000, .queue = 150000 },
		.traced = true,
	};
}

static void
begin(struct udp_bed *b, struct told t[2], const struct udp_bed_options *o,
    uint64_t bytes)
{
	memset(t, 0, 2 * sizeof *t);
	udp_bed_init(b, o);
	for (unsigned i = 0; i < 2; i++)
		b->trace[i] = (struct gw_trace){ on_event, &t[i], 0 };
	b->side[0].to_write[1] = bytes;
	b->side[0].finish = true;
	b->side[1].answers = true;
	udp_bed_dial(b, o);
}

static void
end(struct udp_bed *b)
{
	udp_bed_run(b, MOST * GW_SEC);
	udp_bed_check(b);
	udp_bed_fini(b);
}

static void
both_sides_tell_of_one_session(void **state)
{
	struct udp_bed_options o = path();
	struct told t[2];
	struct udp_bed b;

	(void)state;
	begin(&b, t, &o, 5000000);
	end(&b);
	assert_int_equal(t[0].session, t[1].session);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(t[i].mixed);
		assert_int_equal(t[i].kinds[GW_TRACE_STARTED], 1);
		assert_int_equal(t[i].kinds[GW_TRACE_OPENED], 1);
		assert_int_equal(t[i].kinds[GW_TRACE_CLOSED], 1);
		assert_int_equal(t[i].kinds[GW_TRACE_HELLO], 3);
		assert_int_equal(t[i].kinds[GW_TRACE_ILLEGAL], 0);
		assert_int_equal(t[i].syns, 1);
		assert_true(t[i].metrics.min_rtt >= 40000);
		assert_true(t[i].metrics.window > 0);
	}
	/* All that left arrived, on this path; probes too large do not. */
	assert_int_equal(t[0].in, t[1].out);
	assert_true(t[1].in <= t[0].out);
	assert_true(t[0].kinds[GW_TRACE_CONGESTION] > 0);
	/* A link that takes large datagrams: the path grew. */
	assert_true(t[0].kinds[GW_TRACE_MTU] > 0);
	assert_true(t[0].largest > GW_PACKET_MIN);
	assert_string_equal(t[1].last_state, "CLOSED");
}

static void
losses_and_repairs_are_told_one_by_one(void **state)
{
	struct udp_bed_options o = path();
	struct told t[2];
	struct udp_bed b;
	struct gw_udp_info info;

	(void)state;
	o.link.loss = 0.02;
	o.no_growth = true;
	begin(&b, t, &o, 3000000);
	udp_bed_linger(&b, GW_SEC);
	info = gw_udp_session_info(b.side[0].session);
	assert_int_equal(t[0].kinds[GW_TRACE_LOST], info.lost);
	assert_true(info.lost > 0);
	end(&b);
	assert_true(t[0].lost_bytes > 0);
	assert_true(t[0].again > 0);
}

static void
losses_that_were_none_are_told(void **state)
{
	struct udp_bed_options o = path();
	struct told t[2];
	struct udp_bed b;

	(void)state;
	o.no_growth = true;
	o.link.reorder = 0.3;
	o.link.reorder_by = 60000;
	o.seed = 3;
	begin(&b, t, &o, 3000000);
	end(&b);
	assert_true(t[0].kinds[GW_TRACE_FOUND] > 0);
	assert_true(t[0].kinds[GW_TRACE_FOUND] <= t[0].kinds[GW_TRACE_LOST]);
}

static void
silence_runs_timers_out(void **state)
{
	struct udp_bed_options o = path();
	struct net_link_options cut = o.link;
	struct told t[2];
	struct udp_bed b;

	(void)state;
	cut.loss = 1;
	begin(&b, t, &o, 3000000);
	udp_bed_linger(&b, GW_SEC / 2);
	net_change_link(b.net, b.forth, &cut, 0);
	udp_bed_linger(&b, 3 * GW_SEC);
	net_change_link(b.net, b.forth, &o.link, 0);
	end(&b);
	assert_true(t[0].kinds[GW_TRACE_TIMER] >= 2);
}

static void
keys_that_roll_are_told(void **state)
{
	struct udp_bed_options o = path();
	struct told t[2];
	struct udp_bed b;

	(void)state;
	o.roll = 1000;
	o.no_growth = true;
	begin(&b, t, &o, 3000000);
	end(&b);
	assert_true(t[0].keys_out >= 2);
	assert_int_equal(t[1].keys_in, t[0].keys_out);
}

static void
an_address_that_changes_is_told(void **state)
{
	const struct net_addr to = net_addr(9, 5000);
	struct udp_bed_options o = path();
	struct told t[2];
	struct udp_bed b;

	(void)state;
	begin(&b, t, &o, 3000000);
	net_change_address(b.net, b.node[0], &to, false, b.now + GW_SEC / 2);
	end(&b);
	/* It is probed, and proves itself. */
	assert_true(t[1].kinds[GW_TRACE_PATH] >= 2);
	assert_int_equal(t[0].kinds[GW_TRACE_PATH], 0);
}

/* A trace tells what happens, and makes nothing happen. */
static void
a_session_goes_the_same_way_untold(void **state)
{
	struct udp_bed_options o = path();
	struct gw_udp_info info[2];
	gw_usec now[2];
	struct told t[2];
	struct udp_bed b;

	(void)state;
	o.link.loss = 0.02;
	for (unsigned i = 0; i < 2; i++) {
		o.traced = i == 0;
		begin(&b, t, &o, 2000000);
		udp_bed_linger(&b, GW_SEC);
		info[i] = gw_udp_session_info(b.side[0].session);
		end(&b);
		now[i] = b.now;
	}
	assert_int_equal(info[0].sent, info[1].sent);
	assert_int_equal(info[0].received, info[1].received);
	assert_int_equal(info[0].lost, info[1].lost);
	assert_int_equal(info[0].cwnd, info[1].cwnd);
	assert_int_equal(now[0], now[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_tell_of_one_session),
		cmocka_unit_test(losses_and_repairs_are_told_one_by_one),
		cmocka_unit_test(losses_that_were_none_are_told),
		cmocka_unit_test(silence_runs_timers_out),
		cmocka_unit_test(keys_that_roll_are_told),
		cmocka_unit_test(an_address_that_changes_is_told),
		cmocka_unit_test(a_session_goes_the_same_way_untold),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
