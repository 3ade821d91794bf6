#include "cli/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
read_all(int fd, size_t most, char **text, size_t *n)
{
	size_t used = 0, room = 4096;
	char *buf = cli_alloc(room + 1, 1);
	ssize_t got;

	while ((got = read(fd, buf + used, room - used)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (used += (size_t)got) > most) {
			int error = got < 0 ? errno : EFBIG;

			explicit_bzero(buf, used);
			free(buf);
			return error;
		}
		if (used == room) {
			room *= 2;
			buf = cli_resize(buf, room + 1, 1);
		}
	}
	buf[used] = '\0';
	*text = buf;
	*n = used;
	return 0;
}

int
cli_file_read(const char *path, size_t most, char **text, size_t *n)
{
	bool input = strcmp(path, "-") == 0;
	int fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		return errno;
	error = read_all(fd, most, text, n);
	if (!input)
		close(fd);
	return error;
}

void
cli_file_split(char *text, size_t n, bool nul, struct cli_list *out)
{
	char end = nul ? '\0' : '\n';

	for (size_t from = 0, to; from < n; from = to + 1) {
		char *stop = memchr(text + from, end, n - from);

		to = stop != NULL ? (size_t)(stop - text) : n;
		text[to] = '\0';
		if (to > from)
			cli_list_add(out, text + from);
	}
}
