/* The kernel's TCP: in the clear, and with the cipher over it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "wire.h"

enum { CHUNK = 1 << 18, RECORD = 16384, BUFFER = 8 << 20 };

struct ends {
	int from, to;
	struct gw_aead *out, *in; /* NULL: in the clear */
};

static struct ends *
open_pair(const char *congestion)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct ends *p = calloc(1, sizeof *p);
	socklen_t len = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (p == NULL || l < 0 || bind(l, (struct sockaddr *)&a, len) != 0 ||
	    listen(l, 1) != 0 ||
	    getsockname(l, (struct sockaddr *)&a, &len) != 0)
		wire_die("listen");
	p->from = socket(AF_INET, SOCK_STREAM, 0);
	if (setsockopt(p->from, IPPROTO_TCP, TCP_CONGESTION, congestion,
		(socklen_t)strlen(congestion)) != 0)
		wire_die(congestion);
	if (connect(p->from, (struct sockaddr *)&a, len) != 0 ||
	    (p->to = accept(l, NULL, NULL)) < 0)
		wire_die("connect");
	close(l);
	return p;
}

static void *
open_cubic(size_t datagram, unsigned sessions)
{
	(void)datagram;
	(void)sessions;
	return open_pair("cubic");
}

static void *
open_bbr(size_t datagram, unsigned sessions)
{
	(void)datagram;
	(void)sessions;
	return open_pair("bbr");
}

static void *
open_sealed(size_t datagram, unsigned sessions)
{
	static const uint8_t secret[GW_SECRET_LEN] = { 7 };
	struct ends *p = open_cubic(datagram, sessions);

	if (gw_aead_new(GW_AES_256_GCM, secret, &p->out) != GW_OK ||
	    gw_aead_new(GW_AES_256_GCM, secret, &p->in) != GW_OK)
		wire_die("cipher");
	return p;
}

static void
close_ends(void *arg)
{
	struct ends *p = arg;

	gw_aead_free(p->out);
	gw_aead_free(p->in);
	close(p->from);
	close(p->to);
	free(p);
}

static bool
write_all(int fd, const uint8_t *b, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t w = send(fd, b + at, n - at, MSG_NOSIGNAL);

		if (w <= 0)
			return false;
		at += (size_t)w;
	}
	return true;
}

/* Records as many as fit into a chunk, each with its tag. */
static size_t
seal_chunk(struct gw_aead *a, const uint8_t *data, uint8_t *out, uint64_t *n)
{
	const size_t text = RECORD - GW_AEAD_TAG;
	size_t at = 0;

	for (; at + RECORD <= CHUNK; at += RECORD)
		gw_aead_seal(a, (*n)++, gw_slice(NULL, 0), gw_slice(NULL, 0),
		    gw_slice(data + at, text), out + at);
	return at;
}

static void
send_all(void *arg, double until)
{
	static uint8_t data[BUFFER], out[CHUNK];
	struct ends *p = arg;
	uint64_t number = 0;
	size_t at = 0, n = CHUNK;

	close(p->to);
	while (wire_seconds(CLOCK_MONOTONIC) < until) {
		const uint8_t *from = data + at;

		if (p->out != NULL) {
			n = seal_chunk(p->out, from, out, &number);
			from = out;
		}
		if (!write_all(p->from, from, n))
			break;
		at = at + 2 * CHUNK < BUFFER ? at + CHUNK : 0;
	}
	shutdown(p->from, SHUT_WR);
}

static uint64_t
receive_all(void *arg, double until, double *seconds)
{
	static uint8_t in[CHUNK];
	struct ends *p = arg;
	double first = 0, last = 0;
	uint64_t content = 0, number = 0;
	size_t have = 0;
	ssize_t n;

	close(p->from);
	while (wire_seconds(CLOCK_MONOTONIC) < until &&
	       (n = recv(p->to, in + have, sizeof in - have, 0)) > 0) {
		size_t at = 0;

		last = wire_seconds(CLOCK_MONOTONIC);
		first = first > 0 ? first : last;
		if (p->in == NULL) {
			content += (size_t)n;
			continue;
		}
		for (have += (size_t)n; have - at >= RECORD; at += RECORD) {
			if (!gw_aead_open(p->in, number++, gw_slice(NULL, 0),
				in + at, RECORD))
				wire_die("a record");
			content += RECORD - GW_AEAD_TAG;
		}
		memmove(in, in + at, have -= at);
	}
	*seconds = last - first;
	return content;
}

const struct wire_kind wire_tcp_cubic = { "TCP CUBIC, clear", open_cubic,
	send_all, receive_all, close_ends };
const struct wire_kind wire_tcp_bbr = { "TCP BBR, clear", open_bbr, send_all,
	receive_all, close_ends };
const struct wire_kind wire_tcp_sealed = { "TCP CUBIC, same cipher",
	open_sealed, send_all, receive_all, close_ends };
