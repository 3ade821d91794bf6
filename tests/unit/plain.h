/*
 * plain - a job of the plain file protocol, and the other side of it as a
 * plain program would be: sockets, and nothing of godwit's.
 *
 * Whatever waits lets the job work meanwhile, and fails after a minute.
 */
#ifndef GW_TESTS_UNIT_PLAIN_H
#define GW_TESTS_UNIT_PLAIN_H

#include "godwit.h"
#include "test.h"

struct plain {
	struct gw *g;
	struct gw_job *job;

	/* what the job told */
	unsigned seen[GW_EVENT_END + 1];
	uint16_t port;
	char address[80], carrier[16], cipher[16]; /* of CONNECTED */
	char offered[300], notice[600];
	enum gw_notice what;
	char entry[300], final_name[300], reason[600], from[80];
	enum gw_entry_status status;
	uint64_t bytes;                            /* of the last ENTRY */
	struct gw_event complete, offer, progress; /* numbers only */
	char error_text[600];
	enum gw_err error, end;
	bool over;
};

/* A context, whose directories are below the working directory. */
void plain_open(struct plain *);
void plain_close(struct plain *);
/* End its job and forget what that told. */
void plain_forget(struct plain *);

/* The options as a test changes them, with loopback and directory `in`. */
struct gw_classic_recv_options plain_recv_options(void);
void plain_recv(struct plain *, const struct gw_classic_recv_options *);
/* A receiver, with its directory. */
void plain_serve(struct plain *, const struct gw_classic_recv_options *);
struct gw_classic_send_options plain_send_options(
    const char *path, uint16_t port);
void plain_send(struct plain *, const struct gw_classic_send_options *);

/* Until there have been so many events of this kind; or for so long. */
void plain_until(struct plain *, enum gw_event_kind, unsigned count);
void plain_run(struct plain *, int ms);
/* Until END, which must be this. */
void plain_ends(struct plain *, enum gw_err);

/* ---- the other side ---- */

int plain_connect(const struct plain *);
/* A listening socket, and its port. */
int plain_listen(uint16_t *port);
int plain_accept(struct plain *, int listening);
void plain_say(int fd, const void *, size_t n);
#define PLAIN_SAY(fd, text) plain_say(fd, text, sizeof(text) - 1)
/* It has to say exactly this next. */
void plain_hears(struct plain *, int fd, const void *, size_t n);
#define PLAIN_HEARS(p, fd, text) plain_hears(p, fd, text, sizeof(text) - 1)
/* Nothing comes for so long. */
void plain_hears_nothing(struct plain *, int fd, int ms);
/* How its direction ends, whatever comes before. */
enum plain_end { PLAIN_FIN, PLAIN_RST };
void plain_is_ended(struct plain *, int fd, enum plain_end);
/* A sender that has said its name and got its word. */
int plain_named(struct plain *, const char *name);
/* A whole file, until it is kept. */
void plain_send_file(struct plain *, const char *name, const char *content);
/* Close by RST. */
void plain_reset(int fd);

/* Names in a directory but for `.` and `..`. */
unsigned plain_count(const char *dir);

#endif /* GW_TESTS_UNIT_PLAIN_H */
