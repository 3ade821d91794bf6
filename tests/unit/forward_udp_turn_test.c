/* Datagrams through a rule: whole, in order, in bursts. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

#include "forward_udp_fixture.h"
#include "test.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static void
send_train(int fd, size_t n, size_t segment)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
	} control = { .bytes = { 0 } };
	struct iovec iov = { forward_pattern, n };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control };
	const uint16_t size = (uint16_t)segment;
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	c->cmsg_level = IPPROTO_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof size);
	memcpy(CMSG_DATA(c), &size, sizeof size);
	assert_int_equal(sendmsg(fd, &h, 0), n);
}

static void
f1_every_size_arrives_whole_in_both_directions(void **state)
{
	static const size_t sizes[] = { 1, 64, 1472, 1473, 8192, 16384, 65000,
		65507 };
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		forward_send(client, forward_pattern, sizes[i]);
		forward_target_gets(&b);
		assert_int_equal(b.len, sizes[i]);
		assert_memory_equal(b.bytes, forward_pattern, sizes[i]);
		forward_target_says(&b, forward_pattern, sizes[i]);
		forward_client_gets(&b, client, forward_pattern, sizes[i]);
	}
	for (enum gw_drop d = GW_DROP_NONE + 1; d < GW_DROPS; d++)
		assert_int_equal(forward_drops(&b, d), 0);
	assert_int_equal(b.opened, 1);
	close(client);
	forward_bed_fini(&b);
}

static void
f2_zero_length_datagrams_pass_and_end_nothing(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "", "");
	forward_ask(&b, client, "after", "it");
	forward_ask(&b, client, "", "");
	assert_int_equal(b.opened, 1);
	close(client);
	forward_bed_fini(&b);
}

static void
f3_what_is_too_long_is_dropped_by_itself_and_counted(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_prepare(&b, "[::1]", "?proxy=v2-each");
	if (forward_bed_open(&b) != GW_OK) {
		forward_bed_fini(&b);
		skip(); /* no IPv6 here */
	}
	client = forward_client(&b, "::1");
	forward_send(
	    client, forward_pattern, 65507); /* no room for the header */
	FORWARD_UNTIL(&b, forward_drops(&b, GW_DROP_TOO_BIG) == 1);
	forward_send(client, "small", 5);
	forward_target_gets(&b);
	assert_int_equal(b.len, 52 + 5);
	assert_int_equal(b.opened, 1);
	assert_int_equal(b.f->flows->requests.packets, 1);
	close(client);
	forward_bed_fini(&b);
}

static void
f4_boundaries_order_and_duplicates_are_kept(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	/* In one batch: equal ones, short ones, empty ones, and pairs. */
	for (size_t i = 0; i < 200; i++) {
		const size_t n = i % 7 == 0 ? 0 : 100 + i / 2 % 5 * 30;

		forward_pattern[0] = (uint8_t)(i / 2);
		forward_send(client, forward_pattern, n);
	}
	for (size_t i = 0; i < 200; i++) {
		const size_t n = i % 7 == 0 ? 0 : 100 + i / 2 % 5 * 30;

		forward_target_gets(&b);
		assert_int_equal(b.len, n);
		if (n > 0)
			assert_int_equal(b.bytes[0], i / 2);
	}
	assert_int_equal(b.f->flows->requests.packets, 200);
	close(client);
	forward_bed_fini(&b);
}

static void
f5_replies_of_others_never_reach_the_client(void **state)
{
	struct sockaddr_storage ss;
	struct forward_bed b;
	int client, stranger;
	char byte;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "who", "me");
	stranger = socket(AF_INET, SOCK_DGRAM, 0);
	memcpy(&ss, &b.from, sizeof ss);
	assert_int_equal(
	    sendto(stranger, "lie", 3, 0, (struct sockaddr *)&ss, b.from_len),
	    3);
	forward_run(&b, 50);
	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
	forward_ask(&b, client, "still", "me");
	close(stranger);
	close(client);
	forward_bed_fini(&b);
}

static void
f16_clients_that_vanish_do_not_hurt_the_listener(void **state)
{
	struct forward_bed b;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	for (int i = 0; i < 20; i++) {
		client = forward_client(&b, "127.0.0.1");
		forward_send(client, "q", 1);
		forward_target_gets(&b);
		close(client);
		forward_target_says(&b, "a", 1);
		forward_target_says(&b, "a", 1);
		FORWARD_UNTIL(
		    &b, forward_drops(&b, GW_DROP_ICMP) >= (uint64_t)i + 1);
	}
	client = forward_client(&b, "127.0.0.1");
	forward_ask(&b, client, "q", "a");
	close(client);
	forward_bed_fini(&b);
}

static void
f19_what_the_kernel_had_no_room_for_is_counted_once(void **state)
{
	enum { MANY = 3000 };
	const int small = 1;
	struct forward_bed b;
	uint64_t passed;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	setsockopt(
	    b.f->ports[0].udp.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	client = forward_client(&b, "127.0.0.1");
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++)
			forward_send(client, forward_pattern, 100);
		/* The next one brings the news. */
		forward_run(&b, 50);
	}
	forward_send(client, forward_pattern, 100);
	forward_run(&b, 50);
	passed = b.f->flows->requests.packets;
	assert_true(passed < 3 * MANY);
	assert_int_equal(
	    passed + forward_drops(&b, GW_DROP_KERNEL), 3 * MANY + 1);
	close(client);
	forward_bed_fini(&b);
}

static void
f21_a_burst_goes_through_in_one_piece(void **state)
{
	struct forward_bed b;
	const int on = 1;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	if (setsockopt(b.target, IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0) {
		close(client);
		forward_bed_fini(&b);
		skip(); /* an old kernel */
	}
	send_train(client, 20 * 1200 + 77, 1200);
	forward_target_gets(&b);
	assert_int_equal(b.len, 20 * 1200 + 77);
	assert_memory_equal(b.bytes, forward_pattern, 20 * 1200 + 77);
	assert_int_equal(b.f->flows->requests.packets, 21);
	close(client);
	forward_bed_fini(&b);
}

static void
f21_datagrams_of_one_size_that_wait_leave_together(void **state)
{
	struct forward_bed b;
	const int on = 1;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	if (setsockopt(b.target, IPPROTO_UDP, UDP_GRO, &on, sizeof on) != 0) {
		close(client);
		forward_bed_fini(&b);
		skip();
	}
	for (int i = 0; i < 10; i++)
		forward_send(client, forward_pattern, 500);
	forward_send(
	    client, forward_pattern, 20); /* the last one may be short */
	forward_send(client, forward_pattern, 500);
	forward_target_gets(&b);
	assert_int_equal(b.len, 10 * 500 + 20);
	forward_target_gets(&b);
	assert_int_equal(b.len, 500);
	assert_int_equal(b.f->flows->requests.packets, 12);
	close(client);
	forward_bed_fini(&b);
}

static void
f21_the_clients_of_one_batch_are_not_mixed(void **state)
{
	struct forward_bed b;
	int client[5], n = 0;
	uint8_t seen[5] = { 0 };

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	for (int i = 0; i < 5; i++)
		client[i] = forward_client(&b, "127.0.0.1");
	for (int i = 0; i < 50; i++) {
		uint8_t bytes[2] = { (uint8_t)(i % 5), (uint8_t)(i / 5) };

		forward_send(client[i % 5], bytes, 2);
	}
	for (; n < 50; n++) {
		forward_target_gets(&b);
		assert_int_equal(b.len, 2);
		assert_int_equal(b.bytes[1], seen[b.bytes[0]]++);
		forward_target_says(&b, b.bytes, 2);
	}
	for (int i = 0; i < 50; i++) {
		const uint8_t bytes[2] = { (uint8_t)(i % 5), (uint8_t)(i / 5) };

		forward_client_gets(&b, client[i % 5], bytes, 2);
	}
	for (int i = 0; i < 5; i++)
		close(client[i]);
	forward_bed_fini(&b);
}

static void
f3_datagrams_with_other_marks_are_not_merged(void **state)
{
	struct forward_bed b;
	const int on = 1, tos = 0xb8;
	int client;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	client = forward_client(&b, "127.0.0.1");
	/* Merged they would come as one. */
	(void)setsockopt(b.target, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
	forward_send(client, forward_pattern, 100);
	assert_int_equal(
	    setsockopt(client, IPPROTO_IP, IP_TOS, &tos, sizeof tos), 0);
	forward_send(client, forward_pattern, 100);
	for (int i = 0; i < 2; i++) {
		forward_target_gets(&b);
		assert_int_equal(b.len, 100);
	}
	close(client);
	forward_bed_fini(&b);
}

/* ---- F18 ---- */

static int full_fd = -1; /* whose queue has no room */

ssize_t __real_send(int fd, const void *, size_t n, int flags);
ssize_t __wrap_send(int fd, const void *, size_t n, int flags);
ssize_t __real_sendmsg(int fd, const struct msghdr *, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *, int flags);

ssize_t
__wrap_send(int fd, const void *p, size_t n, int flags)
{
	errno = EAGAIN;
	return fd == full_fd ? -1 : __real_send(fd, p, n, flags);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *h, int flags)
{
	errno = EAGAIN;
	return fd == full_fd ? -1 : __real_sendmsg(fd, h, flags);
}

static void
f18_a_full_queue_drops_the_newest_of_its_flow_and_nobody_elses(void **state)
{
	const struct gw_udp_flow *flow;
	struct forward_bed b;
	int full, other;

	(void)state;
	forward_bed_init(&b, "127.0.0.1", "");
	full = forward_client(&b, "127.0.0.1");
	other = forward_client(&b, "127.0.0.1");
	forward_ask(&b, full, "q", "a");
	flow = b.f->flows->first;
	full_fd = ((struct gw_udp_upstream *)flow->user)->udp.fd;
	for (int i = 0; i < 5; i++) {
		forward_send(full, "lost", 4);
		forward_ask(&b, other, "q", "a");
	}
	assert_int_equal(flow->drops[GW_DROP_QUEUE], 5);
	assert_int_equal(forward_drops(&b, GW_DROP_QUEUE), 5);
	full_fd = -1;
	forward_ask(&b, full, "room", "again");
	close(full);
	close(other);
	forward_bed_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    f1_every_size_arrives_whole_in_both_directions),
		cmocka_unit_test(f2_zero_length_datagrams_pass_and_end_nothing),
		cmocka_unit_test(
		    f3_what_is_too_long_is_dropped_by_itself_and_counted),
		cmocka_unit_test(f4_boundaries_order_and_duplicates_are_kept),
		cmocka_unit_test(f5_replies_of_others_never_reach_the_client),
		cmocka_unit_test(
		    f16_clients_that_vanish_do_not_hurt_the_listener),
		cmocka_unit_test(
		    f19_what_the_kernel_had_no_room_for_is_counted_once),
		cmocka_unit_test(f21_a_burst_goes_through_in_one_piece),
		cmocka_unit_test(
		    f21_datagrams_of_one_size_that_wait_leave_together),
		cmocka_unit_test(f21_the_clients_of_one_batch_are_not_mixed),
		cmocka_unit_test(
		    f18_a_full_queue_drops_the_newest_of_its_flow_and_nobody_elses),
		cmocka_unit_test(f3_datagrams_with_other_marks_are_not_merged),
	};

	return cmocka_run_group_tests(tests, forward_setup, NULL);
}
