/*
 * gw_devices: the devices that this one remembers, and its own name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/identity.h"
#include "os/dirs.h"
#include "run/context.h"
#include "run/device_store.h"

struct gw_devices {
	struct gw_device_book book;
	size_t next;
	char key[2 * GW_KEY_LEN + 1]; /* of the one that was pulled last */
};

static enum gw_err
tell(struct gw *g, enum gw_err err, const struct gw_why *why)
{
	if (err == GW_OK)
		return err;
	return gw_context_error(
	    g, err, "%s", why->text[0] != '\0' ? why->text : gw_err_text(err));
}

enum gw_err
gw_devices_open(struct gw *g, struct gw_devices **out)
{
	struct gw_why why = { "" };
	struct gw_devices *d;
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = gw_context_whole(g)) != GW_OK)
		return err;
	if ((d = calloc(1, sizeof *d)) == NULL)
		return tell(g, GW_E_MEMORY, &why);
	err = gw_device_store_load(g->data_dir, &d->book, &why);
	if (err != GW_OK) {
		free(d);
		return tell(g, err, &why);
	}
	*out = d;
	return GW_OK;
}

bool
gw_devices_next(struct gw_devices *d, struct gw_device *out)
{
	const struct gw_device_entry *e;

	if (d->next == d->book.count)
		return false;
	e = &d->book.entries[d->next++];
	gw_identity_hex(e->key, d->key);
	*out = (struct gw_device){
		.name = e->name, .key = d->key, .added = e->added
	};
	return true;
}

void
gw_devices_free(struct gw_devices *d)
{
	if (d == NULL)
		return;
	gw_device_book_fini(&d->book);
	free(d);
}

bool
gw_device_known(const struct gw_options *o, const char *name)
{
	struct gw_device_book book;
	struct gw_why why;
	char *dir;
	bool known;

	if (gw_dirs_data(o != NULL ? o->data_dir : NULL, &why, &dir) != GW_OK)
		return false;
	known = gw_device_store_load(dir, &book, &why) == GW_OK &&
		gw_device_book_by_name(&book, name) != NULL;
	gw_device_book_fini(&book);
	free(dir);
	return known;
}

/* ---- changing ---- */

static enum gw_err
begin(struct gw *g, struct gw_device_store *s)
{
	struct gw_why why = { "" };
	enum gw_err err;

	g->last_error[0] = '\0';
	if ((err = gw_context_whole(g)) != GW_OK)
		return err;
	return tell(g, gw_device_store_open(g->data_dir, s, &why), &why);
}

static enum gw_err
end(struct gw *g, struct gw_device_store *s, enum gw_err err,
    struct gw_why *why)
{
	if (err == GW_OK)
		err = gw_device_store_save(s, why);
	gw_device_store_close(s);
	return tell(g, err, why);
}

enum gw_err
gw_device_rename(struct gw *g, const char *name, const char *to)
{
	struct gw_device_store s;
	struct gw_why why = { "" };
	enum gw_err err = begin(g, &s);

	if (err != GW_OK)
		return err;
	err = gw_device_book_rename(&s.book, name, to, &why);
	return end(g, &s, err, &why);
}

enum gw_err
gw_device_forget(struct gw *g, const char *name)
{
	struct gw_device_store s;
	struct gw_why why = { "" };
	enum gw_err err = begin(g, &s);

	if (err != GW_OK)
		return err;
	err = gw_device_book_forget(&s.book, name, &why);
	return end(g, &s, err, &why);
}

const char *
gw_device_name(const struct gw *g)
{
	return g->self.name;
}

enum gw_err
gw_device_set_name(struct gw *g, const char *name)
{
	const char *wrong = gw_device_name_wrong(name);
	struct gw_device_store s;
	struct gw_why why = { "" };
	enum gw_err err = begin(g, &s);

	if (err != GW_OK)
		return err;
	if (wrong != NULL)
		err = gw_why(&why, GW_E_USAGE, "\"%s\" cannot be a name: it %s",
		    name, wrong);
	else
		snprintf(s.book.own, sizeof s.book.own, "%s", name);
	err = end(g, &s, err, &why);
	if (err == GW_OK)
		snprintf(g->self.name, sizeof g->self.name, "%s", name);
	return err;
}
