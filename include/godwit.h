/*
 * godwit.h - move files between machines: the whole public interface.
 *
 * A program opens a context (gw_open), starts jobs on it (gw_send, gw_recv)
 * and pulls events from them (gw_job_event) until GW_EVENT_END; or it uses the
 * transport itself (gw_listen, gw_dial).  The library never calls back into
 * the program.
 *
 * Conventions, said once:
 *  - Functions that can fail return enum gw_err and write their outputs only
 *    on success.
 *  - Opaque objects end with _close or _free, which accept NULL.
 *  - Options are structs that start from their _INIT constant; strings in
 *    them are copied.  Paths and names are bytes ended by NUL, not UTF-8.
 *  - Pointers inside an event stay valid until the next call on its job.
 *  - A context and its jobs belong to one thread at a time; different
 *    contexts may live in different threads.  Worker threads are internal.
 *  - Times are in the unit their name says; sizes are bytes, rates are bytes
 *    a second.
 *  - The library prints nothing, installs no signal handler, reads no
 *    environment but XDG_DATA_HOME, XDG_STATE_HOME, XDG_RUNTIME_DIR and
 *    HOME, and keeps no state outside its contexts.
 */
#ifndef GODWIT_H
#define GODWIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GW_API __attribute__((visibility("default")))
#define GW_MUST_USE __attribute__((warn_unused_result))
#else
#define GW_API
#define GW_MUST_USE
#endif

/* ---- errors ---- */

/* What the world may do to us.  gw_err_exit gives the exit status that the
 * program uses for each; the man page has the table.  The numbers go over the
 * network: a new one comes last, before GW_E_COUNT. */
enum gw_err {
	GW_OK = 0,
	GW_E_FAILED,      /* nothing arrived, and no other line fits */
	GW_E_MEMORY,      /* out of memory */
	GW_E_USAGE,       /* the call's arguments do not fit */
	GW_E_AGAIN,       /* nothing to do yet; try later */
	GW_E_LIMIT,       /* a limit of this side was reached */
	GW_E_PROTOCOL,    /* the peer broke the protocol */
	GW_E_ADDRESS,     /* cannot listen there: in use, not ours, denied */
	GW_E_RESOLVE,     /* the host's name has no address */
	GW_E_CONNECT,     /* nobody there, or cannot connect */
	GW_E_STRANGER,    /* somebody is there, but it is no godwit */
	GW_E_AUTH,        /* not authenticated: wrong code, wrong key */
	GW_E_BURNED,      /* too many wrong guesses: the code is void */
	GW_E_REFUSED,     /* one of the two sides refused the transfer */
	GW_E_SOME_FAILED, /* reached its end, some entries failed */
	GW_E_NO_PATH,     /* a PATH that is not there or cannot be read */
	GW_E_DISK,        /* disk or file error on this side */
	GW_E_SPACE,       /* not enough free space on this side */
	GW_E_LOST,        /* connection lost */
	GW_E_STALLED,     /* no progress for too long */
	GW_E_VERSION,     /* versions do not fit */
	GW_E_INTERRUPTED, /* cancelled on this side */
	GW_E_PEER_DISK,   /* the other side's disk ended the transfer */
	GW_E_PEER_GONE,   /* the other side was interrupted */
	GW_E_COUNT
};

/* Stable short name ("refused"), one plain sentence, and exit status. */
GW_API const char *gw_err_name(enum gw_err);
GW_API const char *gw_err_text(enum gw_err);
GW_API int gw_err_exit(enum gw_err);

/* "1.0.0"; static storage. */
GW_API const char *gw_version(void);

/* ---- context ---- */

struct gw;

struct gw_options {
	const char *data_dir;       /* identity; NULL: $XDG_DATA_HOME/godwit */
	const char *state_dir;      /* journals; NULL: $XDG_STATE_HOME/godwit */
	const char *device_name;    /* NULL: see gw_device_name */
	uint64_t memory;            /* window budget in bytes; 0: 64 MiB */
	int helper_fd;              /* from gw_helper_start, or -1 */
	struct gw_trace_log *trace; /* from gw_trace_open; NULL: none.  It
				       outlives the context */
	bool plain; /* no identity, no directories: for gw_dgram_*, gw_relay_*
		       and gw_interfaces_* alone */
	/* Let this user's (and root's) `godwit sockets` see sessions over
	 * UDP: their states, addresses, cipher and figures, in
	 * $XDG_RUNTIME_DIR/godwit (0700).  Where that is not to be had they
	 * are not seen, and nothing else happens. */
	bool show_sessions;
	char *why;       /* gets one sentence when gw_open or ... */
	size_t why_size; /* ... gw_directories fail; may be NULL */
};
#define GW_OPTIONS_INIT                                                        \
	{                                                                      \
		.helper_fd = -1                                                \
	}

/* Open a context; options may be NULL.  Makes the device's identity on first
 * use.  GW_E_DISK: the identity or state directory cannot be used. */
GW_API GW_MUST_USE enum gw_err gw_open(const struct gw_options *, struct gw **);

/* Ends and frees every job of the context, too.  Waits for running disk work,
 * for a look-up that no helper does, and up to a second for peers to take our
 * last words. */
GW_API void gw_close(struct gw *);

/* For an own event loop: when this descriptor is readable, call gw_dispatch.
 * It alone suffices: timers and finished disk work make it readable too.
 * It belongs to the context.  gw_dispatch never blocks. */
GW_API int gw_fd(const struct gw *);
GW_API void gw_dispatch(struct gw *);

/* For programs without a loop: wait up to timeout_ms (-1: for ever), then
 * dispatch.  GW_E_AGAIN: the time passed and nothing happened. */
GW_API enum gw_err gw_wait(struct gw *, int timeout_ms);

/* Public key of this device, 64 hexadecimal digits; lives with the context. */
GW_API const char *gw_device_key(const struct gw *);

/* ---- jobs ---- */

struct gw_job;

enum gw_conflict { /* what to do when a final name is taken */
	GW_CONFLICT_ASK,
	GW_CONFLICT_RENAME,
	GW_CONFLICT_SKIP,
	GW_CONFLICT_OVERWRITE,
	GW_CONFLICT_NEWER /* overwrite when the sender's mtime is later */
};

/*
 * What a session runs on, of the same port number: our own transport over UDP,
 * or TCP.  Auto waits on both, and connects on the better of those that answer:
 * udp, if it does within 250 ms of tcp; tcp on paths below a millisecond, where
 * the kernel is faster.
 */
enum gw_carriers { GW_CARRIERS_AUTO, GW_CARRIERS_UDP, GW_CARRIERS_TCP };

/* How fast this side sends on udp; on tcp the kernel decides. */
enum gw_congestion {
	GW_CONGESTION_BBR,   /* BBRv3, draft-ietf-ccwg-bbr */
	GW_CONGESTION_CUBIC, /* RFC 9438, with HyStart++, RFC 9406 */
	GW_CONGESTION_LEDBAT /* LEDBAT++: gives way to everybody else */
};

/*
 * Who connects.  With `host`, `device` or `by_number` this side connects;
 * without, it waits.  A waiting side makes a code unless it is given one; a
 * connecting side must be given one, or the name of a remembered device.
 */
struct gw_link_options {
	const char *host; /* NULL: wait.  Name, IPv4, IPv6[%zone] */
	/* Connect: this remembered device, and nobody else, must answer at
	 * `host` (NULL: at what its name means to DNS); there is no code. */
	const char *device;
	/* Connect: to whoever waits with this code; its number finds it.  The
	 * code is NUMBER-WORDS, and `beacons` is set.  At most three who claim
	 * the number are tried: each may guess the code once. */
	bool by_number;
	/*
	 * Find each other by beacons (UDP, port 4638, on every interface).
	 * Wait: be found by the number of the code, by the name of this
	 * device, and by devices that remember it.  Connect: a `host` that is
	 * a bare name, without a port, may be the name of a device; a `device`
	 * without `host` is looked for wherever it is; DNS comes after that.
	 */
	bool beacons;
	/* Wait: let remembered devices in without a code, all of them or this
	 * one; who is paired or forgotten meanwhile counts within a second. */
	bool for_known;
	const char *for_device;
	/* Ask to be remembered, and remember whoever comes in by the code and
	 * asks for the same; a NOTICE tells. */
	bool remember;
	bool no_code;        /* wait: nobody else comes in: make no code */
	uint16_t port;       /* connect: 0 = 4639.  wait: 0 = see `recv` */
	const char *listen;  /* wait: address to bind, NULL = all */
	bool port_required;  /* wait: fail when `port` is busy */
	const char *code;    /* NULL: make one (waiting side only) */
	unsigned code_words; /* of a code that is made; 0 = 2 */
	uint32_t timeout_ms; /* without progress; 0 = 60 s */
	uint32_t retry_ms;   /* to reconnect; set retry_set to mean 0 */
	bool retry_set;      /* otherwise 0 means 30 s */
	uint64_t rate;       /* bytes a second, 0 = no limit */
	enum gw_carriers carriers;
	enum gw_congestion congestion;
};

struct gw_send_options {
	struct gw_link_options link;
	const char *const *paths; /* "-" alone: read from input_fd */
	size_t path_count;
	int input_fd;     /* for "-" */
	const char *name; /* for "-": the name it gets; NULL: "stdin" */
	const char *const *exclude; /* patterns, see godwit-send(1) */
	size_t exclude_count;
	const char *const *files; /* send only these, below paths[0] */
	size_t file_count;
	bool files_given; /* `files` is meant even when it is empty */
	bool compress;    /* zstd where it makes the transfer faster */
	bool checksum;    /* on resume re-read what is there */
	bool dry_run;     /* scan and report entries, send nothing */
};

struct gw_recv_options {
	struct gw_link_options link;
	const char *dir; /* NULL: the working directory */
	enum gw_conflict on_conflict;
	bool accept;       /* accept every offer unasked */
	bool accept_known; /* or those of devices that need no code (link) */
	/* Most that an offer may have, and that may come: bytes of content;
	 * files, directories and links.  More is refused.  0: no limit. */
	uint64_t max_size, max_files;
	bool once;     /* end after one transfer */
	bool archive;  /* hard links and user.* xattrs as well */
	bool checksum; /* on resume re-read what is there */
	int output_fd; /* write content here instead of to dir; -1 */
};

#define GW_SEND_OPTIONS_INIT                                                   \
	{                                                                      \
		.input_fd = -1                                                 \
	}
#define GW_RECV_OPTIONS_INIT                                                   \
	{                                                                      \
		.on_conflict = GW_CONFLICT_RENAME, .output_fd = -1             \
	}

/* Start a job.  What can be judged at once is an error here (GW_E_USAGE,
 * GW_E_NO_PATH, GW_E_ADDRESS, GW_E_DISK); the rest arrives as events. */
GW_API GW_MUST_USE enum gw_err gw_send(
    struct gw *, const struct gw_send_options *, struct gw_job **);
GW_API GW_MUST_USE enum gw_err gw_recv(
    struct gw *, const struct gw_recv_options *, struct gw_job **);

/*
 * The plain file protocol of many small programs, in both directions: a name,
 * a word of reply, content until the end of the connection.  It encrypts,
 * checks and confirms nothing, and knows nobody: whoever reaches the port can
 * send a file, and whoever is on the way can read and change it.
 */
struct gw_classic_send_options {
	const char *host;  /* name, IPv4, IPv6[%zone] */
	uint16_t port;     /* there is no standard one */
	const char *path;  /* one file; "-": read from input_fd */
	int input_fd;      /* for "-" */
	const char *name;  /* for "-": the name it gets; NULL: "stdin" */
	const char *reply; /* the word to wait for, 1 to 64 bytes; NULL: "ok" */
	bool no_reply;     /* none comes: a pause stands for it */
	uint32_t timeout_ms; /* without progress; 0 = 60 s */
	uint64_t rate;       /* bytes a second, 0 = no limit */
};

/* Serves any number of senders, until it is cancelled. */
struct gw_classic_recv_options {
	const char *listen; /* address to bind, NULL = all */
	uint16_t port;      /* 0: any free one; the LISTENING event tells it */
	const char *dir;    /* NULL: the working directory */
	enum gw_conflict on_conflict; /* RENAME, SKIP or OVERWRITE: nobody is
				       * asked, and no time comes along */
	const char *reply;            /* the word, 1 to 64 bytes; NULL: "ok" */
	bool once;                    /* end after one file, whole or not */
	bool keep_partial;   /* of a file that failed, as NAME.partial */
	uint64_t max_size;   /* of a file, bytes; 0 = no limit */
	uint32_t timeout_ms; /* of a connection without progress; 0 = 60 s */
	uint64_t rate;       /* bytes a second of all, 0 = no limit */
};

#define GW_CLASSIC_SEND_OPTIONS_INIT                                           \
	{                                                                      \
		.input_fd = -1                                                 \
	}
#define GW_CLASSIC_RECV_OPTIONS_INIT                                           \
	{                                                                      \
		.on_conflict = GW_CONFLICT_RENAME                              \
	}

/*
 * As gw_send and gw_recv, with these events: LISTENING (without a code);
 * CONNECTED (carrier "classic", cipher "none", no key) and OFFER once there
 * is a name; PROGRESS, of a receiver that of all senders together; then for
 * each file ENTRY, and COMPLETE (it is whole) or ERROR (it is not).
 *
 * COMPLETE means: sending, that the receiver's kernel has acknowledged every
 * byte and the end, and that the receiver has not shown by a reset that it
 * had not read all; receiving, that the sender ended the connection in good
 * order, and that what came is durable.  More cannot be known.  What ends a
 * transfer otherwise resets the connection.
 */
GW_API GW_MUST_USE enum gw_err gw_classic_send(
    struct gw *, const struct gw_classic_send_options *, struct gw_job **);
GW_API GW_MUST_USE enum gw_err gw_classic_recv(
    struct gw *, const struct gw_classic_recv_options *, struct gw_job **);

/* Why the last call of this context that starts a job, gw_dgram_*, gw_relay_*,
 * gw_listen, gw_dial, gw_connect, gw_connection_remember or gw_open_*, failed,
 * as one sentence that names the thing ("photos: no such file"); "" if it did
 * not. */
GW_API const char *gw_last_error(const struct gw *);

/* Ask the job to end: the peer is told, partial data is kept.  The job still
 * runs to its GW_EVENT_END.  A second call ends it at once. */
GW_API void gw_job_cancel(struct gw_job *);

/* Free a job, wherever it stands; partial data is kept. */
GW_API void gw_job_free(struct gw_job *);

/* ---- events ---- */

enum gw_event_kind {
	GW_EVENT_LISTENING, /* waiting for the peer; the code is ready */
	GW_EVENT_CONNECTED, /* peer is authenticated (gw_classic_*: is there) */
	GW_EVENT_OFFER,     /* what the transfer is; may need an answer */
	GW_EVENT_CONFLICT,  /* a final name is taken; needs an answer */
	GW_EVENT_PROGRESS,  /* now and then while data moves or stalls */
	GW_EVENT_ENTRY,     /* one entry reached its end */
	GW_EVENT_COMPLETE,  /* one transfer reached its end (RECEIPT) */
	GW_EVENT_NOTICE,    /* something a person should know */
	GW_EVENT_ERROR,     /* a transfer or the job failed */
	GW_EVENT_END        /* the job is over; no more events */
};

enum gw_answer {
	GW_ANSWER_NO,  /* offer: refuse.  conflict: skip */
	GW_ANSWER_YES, /* offer: accept.  conflict: overwrite */
	GW_ANSWER_RENAME,
	GW_ANSWER_NEWER,
	GW_ANSWER_ALL = 0x100 /* or-ed in: for all conflicts that follow */
};

enum gw_kind { /* of an entry */
	GW_KIND_FILE,
	GW_KIND_DIR,
	GW_KIND_SYMLINK,
	GW_KIND_HARDLINK,
	GW_KIND_OTHER /* FIFO, socket, device: never sent */
};

enum gw_entry_status {
	GW_ENTRY_DONE,    /* durable under final_name */
	GW_ENTRY_HAD,     /* was there from an earlier attempt */
	GW_ENTRY_SKIPPED, /* left out by on_conflict */
	GW_ENTRY_FAILED
};

enum gw_limiter { /* what bounds the speed just now */
	GW_LIMIT_NONE,
	GW_LIMIT_NETWORK,
	GW_LIMIT_DISK_HERE,
	GW_LIMIT_DISK_THERE,
	GW_LIMIT_PEER, /* it is busy, or asks its user */
	GW_LIMIT_USER, /* this side's user is asked, or its pipe is quiet */
	GW_LIMIT_RATE  /* the rate that was asked for */
};

enum gw_notice {
	GW_NOTICE_TEXT,     /* only text */
	GW_NOTICE_GUESS,    /* a wrong code was tried: count = guesses left */
	GW_NOTICE_STRANGER, /* something that is no godwit connected */
	GW_NOTICE_RETRY,    /* connection lost, reconnecting: count = ms left */
	GW_NOTICE_STALL,    /* nothing moves: count = seconds so far */
	GW_NOTICE_PARTIALS, /* left-overs: count = transfers, bytes = size */
	GW_NOTICE_SKIPPED,  /* a special file was left out: text = name: why */
	GW_NOTICE_DROPPED,  /* resume data did not fit its source: text */
	GW_NOTICE_REMEMBERED, /* its key is kept: text; count = 1: on both
				 sides, as far as is known; 0: it is not */
	GW_NOTICE_XATTRS      /* attributes were lost: count = files, text */
};

struct gw_event {
	enum gw_event_kind kind;
	union {
		struct {
			const char *name; /* of this device */
			const char *const *addresses;
			size_t address_count;
			uint16_t port;
			const char *code; /* NULL: none is needed */
			bool found;       /* by beacons, without address */
		} listening;
		struct {
			const char *peer;    /* its name */
			const char *key;     /* its public key, hexadecimal;
					      * NULL: it has none */
			const char *address; /* host:port */
			const char *carrier; /* "udp", "tcp", "classic" */
			const char *why;     /* that one: "it was asked for" */
			const char *cipher;  /* "AES-256-GCM", ..., "none" */
			bool resumed;
			const char *device; /* name that it is remembered
					     * under; NULL: it is not */
		} connected;
		struct {
			const char *peer;
			uint64_t files, dirs, others, bytes;
			bool bytes_known; /* false: a stream without end yet */
			const char *const *names; /* top-level names, bytes */
			size_t name_count;
			bool needs_answer;
		} offer;
		struct {
			const char *name;
			enum gw_kind theirs, ours;
			uint64_t their_size, our_size;
			int64_t their_mtime, our_mtime; /* seconds */
		} conflict;
		struct {
			uint64_t bytes, bytes_total;
			uint64_t files, files_total;
			uint64_t rate;    /* bytes a second, of late */
			int64_t eta_ms;   /* -1: not known */
			const char *name; /* being moved just now, bytes */
			enum gw_limiter limiter;
			uint32_t stalled_ms; /* since anything moved */
		} progress;
		struct {
			const char *name;
			const char *final_name; /* receiver; else NULL */
			enum gw_kind kind;
			uint64_t bytes;
			enum gw_entry_status status;
			const char *reason;  /* of GW_ENTRY_FAILED */
			const char *address; /* gw_classic_recv: whose it is,
					      * host:port; else NULL */
		} entry;
		struct {
			uint64_t bytes; /* content of the transfer */
			uint64_t moved; /* of them over the wire, this run */
			uint64_t files, failed, skipped;
			double seconds;
			enum gw_err err; /* GW_OK or GW_E_SOME_FAILED */
		} complete;
		struct {
			enum gw_notice what;
			const char *text;
			uint64_t count, bytes;
		} notice;
		struct {
			enum gw_err err;
			const char *reason; /* what happened, what to do */
		} error;
		struct {
			enum gw_err err; /* of the job: gives exit status */
		} end;
	};
};

/* Take the next event; false: none now. */
GW_API bool gw_job_event(struct gw_job *, struct gw_event *);

/* Answer the OFFER or CONFLICT that asked for it.  GW_E_USAGE: none did. */
GW_API enum gw_err gw_job_answer(struct gw_job *, unsigned answer);

/* Change the rate limit of a running job; 0 = none. */
GW_API void gw_job_set_rate(struct gw_job *, uint64_t bytes_per_second);

/* ---- connections ---- */

/*
 * The transport itself, for programs: an authenticated, encrypted connection
 * to another program that knows the same code, with streams (ordered bytes,
 * each with its own window) and datagrams (messages that may be lost).
 *
 * It runs on one of two carriers: `udp`, godwit's own transport, whose states
 * are those of RFC 9293 by name and transition; or `tcp`, whose states are
 * the kernel's.  What is said here holds on both.
 *
 * Nothing blocks but gw_dial and gw_accept, as far as they are told to; what
 * is written leaves from gw_dispatch or gw_wait.  As long as the program
 * dispatches, a ping every 2 s keeps a silent connection alive, for its peer
 * and for boxes on the way.
 */
struct gw_acceptor;   /* where connections come in */
struct gw_connection; /* one of them */

struct gw_connection_options {
	const char *code;   /* as of a transfer.  Listening, NULL: make one */
	const char *device; /* connecting: as of a transfer, instead of it */
	bool for_known;     /* listening: as of a transfer, ... */
	const char *for_device; /* ... with it or instead of a code ... */
	bool no_code;           /* ... of which there is none then */
	/* As of a transfer.  Listening: be found by the number of the code, by
	 * the name of this device, or as a remembered one.  Connecting without
	 * a host, or to a bare name without a port: look for that. */
	bool beacons;
	bool by_number; /* connecting, without a host: whoever has the code */
	bool remember;  /* ask to be remembered: gw_connection_remember */
	unsigned code_words; /* of a code that is made; 0 = 2 */
	enum gw_carriers carriers;
	enum gw_congestion congestion; /* on udp */
	/* Most unread bytes of a stream here; 0: a quarter of the context's
	 * memory; at least 256 KiB.  On udp all streams of a connection share
	 * it, and 1 MiB more; on tcp four of them have it at a time, others
	 * 256 KiB. */
	uint64_t window;
	uint32_t idle_ms; /* nothing heard for so long: lost; 0 = 60 s */
	/*
	 * Listening: the code lets in everybody who has it, for as long as
	 * the acceptor is open.  Otherwise it belongs to the first device
	 * that proves it, which may come again.  Either way the third wrong
	 * guess of all ends it.
	 */
	bool many;
};
#define GW_CONNECTION_OPTIONS_INIT                                             \
	{                                                                      \
		.code = NULL                                                   \
	}

/*
 * Wait for connections at an address (numeric; NULL: all, both families) and
 * port (0: any free one).  Options may be NULL.  GW_E_ADDRESS, GW_E_USAGE:
 * see gw_last_error, also for gw_connect and gw_dial.
 */
GW_API GW_MUST_USE enum gw_err gw_listen(struct gw *, const char *address,
    uint16_t port, const struct gw_connection_options *, struct gw_acceptor **);
GW_API uint16_t gw_acceptor_port(const struct gw_acceptor *);
/* The code that opens; lives with the acceptor.  NULL: none does. */
GW_API const char *gw_acceptor_code(const struct gw_acceptor *);
/* Is it found by beacons, without its address? */
GW_API bool gw_acceptor_is_found(const struct gw_acceptor *);
/* The n-th address that it can be reached at, best first; NULL: no more. */
GW_API const char *gw_acceptor_address(const struct gw_acceptor *, size_t n);
/* NULL is fine.  What was accepted stays; what was not is reset. */
GW_API void gw_acceptor_close(struct gw_acceptor *);

/*
 * Take the next connection whose three-way handshake is complete: its peer
 * has proved the code.  Waits up to timeout_ms for one (0: not at all, -1:
 * for ever), dispatching.  GW_E_AGAIN: none.  GW_E_BURNED: nobody can come in
 * any more, three wrong codes were tried.
 */
GW_API GW_MUST_USE enum gw_err gw_accept(
    struct gw_acceptor *, int timeout_ms, struct gw_connection **);

enum gw_acceptor_event_kind {
	GW_ACCEPTOR_READY,    /* gw_accept has a connection */
	GW_ACCEPTOR_GUESS,    /* somebody tried a wrong code */
	GW_ACCEPTOR_STRANGER, /* something that is no godwit came, or another
				 version of it */
	GW_ACCEPTOR_BURNED    /* that was the third guess: the last event */
};

/* Pointers live until the next call for the acceptor, or dispatch. */
struct gw_acceptor_event {
	enum gw_acceptor_event_kind kind;
	const char *address;   /* host:port of who came */
	const char *text;      /* of a STRANGER; else NULL */
	unsigned guesses_left; /* after a GUESS */
};
/* Take the next event; false: none now.  Guesses and strangers beyond 16 that
 * were not taken are not told. */
GW_API bool gw_acceptor_next(struct gw_acceptor *, struct gw_acceptor_event *);

/* Begin to connect: GW_CONNECTION_OPENED or _CLOSED follows.  The code or a
 * remembered device is needed.  host: name, IPv4, IPv6[%zone], NULL with a
 * device or by_number; port 0: 4639. */
GW_API GW_MUST_USE enum gw_err gw_connect(struct gw *, const char *host,
    uint16_t port, const struct gw_connection_options *,
    struct gw_connection **);
/*
 * The same, and wait until the three-way handshake is complete; OPENED is not
 * told then.  GW_E_CONNECT, GW_E_RESOLVE, GW_E_STRANGER, GW_E_AUTH (the code
 * is wrong), GW_E_REFUSED (it serves another device), GW_E_VERSION: there is
 * no connection.
 */
GW_API GW_MUST_USE enum gw_err gw_dial(struct gw *, const char *host,
    uint16_t port, const struct gw_connection_options *,
    struct gw_connection **);

/*
 * Streams have ids below 256.  Stream 0 is there from the start, for both
 * sides, and goes before all others; those take turns.  Whoever connected
 * opens 2, 4, ..., whoever accepted 1, 3, ...; the other side sees a stream
 * when something comes on it, and may then write to it as well.  An id
 * serves once: a stream is finished when it has ended both ways.
 */
enum { GW_STREAM_FIRST = 0 };

/* The next id of this side.  GW_E_LIMIT: all have been used; GW_E_LOST: the
 * connection is closed, or this side has shut it down. */
GW_API GW_MUST_USE enum gw_err gw_stream_open(
    struct gw_connection *, unsigned *id);
/*
 * Take up to `size` bytes that came, in order; *n: how many; 0: the stream
 * has ended (GW_OK each time from then on).  That opens its window by as much
 * (RFC 9293, 3.8.6).  GW_E_AGAIN: nothing there; READABLE follows.
 * GW_E_PEER_GONE: the peer has given it up, and what was not read is gone.
 * GW_E_USAGE: no such stream.  What came before the connection closed can
 * still be read; then comes that error, GW_E_LOST if it had none.
 */
GW_API GW_MUST_USE enum gw_err gw_stream_read(
    struct gw_connection *, unsigned id, void *buffer, size_t size, size_t *n);
/*
 * Write up to `size` bytes; *n: how many were taken, which may be forgotten.
 * It takes less, or GW_E_AGAIN none, when the window of the other side is
 * full, or 1 MiB waits to be sent: WRITABLE follows.  GW_E_USAGE: no such
 * stream, or shut down; GW_E_LOST, or the connection's error: it is closed.
 */
GW_API GW_MUST_USE enum gw_err gw_stream_write(struct gw_connection *,
    unsigned id, const void *data, size_t size, size_t *n);
/* Nothing follows on it from this side; the other direction goes on. */
GW_API enum gw_err gw_stream_shutdown(struct gw_connection *, unsigned id);
/* Give this direction up: what has not arrived may be lost, and the peer is
 * told the code, which means what the programs say.  No-op where all of it
 * has arrived. */
GW_API enum gw_err gw_stream_reset(
    struct gw_connection *, unsigned id, uint32_t code);

/*
 * The most bytes that a datagram may have just now: what one packet of the
 * path carries (udp: 1,152 at first, more when the path has shown to take
 * more, and less again when it is another one; tcp: 65,507).  0: none can be
 * sent.
 */
GW_API size_t gw_datagram_max(const struct gw_connection *);
/*
 * Send one; 0 bytes are one, too.  It is never split and never sent again;
 * congestion control says when it leaves, before data of streams.
 * GW_E_LIMIT: longer than gw_datagram_max; GW_E_AGAIN: 256 of them, or
 * 256 KiB, wait already: SENDABLE follows; GW_E_LOST: closed, or shut down.
 */
GW_API GW_MUST_USE enum gw_err gw_datagram_send(
    struct gw_connection *, const void *data, size_t size);
/* Take the oldest that came; at most 256, or 256 KiB, wait to be taken, what
 * comes then is dropped and counted.  GW_E_AGAIN: none; GW_E_LIMIT: it is
 * longer than the buffer, *n says how long, and it stays. */
GW_API GW_MUST_USE enum gw_err gw_datagram_receive(
    struct gw_connection *, void *buffer, size_t size, size_t *n);

enum gw_connection_event_kind {
	GW_CONNECTION_OPENED,   /* of gw_connect: the handshake is complete */
	GW_CONNECTION_STATE,    /* it entered a state */
	GW_CONNECTION_READABLE, /* a stream has bytes, an end or a reset; told
				   again while some are left after a read */
	GW_CONNECTION_WRITABLE, /* a stream has room again */
	GW_CONNECTION_BLOCKED,  /* a stream waits for the other side's window */
	GW_CONNECTION_RESET,    /* the peer has given a stream up */
	GW_CONNECTION_DATAGRAM, /* datagrams came */
	GW_CONNECTION_SENDABLE, /* gw_datagram_send has room again */
	GW_CONNECTION_NOTICE, /* of looking for the peer: text, for a person */
	GW_CONNECTION_FIN,    /* the peer has shut down: every stream of it
				 has ended */
	GW_CONNECTION_CLOSED  /* both have, or it failed; STATE may follow */
};

struct gw_connection_event {
	enum gw_connection_event_kind kind;
	unsigned stream; /* of READABLE, WRITABLE, BLOCKED, RESET */
	uint32_t code;   /* of RESET */
	struct {
		const char *from, *to; /* as in gw_connection_info.state */
		uint64_t usec;         /* in `from` */
	} state;
	/* NOTICE: text.
	 * CLOSED: GW_OK after FIN both ways; by_peer: its abort, with its
	 * code and text; text lives with the connection. */
	enum gw_err err;
	bool by_peer;
	const char *text;
};
/* Take the next event; false: none now.  One of a kind (and stream) waits at
 * a time. */
GW_API bool gw_connection_next(
    struct gw_connection *, struct gw_connection_event *);

/*
 * Nothing follows from this side: every stream of it ends, and FIN goes after
 * all that was written (RFC 9293, 3.6).  Reading goes on.  When both sides
 * have done so, CLOSED comes with GW_OK.  GW_E_AGAIN: not open yet.
 */
GW_API enum gw_err gw_connection_shutdown(struct gw_connection *);
/* End it at once by RST: the peer's CLOSED has this error, if it is one that
 * has a code on the wire (docs/protocol.md, 3), else GW_E_FAILED; and this
 * text, of which 256 bytes count. */
GW_API void gw_connection_abort(
    struct gw_connection *, enum gw_err, const char *text);
/*
 * Done with it; NULL is fine.  As close(2): what was written and FIN are
 * still sent, and TIME_WAIT is kept, while the context dispatches; when
 * something has come, or comes, that nobody reads, the peer is reset.
 * gw_close cuts this to a second.
 */
GW_API void gw_connection_close(struct gw_connection *);

/*
 * Keep the key of a peer that came in by the code and asks to be remembered,
 * as this side does; from then on gw_connection_info has its name here, and it
 * needs no code.  GW_E_REFUSED: one of the two does not ask, or there was no
 * code; else the list could not be changed: see gw_last_error.
 */
GW_API GW_MUST_USE enum gw_err gw_connection_remember(struct gw_connection *);

struct gw_connection_info {
	const char *state;      /* "SYN_SENT", "ESTABLISHED", "TIME_WAIT" ... */
	uint64_t state_usec;    /* in that state so far */
	const char *carrier;    /* "udp", "tcp"; NULL: not open yet */
	const char *cipher;     /* "AES-256-GCM", "ChaCha20-Poly1305" */
	const char *peer;       /* name of its device */
	const char *key;        /* its public key, hexadecimal */
	const char *device;     /* name it is remembered under; NULL: is not */
	bool asks;              /* it asks to be remembered */
	const char *address;    /* host:port */
	const char *congestion; /* "bbr"; on tcp NULL */
	uint64_t rtt_usec, min_rtt_usec;
	uint64_t cwnd, in_flight; /* bytes */
	uint64_t rate;            /* of delivery, bytes a second */
	uint64_t lost;            /* packets so far, as far as is known */
	uint64_t sent, received;  /* bytes on the wire; 0 where not counted */
	/* datagrams of this side that were lost on the way or dropped, as far
	 * as is known; of the other that found no room here */
	uint64_t datagrams_lost, datagrams_dropped;
	size_t datagram_max; /* as gw_datagram_max */
};
/* Strings live with the connection; what does not apply is 0 or NULL. */
GW_API void gw_connection_info(
    const struct gw_connection *, struct gw_connection_info *);

/* ---- datagrams without a connection ---- */

/*
 * Plain UDP, as programs without godwit speak it: no session, no encryption,
 * no identity; what arrives may come from anybody.  One gw_dgram is one
 * socket; it serves many peers.
 */
struct gw_dgram;

enum {
	GW_DATAGRAM_MAX = 65507, /* bytes that one can carry over IPv4 */
	GW_ENDPOINT_TEXT = 80    /* buffer for the text of an endpoint */
};

/* An IP address with a port; all zeros: none. */
struct gw_endpoint {
	uint8_t ip[16]; /* IPv4 as ::ffff:a.b.c.d */
	uint32_t zone;  /* index of the interface, of a link-local address */
	uint16_t port;
};

/* From a numeric address, IPv6 also in brackets and with %zone.
 * GW_E_RESOLVE: it is a name; GW_E_ADDRESS: there is no such zone, or one is
 * missing. */
GW_API GW_MUST_USE enum gw_err gw_endpoint_parse(
    struct gw_endpoint *, const char *host, uint16_t port);
/* "192.0.2.1:7", "[fe80::1%eth0]:7"; without the port if that is 0. */
GW_API void gw_endpoint_text(
    const struct gw_endpoint *, char out[GW_ENDPOINT_TEXT]);
/* Is the address a multicast group? */
GW_API bool gw_endpoint_is_group(const struct gw_endpoint *);

struct gw_dgram_options {
	const char *address; /* numeric; NULL: all, of both families.  A
				group: only what is sent to it is taken */
	uint16_t port;       /* 0: any free one */
	bool broadcast;      /* may send to broadcast addresses */
	bool shared;  /* other sockets that say so have the same port: for
			 groups and broadcasts, which each of them gets */
	uint8_t hops; /* routers on the way, at most; 0: the system's
			 number, and none to groups */
	size_t receive_buffer; /* bytes to ask for; 0: the system's size */
};

/* GW_E_ADDRESS: cannot be bound there; see gw_last_error, also for the other
 * calls below. */
GW_API GW_MUST_USE enum gw_err gw_dgram_open(
    struct gw *, const struct gw_dgram_options *, struct gw_dgram **);
/* NULL is fine.  gw_close closes what is left. */
GW_API void gw_dgram_close(struct gw_dgram *);
/* What it is bound to, and the bytes that the kernel buffers for it. */
GW_API void gw_dgram_local(const struct gw_dgram *, struct gw_endpoint *);
GW_API size_t gw_dgram_receive_buffer(const struct gw_dgram *);
/* Get what is sent to a group on this interface (an index).  GW_E_ADDRESS:
 * not there; GW_E_LIMIT: the system allows no more. */
GW_API GW_MUST_USE enum gw_err gw_dgram_join(
    struct gw_dgram *, const struct gw_endpoint *group, unsigned interface);

struct gw_datagram {
	const void *data;
	size_t size;             /* 0 is a datagram, too */
	struct gw_endpoint peer; /* who sent it, or shall get it */
	/* Arrived: where it was sent to.  To send: where from; all zeros,
	 * the kernel chooses.  Its port means nothing then. */
	struct gw_endpoint local;
	unsigned interface; /* index; 0: not known, or routing chooses */
};

/*
 * Send one.  data is copied by the kernel.  GW_E_AGAIN: no room just now;
 * GW_DGRAM_WRITABLE follows.  Else it is lost: GW_E_LIMIT: too long, or a
 * queue on this machine is full; GW_E_USAGE: a broadcast address without
 * `broadcast`; GW_E_ADDRESS: not from this address or interface;
 * GW_E_CONNECT: no way there, or it is forbidden here.  GW_OK says that it
 * has left, not that it arrives.
 */
GW_API GW_MUST_USE enum gw_err gw_dgram_send(
    struct gw_dgram *, const struct gw_datagram *);

/* Find the addresses of a name; GW_DGRAM_FOUND follows.  GW_E_AGAIN: another
 * look-up of this gw_dgram is under way. */
GW_API GW_MUST_USE enum gw_err gw_dgram_lookup(
    struct gw_dgram *, const char *host, uint16_t port);

enum gw_dgram_event_kind {
	GW_DGRAM_ARRIVED,
	GW_DGRAM_UNREACHABLE, /* one that was sent did not arrive */
	GW_DGRAM_LOST,        /* some arrived when there was no room */
	GW_DGRAM_WRITABLE,    /* gw_dgram_send has room again */
	GW_DGRAM_FOUND        /* a look-up has ended */
};

enum gw_cast { GW_CAST_HOST, GW_CAST_BROADCAST, GW_CAST_GROUP };

/* Why a datagram did not arrive, as ICMP tells it. */
enum gw_unreachable {
	GW_UNREACHABLE_PORT,      /* no program has the port */
	GW_UNREACHABLE_HOST,      /* no such host, or it does not answer */
	GW_UNREACHABLE_NET,       /* no way to its network */
	GW_UNREACHABLE_FORBIDDEN, /* a router or firewall forbids it */
	GW_UNREACHABLE_SIZE,      /* too big for a link on the way */
	GW_UNREACHABLE_HOPS,      /* too many routers on the way */
	GW_UNREACHABLE_OTHER
};

struct gw_arrival {
	struct gw_datagram datagram;
	struct gw_endpoint own;  /* the address that answers leave from */
	char interface_name[16]; /* "": not known */
	enum gw_cast cast;       /* what it was sent to */
	bool from_self;          /* this very gw_dgram has sent it */
	int64_t wall_usec;       /* when it came, since 1970 */
	uint64_t usec;           /* the same by CLOCK_MONOTONIC */
};

/* Pointers are lent until the next gw_dgram_next, gw_dispatch or gw_wait. */
struct gw_dgram_event {
	enum gw_dgram_event_kind kind;
	union {
		struct gw_arrival arrived;
		struct {
			struct gw_endpoint to;
			struct gw_endpoint from; /* who says so */
			enum gw_unreachable what;
			const char *reason; /* one sentence about `to` */
		} unreachable;
		struct {
			uint64_t count; /* since the last time it was told */
		} lost;
		struct {
			enum gw_err err; /* GW_E_RESOLVE, GW_E_ADDRESS */
			const char *reason;
			const struct gw_endpoint *endpoints; /* best first */
			size_t count;
		} found;
	};
};

/* Take the next event; false: none now. */
GW_API bool gw_dgram_next(struct gw_dgram *, struct gw_dgram_event *);

/* As gw_dgram_send, to who sent that one, from the address that was hit; its
 * data and size need not be there any more. */
GW_API GW_MUST_USE enum gw_err gw_dgram_answer(struct gw_dgram *,
    const struct gw_arrival *, const void *data, size_t size);

/* ---- forwarding ---- */

/*
 * Ports of this machine whose connections and datagrams go on to others.  A
 * rule says what is forwarded where; godwit-forward(1), RULES, has the forms
 * that are read.  A flow is one connection, or the datagrams of one client.
 */
struct gw_forward;

enum { GW_RULE_TEXT_MAX = 8192, GW_RULE_WHY_MAX = 256 };

/*
 * The normal form of a rule.  `to` (or NULL) is HOST:PORT[,...] for rules
 * that name no target.  GW_E_USAGE: why says what is wrong with it.
 */
GW_API GW_MUST_USE enum gw_err gw_rule_normal(const char *rule, const char *to,
    char out[GW_RULE_TEXT_MAX], char why[GW_RULE_WHY_MAX]);

struct gw_forward_options {
	const char *const *rules;
	size_t rule_count;
	const char *to;     /* as of gw_rule_normal */
	unsigned max_files; /* descriptors to use at most; 0: 70 % of what the
			       process may have */
	/* Sockets that listen already, from systemd or a predecessor: where
	 * one fits a rule it is taken instead of a new one.  They are
	 * duplicated. */
	const int *inherited;
	size_t inherited_count;
	/*
	 * Through another device, which is remembered and runs `godwit serve`
	 * (gw_serve_open): NULL, or its name.  It listens there and delivers
	 * here with `reverse`, else the other way round.  The device is at
	 * via_host, via_port (0: 4639); NULL: where beacons find it, or else at
	 * what its name means to DNS.
	 */
	const char *via, *via_host;
	uint16_t via_port;
	bool reverse;
	enum gw_carriers carriers;
};
#define GW_FORWARD_OPTIONS_INIT                                                \
	{                                                                      \
		.rules = NULL                                                  \
	}

/* What a rule says of a packet: "udp 10.0.0.5:4000 -> :5353". */
struct gw_forward_explained {
	bool matched;                     /* one listens there */
	bool allowed;                     /* and takes this client */
	size_t rule;                      /* its place in the options */
	char rule_text[GW_RULE_TEXT_MAX]; /* normal form */
	char goes_to[GW_RULE_TEXT_MAX];   /* HOST:PORT[, ...] */
	/* Targets that are ports which are forwarded here: HOST:PORT[, ...],
	 * or "".  They are left out; with a rule that has no others forwarding
	 * does not begin, and goes_to is "". */
	char loops[GW_RULE_TEXT_MAX];
	size_t loop_rule; /* the rule that listens at the first of those */
	const char *via;  /* through that device, as in the options; or NULL */
};
/* Opens nothing, looks no name up.  GW_E_USAGE: a rule or the question is
 * wrong, and why says how. */
GW_API GW_MUST_USE enum gw_err gw_forward_explain(
    const struct gw_forward_options *, const char *question,
    struct gw_forward_explained *, char why[GW_RULE_WHY_MAX]);

/*
 * Listen and forward, from gw_dispatch and gw_wait.  GW_E_USAGE: a rule is
 * wrong, or would send to its own listener; GW_E_ADDRESS: cannot listen;
 * GW_E_LIMIT: more ports than descriptors; nothing is forwarded then, and
 * gw_last_error says why, also for the calls below.
 */
GW_API GW_MUST_USE enum gw_err gw_forward_open(
    struct gw *, const struct gw_forward_options *, struct gw_forward **);
/*
 * Other rules from now on.  One whose normal form stays keeps its listeners
 * and flows; those of rules that go end.  GW_E_USAGE: nothing has changed.
 * GW_E_ADDRESS: one or more cannot listen; the others do.
 */
GW_API GW_MUST_USE enum gw_err gw_forward_reload(
    struct gw_forward *, const struct gw_forward_options *);
/* Take nothing new; flows that there are go on until they end. */
GW_API void gw_forward_drain(struct gw_forward *);
/* End all flows; NULL is fine.  gw_close closes what is left. */
GW_API void gw_forward_close(struct gw_forward *);

/* Why something was not forwarded.  Of datagrams they are counted each, of
 * TCP connections. */
enum gw_drop {
	GW_DROP_NONE, /* passed on */
	/* Of the datagram. */
	GW_DROP_TRUNCATED, /* longer than the buffer, or its facts were cut */
	GW_DROP_TOO_BIG,   /* the way takes none so long, or so with a header */
	GW_DROP_PORT_ZERO, /* from source port 0: nobody can be answered */
	GW_DROP_LOOP,      /* would come back to where it came in */
	GW_DROP_DENIED,    /* its sender is not among those who may */
	/* Of the flow. */
	GW_DROP_CAP,         /* there are as many flows as may be */
	GW_DROP_SOURCE_CAP,  /* this source has as many as one may have */
	GW_DROP_DESCRIPTORS, /* no file descriptor is left for it */
	GW_DROP_NO_PORT,     /* no local port or address is left for it */
	GW_DROP_MEMORY,
	GW_DROP_NO_TARGET,   /* the target's name has no address now */
	GW_DROP_UNREACHABLE, /* no target could be connected to */
	GW_DROP_LATE,        /* an answer past the number that was agreed */
	GW_DROP_RATE, /* more than may go to a source that may be forged */
	/* Of the way. */
	GW_DROP_QUEUE,    /* the kernel's queue for it is full */
	GW_DROP_NO_ROUTE, /* no way leads there */
	GW_DROP_ICMP, /* had been passed on, and the network has told that it
			 did not arrive: counted there as well */
	GW_DROP_FORBIDDEN, /* by a firewall of this machine */
	GW_DROP_KERNEL,    /* came, and the kernel had no room for it */
	/* Of the way through a peer. */
	GW_DROP_PEER,       /* there is no session with it just now */
	GW_DROP_STALE,      /* had to wait for it until it was too old */
	GW_DROP_INCOMPLETE, /* was sent in parts, and not all of them came */
	GW_DROPS
};
/* Stable short name ("source-cap"), and a sentence without its dot. */
GW_API const char *gw_drop_name(enum gw_drop);
GW_API const char *gw_drop_text(enum gw_drop);

/* Why a flow is over. */
enum gw_forward_end {
	GW_FORWARD_FINISHED,     /* both sides have ended it */
	GW_FORWARD_IDLE,         /* nothing came for its idle time */
	GW_FORWARD_ANSWERED,     /* as many answers as the rule asks for */
	GW_FORWARD_LIFE,         /* its time was over */
	GW_FORWARD_CLIENT_RESET, /* the client broke it off */
	GW_FORWARD_TARGET_RESET, /* the target did */
	GW_FORWARD_UNREACHABLE,  /* no target could be reached */
	GW_FORWARD_ICMP,         /* the target's port is closed (icmp=close) */
	GW_FORWARD_EVICTED,      /* it made room for another */
	GW_FORWARD_RULE_GONE,    /* its rule went in a reload */
	GW_FORWARD_STOPPED,      /* forwarding ended */
	GW_FORWARD_FAILED,       /* memory or descriptors ran out */
	GW_FORWARD_ENDS
};
/* Stable short name ("client-reset"). */
GW_API const char *gw_forward_end_name(enum gw_forward_end);

struct gw_forward_rule {
	unsigned id;      /* stays through reloads */
	const char *text; /* normal form */
	const char *name; /* "" if it has none */
	bool tcp;
	uint16_t port; /* the first that it listens at */
	uint64_t flows, flows_total;
	uint64_t bytes_in, bytes_out;     /* to targets; to clients */
	uint64_t packets_in, packets_out; /* udp */
	uint64_t drops[GW_DROPS];
	const char *last_error; /* or "" */
	const char *via;        /* through or for this device; or NULL */
};
/* The n-th rule as it stands; false: no more.  Strings live until the next
 * dispatch. */
GW_API bool gw_forward_rule(
    const struct gw_forward *, size_t n, struct gw_forward_rule *);

struct gw_forward_flow {
	uint64_t id;
	unsigned rule; /* its id */
	bool tcp;
	struct gw_endpoint client, local; /* who came, and to where */
	struct gw_endpoint source;        /* from where the target is spoken
					     to; zeros: not yet */
	struct gw_endpoint target;
	const char *state; /* "resolving", "connecting", "open", "closing";
		      udp: "unreplied", "assured" */
	uint64_t age_ms;
	uint64_t idle_left_ms; /* UINT64_MAX: it has no idle time */
	uint64_t bytes_in, bytes_out, packets_in, packets_out;
	uint64_t drops;
	bool one_way;      /* only one side has said anything so far */
	const char *error; /* the last one, or "" */
};
/*
 * Walk the flows of a rule (its n as above): start with *at = NULL; false: no
 * more.  Nothing may be dispatched while walking.
 */
GW_API bool gw_forward_flow(const struct gw_forward *, size_t n,
    const void **at, struct gw_forward_flow *);
/* How many there are, of all rules and of those that went. */
GW_API uint64_t gw_forward_flows(const struct gw_forward *);

enum gw_forward_event_kind {
	GW_FORWARD_OPENED,  /* a flow has its target */
	GW_FORWARD_CLOSED,  /* a flow is over, or never had a target */
	GW_FORWARD_WARNING, /* text says what happens */
	GW_FORWARD_PEER,    /* text says how the other device is reached */
	GW_FORWARD_USELESS  /* the other device does not let this one in, or
			       opens none of the rules: err, text */
};
struct gw_forward_event {
	enum gw_forward_event_kind kind;
	struct gw_forward_flow
	    flow; /* of OPENED and CLOSED; its figures are final */
	enum gw_forward_end end; /* of CLOSED */
	const char *text;        /* of WARNING, PEER, USELESS */
	enum gw_err err;         /* of USELESS */
	uint64_t lost;           /* events before this one that found no room */
};
/* Take the next event; false: none now.  At most 4,096 wait.  Strings live
 * until the next call. */
GW_API bool gw_forward_next(struct gw_forward *, struct gw_forward_event *);

/* Answer GET /metrics at this address (numeric; NULL: 127.0.0.1; "": all) and
 * port, in the text format of Prometheus. */
GW_API GW_MUST_USE enum gw_err gw_forward_metrics(
    struct gw_forward *, const char *address, uint16_t port);
/* The port of that; 0: there is none. */
GW_API uint16_t gw_forward_metrics_port(const struct gw_forward *);

/* ---- serving: what other devices forward through this one ---- */

/*
 * Waits for remembered devices, and forwards for them what the rights allow;
 * nothing else.  godwit-serve(1), RIGHTS, has their form.
 */
struct gw_serve;

struct gw_serve_right {
	const char *device; /* remembered; NULL: all that are */
	const char *right;  /* "tcp:10.0.0.0/8:80-90" */
};
struct gw_serve_options {
	const char *address; /* numeric; NULL: all */
	uint16_t port;       /* 0: 4639, or any if that is busy */
	enum gw_carriers carriers;
	const struct gw_serve_right *rights;
	size_t right_count;
	unsigned max_files; /* as of gw_forward_options */
};
#define GW_SERVE_OPTIONS_INIT                                                  \
	{                                                                      \
		.address = NULL                                                \
	}

/* The normal form of a right.  GW_E_USAGE: why says what is wrong with it. */
GW_API GW_MUST_USE enum gw_err gw_right_normal(const char *right,
    char out[GW_RULE_WHY_MAX * 2], char why[GW_RULE_WHY_MAX]);
/* GW_E_USAGE, GW_E_RESOLVE (no such device is remembered), GW_E_ADDRESS: told
 * by gw_last_error. */
GW_API GW_MUST_USE enum gw_err gw_serve_open(
    struct gw *, const struct gw_serve_options *, struct gw_serve **);
/* Ends all that is forwarded; NULL is fine. */
GW_API void gw_serve_close(struct gw_serve *);
GW_API uint16_t gw_serve_port(const struct gw_serve *);
/* The n-th address that it can be reached at, best first; NULL: no more. */
GW_API const char *gw_serve_address(const struct gw_serve *, size_t n);
/* What is forwarded at the moment, to be looked at, with its events; lives as
 * long as the serve, and is not to be closed. */
GW_API struct gw_forward *gw_serve_forward(struct gw_serve *);

struct gw_serve_peer {
	const char *device;  /* as it is remembered */
	const char *address; /* "" while there is no session */
	const char *carrier; /* "udp", "tcp" or "" */
	unsigned rules;      /* that it has open */
};
/* The n-th device that is connected, or was a moment ago; false: no more.
 * Strings live until the next dispatch. */
GW_API bool gw_serve_peer(
    const struct gw_serve *, size_t n, struct gw_serve_peer *);

/* ---- broadcast relay ---- */

/*
 * Carries what is sent to all hosts of a subnet, or to a multicast group, to
 * other interfaces of this machine: each datagram once, from a source that
 * the rule says, and answers back to who asked.  Interfaces may come, go and
 * change meanwhile.  godwit-relay(1) has the words of rules.
 */
struct gw_relay;

/* Another site: a session with the relay of a remembered device, which is one
 * more interface here, "@" and its name.  Needs a context with an identity. */
struct gw_relay_site_options {
	const char *device;
	bool waits; /* this side waits for it; else it connects */
	/* Connecting: where it is; NULL: found by beacons, or by DNS under
	 * its name.  Port 0: 4639. */
	const char *host;
	uint16_t port;
};

struct gw_relay_options {
	const char *const *rules; /* "ssdp", "9000?group=239.1.2.3" */
	size_t rule_count;
	/* What a rule does not say itself, as it would say it; or NULL. */
	const char *between, *from, *group, *source, *allow, *deny, *rate,
	    *replies;
	const char *const *peers; /* "tun0=10.8.0.2,10.8.0.3" */
	size_t peer_count;
	const struct gw_relay_site_options *sites;
	size_t site_count;
	/* Where those come in that are waited for, and no others; NULL: at
	 * all addresses; 0: 4639. */
	const char *listen;
	uint16_t listen_port;
	bool no_discovery; /* of sites: no beacons */
	enum gw_carriers carriers;
	bool tell_each; /* an event for each datagram */
	bool dry;       /* only to ask gw_relay_explain; no socket is opened */
};

/* GW_E_USAGE: a rule is wrong; GW_E_ADDRESS: a port is another program's, or
 * a source cannot be kept; see gw_last_error. */
GW_API GW_MUST_USE enum gw_err gw_relay_open(
    struct gw *, const struct gw_relay_options *, struct gw_relay **);
/* NULL is fine.  gw_close closes what is left. */
GW_API void gw_relay_close(struct gw_relay *);

/* The n-th rule, in its normal form; NULL: there is none. */
GW_API const char *gw_relay_rule(const struct gw_relay *, size_t n);

enum gw_relay_event_kind {
	GW_RELAY_EVENT_INTERFACE, /* one came, went or changed */
	GW_RELAY_EVENT_DATAGRAM,  /* one was carried or dropped (tell_each) */
	GW_RELAY_EVENT_STORM,     /* a rule carries nothing from an interface,
				     for a while */
	GW_RELAY_EVENT_CALM,      /* it tries again */
	GW_RELAY_EVENT_TROUBLE,   /* something does not work, and will be tried
				     again */
	GW_RELAY_EVENT_SITE       /* another site is reached, or is not */
};

struct gw_relay_event {
	enum gw_relay_event_kind kind;
	size_t rule;        /* DATAGRAM, STORM, CALM */
	char interface[66]; /* or "@" and the device of another site */
	/* INTERFACE, SITE: how it serves; TROUBLE: a sentence; DATAGRAM:
	 * "carried", or why it was dropped. */
	char text[256];
	uint32_t pause_ms; /* STORM */
	/* DATAGRAM */
	struct gw_endpoint from, to;
	size_t size, copies;
	bool answer;
};

/* Take the next event; false: none now.  What is not taken in time is lost,
 * the newest first. */
GW_API bool gw_relay_next(struct gw_relay *, struct gw_relay_event *);

enum { GW_RELAY_DROPS = 32 };

/* One rule on one interface. */
struct gw_relay_row {
	size_t rule;
	const char *interface;
	bool up, tripped;
	uint64_t heard;    /* datagrams that came in by it */
	uint64_t carried;  /* of those, to one other interface at least */
	uint64_t sent;     /* copies that left by it */
	uint64_t bytes;    /* in those, and in answers */
	uint64_t answered; /* answers carried to who asked there */
	/* What was not carried or not sent, by reasons; only those that
	 * happened.  Names are static. */
	struct {
		const char *name;
		uint64_t count;
	} drops[GW_RELAY_DROPS];
	size_t drop_count;
};

/* The n-th, by rules, then interfaces; false: there is none. */
GW_API bool gw_relay_row(
    const struct gw_relay *, size_t n, struct gw_relay_row *);

struct gw_relay_site {
	const char *device;
	bool waits, connected;
	const char *carrier, *address; /* connected; else NULL */
	uint64_t sessions;             /* with it so far */
	uint64_t received, sent;       /* messages */
	uint64_t streamed;  /* of those sent: too long for a datagram */
	uint64_t lost;      /* on the way there, of this session, if known */
	uint64_t malformed; /* dropped: no relay says that */
	uint64_t foreign;   /* dropped: no rule here names the port or group */
	uint64_t stale;     /* dropped: answers that nobody waits for */
	uint64_t crowded;   /* dropped: came faster than they were taken */
};

/* The n-th of the options; false: there is none.  Strings live until the next
 * dispatch. */
GW_API bool gw_relay_site(
    const struct gw_relay *, size_t n, struct gw_relay_site *);

/* As gw_forward_metrics, for a relay: what a row and a site have. */
GW_API GW_MUST_USE enum gw_err gw_relay_metrics(
    struct gw_relay *, const char *address, uint16_t port);
GW_API uint16_t gw_relay_metrics_port(const struct gw_relay *);

/*
 * What would become of this one, as lines for people: "udp 10.0.0.5:4000 ->
 * 255.255.255.255:9000 [on eth0]"; and whether it would be carried anywhere.
 * The caller frees *lines.  GW_E_USAGE: it cannot be read.  It counts, and is
 * remembered, as if it had come.
 */
GW_API GW_MUST_USE enum gw_err gw_relay_explain(
    struct gw_relay *, const char *datagram, bool *carried, char **lines);

/* ---- interfaces ---- */

struct gw_interface_address {
	struct gw_endpoint address;   /* port 0 */
	unsigned prefix;              /* bits */
	struct gw_endpoint broadcast; /* of its subnet; zeros: has none */
};

struct gw_interface {
	const char *name;
	unsigned index;
	bool up, loopback, broadcast, multicast, point_to_point;
	const struct gw_interface_address *addresses; /* IPv4 first */
	size_t address_count;
};

struct gw_interfaces;

/* List those of this machine as they are now; pull one by one; free.  What
 * is pulled lives as long as the list. */
GW_API GW_MUST_USE enum gw_err gw_interfaces_open(
    struct gw *, struct gw_interfaces **);
GW_API bool gw_interfaces_next(struct gw_interfaces *, struct gw_interface *);
GW_API void gw_interfaces_free(struct gw_interfaces *);

/* ---- devices that this one remembers ---- */

/*
 * A remembered device needs no code: both sides prove their keys instead.
 * It comes to be remembered when both sides ask for it (`remember` of the
 * links and connections).  Kept in the data directory.
 */
struct gw_device {
	const char *name; /* chosen here; no other has it */
	const char *key;  /* public key, hexadecimal */
	int64_t added;    /* seconds since 1970 */
};

struct gw_devices;

/* List them as they are now, the oldest first; pull one by one, each lives
 * until the next; free.  GW_E_DISK: the list cannot be read; see
 * gw_last_error, also for what follows. */
GW_API GW_MUST_USE enum gw_err gw_devices_open(
    struct gw *, struct gw_devices **);
GW_API bool gw_devices_next(struct gw_devices *, struct gw_device *);
GW_API void gw_devices_free(struct gw_devices *);

/* GW_E_NO_PATH: no such device; GW_E_USAGE: `to` cannot be a name, or another
 * has it; GW_E_AGAIN: another process holds the list. */
GW_API GW_MUST_USE enum gw_err gw_device_rename(
    struct gw *, const char *name, const char *to);
/* Is a device remembered under this name, where gw_open would look with these
 * options?  For programs that must know before they have a context. */
GW_API bool gw_device_known(const struct gw_options *, const char *name);
/* Its key is forgotten, and whatever it was allowed. */
GW_API GW_MUST_USE enum gw_err gw_device_forget(struct gw *, const char *name);

/* The name that this device goes by; lives with the context.  It is that of
 * gw_options, or the one that was set for good, or the host's. */
GW_API const char *gw_device_name(const struct gw *);
GW_API GW_MUST_USE enum gw_err gw_device_set_name(
    struct gw *, const char *name);

/* ---- who is there ---- */

/*
 * Devices on the networks of this machine that wait for somebody, as their
 * beacons tell (docs/protocol.md, 8): asked for on every interface, which are
 * followed as they come and go.  Nothing is proved here: a name is what
 * somebody says, and a session shows who it is.
 */
struct gw_peers;

struct gw_peer_address {
	struct gw_endpoint endpoint; /* of its sessions */
	const char *interface;       /* by which it was heard; "": gone */
};

struct gw_peer {
	uint64_t id;      /* of this one, as long as it is there */
	const char *name; /* as it calls itself */
	/* The remembered device that it seems to be: its name here and its
	 * key; NULL: none. */
	const char *device, *key;
	bool receives, sends; /* what it waits for */
	bool here;            /* it is on this machine */
	/* The one that was heard first comes first. */
	const struct gw_peer_address *addresses;
	size_t address_count;
	uint64_t seen_ms; /* since it was last heard */
};

enum gw_peer_event_kind {
	GW_PEER_THERE,  /* it has come, or something of it is new */
	GW_PEER_GONE,   /* it said so, or was silent for 90 s */
	GW_PEER_TROUBLE /* something does not work; told once */
};

/* Pointers live until the next call on the gw_peers. */
struct gw_peer_event {
	enum gw_peer_event_kind kind;
	struct gw_peer peer; /* of THERE and GONE */
	const char *text;    /* of TROUBLE: one sentence */
};

/* Begin to ask.  A context that was opened plain recognises no remembered
 * device.  GW_E_ADDRESS, GW_E_FAILED, GW_E_DISK: see gw_last_error. */
GW_API GW_MUST_USE enum gw_err gw_peers_open(struct gw *, struct gw_peers **);
/* NULL is fine.  gw_close does so with what is left. */
GW_API void gw_peers_free(struct gw_peers *);
/* Take the next event; false: none now. */
GW_API bool gw_peers_next(struct gw_peers *, struct gw_peer_event *);
/* Those who are there by the events so far, from 0 on; false: no more. */
GW_API bool gw_peers_at(struct gw_peers *, size_t n, struct gw_peer *);

/* Where they are asked: an interface. */
struct gw_peers_link {
	const char *interface;
	const char *to;    /* "192.0.2.255, ff12::e764:7774"; "": nobody can
			      be asked there */
	const char *error; /* of the last question; NULL: none */
};
/* From 0 on; false: no more. */
GW_API bool gw_peers_asked(struct gw_peers *, size_t n, struct gw_peers_link *);

/* ---- what interrupted transfers left behind ---- */

struct gw_partial {
	char id[33];       /* names it to gw_partials_clear */
	const char *peer;  /* name of the sender */
	const char *dir;   /* where it was being written */
	const char *first; /* first top-level name */
	uint64_t bytes;    /* of partial content on disk */
	uint64_t files_done, files_total;
	int64_t age_s;
	bool active; /* a running process holds it */
};

struct gw_partials;

/* List them all; then pull one by one; free. */
GW_API GW_MUST_USE enum gw_err gw_partials_open(
    struct gw *, struct gw_partials **);
GW_API bool gw_partials_next(struct gw_partials *, struct gw_partial *);
GW_API void gw_partials_free(struct gw_partials *);

/* Remove the journal and the partial files of one.  GW_E_AGAIN: it is in
 * use; GW_E_NO_PATH: no such id. */
GW_API enum gw_err gw_partials_clear(struct gw *, const char *id);

/* ---- a trace: what sessions do, as JSON, one object a line ---- */

struct gw_trace_log;

/*
 * Write a trace to this descriptor, which the trace takes, on success: the
 * segments, states, timers and windows of every session of the contexts that
 * are given it (gw_options).  godwit-trace(1) has the names.  It holds
 * addresses and names of devices, never a key, a code or content.  A thread
 * writes it, so that sessions never wait for it: what that cannot keep up
 * with is dropped, and counted.
 */
GW_API GW_MUST_USE enum gw_err gw_trace_open(int fd, struct gw_trace_log **);
/* Once its contexts are closed: writes what waits, and the end.  GW_E_DISK:
 * not all of it could be written.  *dropped (may be NULL): events that are
 * not in it. */
GW_API enum gw_err gw_trace_close(struct gw_trace_log *, uint64_t *dropped);

/* ---- for whole programs: confinement (Linux) ---- */

/*
 * Fork a helper that does name look-ups for a process that is about to be
 * confined.  Call before any thread exists.  The descriptor goes into
 * gw_options.helper_fd; the helper ends when it is closed.
 */
GW_API GW_MUST_USE enum gw_err gw_helper_start(int *fd);

/*
 * Confine the calling process with Landlock: from now on only these paths
 * can be reached (read: read only; write: everything below).  Call before
 * any thread exists.  Sets *in_force to a static text for people ("Landlock
 * ABI 4").  GW_E_FAILED: this kernel has no Landlock.
 */
struct gw_confine_options {
	const char *const *read;
	size_t read_count;
	const char *const *write;
	size_t write_count;
};
GW_API enum gw_err gw_confine(
    const struct gw_confine_options *, const char **in_force);

/* The directories that gw_open would use with these options (made when
 * missing, 0700), for gw_confine.  The caller frees the strings; *runtime_dir
 * is NULL where no sessions are shown. */
GW_API GW_MUST_USE enum gw_err gw_directories(const struct gw_options *,
    char **data_dir, char **state_dir, char **runtime_dir);

/* ---- small things that programs around it need ---- */

/*
 * Write a name so that a terminal shows it and nothing else: control
 * characters, bidirectional overrides, invalid UTF-8 and backslash become
 * \xHH or \u{HHHH}.  Writes at most `size` bytes with the NUL, never cuts a
 * character, returns the length it would have needed.
 */
GW_API size_t gw_escape(char *out, size_t size, const char *name);

/* Is this code of the form NUMBER-WORD-WORD...? Who waits with such a code is
 * found by its number (`by_number`); any other needs an address, and 8
 * characters. */
GW_API bool gw_code_is_spoken(const char *code);

#ifdef __cplusplus
}
#endif

#endif /* GODWIT_H */
