/*
 * receiver_private - shared by the files of receiver: receiver.c (the engine
 * and its control stream), receiver_events.c (what it tells its owner),
 * receiver_entries.c (entries announced, and looked for), receiver_judge.c
 * (what is there already), receiver_resume.c (partial files),
 * receiver_pieces.c (the content stream), receiver_content.c (tasks out of
 * pieces), receiver_store.c (checkpoints and commits), receiver_finish.c
 * (links, directories, the end).
 */
#ifndef GW_TRANSFER_RECEIVER_PRIVATE_H
#define GW_TRANSFER_RECEIVER_PRIVATE_H

#include "base/bytes.h"
#include "base/map.h"
#include "base/pool.h"
#include "transfer/receiver.h"
#include "wire/piece.h"

enum gw_receiver_state {
	GW_RECEIVER_LISTENING, /* for an OFFER */
	GW_RECEIVER_ASKING,    /* the owner has the OFFER */
	GW_RECEIVER_RECEIVING,
	GW_RECEIVER_LINKING,   /* content is stored; links and directories */
	GW_RECEIVER_CONFIRMED, /* the RECEIPT is out */
	GW_RECEIVER_OVER
};

enum {
	LOOKS_MAX = 512,          /* entries in one LOOK */
	COMMIT_FILES = 4096,      /* a batch goes at this many files, ... */
	COMMIT_BYTES = 256 << 20, /* ... this many bytes, */
	OPEN_MAX = 64,            /* ... this many open temporaries, */
	BATCH_USEC = 1000000,     /* ... or after this time */
	STORING_MAX = 8192,       /* pieces with the disk; then it is full */
	SMALL = 65536             /* buffers up to here are not pooled */
};

/* How far an entry is. */
enum gw_entry_state {
	E_ANNOUNCED, /* nothing is decided */
	E_WANTED,    /* content is awaited, or a LINKS */
	E_STORED,    /* its temporary is complete */
	E_DONE,
	E_HAD,
	E_SKIPPED,
	E_FAILED
};

struct gw_entry_info {
	uint64_t ino; /* file: of its temporary; directory that we made */
	uint32_t nth;
	uint8_t state;
	uint8_t put; /* enum gw_put */
	bool due;    /* content of it is still to come */
};

/* A larger file under way. */
struct gw_large {
	struct gw_large *next;
	uint64_t entry;
	struct gw_entry e;
	struct gw_ranges have; /* blocks that are in the temporary */
	uint64_t size;         /* of a stream, known at its end */
	uint64_t ino;          /* of a partial to go on with */
	struct gw_seen temp;
	bool started; /* START is journalled */
	bool dirty;   /* blocks since the last checkpoint */
	bool ended, failed;
	unsigned tasks; /* WRITEs, and a SYNC, that have it open */
	uint8_t *xattrs;
	size_t xattrs_len;
};

/* An entry that failed, with its reason. */
struct gw_failure {
	uint64_t entry;
	char reason[128];
};

struct gw_receiver {
	struct gw_receiver_options o;
	enum gw_receiver_state state;
	gw_usec now;

	struct gw_bytes in, out;
	struct gw_offer offer;
	struct gw_bytes offer_names;
	struct gw_manifest *manifest;
	struct gw_map *paths; /* path key -> entry number */
	struct gw_map *names; /* the offer's names */
	struct gw_entry_info *info;
	uint64_t info_cap;
	bool entries_ended, fresh;
	struct gw_journal *journal;

	/* receiver_entries.c: what is there already */
	uint64_t looked;  /* entries below are decided */
	uint64_t looking; /* entries below are in a LOOK */
	bool look_busy;
	struct gw_task *verdicts; /* a LOOK that came back, being judged */
	size_t verdict;
	bool asked;     /* an OFFER or CONFLICT waits for its answer */
	bool verifying; /* a VERIFY is under way */
	uint64_t go_told;
	uint64_t needs; /* bytes of what is wanted, holes left out */
	bool needs_told;

	/* receiver_pieces.c: the piece that is coming in */
	uint8_t head[GW_PIECE_HEADER];
	size_t head_len;
	bool in_body;          /* the header was looked at */
	struct gw_bytes early; /* content that its ENTRY has to come for */
	struct gw_piece piece;
	uint8_t *body;
	size_t body_len, body_want;
	uint64_t current; /* entry of the last piece */
	uint64_t scanned; /* entries below await no content */
	uint64_t next_offset;
	bool open; /* the current entry has not ended */
	struct gw_entry e;
	uint8_t *xattrs;
	size_t xattrs_len;
	size_t credit;
	struct gw_large *larges;
	struct gw_pool pool;

	/* receiver_store.c */
	struct gw_item *tasks, **tasks_last; /* for the owner */
	struct gw_item *held, **held_last;   /* wait for their directory */
	unsigned storing; /* WHOLE, WRITE, DROP and OUT tasks */
	uint64_t *stored; /* entries that wait for a COMMIT */
	size_t stored_n, stored_cap;
	uint64_t stored_bytes, dirty_bytes;
	gw_usec stored_since, dirty_since;
	bool commit_busy, sync_busy, closing;
	struct gw_bytes journal_out; /* records that wait for a sync */
	bool journal_due;            /* and should not wait long */

	struct gw_failure *failures; /* in the order in which they failed */
	size_t failure_n, failure_cap;
	uint64_t *finished; /* entries to tell the owner of */
	size_t finished_n, finished_at, finished_cap, failure_at;
	struct { /* RESULTs that go out as one */
		uint64_t first, count;
		enum gw_entry_status status;
	} run;
	uint64_t counts[4]; /* by enum gw_entry_status */
	uint64_t bytes_done;
	bool complete, complete_told, receipt_told, done, finished_told;

	enum gw_err failed;
	char failed_text[160];
	bool failed_told;
	struct gw_slice dropped; /* path to tell of */
	struct gw_receiver_stats stats;
};

/* receiver.c */
void gw_receiver_set_state(struct gw_receiver *, enum gw_receiver_state);
void gw_receiver_fail(struct gw_receiver *, enum gw_err, const char *text);
bool gw_receiver_say(struct gw_receiver *, const struct gw_message *);
/* Append to a growing array of entry numbers. */
bool gw_receiver_push(
    struct gw_receiver *, uint64_t **v, size_t *n, size_t *cap, uint64_t);

/* receiver_entries.c */
const char *gw_receiver_on_entry(struct gw_receiver *, const struct gw_entry *);
/* Does this side take content for it: no directory, no link? */
bool gw_receiver_gets_content(
    const struct gw_receiver *, const struct gw_entry *);
enum gw_put gw_receiver_default_put(const struct gw_receiver *);
void gw_receiver_look(struct gw_receiver *);
void gw_receiver_looked(struct gw_receiver *, struct gw_task *);

/* receiver_judge.c */
/* The next CONFLICT or DROPPED to tell of. */
bool gw_receiver_judge(struct gw_receiver *, struct gw_receiver_event *);

/* receiver_resume.c */
/* The journal's word is of this version of the source. */
bool gw_receiver_stamp_fits(
    const struct gw_journal_file_state *, const struct gw_entry *);
/* The temporary that was seen is the one that the journal tells of. */
bool gw_receiver_is_our_partial(
    const struct gw_journal_file_state *, const struct gw_look *);
/* Go on with what is there of a file that is wanted. */
void gw_receiver_resume(struct gw_receiver *, const struct gw_look *);
void gw_receiver_verified(struct gw_receiver *, struct gw_task *);

/* receiver_pieces.c */
/* More entries are listed: content that came before may go on. */
void gw_receiver_content_again(struct gw_receiver *);
/* The offer is of one file whose size is known at its end only. */
bool gw_receiver_is_stream(const struct gw_receiver *);
void gw_receiver_close_entry(struct gw_receiver *);
/* Every wanted entry has ended; looks only at what is new since last time. */
bool gw_receiver_content_ended(struct gw_receiver *);

/* receiver_content.c */
void gw_receiver_stored(struct gw_receiver *, struct gw_task *);
/* NULL: it is none, or not yet. */
struct gw_large *gw_receiver_find_large(struct gw_receiver *, uint64_t entry);
struct gw_large *gw_receiver_large(struct gw_receiver *, uint64_t entry);
/* Nobody can go on with what came of it: remove its temporary, as soon as no
 * task has it open. */
void gw_receiver_large_drop(struct gw_receiver *, struct gw_large *);
/* A task that had its temporary open is back. */
void gw_receiver_large_idle(struct gw_receiver *, uint64_t entry);
void gw_receiver_large_free(struct gw_receiver *, struct gw_large *);
uint8_t *gw_receiver_buffer(struct gw_receiver *, size_t n);
void gw_receiver_buffer_free(struct gw_receiver *, uint8_t *, size_t n);
/* Pieces that waited for their directory. */
void gw_receiver_release_held(struct gw_receiver *);
void gw_receiver_drop_held(struct gw_receiver *);
/* The piece that came in is complete and allowed. */
void gw_receiver_on_piece(struct gw_receiver *);

/* receiver_store.c */
struct gw_task *gw_receiver_task(struct gw_receiver *, enum gw_task_kind);
void gw_receiver_task_free(struct gw_receiver *, struct gw_task *);
void gw_receiver_issue(struct gw_receiver *, struct gw_task *);
/* An entry reached its end; tells both the owner and the sender. */
void gw_receiver_end_entry(
    struct gw_receiver *, uint64_t entry, enum gw_entry_state);
void gw_receiver_fail_entry(
    struct gw_receiver *, uint64_t entry, const char *reason);
/* Is this error one that ends the transfer? Then it is failed. */
bool gw_receiver_is_fatal(
    struct gw_receiver *, enum gw_err, const char *reason);
/* Its temporary is complete: it waits for a COMMIT. */
void gw_receiver_entry_stored(
    struct gw_receiver *, uint64_t entry, const struct gw_seen *temp);
/* Let the records that wait travel with a task. */
void gw_receiver_take_journal(struct gw_receiver *, struct gw_task *);
bool gw_receiver_is_checkpointing(const struct gw_receiver *);
/* Start the SYNC or COMMIT that is due. */
void gw_receiver_store_due(struct gw_receiver *);
void gw_receiver_committed(struct gw_receiver *, struct gw_task *);
void gw_receiver_synced(struct gw_receiver *, struct gw_task *);

/* receiver_finish.c */
/* Start what is due: LOOK, SYNC, COMMIT, LINKS, RECEIPT. */
void gw_receiver_go_on(struct gw_receiver *);

#endif /* GW_TRANSFER_RECEIVER_PRIVATE_H */
