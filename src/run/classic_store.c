#include "run/classic_store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "run/crew.h"

enum { WORKERS = 3 };

#define TEMP_PREFIX ".godwit-plain-"
#define PARTIAL ".partial"

struct gw_classic_store {
	struct gw_work placing; /* first: it is found by it */
	struct gw_target *target;
	struct gw_crew *crew;
	struct gw_loop *loop;
	enum gw_conflict on_conflict;
	struct gw_random random;

	bool placing_busy;
	/* with content that is durable: to be named next; being named */
	struct gw_classic_file *unnamed, **unnamed_end, *naming;

	pthread_mutex_t lock; /* of the pumps, which workers take and put */
	struct gw_pump *pumps[WORKERS];
	unsigned pump_count;
};

/* ---- tasks, on a worker thread ---- */

static struct gw_target_file
target_file(const struct gw_classic_file *f, const char *name)
{
	return (struct gw_target_file){ .path = gw_slice_str(name),
		.temp = f->temp };
}

/* What cannot be kept in the end is not begun. */
static enum gw_err
check_name(struct gw_classic_store *s, struct gw_classic_file *f)
{
	struct gw_stamp stamp;
	enum gw_err err;
	bool there;

	if (s->on_conflict == GW_CONFLICT_RENAME)
		return GW_OK;
	err = gw_target_stat(
	    s->target, gw_slice_str(f->name), &there, &stamp, &f->why);
	if (err != GW_OK || !there)
		return err;
	if (s->on_conflict == GW_CONFLICT_SKIP)
		return GW_E_AGAIN;
	if (stamp.kind == GW_KIND_DIR)
		return gw_why(&f->why, GW_E_FAILED,
		    "a directory is in the way, and is never replaced");
	return GW_OK;
}

static void
create(struct gw_classic_store *s, struct gw_classic_file *f)
{
	struct gw_target_file tf = target_file(f, f->name);

	f->size = 0;
	f->spliced = false;
	f->err = check_name(s, f);
	if (f->err == GW_OK)
		f->err = gw_target_own(s->target, &tf, &f->fd, &f->why);
}

static struct gw_pump *
take_pump(struct gw_classic_store *s, enum gw_err *err)
{
	struct gw_pump *pump = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->pump_count > 0)
		pump = s->pumps[--s->pump_count];
	pthread_mutex_unlock(&s->lock);
	*err = pump == NULL ? gw_pump_new(&pump) : GW_OK;
	return pump;
}

/* There are never more of them than workers. */
static void
put_pump(struct gw_classic_store *s, struct gw_pump *pump)
{
	pthread_mutex_lock(&s->lock);
	GW_ASSERT(s->pump_count < WORKERS);
	s->pumps[s->pump_count++] = pump;
	pthread_mutex_unlock(&s->lock);
}

static void
move(struct gw_classic_store *s, struct gw_classic_file *f)
{
	struct gw_pump_job job = {
		.socket = f->socket,
		.file = f->fd,
		.offset = f->size,
		.most = f->most,
		.spliced = f->spliced,
	};
	struct gw_pump *pump = take_pump(s, &f->err);

	f->moved = 0;
	f->came = GW_PUMPED_FAILED;
	if (f->err != GW_OK)
		return;
	f->came = gw_pump_in(pump, &job, &f->why);
	f->err = job.err;
	f->moved = job.moved;
	f->spliced = job.spliced;
	f->size += job.moved;
	put_pump(s, pump);
}

static void
close_file(struct gw_classic_file *f)
{
	close(f->fd);
	f->fd = -1;
}

static void
drop(struct gw_classic_store *s, struct gw_classic_file *f)
{
	struct gw_target_file tf = target_file(f, f->name);

	f->err = gw_target_temp_drop(s->target, &tf, &f->why);
	close_file(f);
}

/* Not durable is not kept; why it is not stays the reason. */
static void
make_durable(struct gw_classic_store *s, struct gw_classic_file *f)
{
	struct gw_target_file tf = target_file(f, f->name);

	f->err = gw_target_own_sync(f->fd, &f->why);
	if (f->err == GW_OK)
		return;
	(void)!gw_target_temp_drop(s->target, &tf, NULL);
	close_file(f);
}

static void
crew_work(struct gw_item *item, void *arg)
{
	struct gw_classic_file *f = (struct gw_classic_file *)(void *)item;

	f->err = GW_OK;
	f->why.text[0] = '\0';
	switch (f->task) {
	case GW_CLASSIC_TASK_CREATE:
		create(arg, f);
		break;
	case GW_CLASSIC_TASK_MOVE:
		move(arg, f);
		break;
	case GW_CLASSIC_TASK_KEEP:
	case GW_CLASSIC_TASK_KEEP_PARTIAL:
		make_durable(arg, f);
		break;
	case GW_CLASSIC_TASK_DROP:
		drop(arg, f);
		break;
	}
}

/* ---- names, a batch at a time ---- */

/* "name.partial", with as much of the name as leaves room for it; not cut
 * inside a character. */
static void
partial_name(const struct gw_classic_file *f, char out[GW_COMPONENT_MAX + 1])
{
	size_t n = strlen(f->name), most = GW_COMPONENT_MAX - strlen(PARTIAL);

	if (n > most)
		for (n = most; n > most - 3 && (f->name[n] & 0xc0) == 0x80;)
			n--;
	memcpy(out, f->name, n);
	memcpy(out + n, PARTIAL, sizeof PARTIAL);
}

static enum gw_place
how(const struct gw_classic_store *s, const struct gw_classic_file *f)
{
	if (f->task == GW_CLASSIC_TASK_KEEP_PARTIAL)
		return GW_PLACE_RENAME;
	switch (s->on_conflict) {
	case GW_CONFLICT_SKIP:
		return GW_PLACE_SKIP;
	case GW_CONFLICT_OVERWRITE:
		return GW_PLACE_REPLACE;
	default:
		return GW_PLACE_RENAME;
	}
}

static void
place(struct gw_classic_store *s, struct gw_classic_file *f)
{
	char partial[GW_COMPONENT_MAX + 1];
	const char *name = f->name;
	struct gw_target_file tf;
	uint32_t nth = 0;

	if (f->task == GW_CLASSIC_TASK_KEEP_PARTIAL) {
		partial_name(f, partial);
		name = partial;
	}
	tf = target_file(f, name);
	f->err = gw_target_place(s->target, &tf, how(s, f), &nth, &f->why);
	if (f->err == GW_OK)
		gw_target_alternative(tf.path, nth, f->final_name);
	else if (f->err != GW_E_AGAIN)
		(void)!gw_target_temp_drop(s->target, &tf, NULL);
	close_file(f);
}

static struct gw_classic_store *
store_of(struct gw_work *w)
{
	return (struct gw_classic_store *)(void *)w;
}

static void
placing_run(struct gw_work *w)
{
	struct gw_classic_store *s = store_of(w);
	struct gw_why why = { "" };
	enum gw_err err;

	for (struct gw_classic_file *f = s->naming; f != NULL; f = f->next)
		place(s, f);
	err = gw_target_sync_dirs(s->target, &why);
	for (struct gw_classic_file *f = s->naming; f != NULL; f = f->next)
		if (err != GW_OK && f->err == GW_OK) {
			f->err = err;
			f->why = why;
		}
}

static void finished(struct gw_classic_file *);
static void placing_done(struct gw_work *);

static void
place_next(struct gw_classic_store *s)
{
	if (s->placing_busy || s->unnamed == NULL)
		return;
	s->placing_busy = true;
	s->naming = s->unnamed;
	s->unnamed = NULL;
	s->unnamed_end = &s->unnamed;
	gw_work_start(s->loop, &s->placing, placing_run, placing_done);
}

static void
placing_done(struct gw_work *w)
{
	struct gw_classic_store *s = store_of(w);
	struct gw_classic_file *f = s->naming, *next;

	s->placing_busy = false;
	s->naming = NULL;
	place_next(s);
	for (; f != NULL; f = next) {
		next = f->next;
		finished(f); /* perhaps the end of it, and of the store */
	}
}

/* ---- on the loop ---- */

static void
finished(struct gw_classic_file *f)
{
	f->busy = false;
	f->done(f);
}

static void
crew_done(struct gw_item *item, void *arg)
{
	struct gw_classic_file *f = (struct gw_classic_file *)(void *)item;
	struct gw_classic_store *s = arg;

	if (f->err != GW_OK || (f->task != GW_CLASSIC_TASK_KEEP &&
				   f->task != GW_CLASSIC_TASK_KEEP_PARTIAL)) {
		finished(f);
		return;
	}
	f->next = NULL;
	*s->unnamed_end = f;
	s->unnamed_end = &f->next;
	place_next(s);
}

void
gw_classic_store_do(struct gw_classic_store *s, struct gw_classic_file *f,
    enum gw_classic_task task)
{
	uint64_t number;

	GW_ASSERT(!f->busy);
	f->busy = true;
	f->task = task;
	if (task == GW_CLASSIC_TASK_CREATE) {
		f->fd = -1;
		number = gw_random_u64(&s->random);
		snprintf(f->temp, sizeof f->temp, TEMP_PREFIX "%016llx.part",
		    (unsigned long long)number);
	}
	gw_crew_add(s->crew, &f->item);
	gw_crew_go(s->crew);
}

enum gw_err
gw_classic_store_new(const struct gw_classic_store_options *o,
    struct gw_why *why, struct gw_classic_store **out)
{
	struct gw_classic_store *s = calloc(1, sizeof *s);
	struct gw_crew_options co = {
		.loop = o->loop,
		.workers = WORKERS,
		.trip_items = 1,
		.trip_weight = 1,
		.work = crew_work,
		.done = crew_done,
	};
	enum gw_err err;

	if (s == NULL)
		return GW_E_MEMORY;
	s->loop = o->loop;
	s->on_conflict = o->on_conflict;
	s->random = o->random;
	s->unnamed_end = &s->unnamed;
	co.arg = s;
	if ((err = gw_target_open(o->dir, why, &s->target)) != GW_OK)
		goto err0;
	if ((err = gw_crew_new(&co, &s->crew)) != GW_OK)
		goto err1;
	pthread_mutex_init(&s->lock, NULL);
	gw_target_own_sweep(s->target, TEMP_PREFIX);
	*out = s;
	return GW_OK;

err1:
	gw_target_close(s->target);
err0:
	free(s);
	return err;
}

void
gw_classic_store_free(struct gw_classic_store *s)
{
	if (s == NULL)
		return;
	GW_ASSERT(!s->placing_busy);
	GW_ASSERT(s->unnamed == NULL);
	for (unsigned i = 0; i < s->pump_count; i++)
		gw_pump_free(s->pumps[i]);
	gw_crew_free(s->crew);
	gw_target_close(s->target);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
