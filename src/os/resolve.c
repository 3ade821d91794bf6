#include "os/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>

static enum gw_err
failed(struct gw_why *why, const char *host, int code, int error)
{
	const char *reason = gai_strerror(code);

	if (code == EAI_MEMORY)
		return gw_why(why, GW_E_MEMORY, "%s: %s", host, reason);
	if (code == EAI_SYSTEM)
		reason = strerror(error);
	else if (code == EAI_NONAME || code == EAI_NODATA)
		reason = "no such host is known";
	else if (code == EAI_AGAIN)
		reason = "cannot be looked up: no name server answers";
	return gw_why(why, GW_E_RESOLVE, "%s: %s", host, reason);
}

enum gw_err
gw_resolve(const char *host, uint16_t port, struct gw_why *why,
    struct gw_resolved *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all, *i;
	struct gw_resolved found = { .count = 0 };
	struct gw_addr *a;
	enum gw_err err;
	int code;

	err = gw_addr_parse(&found.v[0], host, port, why);
	if (err != GW_E_RESOLVE) {
		if (err != GW_OK)
			return err;
		found.count = 1;
		*out = found;
		return GW_OK;
	}
	if ((code = getaddrinfo(host, NULL, &hints, &all)) != 0)
		return failed(why, host, code, errno);
	for (i = all; i != NULL && found.count < GW_RESOLVE_MAX;
	     i = i->ai_next) {
		a = &found.v[found.count];
		if (!gw_addr_from(a, i->ai_addr, i->ai_addrlen))
			continue;
		gw_addr_set_port(a, port);
		found.count++;
	}
	freeaddrinfo(all);
	if (found.count == 0)
		return failed(why, host, EAI_NONAME, 0);
	*out = found;
	return GW_OK;
}

enum gw_err
gw_resolve_name(const struct gw_addr *a, char out[GW_RESOLVE_NAME])
{
	char name[GW_RESOLVE_NAME];

	if (getnameinfo((const struct sockaddr *)&a->ss, a->len, name,
		sizeof name, NULL, 0, NI_NAMEREQD) != 0)
		return GW_E_RESOLVE;
	memcpy(out, name, sizeof name);
	return GW_OK;
}
