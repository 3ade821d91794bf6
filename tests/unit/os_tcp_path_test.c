#include "os/tcp_path.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "connection.h"
#include "test.h"

static void
a_connection_has_a_window_and_a_round_trip_time(void **state)
{
	struct gw_tcp_path p = { .srtt = 0 };
	int ends[2];

	(void)state;
	connection_make(ends);
	assert_true(gw_tcp_path_look(ends[0], &p));
	assert_true(p.srtt > 0);
	assert_true(p.window > 0);
	assert_int_equal(p.in_flight, 0);
	assert_string_equal(gw_tcp_state_name(p.state), "ESTABLISHED");
	shutdown(ends[0], SHUT_WR);
	do
		assert_true(gw_tcp_path_look(ends[1], &p));
	while (p.state == 1);
	assert_string_equal(gw_tcp_state_name(p.state), "CLOSE_WAIT");
	close(ends[0]);
	close(ends[1]);
}

static void
what_is_no_connection_tells_nothing(void **state)
{
	struct gw_tcp_path p = { .srtt = 42 };
	const int fd = open("/dev/null", O_RDONLY);

	(void)state;
	assert_false(gw_tcp_path_look(fd, &p));
	assert_int_equal(p.srtt, 42);
	assert_string_equal(gw_tcp_state_name(0), "?");
	assert_string_equal(gw_tcp_state_name(10), "LISTEN");
	assert_string_equal(gw_tcp_state_name(13), "?");
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_connection_has_a_window_and_a_round_trip_time),
		cmocka_unit_test(what_is_no_connection_tells_nothing),
	};

	return cmocka_run_group_tests_name("tcp_path", tests, NULL, NULL);
}
