/* What sending does where the kernel refuses: sendmsg fails on demand. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "os/udp_batch.h"
#include "test.h"
#include "udp_ends.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* Which calls fail, and with what. */
static struct {
	int trains;     /* with UDP_SEGMENT */
	int singles;    /* without */
	int marked;     /* with a mark */
	size_t larger;  /* EMSGSIZE for segments above this; 0: none */
	unsigned after; /* singles fail only after so many */
	unsigned times; /* and so often; 0: always */
	unsigned calls, calls_train;
} fail;

ssize_t __real_sendmsg(int fd, const struct msghdr *, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *, int flags);

static int
verdict(const struct msghdr *h)
{
	size_t segment = h->msg_iov[0].iov_len;
	bool train = false, marked = false;
	uint16_t value;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL;
	     c = CMSG_NXTHDR((struct msghdr *)(uintptr_t)h, c)) {
		if (c->cmsg_level == IPPROTO_UDP &&
		    c->cmsg_type == UDP_SEGMENT) {
			train = true;
			memcpy(&value, CMSG_DATA(c), sizeof value);
			segment = value;
		}
		marked |=
		    (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
			c->cmsg_type == IPV6_TCLASS);
	}
	fail.calls++;
	fail.calls_train += train;
	if (train && fail.trains != 0)
		return fail.trains;
	if (fail.larger > 0 && segment > fail.larger)
		return EMSGSIZE;
	if (train)
		return 0;
	if (marked && fail.marked != 0)
		return fail.marked;
	return fail.calls - fail.calls_train > fail.after ? fail.singles : 0;
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *h, int flags)
{
	const int error = verdict(h);

	if (error == 0)
		return __real_sendmsg(fd, h, flags);
	if (fail.times > 0 && --fail.times == 0)
		fail.trains = fail.singles = fail.marked = 0;
	errno = error;
	return -1;
}

static void
start(struct udp_ends *e)
{
	memset(&fail, 0, sizeof fail);
	ends_init(e, ENDS_V4, NULL, NULL);
}

static struct gw_udp_offer
has(const struct udp_ends *e)
{
	struct gw_udp_batch_facts facts;

	gw_udp_batch_facts(e->a.batch, &facts);
	return facts.has;
}

static enum gw_train_result
send_marked(struct udp_ends *e, size_t len, size_t segment, size_t *sent)
{
	const struct gw_udp_train t = {
		.to = &e->b.addr,
		.bytes = ends_bytes(len),
		.len = len,
		.segment = segment,
		.ecn = 2,
	};

	return gw_udp_batch_send(e->a.batch, &t, sent, NULL);
}

/* ---- the kernel takes no trains ---- */

static void
a_refused_train_goes_segment_by_segment_and_so_do_all_after_it(void **state)
{
	static const int errors[] = { EIO, EINVAL };
	struct udp_ends e;
	size_t sent;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		start(&e);
		if (!has(&e).gso) {
			ends_fini(&e);
			skip();
		}
		fail.trains = errors[i];
		assert_int_equal(
		    ends_send(&e, 40 * 1448 + 9, 1448, &sent), GW_TRAIN_SENT);
		assert_int_equal(sent, 40 * 1448 + 9);
		ends_check_train(&e, 40 * 1448 + 9, 1448);
		assert_int_equal(fail.calls, 42);
		assert_false(has(&e).gso);
		assert_int_equal(
		    ends_send(&e, 5000, 1000, &sent), GW_TRAIN_SENT);
		ends_check_train(&e, 5000, 1000);
		assert_int_equal(fail.calls_train, 1);
		assert_int_equal(fail.calls, 47);
		ends_fini(&e);
	}
}

/* A kernel that makes no checksums cannot cut a train into datagrams. */
static void
a_train_that_this_very_kernel_refuses_arrives_all_the_same(void **state)
{
	const int one = 1;
	struct udp_ends e;
	size_t sent;

	(void)state;
	start(&e);
	setsockopt(e.a.fd, SOL_SOCKET, SO_NO_CHECK, &one, sizeof one);
	assert_int_equal(ends_send(&e, 5000, 1000, &sent), GW_TRAIN_SENT);
	ends_check_train(&e, 5000, 1000);
	assert_false(has(&e).gso);
	ends_fini(&e);
}

static void
a_path_that_takes_less_is_no_fault_of_trains(void **state)
{
	struct udp_ends e;
	bool gso;
	size_t sent = 7;

	(void)state;
	start(&e);
	gso = has(&e).gso;
	fail.larger = 1448;
	assert_int_equal(ends_send(&e, 9000, 1449, &sent), GW_TRAIN_TOO_BIG);
	assert_int_equal(sent, 0);
	assert_int_equal(fail.calls, 2);
	/* Older kernels say it so, of a train. */
	fail.trains = EINVAL;
	assert_int_equal(ends_send(&e, 9000, 1449, &sent), GW_TRAIN_TOO_BIG);
	assert_int_equal(sent, 0);
	fail.trains = 0;
	assert_int_equal(ends_send(&e, 1449, 1449, &sent), GW_TRAIN_TOO_BIG);
	assert_int_equal(ends_send(&e, 9000, 1448, &sent), GW_TRAIN_SENT);
	ends_check_train(&e, 9000, 1448);
	assert_int_equal(has(&e).gso, gso);
	ends_fini(&e);
}

static void
what_is_wrong_in_itself_turns_nothing_off(void **state)
{
	struct gw_udp_offer before;
	struct gw_addr foreign;
	struct gw_why why;
	struct udp_ends e;
	size_t sent = 7;

	(void)state;
	start(&e);
	before = has(&e);
	assert_int_equal(gw_addr_parse(&foreign, "192.0.2.1", 0, NULL), GW_OK);
	const struct gw_udp_train t = {
		.to = &e.b.addr,
		.from = &foreign,
		.bytes = ends_bytes(3000),
		.len = 3000,
		.segment = 1000,
		.ecn = 2,
	};
	assert_int_equal(
	    gw_udp_batch_send(e.a.batch, &t, &sent, &why), GW_TRAIN_LOST);
	assert_int_equal(sent, 0);
	assert_non_null(strstr(why.text, "127.0.0.1"));
	/* As other kernels say it. */
	fail.trains = fail.singles = fail.marked = EINVAL;
	assert_int_equal(
	    gw_udp_batch_send(e.a.batch, &t, &sent, &why), GW_TRAIN_LOST);
	fail.trains = fail.singles = fail.marked = 0;
	assert_int_equal(has(&e).gso, before.gso);
	assert_int_equal(has(&e).ecn, before.ecn);
	assert_int_equal(ends_send(&e, 3000, 1000, &sent), GW_TRAIN_SENT);
	ends_check_train(&e, 3000, 1000);
	ends_fini(&e);
}

static void
where_marks_are_refused_it_goes_without(void **state)
{
	struct gw_udp_arrival a;
	struct udp_ends e;
	size_t sent;

	(void)state;
	start(&e);
	fail.marked = EINVAL;
	fail.trains = EINVAL;
	assert_int_equal(send_marked(&e, 3000, 1000, &sent), GW_TRAIN_SENT);
	for (unsigned i = 0; i < 3; i++) {
		ends_next(&e, &a);
		assert_int_equal(a.ecn, 0);
	}
	assert_false(has(&e).ecn);
	fail.calls = 0;
	assert_int_equal(send_marked(&e, 1000, 1000, &sent), GW_TRAIN_SENT);
	assert_int_equal(fail.calls, 1);
	ends_fini(&e);
}

/* ---- other failures ---- */

static void
an_error_of_an_earlier_datagram_is_stepped_over(void **state)
{
	static const int errors[] = { ECONNREFUSED, EHOSTUNREACH, ENETUNREACH,
		EMSGSIZE, EINTR, EPROTO };
	struct udp_ends e;
	bool gso;
	size_t sent;

	(void)state;
	for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
		start(&e);
		gso = has(&e).gso;
		fail.trains = fail.singles = errors[i];
		fail.times = errors[i] == EMSGSIZE ? 1 : 2;
		assert_int_equal(
		    ends_send(&e, 3000, 1000, &sent), GW_TRAIN_SENT);
		assert_int_equal(sent, 3000);
		ends_check_train(&e, 3000, 1000);
		assert_int_equal(has(&e).gso, gso);
		assert_int_equal(fail.calls,
		    (errors[i] == EMSGSIZE ? 1 : 2) + (gso ? 1 : 3));
		ends_fini(&e);
	}
}

static void
what_cannot_go_at_all_is_lost_with_a_reason(void **state)
{
	struct gw_why why;
	struct udp_ends e;
	size_t sent = 7;

	(void)state;
	start(&e);
	const struct gw_udp_train t = {
		.to = &e.b.addr,
		.bytes = ends_bytes(3000),
		.len = 3000,
		.segment = 1000,
	};
	fail.trains = fail.singles = EPERM;
	assert_int_equal(
	    gw_udp_batch_send(e.a.batch, &t, &sent, &why), GW_TRAIN_LOST);
	assert_int_equal(sent, 0);
	assert_non_null(strstr(why.text, "Operation not permitted"));
	ends_fini(&e);
}

static void
a_full_queue_of_this_machine_is_a_loss_like_any_other(void **state)
{
	struct gw_udp_batch_facts facts;
	struct udp_ends e;
	size_t sent;

	(void)state;
	start(&e);
	fail.trains = fail.singles = ENOBUFS;
	assert_int_equal(ends_send(&e, 1000, 1000, &sent), GW_TRAIN_SENT);
	assert_int_equal(sent, 1000);
	gw_udp_batch_facts(e.a.batch, &facts);
	assert_int_equal(facts.dropped_on_send, 1);
	ends_check_nothing(&e);
	ends_fini(&e);
}

static void
where_there_is_no_room_now_the_rest_can_follow(void **state)
{
	struct udp_ends e;
	size_t sent = 7;

	(void)state;
	start(&e);
	fail.trains = fail.singles = EAGAIN;
	assert_int_equal(ends_send(&e, 5000, 1000, &sent), GW_TRAIN_WAIT);
	assert_int_equal(sent, 0);
	/* One by one, it happens in the middle. */
	fail.trains = EIO;
	fail.after = fail.calls - fail.calls_train + 3;
	assert_int_equal(ends_send(&e, 5000, 1000, &sent), GW_TRAIN_WAIT);
	assert_int_equal(sent, 3000);
	ends_check_train(&e, 3000, 1000);
	ends_fini(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_refused_train_goes_segment_by_segment_and_so_do_all_after_it),
		cmocka_unit_test(
		    a_train_that_this_very_kernel_refuses_arrives_all_the_same),
		cmocka_unit_test(a_path_that_takes_less_is_no_fault_of_trains),
		cmocka_unit_test(what_is_wrong_in_itself_turns_nothing_off),
		cmocka_unit_test(where_marks_are_refused_it_goes_without),
		cmocka_unit_test(
		    an_error_of_an_earlier_datagram_is_stepped_over),
		cmocka_unit_test(what_cannot_go_at_all_is_lost_with_a_reason),
		cmocka_unit_test(
		    a_full_queue_of_this_machine_is_a_loss_like_any_other),
		cmocka_unit_test(
		    where_there_is_no_room_now_the_rest_can_follow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
