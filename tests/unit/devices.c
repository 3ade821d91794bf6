#include "devices.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LONG_ENOUGH = 60000, AT_MOST = 8 };

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- one of them ---- */

void
device_open(struct device *d, const char *name)
{
	struct gw_options o = GW_OPTIONS_INIT;
	char data[64], state[64], why[256] = "";

	memset(d, 0, sizeof *d);
	d->answer = GW_ANSWER_YES;
	snprintf(data, sizeof data, "%s-data", name);
	snprintf(state, sizeof state, "%s-state", name);
	o.data_dir = data;
	o.state_dir = state;
	o.device_name = name;
	o.why = why;
	o.why_size = sizeof why;
	assert_int_equal(gw_open(&o, &d->g), GW_OK);
	assert_string_equal(why, "");
}

void
device_close(struct device *d)
{
	gw_job_free(d->job);
	gw_close(d->g);
	d->job = NULL;
	d->g = NULL;
}

void
device_forget(struct device *d)
{
	struct device fresh = {
		.g = d->g, .answer = d->answer, .hold = d->hold
	};

	gw_job_free(d->job);
	*d = fresh;
}

/* Which one it is must not depend on how busy this machine is. */
static void
on_one_carrier(struct gw_link_options *link)
{
	if (link->carriers == GW_CARRIERS_AUTO)
		link->carriers = GW_CARRIERS_TCP;
}

void
device_send(struct device *d, const struct device *to,
    const struct gw_send_options *given, const char *path)
{
	struct gw_send_options o = *given;
	const char *paths[] = { path };

	on_one_carrier(&o.link);
	o.link.host = "127.0.0.1";
	o.link.port = to->port;
	if (o.link.code == NULL)
		o.link.code = to->code;
	o.paths = paths;
	o.path_count = 1;
	assert_int_equal(gw_send(d->g, &o, &d->job), GW_OK);
	assert_string_equal(gw_last_error(d->g), "");
}

void
device_wait_recv(
    struct device *d, const struct gw_recv_options *given, const char *dir)
{
	struct gw_recv_options o = *given;

	on_one_carrier(&o.link);
	o.link.listen = "127.0.0.1";
	o.dir = dir;
	assert_int_equal(gw_recv(d->g, &o, &d->job), GW_OK);
	device_pull(d);
	assert_int_equal(d->seen[GW_EVENT_LISTENING], 1);
	assert_int_not_equal(d->port, 0);
}

/* ---- what it tells ---- */

static void
keep(char *out, size_t cap, const char *text)
{
	assert_non_null(text);
	snprintf(out, cap, "%s", text);
}

static void
note(struct device *d, const struct gw_event *ev)
{
	switch (ev->kind) {
	case GW_EVENT_LISTENING:
		keep(d->code, sizeof d->code, ev->listening.code);
		d->port = ev->listening.port;
		break;
	case GW_EVENT_CONNECTED:
		keep(d->peer, sizeof d->peer, ev->connected.peer);
		keep(d->peer_key, sizeof d->peer_key, ev->connected.key);
		d->resumed = ev->connected.resumed;
		break;
	case GW_EVENT_OFFER:
		d->offer = *ev;
		break;
	case GW_EVENT_PROGRESS:
		d->bytes = ev->progress.bytes;
		if (d->bytes > d->most_bytes)
			d->most_bytes = d->bytes;
		break;
	case GW_EVENT_ENTRY:
		keep(d->entry, sizeof d->entry, ev->entry.name);
		break;
	case GW_EVENT_COMPLETE:
		d->complete = *ev;
		break;
	case GW_EVENT_NOTICE:
		d->what = ev->notice.what;
		keep(d->notice, sizeof d->notice, ev->notice.text);
		break;
	case GW_EVENT_ERROR:
		d->error = ev->error.err;
		keep(d->reason, sizeof d->reason, ev->error.reason);
		break;
	case GW_EVENT_END:
		d->end = ev->end.err;
		d->over = true;
		break;
	case GW_EVENT_CONFLICT:
		break;
	}
}

void
device_pull(struct device *d)
{
	struct gw_event ev;
	bool asks;

	while (d->job != NULL && gw_job_event(d->job, &ev)) {
		assert_false(d->over); /* nothing comes after END */
		assert_true(d->ordered < DEVICE_EVENTS);
		if (d->ordered == 0 || d->order[d->ordered - 1] != ev.kind)
			d->order[d->ordered++] = ev.kind;
		d->seen[ev.kind]++;
		note(d, &ev);
		asks = ev.kind == GW_EVENT_CONFLICT ||
		       (ev.kind == GW_EVENT_OFFER && ev.offer.needs_answer);
		if (asks && !d->hold)
			assert_int_equal(
			    gw_job_answer(d->job, d->answer), GW_OK);
	}
}

/* ---- all of them ---- */

bool
devices_run(
    struct device *v, size_t n, bool (*done)(void *arg), void *arg, int ms)
{
	struct pollfd p[AT_MOST];
	int64_t end = now_ms() + ms;

	assert_true(n <= AT_MOST);
	for (;;) {
		int64_t left = end - now_ms();

		for (size_t i = 0; i < n; i++) {
			p[i].fd =
			    v[i].deaf || v[i].g == NULL ? -1 : gw_fd(v[i].g);
			p[i].events = POLLIN;
			p[i].revents = 0;
			if (p[i].fd != -1)
				device_pull(&v[i]);
		}
		if (done(arg))
			return true;
		if (left <= 0)
			return false;
		assert_true(poll(p, n, (int)left) >= 0);
		for (size_t i = 0; i < n; i++)
			if (p[i].revents != 0)
				gw_dispatch(v[i].g);
	}
}

struct wanted {
	struct device *who;
	enum gw_event_kind kind;
	uint64_t bytes;
};

static bool
has_told(void *arg)
{
	const struct wanted *w = arg;

	return w->who->seen[w->kind] > 0 || w->who->over;
}

void
devices_until(
    struct device *v, size_t n, struct device *who, enum gw_event_kind kind)
{
	struct wanted w = { .who = who, .kind = kind };

	assert_true(devices_run(v, n, has_told, &w, LONG_ENOUGH));
	if (who->seen[kind] == 0)
		fail_msg("it ended: %s", who->reason);
}

static bool
has_moved(void *arg)
{
	const struct wanted *w = arg;

	return w->who->bytes >= w->bytes || w->who->over;
}

void
devices_until_bytes(
    struct device *v, size_t n, struct device *who, uint64_t bytes)
{
	struct wanted w = { .who = who, .bytes = bytes };

	assert_true(devices_run(v, n, has_moved, &w, LONG_ENOUGH));
	assert_true(who->bytes >= bytes);
}

struct all {
	struct device *v;
	size_t n;
};

static bool
all_over(void *arg)
{
	const struct all *a = arg;

	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].job != NULL && !a->v[i].over)
			return false;
	return true;
}

void
devices_until_over(struct device *v, size_t n)
{
	struct all a = { v, n };

	assert_true(devices_run(v, n, all_over, &a, LONG_ENOUGH));
}

/* ---- files ---- */

static void
put(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

void
devices_make_file(const char *name, size_t n)
{
	uint8_t *data = malloc(n + 8);
	uint64_t x = 88172645463325252u;

	assert_non_null(data);
	for (size_t i = 0; i < n; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(data + i, &x, 8);
	}
	put(name, data, n);
	free(data);
}

void
devices_make_tree(const char *name)
{
	struct timespec old[2] = { { 1000000000, 0 },
		{ 1111111111, 123456789 } };
	char path[300];

	assert_int_equal(mkdir(name, 0755), 0);
	snprintf(path, sizeof path, "%s/below", name);
	assert_int_equal(mkdir(path, 0750), 0);
	snprintf(path, sizeof path, "%s/below/three blocks", name);
	devices_make_file(path, (2 << 20) + 12345);
	snprintf(path, sizeof path, "%s/empty", name);
	put(path, "", 0);
	snprintf(path, sizeof path, "%s/small\n\xff", name);
	put(path, "hello", 5);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	snprintf(path, sizeof path, "%s/link", name);
	assert_int_equal(symlink("below/three blocks", path), 0);
}

void
devices_same_file(const char *a, const char *b)
{
	FILE *f = fopen(a, "r"), *g = fopen(b, "r");
	uint8_t x[4096], y[4096];
	size_t n;

	assert_non_null(f);
	if (g == NULL)
		fail_msg("%s is not there", b);
	do {
		n = fread(x, 1, sizeof x, f);
		assert_int_equal(fread(y, 1, sizeof y, g), n);
		assert_memory_equal(x, y, n);
	} while (n > 0);
	fclose(f);
	fclose(g);
}

static void
same_stat(const char *a, const char *b)
{
	struct stat s, t;

	assert_int_equal(lstat(a, &s), 0);
	if (lstat(b, &t) != 0)
		fail_msg("%s is not there", b);
	assert_int_equal(s.st_mode, t.st_mode);
	assert_int_equal(s.st_mtim.tv_sec, t.st_mtim.tv_sec);
	assert_int_equal(s.st_mtim.tv_nsec, t.st_mtim.tv_nsec);
}

void
devices_same_tree(const char *a, const char *b)
{
	static const char *const names[] = { "", "/below",
		"/below/three blocks", "/empty", "/small\n\xff", "/link" };
	char x[300], y[300], target[300] = "";

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(x, sizeof x, "%s%s", a, names[i]);
		snprintf(y, sizeof y, "%s%s", b, names[i]);
		same_stat(x, y);
		if (i >= 2 && i <= 4)
			devices_same_file(x, y);
	}
	assert_int_equal(readlink(y, target, sizeof target - 1), 18);
	assert_string_equal(target, "below/three blocks");
}

/* ---- descriptors ---- */

static void
each_descriptor(void (*f)(int fd, void *arg), void *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *d;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL) {
		int fd = (int)strtol(d->d_name, NULL, 10);

		if (d->d_name[0] != '.' && fd != dirfd(dir))
			f(fd, arg);
	}
	closedir(dir);
}

static void
count(int fd, void *arg)
{
	(void)fd;
	++*(unsigned *)arg;
}

unsigned
devices_descriptors(void)
{
	unsigned n = 0;

	each_descriptor(count, &n);
	return n;
}

struct cut {
	uint16_t port;
	unsigned count;
};

static void
cut_one(int fd, void *arg)
{
	struct cut *c = arg;
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	const struct sockaddr_in *in = (const void *)&ss;
	char lost[4096];

	if (getpeername(fd, (void *)&ss, &n) != 0 || ss.ss_family != AF_INET ||
	    ntohs(in->sin_port) != c->port)
		return;
	while (recv(fd, lost, sizeof lost, MSG_DONTWAIT) > 0)
		;
	assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
	c->count++;
}

unsigned
devices_cut(uint16_t port)
{
	struct cut c = { .port = port };

	each_descriptor(cut_one, &c);
	return c.count;
}
