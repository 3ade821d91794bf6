/*
 * Plain broadcast, as people write it: a sender that sets SO_BROADCAST, and a
 * receiver bound to every address with a buffer of its own size.
 *
 *	plain-broadcast send ADDRESS PORT TEXT bare|nul|newline-nul|PADDED-SIZE
 *	plain-broadcast recv PORT BUFFER COUNT
 *	plain-broadcast answer PORT BUFFER COUNT TEXT
 *
 * The receiver prints "ready", then a line for each datagram: who, how many
 * bytes, and these in hexadecimal.  Knows nothing of godwit.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static int
send_one(char **argv)
{
	char buffer[4096] = "";
	const char *ending = argv[5];
	size_t len = strlen(argv[4]);
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	memcpy(buffer, argv[4], len);
	if (strcmp(ending, "nul") == 0) {
		len += 1;
	} else if (strcmp(ending, "newline-nul") == 0) {
		buffer[len] = '\n';
		len += 2;
	} else if (strcmp(ending, "bare") != 0) {
		len = (size_t)atoi(ending);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) != 0)
		die("SO_BROADCAST");
	to.sin_port = htons((unsigned short)atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		die("address");
	if (sendto(fd, buffer, len, 0, (struct sockaddr *)&to, sizeof to) < 0)
		die("sendto");
	close(fd);
	return 0;
}

static int
receive(char **argv, int argc)
{
	struct sockaddr_in here = { .sin_family = AF_INET };
	size_t size = (size_t)atoi(argv[3]);
	unsigned char *buffer = malloc(size);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), count = atoi(argv[4]);

	here.sin_port = htons((unsigned short)atoi(argv[2]));
	here.sin_addr.s_addr = htonl(INADDR_ANY);
	if (bind(fd, (struct sockaddr *)&here, sizeof here) != 0)
		die("bind");
	puts("ready");
	fflush(stdout);
	while (count-- > 0) {
		struct sockaddr_in from;
		socklen_t length = sizeof from;
		ssize_t n = recvfrom(
		    fd, buffer, size, 0, (struct sockaddr *)&from, &length);

		if (n < 0)
			die("recvfrom");
		printf("%s %zd ", inet_ntoa(from.sin_addr), n);
		for (ssize_t i = 0; i < n; i++)
			printf("%02x", buffer[i]);
		puts("");
		fflush(stdout);
		if (argc > 5)
			sendto(fd, argv[5], strlen(argv[5]), 0,
			    (struct sockaddr *)&from, length);
	}
	free(buffer);
	close(fd);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		return send_one(argv);
	if (argc == 5 && strcmp(argv[1], "recv") == 0)
		return receive(argv, argc);
	if (argc == 6 && strcmp(argv[1], "answer") == 0)
		return receive(argv, argc);
	return 2;
}
