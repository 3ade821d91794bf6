#include "run/recv_journal.h"

#include <inttypes.h>
#include <string.h>

#include "crypto/kdf.h"
#include "os/clock.h"

static struct gw_journal_head
head_of(const struct gw_recv_accept *a)
{
	struct gw_target_place where = gw_target_where(a->target);
	struct gw_slice rest = a->offer->names;
	struct gw_journal_head h = {
		.dev = where.dev,
		.ino = where.ino,
		.peer_name = gw_slice_str(a->peer_name),
		.dir = gw_slice_str(where.path),
		.files = a->offer->files,
		.bytes = a->offer->bytes,
		.started_s = gw_clock_wall(),
	};

	gw_random_bytes(&h.seed, sizeof h.seed);
	memcpy(h.peer, a->peer, sizeof h.peer);
	memcpy(h.source_id, a->offer->source_id, sizeof h.source_id);
	(void)gw_offer_next_name(&rest, &h.first_name);
	return h;
}

static bool
is_for(const struct gw_journal *j, const struct gw_journal_head *h)
{
	const struct gw_journal_head *was = gw_journal_head(j);

	return memcmp(was->peer, h->peer, sizeof h->peer) == 0 &&
	       memcmp(was->source_id, h->source_id, sizeof h->source_id) == 0 &&
	       was->dev == h->dev && was->ino == h->ino;
}

/* What an earlier attempt left; *journal stays NULL when it is of no use. */
static enum gw_err
load(struct gw_recv_accept *a, const struct gw_journal_head *h,
    struct gw_why *why)
{
	struct gw_bytes contents = { 0 };
	size_t valid = 0;
	enum gw_err err;

	err = gw_journal_file_read(a->file, GW_JOURNAL_MAX, &contents, why);
	if (err == GW_OK && gw_bytes_len(&contents) > 0) {
		err = gw_journal_load(
		    gw_bytes_peek(&contents), &a->journal, &valid);
		if (err == GW_E_FAILED)
			err = GW_OK; /* not one of this version */
		if (a->journal != NULL && !is_for(a->journal, h)) {
			gw_journal_free(a->journal);
			a->journal = NULL;
			valid = 0;
		}
	}
	if (err == GW_OK && valid < gw_bytes_len(&contents))
		err = gw_journal_file_cut(
		    a->file, a->journal != NULL ? valid : 0, why);
	gw_bytes_fini(&contents);
	return err;
}

static bool
nothing_in_the_way(const struct gw_recv_accept *a)
{
	struct gw_slice rest = a->offer->names, name;
	struct gw_stamp st;
	bool there;

	while (gw_offer_next_name(&rest, &name))
		if (gw_target_stat(a->target, name, &there, &st, NULL) !=
			GW_OK ||
		    there)
			return false;
	return true;
}

static enum gw_err
make(struct gw_recv_accept *a, struct gw_journal_head *h, struct gw_why *why)
{
	struct gw_bytes record = { 0 };
	enum gw_err err;

	h->fresh = nothing_in_the_way(a);
	err = gw_journal_new(h, &record, &a->journal);

	if (err == GW_OK)
		err = gw_journal_file_append(
		    a->file, gw_bytes_peek(&record), why);
	gw_bytes_fini(&record);
	return err;
}

enum gw_err
gw_recv_check_space(
    const struct gw_target *target, uint64_t need, struct gw_why *why)
{
	uint64_t space;
	enum gw_err err = gw_target_space(target, &space, why);

	if (err != GW_OK || need <= space)
		return err;
	return gw_why(why, GW_E_SPACE,
	    "not enough space in %s: %" PRIu64 " MB are free, %" PRIu64
	    " MB are needed; make room and start again",
	    gw_target_where(target).path, space / 1000000, need / 1000000 + 1);
}

/* Of all that is offered. */
static uint64_t
needs(const struct gw_recv_accept *a)
{
	return a->offer->stored - (a->archive ? a->offer->linked : 0);
}

enum gw_err
gw_recv_journal_open(struct gw_recv_accept *a, struct gw_why *why)
{
	struct gw_journal_head head = head_of(a);
	char name[GW_JOURNAL_NAME];
	enum gw_err err;

	gw_journal_name(&head, name);
	err = gw_journal_file_open(a->g->state_dir, name, true, why, &a->file);
	if (err == GW_E_AGAIN)
		return gw_why(why, GW_E_REFUSED,
		    "another godwit is receiving the same into %s",
		    gw_target_where(a->target).path);
	if (err == GW_OK)
		err = load(a, &head, why);
	if (err == GW_OK && a->journal == NULL)
		err = make(a, &head, why);
	if (err == GW_OK) {
		a->fresh =
		    gw_journal_is_empty(a->journal) && nothing_in_the_way(a);
		if (a->fresh) /* else what is wanted is not known yet */
			err = gw_recv_check_space(a->target, needs(a), why);
	}
	if (err == GW_OK)
		return GW_OK;
	if (a->journal != NULL && gw_journal_is_empty(a->journal)) {
		(void)gw_journal_file_remove(a->file, NULL);
		a->file = NULL;
	}
	gw_journal_free(a->journal);
	a->journal = NULL;
	return err;
}
