#include "history_fixture.h"

#include <stdio.h>

#include "test.h"

struct gw_history *h;

int
history_setup(void **state)
{
	(void)state;
	return gw_history_new(42, &h) == GW_OK ? 0 : -1;
}

int
history_teardown(void **state)
{
	(void)state;
	gw_history_free(h);
	return 0;
}

struct gw_socket
tcp(uint16_t port, uint16_t peer, enum gw_socket_state s, uint64_t cookie)
{
	struct gw_socket socket = { .protocol = GW_SOCKET_TCP,
		.state = (uint8_t)s,
		.cookie = cookie,
		.inode = s == GW_SOCKET_TIME_WAIT ? 0 : 1,
		.local = { { [10] = 0xff, 0xff, 127, 0, 0, 1 }, port },
		.remote = { { [10] = 0xff, 0xff }, peer } };

	if (peer != 0)
		socket.remote.address[12] = 127;
	return socket;
}

struct gw_socket
remains(uint16_t port, uint16_t peer, enum gw_socket_state s, uint64_t cookie)
{
	struct gw_socket socket = tcp(port, peer, s, cookie);

	socket.inode = 0;
	return socket;
}

void
list(const struct gw_socket *v, size_t n, unsigned ms)
{
	assert_int_equal(
	    gw_history_snapshot(h, v, n, AT(ms) - AT(10), AT(ms)), GW_OK);
}

void
list_one(struct gw_socket s, unsigned ms)
{
	list(&s, 1, ms);
}

struct gw_transition
change(uint64_t id, uint16_t port, uint16_t peer, enum gw_socket_state from,
    enum gw_socket_state to)
{
	struct gw_socket s = tcp(port, peer, to, 0);

	return (struct gw_transition){ .id = id,
		.local = s.local,
		.remote = s.remote,
		.from = (uint8_t)from,
		.to = (uint8_t)to };
}

void
hear(struct gw_transition t, unsigned ms)
{
	t.at = AT(ms);
	assert_int_equal(gw_history_transition(h, &t), GW_OK);
}

void
end(struct gw_socket s, unsigned ms)
{
	s.state = GW_SOCKET_CLOSED;
	assert_int_equal(gw_history_ended(h, &s, AT(ms)), GW_OK);
}

const char *
all(void)
{
	static char text[4096];
	const struct gw_history_entry *e = NULL;
	size_t n = 0;

	text[0] = '\0';
	while ((e = gw_history_next(h, e)) != NULL) {
		for (unsigned i = 0; i < e->step_count; i++)
			n += (size_t)sprintf(text + n, "%s%s%s%s %u",
			    i > 0 ? " " : "",
			    gw_socket_state_name(e->steps[i].state),
			    e->steps[i].before ? "=" : "",
			    e->steps[i].exact ? "!" : "",
			    (unsigned)(e->steps[i].since / GW_MSEC));
		n += (size_t)sprintf(text + n, ";");
	}
	return text;
}

const char *
news(void)
{
	static char text[4096];
	struct gw_history_change c;
	size_t n = 0;

	text[0] = '\0';
	while (gw_history_change(h, &c))
		n += (size_t)sprintf(text + n, "%u %s;",
		    c.entry->socket.local.port,
		    gw_socket_state_name(c.entry->steps[c.step].state));
	return text;
}
