#include "entrances.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/random.h"

static void
on_opened(void *arg, struct gw_conn *c, const struct gw_session_event *ev)
{
	struct outcome *o = arg;

	gw_conn_close(o->conn);
	o->opened++;
	o->conn = c;
	o->ticket = ev->opened.ticket;
	snprintf(o->peer, sizeof o->peer, "%s", ev->opened.name);
	snprintf(o->address, sizeof o->address, "%s", c->address);
}

static void
on_failed(void *arg, const struct gw_session_event *ev, const char *address)
{
	struct outcome *o = arg;

	o->failed++;
	o->err = ev->closed.err;
	o->guess = ev->closed.guess;
	o->unknown_ticket = ev->closed.unknown_ticket;
	snprintf(o->text, sizeof o->text, "%s", ev->closed.text);
	snprintf(o->address, sizeof o->address, "%s", address);
}

static void
make_self(struct gw_self *s, uint8_t secret, const char *name)
{
	uint8_t key[32] = { secret };

	gw_keypair_from(key, &s->keys);
	snprintf(s->name, sizeof s->name, "%s", name);
	s->random = gw_random_os();
}

void
entrances_open(struct entrances *e)
{
	memset(e, 0, sizeof *e);
	e->carriers = GW_CARRIERS_TCP;
	assert_true(gw_crypto_start());
	assert_int_equal(gw_loop_init(&e->loop), GW_OK);
	make_self(&e->self[0], 1, "waiting");
	make_self(&e->self[1], 2, "dialling");
	assert_int_equal(gw_door_new(&e->door), GW_OK);
	assert_int_equal(gw_door_set_code(e->door, ENTRANCE_CODE), GW_OK);
}

void
entrances_close(struct entrances *e)
{
	gw_conn_close(e->at_listener.conn);
	gw_conn_close(e->at_dial.conn);
	if (e->at_dial.opened + e->at_dial.failed == 0)
		gw_dial_cancel(e->dial);
	gw_listener_close(e->listener);
	gw_loop_fini(&e->loop);
	gw_door_free(e->door);
}

struct gw_listener_options
entrances_listener(struct entrances *e, const char *address)
{
	return (struct gw_listener_options){
		.loop = &e->loop,
		.self = &e->self[0],
		.window = GW_STREAM_WINDOW,
		.address = address,
		.door = e->door,
		.carriers = e->carriers,
		.owner = { on_opened, on_failed, &e->at_listener },
	};
}

struct gw_dial_options
entrances_dial(struct entrances *e, const char *host)
{
	return (struct gw_dial_options){
		.loop = &e->loop,
		.self = &e->self[1],
		.window = GW_STREAM_WINDOW,
		.host = host,
		.port = e->port,
		.helper_fd = -1,
		.mode = GW_MODE_CODE,
		.code = ENTRANCE_CODE,
		.carriers = e->carriers,
		.owner = { on_opened, on_failed, &e->at_dial },
	};
}

void
entrances_listen(struct entrances *e, const char *address)
{
	struct gw_listener_options o = entrances_listener(e, address);
	struct gw_why why = { "" };

	if (gw_listener_new(&o, &why, &e->listener) != GW_OK)
		fail_msg("%s", why.text);
	e->port = gw_listener_port(e->listener);
	assert_int_not_equal(e->port, 0);
}

void
entrances_start(struct entrances *e, const struct gw_dial_options *o)
{
	e->at_dial = (struct outcome){ .conn = e->at_dial.conn };
	assert_int_equal(gw_dial_start(o, &e->dial), GW_OK);
	/* Nothing comes from inside the call. */
	assert_int_equal(e->at_dial.opened + e->at_dial.failed, 0);
	gw_loop_poke(&e->loop);
}

void
entrances_until(struct entrances *e, const unsigned *number, unsigned least)
{
	gw_usec end = gw_clock_now() + 10 * GW_SEC;

	while (*number < least) {
		assert_true(gw_clock_now() < end);
		(void)gw_loop_wait(&e->loop, 100);
	}
}

void
entrances_run(struct entrances *e, int ms)
{
	gw_usec end = gw_clock_now() + (gw_usec)ms * GW_MSEC;

	for (gw_usec now; (now = gw_clock_now()) < end;)
		(void)gw_loop_wait(
		    &e->loop, (int)((end - now + GW_MSEC - 1) / GW_MSEC));
}

int
entrances_stranger(const struct entrances *e)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons(e->port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (void *)&to, sizeof to), 0);
	return fd;
}
