#include "cli/hook_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/hook.h"
#include "cli/memory.h"

struct job {
	struct cli_hook_request r;
	int input;
	pid_t pid;
	int pid_fd; /* readable when it has exited */
	uint64_t deadline;
	bool late;
};

struct runner {
	const struct cli_hook_command *c;
	int fd; /* -1: the parent is gone */
	struct job running[CLI_HOOK_AT_ONCE];
	size_t running_count;
	struct job waiting[CLI_HOOK_WAITING]; /* oldest first */
	size_t waiting_count;
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
answer(const struct runner *w, const struct job *j, const char *why)
{
	struct cli_hook_outcome o;

	memset(&o, 0, sizeof o);
	memcpy(o.peer, j->r.peer, sizeof o.peer);
	snprintf(o.why, sizeof o.why, "%s", why);
	if (w->fd != -1)
		(void)!send(w->fd, &o, sizeof o, MSG_NOSIGNAL);
}

/* ---- starting one ---- */

/* Ours, but for what is told of this transfer. */
static char **
environment(const struct runner *w, const struct cli_hook_request *r)
{
	static const char prefix[] = "GODWIT_";
	char **env;
	size_t n = 0, k = 0;

	while (environ[n] != NULL)
		n++;
	env = cli_alloc(n + 8, sizeof *env);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], prefix, sizeof prefix - 1) != 0)
			env[k++] = cli_copy(environ[i]);
	env[k++] = cli_format("GODWIT_PEER=%s", r->peer);
	env[k++] = cli_format("GODWIT_DEVICE=%s", r->device);
	env[k++] = cli_format("GODWIT_KEY=%s", r->key);
	env[k++] = cli_format("GODWIT_DIR=%s", w->c->dir);
	env[k++] =
	    cli_format("GODWIT_FILES=%llu", (unsigned long long)r->files);
	env[k++] =
	    cli_format("GODWIT_BYTES=%llu", (unsigned long long)r->bytes);
	env[k++] =
	    cli_format("GODWIT_FAILED=%llu", (unsigned long long)r->failed);
	return env;
}

/* In a process group of its own, with signals as a shell expects them. */
static int
spawn(const struct runner *w, struct job *j)
{
	char sh[] = "sh", c[] = "-c", *copy = cli_copy(w->c->text);
	char *argv[] = { sh, c, copy, NULL }, **env = environment(w, &j->r);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, j->input, STDIN_FILENO);
	posix_spawn_file_actions_addchdir_np(&files, w->c->dir);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
					    POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	error = posix_spawn(&j->pid, "/bin/sh", &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	for (char **e = env; *e != NULL; e++)
		free(*e);
	free(env);
	free(copy);
	return error;
}

/* Takes the job. */
static void
start(struct runner *w, struct job *j)
{
	char why[CLI_HOOK_WHY];
	int error = spawn(w, j);

	close(j->input);
	if (error != 0) {
		snprintf(
		    why, sizeof why, "cannot be started: %s", strerror(error));
		answer(w, j, why);
		return;
	}
	j->pid_fd = (int)syscall(SYS_pidfd_open, j->pid, 0);
	j->deadline = now_ms() + w->c->deadline_ms;
	w->running[w->running_count++] = *j;
}

static void
start_waiting(struct runner *w)
{
	while (w->waiting_count > 0 && w->running_count < CLI_HOOK_AT_ONCE) {
		struct job j = w->waiting[0];

		w->waiting_count--;
		memmove(w->waiting, w->waiting + 1,
		    w->waiting_count * sizeof *w->waiting);
		start(w, &j);
	}
}

/* ---- the parent ---- */

/* The descriptor that came with it; -1: none did. */
static int
descriptor(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

static void
take_request(struct runner *w)
{
	struct job j = { .pid_fd = -1 };
	struct iovec iov = { &j.r, sizeof j.r };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof control.room };
	ssize_t n = recvmsg(w->fd, &m, MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close(w->fd);
		w->fd = -1;
		return;
	}
	if ((j.input = descriptor(&m)) < 0)
		return;
	j.r.device[CLI_HOOK_NAME - 1] = '\0';
	j.r.peer[CLI_HOOK_NAME - 1] = j.r.key[CLI_HOOK_KEY - 1] = '\0';
	if (w->waiting_count == CLI_HOOK_WAITING) {
		close(j.input);
		answer(w, &j, "was not run: too many wait already");
		return;
	}
	w->waiting[w->waiting_count++] = j;
}

/* ---- those that run ---- */

static void
ended(struct runner *w, size_t at, int status)
{
	struct job *j = &w->running[at];
	char why[CLI_HOOK_WHY] = "";

	if (j->late)
		snprintf(why, sizeof why, "took too long and was ended");
	else if (WIFSIGNALED(status))
		snprintf(why, sizeof why, "was killed by signal %d",
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(
		    why, sizeof why, "exited with %d", WEXITSTATUS(status));
	answer(w, j, why);
	if (j->pid_fd != -1)
		close(j->pid_fd);
	*j = w->running[--w->running_count];
}

static void
look(struct runner *w)
{
	int status;

	for (size_t i = 0; i < w->running_count;) {
		struct job *j = &w->running[i];

		if (!j->late && now_ms() >= j->deadline) {
			j->late = true;
			kill(-j->pid, SIGKILL);
		}
		if (waitpid(j->pid, &status, WNOHANG) == j->pid)
			ended(w, i, status);
		else
			i++;
	}
}

/* Until when poll may wait, ms. */
static int
patience(const struct runner *w)
{
	uint64_t now = now_ms(), least = INT_MAX;

	for (size_t i = 0; i < w->running_count; i++) {
		const struct job *j = &w->running[i];
		uint64_t left = j->deadline > now ? j->deadline - now : 0;

		/* Without a pidfd nothing tells of its end. */
		if (j->late || j->pid_fd == -1)
			left = 100;
		if (left < least)
			least = left;
	}
	return w->running_count > 0 ? (int)least : -1;
}

_Noreturn void
cli_hook_serve(int fd, const struct cli_hook_command *c)
{
	struct runner w = { .c = c, .fd = fd };
	struct pollfd fds[1 + CLI_HOOK_AT_ONCE];

	while (w.fd != -1 || w.running_count + w.waiting_count > 0) {
		fds[0] = (struct pollfd){ .fd = w.fd, .events = POLLIN };
		for (size_t i = 0; i < w.running_count; i++)
			fds[1 + i] = (struct pollfd){ .fd = w.running[i].pid_fd,
				.events = POLLIN };
		if (poll(fds, 1 + w.running_count, patience(&w)) < 0 &&
		    errno != EINTR)
			_exit(1);
		if (fds[0].revents != 0)
			take_request(&w);
		look(&w);
		start_waiting(&w);
	}
	_exit(0);
}
