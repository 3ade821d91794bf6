#include "fake_api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct fake fake;

struct gw {
	int fd;
};

struct gw_job {
	struct gw *g;
	size_t next;  /* step to come */
	size_t ready; /* steps before this one may be taken */
	bool waiting; /* for an answer */
	bool cancelled, ended;
};

static struct gw_job *the_job;

/* ---- context ---- */

const char *
gw_version(void)
{
	return "0.0.0";
}

enum gw_err
gw_open(const struct gw_options *o, struct gw **out)
{
	struct gw *g = calloc(1, sizeof *g);

	if (g == NULL)
		return GW_E_MEMORY;
	g->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (o->helper_fd != -1)
		close(o->helper_fd);
	*out = g;
	return GW_OK;
}

void
gw_close(struct gw *g)
{
	if (g != NULL)
		close(g->fd);
	free(g);
}

enum gw_err
gw_trace_open(int fd, struct gw_trace_log **out)
{
	close(fd);
	fake.traces++;
	*out = (struct gw_trace_log *)(void *)&fake;
	return GW_OK;
}

enum gw_err
gw_trace_close(struct gw_trace_log *l, uint64_t *dropped)
{
	*dropped = fake.trace_dropped;
	return l != NULL ? fake.trace_end : GW_OK;
}

int
gw_fd(const struct gw *g)
{
	return g->fd;
}

const char *
gw_last_error(const struct gw *g)
{
	(void)g;
	return fake.last_error != NULL ? fake.last_error : "";
}

/* ---- the script ---- */

static void
arm(struct gw_job *j, unsigned ms)
{
	struct itimerspec t = { .it_value = { ms / 1000,
				    (long)(ms % 1000) * 1000000 + 1 } };

	timerfd_settime(j->g->fd, 0, &t, NULL);
}

static void
arm_next(struct gw_job *j)
{
	if (j->cancelled)
		arm(j, 0);
	else if (!j->waiting && j->ready < fake.count)
		arm(j, fake.steps[j->ready].after_ms);
}

void
gw_dispatch(struct gw *g)
{
	uint64_t times;

	if (read(g->fd, &times, sizeof times) != sizeof times)
		return;
	if (the_job != NULL && the_job->ready < fake.count)
		the_job->ready++;
}

bool
gw_job_event(struct gw_job *j, struct gw_event *out)
{
	const struct fake_step *s;

	if (j->ended)
		return false;
	if (j->cancelled) {
		*out = (struct gw_event){ .kind = GW_EVENT_END };
		out->end.err = GW_E_INTERRUPTED;
		j->ended = true;
		return true;
	}
	if (j->next >= j->ready)
		return false;
	s = &fake.steps[j->next++];
	*out = *s->event;
	j->waiting = s->until_answer;
	j->ended = s->event->kind == GW_EVENT_END;
	arm_next(j);
	return true;
}

enum gw_err
gw_job_answer(struct gw_job *j, unsigned answer)
{
	if (!j->waiting)
		return GW_E_USAGE;
	if (fake.answer_count < FAKE_ANSWERS)
		fake.answers[fake.answer_count++] = answer;
	j->waiting = false;
	arm_next(j);
	return GW_OK;
}

void
gw_job_cancel(struct gw_job *j)
{
	fake.cancels++;
	if (fake.deaf && fake.cancels == 1)
		return;
	j->cancelled = true;
	arm_next(j);
}

void
gw_job_free(struct gw_job *j)
{
	if (j == the_job)
		the_job = NULL;
	free(j);
}

/* ---- jobs ---- */

static void
keep(char out[FAKE_CODE], const char *text)
{
	snprintf(out, FAKE_CODE, "%s", text != NULL ? text : "");
}

static enum gw_err
start(struct gw *g, struct gw_job **out)
{
	if (fake.start != GW_OK)
		return fake.start;
	if ((the_job = calloc(1, sizeof *the_job)) == NULL)
		return GW_E_MEMORY;
	the_job->g = g;
	arm_next(the_job);
	*out = the_job;
	return GW_OK;
}

static enum gw_err
start_link(
    struct gw *g, const struct gw_link_options *link, struct gw_job **out)
{
	keep(fake.code, link->code);
	keep(fake.host, link->host);
	return start(g, out);
}

enum gw_err
gw_send(struct gw *g, const struct gw_send_options *o, struct gw_job **out)
{
	fake.sends++;
	fake.send = *o;
	return start_link(g, &o->link, out);
}

enum gw_err
gw_recv(struct gw *g, const struct gw_recv_options *o, struct gw_job **out)
{
	fake.recvs++;
	fake.recv = *o;
	keep(fake.dir, o->dir);
	return start_link(g, &o->link, out);
}

enum gw_err
gw_classic_send(
    struct gw *g, const struct gw_classic_send_options *o, struct gw_job **out)
{
	fake.classic_sends++;
	fake.classic_send = *o;
	keep(fake.host, o->host);
	keep(fake.path, o->path);
	keep(fake.reply, o->reply);
	return start(g, out);
}

enum gw_err
gw_classic_recv(
    struct gw *g, const struct gw_classic_recv_options *o, struct gw_job **out)
{
	fake.classic_recvs++;
	fake.classic_recv = *o;
	keep(fake.host, o->listen);
	keep(fake.dir, o->dir);
	keep(fake.reply, o->reply);
	return start(g, out);
}

/* ---- leftovers ---- */

struct gw_partials {
	size_t next;
};

enum gw_err
gw_partials_open(struct gw *g, struct gw_partials **out)
{
	(void)g;
	*out = calloc(1, sizeof **out);
	return *out != NULL ? GW_OK : GW_E_MEMORY;
}

bool
gw_partials_next(struct gw_partials *p, struct gw_partial *out)
{
	if (p->next >= fake.partial_count)
		return false;
	*out = fake.partials[p->next++];
	return true;
}

void
gw_partials_free(struct gw_partials *p)
{
	free(p);
}

enum gw_err
gw_partials_clear(struct gw *g, const char *id)
{
	(void)g;
	for (size_t i = 0; i < fake.partial_count; i++)
		if (strcmp(fake.partials[i].id, id) == 0) {
			if (fake.partials[i].active)
				return GW_E_AGAIN;
			snprintf(fake.cleared, sizeof fake.cleared, "%s", id);
			return GW_OK;
		}
	return GW_E_NO_PATH;
}

/* ---- who is there ---- */

struct gw_peers {
	size_t next;
};

enum gw_err
gw_peers_open(struct gw *g, struct gw_peers **out)
{
	(void)g;
	if (fake.start != GW_OK)
		return fake.start;
	*out = calloc(1, sizeof **out);
	return *out != NULL ? GW_OK : GW_E_MEMORY;
}

void
gw_peers_free(struct gw_peers *p)
{
	free(p);
}

bool
gw_peers_next(struct gw_peers *p, struct gw_peer_event *out)
{
	if (p->next >= fake.peer_count)
		return false;
	*out = fake.peers[p->next++];
	return true;
}

bool
gw_peers_at(struct gw_peers *p, size_t n, struct gw_peer *out)
{
	for (size_t i = 0; i < p->next; i++)
		if (fake.peers[i].kind == GW_PEER_THERE && n-- == 0) {
			*out = fake.peers[i].peer;
			return true;
		}
	return false;
}

bool
gw_peers_asked(struct gw_peers *p, size_t n, struct gw_peers_link *out)
{
	static const struct gw_peers_link links[] = {
		{ "lo", "127.255.255.255", NULL },
		{ "eth0", "192.0.2.255", "192.0.2.255:4638: a firewall" },
		{ "wg0", "", NULL },
	};

	(void)p;
	if (n >= sizeof links / sizeof *links)
		return false;
	*out = links[n];
	return true;
}

/* ---- devices ---- */

struct gw_devices {
	size_t next;
};

enum gw_err
gw_devices_open(struct gw *g, struct gw_devices **out)
{
	(void)g;
	*out = calloc(1, sizeof **out);
	return *out != NULL ? GW_OK : GW_E_MEMORY;
}

bool
gw_devices_next(struct gw_devices *d, struct gw_device *out)
{
	if (d->next >= fake.device_count)
		return false;
	*out = fake.devices[d->next++];
	return true;
}

void
gw_devices_free(struct gw_devices *d)
{
	free(d);
}

bool
gw_device_known(const struct gw_options *o, const char *name)
{
	(void)o;
	for (size_t i = 0; i < fake.device_count; i++)
		if (strcmp(fake.devices[i].name, name) == 0)
			return true;
	return false;
}

enum gw_err
gw_device_rename(struct gw *g, const char *name, const char *to)
{
	(void)g;
	snprintf(fake.renamed[0], sizeof fake.renamed[0], "%s", name);
	snprintf(fake.renamed[1], sizeof fake.renamed[1], "%s", to);
	return fake.device;
}

enum gw_err
gw_device_forget(struct gw *g, const char *name)
{
	(void)g;
	snprintf(fake.forgotten, sizeof fake.forgotten, "%s", name);
	return fake.device;
}

const char *
gw_device_name(const struct gw *g)
{
	(void)g;
	return "desk";
}

enum gw_err
gw_device_set_name(struct gw *g, const char *name)
{
	return gw_device_rename(g, "", name);
}

/* ---- confinement ---- */

enum gw_err
gw_helper_start(int *fd)
{
	*fd = -1;
	return GW_OK;
}

enum gw_err
gw_confine(const struct gw_confine_options *o, const char **in_force)
{
	fake.confined += o->write_count != 0;
	if (fake.confine == GW_OK)
		*in_force = "nothing, for this is a test";
	return fake.confine;
}

enum gw_err
gw_directories(const struct gw_options *o, char **data_dir, char **state_dir,
    char **runtime_dir)
{
	*runtime_dir = o->show_sessions ? strdup("/nowhere/runtime") : NULL;
	*data_dir = strdup("/nowhere/data");
	*state_dir = strdup("/nowhere/state");
	return GW_OK;
}
