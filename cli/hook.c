#include "cli/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/hook_runner.h"
#include "cli/memory.h"

enum { SOCKET_FD = 3 }; /* where the runner keeps its end */

struct cli_hook {
	int fd; /* -1: the process is gone */
	size_t under_way;
	int names; /* of the transfer; -1: none yet */
	uint64_t length;
	bool cut;
	struct cli_hook_request r;
};

/* ---- the process ---- */

/* Of the parent it keeps its standard error, where what the commands print
 * goes too: standard output is for programs. */
static bool
keep_only(int fd)
{
	int null;

	if ((fd = fcntl(fd, F_DUPFD, SOCKET_FD + 1)) < 0)
		return false;
	if ((null = open("/dev/null", O_RDWR)) < 0 || dup2(null, 0) < 0 ||
	    dup2(2, 1) < 0 || dup2(fd, SOCKET_FD) < 0)
		return false;
	return close_range(SOCKET_FD + 1, ~0U, 0) == 0 &&
	       fcntl(SOCKET_FD, F_SETFD, FD_CLOEXEC) == 0;
}

_Noreturn static void
be_runner(int fd, const struct cli_hook_command *c)
{
	sigset_t none;

	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the parent to handle */
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "godwit-exec");
	if (!keep_only(fd))
		_exit(1);
	cli_hook_serve(SOCKET_FD, c);
}

static enum gw_err
failed(struct cli_report *r, const char *what)
{
	char *text = cli_format("--exec: %s: %s", what, strerror(errno));

	cli_report_failure(r, GW_E_FAILED, text);
	free(text);
	return GW_E_FAILED;
}

enum gw_err
cli_hook_start(struct cli_report *r, const char *command, const char *dir,
    uint32_t deadline_ms, struct cli_hook **out)
{
	struct cli_hook_command c = { .text = command,
		.deadline_ms = deadline_ms };
	struct cli_hook *h;
	int fds[2];
	pid_t pid;

	if (realpath(dir, c.dir) == NULL)
		return failed(r, dir);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return failed(r, "socket");
	if ((pid = fork()) == 0)
		be_runner(fds[1], &c);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return failed(r, "process");
	}
	h = cli_alloc(1, sizeof *h);
	h->fd = fds[0];
	h->names = -1;
	*out = h;
	return GW_OK;
}

void
cli_hook_free(struct cli_hook *h)
{
	if (h == NULL)
		return;
	if (h->fd != -1)
		close(h->fd);
	if (h->names != -1)
		close(h->names);
	free(h);
}

/* ---- what came ---- */

static void
forget(struct cli_hook *h)
{
	if (h->names != -1)
		close(h->names);
	h->names = -1;
	h->length = 0;
	h->cut = false;
}

/* false: it is not among them. */
static bool
write_name(struct cli_hook *h, const char *name)
{
	char *text = cli_format("./%s", name);
	size_t n = strlen(text) + 1;
	bool written;

	if (h->names == -1)
		h->names = memfd_create("names", MFD_CLOEXEC);
	written = h->names != -1 && h->length + n <= CLI_HOOK_NAMES &&
		  write(h->names, text, n) == (ssize_t)n;
	if (written)
		h->length += n;
	free(text);
	return written;
}

static void
add(struct cli_hook *h, const struct gw_event *e)
{
	const char *name =
	    e->entry.final_name != NULL ? e->entry.final_name : e->entry.name;

	if (e->entry.status != GW_ENTRY_DONE && e->entry.status != GW_ENTRY_HAD)
		return;
	if (!h->cut && !write_name(h, name))
		h->cut = true; /* none is left out in the middle */
}

static bool
send_request(struct cli_hook *h)
{
	struct iovec iov = { &h->r, sizeof h->r };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room };
	struct cmsghdr *c;

	memset(&control, 0, sizeof control);
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof h->names);
	memcpy(CMSG_DATA(c), &h->names, sizeof h->names);
	lseek(h->names, 0, SEEK_SET);
	return sendmsg(h->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)sizeof h->r;
}

static void
run(struct cli_hook *h, struct cli_report *r, const struct gw_event *e)
{
	h->r.files = e->complete.files;
	h->r.bytes = e->complete.bytes;
	h->r.failed = e->complete.failed;
	/* Nothing may have got a name: that is told as well. */
	if (h->names == -1)
		h->names = memfd_create("names", MFD_CLOEXEC);
	if (h->cut)
		cli_report_warning(r,
		    "--exec: the names are too many: its command gets the "
		    "first of them");
	if (h->names != -1 && h->fd != -1 && send_request(h))
		h->under_way++;
	else if (h->fd != -1 && errno == EAGAIN)
		cli_report_warning(r,
		    "--exec: the command was not run: too many wait already");
	else
		cli_report_warning(r,
		    "--exec: the command was not run: end this program and "
		    "start it again");
	forget(h);
}

void
cli_hook_event(
    struct cli_hook *h, struct cli_report *r, const struct gw_event *e)
{
	switch (e->kind) {
	case GW_EVENT_CONNECTED:
		snprintf(h->r.peer, sizeof h->r.peer, "%s", e->connected.peer);
		snprintf(h->r.key, sizeof h->r.key, "%s", e->connected.key);
		snprintf(h->r.device, sizeof h->r.device, "%s",
		    e->connected.device != NULL ? e->connected.device : "");
		/* It goes through all entries again. */
		forget(h);
		break;
	case GW_EVENT_ENTRY:
		add(h, e);
		break;
	case GW_EVENT_COMPLETE:
		run(h, r, e);
		break;
	case GW_EVENT_LISTENING:
		forget(h);
		break;
	default:
		break;
	}
}

/* ---- what became of it ---- */

int
cli_hook_fd(const struct cli_hook *h)
{
	return h->fd;
}

/* Nothing more is to be heard. */
static void
lose(struct cli_hook *h, struct cli_report *r)
{
	cli_report_warning(r,
	    "--exec: the process that runs commands is gone, so none is run "
	    "any more: end this program and start it again");
	close(h->fd);
	h->fd = -1;
	h->under_way = 0;
}

void
cli_hook_take(struct cli_hook *h, struct cli_report *r)
{
	struct cli_hook_outcome o;
	char *text;
	ssize_t n;

	errno = 0;
	while ((n = recv(h->fd, &o, sizeof o, MSG_DONTWAIT)) ==
	       (ssize_t)sizeof o) {
		h->under_way -= h->under_way > 0;
		o.peer[CLI_HOOK_NAME - 1] = o.why[CLI_HOOK_WHY - 1] = '\0';
		if (o.why[0] == '\0')
			continue;
		text = cli_format(
		    "--exec: the command for what came from %s %s; what came "
		    "is kept",
		    o.peer, o.why);
		cli_report_warning(r, text);
		free(text);
	}
	if (n == 0 || errno == ECONNRESET)
		lose(h, r);
}

bool
cli_hook_busy(const struct cli_hook *h)
{
	return h->under_way > 0;
}
