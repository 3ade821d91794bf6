#include "cli/dgram_exec.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/dgram.h"
#include "cli/memory.h"

enum state { IDLE, RUNNING, DONE, LENT };

struct command {
	enum state state;
	struct gw_arrival arrival;
	pid_t pid;
	int pid_fd; /* readable when it has exited */
	int out;    /* what it prints; -1: it has closed that */
	char *bytes;
	size_t used;
	uint64_t deadline;
	char failed[64];
};

struct request {
	struct gw_arrival arrival;
	char *data;
	size_t size;
};

struct cli_exec {
	const char *text;
	uint32_t deadline_ms;
	struct command commands[CLI_EXEC_AT_ONCE];
	struct request waiting[CLI_EXEC_WAITING]; /* a ring */
	size_t first, count;
};

/* ---- starting one ---- */

/* The datagram as a file; -1: errno. */
static int
as_file(const struct request *r)
{
	int fd = memfd_create("datagram", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	for (size_t at = 0; at < r->size;) {
		ssize_t n = write(fd, r->data + at, r->size - at);

		if (n < 0) {
			close(fd);
			return -1;
		}
		at += (size_t)n;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* Ours, but for who asked: three variables after it, and NULL. */
static char **
environment(const struct gw_arrival *a)
{
	struct gw_endpoint bare = a->datagram.peer;
	char peer[GW_ENDPOINT_TEXT], **env;
	size_t n = 0, k = 0;

	while (environ[n] != NULL)
		n++;
	env = cli_alloc(n + 4, sizeof *env);
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "GODWIT_PEER=", 12) != 0 &&
		    strncmp(environ[i], "GODWIT_PEER_PORT=", 17) != 0 &&
		    strncmp(environ[i], "GODWIT_INTERFACE=", 17) != 0)
			env[k++] = cli_copy(environ[i]);
	bare.port = 0;
	gw_endpoint_text(&bare, peer);
	env[k++] = cli_format("GODWIT_PEER=%s", peer);
	env[k++] =
	    cli_format("GODWIT_PEER_PORT=%u", (unsigned)a->datagram.peer.port);
	env[k++] = cli_format("GODWIT_INTERFACE=%s", a->interface_name);
	return env;
}

static void
free_environment(char **env)
{
	for (char **e = env; *e != NULL; e++)
		free(*e);
	free(env);
}

/* In a process group of its own, with signals as a shell expects them. */
static int
spawn(const char *text, const struct gw_arrival *a, int in, int out, pid_t *pid)
{
	char sh[] = "sh", c[] = "-c", *copy = cli_copy(text);
	char *argv[] = { sh, c, copy, NULL }, **env = environment(a);
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, reset;
	int error;

	sigemptyset(&none);
	sigemptyset(&reset);
	sigaddset(&reset, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
					    POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &reset);
	error = posix_spawn(pid, "/bin/sh", &files, &attr, argv, env);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	free_environment(env);
	free(copy);
	return error;
}

/* Returns errno. */
static int
start_with(struct cli_exec *e, struct command *c, const struct request *r)
{
	int in = as_file(r), pipes[2], error;

	if (in < 0)
		return errno;
	if (pipe2(pipes, O_CLOEXEC) != 0) {
		error = errno;
		close(in);
		return error;
	}
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	error = spawn(e->text, &r->arrival, in, pipes[1], &c->pid);
	close(in);
	close(pipes[1]);
	if (error != 0) {
		close(pipes[0]);
		return error;
	}
	c->out = pipes[0];
	c->pid_fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return 0;
}

/* Takes the request. */
static void
start(struct cli_exec *e, struct command *c, struct request *r)
{
	int error;

	c->arrival = r->arrival;
	c->arrival.datagram.data = NULL;
	c->used = 0;
	c->failed[0] = '\0';
	c->deadline = cli_dgram_now() + (uint64_t)e->deadline_ms * 1000;
	if (c->bytes == NULL)
		c->bytes = cli_alloc(GW_DATAGRAM_MAX + 1, 1);
	error = start_with(e, c, r);
	c->state = error == 0 ? RUNNING : DONE;
	if (error != 0)
		snprintf(c->failed, sizeof c->failed,
		    "cannot be started: %.40s", strerror(error));
	free(r->data);
}

static void
start_waiting(struct cli_exec *e)
{
	for (size_t i = 0; i < CLI_EXEC_AT_ONCE && e->count != 0; i++) {
		if (e->commands[i].state != IDLE)
			continue;
		start(e, &e->commands[i], &e->waiting[e->first]);
		e->first = (e->first + 1) % CLI_EXEC_WAITING;
		e->count--;
	}
}

bool
cli_exec_add(struct cli_exec *e, const struct gw_arrival *a)
{
	struct request *r;

	if (e->count == CLI_EXEC_WAITING)
		return false;
	r = &e->waiting[(e->first + e->count++) % CLI_EXEC_WAITING];
	*r = (struct request){ .arrival = *a,
		.data = cli_copy_n(a->datagram.data, a->datagram.size),
		.size = a->datagram.size };
	start_waiting(e);
	return true;
}

/* ---- watching them ---- */

static void
kill_group(const struct command *c)
{
	kill(-c->pid, SIGKILL);
}

static void
close_out(struct command *c)
{
	if (c->out != -1)
		close(c->out);
	c->out = -1;
}

static void
fail(struct command *c, const char *reason)
{
	if (c->failed[0] == '\0')
		snprintf(c->failed, sizeof c->failed, "%s", reason);
}

static void
read_out(struct command *c)
{
	ssize_t n;

	while (c->out != -1) {
		n = read(
		    c->out, c->bytes + c->used, GW_DATAGRAM_MAX + 1 - c->used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n > 0)
			c->used += (size_t)n;
		if (c->used > GW_DATAGRAM_MAX) {
			fail(c, "it printed more than 65,507 bytes");
			kill_group(c);
		}
		if (n <= 0 || c->used > GW_DATAGRAM_MAX)
			close_out(c);
	}
}

/* What it has left running in the background is no business of ours: what was
 * printed so far is the answer. */
static void
reap(struct command *c)
{
	char why[64];
	int status;

	if (waitpid(c->pid, &status, WNOHANG) != c->pid)
		return;
	read_out(c);
	close_out(c);
	close(c->pid_fd);
	if (WIFSIGNALED(status)) {
		snprintf(
		    why, sizeof why, "killed by signal %d", WTERMSIG(status));
		fail(c, why);
	} else if (WEXITSTATUS(status) != 0) {
		snprintf(
		    why, sizeof why, "it exited with %d", WEXITSTATUS(status));
		fail(c, why);
	}
	c->state = DONE;
}

void
cli_exec_step(struct cli_exec *e)
{
	uint64_t now = cli_dgram_now();

	for (size_t i = 0; i < CLI_EXEC_AT_ONCE; i++) {
		struct command *c = &e->commands[i];

		if (c->state != RUNNING)
			continue;
		read_out(c);
		if (now >= c->deadline && c->failed[0] == '\0') {
			fail(c, "it took too long");
			kill_group(c);
		}
		reap(c);
	}
	start_waiting(e);
}

size_t
cli_exec_poll(const struct cli_exec *e, struct pollfd *fds, uint64_t *until)
{
	size_t n = 0;

	for (size_t i = 0; i < CLI_EXEC_AT_ONCE; i++) {
		const struct command *c = &e->commands[i];

		if (c->state != RUNNING)
			continue;
		fds[n++] = (struct pollfd){ .fd = c->pid_fd, .events = POLLIN };
		fds[n++] = (struct pollfd){ .fd = c->out, .events = POLLIN };
		if (c->failed[0] == '\0' && c->deadline < *until)
			*until = c->deadline;
	}
	return n;
}

bool
cli_exec_busy(const struct cli_exec *e)
{
	for (size_t i = 0; i < CLI_EXEC_AT_ONCE; i++)
		if (e->commands[i].state == RUNNING ||
		    e->commands[i].state == DONE)
			return true;
	return e->count != 0;
}

bool
cli_exec_next(struct cli_exec *e, struct cli_exec_outcome *out)
{
	struct command *done = NULL;

	for (size_t i = 0; i < CLI_EXEC_AT_ONCE; i++) {
		if (e->commands[i].state == LENT)
			e->commands[i].state = IDLE;
		else if (e->commands[i].state == DONE)
			done = &e->commands[i];
	}
	start_waiting(e);
	if (done == NULL)
		return false;
	done->state = LENT;
	*out = (struct cli_exec_outcome){ .arrival = done->arrival,
		.data = done->bytes,
		.size = done->used };
	snprintf(out->failed, sizeof out->failed, "%s", done->failed);
	return true;
}

/* ---- life ---- */

struct cli_exec *
cli_exec_new(const char *command, uint32_t deadline_ms)
{
	struct cli_exec *e = cli_alloc(1, sizeof *e);

	e->text = command;
	e->deadline_ms = deadline_ms;
	for (size_t i = 0; i < CLI_EXEC_AT_ONCE; i++)
		e->commands[i].out = -1;
	return e;
}

void
cli_exec_free(struct cli_exec *e)
{
	if (e == NULL)
		return;
	for (size_t i = 0; i < CLI_EXEC_AT_ONCE; i++) {
		struct command *c = &e->commands[i];

		if (c->state == RUNNING) {
			kill_group(c);
			waitpid(c->pid, NULL, 0);
			close_out(c);
			close(c->pid_fd);
		}
		free(c->bytes);
	}
	for (; e->count != 0; e->count--) {
		free(e->waiting[e->first].data);
		e->first = (e->first + 1) % CLI_EXEC_WAITING;
	}
	free(e);
}
