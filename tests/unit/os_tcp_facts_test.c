#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "os/tcp.h"
#include "test.h"

static void
the_kernel_tells_the_state_of_a_connection(void **state)
{
	struct gw_tcp_facts f;
	int ends[2];

	(void)state;
	connection_make(ends);
	assert_true(gw_tcp_facts(ends[0], &f));
	assert_string_equal(gw_tcp_state_name(f.state), "ESTABLISHED");
	assert_true(f.rtt > 0 && f.cwnd > 0);
	assert_int_equal(f.in_flight, 0);
	gw_tcp_shutdown(ends[0]);
	do
		assert_true(gw_tcp_facts(ends[1], &f));
	while (f.state == 1);
	assert_string_equal(gw_tcp_state_name(f.state), "CLOSE_WAIT");
	close(ends[0]);
	close(ends[1]);
}

static void
what_is_no_connection_tells_nothing(void **state)
{
	struct gw_tcp_facts f;

	(void)state;
	assert_false(gw_tcp_facts(-1, &f));
	assert_string_equal(gw_tcp_state_name(0), "?");
	assert_string_equal(gw_tcp_state_name(10), "LISTEN");
	assert_string_equal(gw_tcp_state_name(13), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_kernel_tells_the_state_of_a_connection),
		cmocka_unit_test(what_is_no_connection_tells_nothing),
	};

	return cmocka_run_group_tests_name("os_tcp_facts", tests, NULL, NULL);
}
