#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/say.h"

void
cli_terminal_open(struct cli_terminal *t, bool input_is_data)
{
	bool in = isatty(STDIN_FILENO) && !input_is_data;
	bool out = isatty(STDERR_FILENO);

	*t = (struct cli_terminal){ in ? STDIN_FILENO : -1,
		out ? STDERR_FILENO : -1, -1 };
	if (in && out)
		return;
	if (in || input_is_data)
		t->own = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (t->in == -1)
		t->in = t->own;
	if (t->out == -1)
		t->out = t->own;
}

void
cli_terminal_close(struct cli_terminal *t)
{
	if (t->own != -1)
		close(t->own);
	*t = (struct cli_terminal){ -1, -1, -1 };
}

bool
cli_terminal_can_ask(const struct cli_terminal *t)
{
	return t->in != -1 && t->out != -1;
}

/* Read one line; signals end it.  The terminal collects the line, so one
 * read gives all of it. */
static enum gw_err
read_code(int fd, int signal_fd, struct cli_secret *out)
{
	char line[CLI_SECRET_MAX + 2];
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN } };
	const char *wrong;
	ssize_t n;

	while (poll(fds, 2, -1) < 0 && errno == EINTR) {
	}
	if (fds[1].revents != 0)
		return GW_E_INTERRUPTED;
	if ((n = read(fd, line, sizeof line - 1)) <= 0)
		n = 0;
	line[n] = '\0';
	wrong = cli_secret_take(out, line);
	explicit_bzero(line, sizeof line);
	if (wrong != NULL) {
		cli_say_error("the code %s", wrong);
		return GW_E_USAGE;
	}
	out->shown = false;
	return GW_OK;
}

enum gw_err
cli_terminal_ask_code(
    const struct cli_terminal *t, int signal_fd, struct cli_secret *out)
{
	struct termios before, silent;
	sigset_t stop, old;
	enum gw_err err;

	if (tcgetattr(t->in, &before) != 0) {
		cli_say_error(
		    "the terminal cannot be set up: %s", strerror(errno));
		return GW_E_FAILED;
	}
	/* Stopped by Ctrl-Z, the shell would be left without echo. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigprocmask(SIG_BLOCK, &stop, &old);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ECHONL;
	tcsetattr(t->in, TCSAFLUSH, &silent);
	/* Only now: what is typed before the echo is off would be lost. */
	dprintf(t->out, "Code: ");
	err = read_code(t->in, signal_fd, out);
	tcsetattr(t->in, TCSAFLUSH, &before);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err != GW_OK)
		dprintf(t->out, "\n");
	return err;
}
