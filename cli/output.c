#include "cli/output.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/memory.h"

enum {
	PIECE = 4096,  /* a pipe that takes anything takes so much */
	FULL = 1 << 20 /* bytes */
};

void
cli_output_fini(struct cli_output *o)
{
	free(o->bytes);
	*o = (struct cli_output){ .error = 0 };
}

void
cli_output_add(struct cli_output *o, const void *bytes, size_t n)
{
	if (o->start == o->end) {
		o->start = o->end = 0;
	} else if (o->room - o->end < n) {
		memmove(o->bytes, o->bytes + o->start, o->end - o->start);
		o->end -= o->start;
		o->start = 0;
	}
	if (o->room - o->end < n) {
		o->room = 2 * (o->end + n) + PIECE;
		o->bytes = cli_resize(o->bytes, o->room, 1);
	}
	if (n != 0)
		memcpy(o->bytes + o->end, bytes, n);
	o->end += n;
}

void
cli_output_text(struct cli_output *o, const char *format, ...)
{
	va_list ap;
	char *text;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	cli_output_add(o, text, (size_t)n);
	free(text);
}

bool
cli_output_full(const struct cli_output *o)
{
	return o->end - o->start >= FULL;
}

bool
cli_output_waits(const struct cli_output *o)
{
	return o->error == 0 && o->end != o->start;
}

static void
write_piece(struct cli_output *o)
{
	size_t n = o->end - o->start < PIECE ? o->end - o->start : PIECE;
	ssize_t w = write(STDOUT_FILENO, o->bytes + o->start, n);

	if (w >= 0)
		o->start += (size_t)w;
	else if (errno != EINTR && errno != EAGAIN)
		o->error = errno;
}

void
cli_output_flush(struct cli_output *o)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (cli_output_waits(o) && poll(&p, 1, 0) == 1)
		write_piece(o);
}

void
cli_output_finish(struct cli_output *o, int signal_fd, int patience_ms)
{
	struct pollfd p[] = { { .fd = STDOUT_FILENO, .events = POLLOUT },
		{ .fd = signal_fd, .events = POLLIN } };

	while (cli_output_waits(o)) {
		int n = poll(p, 2, patience_ms);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || p[0].revents == 0)
			return;
		write_piece(o);
	}
}
