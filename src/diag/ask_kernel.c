#include "diag/ask_kernel.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { BUFFER = 32768, ANSWER_SECONDS = 5 };

static int
ask(struct mnl_socket *s, struct nlmsghdr *request, mnl_cb_t take, void *arg)
{
	_Alignas(struct nlmsghdr) char answer[BUFFER];
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	const bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	unsigned port;
	ssize_t n;
	int r;

	if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) != 0 ||
	    setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof patience) != 0)
		return errno;
	port = mnl_socket_get_portid(s);
	request->nlmsg_seq = 1;
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		return errno;
	do {
		n = mnl_socket_recvfrom(s, answer, sizeof answer);
		if (n < 0)
			return errno;
		r = mnl_cb_run(answer, (size_t)n, 1, port, take, arg);
		if (r < 0)
			return errno;
	} while (dump && r > MNL_CB_STOP);
	return 0;
}

int
gw_ask_kernel(int family, struct nlmsghdr *request, mnl_cb_t take, void *arg)
{
	struct mnl_socket *s = mnl_socket_open2(family, SOCK_CLOEXEC);
	int error;

	if (s == NULL)
		return errno;
	error = ask(s, request, take, arg);
	mnl_socket_close(s);
	return error;
}
