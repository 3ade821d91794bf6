/*
 * wire - how fast bytes go from one process to another over loopback, each on
 * a CPU of its own, memory to memory: godwit's sessions beside what bounds
 * them and beside the kernel's TCP, in one run.
 */
#ifndef GW_BENCH_WIRE_H
#define GW_BENCH_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* One way to do it.  Both ends are opened before the fork. */
struct wire_kind {
	const char *name;
	void *(*open)(size_t datagram, unsigned sessions);
	/* Until the clock says so. */
	void (*send)(void *, double until);
	/* The same; returns bytes that a program got, and the seconds from
	 * the first of them to the last. */
	uint64_t (*receive)(void *, double until, double *seconds);
	void (*close)(void *);
};

/* GSO, GRO and the cipher a packet, and no protocol: what can be had here. */
extern const struct wire_kind wire_ceiling;
/* Without the cipher; and without GSO and GRO as well. */
extern const struct wire_kind wire_trains, wire_singly;
/* A session on udp, one stream. */
extern const struct wire_kind wire_session;
/* The same by gw_listen, gw_dial and a stream; datagrams as large as the path
 * takes. */
extern const struct wire_kind wire_api, wire_api_tcp;
/* Its datagrams, of so many bytes. */
extern const struct wire_kind wire_api_datagrams, wire_api_datagrams_tcp;
/* The kernel's, in the clear; and with the cipher over records of 16 KB. */
extern const struct wire_kind wire_tcp_cubic, wire_tcp_bbr, wire_tcp_sealed;

/* Of CLOCK_MONOTONIC, or another one. */
double wire_seconds(int clock);
/* Does a descriptor become ready, within a moment? */
int wire_wait(int fd, short events);
_Noreturn void wire_die(const char *what);

#endif /* GW_BENCH_WIRE_H */
