#include "discovery_bed.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *seed = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		*seed = *seed * UINT64_C(6364136223846793005) + 1442695041;
		p[i] = (uint8_t)(*seed >> 56);
	}
}

void
bed_init(struct bed *b, size_t devices)
{
	memset(b, 0, sizeof *b);
	b->now = 1000 * GW_SEC;
	b->seed = 4711;
	b->random = (struct gw_random){ fill, &b->seed };
	b->count = devices;
	for (size_t i = 0; i < devices; i++)
		assert_int_equal(gw_discovery_new(&b->random, &b->d[i]), GW_OK);
}

void
bed_fini(struct bed *b)
{
	for (size_t i = 0; i < b->count; i++)
		gw_discovery_free(b->d[i]);
}

struct gw_spot
bed_spot(size_t device)
{
	struct gw_spot s = { .interface = 3,
		.port = (uint16_t)(40000 + device) };

	s.ip[15] = (uint8_t)(1 + device);
	return s;
}

/* As good a tag as any, where nobody is hostile. */
static void
make_tag(unsigned secret, const uint8_t *run, struct gw_tag *out)
{
	out->b[0] = (uint8_t)secret;
	memcpy(out->b + 1, run, 7);
}

void
bed_make_tags(struct bed *b, size_t device, unsigned secrets)
{
	const uint8_t *run = gw_discovery_run(b->d[device]);
	struct gw_tag tags[GW_KNOWN_MAX];

	for (unsigned i = 0; i < secrets; i++)
		make_tag(i, run, &tags[i]);
	b->secrets = secrets;
	assert_int_equal(gw_discovery_tags(b->d[device], tags, secrets), GW_OK);
}

static int
recognise(struct bed *b, const struct gw_discovery_who *w)
{
	struct gw_tag tag;

	b->whos++;
	/* All devices share all secrets here: the first tag counts. */
	for (size_t k = 0; k < GW_BEACON_TAGS; k++)
		for (unsigned i = 0; i < b->secrets; i++) {
			make_tag(i, w->run, &tag);
			if (memcmp(&w->tags[k], &tag, sizeof tag) == 0)
				return (int)i;
		}
	return GW_NOT_KNOWN;
}

static void
take_id(struct bed_view *v, uint64_t id, bool there)
{
	unsigned i = 0;

	while (i < v->there && v->ids[i] != id)
		i++;
	if (there && i == v->there) {
		assert_true(i < BED_SEEN);
		v->ids[v->there++] = id;
	} else if (!there && i < v->there) {
		v->ids[i] = v->ids[--v->there];
		v->gone++;
	}
}

/* As an owner does after each input. */
static void
drain(struct bed *b, size_t i)
{
	struct gw_discovery_event e;
	struct gw_discovery_who w;
	struct bed_view *v = &b->view[i];

	while (gw_discovery_who(b->d[i], &w))
		gw_discovery_recognise(b->d[i], recognise(b, &w), b->now);
	while (gw_discovery_has_event(b->d[i])) {
		assert_true(gw_discovery_event(b->d[i], &e));
		take_id(v, e.id, e.entry != NULL);
		if (e.entry == NULL)
			continue;
		assert_int_equal(e.id, e.entry->id);
		v->events++;
		v->known += e.entry->known != GW_NOT_KNOWN;
		v->real += strncmp(e.entry->name, "dev", 3) == 0;
		v->numbered += e.entry->number != 0;
		v->last = *e.entry;
	}
	assert_false(gw_discovery_event(b->d[i], &e));
}

static void
give(struct bed *b, size_t to, const struct gw_discovery_in *in)
{
	if (gw_random_below(&b->random, 1000) < b->loss_permille)
		return;
	gw_discovery_input(b->d[to], in, b->now);
	drain(b, to);
}

static void
deliver(struct bed *b, size_t from, const struct gw_discovery_out *out)
{
	struct gw_discovery_in in = { .data =
					  gw_slice(out->data, sizeof out->data),
		.from = bed_spot(from),
		.shared = out->to_all,
		.to_all = out->to_all,
		.on_link = true };

	b->sent++;
	b->sent_to_all += out->to_all;
	for (size_t i = 0; i < b->count; i++) {
		struct gw_spot s = bed_spot(i);

		if (out->to_all ||
		    (s.port == out->to.port &&
			memcmp(s.ip, out->to.ip, sizeof s.ip) == 0))
			give(b, i, &in);
	}
}

static bool
pump(struct bed *b)
{
	struct gw_discovery_out out;
	bool any = false;

	for (size_t i = 0; i < b->count; i++) {
		gw_discovery_tick(b->d[i], b->now);
		drain(b, i);
		while (gw_discovery_output(b->d[i], &out, b->now)) {
			deliver(b, i, &out);
			any = true;
		}
	}
	return any;
}

void
bed_run(struct bed *b, gw_usec duration)
{
	const gw_usec end = b->now + duration;

	for (;;) {
		gw_usec next = GW_NEVER;

		while (pump(b))
			;
		for (size_t i = 0; i < b->count; i++)
			next =
			    gw_usec_min(next, gw_discovery_deadline(b->d[i]));
		GW_ASSERT(next > b->now);
		if (next > end)
			break;
		b->now = next;
	}
	b->now = end;
}

void
bed_give(struct bed *b, size_t to, const struct gw_beacon *beacon,
    const struct gw_spot *from, bool shared)
{
	uint8_t data[GW_BEACON_LEN];
	struct gw_discovery_in in = { .data = gw_slice(data, sizeof data),
		.from = *from,
		.shared = shared,
		.to_all = shared,
		.on_link = true };

	gw_beacon_encode(beacon, data);
	give(b, to, &in);
}

void
bed_announce(struct bed *b, size_t device, uint32_t number, bool unasked)
{
	char name[16];
	struct gw_announcement a = { .name = name,
		.port = 4639,
		.number = number,
		.receives = number == 0,
		.sends = number != 0,
		.unasked = unasked };

	snprintf(name, sizeof name, "dev%zu", device);
	gw_discovery_announce(b->d[device], &a, b->now);
}

void
bed_seek(struct bed *b, size_t device, enum gw_beacon_ask ask)
{
	struct gw_question q = { .ask = ask, .known = GW_ALL_KNOWN };

	gw_discovery_seek(b->d[device], &q, b->now);
}
