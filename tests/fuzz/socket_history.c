/*
 * Any mixture of lists, ends, transitions and sessions of a few sockets:
 * whatever the kernel tells, and in whatever order, each entry's steps are in
 * the order of time, nothing follows "gone", and all news comes once.
 */
#include <string.h>

#include "base/assert.h"
#include "diag/socket_history.h"
#include "fuzz.h"

enum { ROWS = 8 };

struct input {
	const uint8_t *p, *end;
};

static unsigned
take(struct input *in, unsigned below)
{
	return in->p < in->end ? *in->p++ % below : 0;
}

/* Few ports and cookies, so that they meet. */
static struct gw_socket
row(struct input *in)
{
	struct gw_socket s = { .protocol = (uint8_t)take(in, 5) / 4,
		.state = (uint8_t)take(in, GW_SOCKET_CLOSED + 1),
		.cookie = 1 + take(in, 6),
		.inode = take(in, 2),
		.local.port = (uint16_t)(1 + take(in, 3)),
		.remote.port = (uint16_t)take(in, 3) };

	if (s.protocol == GW_SOCKET_UDP)
		s.state = GW_SOCKET_UNCONNECTED;
	if (s.state == GW_SOCKET_LISTEN)
		s.remote.port = 0;
	return s;
}

static struct gw_transition
transition(struct input *in, gw_usec now)
{
	return (struct gw_transition){ .id = 1 + take(in, 4),
		.at = now - take(in, 3),
		.local.port = (uint16_t)take(in, 4),
		.remote.port = (uint16_t)take(in, 3),
		.from = (uint8_t)take(in, GW_SOCKET_CLOSED + 1),
		.to = (uint8_t)take(in, GW_SOCKET_CLOSED + 1),
		.ours = take(in, 2) };
}

static void
check(const struct gw_history *h)
{
	const struct gw_history_entry *e = NULL;

	while ((e = gw_history_next(h, e)) != NULL) {
		GW_ASSERT(e->step_count > 0);
		GW_ASSERT(e->step_count <= GW_HISTORY_STEPS);
		for (unsigned i = 1; i < e->step_count; i++) {
			GW_ASSERT(e->steps[i - 1].state != GW_SOCKET_GONE);
			GW_ASSERT(e->steps[i - 1].since <= e->steps[i].since);
			GW_ASSERT(e->steps[i - 1].state != e->steps[i].state);
		}
	}
}

static void
pull(struct gw_history *h)
{
	struct gw_history_change c;

	while (gw_history_change(h, &c))
		GW_ASSERT(c.step < c.entry->step_count);
}

/* Its states are in order: a reader sees to that. */
static enum gw_err
session(struct gw_history *h, struct input *in, gw_usec now)
{
	struct gw_history_step steps[GW_HISTORY_STEPS];
	struct gw_socket s = row(in);
	unsigned count = 0;

	for (unsigned i = GW_SOCKET_SYN_SENT; i <= GW_SOCKET_CLOSED; i++)
		if (count == 0 || take(in, 2))
			steps[count++] =
			    (struct gw_history_step){ .since = now - 20 + i,
				    .state = (uint8_t)i };
	s.protocol = GW_SOCKET_SESSION;
	s.state = steps[count - 1].state;
	return gw_history_session(h, &s, steps, count, now - 10);
}

static enum gw_err
step(struct gw_history *h, struct input *in, gw_usec now)
{
	struct gw_socket rows[ROWS];
	struct gw_transition t;
	size_t count;

	switch (take(in, 5)) {
	case 0:
		count = take(in, ROWS + 1);
		for (size_t i = 0; i < count; i++)
			rows[i] = row(in);
		return gw_history_snapshot(h, rows, count, now - 5, now);
	case 1:
		rows[0] = row(in);
		return gw_history_ended(h, &rows[0], now);
	case 2:
		pull(h);
		gw_history_forget(h, now - take(in, 100));
		return GW_OK;
	case 3:
		return session(h, in, now);
	default:
		t = transition(in, now);
		return gw_history_transition(h, &t);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct gw_history *h;
	gw_usec now = GW_SEC;

	GW_ASSERT(gw_history_new(1, &h) == GW_OK);
	while (in.p < in.end) {
		GW_ASSERT(step(h, &in, now) == GW_OK);
		now += take(&in, 20);
		check(h);
	}
	pull(h);
	gw_history_forget(h, GW_NEVER);
	gw_history_free(h);
	return 0;
}
