/* What udp_batch.c and udp_batch_send.c share. */
#ifndef GW_OS_UDP_BATCH_PRIVATE_H
#define GW_OS_UDP_BATCH_PRIVATE_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "os/udp_batch.h"

/* Room for all control messages that may come with one message. */
enum { CONTROL_BYTES = 256 };

/* One message, as the kernel fills it in: a datagram, or a train of them. */
struct gw_udp_slot {
	struct sockaddr_storage name;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_BYTES];
	struct iovec iov;
	/* of what it holds now */
	struct gw_addr from, to;
	uint8_t ecn;
	size_t train;
};

struct gw_udp_batch {
	int fd;
	int family; /* of the socket */
	struct gw_udp_batch_facts facts;
	uint32_t drops; /* as the kernel last counted */

	struct mmsghdr *messages;
	struct gw_udp_slot *slots;
	uint8_t *bytes;
	unsigned count;
	unsigned filled;  /* slots that hold something */
	unsigned current; /* the one that is being given out */
	size_t given;     /* bytes of it, so far */
	bool opened;      /* its control messages have been looked at */
};

#endif /* GW_OS_UDP_BATCH_PRIVATE_H */
