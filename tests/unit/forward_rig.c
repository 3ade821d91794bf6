#include "forward_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 60 /* s */ };

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
rig_setup(void **state)
{
	struct gw_options o = GW_OPTIONS_INIT;
	struct rig *r = calloc(1, sizeof *r);

	o.plain = true;
	if (r == NULL || gw_open(&o, &r->g) != GW_OK)
		return -1;
	*state = r;
	return 0;
}

int
rig_teardown(void **state)
{
	struct rig *r = *state;

	gw_close(r->g);
	free(r);
	return 0;
}

int
rig_target(uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 128), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

struct gw_forward_options
rig_options(struct rig *r, const char *const *rules, size_t n, uint16_t port)
{
	char number[8];

	snprintf(number, sizeof number, "%u", (unsigned)port);
	assert_true(n <= RIG_RULES);
	for (size_t i = 0; i < n; i++) {
		const char *p = rules[i];
		size_t k = 0;

		while (*p != '\0' && k < sizeof r->rules[i] - 8)
			if (p[0] == '%' && p[1] == 'u') {
				memcpy(r->rules[i] + k, number, strlen(number));
				k += strlen(number);
				p += 2;
			} else {
				r->rules[i][k++] = *p++;
			}
		r->rules[i][k] = '\0';
		r->pointers[i] = r->rules[i];
	}
	return (
	    struct gw_forward_options){ .rules = r->pointers, .rule_count = n };
}

uint16_t
rig_open(struct rig *r, const char *rule, uint16_t target)
{
	struct gw_forward_options o = rig_options(r, &rule, 1, target);

	if (gw_forward_open(r->g, &o, &r->f) != GW_OK)
		fail_msg("%s", gw_last_error(r->g));
	return rig_rule(r, 0).port;
}

static void
take_events(struct rig *r)
{
	struct gw_forward_event e;

	while (r->f != NULL && gw_forward_next(r->f, &e)) {
		const char *text =
		    e.kind == GW_FORWARD_WARNING ? e.text : e.flow.error;

		assert_true(r->n < RIG_EVENTS);
		snprintf(r->texts[r->n], sizeof r->texts[r->n], "%s", text);
		e.text = e.flow.error = r->texts[r->n];
		r->seen[r->n++] = e;
	}
}

void
rig_turn(struct rig *r)
{
	(void)!gw_wait(r->g, 5);
	take_events(r);
}

size_t
rig_count(const struct rig *r, enum gw_forward_event_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->seen[i].kind == kind;
	return n;
}

const struct gw_forward_event *
rig_until(struct rig *r, enum gw_forward_event_kind kind, size_t nth)
{
	double end = now() + PATIENCE;

	take_events(r);
	for (;;) {
		size_t n = nth;

		for (size_t i = 0; i < r->n; i++)
			if (r->seen[i].kind == kind && n-- == 0)
				return &r->seen[i];
		if (now() > end)
			fail_msg("event %d was not told", (int)kind);
		rig_turn(r);
	}
}

int
rig_connect(struct rig *r, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	/* The kernel completes it: the program need not run. */
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	rig_turn(r);
	return fd;
}

static void
wait_for(struct rig *r, int fd, short events, double end)
{
	struct pollfd p[2] = { { .fd = fd, .events = events },
		{ .fd = gw_fd(r->g), .events = POLLIN } };

	if (now() > end)
		fail_msg("nothing came");
	poll(p, 2, 20);
	if (p[1].revents != 0)
		gw_dispatch(r->g);
	take_events(r);
}

int
rig_accept(struct rig *r, int listener)
{
	double end = now() + PATIENCE;
	int fd;

	while ((fd = accept4(
		    listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0) {
		assert_int_equal(errno, EAGAIN);
		wait_for(r, listener, POLLIN, end);
	}
	return fd;
}

void
rig_write(struct rig *r, int fd, const void *data, size_t n)
{
	const char *at = data;
	double end = now() + PATIENCE;

	while (n > 0) {
		ssize_t k = send(fd, at, n, MSG_NOSIGNAL);

		if (k < 0) {
			assert_int_equal(errno, EAGAIN);
			wait_for(r, fd, POLLOUT, end);
			continue;
		}
		at += k;
		n -= (size_t)k;
	}
}

long
rig_read(struct rig *r, int fd, void *out, size_t n)
{
	double end = now() + PATIENCE;
	size_t got = 0;

	while (got < n) {
		ssize_t k = recv(fd, (char *)out + got, n - got, 0);

		if (k == 0)
			break;
		if (k > 0)
			got += (size_t)k;
		else if (errno != EAGAIN)
			return -errno;
		else
			wait_for(r, fd, POLLIN, end);
	}
	return (long)got;
}

void
rig_reset(int fd)
{
	struct linger l = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	close(fd);
}

struct gw_forward_rule
rig_rule(const struct rig *r, size_t n)
{
	struct gw_forward_rule rule;

	assert_true(gw_forward_rule(r->f, n, &rule));
	return rule;
}

struct rig_ends
rig_flow(struct rig *r, const char *rule)
{
	struct rig_ends e;
	uint16_t port;

	e.target = rig_target(&port);
	e.at = rig_open(r, rule, port);
	e.client = rig_connect(r, e.at);
	e.server = rig_accept(r, e.target);
	rig_until(r, GW_FORWARD_OPENED, 0);
	return e;
}

void
rig_ends_close(struct rig_ends *e)
{
	close(e->client);
	close(e->server);
	close(e->target);
}
