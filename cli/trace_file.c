#include "cli/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/memory.h"

/* How every trace begins. */
static const char signature[] = "{\"t\":0.000000,\"event\":\"trace_started\"";

static enum gw_err
failed(const struct cli_trace_file *t, struct cli_report *r, const char *reason)
{
	char *why = cli_format("--trace: %s: %s", t->path, reason);

	cli_report_failure(r, GW_E_DISK, why);
	free(why);
	return GW_E_DISK;
}

/* Whoever forgets FILE and names what is to be sent shall not lose it. */
static const char *
look(int fd)
{
	char found[sizeof signature - 1];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "this is no file";
	if (st.st_size == 0)
		return NULL;
	if (pread(fd, found, sizeof found, 0) != sizeof found ||
	    memcmp(found, signature, sizeof found) != 0)
		return "this is there already and is no trace: choose "
		       "another name, or remove it";
	return NULL;
}

enum gw_err
cli_trace_file_open(struct cli_trace_file *t, struct cli_report *r)
{
	const char *wrong;

	if (t->path == NULL)
		return GW_OK;
	if (strcmp(t->path, "-") == 0) {
		cli_report_failure(r, GW_E_USAGE,
		    "--trace: `-` is no file, and standard output is not for "
		    "traces: name a file");
		return GW_E_USAGE;
	}
	/* Not to wait for whoever reads a FIFO: those are refused. */
	t->fd = open(t->path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
	if (t->fd < 0)
		return failed(t, r, strerror(errno));
	wrong = look(t->fd);
	if (wrong == NULL &&
	    (ftruncate(t->fd, 0) != 0 || fchmod(t->fd, 0600) != 0))
		wrong = strerror(errno);
	if (wrong == NULL)
		return GW_OK;
	close(t->fd);
	return failed(t, r, wrong);
}

enum gw_err
cli_trace_file_start(struct cli_trace_file *t, struct cli_report *r)
{
	enum gw_err err;

	if (t->path == NULL)
		return GW_OK;
	if ((err = gw_trace_open(t->fd, &t->log)) == GW_OK)
		return GW_OK;
	close(t->fd);
	cli_report_failure(r, err, gw_err_text(err));
	return err;
}

void
cli_trace_file_end(struct cli_trace_file *t, struct cli_report *r)
{
	uint64_t dropped = 0;
	char *text = NULL;

	if (t->log == NULL)
		return;
	if (gw_trace_close(t->log, &dropped) != GW_OK)
		text = cli_format("the trace is not whole: %s cannot be "
				  "written (is the disk full?)",
		    t->path);
	else if (dropped > 0)
		text = cli_format("the trace is not whole: %llu events are "
				  "not in it, the disk was too slow",
		    (unsigned long long)dropped);
	if (text != NULL)
		cli_report_warning(r, text);
	free(text);
	t->log = NULL;
}
