/*
 * A plain receiver as people write them: nothing of godwit's is in it.
 *
 *   plain-receiver DIR BUFFER [split] [newline] [padded] [open] [slow]
 *
 * Listens at a free port, prints it, and takes one file into DIR: one read is
 * the name, "ok" the answer (split: in two segments; newline: with one;
 * padded: with NULs to the size of the buffer), all that follows the content,
 * read BUFFER bytes at a time (slow: with pauses).  open: it never closes its
 * end, but waits until its standard input does.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
is(int argc, char **argv, const char *word)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return 1;
	return 0;
}

static char buffer[65536], padded[65536], path[4096];

static void
answer(int c, int argc, char **argv, size_t size)
{
	if (is(argc, argv, "split")) {
		write(c, "o", 1);
		usleep(5000);
		write(c, "k", 1);
	} else if (is(argc, argv, "newline")) {
		write(c, "ok\n", 3);
	} else if (is(argc, argv, "padded")) {
		snprintf(padded, sizeof(padded), "ok");
		write(c, padded, size);
	} else {
		write(c, "ok", 2);
	}
}

static int
listening(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(s, (struct sockaddr *)&at, len) != 0 || listen(s, 5) != 0 ||
	    getsockname(s, (struct sockaddr *)&at, &len) != 0)
		exit(1);
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	return s;
}

int
main(int argc, char **argv)
{
	int c, file;
	size_t size;
	ssize_t n;

	if (argc < 3)
		return 2;
	size = strtoul(argv[2], NULL, 10);
	c = accept(listening(), NULL, NULL);

	n = read(c, buffer, size);
	if (n <= 0)
		return 1;
	buffer[n] = '\0';
	printf("%s\n", buffer);
	fflush(stdout);
	answer(c, argc, argv, size);
	snprintf(path, sizeof(path), "%s/%.200s", argv[1], buffer);
	file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	while ((n = read(c, buffer, size)) > 0) {
		write(file, buffer, (size_t)n);
		if (is(argc, argv, "slow"))
			usleep(2000);
	}
	close(file);
	printf("%s\n", n == 0 ? "end" : "broken");
	fflush(stdout);
	if (is(argc, argv, "open"))
		read(0, buffer, 1);
	close(c);
	return 0;
}
