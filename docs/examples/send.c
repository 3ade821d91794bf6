/*
 * Send a file or a directory to a waiting godwit: the whole job in C.
 *
 *	cc send.c $(pkg-config --cflags --libs godwit) -o send
 *	./send photos/ 192.0.2.7 7-crane-otter [PORT]
 */
#include <godwit.h>
#include <stdio.h>
#include <stdlib.h>

int
main(int argc, char **argv)
{
	struct gw_send_options o = GW_SEND_OPTIONS_INIT;
	struct gw *g;
	struct gw_job *job;
	struct gw_event ev = { .kind = GW_EVENT_PROGRESS };

	if (argc < 4 || gw_open(NULL, &g) != GW_OK)
		return 2;
	o.paths = (const char *const *)&argv[1];
	o.path_count = 1;
	o.link.host = argv[2];
	o.link.code = argv[3];
	o.link.port = argc > 4 ? (uint16_t)atoi(argv[4]) : 0;
	if (gw_send(g, &o, &job) != GW_OK) {
		fprintf(stderr, "%s\n", gw_last_error(g));
		return 2;
	}
	while (ev.kind != GW_EVENT_END) {
		if (!gw_job_event(job, &ev))
			(void)gw_wait(g, -1);
		else if (ev.kind == GW_EVENT_ERROR)
			fprintf(stderr, "%s\n", ev.error.reason);
	}
	gw_close(g);
	return gw_err_exit(ev.end.err);
}
