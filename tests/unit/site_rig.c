#include "site_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cursor.h"
#include "os_fixture.h"

enum { PATIENCE_S = 60 };

static time_t
deadline(void)
{
	return time(NULL) + PATIENCE_S;
}

static void
hang_up(struct site_rig *rig)
{
	for (unsigned i = 0; i < 2; i++) {
		/* At once: nobody waits for TIME_WAIT. */
		if (rig->e.at[i].c != NULL)
			gw_connection_abort(
			    rig->e.at[i].c, GW_E_INTERRUPTED, "");
		gw_connection_close(rig->e.at[i].c);
		rig->e.at[i].c = NULL;
		ends_forget(&rig->e, i);
	}
}

/* ---- life ---- */

int
site_setup(void **state)
{
	/* Whose end keeps no port. */
	const struct gw_connection_options o = { .remember = true,
		.carriers = GW_CARRIERS_TCP };
	struct site_rig *rig;

	if (os_fixture_setup(state) != 0 ||
	    (rig = calloc(1, sizeof *rig)) == NULL)
		return -1;
	rig->directory = *state;
	*state = rig;
	ends_open(&rig->e, &o);
	ends_connect(&rig->e, &o);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(gw_connection_remember(rig->e.at[i].c), GW_OK);
	hang_up(rig);
	gw_acceptor_close(rig->e.acceptor);
	rig->e.acceptor = NULL;
	return 0;
}

int
site_teardown(void **state)
{
	struct site_rig *rig = *state;

	hang_up(rig);
	gw_relay_close(rig->r);
	ends_close(&rig->e);
	*state = rig->directory;
	free(rig);
	return os_fixture_teardown(state);
}

static void
open_relay(struct site_rig *rig, const struct gw_relay_site_options *sites,
    size_t count)
{
	static const char *const rules[] = { "9000" };
	struct gw_relay_options o = { .rules = rules,
		.rule_count = 1,
		.between = "absent0",
		.sites = sites,
		.site_count = count,
		.listen = "127.0.0.1",
		.no_discovery = true };
	const time_t end = deadline();
	enum gw_err err;

	/* The port that was the acceptor's, as soon as that has gone. */
	o.listen_port = rig->e.port;
	while ((err = gw_relay_open(rig->e.at[0].g, &o, &rig->r)) ==
		   GW_E_ADDRESS &&
	       time(NULL) < end)
		ends_turn(&rig->e);
	assert_string_equal(gw_last_error(rig->e.at[0].g), "");
	assert_int_equal(err, GW_OK);
	rig->port = rig->e.port;
}

void
site_wait(struct site_rig *rig)
{
	const struct gw_relay_site_options site = { .device = "dialling",
		.waits = true };

	open_relay(rig, &site, 1);
}

void
site_wait_for_others(struct site_rig *rig)
{
	const struct gw_relay_site_options sites[] = {
		{ .device = "somebody", .waits = true },
		{ .device = "nobody", .waits = true },
	};

	open_relay(rig, sites, 2);
}

void
site_via(struct site_rig *rig)
{
	const struct gw_connection_options o = { .for_known = true,
		.no_code = true };
	struct gw_relay_site_options site = { .device = "dialling",
		.host = "127.0.0.1" };

	assert_int_equal(
	    gw_listen(rig->e.at[1].g, "127.0.0.1", 0, &o, &rig->e.acceptor),
	    GW_OK);
	site.port = gw_acceptor_port(rig->e.acceptor);
	open_relay(rig, &site, 1);
}

/* ---- time ---- */

void
site_turn(struct site_rig *rig)
{
	ends_turn(&rig->e);
	/* Of the many that may be told here only ends count. */
	if (!ends_told(&rig->e, 1, GW_CONNECTION_CLOSED) &&
	    rig->e.at[1].n > ENDS_EVENTS / 2)
		ends_forget(&rig->e, 1);
}

static bool
is_told(struct site_rig *rig, enum gw_relay_event_kind kind, const char *words)
{
	struct gw_relay_event e;

	while (gw_relay_next(rig->r, &e)) {
		if (strcmp(e.interface, "@dialling") != 0)
			continue;
		rig->last = e;
		if (e.kind == kind && strstr(e.text, words) != NULL)
			return true;
	}
	return false;
}

void
site_until(
    struct site_rig *rig, enum gw_relay_event_kind kind, const char *words)
{
	const time_t end = deadline();

	while (!is_told(rig, kind, words)) {
		if (time(NULL) >= end)
			fail_msg("\"%s\" was never told, but \"%s\"", words,
			    rig->last.text);
		site_turn(rig);
	}
}

void
site_until_closed(struct site_rig *rig)
{
	ends_until(&rig->e, 1, GW_CONNECTION_CLOSED);
	hang_up(rig);
}

const struct gw_relay_site *
site_look(struct site_rig *rig)
{
	assert_true(gw_relay_site(rig->r, 0, &rig->site));
	return &rig->site;
}

const char *
site_metrics(struct site_rig *rig)
{
	static const char request[] = "GET /metrics HTTP/1.0\n\n";
	static char page[65536];
	const struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(gw_relay_metrics_port(rig->r)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const time_t end = deadline();
	ssize_t n = -1;
	size_t got = 0;

	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
	assert_int_equal(
	    send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	while (n != 0 && time(NULL) < end) {
		site_turn(rig);
		n = recv(fd, page + got, sizeof page - 1 - got, MSG_DONTWAIT);
		got += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	page[got] = '\0';
	return page;
}

/* ---- speaking ---- */

void
site_dial(struct site_rig *rig, enum gw_carriers carriers)
{
	const struct gw_connection_options o = { .device = "waiting",
		.carriers = carriers };

	ends_forget(&rig->e, 1);
	assert_int_equal(gw_connect(rig->e.at[1].g, "127.0.0.1", rig->port, &o,
			     &rig->e.at[1].c),
	    GW_OK);
	ends_until(&rig->e, 1, GW_CONNECTION_OPENED);
}

static struct gw_endpoint
at(const char *host, uint16_t port)
{
	struct gw_endpoint e;

	assert_int_equal(gw_endpoint_parse(&e, host, port), GW_OK);
	return e;
}

struct gw_relay_message
site_hello(void)
{
	struct gw_relay_message m = { .kind = GW_RELAY_HELLO,
		.version = GW_RELAY_VERSION };

	memset(m.origin, 'h', sizeof m.origin);
	return m;
}

struct gw_relay_message
site_datagram(uint64_t number, const char *data)
{
	struct gw_relay_message m = { .kind = GW_RELAY_DATAGRAM,
		.number = number,
		.sites = 1,
		.from = at("10.0.1.9", 4000),
		.to = at("255.255.255.255", SITE_PORT),
		.data = gw_slice_str(data) };

	memset(m.origin, 'h', sizeof m.origin);
	return m;
}

void
site_write(struct site_rig *rig, const void *data, size_t n)
{
	const uint8_t *p = data;
	const time_t end = deadline();
	size_t done;

	while (n > 0 && time(NULL) < end &&
	       !ends_told(&rig->e, 1, GW_CONNECTION_CLOSED)) {
		done = 0;
		if (gw_stream_write(rig->e.at[1].c, GW_STREAM_FIRST, p, n,
			&done) == GW_OK) {
			p += done;
			n -= done;
		}
		site_turn(rig);
	}
}

void
site_say(struct site_rig *rig, const struct gw_relay_message *m)
{
	static uint8_t room[4 + GW_RELAY_MESSAGE_MAX];
	size_t n = gw_relay_message_encode(m, room + 4);
	struct gw_writer w = gw_writer(room, 4);

	gw_write_u32(&w, (uint32_t)n);
	site_write(rig, room, 4 + n);
}

void
site_throw(struct site_rig *rig, const struct gw_relay_message *m)
{
	static uint8_t room[GW_RELAY_MESSAGE_MAX];
	size_t n = gw_relay_message_encode(m, room);
	const time_t end = deadline();

	/* As long as the way takes it, the relay need not. */
	for (int i = 0;
	     gw_datagram_send(rig->e.at[1].c, room, n) == GW_E_AGAIN &&
	     time(NULL) < end;
	     i++)
		if (i < 10)
			(void)gw_wait(rig->e.at[1].g, 1);
		else
			site_turn(rig);
}

void
site_greet(struct site_rig *rig, enum gw_carriers carriers)
{
	const struct gw_relay_message hello = site_hello();

	site_dial(rig, carriers);
	site_say(rig, &hello);
	site_until(rig, GW_RELAY_EVENT_SITE, "connected over ");
	assert_true(site_look(rig)->connected);
}
