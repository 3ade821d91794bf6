#include "run/classic_source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "os/source.h"
#include "wire/limits.h"

/* ---- opening ---- */

static enum gw_err
open_file(struct gw_classic_source *s, const char *path, struct gw_why *why)
{
	struct gw_roots *roots;
	struct gw_source *source;
	const struct gw_root *root;
	enum gw_err err = gw_roots_new(&path, 1, why, &roots);

	if (err != GW_OK)
		return err;
	root = gw_roots_get(roots, 0);
	if (root->stamp.kind == GW_KIND_DIR)
		err = gw_why(why, GW_E_USAGE,
		    "%s: a directory, and this protocol moves one file: "
		    "pack it first",
		    path);
	if (err == GW_OK && (s->name = strdup(root->name)) == NULL)
		err = GW_E_MEMORY;
	if (err == GW_OK)
		err = gw_source_new(roots, &source);
	if (err == GW_OK) {
		err = gw_source_open(
		    source, gw_slice_str(root->name), &s->fd, &s->stamp, why);
		gw_source_free(source);
		s->close_fd = err == GW_OK;
		if (err == GW_E_FAILED)
			err = GW_E_NO_PATH;
	}
	s->size = s->stamp.size;
	gw_roots_free(roots);
	return err;
}

static bool
is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= GW_COMPONENT_MAX && strchr(name, '/') == NULL &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* A file as standard input has a size, too. */
static enum gw_err
open_input(struct gw_classic_source *s, const struct gw_classic_send_options *o,
    struct gw_why *why)
{
	const char *name = o->name != NULL ? o->name : "stdin";
	off_t at;

	if (!is_name(name))
		return gw_why(why, GW_E_USAGE,
		    "%s: not a name that a file can have", name);
	if ((s->name = strdup(name)) == NULL)
		return GW_E_MEMORY;
	s->fd = o->input_fd;
	if (gw_source_stamp(s->fd, &s->stamp, why) != GW_OK)
		return GW_E_NO_PATH;
	at = lseek(s->fd, 0, SEEK_CUR);
	s->stream = s->stamp.kind != GW_KIND_FILE || at < 0;
	if (s->stream)
		return gw_pipe_init(&s->pipe, s->fd);
	s->start = (uint64_t)at;
	s->size = s->stamp.size > s->start ? s->stamp.size - s->start : 0;
	return GW_OK;
}

enum gw_err
gw_classic_source_open(struct gw_classic_source *s,
    const struct gw_classic_send_options *o, struct gw_why *why)
{
	enum gw_err err;

	s->pipe.cancel_fd = -1;
	err = strcmp(o->path, "-") == 0 ? open_input(s, o, why)
					: open_file(s, o->path, why);
	return err == GW_OK ? gw_pump_new(&s->pump) : err;
}

void
gw_classic_source_fini(struct gw_classic_source *s)
{
	GW_ASSERT(!s->busy);
	gw_pump_free(s->pump);
	if (s->stream && s->pipe.cancel_fd >= 0)
		gw_pipe_fini(&s->pipe);
	if (s->close_fd)
		close(s->fd);
	free(s->name);
}

/* ---- pieces, on a worker thread ---- */

static struct gw_classic_source *
source_of(struct gw_work *w)
{
	return (struct gw_classic_source *)(void *)w;
}

/* At the end: is it what it was at the start? */
static void
check_unchanged(struct gw_classic_source *s)
{
	struct gw_stamp now;

	s->err = gw_source_stamp(s->fd, &now, &s->why);
	if (s->err == GW_OK &&
	    (!gw_stamp_unchanged(&s->stamp, &now) ||
		(s->size > 0 && s->offset + s->moved != s->size)))
		s->err = gw_why(
		    &s->why, GW_E_DISK, "it changed while it was being sent");
	if (s->err != GW_OK)
		s->came = GW_PUMPED_FAILED;
}

/* What came later than it was opened is not sent.  The size of some files is
 * 0 although they have content (/proc): these are read to their end. */
static void
move_file(struct gw_classic_source *s)
{
	struct gw_pump_job job = {
		.socket = s->socket,
		.file = s->fd,
		.offset = s->start + s->offset,
		.most = s->most,
	};

	if (s->size > 0 && job.most > s->size - s->offset)
		job.most = s->size - s->offset;
	s->came = gw_pump_out(s->pump, &job, &s->why);
	s->moved = job.moved;
	s->err = job.err;
	if (s->came == GW_PUMPED_SOME && s->size > 0 &&
	    s->offset + s->moved == s->size)
		s->came = GW_PUMPED_END;
	if (s->came == GW_PUMPED_END)
		check_unchanged(s);
}

static void
move_stream(struct gw_classic_source *s)
{
	struct gw_pump_job job = { .socket = s->socket, .most = s->most };

	s->came = gw_pump_stream(s->pump, &s->pipe, &job, &s->why);
	s->moved = job.moved;
	s->err = job.err;
}

static void
run(struct gw_work *w)
{
	struct gw_classic_source *s = source_of(w);

	s->why.text[0] = '\0';
	if (s->stream)
		move_stream(s);
	else
		move_file(s);
}

static void
finished(struct gw_work *w)
{
	struct gw_classic_source *s = source_of(w);

	s->busy = false;
	s->offset += s->moved;
	s->done(s);
}

void
gw_classic_source_move(struct gw_classic_source *s, struct gw_loop *loop,
    int socket, uint64_t most)
{
	GW_ASSERT(!s->busy);
	GW_ASSERT(most > 0);
	s->busy = true;
	s->socket = socket;
	s->most = most;
	gw_work_start(loop, &s->work, run, finished);
}

void
gw_classic_source_cancel(struct gw_classic_source *s)
{
	if (s->stream)
		gw_pipe_cancel(&s->pipe);
}
