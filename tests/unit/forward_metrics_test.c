/* The figures for Prometheus, as one that scrapes them gets them. */
#include "run/forward.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "forward_rig.h"

static char page[65536];

/* What a request is answered with; "" if it is not. */
static const char *
ask(struct rig *r, const char *request)
{
	int fd = rig_connect(r, gw_forward_metrics_port(r->f));
	long n;

	rig_write(r, fd, request, strlen(request));
	n = rig_read(r, fd, page, sizeof page - 1);
	page[n > 0 ? n : 0] = '\0';
	close(fd);
	return page;
}

static void
the_figures_of_each_rule_are_given(void **state)
{
	struct rig *r = *state;
	uint16_t port, at;
	int target = rig_target(&port), c, s;
	char got[8];

	at = rig_open(r, "tcp://127.0.0.1:0/127.0.0.1:%u?name=web", port);
	assert_int_equal(gw_forward_metrics_port(r->f), 0);
	assert_int_equal(gw_forward_metrics(r->f, NULL, 0), GW_OK);
	assert_int_equal(gw_forward_metrics(r->f, NULL, 0), GW_E_USAGE);
	c = rig_connect(r, at);
	s = rig_accept(r, target);
	rig_write(r, c, "12345", 5);
	assert_int_equal(rig_read(r, s, got, 5), 5);
	ask(r, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_memory_equal(page, "HTTP/1.1 200 OK\r\n", 17);
	assert_non_null(strstr(page, "# TYPE godwit_forward_flows gauge\n"));
	assert_non_null(strstr(page, "name=\"web\"} 1\n"));
	assert_non_null(strstr(page, "name=\"web\",way=\"in\"} 5\n"));
	assert_non_null(strstr(page, "reason=\"cap\"} 0\n"));
	assert_non_null(strstr(page, "listen=\"127.0.0.1:"));
	close(c);
	close(s);
	close(target);
}

static void
what_was_given_as_passed_is_not_taken_back(void **state)
{
	static const char request[] = "GET /metrics HTTP/1.0\n\n";
	struct rig *r = *state;
	struct gw_forward_counts *c;

	rig_open(r, "udp://127.0.0.1:0/127.0.0.1:9?name=dns", 0);
	assert_int_equal(gw_forward_metrics(r->f, NULL, 0), GW_OK);
	c = &r->f->first->counts;
	*c = (struct gw_forward_counts){ .bytes_in = 500,
		.packets_in = 5,
		.bytes_out = 60,
		.packets_out = 6 };
	ask(r, request);
	assert_non_null(strstr(page, "name=\"dns\",way=\"in\"} 500\n"));
	/* Two of them were dropped after all; one more went out. */
	*c = (struct gw_forward_counts){ .bytes_in = 300,
		.packets_in = 3,
		.bytes_out = 70,
		.packets_out = 7 };
	ask(r, request);
	assert_non_null(strstr(page, "name=\"dns\",way=\"in\"} 500\n"));
	assert_non_null(strstr(page, "name=\"dns\",way=\"in\"} 5\n"));
	assert_non_null(strstr(page, "name=\"dns\",way=\"out\"} 70\n"));
	assert_non_null(strstr(page, "name=\"dns\",way=\"out\"} 7\n"));
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_figures_of_each_rule_are_given),
		TEST(what_was_given_as_passed_is_not_taken_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
