/*
 * receiver - the receiving engine of one transfer over one session.
 *
 * Sans-IO and carrier-blind.  Control and content come in as byte streams;
 * what is to be done at the disk goes out as tasks, which the owner runs on
 * worker threads in any order and brings back.  docs/protocol.md 4.
 */
#ifndef GW_TRANSFER_RECEIVER_H
#define GW_TRANSFER_RECEIVER_H

#include "base/time.h"
#include "transfer/journal.h"
#include "transfer/manifest.h"
#include "transfer/task.h"
#include "wire/control.h"

struct gw_receiver;

struct gw_receiver_options {
	enum gw_conflict on_conflict;
	bool archive;  /* hard links and user.* attributes as well */
	bool checksum; /* re-read what a journal says is there */
	bool stream;   /* content goes to OUT tasks, not to files */
	uint64_t seed; /* random: of its maps */
};

GW_MUST_USE enum gw_err gw_receiver_new(
    const struct gw_receiver_options *, struct gw_receiver **);
/* No task may be with the owner. */
void gw_receiver_free(struct gw_receiver *);

/* ---- the two streams ---- */

void gw_receiver_input(
    struct gw_receiver *, struct gw_slice control, gw_usec now);
void gw_receiver_content(
    struct gw_receiver *, struct gw_slice content, gw_usec now);
/* Content bytes dealt with since the last call: the window may open. */
size_t gw_receiver_credit(struct gw_receiver *);
/* So much waits for the disk that no more should come in until tasks are
 * done: a piece can be smaller than what is kept of it, so that the window
 * alone bounds no memory. */
bool gw_receiver_is_full(const struct gw_receiver *);
/* Control bytes to send; lent until the next call. */
struct gw_slice gw_receiver_control(struct gw_receiver *);
void gw_receiver_control_sent(struct gw_receiver *, size_t n);
/* Time passes: batches that waited long enough go. */
void gw_receiver_tick(struct gw_receiver *, gw_usec now);
gw_usec gw_receiver_deadline(const struct gw_receiver *);

/* ---- answers ---- */

/* After OFFER.  The journal (NULL with `stream`) is the engine's from here
 * on; `fresh`: it is empty and none of the offer's names exists, so nothing
 * need be looked at first. */
GW_MUST_USE enum gw_err gw_receiver_accept(
    struct gw_receiver *, struct gw_journal *, bool fresh);
/* After CONFLICT: what to do, and for all that follow. */
void gw_receiver_resolve(struct gw_receiver *, enum gw_conflict, bool for_all);
/* Tell the sender what holds this side up (its user, say). */
GW_MUST_USE enum gw_err gw_receiver_status(
    struct gw_receiver *, enum gw_limiter);

/* The session is lost: no more input comes.  What was stored and not yet
 * journalled goes out as a last SYNC task (a stream, with which nobody can go
 * on, is removed); then pull events until there is no task left. */
void gw_receiver_checkpoint(struct gw_receiver *);

void gw_receiver_task_done(struct gw_receiver *, struct gw_task *, gw_usec);

/* ---- events ---- */

enum gw_receiver_event_kind {
	GW_RECEIVER_OFFER,    /* answer with accept or refuse */
	GW_RECEIVER_TASK,     /* run it, then gw_receiver_task_done */
	GW_RECEIVER_CONFLICT, /* answer with resolve */
	GW_RECEIVER_NEEDS,    /* so much is still to be written; comes once,
				 unless accepted as fresh */
	GW_RECEIVER_DROPPED,  /* resume data that does not fit its source */
	GW_RECEIVER_ENTRY,    /* an entry is done with */
	GW_RECEIVER_COMPLETE, /* all are: the RECEIPT goes out */
	GW_RECEIVER_FINISHED, /* the sender knows: remove the journal */
	GW_RECEIVER_FAILED    /* over */
};

struct gw_receiver_event {
	enum gw_receiver_event_kind kind;
	union {
		struct gw_offer offer;
		struct gw_task *task;
		struct {
			struct gw_entry theirs;
			struct gw_seen ours;
		} conflict;
		uint64_t needs;          /* bytes, at least */
		struct gw_slice dropped; /* its path */
		struct {
			struct gw_entry e;
			uint32_t nth; /* alternative of the name it got */
			enum gw_entry_status status;
			const char *reason;
		} entry;
		struct {
			uint64_t done, had, skipped, failed, bytes;
		} complete;
		struct {
			enum gw_err err;
			const char *text;
		} failed;
	};
};

/* What an event lends is lent until the next call. */
bool gw_receiver_event(struct gw_receiver *, struct gw_receiver_event *);

struct gw_receiver_stats {
	uint64_t bytes, bytes_total; /* of content, had ones included */
	uint64_t moved;              /* of them received in this session */
	uint64_t files, files_total; /* entries done with, of all */
	uint64_t entry;              /* being received */
	uint64_t xattrs_lost;        /* files that could not be given all */
	unsigned tasks;              /* with the owner */
	bool accepted;
	enum gw_limiter peer; /* what the sender says holds it up */
};
struct gw_receiver_stats gw_receiver_stats(const struct gw_receiver *);
const struct gw_manifest *gw_receiver_manifest(const struct gw_receiver *);
/* The offer that was made; lives with the engine. */
struct gw_offer gw_receiver_offer(const struct gw_receiver *);

#endif /* GW_TRANSFER_RECEIVER_H */
