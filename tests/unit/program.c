#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "os_fixture.h"
#include "test.h"

enum { WORDS = 16 };

struct result result;

static char **
split(const char *line, int *argc)
{
	static char buf[1024];
	static char *argv[WORDS + 1];
	char *rest = buf, *word;

	snprintf(buf, sizeof buf, "%s", line);
	for (*argc = 0; (word = strsep(&rest, " ")) != NULL && *argc < WORDS;)
		argv[(*argc)++] = word;
	argv[*argc] = NULL;
	return argv;
}

void
program_setup(void)
{
	unsetenv("GODWIT_CODE");
	unsetenv("NO_COLOR");
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	setenv("TERM", "xterm", 1);
}

int
program_begin(void **state)
{
	program_setup();
	if (os_fixture_setup(state) != 0)
		return -1;
	os_fixture_text("photos", "");
	os_fixture_text("x", "");
	return mkdir("in", 0755);
}

int
program_end(void **state)
{
	return os_fixture_teardown(state);
}

_Noreturn static void
child(const char *line, int seen)
{
	int argc, status;
	char **argv = split(line, &argc);

	status = cli_commands_run(argc, argv);
	fflush(stdout);
	if (write(seen, &fake, sizeof fake) != sizeof fake)
		status = 99;
	_exit(status);
}

static int
exit_status(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 1000 + WTERMSIG(status);
}

static void
read_file(FILE *f, char *out)
{
	ssize_t n = pread(fileno(f), out, PROGRAM_OUTPUT - 1, 0);

	out[n > 0 ? n : 0] = '\0';
	fclose(f);
}

static void
read_seen(FILE *f)
{
	if (pread(fileno(f), &result.seen, sizeof fake, 0) !=
	    (ssize_t)sizeof fake)
		memset(&result.seen, 0, sizeof result.seen);
	fclose(f);
}

int
run(const char *line)
{
	FILE *out = tmpfile(), *err = tmpfile(), *seen = tmpfile();
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		child(line, fileno(seen));
	}
	result.status = exit_status(pid);
	read_file(out, result.out);
	read_file(err, result.err);
	read_seen(seen);
	return result.status;
}

/* ---- a run on a terminal ---- */

int
run_on_terminal(const char *line, const struct dialogue *d, size_t count)
{
	FILE *seen = tmpfile();
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	size_t used = 0, from = 0;
	int terminal;
	pid_t pid = forkpty(&terminal, NULL, NULL, &size);

	if (pid == 0)
		child(line, fileno(seen));
	for (;;) {
		struct pollfd p = { .fd = terminal, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, 10000) != 1) {
			kill(pid, SIGKILL);
			break;
		}
		n = read(
		    terminal, result.out + used, PROGRAM_OUTPUT - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		result.out[used] = '\0';
		if (count == 0 || strstr(result.out + from, d->after) == NULL)
			continue;
		from = used;
		if (d->type != NULL)
			assert_int_equal(
			    write(terminal, d->type, strlen(d->type)),
			    strlen(d->type));
		else
			kill(pid, d->signal);
		d++;
		count--;
	}
	result.status = exit_status(pid);
	close(terminal);
	read_seen(seen);
	return result.status;
}

void
says(const char *text, const char *word)
{
	if (strstr(text, word) == NULL)
		fail_msg("\"%s\" is not in:\n%s", word, text);
}

void
says_not(const char *text, const char *word)
{
	if (strstr(text, word) != NULL)
		fail_msg("\"%s\" is in:\n%s", word, text);
}

/* ---- scripts ---- */

static const char *const addresses[] = { "127.0.0.1", "192.168.1.5" };
static const char *const names[] = { "photos", ".bashrc", "a\033[2Jb" };

const struct gw_event listening = { .kind = GW_EVENT_LISTENING,
	.listening = {
	    "laptop", addresses, 2, 40123, "7-crane-otter", false } };
const struct gw_event connected = { .kind = GW_EVENT_CONNECTED,
	.connected = { "kitchen\033pc", "ab", "192.168.1.9:5", "tcp",
	    "it was asked for", "AES-256-GCM", false, NULL } };
const struct gw_event offer = { .kind = GW_EVENT_OFFER,
	.offer = { .peer = "kitchen-pc",
	    .files = 3,
	    .bytes = 1200000000,
	    .bytes_known = true,
	    .names = names,
	    .name_count = 3 } };
const struct gw_event asking = { .kind = GW_EVENT_OFFER,
	.offer = { .peer = "kitchen-pc",
	    .files = 3,
	    .bytes = 1200000000,
	    .bytes_known = true,
	    .names = names,
	    .name_count = 3,
	    .needs_answer = true } };
const struct gw_event conflict = { .kind = GW_EVENT_CONFLICT,
	.conflict = { .name = "notes.txt", .our_size = 5, .their_size = 6 } };
const struct gw_event moving = { .kind = GW_EVENT_PROGRESS,
	.progress = { .bytes = 600000000,
	    .bytes_total = 1200000000,
	    .rate = 293000000,
	    .eta_ms = 2000,
	    .name = "photos/1.jpg" } };
const struct gw_event stalled = { .kind = GW_EVENT_PROGRESS,
	.progress = { .bytes = 600000000,
	    .bytes_total = 1200000000,
	    .eta_ms = -1,
	    .limiter = GW_LIMIT_DISK_THERE,
	    .stalled_ms = 12000 } };
const struct gw_event complete = { .kind = GW_EVENT_COMPLETE,
	.complete = { .bytes = 1200000000,
	    .moved = 1200000000,
	    .files = 3,
	    .seconds = 4.1 } };
const struct gw_event the_end = { .kind = GW_EVENT_END };

void
play(const struct fake_step *steps, size_t count)
{
	memset(&fake, 0, sizeof fake);
	fake.steps = steps;
	fake.count = count;
}

static const struct gw_event listening_found = { .kind = GW_EVENT_LISTENING,
	.listening = { "laptop", addresses, 2, 40123, "7-crane-otter", true } };

const struct fake_step found[TRANSFER_STEPS] = { { .event = &listening_found },
	{ .event = &connected }, { .event = &offer }, { .event = &moving },
	{ .event = &complete }, { .event = &the_end } };
const struct fake_step transfer[TRANSFER_STEPS] = { { .event = &listening },
	{ .event = &connected }, { .event = &offer }, { .event = &moving },
	{ .event = &complete }, { .event = &the_end } };
