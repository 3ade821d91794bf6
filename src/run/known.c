#include "run/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "os/clock.h"
#include "run/device_store.h"

enum { LOOK_AGAIN = 1000000, /* us */ NAMES_MAX = 160 /* bytes of a list */ };

static const char and_more[] = ", ...";

struct gw_known {
	struct gw *g;
	struct gw_door *door;
	bool one;
	struct gw_known_device only;
	struct stat seen; /* the file as it was when it was read */
	char *path;
	uv_timer_t timer;
};

/* ---- by name, by key ---- */

/* "a, b, ...", as much as there is room for. */
static void
list_names(const struct gw_device_book *b, char out[NAMES_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < b->count; i++) {
		const char *name = b->entries[i].name;

		if (n + strlen(name) + sizeof and_more > NAMES_MAX) {
			memcpy(out + n, and_more, sizeof and_more);
			return;
		}
		n += (size_t)snprintf(
		    out + n, NAMES_MAX - n, "%s%s", i > 0 ? ", " : "", name);
	}
}

static enum gw_err
not_known(struct gw *g, const struct gw_device_book *b, const char *name)
{
	char names[NAMES_MAX];

	if (b->count == 0)
		return gw_context_error(g, GW_E_RESOLVE,
		    "%s: no such device is remembered here, nor any other: "
		    "pair with it first, or use a code",
		    name);
	list_names(b, names);
	return gw_context_error(g, GW_E_RESOLVE,
	    "%s: no such device is remembered here, but %s: pair with it "
	    "first, or use a code",
	    name, names);
}

static enum gw_err
tell(struct gw *g, enum gw_err err, const struct gw_why *why)
{
	return gw_context_error(
	    g, err, "%s", why->text[0] != '\0' ? why->text : gw_err_text(err));
}

enum gw_err
gw_known_find(struct gw *g, const char *name, struct gw_known_device *out)
{
	struct gw_device_book b;
	const struct gw_device_entry *e;
	struct gw_why why = { "" };
	enum gw_err err = gw_device_store_load(g->data_dir, &b, &why);

	if (err != GW_OK)
		return tell(g, err, &why);
	if ((e = gw_device_book_by_name(&b, name)) == NULL) {
		err = not_known(g, &b, name);
	} else {
		memcpy(out->name, e->name, sizeof out->name);
		memcpy(out->key, e->key, sizeof out->key);
	}
	gw_device_book_fini(&b);
	return err;
}

bool
gw_known_name(
    struct gw *g, const uint8_t key[GW_KEY_LEN], char name[GW_NAME_MAX + 1])
{
	struct gw_device_book b;
	const struct gw_device_entry *e;
	struct gw_why why;

	if (gw_device_store_load(g->data_dir, &b, &why) != GW_OK)
		return false;
	if ((e = gw_device_book_by_key(&b, key)) != NULL)
		memcpy(name, e->name, sizeof e->name);
	gw_device_book_fini(&b);
	return e != NULL;
}

enum gw_err
gw_known_keep(struct gw *g, const uint8_t key[GW_KEY_LEN], const char *goes_by,
    char name[GW_NAME_MAX + 1], struct gw_why *why)
{
	struct gw_device_store s;
	const struct gw_device_entry *e;
	enum gw_err err = gw_device_store_open(g->data_dir, &s, why);

	if (err != GW_OK)
		return err;
	err =
	    gw_device_book_add(&s.book, key, goes_by, (int64_t)time(NULL), &e);
	if (err == GW_E_LIMIT)
		gw_why(why, err,
		    "as many devices are remembered as can be, %d: forget one",
		    GW_DEVICES_MAX);
	if (err == GW_OK)
		err = gw_device_store_save(&s, why);
	if (err == GW_OK)
		memcpy(name, e->name, sizeof e->name);
	gw_device_store_close(&s);
	return err;
}

void
gw_known_refused(const struct gw_known_device *d,
    const struct gw_session_event *ev, const char *at, char *text, size_t size)
{
	if (ev->closed.by_peer)
		snprintf(text, size,
		    "whoever answers at %s does not let this device in without "
		    "a code: if that is %s, it has forgotten this device, or "
		    "never remembered it, or does not wait for known devices; "
		    "run `godwit pair` on both, or use a code",
		    at, d->name);
	else
		snprintf(text, size,
		    "somebody else answers at %s: it is not %s, whose key "
		    "this device remembers; check the address; if %s was set "
		    "up anew, run `godwit devices forget %s` and pair again",
		    at, d->name, d->name, d->name);
}

/* ---- at a door ---- */

/* Those of the book that may come in.  On failure the door is as it was. */
static enum gw_err
let_in(struct gw_known *k, const struct gw_device_book *b)
{
	uint8_t(*keys)[GW_KEY_LEN];
	size_t n = 0;
	enum gw_err err;

	if ((keys = calloc(b->count + 1, sizeof *keys)) == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < b->count; i++)
		if (!k->one ||
		    memcmp(b->entries[i].key, k->only.key, GW_KEY_LEN) == 0)
			memcpy(keys[n++], b->entries[i].key, GW_KEY_LEN);
	err = gw_door_set_known(k->door, (const uint8_t(*)[GW_KEY_LEN])keys, n);
	free(keys);
	return err;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A list that cannot be read is empty, and lets nobody in: who was forgotten
 * stays out. */
static enum gw_err
look(struct gw_known *k, struct gw_why *why)
{
	struct gw_device_book b;
	struct stat now = { .st_ino = 0 };
	enum gw_err err, let;

	(void)stat(k->path, &now);
	err = gw_device_store_load(k->g->data_dir, &b, why);
	let = let_in(k, &b);
	gw_device_book_fini(&b);
	if (err == GW_OK && let == GW_OK)
		k->seen = now;
	return err != GW_OK ? err : let;
}

static void on_timer(uv_timer_t *);

static void
look_later(struct gw_known *k)
{
	gw_loop_arm(&k->timer, gw_clock_now() + LOOK_AGAIN, on_timer);
}

void
gw_known_refresh(struct gw_known *k)
{
	struct stat now = { .st_ino = 0 };
	struct gw_why why;

	(void)stat(k->path, &now);
	if (!is_same(&now, &k->seen))
		(void)look(k, &why);
}

static void
on_timer(uv_timer_t *t)
{
	struct gw_known *k = t->data;

	gw_known_refresh(k);
	look_later(k);
}

static void
on_closed(uv_handle_t *h)
{
	struct gw_known *k = h->data;

	free(k->path);
	free(k);
}

enum gw_err
gw_known_open(
    struct gw *g, struct gw_door *door, const char *only, struct gw_known **out)
{
	struct gw_known *k = calloc(1, sizeof *k);
	struct gw_why why = { "" };
	enum gw_err err = GW_E_MEMORY;

	if (k == NULL)
		return err;
	k->g = g;
	k->door = door;
	k->one = only != NULL;
	if (asprintf(&k->path, "%s/devices", g->data_dir) < 0) {
		free(k);
		return err;
	}
	err = only != NULL ? gw_known_find(g, only, &k->only) : GW_OK;
	if (err == GW_OK && (err = look(k, &why)) != GW_OK)
		(void)tell(g, err, &why);
	if (err != GW_OK) {
		free(k->path);
		free(k);
		return err;
	}
	uv_timer_init(&g->loop.uv, &k->timer);
	k->timer.data = k;
	look_later(k);
	*out = k;
	return GW_OK;
}

void
gw_known_close(struct gw_known *k)
{
	if (k != NULL)
		uv_close((uv_handle_t *)&k->timer, on_closed);
}
