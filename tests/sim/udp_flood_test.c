/* A listener that everybody wants something of: floods of SYN, forged and
 * not, while the right peer is to start. */
#include <string.h>

#include "session/udp/udp_session_private.h"
#include "udp_wire.h"
#include "unit/test.h"

enum {
	ADDRESSES = 4000,
	FIRST = 70000, /* 10.1.17.112 and on */
	SECONDS = 6,
	COUNT_MOST = GW_PENDING_MAX + 2
};

static const struct udp_bed_options quiet = {
	.link = { .delay = 20000 },
	.no_growth = true,
};

struct flood {
	struct udp_bed b;
	uint8_t syn[GW_PACKET_MIN]; /* a good one */
	struct stranger {
		uint32_t in, out; /* bytes, as the listener sees it */
		bool owes;        /* a SYN with this cookie */
		uint8_t cookie[GW_COOKIE_MAX];
		size_t cookie_len;
	} v[ADDRESSES];
	bool answers;  /* whoever gets a cookie uses it */
	unsigned more; /* SYN a millisecond, beside one */
	unsigned cookies, syn_acks;
	size_t sessions_most;
};

static unsigned
which(const struct net_addr *a)
{
	const unsigned host =
	    (unsigned)a->ip[13] << 16 | (unsigned)a->ip[14] << 8 | a->ip[15];

	return host - FIRST;
}

static void
keep_cookie(struct stranger *s, const struct net_datagram *d)
{
	struct gw_hello_packet p;

	assert_true(gw_hello_packet_decode(gw_slice(d->bytes, d->len), &p));
	memcpy(s->cookie, p.cookie.p, p.cookie.n);
	s->cookie_len = p.cookie.n;
	s->owes = true;
}

static void
saw(void *arg, enum net_fate fate, unsigned node, const struct net_datagram *d,
    gw_usec now)
{
	struct flood *f = arg;
	unsigned i;

	(void)now;
	if (fate == NET_DELIVERED && node == 1) {
		i = which(&d->from);
		if (i < ADDRESSES)
			f->v[i].in += (uint32_t)d->len;
	}
	if (fate != NET_SENT || node != 1)
		return;
	i = which(&d->to);
	if (i >= ADDRESSES)
		return;
	f->v[i].out += (uint32_t)d->len;
	/* ddos_amplification */
	assert_true(f->v[i].out <= f->v[i].in);
	f->cookies += udp_wire_type(d) == GW_HELLO_COOKIE;
	f->syn_acks += udp_wire_type(d) == GW_HELLO_SYN_ACK;
	if (f->answers && udp_wire_type(d) == GW_HELLO_COOKIE)
		keep_cookie(&f->v[i], d);
}

/* A SYN as anybody may send it. */
static void
take_a_syn(struct flood *f)
{
	static struct udp_wire w;
	struct udp_bed b;

	udp_bed_init(&b, &quiet);
	udp_wire_watch(&w, &b);
	udp_bed_dial(&b, &quiet);
	udp_bed_linger(&b, 1000);
	memcpy(f->syn, w.v[0].b, sizeof(f->syn));
	udp_bed_fini(&b);
}

static void
begin(struct flood *f)
{
	const struct net_watch watch = { saw, f };

	memset(f, 0, sizeof(*f));
	take_a_syn(f);
	udp_bed_init(&f->b, &quiet);
	net_watch(f->b.net, &watch);
}

static void
send_syn_as(struct flood *f, unsigned i, uint64_t id)
{
	const struct net_addr from = net_addr(FIRST + i, (uint16_t)(1024 + i));
	struct gw_hello_packet p;
	uint8_t syn[GW_PACKET_MIN];

	assert_true(
	    gw_hello_packet_decode(gw_slice(f->syn, sizeof(f->syn)), &p));
	p.scid = id;
	p.cookie = gw_slice(f->v[i].cookie, f->v[i].cookie_len);
	assert_int_equal(gw_hello_packet_encode(&p, syn), sizeof(syn));
	udp_wire_inject(&f->b, 1, &from, syn, sizeof(syn));
}

/* Its id is its own; so a SYN is one of `i`, whatever address it comes from. */
static void
send_syn(struct flood *f, unsigned i)
{
	send_syn_as(f, i, 1000 + i);
}

static void
pour(struct flood *f, unsigned ms, unsigned *next)
{
	for (unsigned t = 0; t < ms; t++) {
		/* Each with a cookie lives for 64 ms then: the way there and
		 * back takes 40. */
		for (unsigned i = 0; i < 1 + f->more; i++)
			send_syn(f, (*next)++ % ADDRESSES);
		for (unsigned i = 0; f->answers && i < ADDRESSES; i++) {
			if (f->v[i].owes)
				send_syn(f, i);
			f->v[i].owes = false;
		}
		udp_bed_linger(&f->b, 1000);
		if (gw_udp_endpoint_count(f->b.side[1].endpoint) >
		    f->sessions_most)
			f->sessions_most =
			    gw_udp_endpoint_count(f->b.side[1].endpoint);
	}
}

static bool
is_open(struct udp_bed *b)
{
	return b->side[0].opened && b->side[1].opened;
}

static void
the_right_peer_starts(struct flood *f)
{
	unsigned next = 0, ms = 0;

	pour(f, 1000, &next);
	udp_bed_dial(&f->b, &quiet);
	for (; !is_open(&f->b) && ms < 2000; ms += 10)
		pour(f, 10, &next);
	assert_true(is_open(&f->b));
	pour(f, SECONDS * 1000, &next);
	assert_true(f->sessions_most <= COUNT_MOST);
	assert_int_equal(gw_door_guesses_left(f->b.door), GW_GUESSES);
	f->b.side[0].to_write[1] = 100000;
	f->b.side[0].finish = true;
	f->b.side[1].answers = true;
	udp_bed_run(&f->b, 10 * GW_SEC);
	udp_bed_check(&f->b);
	udp_bed_linger(&f->b, 10 * GW_SEC);
	assert_int_equal(gw_udp_endpoint_count(f->b.side[1].endpoint), 0);
	assert_int_equal(gw_door_pending(f->b.door), 0);
}

/* picoquic cnx_ddos, ddos_amplification: nobody gets a cookie back. */
static void
ddos_amplification(void **state)
{
	static struct flood f;

	(void)state;
	begin(&f);
	the_right_peer_starts(&f);
	assert_true(f.cookies > 1000);
	/* Sixteen at a time, and each is asked for by one SYN. */
	assert_true(f.syn_acks > 0);
	assert_true(f.b.side[1].sessions < 16 * (SECONDS + 4));
	udp_bed_fini(&f.b);
}

/* The same from real addresses, whose handshakes go no further. */
static void
cnx_ddos(void **state)
{
	static struct flood f;

	(void)state;
	begin(&f);
	f.answers = true;
	the_right_peer_starts(&f);
	assert_true(f.b.side[1].sessions > GW_PENDING_MAX);
	assert_true(f.sessions_most >= GW_PENDING_MAX);
	udp_bed_fini(&f.b);
}

/* Far more of them than there are places, within one round trip: whoever is
 * pushed out is told so and tries again, and does not always lose. */
static void
more_than_the_places_in_a_round_trip(void **state)
{
	unsigned next = 0, ms = 0, dials = 1, slow = 0;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		static struct flood f;

		begin(&f);
		f.answers = true;
		f.more = 3;
		pour(&f, 200 + i, &next);
		udp_bed_dial(&f.b, &quiet);
		for (ms = 0; !is_open(&f.b) && ms < 4000; ms++) {
			pour(&f, 1, &next);
			if (f.b.side[0].closed) {
				assert_int_equal(
				    f.b.side[0].closed_event.closed.err,
				    GW_E_CONNECT);
				udp_bed_dial(&f.b, &quiet);
				dials++;
			}
		}
		slow += ms > 2000;
		assert_true(is_open(&f.b));
		udp_bed_fini(&f.b);
	}
	print_message("%u dials for 10, %u took more than 2 s\n", dials, slow);
	assert_true(slow <= 3);
}

/* A SYN of another version is looked at no further than its header, and is as
 * long as any: else a cookie would be more than what asked for it. */
static void
a_short_syn_of_another_version_gets_nothing(void **state)
{
	static struct flood f;
	const struct gw_hello hello = { .version = 2, .type = GW_HELLO_SYN };
	const struct net_addr from = net_addr(FIRST + 3000, 1024);
	uint8_t syn[25] = { 0 };
	unsigned next = 0;

	(void)state;
	begin(&f);
	gw_hello_encode(&hello, syn + 8);
	syn[23] = 1; /* scid */
	for (unsigned i = 0; i < 2; i++) {
		udp_wire_inject(&f.b, 1, &from, syn, sizeof(syn));
		pour(&f, 100, &next);
	}
	assert_true(f.cookies > 0);
	assert_int_equal(f.v[3000].in, 2 * sizeof(syn));
	assert_int_equal(f.v[3000].out, 0);
	udp_bed_fini(&f.b);
}

/* What sessions share is not for those who have proved nothing. */
static void
a_flood_takes_no_memory_from_who_is_in(void **state)
{
	static struct flood f;
	struct gw_udp_session *s;
	unsigned next = 0;

	(void)state;
	begin(&f);
	udp_bed_dial(&f.b, &quiet);
	assert_true(udp_bed_until(&f.b, is_open, GW_SEC));
	s = gw_udp_session_of(f.b.side[1].session);
	for (unsigned i = 0; i < 2; i++) {
		f.answers = i == 1;
		pour(&f, 200, &next);
		assert_int_equal(s->sharers, 1);
		assert_int_equal(s->link->streams.memory, s->o.memory);
	}
	assert_true(f.sessions_most >= GW_PENDING_MAX);
	udp_bed_fini(&f.b);
}

/* Whoever is refused leaves the door at once, and is remembered for a while:
 * anybody can come to that, as often as they like. */
static void
those_who_are_refused_are_bounded(void **state)
{
	(void)state;
	for (unsigned answers = 0; answers < 2; answers++) {
		static struct flood f;
		unsigned next = 0;

		begin(&f);
		f.answers = answers == 1;
		f.more = 3;
		assert_int_equal(gw_door_set_code(f.b.door, NULL), GW_OK);
		pour(&f, 1000, &next);
		assert_true(f.b.side[1].sessions >= 16);
		assert_true(
		    f.sessions_most <= (answers == 1 ? COUNT_MOST : 16));
		udp_bed_linger(&f.b, 10 * GW_SEC);
		assert_int_equal(
		    gw_udp_endpoint_count(f.b.side[1].endpoint), 0);
		udp_bed_fini(&f.b);
	}
}

/* Anybody can choose the id of anybody else. */
static void
those_who_choose_the_same_id_are_told_apart(void **state)
{
	enum { N = 12 };
	static struct flood f;

	(void)state;
	begin(&f);
	for (unsigned again = 0; again < 3; again++) {
		/* In each second the next one begins; none begins twice. */
		for (unsigned i = 0; i < (again + 1) * N / 3; i++)
			send_syn_as(&f, i, 77);
		udp_bed_linger(&f.b, GW_SEC);
		assert_int_equal(f.b.side[1].sessions, (again + 1) * N / 3);
		assert_int_equal(gw_udp_endpoint_count(f.b.side[1].endpoint),
		    (again + 1) * N / 3);
	}
	/* They go one by one, and come back. */
	udp_bed_linger(&f.b, 2500000);
	assert_in_range(gw_udp_endpoint_count(f.b.side[1].endpoint), 1, N - 1);
	for (unsigned i = 0; i < N; i++)
		send_syn_as(&f, i, 77);
	udp_bed_linger(&f.b, 100000);
	assert_int_equal(gw_udp_endpoint_count(f.b.side[1].endpoint), N);
	udp_bed_linger(&f.b, 30 * GW_SEC);
	assert_int_equal(gw_udp_endpoint_count(f.b.side[1].endpoint), 0);
	udp_bed_fini(&f.b);
}

/* A cookie is of its address and its id, and of no other. */
static void
a_cookie_of_somebody_else_does_not_do(void **state)
{
	static struct flood f;
	struct gw_udp_endpoint_stats stats;
	unsigned next = 0, had;

	(void)state;
	begin(&f);
	pour(&f, 40, &next);
	f.answers = true;
	pour(&f, 100, &next);
	f.answers = false;
	udp_bed_linger(&f.b, 100000);
	had = f.b.side[1].sessions;
	assert_true(f.v[100].cookie_len > 0);
	memcpy(f.v[300].cookie, f.v[100].cookie, f.v[100].cookie_len);
	f.v[300].cookie_len = f.v[100].cookie_len;
	send_syn(&f, 300);
	udp_bed_linger(&f.b, 100000);
	stats = gw_udp_endpoint_stats(f.b.side[1].endpoint);
	assert_int_equal(stats.bad_cookies, 1);
	assert_int_equal(f.b.side[1].sessions, had);
	udp_bed_fini(&f.b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ddos_amplification),
		cmocka_unit_test(cnx_ddos),
		cmocka_unit_test(more_than_the_places_in_a_round_trip),
		cmocka_unit_test(a_short_syn_of_another_version_gets_nothing),
		cmocka_unit_test(a_flood_takes_no_memory_from_who_is_in),
		cmocka_unit_test(those_who_are_refused_are_bounded),
		cmocka_unit_test(those_who_choose_the_same_id_are_told_apart),
		cmocka_unit_test(a_cookie_of_somebody_else_does_not_do),
	};

	return cmocka_run_group_tests_name("udp_flood", tests, NULL, NULL);
}
