/*
 * The context of godwit.h: identity, directories, loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/identity.h"
#include "crypto/kdf.h"
#include "os/confine.h"
#include "os/dirs.h"
#include "os/helper.h"
#include "os/random.h"
#include "os/small_file.h"
#include "run/acceptor.h"
#include "run/context.h"
#include "run/device_store.h"
#include "run/dgram.h"
#include "run/job.h"
#include "run/trace_log.h"

enum { MEMORY_DEFAULT = 64 << 20, MEMORY_MIN = 4 << 20 };

const char *
gw_version(void)
{
	return GW_VERSION;
}

/* ---- identity ---- */

static enum gw_err
load_identity(struct gw *g, const char *path, struct gw_why *why)
{
	char text[GW_IDENTITY_TEXT];
	size_t n;
	enum gw_err err;

	err = gw_small_file_load(path, text, sizeof text, &n, why);
	/* GW_E_LIMIT: it is longer than any identity. */
	if (err == GW_E_LIMIT ||
	    (err == GW_OK &&
		!gw_identity_decode(gw_slice(text, n), &g->self.keys)))
		err = gw_why(why, GW_E_DISK,
		    "%s is no identity of godwit: remove it to get a new one",
		    path);
	gw_wipe(text, sizeof text);
	return err;
}

static enum gw_err
make_identity(const char *path, struct gw_why *why)
{
	uint8_t random[32];
	struct gw_keypair keys;
	char text[GW_IDENTITY_TEXT];
	size_t n;
	enum gw_err err;

	gw_random_bytes(random, sizeof random);
	gw_keypair_from(random, &keys);
	n = gw_identity_encode(&keys, text);
	err = gw_small_file_create(path, text, n, why);
	gw_wipe(random, sizeof random);
	gw_wipe(&keys, sizeof keys);
	gw_wipe(text, sizeof text);
	/* Another process was quicker: its identity is ours. */
	return err == GW_E_AGAIN ? GW_OK : err;
}

static enum gw_err
open_identity(struct gw *g, struct gw_why *why)
{
	char *path;
	size_t n = strlen(g->data_dir) + sizeof "/identity";
	enum gw_err err;

	if ((path = malloc(n)) == NULL)
		return GW_E_MEMORY;
	snprintf(path, n, "%s/identity", g->data_dir);
	err = load_identity(g, path, why);
	if (err == GW_E_NO_PATH) {
		why->text[0] = '\0'; /* it is the first time, no failure */
		err = make_identity(path, why);
		if (err == GW_OK)
			err = load_identity(g, path, why);
	}
	free(path);
	if (err == GW_OK)
		gw_identity_hex(g->self.keys.public, g->key_text);
	return err;
}

/* ---- context ---- */

static void
tell(const struct gw_options *o, enum gw_err err, const struct gw_why *why)
{
	if (o->why != NULL && o->why_size > 0)
		snprintf(o->why, o->why_size, "%s",
		    why->text[0] != '\0' ? why->text : gw_err_text(err));
}

/* The name that was set for good, if there is one. */
static enum gw_err
load_name(struct gw *g, struct gw_why *why)
{
	struct gw_device_book book;
	enum gw_err err = gw_device_store_load(g->data_dir, &book, why);

	if (err == GW_OK && book.own[0] != '\0')
		memcpy(g->self.name, book.own, sizeof g->self.name);
	gw_device_book_fini(&book);
	return err;
}

static void
name_device(struct gw *g, const char *name)
{
	char host[GW_NAME_MAX + 1] = "";

	if (name == NULL || name[0] == '\0') {
		if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
			strcpy(host, "unnamed");
		name = host;
	}
	snprintf(g->self.name, sizeof g->self.name, "%s", name);
}

static enum gw_err
open_files(struct gw *g, const struct gw_options *o, struct gw_why *why)
{
	enum gw_err err;

	if ((err = gw_dirs_data(o->data_dir, why, &g->data_dir)) != GW_OK ||
	    (err = gw_dirs_state(o->state_dir, why, &g->state_dir)) != GW_OK)
		return err;
	/* Where there is none, nothing is shown. */
	if (o->show_sessions && gw_dirs_runtime(NULL, &g->runtime_dir) == GW_OK)
		g->self.shown_in = g->runtime_dir;
	if ((err = open_identity(g, why)) != GW_OK || o->device_name != NULL)
		return err;
	return load_name(g, why);
}

enum gw_err
gw_open(const struct gw_options *given, struct gw **out)
{
	struct gw_options o = GW_OPTIONS_INIT;
	struct gw *g;
	struct gw_why why = { "" };
	enum gw_err err;

	if (given != NULL)
		o = *given;
	err = gw_crypto_start() ? GW_E_MEMORY : GW_E_FAILED;
	if (err == GW_E_FAILED || (g = calloc(1, sizeof *g)) == NULL) {
		tell(&o, err, &why);
		return err;
	}
	g->helper_fd = o.helper_fd;
	g->memory = o.memory != 0 ? o.memory : MEMORY_DEFAULT;
	if (g->memory < MEMORY_MIN)
		g->memory = MEMORY_MIN;
	g->self.random = gw_random_os();
	g->self.trace = gw_trace_log_trace(o.trace);
	name_device(g, o.device_name);
	if ((!o.plain && (err = open_files(g, &o, &why)) != GW_OK) ||
	    (err = gw_loop_init(&g->loop)) != GW_OK) {
		tell(&o, err, &why);
		gw_wipe(&g->self, sizeof g->self);
		free(g->data_dir);
		free(g->state_dir);
		free(g->runtime_dir);
		free(g);
		return err;
	}
	*out = g;
	return GW_OK;
}

void
gw_close(struct gw *g)
{
	if (g == NULL)
		return;
	while (g->jobs != NULL)
		gw_job_free(g->jobs);
	while (g->dgrams != NULL)
		gw_dgram_close(g->dgrams);
	/* A relay may hold one that forwards. */
	while (g->relays != NULL)
		gw_relay_close(g->relays);
	while (g->serves != NULL)
		gw_serve_close(g->serves);
	while (g->forwards != NULL)
		gw_forward_close(g->forwards);
	while (g->acceptors != NULL)
		gw_acceptor_close(g->acceptors);
	while (g->peers != NULL)
		gw_peers_free(g->peers);
	while (g->connections != NULL)
		gw_connection_free(g->connections);
	gw_loop_fini(&g->loop);
	if (g->helper_fd != -1)
		close(g->helper_fd);
	gw_wipe(&g->self, sizeof g->self);
	free(g->data_dir);
	free(g->state_dir);
	free(g->runtime_dir);
	free(g);
}

int
gw_fd(const struct gw *g)
{
	return g->loop.fd;
}

void
gw_dispatch(struct gw *g)
{
	gw_loop_dispatch(&g->loop);
}

enum gw_err
gw_wait(struct gw *g, int timeout_ms)
{
	return gw_loop_wait(&g->loop, timeout_ms);
}

const char *
gw_device_key(const struct gw *g)
{
	return g->key_text;
}

const char *
gw_last_error(const struct gw *g)
{
	return g->last_error;
}

/* ---- for whole programs ---- */

enum gw_err
gw_helper_start(int *fd)
{
	return gw_helper_fork(NULL, fd);
}

enum gw_err
gw_confine(const struct gw_confine_options *o, const char **in_force)
{
	return gw_confine_enter(o, NULL, in_force);
}

enum gw_err
gw_directories(const struct gw_options *given, char **data_dir,
    char **state_dir, char **runtime_dir)
{
	struct gw_options o = GW_OPTIONS_INIT;
	struct gw_why why = { "" };
	char *data, *runtime = NULL;
	enum gw_err err;

	if (given != NULL)
		o = *given;
	if ((err = gw_dirs_data(o.data_dir, &why, &data)) != GW_OK) {
		tell(&o, err, &why);
		return err;
	}
	if ((err = gw_dirs_state(o.state_dir, &why, state_dir)) != GW_OK) {
		tell(&o, err, &why);
		free(data);
		return err;
	}
	if (o.show_sessions && gw_dirs_runtime(NULL, &runtime) != GW_OK)
		runtime = NULL;
	*data_dir = data;
	*runtime_dir = runtime;
	return GW_OK;
}
