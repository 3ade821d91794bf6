/*
 * connection - two ends of one over loopback, and bytes that show where they
 * belong.
 */
#ifndef GW_TESTS_UNIT_CONNECTION_H
#define GW_TESTS_UNIT_CONNECTION_H

#include <pthread.h>

#include "test.h"

/* Both ends non-blocking. */
void connection_make(int ends[2]);
/* Until poll gives these events; fails after a minute. */
void connection_wait(int fd, short events);
/* The first n bytes of the pattern; free them. */
uint8_t *connection_pattern(size_t n);

/* A thread that writes the pattern and then ends its direction. */
struct connection_writer {
	pthread_t thread;
	int fd;
	size_t n;
};
void connection_write(struct connection_writer *);

#endif /* GW_TESTS_UNIT_CONNECTION_H */
