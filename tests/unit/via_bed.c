#include "via_bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os_fixture.h"
#include "run/forward.h"

enum { DEVICES = 2, PATIENCE = 60000 /* turns of a millisecond */ };

/* ---- life ---- */

int
via_bed_setup(void **state)
{
	struct via_bed *b;
	void *dir = NULL;

	if (os_fixture_setup(&dir) != 0 || (b = calloc(1, sizeof *b)) == NULL)
		return -1;
	b->dir = dir;
	b->g = peer_context("bed", DEVICES);
	*state = b;
	return 0;
}

int
via_bed_teardown(void **state)
{
	struct via_bed *b = *state;
	void *dir = b->dir;

	gw_close(b->g);
	for (unsigned i = 0; i < b->peers; i++) {
		/* Whoever forwards has let go of it. */
		assert_true(b->p[i].closed || b->p[i].conn.ready == NULL);
		peer_fini(&b->p[i]);
	}
	free(b);
	return os_fixture_teardown(&dir);
}

struct peer *
via_bed_peer(struct via_bed *b)
{
	assert_true(b->peers < VIA_BED_PEERS);
	peer_init(&b->p[b->peers]);
	return &b->p[b->peers++];
}

/* ---- turns ---- */

static void
take_events(struct via_bed *b)
{
	struct gw_forward_event e;

	while (b->set != NULL && gw_forward_next(b->set, &e)) {
		const char *text =
		    e.kind >= GW_FORWARD_WARNING ? e.text : e.flow.error;

		if (b->n == VIA_BED_EVENTS)
			continue;
		snprintf(b->texts[b->n], sizeof b->texts[b->n], "%s", text);
		e.text = e.flow.error = b->texts[b->n];
		b->seen[b->n++] = e;
	}
}

void
via_bed_turn(struct via_bed *b)
{
	for (unsigned k = 0; k < 3; k++) {
		for (unsigned i = 0; i < b->peers; i++)
			peer_turn(&b->p[i]);
		gw_dispatch(b->g);
	}
	take_events(b);
}

static void
wait_a_little(struct via_bed *b, int fd, short events)
{
	struct pollfd p[2] = { { gw_fd(b->g), POLLIN, 0 }, { fd, events, 0 } };

	via_bed_turn(b);
	poll(p, 2, 1);
	via_bed_turn(b);
}

void
via_bed_leap(struct via_bed *b, gw_usec time)
{
	peer_leap(time);
	via_bed_turn(b);
}

void
via_bed_wait(struct via_bed *b, unsigned *n)
{
	assert_true((*n)++ < PATIENCE);
	wait_a_little(b, -1, 0);
}

void
via_bed_drops(struct via_bed *b, enum gw_drop d, uint64_t n)
{
	unsigned waits = 0;

	while (via_bed_rule(b).drops[d] < n)
		via_bed_wait(b, &waits);
	assert_int_equal(via_bed_rule(b).drops[d], n);
}

struct gw_tunnel_message
via_bed_hear_any(struct via_bed *b, struct peer *p, uint16_t lane)
{
	struct gw_tunnel_message m;
	unsigned waits = 0;

	while (!peer_hear(p, lane, &m)) {
		if (p->closed)
			fail_msg("nothing is heard; %s", p->why);
		via_bed_wait(b, &waits);
	}
	return m;
}

struct gw_tunnel_message
via_bed_hear(
    struct via_bed *b, struct peer *p, uint16_t lane, enum gw_tunnel_kind kind)
{
	const struct gw_tunnel_message m = via_bed_hear_any(b, p, lane);

	assert_int_equal(m.kind, kind);
	return m;
}

struct gw_tunnel_datagram
via_bed_hear_datagram(struct via_bed *b, struct peer *p)
{
	struct gw_tunnel_datagram d;

	unsigned waits = 0;

	while (!peer_hear_datagram(p, &d))
		via_bed_wait(b, &waits);
	return d;
}

void
via_bed_is_lost(
    struct via_bed *b, struct peer *p, enum gw_err err, const char *text)
{
	via_bed_turn(b);
	assert_true(p->closed);
	assert_int_equal(p->err, err);
	if (strstr(p->why, text) == NULL)
		fail_msg("it says: %s", p->why);
}

void
via_bed_is_there(struct via_bed *b, struct peer *p)
{
	via_bed_turn(b);
	if (p->closed)
		fail_msg("it was given up: %s", p->why);
}

const struct gw_forward_event *
via_bed_told(struct via_bed *b, enum gw_forward_event_kind kind, unsigned nth)
{
	via_bed_turn(b);
	for (unsigned i = 0; i < b->n; i++)
		if (b->seen[i].kind == kind && nth-- == 0)
			return &b->seen[i];
	return NULL;
}

void
via_bed_forget(struct via_bed *b)
{
	take_events(b);
	b->n = 0;
}

struct gw_forward_rule
via_bed_rule(const struct via_bed *b)
{
	struct gw_forward_rule r;

	assert_true(gw_forward_rule(b->set, 0, &r));
	return r;
}

/* ---- who asks ---- */

struct peer *
via_bed_ask(struct via_bed *b, const char *const *rules, size_t n, bool reverse)
{
	static const uint8_t key[GW_KEY_LEN] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1 };
	const struct gw_forward_options o = { .rules = rules,
		.rule_count = n,
		.via = "peer-0",
		.via_host = "192.0.2.1",
		.reverse = reverse };
	struct peer *p = via_bed_peer(b);

	if (gw_forward_open(b->g, &o, &b->set) != GW_OK)
		fail_msg("%s", gw_last_error(b->g));
	via_bed_leap(b, 1000);
	peer_answer(p, key);
	via_bed_hear(b, p, 0, GW_TUNNEL_HELLO);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		    via_bed_hear(b, p, 0, GW_TUNNEL_OPEN).reverse, reverse);
	return p;
}

void
via_bed_accept(struct via_bed *b, struct peer *p, uint16_t rule)
{
	peer_say(p, 0,
	    &(struct gw_tunnel_message){ .kind = GW_TUNNEL_ACCEPT,
		.rule = rule,
		.port = 4711,
		.idle_ms = 180000,
		.unreplied_ms = 60000 });
	via_bed_is_there(b, p);
}

/* ---- who serves ---- */

void
via_bed_serve(struct via_bed *b, const char *const *rights, size_t n)
{
	struct gw_serve_right v[8];
	struct gw_serve_options o = { .address = "127.0.0.1",
		.carriers = GW_CARRIERS_TCP,
		.rights = v,
		.right_count = n };
	static char names[8][16];

	assert_true(n <= 8);
	for (size_t i = 0; i < n; i++) {
		const char *space = strchr(rights[i], ' ');

		v[i] = (struct gw_serve_right){ .right = rights[i] };
		if (space == NULL)
			continue;
		snprintf(names[i], sizeof names[i], "%.*s",
		    (int)(space - rights[i]), rights[i]);
		v[i].device = names[i];
		v[i].right = space + 1;
	}
	if (gw_serve_open(b->g, &o, &b->serve) != GW_OK)
		fail_msg("%s", gw_last_error(b->g));
	b->set = gw_serve_forward(b->serve);
}

struct peer *
via_bed_come(struct via_bed *b, unsigned device, uint8_t id)
{
	struct gw_tunnel_message hello = { .kind = GW_TUNNEL_HELLO };
	struct peer *p = via_bed_peer(b);
	uint8_t key[GW_KEY_LEN];

	memset(key, (int)(device + 1), sizeof key);
	peer_come(p, key);
	memset(hello.id, id, sizeof hello.id);
	if (!p->closed)
		peer_say(p, 0, &hello);
	via_bed_turn(b);
	return p;
}

struct gw_tunnel_message
via_bed_open(struct via_bed *b, struct peer *p, uint16_t rule, bool reverse,
    const char *text)
{
	struct gw_tunnel_message m = { .kind = GW_TUNNEL_OPEN,
		.rule = rule,
		.reverse = reverse,
		.text = gw_slice_str(text) };

	peer_say(p, 0, &m);
	via_bed_is_there(b, p);
	assert_true(peer_hear(p, 0, &m));
	assert_int_equal(m.rule, rule);
	return m;
}

void
via_bed_refused(struct via_bed *b, struct peer *p, bool reverse,
    const char *rule, const char *why)
{
	const struct gw_tunnel_message m = via_bed_open(b, p, 1, reverse, rule);
	char text[512];

	snprintf(
	    text, sizeof text, "%.*s", (int)m.text.n, (const char *)m.text.p);
	if (m.kind != GW_TUNNEL_REFUSE)
		fail_msg("%s was accepted", rule);
	if (strstr(text, why) == NULL)
		fail_msg("%s: %s", rule, text);
	assert_null(b->set->first);
}

void
via_bed_accepted(struct via_bed *b, struct peer *p, uint16_t number,
    bool reverse, const char *rule)
{
	const struct gw_tunnel_message m =
	    via_bed_open(b, p, number, reverse, rule);

	if (m.kind != GW_TUNNEL_ACCEPT)
		fail_msg(
		    "%s: %.*s", rule, (int)m.text.n, (const char *)m.text.p);
}

/* ---- sockets ---- */

static int
bound(int type, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

int
via_bed_listen(uint16_t *port)
{
	int fd = bound(SOCK_STREAM, port);

	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

int
via_bed_bind(uint16_t *port)
{
	return bound(SOCK_DGRAM, port);
}

int
via_bed_connect(uint16_t port, int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

int
via_bed_accept_at(struct via_bed *b, int listener)
{
	int fd;

	for (unsigned i = 0; (fd = accept4(listener, NULL, NULL,
				  SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0;
	     i++) {
		assert_true(i < PATIENCE);
		wait_a_little(b, listener, POLLIN);
	}
	return fd;
}

long
via_bed_read(struct via_bed *b, int fd, void *out, size_t n)
{
	size_t got = 0;
	ssize_t k;

	for (unsigned i = 0; got < n; i++) {
		k = recv(fd, (char *)out + got, n - got, 0);
		if (k == 0)
			break;
		if (k > 0)
			got += (size_t)k;
		else if (errno != EAGAIN)
			return -1;
		else
			wait_a_little(b, fd, POLLIN);
		assert_true(i < PATIENCE);
	}
	return (long)got;
}
