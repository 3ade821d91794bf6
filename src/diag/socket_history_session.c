#include "diag/socket_history_private.h"

/* Under its cookie, be it gone; NULL: it is new. */
static struct gw_history_slot *
find(const struct gw_history *h, const struct gw_socket *socket)
{
	struct gw_key key = gw_history_key(h, socket, false);
	struct gw_history_slot *s = gw_history_first(h, &key);

	while (s != NULL && s->entry.socket.cookie != socket->cookie)
		s = s->same;
	return s;
}

static void
refresh(struct gw_history_slot *s, const struct gw_socket *socket)
{
	const struct gw_socket old = s->entry.socket;

	s->entry.socket = *socket;
	s->entry.socket.state = old.state;
	s->entry.socket.owner = old.owner;
}

/* If it is not there yet: each state follows only earlier ones. */
static void
push(struct gw_history *h, struct gw_history_slot *s,
    const struct gw_history_step *step)
{
	const unsigned n = s->entry.step_count;

	if (n > 0 && gw_history_last(s)->state >= step->state)
		return;
	if (h->round == 0)
		s->told = s->entry.old = n + 1;
	gw_history_push(h, s, *step);
}

enum gw_err
gw_history_session(struct gw_history *h, const struct gw_socket *socket,
    const struct gw_history_step *steps, unsigned count, gw_usec since)
{
	const struct gw_history_step *last = &steps[count - 1];
	struct gw_history_slot *s = find(h, socket);
	enum gw_err err;

	if (s == NULL) {
		if (last->state == GW_SOCKET_CLOSED && last->since < since)
			return GW_OK;
		err = gw_history_add(h, socket, true, &s);
		if (err != GW_OK)
			return err;
	}
	/* The next snapshot is to find it. */
	s->round = h->round + 1;
	s->missed_at = 0;
	if (gw_history_is_gone(&s->entry))
		return GW_OK;
	refresh(s, socket);
	for (unsigned i = 0; i < count; i++)
		push(h, s, &steps[i]);
	return GW_OK;
}
