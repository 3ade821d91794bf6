#include "os/link_watch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BUFFER = 32768 /* what the kernel puts into one datagram at most */ };

struct gw_link_watch {
	struct mnl_socket *notices;
	struct gw_netifs list;
	bool stale; /* something happened since the list was made */
	bool ready; /* an address has become usable */
	_Alignas(uint32_t) uint8_t heard[BUFFER];
};

static unsigned
group_bit(unsigned group)
{
	return 1U << (group - 1);
}

static struct mnl_socket *
open_netlink(void)
{
	struct mnl_socket *s =
	    mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (s == NULL)
		return NULL;
	if (mnl_socket_bind(s,
		group_bit(RTNLGRP_LINK) | group_bit(RTNLGRP_IPV4_IFADDR) |
		    group_bit(RTNLGRP_IPV6_IFADDR),
		MNL_SOCKET_AUTOPID) == 0)
		return s;
	mnl_socket_close(s);
	return NULL;
}

enum gw_err
gw_link_watch_open(struct gw_link_watch **out, struct gw_why *why)
{
	struct gw_link_watch *w = calloc(1, sizeof *w);
	enum gw_err err;

	if (w == NULL)
		return gw_why(why, GW_E_MEMORY, "out of memory");
	/* The ear first: what changes while the list is made is heard. */
	if ((w->notices = open_netlink()) == NULL) {
		gw_why_errno(why, errno,
		    "the kernel does not tell of changes of the interfaces");
		free(w);
		return GW_E_FAILED;
	}
	if ((err = gw_netifs_list(&w->list)) != GW_OK) {
		mnl_socket_close(w->notices);
		free(w);
		return gw_why(why, err,
		    "the interfaces of this machine cannot be listed");
	}
	*out = w;
	return GW_OK;
}

void
gw_link_watch_free(struct gw_link_watch *w)
{
	if (w == NULL)
		return;
	mnl_socket_close(w->notices);
	gw_netifs_fini(&w->list);
	free(w);
}

int
gw_link_watch_fd(const struct gw_link_watch *w)
{
	return mnl_socket_get_fd(w->notices);
}

const struct gw_netifs *
gw_link_watch_list(const struct gw_link_watch *w)
{
	return &w->list;
}

/*
 * A list does not show that duplicate address detection has ended, before
 * which nothing can be sent from an IPv6 address.  The link-local one stands
 * for all: unlike others it is not renewed every few minutes.
 */
static bool
is_ready_address(const struct nlmsghdr *h)
{
	const struct ifaddrmsg *a = mnl_nlmsg_get_payload(h);

	return h->nlmsg_type == RTM_NEWADDR &&
	       mnl_nlmsg_get_payload_len(h) >= sizeof *a &&
	       a->ifa_family == AF_INET6 && a->ifa_scope == RT_SCOPE_LINK &&
	       (a->ifa_flags & IFA_F_TENTATIVE) == 0;
}

static void
take(struct gw_link_watch *w, size_t n)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)w->heard;
	int left = (int)n;

	w->stale = true;
	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		w->ready = w->ready || is_ready_address(h);
}

/* Everything that waits. */
static void
hear(struct gw_link_watch *w)
{
	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(w->notices), w->heard,
		    sizeof w->heard, MSG_DONTWAIT);

		if (n > 0)
			take(w, (size_t)n);
		else if (n < 0 && errno == ENOBUFS)
			w->stale = w->ready = true; /* some were lost */
		else if (n == 0 || errno != EINTR)
			return;
	}
}

bool
gw_link_watch_is_behind(const struct gw_link_watch *w)
{
	return w->stale;
}

bool
gw_link_watch_update(struct gw_link_watch *w)
{
	struct gw_netifs now;
	bool changed;

	hear(w);
	if (!w->stale || gw_netifs_list(&now) != GW_OK)
		return false;
	changed = w->ready || !gw_netifs_same(&w->list, &now);
	gw_netifs_fini(&w->list);
	w->list = now;
	w->stale = w->ready = false;
	return changed;
}
