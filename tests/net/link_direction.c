#include "link_direction.h"

#include <inttypes.h>
#include <stddef.h>

enum { ETHERNET_HEADER = 14 };

bool
link_direction_init(struct link_direction *d, const struct link_settings *s)
{
	*d = (struct link_direction){ .settings = *s,
		.random = (uint64_t)s->seed };
	return frames_init(&d->frames);
}

void
link_direction_fini(struct link_direction *d)
{
	frames_fini(&d->frames);
}

/* ---- chance ---- */

/* splitmix64 */
static uint64_t
random_next(struct link_direction *d)
{
	uint64_t z = d->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* In [0, 1). */
static double
draw(struct link_direction *d)
{
	return (double)(random_next(d) >> 11) * 0x1p-53;
}

/* Draws also where nothing can happen: then a changed probability does not
 * change the fate of other frames. */
static bool
chance(struct link_direction *d, double probability)
{
	return draw(d) < probability;
}

/* ---- what befalls a frame ---- */

/*
 * What is lost in bursts of n is that share of all, if of those outside a
 * burst this share begins one: (1 - p) / p pass for n that are lost.
 */
static double
burst_begins(const struct link_settings *s)
{
	return s->loss / (s->burst - s->loss * (s->burst - 1));
}

static bool
loses(struct link_direction *d, uint64_t now)
{
	const struct link_settings *s = &d->settings;
	const double fate = draw(d);
	const double silence_ms = (double)(now - d->last_in_nsec) / 1e6;

	d->last_in_nsec = now;
	if (s->burst <= 1)
		return fate < s->loss;
	if (s->burst_silence_ms > 0 && silence_ms >= s->burst_silence_ms)
		d->in_burst = 0;
	if (d->in_burst == 0 && fate < burst_begins(s))
		d->in_burst = (unsigned)s->burst;
	if (d->in_burst == 0)
		return false;
	d->in_burst--;
	return true;
}

/* When the frame has passed the rate; false: the queue is full. */
static bool
pass_rate(
    struct link_direction *d, uint32_t length, uint64_t now, uint64_t *leaves)
{
	const struct link_settings *s = &d->settings;
	struct link_counters *c = &d->counters;

	*leaves = now;
	if (s->rate <= 0)
		return true;
	if (d->line_free_nsec < now)
		d->line_free_nsec = now;
	const uint64_t wait = d->line_free_nsec - now;
	if (s->queue > 0 && (double)wait * s->rate / 8e9 + length > s->queue)
		return false;
	d->line_free_nsec += (uint64_t)(length * 8e9 / s->rate);
	*leaves = d->line_free_nsec;
	atomic_fetch_add_explicit(&c->passed, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->waited_nsec, wait, memory_order_relaxed);
	if (wait > c->waited_nsec_most)
		c->waited_nsec_most = wait;
	return true;
}

static void
put_under_way(struct link_direction *d, const uint8_t *bytes, uint32_t length,
    uint64_t now)
{
	const struct link_settings *s = &d->settings;
	const double jitter_ms = draw(d) * s->jitter_ms;
	const bool late = chance(d, s->reorder);
	uint64_t due;
	struct frame *f;

	if (!pass_rate(d, length, now, &due) ||
	    (f = frames_new(&d->frames, bytes, length)) == NULL) {
		link_counters_add(&d->counters, LINK_QUEUE_DROPPED, length);
		return;
	}
	due += (uint64_t)((s->delay_ms + jitter_ms) * 1e6);
	if (late) {
		link_counters_add(&d->counters, LINK_REORDERED, length);
		due += (uint64_t)(s->reorder_by_ms * 1e6);
	}
	f->due_nsec = due;
	if (s->cut > 0) {
		link_counters_add(&d->counters, LINK_CUT, length);
		frames_free(&d->frames, f);
		return;
	}
	frames_push(&d->frames, f);
}

static void
flip_bit(struct link_direction *d, uint8_t *bytes, uint32_t length)
{
	const uint64_t bit =
	    random_next(d) % ((length - ETHERNET_HEADER) * UINT64_C(8));

	bytes[ETHERNET_HEADER + bit / 8] ^= (uint8_t)(1u << (bit % 8));
	link_counters_add(&d->counters, LINK_CORRUPTED, length);
}

void
link_direction_take(
    struct link_direction *d, uint8_t *bytes, uint32_t length, uint64_t now)
{
	const struct link_settings *s = &d->settings;

	link_counters_add(&d->counters, LINK_IN, length);
	if (loses(d, now)) {
		link_counters_add(&d->counters, LINK_LOST, length);
		return;
	}
	const bool twice = chance(d, s->dup);
	if (chance(d, s->corrupt) && length > ETHERNET_HEADER)
		flip_bit(d, bytes, length);
	put_under_way(d, bytes, length, now);
	if (twice) {
		link_counters_add(&d->counters, LINK_DUPLICATED, length);
		put_under_way(d, bytes, length, now);
	}
}

struct frame *
link_direction_give(struct link_direction *d, uint64_t now)
{
	if (frames_due_nsec(&d->frames) > now)
		return NULL;
	return frames_pop(&d->frames);
}

/* ---- counters ---- */

void
link_counters_add(
    struct link_counters *c, enum link_counter which, uint32_t length)
{
	atomic_fetch_add_explicit(
	    &c->by[which].frames, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &c->by[which].bytes, length, memory_order_relaxed);
}

void
link_counters_print(
    const struct link_counters *c, const char *direction, FILE *out)
{
	static const char *const names[LINK_COUNTERS] = { "in", "out", "lost",
		"queue_dropped", "cut", "duplicated", "corrupted", "reordered",
		"refused" };

	(void)fprintf(out, "{\"direction\": \"%s\"", direction);
	for (unsigned i = 0; i < LINK_COUNTERS; i++)
		(void)fprintf(out,
		    ", \"%s\": %" PRIuFAST64 ", \"%s_bytes\": %" PRIuFAST64,
		    names[i], atomic_load(&c->by[i].frames), names[i],
		    atomic_load(&c->by[i].bytes));
	(void)fprintf(out,
	    ", \"passed\": %" PRIuFAST64 ", \"waited_nsec\": %" PRIuFAST64
	    ", \"waited_nsec_most\": %" PRIuFAST64 "}\n",
	    atomic_load(&c->passed), atomic_load(&c->waited_nsec),
	    atomic_load(&c->waited_nsec_most));
}
