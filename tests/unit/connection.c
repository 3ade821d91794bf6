#include "connection.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/tcp.h"

void
connection_make(int ends[2])
{
	struct gw_why why;
	struct gw_addr a, from;
	struct pollfd p = { .events = POLLIN };
	int listening;

	assert_int_equal(
	    gw_tcp_listen("127.0.0.1", 0, 1, &why, &listening), GW_OK);
	assert_int_equal(
	    gw_addr_parse(&a, "127.0.0.1", gw_tcp_port(listening), &why),
	    GW_OK);
	assert_int_equal(gw_tcp_connect(&a, &why, &ends[0]), GW_OK);
	p.fd = listening;
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(gw_tcp_accept(listening, &ends[1], &from), GW_OK);
	close(listening);
}

void
connection_wait(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, 60000), 1);
}

uint8_t *
connection_pattern(size_t n)
{
	uint8_t *p = malloc(n);

	assert_non_null(p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16));
	return p;
}

static void *
write_it(void *arg)
{
	struct connection_writer *w = arg;
	uint8_t *data = connection_pattern(w->n);
	size_t moved;

	for (size_t at = 0; at < w->n;) {
		switch (gw_tcp_send(w->fd, data + at, w->n - at, &moved)) {
		case GW_TCP_OK:
			at += moved;
			break;
		case GW_TCP_AGAIN:
			connection_wait(w->fd, POLLOUT);
			break;
		default:
			at = w->n; /* nobody is there any more */
			break;
		}
	}
	free(data);
	gw_tcp_shutdown(w->fd);
	return NULL;
}

void
connection_write(struct connection_writer *w)
{
	assert_int_equal(pthread_create(&w->thread, NULL, write_it, w), 0);
}
