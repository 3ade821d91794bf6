#include "run/device_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "os/small_file.h"

enum { LOCK_TRIES = 500, LOCK_PAUSE = 10000000 /* ns */ };

static char *
path_of(const char *data_dir, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", data_dir, name) < 0 ? NULL : path;
}

static enum gw_err
load(const char *path, struct gw_device_book *out, struct gw_why *why)
{
	struct gw_device_book book = { .count = 0 };
	char *text = malloc(GW_DEVICE_BOOK_MAX);
	const char *wrong = "";
	unsigned line = 0;
	size_t n = 0;
	enum gw_err err;

	if (text == NULL)
		return GW_E_MEMORY;
	err = gw_small_file_load(path, text, GW_DEVICE_BOOK_MAX, &n, why);
	if (err == GW_OK) {
		err = gw_device_book_parse(
		    &book, gw_slice(text, n), &line, &wrong);
		if (err == GW_E_DISK)
			gw_why(why, err,
			    "%s: line %u %s: mend it, or remove the file and "
			    "pair again",
			    path, line, wrong);
	} else if (err == GW_E_NO_PATH) {
		err = GW_OK;
	} else if (err == GW_E_LIMIT) {
		err = GW_E_DISK;
	}
	free(text);
	if (err == GW_OK)
		*out = book;
	return err;
}

enum gw_err
gw_device_store_load(
    const char *data_dir, struct gw_device_book *out, struct gw_why *why)
{
	char *path = path_of(data_dir, "devices");
	enum gw_err err;

	*out = (struct gw_device_book){ .count = 0 };
	if (path == NULL)
		return GW_E_MEMORY;
	err = load(path, out, why);
	free(path);
	return err;
}

static enum gw_err
disk_error(struct gw_why *why, int error, const char *what)
{
	const enum gw_err err = gw_why_errno(why, error, what);

	return err == GW_E_SPACE || err == GW_E_MEMORY ? err : GW_E_DISK;
}

static enum gw_err
take_lock(int fd, struct gw_why *why)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return GW_OK;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return disk_error(
			    why, errno, "list of remembered devices");
		nanosleep(&pause, NULL);
	}
	return gw_why(why, GW_E_AGAIN,
	    "another godwit process holds the list of remembered devices and "
	    "does not let go: end that one, or try again");
}

enum gw_err
gw_device_store_open(
    const char *data_dir, struct gw_device_store *out, struct gw_why *why)
{
	struct gw_device_store s = { .lock = -1 };
	char *lock = path_of(data_dir, "devices.lock");
	enum gw_err err = GW_E_MEMORY;

	if (lock == NULL || (s.path = path_of(data_dir, "devices")) == NULL)
		goto out;
	s.lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s.lock < 0) {
		err = disk_error(why, errno, lock);
		goto out;
	}
	if ((err = take_lock(s.lock, why)) == GW_OK)
		err = load(s.path, &s.book, why);
out:
	free(lock);
	if (err == GW_OK)
		*out = s;
	else
		gw_device_store_close(&s);
	return err;
}

enum gw_err
gw_device_store_save(struct gw_device_store *s, struct gw_why *why)
{
	struct gw_bytes text = { .start = 0 };
	enum gw_err err = gw_device_book_write(&s->book, &text);
	const struct gw_slice t = gw_bytes_peek(&text);

	if (err == GW_OK)
		err = gw_small_file_store(s->path, t.p, t.n, why);
	else if (err == GW_E_LIMIT)
		gw_why(why, err, "%s: would become too long", s->path);
	gw_bytes_fini(&text);
	return err;
}

void
gw_device_store_close(struct gw_device_store *s)
{
	if (s->lock >= 0)
		close(s->lock);
	s->lock = -1;
	gw_device_book_fini(&s->book);
	free(s->path);
	s->path = NULL;
}
