#include "diag/names.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "os/helper.h"
#include "test.h"

#define PATIENCE (60 * GW_SEC)

static const uint8_t loopback[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };
static struct gw_why why;

static void
an_address_gets_its_name_in_time(void **state)
{
	struct gw_names *n;
	int fd;

	(void)state;
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	assert_int_equal(gw_names_new(fd, &n), GW_OK);
	assert_null(gw_names_of(n, loopback));
	assert_int_equal(gw_names_want(n, loopback, 0), GW_OK);
	assert_int_equal(gw_names_want(n, loopback, 0), GW_OK);
	assert_true(gw_names_run(n, PATIENCE));
	assert_non_null(strstr(gw_names_of(n, loopback), "localhost"));
	/* Nothing is asked twice. */
	assert_false(gw_names_run(n, PATIENCE));
	gw_names_free(n);
	gw_names_free(NULL);
	close(fd);
	wait(NULL);
}

/* A helper that takes questions and never answers. */
static void
silence_is_waited_for_only_so_long(void **state)
{
	static uint8_t some[16] = { [10] = 0xff, 0xff, 10 };
	struct gw_names *n;
	char question[4096];
	unsigned asked = 0;
	int fds[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(gw_names_new(fds[0], &n), GW_OK);
	for (unsigned i = 0; i < 100; i++) {
		some[15] = (uint8_t)i;
		assert_int_equal(gw_names_want(n, some, 0), GW_OK);
	}
	assert_false(gw_names_run(n, 50 * GW_MSEC));
	assert_null(gw_names_of(n, some));
	while (recv(fds[1], question, sizeof question, 0) > 0)
		asked++;
	/* And it is not buried under questions. */
	assert_int_equal(asked, GW_NAMES_AT_ONCE);
	close(fds[1]);
	/* Nor is one that is gone. */
	assert_false(gw_names_run(n, PATIENCE));
	gw_names_free(n);
	close(fds[0]);
}

static void
there_is_an_end_to_names(void **state)
{
	uint8_t a[16] = { [10] = 0xff, 0xff, 10 };
	struct gw_names *n;

	(void)state;
	assert_int_equal(gw_names_new(-1, &n), GW_OK);
	for (unsigned i = 0; i < GW_NAMES_MAX + 10; i++) {
		a[14] = (uint8_t)(i >> 8);
		a[15] = (uint8_t)i;
		assert_int_equal(gw_names_want(n, a, 0), GW_OK);
	}
	assert_null(gw_names_of(n, a));
	assert_false(gw_names_run(n, PATIENCE));
	gw_names_free(n);
}

static void
hosts_of_a_filter_get_their_addresses(void **state)
{
	struct gw_socket s = { .local.port = 80, .remote.port = 5000 };
	struct gw_socket_filter f = { .count = 0 };
	int fd;

	(void)state;
	memcpy(s.local.address, loopback, 16);
	memcpy(s.remote.address, loopback, 16);
	assert_null(gw_socket_filter_add(&f, "localhost:80"));
	assert_false(gw_socket_filter_match(&f, &s));
	assert_int_equal(gw_helper_fork(&why, &fd), GW_OK);
	assert_int_equal(gw_names_of_filter(fd, &f, PATIENCE, &why), GW_OK);
	assert_true(gw_socket_filter_match(&f, &s));
	assert_null(gw_socket_filter_add(&f, "host=no.such.host.invalid"));
	assert_int_equal(
	    gw_names_of_filter(fd, &f, PATIENCE, &why), GW_E_RESOLVE);
	assert_non_null(strstr(why.text, "no.such.host.invalid"));
	gw_socket_filter_fini(&f);
	close(fd);
	wait(NULL);
}

static void
a_host_is_waited_for_only_so_long(void **state)
{
	struct gw_socket_filter f = { .count = 0 };
	int fds[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_null(gw_socket_filter_add(&f, "host=kitchen"));
	assert_int_equal(
	    gw_names_of_filter(fds[0], &f, 50 * GW_MSEC, &why), GW_E_RESOLVE);
	assert_non_null(strstr(why.text, "kitchen"));
	close(fds[1]);
	assert_int_equal(
	    gw_names_of_filter(fds[0], &f, PATIENCE, &why), GW_E_RESOLVE);
	gw_socket_filter_fini(&f);
	close(fds[0]);
}

static void
without_memory_it_says_so(void **state)
{
	struct gw_names *n = NULL;
	enum gw_err err = GW_E_MEMORY;

	(void)state;
	for (long i = 0; i < 2; i++) {
		test_fail_alloc(i);
		assert_int_equal(gw_names_new(-1, &n), GW_E_MEMORY);
		test_fail_alloc(-1);
	}
	assert_int_equal(gw_names_new(-1, &n), GW_OK);
	/* What was allocated before a failure is used the next time. */
	for (long i = 0; err != GW_OK; i++) {
		test_fail_alloc(i);
		err = gw_names_want(n, loopback, 0);
		test_fail_alloc(-1);
		assert_true(err == GW_OK || err == GW_E_MEMORY);
	}
	gw_names_free(n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_gets_its_name_in_time),
		cmocka_unit_test(silence_is_waited_for_only_so_long),
		cmocka_unit_test(there_is_an_end_to_names),
		cmocka_unit_test(hosts_of_a_filter_get_their_addresses),
		cmocka_unit_test(a_host_is_waited_for_only_so_long),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
