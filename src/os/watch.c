#include "os/watch.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/assert.h"

enum gw_err
gw_watch_open(struct gw_watch *w, struct gw_why *why)
{
	const int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return gw_why_errno(why, errno, "watching sockets");
	w->fd = fd;
	return GW_OK;
}

void
gw_watch_close(struct gw_watch *w)
{
	close(w->fd);
	w->fd = -1;
}

enum gw_err
gw_watch_add(struct gw_watch *w, int fd, void *arg)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = arg };

	if (epoll_ctl(w->fd, EPOLL_CTL_ADD, fd, &e) == 0)
		return GW_OK;
	GW_ASSERT(errno == ENOSPC || errno == ENOMEM);
	return errno == ENOSPC ? GW_E_LIMIT : GW_E_MEMORY;
}

void
gw_watch_remove(struct gw_watch *w, int fd)
{
	/* It may not have been watched yet. */
	(void)epoll_ctl(w->fd, EPOLL_CTL_DEL, fd, NULL);
}

size_t
gw_watch_take(struct gw_watch *w, struct gw_watch_event *v, size_t n)
{
	struct epoll_event e[GW_WATCH_BATCH];
	int got;

	if (n > GW_WATCH_BATCH)
		n = GW_WATCH_BATCH;
	got = epoll_wait(w->fd, e, (int)n, 0);
	if (got < 0) {
		GW_ASSERT(errno == EINTR);
		return 0;
	}
	for (int i = 0; i < got; i++)
		v[i] = (struct gw_watch_event){
			.arg = e[i].data.ptr,
			.readable = (e[i].events & EPOLLIN) != 0,
			.error = (e[i].events & EPOLLERR) != 0,
		};
	return (size_t)got;
}
