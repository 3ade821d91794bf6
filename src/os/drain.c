#include "os/drain.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/assert.h"

enum { STACK = 256 << 10 };

struct gw_drain {
	pthread_t thread;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	bool busy, stop;
	struct gw_drain_job job;
	uint64_t moved; /* since the last wait */
	int error;      /* the first one since then */
};

int
gw_drain_now(const struct gw_drain_job *job, uint64_t *moved)
{
	size_t n = 0;
	ssize_t r = 0;
	off_t at;

	while (n < job->n) {
		at = (off_t)(job->offset + n);
		r = splice(
		    job->pipe, NULL, job->file, &at, job->n - n, SPLICE_F_MOVE);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		n += (size_t)r;
	}
	*moved = n;
	if (n == job->n)
		return 0;
	return r < 0 ? errno : EIO; /* no file takes nothing */
}

static void *
run(void *arg)
{
	struct gw_drain *d = arg;
	struct gw_drain_job job;
	uint64_t moved;
	int error;

	pthread_mutex_lock(&d->lock);
	for (;;) {
		while (!d->busy && !d->stop)
			pthread_cond_wait(&d->changed, &d->lock);
		if (!d->busy)
			break;
		job = d->job;
		pthread_mutex_unlock(&d->lock);
		error = gw_drain_now(&job, &moved);
		pthread_mutex_lock(&d->lock);
		d->moved += moved;
		d->error = error;
		d->busy = false;
		pthread_cond_broadcast(&d->changed);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

/* Signals are for the threads of the program. */
static bool
start(struct gw_drain *d)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int error;

	sigfillset(&all);
	if (pthread_attr_init(&attr) != 0)
		return false;
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&d->thread, &attr, run, d);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return error == 0;
}

enum gw_err
gw_drain_new(struct gw_drain **out)
{
	struct gw_drain *d = calloc(1, sizeof *d);

	if (d == NULL)
		return GW_E_MEMORY;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	if (start(d)) {
		*out = d;
		return GW_OK;
	}
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->lock);
	free(d);
	return GW_E_LIMIT;
}

void
gw_drain_free(struct gw_drain *d)
{
	if (d == NULL)
		return;
	pthread_mutex_lock(&d->lock);
	d->stop = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

int
gw_drain_give(struct gw_drain *d, const struct gw_drain_job *job)
{
	int error;

	pthread_mutex_lock(&d->lock);
	while (d->busy)
		pthread_cond_wait(&d->changed, &d->lock);
	error = d->error;
	if (error == 0) {
		d->job = *job;
		d->busy = true;
		pthread_cond_broadcast(&d->changed);
	}
	pthread_mutex_unlock(&d->lock);
	return error;
}

int
gw_drain_wait(struct gw_drain *d, uint64_t *moved)
{
	int error;

	pthread_mutex_lock(&d->lock);
	while (d->busy)
		pthread_cond_wait(&d->changed, &d->lock);
	error = d->error;
	*moved = d->moved;
	d->error = 0;
	d->moved = 0;
	pthread_mutex_unlock(&d->lock);
	return error;
}
