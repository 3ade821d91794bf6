#include "udp_ends.h"

#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

int
ends_socket(enum ends_kind kind, struct gw_addr *addr)
{
	static const char *const hosts[] = { "127.0.0.1", "::1", "::" };
	const int family = kind == ENDS_V4 ? AF_INET : AF_INET6;
	const int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	const int only = kind == ENDS_V6;
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct gw_addr a;
	uint16_t port;

	assert_int_equal(gw_addr_parse(&a, hosts[kind], 0, NULL), GW_OK);
	if (fd >= 0 && family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a.ss, a.len) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_true(gw_addr_from(addr, (struct sockaddr *)&ss, len));
	port = gw_addr_port(addr);
	if (kind == ENDS_BOTH)
		assert_int_equal(
		    gw_addr_parse(addr, "127.0.0.1", port, NULL), GW_OK);
	return fd;
}

enum ends_kind
ends_kind(unsigned kind)
{
	struct gw_addr a;
	int fd;

	for (; kind < ENDS_KINDS; kind++) {
		fd = ends_socket((enum ends_kind)kind, &a);
		if (fd >= 0) {
			close(fd);
			break;
		}
		print_message("no sockets of kind %u here\n", kind);
	}
	return (enum ends_kind)kind;
}

static void
end_init(struct udp_end *e, enum ends_kind kind,
    const struct gw_udp_batch_options *given)
{
	struct gw_udp_batch_options o = { 0 };

	if (given != NULL)
		o = *given;
	e->fd = o.fd = ends_socket(kind, &e->addr);
	assert_true(e->fd >= 0);
	assert_int_equal(gw_udp_batch_new(&o, NULL, &e->batch), GW_OK);
}

void
ends_init(struct udp_ends *ends, enum ends_kind kind,
    const struct gw_udp_batch_options *a, const struct gw_udp_batch_options *b)
{
	end_init(&ends->a, kind, a);
	end_init(&ends->b, kind, b);
}

void
ends_fini(struct udp_ends *ends)
{
	gw_udp_batch_free(ends->a.batch);
	gw_udp_batch_free(ends->b.batch);
	close(ends->a.fd);
	close(ends->b.fd);
}

const uint8_t *
ends_bytes(size_t len)
{
	static uint8_t bytes[GW_TRAIN_BYTES];

	assert_true(len <= sizeof bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 251);
	return bytes;
}

enum gw_train_result
ends_send(struct udp_ends *ends, size_t len, size_t segment, size_t *sent)
{
	const struct gw_udp_train t = {
		.to = &ends->b.addr,
		.bytes = ends_bytes(len),
		.len = len,
		.segment = segment,
	};

	return gw_udp_batch_send(ends->a.batch, &t, sent, NULL);
}

void
ends_next(struct udp_ends *ends, struct gw_udp_arrival *a)
{
	struct pollfd p = { .fd = ends->b.fd, .events = POLLIN };

	while (!gw_udp_batch_next(ends->b.batch, a)) {
		assert_int_equal(poll(&p, 1, 60000), 1);
		(void)!gw_udp_batch_fill(ends->b.batch);
	}
}

void
ends_check_nothing(struct udp_ends *ends)
{
	struct gw_udp_arrival a;

	assert_false(gw_udp_batch_next(ends->b.batch, &a));
	assert_int_equal(gw_udp_batch_fill(ends->b.batch), GW_E_AGAIN);
	assert_false(gw_udp_batch_next(ends->b.batch, &a));
}

void
ends_check_train(struct udp_ends *ends, size_t len, size_t segment)
{
	const uint8_t *bytes = ends_bytes(len);
	struct gw_udp_arrival a;

	for (size_t at = 0; at < len; at += a.len) {
		const size_t left = len - at;

		ends_next(ends, &a);
		assert_int_equal(a.len, left < segment ? left : segment);
		assert_memory_equal(a.bytes, bytes + at, a.len);
		assert_false(a.cut);
		assert_int_equal(
		    gw_addr_port(a.from), gw_addr_port(&ends->a.addr));
		assert_true(gw_addr_same_host(a.from, &ends->a.addr));
		assert_true(gw_addr_same_host(a.to, &ends->b.addr));
		assert_true(a.train == 0 || a.train == segment);
		assert_int_equal(a.first, at == 0 || a.train == 0);
	}
	ends_check_nothing(ends);
}
