#include "forward_udp_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "test.h"

uint8_t forward_pattern[65536];

int
forward_setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof forward_pattern; i++)
		forward_pattern[i] = (uint8_t)(i * 7 + i / 256);
	return 0;
}

socklen_t
forward_address(struct sockaddr_storage *ss, const char *host, uint16_t port)
{
	struct gw_addr a;

	assert_int_equal(gw_addr_parse(&a, host, port, NULL), GW_OK);
	memcpy(ss, &a.ss, a.len);
	return a.len;
}

static int
open_target(struct forward_bed *b)
{
	struct sockaddr_storage ss;
	socklen_t len = forward_address(&ss, "127.0.0.1", 0);
	struct gw_addr a;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_true(gw_addr_from(&a, (struct sockaddr *)&ss, len));
	b->target_port = gw_addr_port(&a);
	return fd;
}

void
forward_bed_prepare(
    struct forward_bed *b, const char *listen, const char *parameters)
{
	struct gw_options o = GW_OPTIONS_INIT;

	memset(b, 0, sizeof *b);
	o.plain = true;
	assert_int_equal(gw_open(&o, &b->g), GW_OK);
	b->target = open_target(b);
	snprintf(b->rule, sizeof b->rule, "udp://%s:0/127.0.0.1:%u%s", listen,
	    (unsigned)b->target_port, parameters);
}

enum gw_err
forward_bed_open(struct forward_bed *b)
{
	const char *rule = b->rule;
	struct gw_forward_options o = GW_FORWARD_OPTIONS_INIT;
	enum gw_err err;

	o.rules = &rule;
	o.rule_count = 1;
	o.max_files = 20000;
	o.inherited = &b->inherited;
	o.inherited_count = b->inherited != 0;
	err = gw_forward_open(b->g, &o, &b->set);
	if (err == GW_OK)
		b->f = (struct gw_forward_udp *)b->set->first;
	return err;
}

void
forward_bed_init(
    struct forward_bed *b, const char *listen, const char *parameters)
{
	forward_bed_prepare(b, listen, parameters);
	if (forward_bed_open(b) != GW_OK)
		fail_msg("%s: %s", b->rule, gw_last_error(b->g));
}

static void
take_event(struct forward_bed *b, const struct gw_forward_event *e)
{
	b->flow = e->flow;
	switch (e->kind) {
	case GW_FORWARD_OPENED:
		assert_true(e->flow.source.port != 0);
		b->opened++;
		break;
	case GW_FORWARD_CLOSED:
		b->closed++;
		b->end = e->end;
		break;
	case GW_FORWARD_WARNING:
	default:
		b->warned++;
		snprintf(b->warning, sizeof b->warning, "%s", e->text);
		break;
	}
}

void
forward_bed_fini(struct forward_bed *b)
{
	gw_close(b->g);
	if (b->target >= 0)
		close(b->target);
}

void
forward_run(struct forward_bed *b, int ms)
{
	const gw_usec end = gw_clock_now() + (gw_usec)ms * GW_MSEC;
	struct gw_forward_event e;

	do {
		(void)gw_wait(b->g, 1);
		while (gw_forward_next(b->set, &e))
			take_event(b, &e);
	} while (gw_clock_now() < end);
}

uint16_t
forward_port(const struct forward_bed *b)
{
	return b->f->ports[0].udp.port;
}

int
forward_client(const struct forward_bed *b, const char *host)
{
	struct sockaddr_storage ss;
	const socklen_t len = forward_address(&ss, host, forward_port(b));
	const int fd =
	    socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&ss, len), 0);
	return fd;
}

static bool
target_has(struct forward_bed *b)
{
	b->from_len = sizeof b->from;
	b->len = recvfrom(b->target, b->bytes, sizeof b->bytes, MSG_DONTWAIT,
	    (struct sockaddr *)&b->from, &b->from_len);
	return b->len >= 0;
}

void
forward_target_gets(struct forward_bed *b)
{
	FORWARD_UNTIL(b, target_has(b));
}

void
forward_target_says(struct forward_bed *b, const void *data, size_t n)
{
	assert_int_equal(sendto(b->target, data, n, 0,
			     (struct sockaddr *)&b->from, b->from_len),
	    n);
}

void
forward_client_gets(
    struct forward_bed *b, int client, const void *data, size_t n)
{
	static uint8_t bytes[70000];
	ssize_t got = -1;

	FORWARD_UNTIL(
	    b, (got = recv(client, bytes, sizeof bytes, MSG_DONTWAIT)) >= 0);
	assert_int_equal(got, n);
	assert_memory_equal(bytes, data, n);
}

uint64_t
forward_drops(const struct forward_bed *b, enum gw_drop why)
{
	return b->f->flows->drops[why];
}

void
forward_send(int fd, const void *data, size_t n)
{
	assert_int_equal(send(fd, data, n, 0), n);
}

void
forward_ask(struct forward_bed *b, int client, const char *q, const char *a)
{
	forward_send(client, q, strlen(q));
	forward_target_gets(b);
	assert_int_equal(b->len, strlen(q));
	assert_memory_equal(b->bytes, q, strlen(q));
	forward_target_says(b, a, strlen(a));
	forward_client_gets(b, client, a, strlen(a));
}
