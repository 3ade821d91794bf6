/*
 * Receive one transfer inside a program that has its own event loop: one
 * descriptor suffices, timers included.
 *
 *	./recv_poll DIR CODE [PORT]
 */
#include <godwit.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

/* false: the job is over. */
static bool
look_at_events(struct gw_job *job, int *status)
{
	struct gw_event ev;

	while (gw_job_event(job, &ev)) {
		switch (ev.kind) {
		case GW_EVENT_LISTENING:
			printf("port %u\n", (unsigned)ev.listening.port);
			fflush(stdout);
			break;
		case GW_EVENT_OFFER:
			printf(
			    "%llu files\n", (unsigned long long)ev.offer.files);
			break;
		case GW_EVENT_ERROR:
			fprintf(stderr, "%s\n", ev.error.reason);
			break;
		case GW_EVENT_END:
			*status = gw_err_exit(ev.end.err);
			return false;
		default:
			break;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct gw_recv_options o = GW_RECV_OPTIONS_INIT;
	struct gw *g;
	struct gw_job *job;
	struct pollfd p = { .events = POLLIN };
	int status = 2;

	if (argc < 3 || gw_open(NULL, &g) != GW_OK)
		return 2;
	o.dir = argv[1];
	o.link.code = argv[2];
	o.link.port = argc > 3 ? (uint16_t)atoi(argv[3]) : 0;
	o.accept = o.once = true;
	if (gw_recv(g, &o, &job) != GW_OK) {
		fprintf(stderr, "%s\n", gw_last_error(g));
		return 2;
	}
	p.fd = gw_fd(g);
	gw_dispatch(g);
	while (look_at_events(job, &status))
		if (poll(&p, 1, -1) > 0)
			gw_dispatch(g);
	gw_close(g);
	return status;
}
