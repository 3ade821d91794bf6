#include "diag/sock_diag.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alloc.h"
#include "loopback.h"
#include "test.h"

static struct gw_why why;

/* Where the kernel tells nothing there is nothing to test. */
static int
setup(void **state)
{
	static bool told;

	told = loopback_is_told();
	*state = told ? &told : NULL;
	return 0;
}

static void
add_port(struct gw_socket_filter *f, uint16_t port)
{
	static char words[8][16];
	static unsigned n;
	char *word = words[n++ % 8];

	snprintf(word, 16, "%u", port);
	assert_null(gw_socket_filter_add(f, word));
}

static const struct gw_socket *
find(const struct gw_sockets *l, uint16_t port, uint16_t peer)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->v[i].local.port == port && l->v[i].remote.port == peer)
			return &l->v[i];
	fail_msg("%u to %u is not there", port, peer);
	return NULL;
}

static void
what_there_is_is_listed(void **state)
{
	uint16_t port, udp_port;
	int listener = loopback_listen(&port), client = loopback_connect(port);
	int server = loopback_accept(listener);
	int udp = loopback_datagram(&udp_port);
	uint16_t mine = loopback_port(client);
	struct gw_socket_filter f = { .count = 0 };
	struct gw_sockets l = { .count = 0 };
	const struct gw_socket *s;
	struct gw_sock_diag *d;

	if (*state == NULL)
		skip();
	add_port(&f, port);
	add_port(&f, udp_port);
	assert_int_equal(write(client, "hello", 5), 5);
	assert_int_equal(gw_sock_diag_open(&d, &why), GW_OK);
	assert_int_equal(gw_sock_diag_list(d, &f, true, &l, &why), GW_OK);
	s = find(&l, port, 0);
	assert_int_equal(s->state, GW_SOCKET_LISTEN);
	assert_int_equal(s->send_queue, 5);
	assert_true(s->inode != 0);
	assert_int_equal(s->uid, getuid());
	s = find(&l, port, mine);
	assert_int_equal(s->state, GW_SOCKET_ESTABLISHED);
	assert_int_equal(s->recv_queue, 5);
	s = find(&l, mine, port);
	assert_true(s->tcp_known);
	assert_true(s->tcp.cwnd > 0);
	assert_true(s->cookie != 0);
	s = find(&l, udp_port, 0);
	assert_int_equal(s->protocol, GW_SOCKET_UDP);
	assert_int_equal(s->state, GW_SOCKET_UNCONNECTED);
	assert_true(s->drops_known);

	/* Again, without details, and less of it. */
	gw_socket_filter_fini(&f);
	assert_null(gw_socket_filter_add(&f, "established"));
	add_port(&f, port);
	assert_int_equal(gw_sock_diag_list(d, &f, false, &l, &why), GW_OK);
	assert_int_equal(l.count, 2);
	assert_false(l.v[0].tcp_known);
	gw_socket_filter_fini(&f);
	gw_sockets_fini(&l);
	gw_sock_diag_free(d);
	gw_sock_diag_free(NULL);
	close(udp);
	close(server);
	close(client);
	close(listener);
}

/* Until one that ended has this port. */
static void
wait_ended(struct gw_sock_diag *d, uint16_t port,
    enum gw_socket_protocol protocol, uint64_t cookie)
{
	struct pollfd p = { .fd = gw_sock_diag_fd(d), .events = POLLIN };
	struct gw_socket s;
	bool lost = false;

	for (int i = 0; i < 600; i++) {
		while (gw_sock_diag_ended(d, &s, &lost))
			if (s.local.port == port && s.protocol == protocol &&
			    s.cookie == cookie)
				return;
		poll(&p, 1, 100);
	}
	fail_msg("the end of port %u was not heard", port);
}

static void
the_end_of_a_socket_is_heard(void **state)
{
	uint16_t port, udp_port;
	int listener = loopback_listen(&port);
	int udp = loopback_datagram(&udp_port);
	struct gw_socket_filter f = { .count = 0 };
	struct gw_sockets l = { .count = 0 };
	struct gw_sock_diag *d;
	struct gw_socket s;
	uint64_t cookie, udp_cookie;
	bool lost;

	if (*state == NULL)
		skip();
	assert_int_equal(gw_sock_diag_open(&d, &why), GW_OK);
	assert_int_equal(gw_sock_diag_fd(d), -1);
	assert_false(gw_sock_diag_ended(d, &s, &lost));
	assert_int_equal(gw_sock_diag_listen(d, &why), GW_OK);
	assert_int_equal(gw_sock_diag_list(d, &f, false, &l, &why), GW_OK);
	cookie = find(&l, port, 0)->cookie;
	udp_cookie = find(&l, udp_port, 0)->cookie;
	close(listener);
	wait_ended(d, port, GW_SOCKET_TCP, cookie);
	close(udp);
	wait_ended(d, udp_port, GW_SOCKET_UDP, udp_cookie);
	gw_sockets_fini(&l);
	gw_sock_diag_free(d);
}

static void
without_memory_it_says_so(void **state)
{
	uint16_t port;
	int listener = loopback_listen(&port);
	struct gw_socket_filter f = { .count = 0 };
	struct gw_sockets l = { .count = 0 };
	struct gw_sock_diag *d = NULL;

	if (*state == NULL)
		skip();
	test_fail_alloc(0);
	assert_int_equal(gw_sock_diag_open(&d, &why), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_null(d);
	assert_int_equal(gw_sock_diag_open(&d, &why), GW_OK);
	add_port(&f, port);
	test_fail_alloc(0);
	assert_int_equal(
	    gw_sock_diag_list(d, &f, false, &l, &why), GW_E_MEMORY);
	test_fail_alloc(-1);
	/* It can be asked again at once. */
	assert_int_equal(gw_sock_diag_list(d, &f, false, &l, &why), GW_OK);
	assert_int_equal(l.count, 1);
	gw_socket_filter_fini(&f);
	gw_sockets_fini(&l);
	gw_sock_diag_free(d);
	close(listener);
}

/* As a kernel or a sandbox that denies it. */
static void
what_is_denied_is_said(void **state)
{
	struct gw_sock_diag *d = NULL;
	struct rlimit before, none;
	int next = dup(STDERR_FILENO);

	(void)state;
	close(next);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)next;
	setrlimit(RLIMIT_NOFILE, &none);
	assert_int_equal(gw_sock_diag_open(&d, &why), GW_E_DISK);
	setrlimit(RLIMIT_NOFILE, &before);
	assert_null(d);
	assert_non_null(strstr(why.text, "does not tell its sockets: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_there_is_is_listed),
		cmocka_unit_test(the_end_of_a_socket_is_heard),
		cmocka_unit_test(without_memory_it_says_so),
		cmocka_unit_test(what_is_denied_is_said),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
