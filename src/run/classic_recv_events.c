/*
 * What the program of a plain receiver is told.
 */
#include <stdio.h>

#include "os/clock.h"
#include "os/tcp.h"
#include "run/classic_recv_private.h"
#include "run/reach.h"

enum { ADDRESSES_MAX = 16 };

void
gw_classic_recv_tell_listening(struct gw_classic_recv *j)
{
	char text[ADDRESSES_MAX][GW_ADDR_TEXT];
	const char *list[ADDRESSES_MAX];
	size_t n = gw_reach_addresses(j->listen, text, ADDRESSES_MAX);

	for (size_t i = 0; i < n; i++)
		list[i] = text[i];
	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_LISTENING,
				 .listening = {
				     .name = j->base.g->self.name,
				     .addresses = list,
				     .address_count = n,
				     .port = gw_tcp_port(j->fd),
				 } });
}

void
gw_classic_recv_tell_named(
    struct gw_classic_recv *j, const struct gw_classic_peer *p)
{
	const char *name = p->file.name;

	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_CONNECTED,
				 .connected = {
				     .peer = p->address,
				     .address = p->address,
				     .carrier = "classic",
				     .why = "it was asked for",
				     .cipher = "none",
				 } });
	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_OFFER,
				 .offer = {
				     .peer = p->address,
				     .files = 1,
				     .names = &name,
				     .name_count = 1,
				 } });
	if (p->engine.cut)
		gw_events_notice(&j->base.events, GW_NOTICE_TEXT, 0,
		    "%s sent a path as name: only its last part is used, %s",
		    p->address, name);
}

/* ---- how one ended ---- */

static bool
has_partial(const struct gw_classic_peer *p)
{
	return p->file.task == GW_CLASSIC_TASK_KEEP_PARTIAL &&
	       p->file.err == GW_OK;
}

static void
tell_entry(struct gw_classic_recv *j, const struct gw_classic_peer *p,
    enum gw_entry_status status, const char *reason)
{
	bool kept = status == GW_ENTRY_DONE || has_partial(p);

	gw_events_push(&j->base.events,
	    &(struct gw_event){ .kind = GW_EVENT_ENTRY,
		.entry = {
		    .name = p->file.name,
		    .final_name = kept ? p->file.final_name : NULL,
		    .kind = GW_KIND_FILE,
		    .bytes = p->engine.got,
		    .status = status,
		    .reason = reason,
		    .address = p->address,
		} });
}

static void
tell_complete(
    struct gw_classic_recv *j, const struct gw_classic_peer *p, bool skipped)
{
	double seconds = (double)(gw_clock_now() - p->began) / GW_SEC;

	gw_events_push(
	    &j->base.events, &(struct gw_event){ .kind = GW_EVENT_COMPLETE,
				 .complete = {
				     .bytes = p->engine.got,
				     .moved = p->engine.got,
				     .files = !skipped,
				     .skipped = skipped,
				     .seconds = p->began != 0 ? seconds : 0,
				 } });
}

static void
tell_failed(struct gw_classic_recv *j, const struct gw_classic_peer *p,
    const struct gw_classic_receiver_event *e)
{
	char kept[GW_COMPONENT_MAX + 32] = "nothing is kept";

	if (has_partial(p))
		snprintf(kept, sizeof kept, "what came is kept as %.255s",
		    p->file.final_name);
	tell_entry(j, p, GW_ENTRY_FAILED, e->why);
	gw_events_error(&j->base.events, e->err,
	    "%s from %s: %s, after %llu bytes; %s", p->file.name, p->address,
	    e->why, (unsigned long long)p->engine.got, kept);
}

/* Who has sent no name may be anybody: a visit, a scan.  That some just come
 * and go is nothing to tell. */
static void
tell_stranger(struct gw_classic_recv *j, const struct gw_classic_peer *p,
    const struct gw_classic_receiver_event *e)
{
	if (p->engine.raw_len > 0 && j->state == GW_CLASSIC_RECV_SERVING)
		gw_events_notice(&j->base.events, GW_NOTICE_STRANGER, 0,
		    "%s: %s", p->address, e->why);
}

void
gw_classic_recv_tell_ended(struct gw_classic_recv *j,
    const struct gw_classic_peer *p, const struct gw_classic_receiver_event *e)
{
	if (e->name == NULL) {
		tell_stranger(j, p, e);
	} else if (e->err == GW_OK) {
		tell_entry(j, p, GW_ENTRY_DONE, NULL);
		tell_complete(j, p, false);
	} else if (e->err == GW_E_AGAIN) {
		tell_entry(j, p, GW_ENTRY_SKIPPED, NULL);
		tell_complete(j, p, true);
	} else {
		tell_failed(j, p, e);
	}
}

/* ---- progress ---- */

/* Of one peer: more has come than was taken, or there is nothing. */
static enum gw_limiter
limiter(const struct gw_classic_recv *j, const struct gw_classic_peer *p)
{
	if (p == NULL || !p->more)
		return GW_LIMIT_NETWORK;
	return p->file.busy || j->bucket.rate == 0 ? GW_LIMIT_DISK_HERE
						   : GW_LIMIT_RATE;
}

void
gw_classic_recv_tell_progress(struct gw_classic_recv *j, gw_usec now)
{
	const struct gw_classic_peer *only = NULL;
	uint64_t bytes = j->ended_bytes, open = 0, rate;
	unsigned active = 0;

	for (const struct gw_classic_peer *p = j->peers; p != NULL;
	     p = p->next) {
		bytes += p->engine.got;
		if (p->engine.state != GW_CLASSIC_TAKING &&
		    p->engine.state != GW_CLASSIC_KEEPING)
			continue;
		open += p->engine.got;
		only = p;
		active++;
	}
	rate = gw_speed_update(&j->speed, bytes, now);
	if (bytes != j->mark || active == 0)
		j->moved_at = now;
	j->mark = bytes;
	if (active == 0)
		return;
	gw_events_push(&j->base.events,
	    &(struct gw_event){ .kind = GW_EVENT_PROGRESS,
		.progress = {
		    .bytes = open,
		    .files = j->files,
		    .files_total = j->files + active,
		    .rate = rate,
		    .eta_ms = -1,
		    .name = active == 1 ? only->file.name : NULL,
		    .limiter = limiter(j, active == 1 ? only : NULL),
		    .stalled_ms = (uint32_t)((now - j->moved_at) / GW_MSEC),
		} });
}
