/*
 * ends - sockets on loopback, for the programs that pour into a forwarder and
 * take what comes out of it.  What fails ends the program and says why.
 */
#ifndef GW_BENCH_ENDS_H
#define GW_BENCH_ENDS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ENDS_BUFFER = 8 << 20, /* bytes, of a socket for datagrams */
	ENDS_TRAIN = 65507     /* bytes that leave in one call, at most */
};

_Noreturn void ends_die(const char *what);
/* Of CLOCK_MONOTONIC. */
double ends_seconds(void);
/* 127.0.0.1. */
struct sockaddr_in ends_at(const char *port);
/* A failure means nothing. */
void ends_set(int fd, int level, int name, int value);

/* SOCK_DGRAM with large buffers, or SOCK_STREAM with CUBIC: BBR paces
 * loopback, and goes on pacing where it has once been. */
int ends_socket(int type);
int ends_bound(int type, const char *port);
int ends_connected(int type, const char *port);

/* Is there something to read, within so many milliseconds?  -1: for ever. */
int ends_waits(int fd, int msec);
/* n datagrams of that size, one after the other in `bytes`, in one call. */
void ends_send_train(int fd, const uint8_t *bytes, size_t size, unsigned n);

#endif /* GW_BENCH_ENDS_H */
