#include "diag/socket_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "diag/session_rows.h"
#include "diag/sock_diag.h"
#include "diag/socket_owner.h"
#include "diag/tracepoint.h"
#include "os/clock.h"
#include "os/random.h"

/* RTT and the like cost the kernel more than the rest. */
#define DETAILS_INTERVAL GW_SEC
/* A process that shows sessions has begun: lists may come so much sooner. */
#define INTERVAL_LEAST (2 * GW_MSEC)
/* How old a session's end may be, and be news: less than what is gone stays
 * in the history. */
#define SESSION_NEWS (3 * GW_SEC)

struct gw_socket_watch {
	struct gw_socket_watch_options o;
	struct gw_socket_filter ends; /* the filter without its states */
	struct gw_sock_diag *diag;
	struct gw_tracepoint *trace; /* NULL: not to be had */
	struct gw_why no_trace;      /* why */
	struct gw_history *history;
	struct gw_session_rows *sessions;
	struct gw_sockets rows, ended; /* room that is used again */
	int epoll;
	gw_usec next, interval, next_details;
	gw_usec started, listed;
	gw_usec owners_at;              /* of the last look at all processes */
	struct gw_history_change *news; /* of the last run, by time */
	size_t news_count, news_room, news_taken;
};

/* ---- beginning and end ---- */

static enum gw_err
start(struct gw_socket_watch *w, struct gw_why *why)
{
	struct gw_random random = gw_random_os();
	struct epoll_event e = { .events = EPOLLIN };
	enum gw_err err;

	if ((w->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
		return gw_why_errno(why, errno, "epoll");
	err = gw_history_new(gw_random_u64(&random), &w->history);
	if (err != GW_OK)
		return gw_why(why, err, "out of memory");
	if ((err = gw_session_rows_new(&w->sessions)) != GW_OK)
		return gw_why(why, err, "out of memory");
	if (gw_session_rows_fd(w->sessions) != -1)
		epoll_ctl(w->epoll, EPOLL_CTL_ADD,
		    gw_session_rows_fd(w->sessions), &e);
	w->started = gw_clock_now();
	if ((err = gw_sock_diag_open(&w->diag, why)) != GW_OK ||
	    (err = gw_sock_diag_listen(w->diag, why)) != GW_OK)
		return err;
	epoll_ctl(w->epoll, EPOLL_CTL_ADD, gw_sock_diag_fd(w->diag), &e);
	if (gw_tracepoint_open(&w->trace, &w->no_trace) != GW_OK)
		w->trace = NULL;
	else
		epoll_ctl(
		    w->epoll, EPOLL_CTL_ADD, gw_tracepoint_fd(w->trace), &e);
	return GW_OK;
}

enum gw_err
gw_socket_watch_new(const struct gw_socket_watch_options *o,
    struct gw_socket_watch **out, struct gw_why *why)
{
	struct gw_socket_watch *w = calloc(1, sizeof *w);
	enum gw_err err;

	if (w == NULL)
		return gw_why(why, GW_E_MEMORY, "out of memory");
	w->o = *o;
	w->ends = *o->filter;
	w->ends.states = w->ends.not_states = 0;
	w->epoll = -1;
	w->interval = GW_SOCKET_WATCH_INTERVAL;
	if ((err = start(w, why)) != GW_OK) {
		gw_socket_watch_free(w);
		return err;
	}
	*out = w;
	return GW_OK;
}

void
gw_socket_watch_free(struct gw_socket_watch *w)
{
	if (w == NULL)
		return;
	gw_tracepoint_free(w->trace);
	gw_sock_diag_free(w->diag);
	gw_session_rows_free(w->sessions);
	gw_history_free(w->history);
	gw_sockets_fini(&w->rows);
	gw_sockets_fini(&w->ended);
	free(w->news);
	if (w->epoll != -1)
		close(w->epoll);
	free(w);
}

bool
gw_socket_watch_hears_all(const struct gw_socket_watch *w, const char **why_not)
{
	if (why_not != NULL)
		*why_not = w->no_trace.text;
	return w->trace != NULL;
}

gw_usec
gw_socket_watch_interval(const struct gw_socket_watch *w)
{
	return w->interval;
}

uint64_t
gw_socket_watch_lost(const struct gw_socket_watch *w)
{
	return w->trace != NULL ? gw_tracepoint_lost(w->trace) : 0;
}

int
gw_socket_watch_fd(const struct gw_socket_watch *w)
{
	return w->epoll;
}

int
gw_socket_watch_timeout_ms(const struct gw_socket_watch *w)
{
	gw_usec now = gw_clock_now(), until = w->next;

	if (w->trace != NULL && gw_tracepoint_pending(w->trace))
		until = gw_usec_min(until, now + GW_TRACEPOINT_DELAY);
	/* A little late rather than once too often. */
	return until > now ? (int)((until - now) / GW_MSEC) + 1 : 0;
}

gw_usec
gw_socket_watch_now(void)
{
	return gw_clock_now();
}

/* ---- processes ---- */

static bool
is_unowned(const struct gw_history_entry *e)
{
	return e->socket.inode != 0 && !e->owner_sought;
}

static void
find_owners(struct gw_socket_watch *w)
{
	struct gw_socket_owners *owners;
	const struct gw_socket_owner *found;
	struct gw_history_entry *e = NULL;
	size_t count;

	while ((e = gw_history_next(w->history, e)) != NULL && !is_unowned(e)) {
	}
	if (e == NULL || gw_socket_owners_scan(&owners, NULL) != GW_OK)
		return;
	for (e = NULL; (e = gw_history_next(w->history, e)) != NULL;) {
		if (!is_unowned(e))
			continue;
		/* Whoever is not found now never will be. */
		e->owner_sought = true;
		found = gw_socket_owners_of(owners, e->socket.inode, &count);
		if (count == 0)
			continue;
		e->socket.owner = *found;
		e->socket.owner.others = (uint32_t)count - 1;
	}
	gw_socket_owners_free(owners);
}

/* ---- running ---- */

/* Those that have ended so far, for after the changes that led there. */
static enum gw_err
hear_endings(struct gw_socket_watch *w)
{
	struct gw_socket s;
	bool lost = false; /* then the next list misses them */
	enum gw_err err = GW_OK;

	w->ended.count = 0;
	while (err == GW_OK && gw_sock_diag_ended(w->diag, &s, &lost))
		/* One that could not connect has lost its ends. */
		if (s.remote.port == 0 ||
		    gw_socket_filter_match_ends(&w->ends, &s))
			err = gw_sockets_add(&w->ended, &s);
	return err;
}

static void
sleep_until(gw_usec at)
{
	struct timespec ts = { .tv_sec = (time_t)(at / GW_SEC),
		.tv_nsec = (long)(at % GW_SEC * 1000) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

/* Every change of state up to that time. */
static enum gw_err
hear_changes(struct gw_socket_watch *w, gw_usec until)
{
	struct gw_transition t;
	enum gw_err err;

	if (w->trace == NULL)
		return GW_OK;
	sleep_until(until + GW_TRACEPOINT_DELAY);
	err = gw_tracepoint_collect(w->trace, gw_clock_now());
	while (err == GW_OK && gw_tracepoint_take(w->trace, &t)) {
		struct gw_socket s = { .protocol = GW_SOCKET_TCP,
			.ipv6 = t.ipv6,
			.local = t.local,
			.remote = t.remote };

		/* One without a port may get one that passes. */
		if (t.local.port != 0 &&
		    !gw_socket_filter_match_ends(&w->ends, &s))
			continue;
		/* In whose time anything else happens is chance. */
		t.ours = t.from == GW_SOCKET_CLOSED &&
			 gw_socket_owner_is_near(t.pid);
		err = gw_history_transition(w->history, &t);
	}
	return err;
}

/* Sessions are told with all their states, those that listen as rows. */
static enum gw_err
list_sessions(struct gw_socket_watch *w, gw_usec now, struct gw_why *why)
{
	enum gw_err err = gw_session_rows_look(w->sessions, w->diag, why);
	gw_usec since = now > SESSION_NEWS ? now - SESSION_NEWS : 0;
	const struct gw_session_row *r;

	if (since < w->started)
		since = w->started;
	for (size_t i = 0;
	     err == GW_OK && (r = gw_session_rows_at(w->sessions, i)) != NULL;
	     i++) {
		if (!gw_socket_filter_match_ends(&w->ends, &r->socket))
			continue;
		err = r->step_count == 0
			  ? gw_sockets_add(&w->rows, &r->socket)
			  : gw_history_session(w->history, &r->socket, r->steps,
				r->step_count, since);
		if (err != GW_OK)
			gw_why(why, err, "out of memory");
	}
	return err;
}

static enum gw_err
list(struct gw_socket_watch *w, gw_usec began, gw_usec *ended,
    struct gw_why *why)
{
	bool details = began >= w->next_details;
	enum gw_err err =
	    gw_sock_diag_list(w->diag, &w->ends, details, &w->rows, why);

	if (err == GW_OK)
		err = list_sessions(w, began, why);
	w->listed = began;
	*ended = gw_clock_now();
	if (details)
		w->next_details = began + DETAILS_INTERVAL;
	/* At most half of the time. */
	w->interval = GW_SOCKET_WATCH_INTERVAL;
	if (w->interval < 2 * (*ended - began))
		w->interval = 2 * (*ended - began);
	w->next = began + w->interval;
	return err;
}

static bool
passes(const struct gw_socket_watch *w, const struct gw_history_entry *e)
{
	uint32_t states = gw_socket_filter_states(w->o.filter), was = 0;

	for (unsigned i = 0; i < e->step_count; i++)
		was |= GW_SOCKET_BIT(e->steps[i].state);
	return (was & states) != 0 &&
	       gw_socket_filter_match_ends(&w->ends, &e->socket) &&
	       gw_socket_filter_match_owners(w->o.filter, &e->socket.owner, 1);
}

static int
by_time(const void *va, const void *vb)
{
	const struct gw_history_change *a = va, *b = vb;
	gw_usec x = a->entry->steps[a->step].since;
	gw_usec y = b->entry->steps[b->step].since;

	if (x != y)
		return x < y ? -1 : 1;
	/* Those of one entry stay in order. */
	return a->step < b->step ? -1 : a->step > b->step;
}

static enum gw_err
collect_news(struct gw_socket_watch *w)
{
	struct gw_history_change change;

	w->news_count -= w->news_taken;
	if (w->news_taken > 0)
		memmove(w->news, w->news + w->news_taken,
		    w->news_count * sizeof *w->news);
	w->news_taken = 0;
	while (gw_history_change(w->history, &change)) {
		if (!passes(w, change.entry))
			continue;
		if (w->news_count == w->news_room) {
			size_t room = w->news_room != 0 ? 2 * w->news_room : 64;
			struct gw_history_change *v =
			    realloc(w->news, room * sizeof *v);

			if (v == NULL)
				return GW_E_MEMORY;
			w->news = v;
			w->news_room = room;
		}
		w->news[w->news_count++] = change;
	}
	if (w->news_count > 0)
		qsort(w->news, w->news_count, sizeof *w->news, by_time);
	return GW_OK;
}

enum gw_err
gw_socket_watch_run(struct gw_socket_watch *w, struct gw_why *why)
{
	gw_usec now = gw_clock_now(), ended = 0;
	enum gw_err err = hear_endings(w);
	bool due;

	if (gw_session_rows_told(w->sessions))
		w->next = gw_usec_min(w->next, w->listed + INTERVAL_LEAST);
	due = now >= w->next;
	if (err == GW_OK && due && (err = list(w, now, &ended, why)) != GW_OK)
		return err;
	if (err == GW_OK)
		err = hear_changes(w, now);
	for (size_t i = 0; i < w->ended.count && err == GW_OK; i++)
		err = gw_history_ended(w->history, &w->ended.v[i], now);
	if (err == GW_OK && due)
		err = gw_history_snapshot(
		    w->history, w->rows.v, w->rows.count, now, ended);
	if (err == GW_OK && w->o.owners && due)
		find_owners(w);
	if (err == GW_OK)
		err = collect_news(w);
	return err == GW_OK ? GW_OK : gw_why(why, err, "out of memory");
}

/* ---- what is shown ---- */

bool
gw_socket_watch_change(struct gw_socket_watch *w, struct gw_history_change *out)
{
	if (w->news_taken == w->news_count)
		return false;
	*out = w->news[w->news_taken++];
	return true;
}

const struct gw_history_entry *
gw_socket_watch_next(
    const struct gw_socket_watch *w, const struct gw_history_entry *e)
{
	while ((e = gw_history_next(w->history, e)) != NULL)
		if (passes(w, e))
			return e;
	return NULL;
}

void
gw_socket_watch_forget(struct gw_socket_watch *w, gw_usec before)
{
	/* What is left of the news would point to nothing. */
	w->news_count = w->news_taken = 0;
	gw_history_forget(w->history, before);
}
