#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/tcp.h"
#include "run/transfer_private.h"

void
gw_transfer_wait_again(struct gw_transfer *job)
{
	if (job->by_code)
		gw_transfer_new_code(job);
	else
		gw_transfer_tell_listening(job);
	job->by_code = false;
}

/* ---- a session opened ---- */

static void
keep_peer(struct gw_transfer *job, const struct gw_session_event *ev)
{
	memcpy(job->peer, ev->opened.peer, GW_KEY_LEN);
	snprintf(job->peer_name, sizeof job->peer_name, "%s", ev->opened.name);
	job->ticket = ev->opened.ticket;
	job->have_peer = job->have_ticket = true;
	job->by_code |= ev->opened.mode == GW_MODE_CODE;
	job->peer_known =
	    job->door != NULL && gw_door_knows(job->door, ev->opened.peer);
}

static void
tell_connected(struct gw_transfer *job, struct gw_conn *c,
    const struct gw_session_event *ev)
{
	char key[2 * GW_KEY_LEN + 1], device[GW_NAME_MAX + 1];
	const bool known = gw_known_name(job->base.g, ev->opened.peer, device);

	for (size_t i = 0; i < GW_KEY_LEN; i++)
		snprintf(key + 2 * i, 3, "%02x", ev->opened.peer[i]);
	gw_events_push(&job->base.events,
	    &(struct gw_event){ .kind = GW_EVENT_CONNECTED,
		.connected = {
		    .peer = ev->opened.name,
		    .key = key,
		    .device = known ? device : NULL,
		    .address = c->address,
		    .carrier = c->carrier,
		    .why = c->why,
		    .cipher = gw_cipher_name(ev->opened.cipher),
		    .resumed = job->state >= GW_TRANSFER_MOVING,
		} });
}

/* Both sides learn in the handshake whether both ask for it. */
static void
remember(struct gw_transfer *job, const struct gw_session_event *ev)
{
	struct gw_events *to = &job->base.events;
	char name[GW_NAME_MAX + 1];
	struct gw_why why = { "" };
	enum gw_err err;

	if (ev->opened.mode != GW_MODE_CODE ||
	    (!job->link.remember && !ev->opened.remember))
		return;
	if (!job->link.remember || !ev->opened.remember) {
		gw_events_notice(to, GW_NOTICE_REMEMBERED, 0,
		    job->link.remember
			? "%s does not ask to be remembered, so neither side "
			  "is: say --remember there, too"
			: "%s asks to be remembered, but this side does not, "
			  "so neither is: say --remember here, too",
		    ev->opened.name);
		return;
	}
	err = gw_known_keep(
	    job->base.g, ev->opened.peer, ev->opened.name, name, &why);
	if (err == GW_OK)
		gw_events_notice(to, GW_NOTICE_REMEMBERED, 1,
		    "%s is remembered as %s: it needs no code from now on",
		    ev->opened.name, name);
	else
		gw_events_notice(to, GW_NOTICE_REMEMBERED, 0,
		    "%s could not be remembered here: %s", ev->opened.name,
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	if (job->known != NULL)
		gw_known_refresh(job->known);
}

/* Why whoever came cannot have this job; NULL: it can. */
static const char *
is_late(const struct gw_transfer *job, const struct gw_session_event *ev)
{
	/* A code belongs to one device, but known ones come when they like. */
	if (job->have_peer &&
	    memcmp(job->peer, ev->opened.peer, GW_KEY_LEN) != 0)
		return "it is busy with the transfer of another device: try "
		       "again in a while";
	if (job->state >= GW_TRANSFER_DRAINING || job->acknowledged ||
	    job->failing)
		return "that transfer is over";
	return NULL;
}

static void
on_opened(void *arg, struct gw_conn *c, const struct gw_session_event *ev)
{
	struct gw_transfer *job = arg;
	const char *late = is_late(job, ev);

	job->dial = NULL;
	job->quest = NULL;
	if (late != NULL) {
		gw_session_abort(
		    c->session, GW_E_REFUSED, late, gw_clock_now());
		gw_conn_close(c);
		return;
	}
	keep_peer(job, ev);
	snprintf(job->at, sizeof job->at, "%s", c->address);
	tell_connected(job, c, ev);
	remember(job, ev);
	if (job->link.congestion != GW_CONGESTION_BBR &&
	    strcmp(c->carrier, "tcp") == 0)
		gw_events_notice(&job->base.events, GW_NOTICE_TEXT, 0,
		    "over tcp the kernel decides how fast it sends: %s has no "
		    "effect",
		    gw_congestion_name(job->link.congestion));
	/* The same device came again: what it had before is dead. */
	gw_conn_close(job->successor);
	job->successor = c;
	if (job->conn != NULL) {
		gw_conn_close(job->conn);
		job->conn = NULL;
		job->mover->ops->suspend(job->mover);
	}
	if (job->state != GW_TRANSFER_PREPARING)
		gw_transfer_begin(job);
}

/* ---- a handshake failed ---- */

static void
listener_failed(struct gw_transfer *job, const struct gw_session_event *ev,
    const char *from)
{
	if (ev->closed.guess) {
		gw_events_notice(&job->base.events, GW_NOTICE_GUESS,
		    gw_door_guesses_left(job->door), "%s tried a wrong code",
		    from);
	} else if (ev->closed.err == GW_E_STRANGER ||
		   ev->closed.err == GW_E_VERSION) {
		gw_events_notice(&job->base.events, GW_NOTICE_STRANGER, 0,
		    "%s: %s", from, ev->closed.text);
	}
	/* A sender that still lists its files has nothing to wait for. */
	if (!gw_door_burned(job->door) || job->successor != NULL ||
	    job->state > GW_TRANSFER_WAITING)
		return;
	if (job->standing && !job->link.code_given) {
		gw_events_notice(&job->base.events, GW_NOTICE_TEXT, 0,
		    "too many wrong codes: that code is void, "
		    "here is a new one");
		gw_transfer_new_code(job);
		return;
	}
	gw_transfer_broken(job, GW_E_BURNED,
	    "too many wrong codes were tried: the code is void; start again "
	    "for a new one");
}

static bool
worth_another_try(enum gw_err err)
{
	return err == GW_E_CONNECT || err == GW_E_RESOLVE || err == GW_E_LOST ||
	       err == GW_E_STALLED || err == GW_E_STRANGER;
}

static void dial(struct gw_transfer *);

static void
dial_failed(
    struct gw_transfer *job, const struct gw_session_event *ev, const char *to)
{
	char text[GW_QUEST_NOTICE_MAX + GW_ADDRESS_TEXT];
	/* Who merely claims to be the other side does not end it. */
	const bool may_be_another = job->quest != NULL && job->have_ticket &&
				    ev->closed.err == GW_E_AUTH;

	job->dial = NULL;
	job->quest = NULL;
	if (ev->closed.unknown_ticket && job->have_ticket) {
		job->have_ticket = false; /* it was restarted: by code */
		dial(job);
		return;
	}
	if (job->state == GW_TRANSFER_RETRYING &&
	    (worth_another_try(ev->closed.err) || may_be_another)) {
		job->dial_at = gw_clock_now() + DIAL_AGAIN;
		return;
	}
	if (job->link.known && ev->closed.err == GW_E_AUTH)
		gw_known_refused(&job->link.device, ev, to, text, sizeof text);
	else if (strstr(ev->closed.text, to) != NULL)
		snprintf(text, sizeof text, "%s", ev->closed.text);
	else
		snprintf(text, sizeof text, "%s: %s", to, ev->closed.text);
	gw_transfer_broken(job, ev->closed.err, text);
}

static void
on_failed(void *arg, const struct gw_session_event *ev, const char *address)
{
	struct gw_transfer *job = arg;

	if (job->listener != NULL)
		listener_failed(job, ev, address);
	else
		dial_failed(job, ev, address);
}

/* ---- opening the entrance ---- */

struct gw_udp_tuning
gw_transfer_tuning(const struct gw_transfer *job)
{
	return (struct gw_udp_tuning){
		.congestion = job->link.congestion,
		.memory = job->base.g->memory,
	};
}

static enum gw_err
listen_now(struct gw_transfer *job)
{
	struct gw_why why = { "" };
	enum gw_err err;
	struct gw_listener_options o = {
		.loop = &job->base.g->loop,
		.self = &job->base.g->self,
		.window = job->window,
		.remember = job->link.remember,
		.address = job->link.listen,
		.port = job->link.port,
		.carriers = job->link.carriers,
		.udp = gw_transfer_tuning(job),
		.owner = { on_opened, on_failed, job },
	};

	if (o.port == 0 && !job->link.port_required && !job->sends) {
		o.port = GW_PORT;
		o.any_port_then = true;
	}
	if ((err = gw_door_new(&job->door)) != GW_OK)
		return err;
	o.door = job->door;
	err = gw_listener_new(&o, &why, &job->listener);
	if (err != GW_OK)
		return gw_context_error(job->base.g, err, "%s",
		    why.text[0] != '\0' ? why.text : gw_err_text(err));
	if ((job->link.for_known || job->link.for_device != NULL) &&
	    (err = gw_known_open(job->base.g, job->door, job->link.for_device,
		 &job->known)) != GW_OK)
		return err;
	if ((err = gw_transfer_be_found(job)) == GW_OK)
		gw_transfer_new_code(job);
	return err;
}

enum gw_err
gw_transfer_open_entrance(struct gw_transfer *job)
{
	/* A dial begins when there is something to say. */
	return !job->link.connects && !job->offline ? listen_now(job) : GW_OK;
}

static void
dial(struct gw_transfer *job)
{
	const struct gw_entrance_owner owner = { on_opened, on_failed, job };
	enum gw_err err;

	job->dial_at = GW_NEVER;
	if ((err = gw_transfer_dial(job, &owner)) != GW_OK)
		gw_transfer_broken(job, err, gw_err_text(err));
}

void
gw_transfer_prepared(struct gw_transfer *job)
{
	if (job->state != GW_TRANSFER_PREPARING)
		return;
	if (job->link.connects) {
		gw_transfer_set_state(job, GW_TRANSFER_CONNECTING);
		dial(job);
		return;
	}
	gw_transfer_set_state(job, GW_TRANSFER_WAITING);
	if (job->successor != NULL)
		gw_transfer_begin(job);
}

/* ---- coming back ---- */

void
gw_transfer_lost(struct gw_transfer *job, enum gw_err err, const char *text)
{
	gw_usec now = gw_clock_now();
	char more[GW_REASON_MAX];

	if (!job->mover->ops->resumable(job->mover)) {
		snprintf(more, sizeof more,
		    "%s; what goes through a pipe cannot be taken up again",
		    text);
		gw_transfer_broken(job, err, more);
		return;
	}
	if (job->link.retry == 0) {
		gw_transfer_broken(job, err, text);
		return;
	}
	gw_conn_close(job->conn);
	job->conn = NULL;
	gw_transfer_set_state(job, GW_TRANSFER_RETRYING);
	job->retry_until = now + job->link.retry;
	gw_events_notice(&job->base.events, GW_NOTICE_RETRY,
	    job->link.retry / GW_MSEC, "%s; %s%s for %u s", text,
	    job->result_fixed ? "the other side may not know yet that all is "
				"done; "
			      : "",
	    job->link.connects ? "reconnecting" : "waiting for the other side",
	    (unsigned)(job->link.retry / GW_SEC));
	if (!job->result_fixed)
		job->result = err; /* what it is if nobody comes back */
	job->mover->ops->suspend(job->mover);
	if (job->link.connects)
		dial(job);
}

void
gw_transfer_retry_beat(struct gw_transfer *job, gw_usec now)
{
	GW_ASSERT(job->state == GW_TRANSFER_RETRYING);
	if (job->successor != NULL)
		return; /* it is back; the disk is not ready yet */
	if (now >= job->retry_until) {
		gw_transfer_broken(job, job->result,
		    job->result == GW_E_STALLED
			? "nothing moved for too long, and the other side did "
			  "not come back; what arrived is kept: start both "
			  "sides again to go on"
			: "the connection was lost and the other side did not "
			  "come back; what arrived is kept: start both sides "
			  "again to go on");
		return;
	}
	if (job->link.connects && job->dial == NULL && job->quest == NULL &&
	    now >= job->dial_at)
		dial(job);
}
