#include "diag/socket_history.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "diag/socket_history_private.h"

enum { ASIDE_SECONDS = 60 };

enum gw_err
gw_history_new(uint64_t seed, struct gw_history **out)
{
	struct gw_history *h = calloc(1, sizeof *h);

	if (h == NULL)
		return GW_E_MEMORY;
	h->seed = seed;
	h->sure.next = h->sure.previous = &h->sure;
	h->aside.next = h->aside.previous = &h->aside;
	if (gw_map_new(seed, &h->by_key) != GW_OK ||
	    gw_map_new(seed, &h->by_id) != GW_OK) {
		gw_history_free(h);
		return GW_E_MEMORY;
	}
	*out = h;
	return GW_OK;
}

static void
free_all(struct gw_history_link *head)
{
	for (struct gw_history_link *l = head->next, *next; l != head;
	     l = next) {
		next = l->next;
		free(gw_history_slot_of(l));
	}
}

void
gw_history_free(struct gw_history *h)
{
	if (h == NULL)
		return;
	free_all(&h->sure);
	free_all(&h->aside);
	gw_map_free(h->by_key);
	gw_map_free(h->by_id);
	free(h);
}

/* ---- finding ---- */

struct gw_key
gw_history_key(
    const struct gw_history *h, const struct gw_socket *s, bool by_ends)
{
	struct {
		struct gw_socket_end local, remote;
		uint64_t cookie;
		uint64_t protocol;
	} k;

	memset(&k, 0, sizeof k);
	k.protocol = s->protocol;
	if (by_ends) {
		k.local = s->local;
		k.remote = s->remote;
	} else {
		k.cookie = s->cookie;
	}
	return gw_hash_key(h->seed, gw_slice(&k, sizeof k));
}

bool
gw_history_is_connection(const struct gw_socket *s)
{
	return s->protocol == GW_SOCKET_TCP && s->state != GW_SOCKET_LISTEN;
}

struct gw_history_slot *
gw_history_first(const struct gw_history *h, const struct gw_key *key)
{
	uintptr_t v = 0;

	return gw_map_get(h->by_key, key, &v) ? (struct gw_history_slot *)v
					      : NULL;
}

static struct gw_key
id_key(const struct gw_history *h, uint64_t id)
{
	return gw_hash_key(h->seed, gw_slice(&id, sizeof id));
}

struct gw_history_slot *
gw_history_find_id(const struct gw_history *h, uint64_t id)
{
	struct gw_key key = id_key(h, id);
	uintptr_t v = 0;

	return gw_map_get(h->by_id, &key, &v) ? (struct gw_history_slot *)v
					      : NULL;
}

const struct gw_history_step *
gw_history_last(const struct gw_history_slot *s)
{
	return &s->entry.steps[s->entry.step_count - 1];
}

bool
gw_history_is_gone(const struct gw_history_entry *e)
{
	enum gw_socket_state state;

	if (e->step_count == 0)
		return false;
	state = e->steps[e->step_count - 1].state;
	return state == GW_SOCKET_GONE ||
	       (state == GW_SOCKET_CLOSED &&
		   e->socket.protocol == GW_SOCKET_SESSION);
}

struct gw_history_slot *
gw_history_find_sure(const struct gw_history *h, const struct gw_key *key)
{
	struct gw_history_slot *s = gw_history_first(h, key);

	while (s != NULL && (!s->sure || gw_history_is_gone(&s->entry)))
		s = s->same;
	return s;
}

/* ---- keeping ---- */

static enum gw_err
put_under(
    struct gw_history *h, struct gw_history_slot *s, const struct gw_key *key)
{
	struct gw_history_slot *first = gw_history_first(h, key);
	enum gw_err err = gw_map_set(h->by_key, key, (uintptr_t)s);

	if (err != GW_OK)
		return err;
	s->key = *key;
	s->same = first;
	return GW_OK;
}

static void
take_out(struct gw_history *h, struct gw_history_slot *s)
{
	struct gw_history_slot *first = gw_history_first(h, &s->key),
			       *before = first;

	GW_ASSERT(first != NULL);
	if (first == s && s->same == NULL) {
		gw_map_del(h->by_key, &s->key);
	} else if (first == s) {
		/* The key is there: nothing is allocated. */
		if (gw_map_set(h->by_key, &s->key, (uintptr_t)s->same) != GW_OK)
			GW_ASSERT(false);
	} else {
		while (before->same != s)
			before = before->same;
		before->same = s->same;
	}
	s->same = NULL;
}

enum gw_err
gw_history_move(
    struct gw_history *h, struct gw_history_slot *s, const struct gw_key *key)
{
	const struct gw_key old = s->key;
	enum gw_err err;

	take_out(h, s);
	if ((err = put_under(h, s, key)) == GW_OK)
		return GW_OK;
	/* Where it was there is room. */
	if (put_under(h, s, &old) != GW_OK)
		GW_ASSERT(false);
	return err;
}

static void
unlink_slot(struct gw_history_slot *s)
{
	s->link.previous->next = s->link.next;
	s->link.next->previous = s->link.previous;
}

static void
append(struct gw_history_link *head, struct gw_history_slot *s)
{
	s->link = (struct gw_history_link){ head, head->previous };
	s->link.previous->next = &s->link;
	head->previous = &s->link;
}

void
gw_history_release_id(struct gw_history *h, struct gw_history_slot *s)
{
	struct gw_key key = id_key(h, s->id);

	if (s->id != 0)
		gw_map_del(h->by_id, &key);
	s->id = 0;
}

enum gw_err
gw_history_bind_id(struct gw_history *h, struct gw_history_slot *s, uint64_t id)
{
	struct gw_key key = id_key(h, id);
	enum gw_err err = gw_map_set(h->by_id, &key, (uintptr_t)s);

	if (err == GW_OK)
		s->id = id;
	return err;
}

void
gw_history_drop(struct gw_history *h, struct gw_history_slot *s)
{
	GW_ASSERT(!s->is_queued);
	gw_history_release_id(h, s);
	take_out(h, s);
	unlink_slot(s);
	h->aside_count -= !s->sure;
	free(s);
}

enum gw_err
gw_history_add(struct gw_history *h, const struct gw_socket *socket, bool sure,
    struct gw_history_slot **out)
{
	struct gw_key key = gw_history_key(
	    h, socket, !sure || gw_history_is_connection(socket));
	struct gw_history_slot *s = calloc(1, sizeof *s);

	if (s == NULL)
		return GW_E_MEMORY;
	s->entry.socket = *socket;
	s->sure = sure;
	if (put_under(h, s, &key) != GW_OK) {
		free(s);
		return GW_E_MEMORY;
	}
	if (!sure && h->aside_count == GW_HISTORY_ASIDE_MAX)
		gw_history_drop(h, gw_history_slot_of(h->aside.next));
	h->aside_count += !sure;
	append(sure ? &h->sure : &h->aside, s);
	*out = s;
	return GW_OK;
}

/* ---- news ---- */

static void
queue(struct gw_history *h, struct gw_history_slot *s)
{
	if (!s->sure || s->is_queued || s->told == s->entry.step_count)
		return;
	s->is_queued = true;
	s->queued = NULL;
	if (h->news == NULL)
		h->news = s;
	else
		h->news_last->queued = s;
	h->news_last = s;
}

void
gw_history_push(struct gw_history *h, struct gw_history_slot *s,
    struct gw_history_step step)
{
	struct gw_history_entry *e = &s->entry;

	/* A connection never gets there; a datagram socket may. */
	if (e->step_count == GW_HISTORY_STEPS) {
		memmove(
		    e->steps, e->steps + 1, sizeof e->steps - sizeof *e->steps);
		e->step_count--;
		s->told -= s->told > 0;
		e->old -= e->old > 0;
	}
	if (e->step_count > 0)
		step.since = step.since > gw_history_last(s)->since
				 ? step.since
				 : gw_history_last(s)->since;
	e->steps[e->step_count++] = step;
	if (step.state != GW_SOCKET_GONE)
		e->socket.state = step.state;
	queue(h, s);
}

void
gw_history_be_gone(
    struct gw_history *h, struct gw_history_slot *s, gw_usec at, bool exact)
{
	gw_history_release_id(h, s);
	gw_history_push(h, s,
	    (struct gw_history_step){
		.since = at, .state = GW_SOCKET_GONE, .exact = exact });
}

bool
gw_history_is_unseen(const struct gw_history_slot *s)
{
	return s->entry.socket.cookie == 0;
}

void
gw_history_be_sure(struct gw_history *h, struct gw_history_slot *s)
{
	if (s->sure)
		return;
	unlink_slot(s);
	append(&h->sure, s);
	h->aside_count--;
	s->sure = true;
	s->round = h->round;
	queue(h, s);
}

bool
gw_history_change(struct gw_history *h, struct gw_history_change *out)
{
	struct gw_history_slot *s = h->news;

	if (s == NULL)
		return false;
	*out = (struct gw_history_change){ &s->entry, s->told++ };
	if (s->told == s->entry.step_count) {
		h->news = s->queued;
		s->is_queued = false;
	}
	return true;
}

struct gw_history_entry *
gw_history_next(
    const struct gw_history *h, const struct gw_history_entry *before)
{
	const struct gw_history_link *l =
	    before != NULL ? &((const struct gw_history_slot *)before)->link
			   : &h->sure;

	return l->next != &h->sure ? &gw_history_slot_of(l->next)->entry : NULL;
}

void
gw_history_forget(struct gw_history *h, gw_usec before)
{
	struct gw_history_link *l, *next;

	for (l = h->sure.next; l != &h->sure; l = next) {
		struct gw_history_slot *s = gw_history_slot_of(l);

		next = l->next;
		if (gw_history_is_gone(&s->entry) && !s->is_queued &&
		    gw_history_last(s)->since < before)
			gw_history_drop(h, s);
	}
	for (l = h->aside.next; l != &h->aside; l = next) {
		next = l->next;
		if (gw_history_slot_of(l)->heard_at + ASIDE_SECONDS * GW_SEC <
		    before)
			gw_history_drop(h, gw_history_slot_of(l));
	}
}
