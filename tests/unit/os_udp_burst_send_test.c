/* Bursts leave: merged, split, marked, from the right address. */
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>

#include "os/udp_burst.h"
#include "udp_sockets.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static struct gw_udp_bursts *bursts;
static uint8_t bytes[65507];

/* What the kernel says to trains, and to whatever comes. */
static struct {
	int train, any;
	unsigned any_times;
} fail;

int __real_sendmmsg(int fd, struct mmsghdr *, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *, unsigned n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *, int flags);
ssize_t __real_send(int fd, const void *, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *, size_t n, int flags);

static int
verdict(const struct msghdr *h)
{
	if (fail.any != 0 && fail.any_times > 0) {
		fail.any_times--;
		return fail.any;
	}
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	     c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)h, c))
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_SEGMENT)
			return fail.train;
	return 0;
}

int
__wrap_sendmmsg(int fd, struct mmsghdr *h, unsigned n, int flags)
{
	for (unsigned i = 0; i < n; i++)
		if ((errno = verdict(&h[i].msg_hdr)) != 0)
			return i == 0 ? -1 : __real_sendmmsg(fd, h, i, flags);
	return __real_sendmmsg(fd, h, n, flags);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *h, int flags)
{
	if ((errno = verdict(h)) != 0)
		return -1;
	return __real_sendmsg(fd, h, flags);
}

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	const struct msghdr h = { .msg_control = NULL };

	if ((errno = verdict(&h)) != 0)
		return -1;
	return __real_send(fd, p, n, flags);
}

struct pair {
	struct gw_udp from, to;
	struct gw_udp_back back;
};

static void
init(struct pair *p)
{
	struct gw_addr peer;

	memset(&fail, 0, sizeof fail);
	p->from = udp_open(NULL);
	p->to = udp_open("127.0.0.1");
	(void)gw_udp_burst_prepare(&p->to, 1 << 20, true);
	peer = udp_addr("127.0.0.1", p->to.port);
	gw_udp_back_set(&p->back, &p->from, &peer, NULL, 0);
}

static void
fini(struct pair *p)
{
	gw_udp_close(&p->from);
	gw_udp_close(&p->to);
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 3 + i / 256);
	return gw_udp_bursts_new(&bursts) == GW_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	gw_udp_bursts_free(bursts);
	return 0;
}

/* n bytes in datagrams of a size, in two pieces where there are enough. */
static struct gw_udp_sending
sending(const struct gw_udp_back *back, struct iovec v[2], uint32_t n,
    uint32_t segment)
{
	const uint32_t count = n == 0 ? 1 : (n + segment - 1) / segment;
	const uint32_t half = count / 2 * segment;

	v[0] = (struct iovec){ bytes, count > 1 ? half : n };
	v[1] = (struct iovec){ bytes + half, n - half };
	return (struct gw_udp_sending){
		.to = back,
		.pieces = v,
		.piece_count = count > 1 ? 2 : 1,
		.segment = segment,
		.count = count,
		.len = n,
	};
}

/* What arrives, joined again, is these bytes; returns how many bursts. */
static unsigned
arrives(struct pair *p, uint32_t n, uint32_t count)
{
	uint32_t len = 0, datagrams = 0;
	unsigned found = 0;

	while (datagrams < count) {
		const struct gw_udp_burst *b = gw_udp_bursts_at(bursts, 0);

		udp_wait(&p->to, POLLIN);
		if (gw_udp_bursts_recv(bursts, &p->to, 0, 1) == 0)
			continue;
		assert_memory_equal(b->bytes, bytes + len, b->len);
		len += b->len;
		datagrams += b->count;
		found++;
	}
	assert_int_equal(datagrams, count);
	assert_int_equal(len, n);
	return found;
}

static void
f21_pieces_of_one_size_leave_as_one_train(void **state)
{
	struct gw_udp_sending s;
	struct iovec v[2];
	struct pair p;

	(void)state;
	init(&p);
	s = sending(&p.back, v, 21 * 1000 + 10, 1000);
	gw_udp_sendings(&p.from, &s, 1);
	assert_int_equal(s.fates[GW_FATE_SENT].count, 22);
	assert_int_equal(s.fates[GW_FATE_SENT].bytes, 21010);
	if (!s.split) /* else the kernel has no GSO */
		assert_int_equal(arrives(&p, 21010, 22), 1);
	fini(&p);
}

static void
f21_what_the_kernel_refuses_whole_goes_one_by_one_and_says_so(void **state)
{
	static const int errors[] = { EIO, EINVAL, EMSGSIZE };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct gw_udp_sending s[3];
		struct iovec v[3][2];
		struct pair p;

		init(&p);
		fail.train = errors[i];
		s[0] = sending(&p.back, v[0], 500, 500);
		s[1] = sending(&p.back, v[1], 5 * 500 + 7, 500);
		s[2] = sending(&p.back, v[2], 300, 300);
		gw_udp_sendings(&p.from, s, 3);
		assert_true(s[1].split);
		assert_false(s[0].split || s[2].split);
		assert_int_equal(s[0].fates[GW_FATE_SENT].count, 1);
		assert_int_equal(s[1].fates[GW_FATE_SENT].count, 6);
		assert_int_equal(s[1].fates[GW_FATE_SENT].bytes, 2507);
		assert_int_equal(s[2].fates[GW_FATE_SENT].count, 1);
		/* Told to split, it does not try. */
		fail.train = EBADF;
		gw_udp_sendings(&p.from, &s[1], 1);
		assert_int_equal(s[1].fates[GW_FATE_SENT].count, 6);
		fini(&p);
	}
}

static void
f2_an_empty_datagram_leaves(void **state)
{
	struct gw_udp_sending s[2];
	struct iovec v[2][2];
	struct pair p;

	(void)state;
	init(&p);
	s[0] = sending(&p.back, v[0], 0, 0);
	s[1] = sending(&p.back, v[1], 10, 10);
	gw_udp_sendings(&p.from, s, 2);
	assert_int_equal(s[0].fates[GW_FATE_SENT].count, 1);
	assert_int_equal(s[1].fates[GW_FATE_SENT].count, 1);
	assert_int_equal(arrives(&p, 10, 2), 2);
	fini(&p);
}

static void
each_failure_has_its_fate_and_hurts_nobody_else(void **state)
{
	static const struct {
		int error;
		enum gw_udp_fate fate;
	} table[] = { { EAGAIN, GW_FATE_QUEUE }, { ENOBUFS, GW_FATE_QUEUE },
		{ EPERM, GW_FATE_FORBIDDEN }, { ENETUNREACH, GW_FATE_NO_ROUTE },
		{ EMSGSIZE, GW_FATE_TOO_BIG } };

	(void)state;
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct gw_udp_sending s[2];
		struct iovec v[2][2];
		struct pair p;

		init(&p);
		fail.any = table[i].error;
		/* The first call, and what is tried again for the first. */
		fail.any_times =
		    fail.any == EAGAIN || fail.any == ENOBUFS ? 2 : 3;
		s[0] = sending(&p.back, v[0], 10, 10);
		s[1] = sending(&p.back, v[1], 20, 20);
		gw_udp_sendings(&p.from, s, 2);
		assert_int_equal(s[0].fates[table[i].fate].count, 1);
		assert_int_equal(s[0].fates[table[i].fate].bytes, 10);
		assert_int_equal(s[0].fates[GW_FATE_SENT].count, 0);
		assert_int_equal(s[1].fates[GW_FATE_SENT].count, 1);
		fini(&p);
	}
}

static void
f17_an_error_of_an_earlier_one_costs_nothing(void **state)
{
	struct gw_udp_sending s;
	struct iovec v[2];
	struct pair p;

	(void)state;
	init(&p);
	fail.any = ECONNREFUSED;
	fail.any_times = 1;
	s = sending(&p.back, v, 10, 10);
	gw_udp_sendings(&p.from, &s, 1);
	assert_int_equal(s.fates[GW_FATE_SENT].count, 1);
	assert_int_equal(arrives(&p, 10, 1), 1);
	fini(&p);
}

static void
f3_what_no_way_takes_is_too_big(void **state)
{
	static uint8_t large[65600];
	struct iovec v = { large, sizeof large };
	struct gw_udp_sending s;
	struct pair p;

	(void)state;
	init(&p);
	s = (struct gw_udp_sending){ .to = &p.back,
		.pieces = &v,
		.piece_count = 1,
		.segment = sizeof large,
		.count = 1,
		.len = sizeof large };
	gw_udp_sendings(&p.from, &s, 1);
	assert_int_equal(s.fates[GW_FATE_TOO_BIG].count, 1);
	fini(&p);
}

static void
f3_marks_go_along(void **state)
{
	struct gw_udp_sending s;
	struct iovec v[2];
	struct pair p;

	(void)state;
	init(&p);
	s = sending(&p.back, v, 10, 10);
	s.tos = 0xba;
	gw_udp_sendings(&p.from, &s, 1);
	assert_int_equal(arrives(&p, 10, 1), 1);
	assert_int_equal(gw_udp_bursts_at(bursts, 0)->tos, 0xba);
	fini(&p);
}

static void
f12_it_leaves_from_the_address_that_was_asked_for(void **state)
{
	struct gw_addr peer, from;
	struct gw_udp_sending s;
	struct iovec v[2];
	struct pair p;
	uint8_t ip[16];

	(void)state;
	init(&p);
	peer = udp_addr("127.0.0.1", p.to.port);
	from = udp_addr("127.3.2.1", 0);
	gw_udp_back_set(&p.back, &p.from, &peer, &from, 0);
	s = sending(&p.back, v, 10, 10);
	gw_udp_sendings(&p.from, &s, 1);
	assert_int_equal(arrives(&p, 10, 1), 1);
	gw_addr_mapped(&from, ip);
	assert_memory_equal(gw_udp_bursts_at(bursts, 0)->peer, ip, 16);
	assert_int_equal(gw_udp_bursts_at(bursts, 0)->peer_port, p.from.port);
	fini(&p);
}

static void
f13_ipv6_leaves_from_its_address_too(void **state)
{
	struct gw_addr peer, from;
	struct gw_udp_sending s;
	struct iovec v[2];
	struct pair p;

	(void)state;
	if (!udp_has_ipv6())
		skip();
	init(&p);
	gw_udp_close(&p.to);
	p.to = udp_open("::1");
	peer = udp_addr("::1", p.to.port);
	from = udp_addr("::1", 0);
	gw_udp_back_set(&p.back, &p.from, &peer, &from, 0);
	s = sending(&p.back, v, 10, 10);
	s.tos = 0xb8;
	gw_udp_sendings(&p.from, &s, 1);
	assert_int_equal(s.fates[GW_FATE_SENT].count, 1);
	assert_int_equal(arrives(&p, 10, 1), 1);
	fini(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f21_pieces_of_one_size_leave_as_one_train),
		cmocka_unit_test(
		    f21_what_the_kernel_refuses_whole_goes_one_by_one_and_says_so),
		cmocka_unit_test(f2_an_empty_datagram_leaves),
		cmocka_unit_test(
		    each_failure_has_its_fate_and_hurts_nobody_else),
		cmocka_unit_test(f17_an_error_of_an_earlier_one_costs_nothing),
		cmocka_unit_test(f3_what_no_way_takes_is_too_big),
		cmocka_unit_test(f3_marks_go_along),
		cmocka_unit_test(
		    f12_it_leaves_from_the_address_that_was_asked_for),
		cmocka_unit_test(f13_ipv6_leaves_from_its_address_too),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
