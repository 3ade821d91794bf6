#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "run/transfer_private.h"

enum { ADDRESSES_MAX = 16 };

/* ---- waiting: a code, and to be found by its number ---- */

static void
tell_listening(struct gw_transfer *job)
{
	char text[ADDRESSES_MAX][GW_ADDRESS_TEXT];
	const char *list[ADDRESSES_MAX];
	size_t n = gw_listener_addresses(job->listener, text, ADDRESSES_MAX);

	for (size_t i = 0; i < n; i++)
		list[i] = text[i];
	gw_events_push(&job->base.events,
	    &(struct gw_event){ .kind = GW_EVENT_LISTENING,
		.listening = {
		    .name = job->base.g->self.name,
		    .addresses = list,
		    .address_count = n,
		    .port = gw_listener_port(job->listener),
		    .code = job->link.no_code ? NULL : job->code,
		    .found = job->herald != NULL,
		} });
}

void
gw_transfer_tell_listening(struct gw_transfer *job)
{
	tell_listening(job);
	if (job->herald == NULL)
		return;
	gw_herald_announce(job->herald,
	    &(struct gw_announcement){
		.name = job->base.g->self.name,
		.port = gw_listener_port(job->listener),
		.number = job->link.no_code ? 0 : gw_code_number(job->code),
		.receives = !job->sends,
		.sends = job->sends,
		.unasked = !job->sends || job->known != NULL,
	    });
}

static void
use_code(struct gw_transfer *job)
{
	if (gw_door_set_code(job->door, job->code) != GW_OK) {
		gw_transfer_broken(job, GW_E_MEMORY, gw_err_text(GW_E_MEMORY));
		return;
	}
	gw_transfer_tell_listening(job);
}

static void
on_number(void *arg, uint32_t number)
{
	struct gw_transfer *job = arg;

	gw_code_make_numbered(
	    &job->base.g->self.random, number, job->link.code_words, job->code);
	use_code(job);
}

void
gw_transfer_new_code(struct gw_transfer *job)
{
	const bool made = !job->link.code_given && !job->link.no_code;

	if (made && job->herald != NULL) {
		/* The old one opens no more, and the next is told soon. */
		GW_ASSERT(gw_door_set_code(job->door, NULL) == GW_OK);
		gw_herald_choose(job->herald);
		return;
	}
	if (made)
		gw_code_make(
		    &job->base.g->self.random, job->link.code_words, job->code);
	use_code(job);
}

enum gw_err
gw_transfer_be_found(struct gw_transfer *job)
{
	const struct gw_herald_options o = { job->base.g, on_number, job };
	struct gw_why why = { "" };
	enum gw_err err;

	if (!job->link.beacons || gw_herald_is_idle(job->link.listen))
		return GW_OK;
	err = gw_herald_open(&o, &why, &job->herald);
	if (err == GW_E_MEMORY)
		return err;
	if (err != GW_OK)
		gw_events_notice(&job->base.events, GW_NOTICE_TEXT, 0,
		    "it cannot be found without its address: %s",
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	return GW_OK;
}

/* ---- connecting: by an address, or to whom beacons find ---- */

static enum gw_beacon_ask
asks(const struct gw_transfer_link *l)
{
	if (!l->beacons)
		return GW_ASK_NOTHING;
	if (l->by_number)
		return GW_ASK_NUMBER;
	if (l->known)
		return l->host_given ? GW_ASK_NOTHING : GW_ASK_KNOWN;
	return l->port == 0 && gw_quest_may_be_name(l->host) ? GW_ASK_NAME
							     : GW_ASK_NOTHING;
}

static void
on_notice(void *arg, const char *text)
{
	struct gw_transfer *job = arg;

	gw_events_notice(&job->base.events, GW_NOTICE_TEXT, 0, "%s", text);
}

static enum gw_err
look_for(struct gw_transfer *job, enum gw_beacon_ask ask,
    const struct gw_dial_options *d)
{
	const bool again = job->state == GW_TRANSFER_RETRYING;
	const struct gw_quest_options o = {
		.g = job->base.g,
		.dial = *d,
		.ask = ask,
		.number = gw_code_number(job->code),
		.name =
		    job->link.known ? job->link.device.name : job->link.host,
		.role = job->sends ? GW_QUEST_RECEIVER : GW_QUEST_SENDER,
		.patience = again ? LOOK_AGAIN : job->link.timeout,
		.before = again && job->at[0] != '\0' ? job->at : NULL,
		.notice = on_notice,
		.owner = d->owner,
	};

	return gw_quest_start(&o, &job->quest);
}

enum gw_err
gw_transfer_dial(struct gw_transfer *job, const struct gw_entrance_owner *owner)
{
	const enum gw_beacon_ask ask = asks(&job->link);
	struct gw_dial_options o = {
		.loop = &job->base.g->loop,
		.self = &job->base.g->self,
		.window = job->window,
		.remember = job->link.remember,
		.host = job->link.host,
		.port = job->link.port != 0 ? job->link.port : GW_PORT,
		.helper_fd = job->base.g->helper_fd,
		.mode = GW_MODE_CODE,
		.code = job->code,
		.ticket = &job->ticket,
		.peer = job->have_peer ? job->peer : NULL,
		.carriers = job->link.carriers,
		.udp = gw_transfer_tuning(job),
		.owner = *owner,
	};

	GW_ASSERT(job->dial == NULL && job->quest == NULL);
	if (job->link.known) {
		o.mode = GW_MODE_KNOWN;
		o.peer = job->link.device.key;
	}
	if (job->have_ticket)
		o.mode = GW_MODE_RESUMED;
	if (ask != GW_ASK_NOTHING)
		return look_for(job, ask, &o);
	return gw_dial_start(&o, &job->dial);
}

void
gw_transfer_cancel_dial(struct gw_transfer *job)
{
	gw_dial_cancel(job->dial);
	gw_quest_cancel(job->quest);
	job->dial = NULL;
	job->quest = NULL;
}
