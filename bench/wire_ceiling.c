/* The bound: trains of sealed packets and nothing else.  The receiver tells
 * how much has come, and 2 MB may be under way, so that nothing is dropped. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "crypto/aead.h"
#include "os/udp_batch.h"
#include "wire.h"

enum { WINDOW = 2000000, HEAD = 16, BUFFER = 8 << 20 };

struct end {
	int fd;
	struct gw_addr addr;
	struct gw_udp_batch *batch;
	struct gw_aead *aead;
};

struct ends {
	struct end from, to;
	size_t datagram;
	bool clear; /* nothing is sealed */
};

static void
open_end(struct end *e, bool singly)
{
	static const uint8_t secret[GW_SECRET_LEN] = { 7 };
	struct gw_udp_batch_options o = { .no_gso = singly, .no_gro = singly };
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	if (gw_addr_parse(&e->addr, "127.0.0.1", 0, NULL) != GW_OK)
		wire_die("127.0.0.1");
	e->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (e->fd < 0 ||
	    bind(e->fd, (struct sockaddr *)&e->addr.ss, e->addr.len) != 0 ||
	    getsockname(e->fd, (struct sockaddr *)&ss, &len) != 0)
		wire_die("socket");
	gw_addr_from(&e->addr, (struct sockaddr *)&ss, len);
	o.fd = e->fd;
	if (gw_udp_batch_new(&o, NULL, &e->batch) != GW_OK ||
	    gw_aead_new(GW_AES_256_GCM, secret, &e->aead) != GW_OK)
		wire_die("an end");
}

static void
close_end(struct end *e)
{
	gw_udp_batch_free(e->batch);
	gw_aead_free(e->aead);
	close(e->fd);
}

static struct ends *
open_both(size_t datagram, bool clear, bool singly)
{
	struct ends *p = calloc(1, sizeof *p);

	if (p == NULL)
		wire_die("memory");
	p->datagram = datagram;
	p->clear = clear;
	open_end(&p->from, singly);
	open_end(&p->to, singly);
	return p;
}

static void *
open_sealed(size_t datagram, unsigned sessions)
{
	(void)sessions;
	return open_both(datagram, false, false);
}

static void *
open_clear(size_t datagram, unsigned sessions)
{
	(void)sessions;
	return open_both(datagram, true, false);
}

static void *
open_singly(size_t datagram, unsigned sessions)
{
	(void)sessions;
	return open_both(datagram, true, true);
}

static void
close_ends(void *arg)
{
	struct ends *p = arg;

	close_end(&p->from);
	close_end(&p->to);
	free(p);
}

/* How much has come, as the other end last said. */
static void
take_news(struct end *e, uint64_t *come)
{
	struct gw_udp_arrival a;
	uint64_t number;

	while (gw_udp_batch_fill(e->batch) == GW_OK)
		while (gw_udp_batch_next(e->batch, &a)) {
			if (a.len != sizeof number)
				continue;
			memcpy(&number, a.bytes, sizeof number);
			*come = number > *come ? number : *come;
		}
}

static void
seal_train(struct end *e, uint8_t *train, size_t datagram, size_t n,
    const uint8_t *data, uint64_t *number)
{
	const size_t text = datagram - HEAD - GW_AEAD_TAG;

	for (size_t i = 0; i < n; i++) {
		uint8_t *at = train + i * datagram;

		memcpy(at, number, sizeof *number);
		gw_aead_seal(e->aead, (*number)++, gw_slice(at, HEAD),
		    gw_slice(NULL, 0), gw_slice(data + i * text, text),
		    at + HEAD);
	}
}

static void
send_all(void *arg, double until)
{
	static uint8_t train[GW_TRAIN_BYTES], data[BUFFER];
	struct ends *p = arg;
	struct end *e = &p->from;
	const size_t fit = GW_TRAIN_BYTES / p->datagram;
	const size_t n = fit < GW_TRAIN_SEGMENTS ? fit : GW_TRAIN_SEGMENTS;
	const struct gw_udp_train t = {
		.to = &p->to.addr,
		.bytes = train,
		.len = n * p->datagram,
		.segment = p->datagram,
	};
	uint64_t gone = 0, come = 0, lost = 0, number = 0;
	size_t sent, at = 0;

	while (wire_seconds(CLOCK_MONOTONIC) < until) {
		while (gone - come - lost + t.len > WINDOW) {
			/* What was dropped, if anything was, never comes. */
			if (!wire_wait(e->fd, POLLIN))
				lost = gone - come;
			take_news(e, &come);
			if (lost > gone - come)
				lost = gone - come;
		}
		if (!p->clear)
			seal_train(
			    e, train, p->datagram, n, data + at, &number);
		at = at + 2 * t.len < BUFFER ? at + t.len : 0;
		if (gw_udp_batch_send(e->batch, &t, &sent, NULL) ==
		    GW_TRAIN_WAIT)
			wire_wait(e->fd, POLLOUT);
		gone += sent;
	}
}

static void
tell(struct end *e, const struct gw_addr *to, uint64_t come)
{
	const struct gw_udp_train t = {
		.to = to,
		.bytes = (const uint8_t *)&come,
		.len = sizeof come,
		.segment = sizeof come,
	};
	size_t sent;

	(void)gw_udp_batch_send(e->batch, &t, &sent, NULL);
}

static uint64_t
receive_all(void *arg, double until, double *seconds)
{
	struct ends *p = arg;
	struct end *e = &p->to;
	struct gw_udp_arrival a;
	double first = 0, last = 0;
	uint64_t come = 0, content = 0, number;

	while (wire_seconds(CLOCK_MONOTONIC) < until) {
		if (gw_udp_batch_fill(e->batch) != GW_OK) {
			wire_wait(e->fd, POLLIN);
			continue;
		}
		last = wire_seconds(CLOCK_MONOTONIC);
		first = first > 0 ? first : last;
		while (gw_udp_batch_next(e->batch, &a)) {
			come += a.len;
			memcpy(&number, a.bytes, sizeof number);
			if (!p->clear && !gw_aead_open(e->aead, number,
					     gw_slice(a.bytes, HEAD),
					     a.bytes + HEAD, a.len - HEAD))
				wire_die("a packet");
			content += a.len - HEAD - GW_AEAD_TAG;
		}
		tell(e, &p->from.addr, come);
	}
	*seconds = last - first;
	return content;
}

const struct wire_kind wire_ceiling = { "ceiling (no protocol)", open_sealed,
	send_all, receive_all, close_ends };
const struct wire_kind wire_trains = { "trains, no cipher", open_clear,
	send_all, receive_all, close_ends };
const struct wire_kind wire_singly = { "one by one, no cipher", open_singly,
	send_all, receive_all, close_ends };
