/*
 * forward_udp_fixture - a forwarder of one rule on a loop of its own, and a
 * target that a test plays itself.
 */
#ifndef GW_TESTS_UNIT_FORWARD_UDP_FIXTURE_H
#define GW_TESTS_UNIT_FORWARD_UDP_FIXTURE_H

#include "run/forward.h"
#include "run/forward_udp.h"

struct forward_bed {
	struct gw *g;
	char rule[512]; /* to be opened */
	int inherited;  /* a socket that listens already; 0: none */
	struct gw_forward *set;
	struct gw_forward_udp *f;
	int target; /* a socket; -1: closed */
	uint16_t target_port;
	/* What was told. */
	unsigned opened, closed, warned;
	enum gw_forward_end end;
	struct gw_forward_flow flow; /* of the last event */
	char warning[512];
	/* The last datagram that the target got. */
	uint8_t bytes[70000];
	ssize_t len;
	struct sockaddr_storage from;
	socklen_t from_len;
};

/* "127.0.0.1" or the like and parameters, "?ttl=1s" or "". */
void forward_bed_init(
    struct forward_bed *, const char *listen, const char *parameters);
/* Not opened yet: for tests that change something first. */
void forward_bed_prepare(
    struct forward_bed *, const char *listen, const char *parameters);
/* The error's text is gw_last_error(bed->g). */
enum gw_err forward_bed_open(struct forward_bed *);
void forward_bed_fini(struct forward_bed *);

/* Let the loop run, and the forwarder work, for some milliseconds. */
void forward_run(struct forward_bed *, int ms);
/* Let it run until this holds, up to a minute. */
#define FORWARD_UNTIL(bed, condition)                                          \
	do {                                                                   \
		int tries_ = 0;                                                \
		while (!(condition) && tries_++ < 6000)                        \
			forward_run(bed, 10);                                  \
		assert_true(tries_ <= 6000);                                   \
	} while (0)

/* A client: a socket connected to the listener at this address. */
int forward_client(const struct forward_bed *, const char *host);
/* The target has the next datagram, in bed->bytes. */
void forward_target_gets(struct forward_bed *);
/* The target answers who sent the last one. */
void forward_target_says(struct forward_bed *, const void *, size_t);
/* The client gets exactly this. */
void forward_client_gets(
    struct forward_bed *, int client, const void *, size_t);
/* cmocka set-up: the bytes below. */
int forward_setup(void **state);
extern uint8_t forward_pattern[65536];
void forward_send(int fd, const void *, size_t);
/* The client asks, the target gets it and answers, the client gets that. */
void forward_ask(
    struct forward_bed *, int client, const char *question, const char *answer);
uint16_t forward_port(const struct forward_bed *);
uint64_t forward_drops(const struct forward_bed *, enum gw_drop);
/* Make an address of this machine's loopback. */
socklen_t forward_address(
    struct sockaddr_storage *, const char *host, uint16_t port);

#endif /* GW_TESTS_UNIT_FORWARD_UDP_FIXTURE_H */
