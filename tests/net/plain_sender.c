/*
 * A plain sender as people write them: nothing of godwit's is in it.
 *
 *   plain-sender PORT FILE BUFFER [padded|newline] [slow]
 *
 * Sends the base name of FILE (padded: with NULs to the size of the buffer),
 * reads once, compares with "ok", sends the content in pieces of BUFFER bytes
 * (slow: with pauses), and closes.  Any other reply makes it give up, and it
 * says nothing about it.
 */
#include <arpa/inet.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int
is(int argc, char **argv, const char *word)
{
	for (int i = 4; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return 1;
	return 0;
}

static char buffer[65536];

int
main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	size_t size, n;
	ssize_t got;
	FILE *file;
	int s;

	if (argc < 4)
		return 2;
	size = strtoul(argv[3], NULL, 10);
	file = fopen(argv[2], "rb");
	s = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_port = htons((unsigned short)strtoul(argv[1], NULL, 10));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (file == NULL ||
	    connect(s, (struct sockaddr *)&to, sizeof(to)) != 0) {
		perror("plain-sender");
		return 1;
	}
	n = (size_t)snprintf(buffer, sizeof(buffer), "%s%s", basename(argv[2]),
	    is(argc, argv, "newline") ? "\n" : "");
	write(s, buffer, is(argc, argv, "padded") ? size : n);

	memset(buffer, 0, sizeof(buffer));
	got = read(s, buffer, size);
	if (got != 2 || strcmp(buffer, "ok") != 0)
		exit(0);
	while ((n = fread(buffer, 1, size, file)) > 0) {
		if (write(s, buffer, n) < 0)
			exit(0);
		if (is(argc, argv, "slow"))
			usleep(2000);
	}
	close(s);
	return 0;
}
