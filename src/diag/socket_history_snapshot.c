#include "diag/socket_history_private.h"

/* Is it what the kernel keeps of a connection that nobody holds open? */
static bool
is_remains(const struct gw_socket *s)
{
	return s->protocol == GW_SOCKET_TCP && s->inode == 0 &&
	       (s->state == GW_SOCKET_TIME_WAIT ||
		   s->state == GW_SOCKET_FIN_WAIT_2);
}

/* One that only the kernel's own word has told of, and that is this row: the
 * youngest with these ends; or the only one that lacks nothing but a port. */
static struct gw_history_slot *
find_unseen(const struct gw_history *h, const struct gw_socket *row)
{
	struct gw_socket portless = *row;
	struct gw_key key = gw_history_key(h, row, true);
	struct gw_history_slot *s, *found = NULL;

	for (s = gw_history_first(h, &key); s != NULL; s = s->same)
		if (gw_history_is_unseen(s) && !gw_history_is_gone(&s->entry) &&
		    (s->ended_at == 0 || is_remains(row)))
			return s;
	if (row->state != GW_SOCKET_SYN_SENT)
		return NULL;
	portless.local.port = 0;
	key = gw_history_key(h, &portless, true);
	for (s = gw_history_first(h, &key); s != NULL; s = s->same)
		if (gw_history_is_unseen(s) && s->ended_at == 0) {
			if (found != NULL)
				return NULL;
			found = s;
		}
	return found;
}

/* Is the row the same connection, or a later one between the same ends? */
static bool
is_same_life(const struct gw_history_slot *s,
    const struct gw_history_slot *unseen, const struct gw_socket *row)
{
	if (s == unseen || s->entry.socket.cookie == row->cookie)
		return true;
	if (unseen != NULL &&
	    unseen->entry.steps[0].since > gw_history_last(s)->since)
		return false;
	if (gw_history_last(s)->state == GW_SOCKET_SYN_RCVD)
		return row->state != GW_SOCKET_SYN_RCVD;
	/* Of remains the kernel does not tell that they end. */
	return is_remains(row) &&
	       (s->ended_at != 0 || !is_remains(&s->entry.socket));
}

static void
refresh(struct gw_history_slot *s, const struct gw_socket *row)
{
	struct gw_socket *mine = &s->entry.socket, old = *mine;

	*mine = *row;
	mine->state = old.state;
	mine->owner = row->owner.pid != 0 ? row->owner : old.owner;
	if (!row->tcp_known && old.tcp_known) {
		mine->tcp_known = true;
		mine->tcp = old.tcp;
	}
	if (!row->drops_known && old.drops_known) {
		mine->drops_known = true;
		mine->drops = old.drops;
	}
}

/* The slot that the row belongs to, from now on sure and under its key. */
static enum gw_err
claim(struct gw_history *h, const struct gw_socket *row, gw_usec began,
    struct gw_history_slot **out)
{
	struct gw_key key =
	    gw_history_key(h, row, gw_history_is_connection(row));
	struct gw_history_slot *s = gw_history_find_sure(h, &key),
			       *unseen = find_unseen(h, row);
	enum gw_err err;

	if (s != NULL && !is_same_life(s, unseen, row)) {
		gw_history_be_gone(h, s, s->ended_at != 0 ? s->ended_at : began,
		    s->ended_at != 0);
		s = NULL;
	}
	if (s == NULL && unseen == NULL)
		return gw_history_add(h, row, true, out);
	if (s == NULL) {
		s = unseen;
		if ((err = gw_history_move(h, s, &key)) != GW_OK)
			return err;
		gw_history_be_sure(h, s);
	}
	*out = s;
	return GW_OK;
}

static enum gw_err
observe(struct gw_history *h, const struct gw_socket *row, gw_usec began,
    gw_usec ended)
{
	struct gw_history_step step = { .since = ended, .state = row->state };
	struct gw_history_slot *s;
	enum gw_err err = claim(h, row, began, &s);

	if (err != GW_OK)
		return err;
	s->round = h->round;
	s->missed_at = 0;
	refresh(s, row);
	if (s->entry.step_count == 0) {
		step.before = h->round == 1;
		s->told = s->entry.old = step.before;
		gw_history_push(h, s, step);
		return GW_OK;
	}
	/* What was heard since is younger than the row. */
	if (s->heard_at >= began)
		return GW_OK;
	if (s->ended_at != 0) {
		step.since = s->ended_at;
		step.exact = true;
		s->ended_at = 0;
	}
	if (row->state != gw_history_last(s)->state)
		gw_history_push(h, s, step);
	return GW_OK;
}

enum gw_err
gw_history_snapshot(struct gw_history *h, const struct gw_socket *rows,
    size_t count, gw_usec began, gw_usec ended)
{
	enum gw_err err;

	h->round++;
	for (size_t i = 0; i < count; i++)
		if ((err = observe(h, &rows[i], began, ended)) != GW_OK)
			return err;
	for (struct gw_history_link *l = h->sure.next; l != &h->sure;
	     l = l->next) {
		struct gw_history_slot *s = gw_history_slot_of(l);

		if (s->round == h->round || s->heard_at >= began ||
		    gw_history_is_gone(&s->entry))
			continue;
		/* The kernel's list may miss one that it is moving: only
		 * the second time it is believed. */
		if (s->ended_at != 0)
			gw_history_be_gone(h, s, s->ended_at, true);
		else if (s->missed_at != 0)
			gw_history_be_gone(h, s, s->missed_at, false);
		else
			s->missed_at = ended;
	}
	return GW_OK;
}
