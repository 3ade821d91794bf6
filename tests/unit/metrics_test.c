/* A page for Prometheus, as those get it who ask, and those who do not. */
#include "run/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward_rig.h"

static struct gw_metrics *m;
static unsigned out, most; /* descriptors that are taken; that may be */
static bool no_page;
static unsigned to_come;               /* one for each that is taken */
static unsigned in_a_row, longest_row; /* taken, and nobody answered */
static char page[65536];

static char *
a_page(const void *arg)
{
	struct gw_metrics_page p = { .failed = no_page };

	in_a_row = 0;
	gw_metrics_kind(&p, "godwit_x", "gauge", "Help.");
	gw_metrics_put(&p, "godwit_x %s\n", (const char *)arg);
	return gw_metrics_text(&p);
}

/* Who asks, and does not stay. */
static void
one_comes(void)
{
	static const char request[] = "GET /metrics HTTP/1.0\n\n";
	const struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(gw_metrics_port(m)) };
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_true(write(fd, request, sizeof request - 1) > 0);
	close(fd);
}

static bool
take(void *arg)
{
	(void)arg;
	if (to_come > 0) {
		to_come--;
		one_comes();
	}
	if (++in_a_row > longest_row)
		longest_row = in_a_row;
	if (out == most)
		return false;
	out++;
	return true;
}

static void
give(void *arg)
{
	(void)arg;
	out--;
}

static int
set_up(void **state)
{
	static char figure[] = "1";
	const struct gw_metrics_owner owner = { a_page, take, give, figure };
	struct rig *r;

	if (rig_setup(state) != 0)
		return -1;
	r = *state;
	out = to_come = in_a_row = longest_row = 0;
	most = 64;
	no_page = false;
	rig_open(r, "tcp://127.0.0.1:0/127.0.0.1:1", 0);
	return gw_metrics_open(r->g, &owner, NULL, 0, &m) == GW_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	gw_metrics_close(m);
	assert_int_equal(out, 0);
	return rig_teardown(state);
}

/* What a request is answered with; "" if it is not. */
static const char *
ask(struct rig *r, const char *request)
{
	int fd = rig_connect(r, gw_metrics_port(m));
	long n;

	rig_write(r, fd, request, strlen(request));
	n = rig_read(r, fd, page, sizeof page - 1);
	page[n > 0 ? n : 0] = '\0';
	close(fd);
	return page;
}

static void
begins(const char *text, const char *with)
{
	if (strncmp(text, with, strlen(with)) != 0)
		fail_msg("\"%.40s\", not \"%s\"", text, with);
}

static void
who_asks_gets_the_page(void **state)
{
	struct rig *r = *state;

	begins(ask(r, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4;");
	assert_non_null(strstr(page,
	    "\r\n\r\n# HELP godwit_x Help.\n# TYPE godwit_x gauge\n"
	    "godwit_x 1\n"));
	begins(ask(r, "GET /metrics?x HTTP/1.0\n\n"), "HTTP/1.1 200 ");
	no_page = true;
	begins(ask(r, "GET /metrics HTTP/1.0\n\n"), "HTTP/1.1 503 ");
}

static void
nothing_else_is_given(void **state)
{
	struct rig *r = *state;
	static char long_request[4096];

	begins(ask(r, "GET / HTTP/1.0\n\n"), "HTTP/1.1 404 ");
	begins(ask(r, "GET /metricsandmore HTTP/1.0\n\n"), "HTTP/1.1 404 ");
	begins(ask(r, "POST /metrics HTTP/1.0\n\n"), "HTTP/1.1 404 ");
	memset(long_request, 'x', sizeof long_request - 1);
	assert_string_equal(ask(r, long_request), "");
}

static void
those_who_say_nothing_keep_nobody_out(void **state)
{
	struct rig *r = *state;
	int silent[GW_METRICS_CLIENTS + 1];
	char byte;

	for (int i = 0; i <= GW_METRICS_CLIENTS; i++)
		silent[i] = rig_connect(r, gw_metrics_port(m));
	/* The first one makes room for the last. */
	assert_true(rig_read(r, silent[0], &byte, 1) <= 0);
	assert_int_equal(out, GW_METRICS_CLIENTS);
	begins(ask(r, "GET /metrics HTTP/1.0\n\n"), "HTTP/1.1 200 OK");
	for (int i = 0; i <= GW_METRICS_CLIENTS; i++)
		close(silent[i]);
}

static void
those_who_come_without_end_are_answered_meanwhile(void **state)
{
	struct rig *r = *state;

	to_come = 1000;
	one_comes();
	while (to_come > 0)
		rig_turn(r);
	assert_in_range(longest_row, 1, 100);
}

static void
without_a_descriptor_it_asks_again_later(void **state)
{
	struct rig *r = *state;
	char byte;
	int fd;

	most = 0;
	fd = rig_connect(r, gw_metrics_port(m));
	assert_true(rig_read(r, fd, &byte, 1) <= 0);
	close(fd);
	most = 1;
	begins(ask(r, "GET /metrics HTTP/1.0\n\n"), "HTTP/1.1 200 OK");
}

static void
a_label_holds_anything(void **state)
{
	char text[GW_METRICS_LABEL], value[2 * GW_METRICS_LABEL];

	(void)state;
	assert_string_equal(gw_metrics_label("eth0", text), "eth0");
	assert_string_equal(gw_metrics_label("a\"b", text), "a\\\"b");
	/* gw_escape, and its backslashes. */
	assert_string_equal(
	    gw_metrics_label("a\nb\xff", text), "a\\\\x0ab\\\\xff");
	memset(value, '"', sizeof value - 1);
	value[sizeof value - 1] = '\0';
	assert_true(strlen(gw_metrics_label(value, text)) < sizeof text);
	assert_int_equal(strlen(text) % 2, 0);
}

#define CASE(c) cmocka_unit_test_setup_teardown(c, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(who_asks_gets_the_page),
		CASE(nothing_else_is_given),
		CASE(those_who_say_nothing_keep_nobody_out),
		CASE(those_who_come_without_end_are_answered_meanwhile),
		CASE(without_a_descriptor_it_asks_again_later),
		cmocka_unit_test(a_label_holds_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
