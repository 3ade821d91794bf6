/*
 * A hostile sender that is past the handshake: the input is a program of
 * what it says on both streams and of what the receiver's disk and clock do
 * meanwhile.  The receiver writes only what was offered and where it was
 * offered, keeps its memory, and comes to an end.
 */
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "sim/disk.h"
#include "transfer/receiver.h"

enum { WINDOW = 3 << 20, TASKS = 256 };

struct victim {
	struct gw_receiver *receiver;
	struct disk disk;
	struct gw_task *tasks[TASKS];
	unsigned task_n;
	size_t window;
	gw_usec now;
	bool over;
};

static const uint8_t zeros[GW_BLOCK];

static void
on_offer(struct victim *v)
{
	struct gw_journal_head h = { .seed = 7, .dev = 1, .fresh = true };
	struct gw_journal *j;

	GW_ASSERT(gw_journal_new(&h, &v->disk.journal, &j) == GW_OK);
	GW_ASSERT(gw_receiver_accept(v->receiver, j, v->disk.random % 2 == 0) ==
		  GW_OK);
}

static void
pull(struct victim *v)
{
	struct gw_receiver_event ev;

	while (v->task_n < TASKS && gw_receiver_event(v->receiver, &ev)) {
		if (ev.kind == GW_RECEIVER_OFFER)
			on_offer(v);
		else if (ev.kind == GW_RECEIVER_TASK)
			v->tasks[v->task_n++] = ev.task;
		else if (ev.kind == GW_RECEIVER_CONFLICT)
			gw_receiver_resolve(
			    v->receiver, GW_CONFLICT_SKIP, false);
		else if (ev.kind == GW_RECEIVER_FAILED)
			v->over = true;
	}
	gw_receiver_control_sent(
	    v->receiver, gw_receiver_control(v->receiver).n);
	v->window += gw_receiver_credit(v->receiver);
	GW_ASSERT(v->window <= WINDOW);
}

static void
finish_task(struct victim *v)
{
	unsigned i;
	struct gw_task *task;

	if (v->task_n == 0)
		return;
	i = (unsigned)disk_random(&v->disk, v->task_n);
	task = v->tasks[i];
	v->tasks[i] = v->tasks[--v->task_n];
	disk_do(&v->disk, task);
	gw_receiver_task_done(v->receiver, task, v->now);
}

static void
content(struct victim *v, struct gw_slice s)
{
	s.n = s.n < v->window ? s.n : v->window;
	v->window -= s.n;
	gw_receiver_content(v->receiver, s, v->now);
}

static void
act(struct victim *v, struct gw_reader *r)
{
	const uint8_t what = gw_read_u8(r);
	size_t n = gw_read_u16(r);

	if (n > gw_reader_left(r))
		n = gw_reader_left(r);
	switch (what % 6) {
	case 0:
		gw_receiver_input(v->receiver, gw_read_bytes(r, n), v->now);
		break;
	case 1:
		content(v, gw_read_bytes(r, n));
		break;
	case 2: /* what the bytes of a block are does not matter */
		content(v, gw_slice(zeros, 16 * n));
		break;
	case 3:
		finish_task(v);
		break;
	case 4:
		v->now += (gw_usec)n * 100;
		gw_receiver_tick(v->receiver, v->now);
		break;
	default:
		break;
	}
	pull(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct gw_reader r = gw_reader(gw_slice(data, n));
	struct gw_receiver_options o = {
		.on_conflict = (enum gw_conflict)(gw_read_u8(&r) % 3),
		.archive = gw_read_u8(&r) & 1,
		.seed = 3,
	};
	static struct victim v;

	memset(&v, 0, sizeof v);
	v.window = WINDOW;
	disk_init(&v.disk, gw_read_u8(&r));
	v.disk.space = 32 << 20;
	if (o.on_conflict == 0)
		o.on_conflict = GW_CONFLICT_RENAME;
	GW_ASSERT(gw_receiver_new(&o, &v.receiver) == GW_OK);
	while (!v.over && gw_reader_ok(&r) && gw_reader_left(&r) > 0)
		act(&v, &r);
	gw_receiver_checkpoint(v.receiver);
	do {
		pull(&v);
		finish_task(&v);
	} while (v.task_n > 0);
	gw_receiver_free(v.receiver);
	disk_fini(&v.disk);
	return 0;
}
