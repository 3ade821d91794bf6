#include "os/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/confine.h"

/* Both ends are the same program: the structs go as they are.  A packet
 * arrives whole or not at all. */
struct request {
	uint32_t id;
	uint16_t port;
	bool reverse; /* the name of addr, not the addresses of host */
	char host[GW_HELPER_HOST_MAX + 1];
	struct gw_addr addr;
};

enum { SOCKET_FD = 3 }; /* where the helper keeps its end */

/* A process that does one look-up. */
_Noreturn static void
look_up(const struct request *r)
{
	struct gw_helper_answer a;

	memset(&a, 0, sizeof a); /* no byte of our stack leaves us */
	a.id = r->id;
	if (r->reverse)
		a.err = gw_resolve_name(&r->addr, a.name);
	else
		a.err = gw_resolve(r->host, r->port, &a.why, &a.found);
	while (
	    send(SOCKET_FD, &a, sizeof a, MSG_NOSIGNAL) < 0 && errno == EINTR) {
	}
	_exit(0);
}

static void
refuse(const struct request *r)
{
	struct gw_helper_answer a;

	memset(&a, 0, sizeof a);
	a.id = r->id;
	a.err = gw_why(&a.why, GW_E_RESOLVE,
	    "%s: cannot be looked up: no process can be made", r->host);
	send(SOCKET_FD, &a, sizeof a, MSG_NOSIGNAL);
}

_Noreturn static void
serve(void)
{
	struct request r;
	ssize_t n;
	pid_t self = getpid(), pid;

	for (;;) {
		n = recv(SOCKET_FD, &r, sizeof r, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		if (n != sizeof r)
			continue;
		r.host[GW_HELPER_HOST_MAX] = '\0';
		if ((pid = fork()) < 0)
			refuse(&r);
		if (pid != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != self)
			_exit(1);
		look_up(&r);
	}
}

/* Keep nothing of the parent: a descriptor that stays open here would keep
 * a pipe's reader waiting. */
static bool
drop_descriptors(int fd)
{
	int null;

	/* Out of the way first: a program may run without 0, 1 or 2. */
	if ((fd = fcntl(fd, F_DUPFD, SOCKET_FD + 1)) < 0)
		return false;
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(null, 2) < 0)
		return false;
	if (dup2(fd, SOCKET_FD) < 0)
		return false;
	return close_range(SOCKET_FD + 1, ~0U, 0) == 0;
}

_Noreturn static void
be_helper(int fd, pid_t parent)
{
	static const char *const all[] = { "/" };
	struct gw_confine_options may = { .read = all, .read_count = 1 };
	const char *in_force;
	sigset_t none;

	signal(SIGINT, SIG_IGN);  /* Ctrl-C is for the parent to handle */
	signal(SIGCHLD, SIG_IGN); /* look-ups are not waited for */
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "godwit-helper");
	if (getppid() != parent || !drop_descriptors(fd))
		_exit(1);
	/* Without Landlock it looks up all the same. */
	if (gw_confine_enter(&may, NULL, &in_force) != GW_OK)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	serve();
}

enum gw_err
gw_helper_fork(struct gw_why *why, int *out)
{
	enum gw_err err;
	pid_t parent = getpid(), pid;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0)
		return gw_why_errno(why, errno, "look-up helper");
	/* Non-blocking on our end only: each end has flags of its own. */
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	if ((pid = fork()) == 0)
		be_helper(fds[1], parent);
	if (pid < 0) {
		err = gw_why_errno(why, errno, "look-up helper");
		close(fds[0]);
		close(fds[1]);
		return err;
	}
	close(fds[1]);
	*out = fds[0];
	return GW_OK;
}

static enum gw_err
ask(int fd, const struct request *r)
{
	if (send(fd, r, sizeof *r, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof *r)
		return GW_OK;
	return errno == EAGAIN || errno == ENOBUFS ? GW_E_AGAIN : GW_E_FAILED;
}

enum gw_err
gw_helper_ask(int fd, uint32_t id, const char *host, uint16_t port)
{
	struct request r;
	size_t n = strlen(host);

	if (n > GW_HELPER_HOST_MAX)
		return GW_E_RESOLVE;
	memset(&r, 0, sizeof r);
	r.id = id;
	r.port = port;
	memcpy(r.host, host, n);
	return ask(fd, &r);
}

enum gw_err
gw_helper_ask_name(int fd, uint32_t id, const struct gw_addr *addr)
{
	struct request r;

	memset(&r, 0, sizeof r);
	r.id = id;
	r.reverse = true;
	r.addr = *addr;
	return ask(fd, &r);
}

static enum gw_err
take(int fd, struct gw_helper_answer *a)
{
	ssize_t n;

	do {
		n = recv(fd, a, sizeof *a, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return GW_E_AGAIN;
	if (n != sizeof *a)
		return GW_E_FAILED;
	a->why.text[sizeof a->why.text - 1] = '\0';
	a->name[sizeof a->name - 1] = '\0';
	return GW_OK;
}

/* It runs plug-ins of others: trust it no further than needed. */
enum gw_err
gw_helper_take(int fd, struct gw_helper_answer *out)
{
	struct gw_helper_answer a;
	enum gw_err err = take(fd, &a);

	if (err != GW_OK)
		return err;
	if (a.found.count > GW_RESOLVE_MAX ||
	    (a.err == GW_OK && a.found.count == 0))
		return GW_E_FAILED;
	*out = a;
	return GW_OK;
}

enum gw_err
gw_helper_take_name(int fd, struct gw_helper_answer *out)
{
	struct gw_helper_answer a;
	enum gw_err err = take(fd, &a);

	if (err != GW_OK)
		return err;
	if (a.err == GW_OK && a.name[0] == '\0')
		return GW_E_FAILED;
	*out = a;
	return GW_OK;
}
