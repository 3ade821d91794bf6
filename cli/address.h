/*
 * address - where the other side is, and where this side listens, as text.
 *
 * Only splits; whether a host exists is for the library to find out.
 */
#ifndef GW_CLI_ADDRESS_H
#define GW_CLI_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CLI_HOST_MAX = 255,
	CLI_DEVICE_MAX = 64,
	CLI_ADDRESS_TEXT = CLI_HOST_MAX + 16 /* [host]:port */
};

struct cli_address {
	char host[CLI_HOST_MAX + 1]; /* "" if none was named */
	/* A remembered device that must answer there; "": whoever has the
	 * code. */
	char device[CLI_DEVICE_MAX + 1];
	uint16_t port;
	bool port_given, given;
	bool is_code; /* it looks like one: 7-crane-otter */
};

/*
 * HOST, HOST:PORT, [v6], [v6]:PORT, v6, v6%zone.  Returns NULL, or what is
 * wrong with it (static storage); *out is untouched then.
 */
const char *cli_address_parse(const char *text, struct cli_address *out);
/* The same, or DEVICE=HOST[:PORT]. */
const char *cli_address_parse_whom(const char *text, struct cli_address *out);

/* ADDR, :PORT, ADDR:PORT, with the same forms of IPv6; ADDR may be `*`. */
const char *cli_address_parse_listen(const char *text, struct cli_address *out);

/* "host:port" to type on the other machine, IPv6 in brackets; a zone, which
 * is of this machine, as INTERFACE. */
void cli_address_text(
    char out[CLI_ADDRESS_TEXT], const char *host, uint16_t port);

/* The one to tell the other side: a private or public one first, a link-local
 * or loopback one only when there is nothing else.  count > 0. */
size_t cli_address_best(const char *const *addresses, size_t count);
/* Does it serve another machine: no loopback, no link-local? */
bool cli_address_reachable(const char *address);

#endif /* GW_CLI_ADDRESS_H */
