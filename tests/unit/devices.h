/*
 * devices - contexts with a job each, in one process, over loopback.
 *
 * They are driven as a program with its own loop does it: poll(2) on gw_fd,
 * and nothing but godwit.h.  Each keeps its directories below the working
 * directory, which os_fixture makes.
 */
#ifndef GW_TESTS_UNIT_DEVICES_H
#define GW_TESTS_UNIT_DEVICES_H

#include "godwit.h"
#include "test.h"

enum { DEVICE_EVENTS = 64 };

struct device {
	struct gw *g;
	struct gw_job *job;
	bool hold; /* offers and conflicts are not answered */
	bool deaf; /* its descriptor is not looked at */
	unsigned answer;

	/* what its job told: runs of one kind count once in `order` */
	enum gw_event_kind order[DEVICE_EVENTS];
	unsigned ordered, seen[GW_EVENT_END + 1];
	char code[160], reason[512], peer[80], peer_key[80];
	char notice[512], entry[300];
	enum gw_notice what;
	uint16_t port;
	bool resumed, over;
	enum gw_err error, end;
	uint64_t bytes, most_bytes;      /* of the last progress, and of any */
	struct gw_event complete, offer; /* numbers only */
};

void device_open(struct device *, const char *name);
/* Its job and context; fine for one that was never opened. */
void device_close(struct device *);
/* Free its job and forget what that told. */
void device_forget(struct device *);
/* A job that sends these PATHs to `to`, which waits; on tcp, unless the
 * options say which. */
void device_send(struct device *, const struct device *to,
    const struct gw_send_options *, const char *path);
/* A job that waits on loopback for what is sent to it, into dir. */
void device_wait_recv(
    struct device *, const struct gw_recv_options *, const char *dir);

/* Pull what its job has to tell now; answers what it asks. */
void device_pull(struct device *);
/*
 * Poll and dispatch them until `done` says so; false: not in `ms`, and not a
 * moment earlier.
 */
bool devices_run(
    struct device *, size_t n, bool (*done)(void *arg), void *arg, int ms);
/* Until this one has told of that kind, or of its END. */
void devices_until(
    struct device *, size_t n, struct device *, enum gw_event_kind);
/* Until at least so many bytes have moved at this one. */
void devices_until_bytes(
    struct device *, size_t n, struct device *, uint64_t bytes);
/* Until the jobs of all of them are over. */
void devices_until_over(struct device *, size_t n);

/* A directory `name` with files, links and a directory; and is this the
 * same? */
void devices_make_tree(const char *name);
void devices_same_tree(const char *a, const char *b);
/* A file of n bytes that no compression makes smaller. */
void devices_make_file(const char *name, size_t n);
void devices_same_file(const char *a, const char *b);

/* Cut every TCP connection of this process that ends at this port; what is
 * on its way from there is lost. */
unsigned devices_cut(uint16_t port);
/* Descriptors that this process has open. */
unsigned devices_descriptors(void);

#endif /* GW_TESTS_UNIT_DEVICES_H */
