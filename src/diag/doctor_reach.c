/*
 * doctor_reach - whether one gets to a godwit that waits elsewhere: name,
 * way, port.  Nothing is said there but a connection that is closed again,
 * and one datagram that is no packet of ours.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "diag/doctor.h"
#include "os/resolve.h"
#include "wire/limits.h"

enum { TCP_PATIENCE_MS = 5000, UDP_PATIENCE_MS = 1000 };

/* 0: connected; else an error number. */
static int
try_tcp(const struct gw_addr *to)
{
	int fd = socket(to->ss.ss_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t len = sizeof error;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&to->ss, to->len) == 0)
		error = 0;
	else if (errno != EINPROGRESS)
		error = errno;
	else if (poll(&p, 1, TCP_PATIENCE_MS) == 0)
		error = ETIMEDOUT;
	else
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	close(fd);
	return error;
}

/* 0: nothing came back, which is what a godwit does, too. */
static int
try_udp(const struct gw_addr *to)
{
	int fd = socket(to->ss.ss_family,
	    SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int error = 0;
	socklen_t len = sizeof error;

	if (fd < 0)
		return errno;
	if (connect(fd, (const struct sockaddr *)&to->ss, to->len) != 0 ||
	    send(fd, "", 1, MSG_NOSIGNAL) < 0)
		error = errno;
	else if (poll(&p, 1, UDP_PATIENCE_MS) > 0)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	close(fd);
	return error;
}

static void
advise_on(struct gw_findings *out, int error, uint16_t port)
{
	if (error == ECONNREFUSED)
		gw_advise(out,
		    "start the other side first (godwit recv, or godwit send "
		    "PATH), and take the port that it prints");
	else if (error == ETIMEDOUT)
		gw_advise(out,
		    "there: let port %u in through the firewall (ufw allow "
		    "%u); here: ip route get ADDRESS shows the way",
		    (unsigned)port, (unsigned)port);
	else
		gw_advise(out, "ip route get ADDRESS shows the way; a missing "
			       "one is the network's, or a VPN's that is off");
}

static const char *
meaning(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return "the machine is there, and nobody waits at this port";
	case ETIMEDOUT:
		return "no answer: the machine is off, or a firewall is silent";
	default:
		return strerror(error);
	}
}

/* May one get there? */
static bool
look_at(const struct gw_addr *to, struct gw_findings *out)
{
	const uint16_t port = gw_addr_port(to);
	char text[GW_ADDR_TEXT], subject[GW_ADDR_TEXT + 8];
	int tcp = try_tcp(to), udp = try_udp(to);
	/* Silence alone is no sign of life. */
	const bool may = tcp == 0 || (udp == 0 && tcp == ECONNREFUSED);

	gw_addr_text(to, text);
	snprintf(subject, sizeof subject, "tcp %s", text);
	if (tcp == 0) {
		gw_found(out, GW_GRADE_OK, subject, "somebody waits there");
	} else {
		gw_found(out, may ? GW_GRADE_NOTE : GW_GRADE_PROBLEM, subject,
		    "%s", meaning(tcp));
		advise_on(out, tcp, port);
	}
	snprintf(subject, sizeof subject, "udp %s", text);
	if (udp == 0) {
		gw_found(out, GW_GRADE_OK, subject,
		    "no refusal: somebody waits there, or a firewall is "
		    "silent; without a code it cannot be told");
	} else {
		gw_found(out, tcp == 0 ? GW_GRADE_NOTE : GW_GRADE_PROBLEM,
		    subject, "%s", meaning(udp));
		advise_on(out, udp, port);
	}
	return may;
}

enum gw_err
gw_doctor_reach(
    struct gw_findings *out, const char *host, uint16_t port, bool *reached)
{
	struct gw_resolved found;
	struct gw_why why;
	bool any = false;
	enum gw_err err =
	    gw_resolve(host, port != 0 ? port : GW_PORT, &why, &found);

	out->check = "reach";
	if (err == GW_E_MEMORY)
		return err;
	*reached = false;
	if (err != GW_OK) {
		gw_found(out, GW_GRADE_PROBLEM, host, "%s", why.text);
		gw_advise(out,
		    "getent hosts NAME asks as godwit does; or give the "
		    "address, which ip address shows there");
		return out->err;
	}
	for (size_t i = 0; i < found.count; i++)
		any |= look_at(&found.v[i], out);
	*reached = any;
	return out->err;
}
