#include "run/send_paths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/kdf.h"
#include "os/clock.h"
#include "wire/control.h"

enum { OFFER_REST_MAX = 128 }; /* what else an OFFER has, and more */

static void
free_list(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}

static enum gw_err
copy_list(const char *const *list, size_t n, char ***out, size_t *count)
{
	char **copy;

	if (n == 0)
		return GW_OK;
	if ((copy = calloc(n, sizeof *copy)) == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < n; i++) {
		if ((copy[i] = strdup(list[i])) == NULL) {
			free_list(copy, i);
			return GW_E_MEMORY;
		}
	}
	*out = copy;
	*count = n;
	return GW_OK;
}

/* The same for the same PATHs of this device, and telling nothing of them. */
static enum gw_err
make_source_id(struct gw_send_paths *p, const struct gw_keypair *keys)
{
	struct gw_slice key = gw_slice(keys->secret, sizeof keys->secret);
	struct gw_bytes text = { 0 };
	enum gw_err err = GW_OK;
	uint8_t out[32];

	for (size_t i = 0; err == GW_OK && i < gw_roots_count(p->roots); i++) {
		const char *path = gw_roots_get(p->roots, i)->path;

		err = gw_bytes_add(&text, path, strlen(path) + 1);
	}
	if (err == GW_OK) {
		gw_hmac(key, gw_bytes_peek(&text), out);
		memcpy(p->source_id, out, sizeof p->source_id);
	}
	gw_bytes_fini(&text);
	return err;
}

static enum gw_err
check_readable(struct gw_send_paths *p, struct gw *g)
{
	for (size_t i = 0; i < gw_roots_count(p->roots); i++) {
		const struct gw_root *root = gw_roots_get(p->roots, i);
		struct gw_why why = { "" };
		struct gw_stamp st;
		int fd;

		if (root->stamp.kind != GW_KIND_FILE)
			continue;
		if (gw_source_open(p->source, gw_slice_str(root->name), &fd,
			&st, &why) != GW_OK)
			return gw_context_error(
			    g, GW_E_NO_PATH, "%s: %s", root->name, why.text);
		close(fd);
	}
	return GW_OK;
}

static enum gw_err
add_names(struct gw_send_paths *p, struct gw *g)
{
	enum gw_err err = GW_OK;

	p->name_count = gw_roots_count(p->roots);
	for (size_t i = 0; err == GW_OK && i < p->name_count; i++)
		err = gw_offer_add_name(
		    &p->names, gw_slice_str(gw_roots_get(p->roots, i)->name));
	if (err == GW_OK &&
	    (p->name_count > GW_OFFER_NAMES_MAX ||
		gw_bytes_len(&p->names) > GW_MESSAGE_MAX - OFFER_REST_MAX))
		return gw_context_error(g, GW_E_USAGE,
		    "the names of %zu PATHs are more than an offer holds: "
		    "send the directory that they are in",
		    p->name_count);
	return err;
}

static enum gw_err
open_paths(
    struct gw_send_paths *p, struct gw *g, const struct gw_send_options *o)
{
	struct gw_why why = { "" };
	enum gw_err err;

	if (o->files_given && o->path_count != 1)
		return gw_context_error(g, GW_E_USAGE,
		    "with a list of files give one directory that they are "
		    "below");
	err = gw_roots_new(o->paths, o->path_count, &why, &p->roots);
	if (err != GW_OK)
		return gw_context_error(g, err, "%s", why.text);
	if ((err = gw_source_new(p->roots, &p->source)) != GW_OK ||
	    (err = check_readable(p, g)) != GW_OK ||
	    (err = add_names(p, g)) != GW_OK ||
	    (err = make_source_id(p, &g->self.keys)) != GW_OK ||
	    (err = copy_list(o->exclude, o->exclude_count, &p->exclude,
		 &p->exclude_count)) != GW_OK ||
	    (err = copy_list(
		 o->files, o->file_count, &p->files, &p->file_count)) != GW_OK)
		return err;
	p->scan.options = (struct gw_walk_options){
		.roots = p->roots,
		.exclude = (const char *const *)p->exclude,
		.exclude_count = p->exclude_count,
		.files = (const char *const *)p->files,
		.file_count = p->file_count,
		.files_given = o->files_given,
		.path_max = GW_PATH_MAX,
		.depth_max = GW_DEPTH_MAX,
		.bytes_max = GW_SIZE_MAX,
	};
	return GW_OK;
}

static enum gw_err
open_stream(
    struct gw_send_paths *p, struct gw *g, const struct gw_send_options *o)
{
	struct gw_slice name =
	    gw_slice_str(o->name != NULL ? o->name : "stdin");
	struct gw_entry e = {
		.kind = GW_KIND_FILE,
		.mode = 0644,
		.mtime_s = gw_clock_wall(),
		.path = name,
		.hardlink_of = GW_NO_LINK,
	};
	enum gw_err err;

	if (!gw_path_is_clean(name) || memchr(name.p, '/', name.n) != NULL)
		return gw_context_error(g, GW_E_USAGE,
		    "a name is one component, not a path: %s",
		    (const char *)name.p);
	if ((err = gw_pipe_init(&p->pipe, o->input_fd)) != GW_OK)
		return err;
	p->stream = true;
	p->name_count = 1;
	gw_random_bytes(p->source_id, sizeof p->source_id);
	if ((err = gw_offer_add_name(&p->names, name)) != GW_OK ||
	    (err = gw_manifest_new(&p->scan.manifest)) != GW_OK)
		return err;
	return gw_manifest_add(p->scan.manifest, &e);
}

enum gw_err
gw_send_paths_open(
    struct gw_send_paths *p, struct gw *g, const struct gw_send_options *o)
{
	if (o->path_count == 0)
		return gw_context_error(
		    g, GW_E_USAGE, "nothing to send was given");
	if (o->path_count == 1 && strcmp(o->paths[0], "-") == 0)
		return open_stream(p, g, o);
	return open_paths(p, g, o);
}

void
gw_send_paths_fini(struct gw_send_paths *p)
{
	free_list(p->exclude, p->exclude_count);
	free_list(p->files, p->file_count);
	gw_scan_fini(&p->scan);
	gw_source_free(p->source);
	gw_roots_free(p->roots);
	if (p->stream)
		gw_pipe_fini(&p->pipe);
	gw_bytes_fini(&p->names);
}
