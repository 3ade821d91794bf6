#include <string.h>

#include "diag/socket_history_private.h"

/* ---- endings ---- */

/* Who ended: one that a snapshot showed under its cookie, or the oldest with
 * these ends that no snapshot has shown. */
static struct gw_history_slot *
find_ended(const struct gw_history *h, const struct gw_socket *row)
{
	struct gw_key key = gw_history_key(h, row, true);
	struct gw_history_slot *s, *unseen = NULL;

	for (s = gw_history_first(h, &key); s != NULL; s = s->same) {
		if (gw_history_is_gone(&s->entry))
			continue;
		if (s->entry.socket.cookie == row->cookie)
			return s;
		if (gw_history_is_unseen(s))
			unseen = s;
	}
	return unseen;
}

/* One that could not connect has lost the other side's port by now, and its
 * own address, too, if nobody had bound it. */
static struct gw_history_slot *
find_failed(struct gw_history *h, const struct gw_socket *row)
{
	struct gw_history_link *l = h->aside.next;

	if (row->remote.port != 0 || row->protocol != GW_SOCKET_TCP)
		return NULL;
	for (; l != &h->aside; l = l->next) {
		struct gw_history_slot *s = gw_history_slot_of(l);
		const struct gw_socket *mine = &s->entry.socket;

		if (s->ended_at != 0 && s->entry.step_count == 1 &&
		    gw_history_last(s)->state == GW_SOCKET_SYN_SENT &&
		    mine->local.port == row->local.port &&
		    memcmp(mine->remote.address, row->remote.address, 16) == 0)
			return s;
	}
	return NULL;
}

enum gw_err
gw_history_ended(struct gw_history *h, const struct gw_socket *row, gw_usec now)
{
	struct gw_key key = gw_history_key(h, row, false);
	struct gw_history_slot *s = gw_history_find_sure(h, &key);

	/* Nothing follows a listener or a datagram socket. */
	if (s != NULL) {
		gw_history_be_gone(
		    h, s, s->ended_at != 0 ? s->ended_at : now, true);
		return GW_OK;
	}
	if ((s = find_ended(h, row)) == NULL &&
	    (s = find_failed(h, row)) == NULL)
		return GW_OK;
	s->entry.socket.cookie = row->cookie;
	gw_history_be_sure(h, s);
	if (s->ended_at == 0)
		s->ended_at = s->heard_at = now;
	return GW_OK;
}

/* ---- transitions ---- */

/* Does a socket begin with it?  Its id may have been another one's. */
static bool
begins(const struct gw_transition *t)
{
	return t->from == GW_SOCKET_CLOSED ||
	       (t->from == GW_SOCKET_LISTEN && t->to == GW_SOCKET_SYN_RCVD);
}

static struct gw_socket
socket_of(const struct gw_transition *t)
{
	return (struct gw_socket){ .protocol = GW_SOCKET_TCP,
		.ipv6 = t->ipv6,
		.local = t->local,
		.remote = t->remote,
		.state = t->from };
}

/* One that a snapshot showed before any transition of it was heard. */
static struct gw_history_slot *
find_known(const struct gw_history *h, const struct gw_transition *t)
{
	struct gw_socket socket = socket_of(t);
	struct gw_key key = gw_history_key(h, &socket, true);
	struct gw_history_slot *s = gw_history_find_sure(h, &key);
	enum gw_socket_state from = t->from;

	/* What waits for its third packet is a socket only after that. */
	if (t->from == GW_SOCKET_LISTEN)
		from = GW_SOCKET_SYN_RCVD;
	if (s == NULL || s->id != 0 || s->ended_at != 0 ||
	    gw_history_last(s)->state != from)
		return NULL;
	return s;
}

/* A list showed it before its port was told: there it stays, and begins when
 * this one did. */
static struct gw_history_slot *
merge(struct gw_history *h, struct gw_history_slot *aside,
    struct gw_history_slot *known)
{
	if (known->entry.step_count == 1)
		known->entry.steps[0] = aside->entry.steps[0];
	gw_history_drop(h, aside);
	return known;
}

/* One with the id may have got its port since, or be another one. */
static enum gw_err
check_ends(struct gw_history *h, const struct gw_transition *t,
    struct gw_history_slot **s)
{
	struct gw_socket socket = socket_of(t);
	struct gw_socket *mine = &(*s)->entry.socket;
	struct gw_history_slot *known = find_known(h, t);
	struct gw_key key;
	enum gw_err err;

	socket.device = mine->device;
	if (gw_socket_same_ends(mine, &socket))
		return GW_OK;
	if ((*s)->sure) {
		gw_history_release_id(h, *s);
		*s = NULL;
		return GW_OK;
	}
	if (known != NULL) {
		*s = merge(h, *s, known);
		return GW_OK;
	}
	key = gw_history_key(h, &socket, true);
	if ((err = gw_history_move(h, *s, &key)) != GW_OK)
		return err;
	mine->local = t->local;
	mine->remote = t->remote;
	return GW_OK;
}

static enum gw_err
set_aside(struct gw_history *h, const struct gw_transition *t,
    struct gw_history_slot **out)
{
	struct gw_socket socket = socket_of(t);
	struct gw_history_slot *s;
	enum gw_err err = gw_history_add(h, &socket, false, &s);

	if (err != GW_OK)
		return err;
	if (!begins(t))
		gw_history_push(h, s,
		    (struct gw_history_step){
			.since = t->at, .state = t->from, .before = true });
	*out = s;
	return GW_OK;
}

/* The slot that it is about, with its id. */
static enum gw_err
find(struct gw_history *h, const struct gw_transition *t,
    struct gw_history_slot **out)
{
	struct gw_history_slot *s = gw_history_find_id(h, t->id);
	enum gw_err err = GW_OK;

	if (s != NULL && begins(t)) {
		gw_history_release_id(h, s);
		s = NULL;
	}
	if (s != NULL && (err = check_ends(h, t, &s)) != GW_OK)
		return err;
	if (s == NULL)
		s = find_known(h, t);
	/* The end of a listener is told by its cookie as well. */
	if (s == NULL && t->from == GW_SOCKET_LISTEN && !begins(t)) {
		*out = NULL;
		return GW_OK;
	}
	if (s == NULL)
		err = set_aside(h, t, &s);
	if (err == GW_OK && s->id == 0)
		err = gw_history_bind_id(h, s, t->id);
	*out = s;
	return err;
}

enum gw_err
gw_history_transition(struct gw_history *h, const struct gw_transition *t)
{
	struct gw_history_slot *s;
	enum gw_err err;

	if (t->from == t->to)
		return GW_OK;
	if ((err = find(h, t, &s)) != GW_OK || s == NULL)
		return err;
	s->heard_at = t->at;
	s->ours = s->ours || t->ours;
	if (t->to == GW_SOCKET_CLOSED) {
		/* It may live on in TIME_WAIT: the next snapshot tells. */
		s->ended_at = t->at;
		gw_history_release_id(h, s);
	} else if (s->entry.step_count == 0 ||
		   gw_history_last(s)->state != t->to) {
		gw_history_push(h, s,
		    (struct gw_history_step){ .since = t->at,
			.state = t->to,
			.exact = true,
			/* It began when the SYN came. */
			.before = t->from == GW_SOCKET_LISTEN });
	}
	if (s->ours && s->entry.socket.local.port != 0)
		gw_history_be_sure(h, s);
	return GW_OK;
}
