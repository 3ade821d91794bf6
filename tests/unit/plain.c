#include "plain.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "os_fixture.h"

enum { LONG_ENOUGH = 60000 };

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
plain_open(struct plain *p)
{
	struct gw_options o = GW_OPTIONS_INIT;

	*p = (struct plain){ .g = NULL };
	o.data_dir = "data";
	o.state_dir = "state";
	o.device_name = "alder";
	assert_int_equal(gw_open(&o, &p->g), GW_OK);
}

void
plain_close(struct plain *p)
{
	gw_job_free(p->job);
	gw_close(p->g);
}

void
plain_forget(struct plain *p)
{
	gw_job_free(p->job);
	*p = (struct plain){ .g = p->g };
}

/* ---- what it tells ---- */

static void
keep(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text != NULL ? text : "");
}

#define KEEP(field, text) keep(p->field, sizeof p->field, text)

static void
note_entry(struct plain *p, const struct gw_event *e)
{
	KEEP(entry, e->entry.name);
	KEEP(final_name, e->entry.final_name);
	KEEP(reason, e->entry.reason);
	KEEP(from, e->entry.address);
	p->status = e->entry.status;
	p->bytes = e->entry.bytes;
}

static void
note(struct plain *p, const struct gw_event *e)
{
	switch (e->kind) {
	case GW_EVENT_LISTENING:
		assert_null(e->listening.code);
		p->port = e->listening.port;
		break;
	case GW_EVENT_CONNECTED:
		assert_null(e->connected.key);
		KEEP(address, e->connected.address);
		KEEP(carrier, e->connected.carrier);
		KEEP(cipher, e->connected.cipher);
		break;
	case GW_EVENT_OFFER:
		assert_false(e->offer.needs_answer);
		assert_int_equal(e->offer.name_count, 1);
		KEEP(offered, e->offer.names[0]);
		p->offer = *e;
		break;
	case GW_EVENT_PROGRESS:
		p->progress = *e;
		break;
	case GW_EVENT_ENTRY:
		note_entry(p, e);
		break;
	case GW_EVENT_COMPLETE:
		p->complete = *e;
		break;
	case GW_EVENT_NOTICE:
		KEEP(notice, e->notice.text);
		p->what = e->notice.what;
		break;
	case GW_EVENT_ERROR:
		p->error = e->error.err;
		KEEP(error_text, e->error.reason);
		break;
	case GW_EVENT_END:
		p->end = e->end.err;
		p->over = true;
		break;
	case GW_EVENT_CONFLICT:
		fail_msg("it asks");
		break;
	}
}

static void
pull(struct plain *p)
{
	struct gw_event e;

	while (p->job != NULL && gw_job_event(p->job, &e)) {
		assert_false(p->over);
		p->seen[e.kind]++;
		note(p, &e);
	}
}

/* Let it work until fd can be read (-1: until something was told); false:
 * the time is over. */
static bool
wait_for(struct plain *p, int fd, int64_t end)
{
	struct pollfd fds[2] = { { .fd = gw_fd(p->g), .events = POLLIN },
		{ .fd = fd, .events = POLLIN } };
	int64_t left = end - now_ms();

	pull(p);
	if (left <= 0)
		return false;
	assert_true(poll(fds, 2, (int)left) >= 0);
	if (fds[0].revents != 0)
		gw_dispatch(p->g);
	pull(p);
	return true;
}

void
plain_until(struct plain *p, enum gw_event_kind kind, unsigned count)
{
	int64_t end = now_ms() + LONG_ENOUGH;

	pull(p);
	while (p->seen[kind] < count)
		if (!wait_for(p, -1, end))
			fail_msg(
			    "event %d did not come %u times", (int)kind, count);
}

void
plain_run(struct plain *p, int ms)
{
	int64_t end = now_ms() + ms;

	while (wait_for(p, -1, end))
		;
}

void
plain_ends(struct plain *p, enum gw_err err)
{
	plain_until(p, GW_EVENT_END, 1);
	if (p->end != err)
		fail_msg(
		    "it ended with %s: %s", gw_err_name(p->end), p->error_text);
}

/* ---- jobs ---- */

struct gw_classic_recv_options
plain_recv_options(void)
{
	struct gw_classic_recv_options o = GW_CLASSIC_RECV_OPTIONS_INIT;

	o.listen = "127.0.0.1";
	o.dir = "in";
	return o;
}

void
plain_recv(struct plain *p, const struct gw_classic_recv_options *o)
{
	if (gw_classic_recv(p->g, o, &p->job) != GW_OK)
		fail_msg("%s", gw_last_error(p->g));
	plain_until(p, GW_EVENT_LISTENING, 1);
	assert_int_not_equal(p->port, 0);
}

struct gw_classic_send_options
plain_send_options(const char *path, uint16_t port)
{
	struct gw_classic_send_options o = GW_CLASSIC_SEND_OPTIONS_INIT;

	o.host = "127.0.0.1";
	o.port = port;
	o.path = path;
	return o;
}

void
plain_send(struct plain *p, const struct gw_classic_send_options *o)
{
	if (gw_classic_send(p->g, o, &p->job) != GW_OK)
		fail_msg("%s", gw_last_error(p->g));
}

void
plain_serve(struct plain *p, const struct gw_classic_recv_options *o)
{
	plain_open(p);
	if (!os_fixture_exists("in"))
		assert_int_equal(mkdir("in", 0755), 0);
	plain_recv(p, o);
}

/* ---- the other side ---- */

static struct sockaddr_in
loopback(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
}

int
plain_connect(const struct plain *p)
{
	struct sockaddr_in to = loopback(p->port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (void *)&to, sizeof to), 0);
	return fd;
}

int
plain_listen(uint16_t *port)
{
	struct sockaddr_in at = loopback(0);
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (void *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static bool
readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void
until_readable(struct plain *p, int fd)
{
	int64_t end = now_ms() + LONG_ENOUGH;

	while (!readable(fd))
		if (!wait_for(p, fd, end))
			fail_msg("nothing came: %s", p->error_text);
}

int
plain_accept(struct plain *p, int listening)
{
	int fd;

	until_readable(p, listening);
	fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

void
plain_say(int fd, const void *data, size_t n)
{
	assert_int_equal(send(fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

void
plain_hears(struct plain *p, int fd, const void *data, size_t n)
{
	uint8_t *got = malloc(n + 1);
	size_t at = 0;
	ssize_t r;

	for (; at < n; at += (size_t)r) {
		until_readable(p, fd);
		r = recv(fd, got + at, n - at, 0);
		if (r <= 0)
			fail_msg(
			    "it ended after %zu bytes: %s", at, p->error_text);
	}
	assert_memory_equal(got, data, n);
	free(got);
}

void
plain_hears_nothing(struct plain *p, int fd, int ms)
{
	plain_run(p, ms);
	assert_false(readable(fd));
}

void
plain_is_ended(struct plain *p, int fd, enum plain_end how)
{
	socklen_t len = sizeof(int);
	char buf[65536];
	int error;
	ssize_t r;

	do {
		until_readable(p, fd);
		r = recv(fd, buf, sizeof buf, 0);
	} while (r > 0);
	assert_int_equal(r == 0 ? PLAIN_FIN : PLAIN_RST, how);
	/* A reset may follow a FIN: some kernels forget what is unread then. */
	if (how == PLAIN_FIN) {
		assert_int_equal(
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len), 0);
		assert_int_equal(error, 0);
	}
	close(fd);
}

void
plain_reset(int fd)
{
	struct linger l = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	close(fd);
}

int
plain_named(struct plain *p, const char *name)
{
	int fd = plain_connect(p);

	plain_say(fd, name, strlen(name));
	PLAIN_HEARS(p, fd, "ok");
	return fd;
}

void
plain_send_file(struct plain *p, const char *name, const char *content)
{
	unsigned before = p->seen[GW_EVENT_COMPLETE];
	int fd = plain_named(p, name);

	plain_say(fd, content, strlen(content));
	shutdown(fd, SHUT_WR);
	plain_is_ended(p, fd, PLAIN_FIN);
	plain_until(p, GW_EVENT_COMPLETE, before + 1);
}

unsigned
plain_count(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}
