/*
 * Wait for one connection and send back what comes: the transport in C.
 *
 *	cc server.c $(pkg-config --cflags --libs godwit) -o server
 *	./server [PORT]			prints "port PORT code CODE"
 */
#include <godwit.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	struct gw *g;
	struct gw_acceptor *a;
	struct gw_connection *c;
	char b[65536];
	size_t n = 1, done, m = 0;
	enum gw_err err = GW_OK;

	if (gw_open(NULL, &g) != GW_OK ||
	    gw_listen(g, NULL, argc > 1 ? (uint16_t)atoi(argv[1]) : 0, NULL,
		&a) != GW_OK)
		return 2;
	printf("port %u code %s\n", gw_acceptor_port(a), gw_acceptor_code(a));
	fflush(stdout);
	if (gw_accept(a, -1, &c) != GW_OK)
		return 4;
	while (n > 0 && (err == GW_OK || err == GW_E_AGAIN)) {
		if ((err = gw_stream_read(c, 0, b, sizeof b, &n)) == GW_E_AGAIN)
			(void)gw_wait(g, -1);
		for (done = 0; err == GW_OK && done < n; done += m)
			while ((err = gw_stream_write(c, 0, b + done, n - done,
				    &m)) == GW_E_AGAIN)
				(void)gw_wait(g, -1);
	}
	(void)gw_connection_shutdown(c);
	struct gw_connection_event ev = { .kind = GW_CONNECTION_OPENED };
	while (ev.kind != GW_CONNECTION_CLOSED)
		if (!gw_connection_next(c, &ev))
			(void)gw_wait(g, -1);
	gw_close(g);
	return gw_err_exit(ev.err);
}
