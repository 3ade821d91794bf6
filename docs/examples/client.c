/*
 * Connect, say something, and print what comes back: the transport in C.
 *
 *	cc client.c $(pkg-config --cflags --libs godwit) -o client
 *	./client HOST PORT CODE "hello"
 */
#include <godwit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv)
{
	struct gw_connection_options o = GW_CONNECTION_OPTIONS_INIT;
	struct gw_connection_event ev = { .kind = GW_CONNECTION_OPENED };
	struct gw *g;
	struct gw_connection *c;
	char b[65536];
	size_t n;

	if (argc < 5 || gw_open(NULL, &g) != GW_OK)
		return 2;
	o.code = argv[3];
	enum gw_err err = gw_dial(g, argv[1], (uint16_t)atoi(argv[2]), &o, &c);
	if (err != GW_OK) {
		fprintf(stderr, "%s\n", gw_last_error(g));
		return gw_err_exit(err);
	}
	/* 256 KiB always fit before the other side has read. */
	if (gw_stream_write(c, 0, argv[4], strlen(argv[4]), &n) != GW_OK)
		return 1;
	(void)gw_connection_shutdown(c); /* its end; we go on reading */
	while (ev.kind != GW_CONNECTION_CLOSED) {
		if (!gw_connection_next(c, &ev))
			(void)gw_wait(g, -1);
		else if (ev.kind == GW_CONNECTION_READABLE &&
			 gw_stream_read(c, 0, b, sizeof b, &n) == GW_OK)
			fwrite(b, 1, n, stdout);
	}
	gw_close(g);
	return gw_err_exit(ev.err);
}
