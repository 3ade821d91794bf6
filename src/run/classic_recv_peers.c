/*
 * Whom a plain receiver serves, and who has to go when there are too many.
 */
#include <string.h>
#include <unistd.h>

#include "run/classic_recv_private.h"

void
gw_classic_recv_fail_all(struct gw_classic_recv *j,
    const struct gw_classic_peer *but, enum gw_err err, const char *why)
{
	for (struct gw_classic_peer *p = j->peers; p != NULL; p = p->next)
		if (p != but)
			gw_classic_peer_fail(p, err, why);
}

/* ---- coming and going ---- */

static void
named(void *arg, struct gw_classic_peer *p)
{
	struct gw_classic_recv *j = arg;

	if (j->state != GW_CLASSIC_RECV_SERVING ||
	    (j->chosen != NULL && j->chosen != p)) {
		gw_classic_peer_fail(p, GW_E_LIMIT, "another file came first");
		return;
	}
	if (j->once) {
		j->chosen = p;
		gw_classic_recv_finish(j, GW_OK);
		gw_classic_recv_fail_all(
		    j, p, GW_E_LIMIT, "another file came first");
	}
	gw_classic_recv_tell_named(j, p);
}

static void
forget(struct gw_classic_recv *j, const struct gw_classic_peer *p)
{
	struct gw_classic_peer **at = &j->peers;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	j->peer_count--;
	j->ended_bytes += p->engine.got;
}

/* With --once the first that had a name decides how the job ends. */
static void
decide(struct gw_classic_recv *j, const struct gw_classic_peer *p,
    const struct gw_classic_receiver_event *e)
{
	if (!j->once || e->name == NULL)
		return;
	if (j->chosen == NULL && e->err != GW_E_LOST && e->err != GW_E_STALLED)
		gw_classic_recv_finish(
		    j, e->err == GW_E_AGAIN ? GW_OK : e->err);
	else if (j->chosen == p)
		j->result = e->err == GW_E_AGAIN ? GW_OK : e->err;
}

static void
ended(void *arg, struct gw_classic_peer *p,
    const struct gw_classic_receiver_event *e)
{
	struct gw_classic_recv *j = arg;

	if (e->err == GW_OK)
		j->files++;
	gw_classic_recv_tell_ended(j, p, e);
	forget(j, p);
	decide(j, p, e);
	gw_classic_recv_one_less(j);
}

void
gw_classic_recv_welcome(
    struct gw_classic_recv *j, int fd, const struct gw_addr *from)
{
	struct gw_classic_peer_options o = {
		.loop = &j->base.g->loop,
		.store = j->store,
		.bucket = &j->bucket,
		.engine = {
		    .reply = j->reply,
		    .max_size = j->max_size,
		    .timeout = j->timeout,
		    .keep_partial = j->keep_partial,
		},
		.owner = { named, ended, j },
	};
	struct gw_classic_peer *p;

	if (gw_classic_peer_new(&o, fd, from, &p) != GW_OK) {
		close(fd);
		return;
	}
	p->next = j->peers;
	j->peers = p;
	j->peer_count++;
}

/* ---- too many ---- */

static unsigned
of_same_source(
    const struct gw_classic_recv *j, const struct gw_classic_peer *as)
{
	unsigned n = 0;

	for (const struct gw_classic_peer *p = j->peers; p != NULL; p = p->next)
		n += memcmp(p->source, as->source, sizeof p->source) == 0;
	return n;
}

/* Does it stand still, as far as anybody knows? */
static bool
is_idle(const struct gw_classic_peer *p)
{
	return !p->over && !p->file.busy &&
	       (p->engine.state == GW_CLASSIC_NAMING ||
		   p->engine.state == GW_CLASSIC_TAKING);
}

/* Of the source with the most, the one on which nothing has moved for the
 * longest time; NULL: all are at work. */
static struct gw_classic_peer *
most_idle(const struct gw_classic_recv *j)
{
	struct gw_classic_peer *found = NULL;
	unsigned most = 0, n;

	for (struct gw_classic_peer *p = j->peers; p != NULL; p = p->next) {
		if (!is_idle(p) || (n = of_same_source(j, p)) < most)
			continue;
		if (found == NULL || n > most ||
		    p->engine.moved_at < found->engine.moved_at)
			found = p;
		most = n;
	}
	return found;
}

bool
gw_classic_recv_room(struct gw_classic_recv *j)
{
	struct gw_classic_peer *p;

	if (j->peer_count < GW_CLASSIC_PEERS_MAX)
		return true;
	if ((p = most_idle(j)) != NULL)
		gw_classic_peer_fail(p, GW_E_LIMIT,
		    "it stood still, and others wanted to be served");
	return false;
}
