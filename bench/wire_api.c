/* The same through godwit.h: gw_listen, gw_dial, a stream; or datagrams. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "godwit.h"
#include "wire.h"

#define CODE "7-crane-otter"

enum { CHUNK = 1 << 18, BUFFER = 8 << 20 };

struct ends {
	char folder[32];
	struct gw_connection_options options;
	size_t datagram;
	struct gw *from, *to;
	struct gw_acceptor *acceptor;
};

static struct gw *
open_context(const char *folder, const char *name)
{
	struct gw_options o = GW_OPTIONS_INIT;
	char path[64], why[256];
	struct gw *g;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	o.data_dir = o.state_dir = path;
	o.device_name = name;
	o.why = why;
	o.why_size = sizeof why;
	if (gw_open(&o, &g) != GW_OK)
		wire_die(why);
	return g;
}

static struct ends *
open_ends(enum gw_carriers carriers, size_t datagram)
{
	struct ends *p = calloc(1, sizeof *p);

	if (p == NULL)
		wire_die("memory");
	p->options = (struct gw_connection_options)GW_CONNECTION_OPTIONS_INIT;
	p->options.code = CODE;
	p->options.carriers = carriers;
	p->datagram = datagram;
	snprintf(p->folder, sizeof p->folder, "/tmp/wire-XXXXXX");
	if (mkdtemp(p->folder) == NULL)
		wire_die(p->folder);
	p->from = open_context(p->folder, "from");
	p->to = open_context(p->folder, "to");
	if (gw_listen(p->to, "127.0.0.1", 0, &p->options, &p->acceptor) !=
	    GW_OK)
		wire_die(gw_last_error(p->to));
	return p;
}

static void *
open_udp(size_t datagram, unsigned sessions)
{
	(void)sessions;
	return open_ends(GW_CARRIERS_UDP, datagram);
}

static void *
open_tcp(size_t datagram, unsigned sessions)
{
	(void)sessions;
	return open_ends(GW_CARRIERS_TCP, datagram);
}

static void
close_ends(void *arg)
{
	struct ends *p = arg;
	char command[64];

	gw_close(p->from);
	gw_close(p->to);
	snprintf(command, sizeof command, "rm -r %s", p->folder);
	if (system(command) != 0)
		wire_die(p->folder);
	free(p);
}

/* ---- a stream ---- */

static struct gw_connection *
dial(struct ends *p)
{
	struct gw_connection *c;

	if (gw_dial(p->from, "127.0.0.1", gw_acceptor_port(p->acceptor),
		&p->options, &c) != GW_OK)
		wire_die(gw_last_error(p->from));
	return c;
}

static struct gw_connection *
accept_one(struct ends *p)
{
	struct gw_connection *c;

	if (gw_accept(p->acceptor, 10000, &c) != GW_OK)
		wire_die("accept");
	return c;
}

static void
send_all(void *arg, double until)
{
	static uint8_t data[BUFFER];
	struct ends *p = arg;
	struct gw_connection *c = dial(p);
	size_t at = 0, n;

	while (wire_seconds(CLOCK_MONOTONIC) < until) {
		switch (
		    gw_stream_write(c, GW_STREAM_FIRST, data + at, CHUNK, &n)) {
		case GW_OK:
			at = (at + n) % (BUFFER - CHUNK);
			gw_dispatch(p->from);
			break;
		case GW_E_AGAIN:
			(void)gw_wait(p->from, 20);
			break;
		default:
			wire_die("write");
		}
	}
}

static uint64_t
receive_all(void *arg, double until, double *seconds)
{
	static uint8_t data[CHUNK];
	struct ends *p = arg;
	struct gw_connection *c = accept_one(p);
	uint64_t content = 0;
	double first = 0, last = 0;
	size_t n;

	while (wire_seconds(CLOCK_MONOTONIC) < until) {
		if (gw_stream_read(c, GW_STREAM_FIRST, data, sizeof data, &n) !=
		    GW_OK) {
			(void)gw_wait(p->to, 20);
			continue;
		}
		last = wire_seconds(CLOCK_MONOTONIC);
		first = first > 0 ? first : last;
		content += n;
	}
	*seconds = last - first;
	return content;
}

/* ---- datagrams ---- */

static void
send_datagrams(void *arg, double until)
{
	static const uint8_t data[BUFFER];
	struct ends *p = arg;
	struct gw_connection *c = dial(p);

	/* Until the path is known to take them. */
	while (gw_datagram_max(c) < p->datagram)
		(void)gw_wait(p->from, 20);
	while (wire_seconds(CLOCK_MONOTONIC) < until) {
		switch (gw_datagram_send(c, data, p->datagram)) {
		case GW_OK:
			break;
		case GW_E_AGAIN:
			(void)gw_wait(p->from, 20);
			break;
		default:
			wire_die("datagram");
		}
	}
}

/* What the session has brought, be it that the program was too slow for it:
 * the owner of a session that keeps none has them all. */
static uint64_t
receive_datagrams(void *arg, double until, double *seconds)
{
	static uint8_t data[CHUNK];
	struct ends *p = arg;
	struct gw_connection *c = accept_one(p);
	struct gw_connection_info info;
	uint64_t count = 0;
	double first = 0, last = 0;
	size_t n;

	while (wire_seconds(CLOCK_MONOTONIC) < until) {
		if (gw_datagram_receive(c, data, sizeof data, &n) != GW_OK) {
			(void)gw_wait(p->to, 20);
			continue;
		}
		last = wire_seconds(CLOCK_MONOTONIC);
		first = first > 0 ? first : last;
		count++;
	}
	gw_connection_info(c, &info);
	*seconds = last - first;
	return (count + info.datagrams_dropped) * p->datagram;
}

const struct wire_kind wire_api = { "godwit, through godwit.h", open_udp,
	send_all, receive_all, close_ends };
const struct wire_kind wire_api_tcp = { "godwit.h on tcp", open_tcp, send_all,
	receive_all, close_ends };
const struct wire_kind wire_api_datagrams = { "godwit.h, datagrams", open_udp,
	send_datagrams, receive_datagrams, close_ends };
const struct wire_kind wire_api_datagrams_tcp = { "godwit.h, datagrams, tcp",
	open_tcp, send_datagrams, receive_datagrams, close_ends };
