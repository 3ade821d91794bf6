#include "diag/tracepoint.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag/trace_format.h"

#define EVENT "events/sock/inet_sock_set_state/"

enum {
	RING_PAGES = 64, /* of each CPU; a power of two */
	FORMAT_MAX = 8192,
	RECORD_MAX = 65535 /* its length is a uint16_t */
};

/* The ring of one CPU. */
struct ring {
	int fd;
	struct perf_event_mmap_page *page; /* the data follows it */
	size_t page_size;
};

struct pending {
	struct gw_transition t;
	uint64_t order; /* of reading: among those of one microsecond */
};

struct gw_tracepoint {
	struct gw_trace_format format;
	struct ring *rings;
	size_t ring_count;
	int epoll;
	struct pending *v; /* sorted; from `next` on not taken */
	size_t count, room, next, ready;
	uint64_t order, lost;
	uint8_t record[RECORD_MAX]; /* one that wraps around the ring's end */
};

/* ---- tracefs ---- */

/* Where it is mounted; else mounted for this descriptor alone, where nobody
 * else sees it.  -1: not to be had. */
static int
open_tracefs(void)
{
	static const char *const usual[] = { "/sys/kernel/tracing",
		"/sys/kernel/debug/tracing" };
	int fd, fs;

	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
		fd = open(usual[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && faccessat(fd, "events", X_OK, 0) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	fs = (int)syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -1;
	fd = -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC,
		    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	close(fs);
	return fd;
}

static bool
read_at(int dir, const char *name, char *out, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	out[used] = '\0';
	return n == 0 && used > 0;
}

/* The number of the event, and where its fields lie. */
static enum gw_err
read_event(struct gw_trace_format *format, uint64_t *id, struct gw_why *why)
{
	char text[FORMAT_MAX], number[32];
	int dir = open_tracefs();
	bool found;

	if (dir < 0)
		return gw_why(why, GW_E_FAILED,
		    "no tracefs can be read: that takes root");
	found = read_at(dir, EVENT "id", number, sizeof number) &&
		read_at(dir, EVENT "format", text, sizeof text);
	close(dir);
	if (!found)
		return gw_why(why, GW_E_FAILED,
		    "the tracepoint inet_sock_set_state cannot be read: that "
		    "takes root, and a kernel that has it");
	*id = strtoull(number, NULL, 10);
	if (!gw_trace_format_parse(format, text))
		return gw_why(why, GW_E_FAILED,
		    "this kernel's inet_sock_set_state has other fields");
	return GW_OK;
}

/* ---- rings ---- */

static int
open_ring(struct ring *r, uint64_t id, int cpu)
{
	struct perf_event_attr a = { .type = PERF_TYPE_TRACEPOINT,
		.size = sizeof a,
		.config = id,
		.sample_period = 1,
		.sample_type =
		    PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_RAW,
		.wakeup_events = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC };
	size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
	void *page;
	int error;

	r->fd = (int)syscall(SYS_perf_event_open, &a, -1, cpu, -1,
	    (unsigned long)PERF_FLAG_FD_CLOEXEC);
	if (r->fd < 0)
		return errno;
	/* Others are known by their protocol, too; this spares the ring. */
	(void)ioctl(r->fd, PERF_EVENT_IOC_SET_FILTER, "protocol == 6");
	page = mmap(NULL, (RING_PAGES + 1) * page_size, PROT_READ | PROT_WRITE,
	    MAP_SHARED, r->fd, 0);
	if (page == MAP_FAILED) {
		error = errno;
		close(r->fd);
		return error;
	}
	r->page = page;
	r->page_size = page_size;
	return 0;
}

static enum gw_err
open_rings(struct gw_tracepoint *t, uint64_t id, struct gw_why *why)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int error = ENODEV;

	if (cpus < 1)
		cpus = 1;
	t->rings = calloc((size_t)cpus, sizeof *t->rings);
	if (t->rings == NULL)
		return gw_why(why, GW_E_MEMORY, "out of memory");
	for (int cpu = 0; cpu < cpus; cpu++) {
		struct ring *r = &t->rings[t->ring_count];
		struct epoll_event e = { .events = EPOLLIN };
		int failed = open_ring(r, id, cpu);

		/* A CPU that is off changes no states. */
		if (failed == ENODEV)
			continue;
		if (failed != 0)
			return gw_why(why, GW_E_FAILED,
			    "perf events are not allowed here: %s",
			    strerror(failed));
		error = 0;
		t->ring_count++;
		epoll_ctl(t->epoll, EPOLL_CTL_ADD, r->fd, &e);
	}
	if (error != 0)
		return gw_why(why, GW_E_FAILED, "no CPU has perf events");
	return GW_OK;
}

enum gw_err
gw_tracepoint_open(struct gw_tracepoint **out, struct gw_why *why)
{
	struct gw_tracepoint *t = calloc(1, sizeof *t);
	enum gw_err err;
	uint64_t id;

	if (t == NULL)
		return gw_why(why, GW_E_MEMORY, "out of memory");
	if ((t->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) {
		err = gw_why_errno(why, errno, "epoll");
		free(t);
		return err;
	}
	err = read_event(&t->format, &id, why);
	if (err == GW_OK)
		err = open_rings(t, id, why);
	if (err != GW_OK) {
		gw_tracepoint_free(t);
		return err;
	}
	*out = t;
	return GW_OK;
}

void
gw_tracepoint_free(struct gw_tracepoint *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->ring_count; i++) {
		munmap(
		    t->rings[i].page, (RING_PAGES + 1) * t->rings[i].page_size);
		close(t->rings[i].fd);
	}
	free(t->rings);
	free(t->v);
	close(t->epoll);
	free(t);
}

int
gw_tracepoint_fd(const struct gw_tracepoint *t)
{
	return t->epoll;
}

/* ---- reading ---- */

static enum gw_err
add(struct gw_tracepoint *t, const struct gw_transition *transition)
{
	if (t->count == t->room) {
		size_t room = t->room != 0 ? 2 * t->room : 256;
		struct pending *v = realloc(t->v, room * sizeof *v);

		if (v == NULL)
			return GW_E_MEMORY;
		t->v = v;
		t->room = room;
	}
	t->v[t->count++] = (struct pending){ *transition, t->order++ };
	return GW_OK;
}

/* The bytes at `at`, whole even where the ring ends in them. */
static const uint8_t *
bytes_at(struct gw_tracepoint *t, const struct ring *r, uint64_t at, size_t n)
{
	const uint8_t *data = (const uint8_t *)r->page + r->page_size;
	size_t size = RING_PAGES * r->page_size, offset = at % size;

	if (offset + n <= size)
		return data + offset;
	memcpy(t->record, data + offset, size - offset);
	memcpy(t->record + (size - offset), data, n - (size - offset));
	return t->record;
}

static enum gw_err
drain(struct gw_tracepoint *t, const struct ring *r)
{
	uint64_t head = __atomic_load_n(&r->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = r->page->data_tail, lost;
	struct perf_event_header h;
	struct gw_transition transition;
	enum gw_err err = GW_OK;

	while (err == GW_OK && head - tail >= sizeof h) {
		memcpy(&h, bytes_at(t, r, tail, sizeof h), sizeof h);
		if (h.size < sizeof h || h.size > head - tail)
			break;
		switch (gw_trace_record(&t->format,
		    gw_slice(bytes_at(t, r, tail, h.size), h.size), &transition,
		    &lost)) {
		case GW_TRACE_TRANSITION:
			err = add(t, &transition);
			break;
		case GW_TRACE_LOST:
			t->lost += lost;
			break;
		case GW_TRACE_OTHER:
			break;
		}
		tail += h.size;
	}
	__atomic_store_n(
	    &r->page->data_tail, err == GW_OK ? head : tail, __ATOMIC_RELEASE);
	return err;
}

static int
by_time(const void *va, const void *vb)
{
	const struct pending *a = va, *b = vb;

	if (a->t.at != b->t.at)
		return a->t.at < b->t.at ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

enum gw_err
gw_tracepoint_collect(struct gw_tracepoint *t, gw_usec now)
{
	struct epoll_event events[8];
	enum gw_err err = GW_OK;

	/* So that it is not readable any more. */
	(void)epoll_wait(t->epoll, events, 8, 0);
	if (t->next > 0)
		memmove(
		    t->v, t->v + t->next, (t->count - t->next) * sizeof *t->v);
	t->count -= t->next;
	t->next = t->ready = 0;
	for (size_t i = 0; i < t->ring_count && err == GW_OK; i++)
		err = drain(t, &t->rings[i]);
	if (t->count > 0)
		qsort(t->v, t->count, sizeof *t->v, by_time);
	while (t->ready < t->count &&
	       t->v[t->ready].t.at + GW_TRACEPOINT_DELAY <= now)
		t->ready++;
	return err;
}

bool
gw_tracepoint_take(struct gw_tracepoint *t, struct gw_transition *out)
{
	if (t->next == t->ready)
		return false;
	*out = t->v[t->next++].t;
	return true;
}

bool
gw_tracepoint_pending(const struct gw_tracepoint *t)
{
	return t->next < t->count;
}

uint64_t
gw_tracepoint_lost(const struct gw_tracepoint *t)
{
	return t->lost;
}
