/*
 * dgram_reply - what `godwit dgram listen --reply` answers, and what it had
 * better not answer.
 */
#ifndef GW_CLI_DGRAM_REPLY_H
#define GW_CLI_DGRAM_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "godwit.h"

enum cli_reply_kind {
	CLI_REPLY_NONE,
	CLI_REPLY_ECHO,
	CLI_REPLY_TIME,
	CLI_REPLY_UPPER,
	CLI_REPLY_TEXT,
	CLI_REPLY_EXEC
};

struct cli_reply {
	enum cli_reply_kind kind;
	const char *text;     /* of text: or exec: */
	const char *as_given; /* NULL: it was not */
};

/* Field: struct cli_reply; a parser of option tables. */
const char *cli_value_reply(char *text, void *field);

/* The answer to a datagram; new storage, *size bytes.  Not for exec. */
char *cli_reply_make(const struct cli_reply *, const void *data, size_t n,
    int64_t wall_seconds, size_t *size);

/*
 * Two programs that answer everything, each other too, never stop.  So some
 * senders get no answer: oneself; the ports of services of that kind; and who
 * speaks from our own port number, as another listener does, gets only so
 * many.
 */
enum cli_reply_silence {
	CLI_REPLY_ANSWER,
	CLI_REPLY_SELF,
	CLI_REPLY_SERVICE,
	CLI_REPLY_NO_PORT,
	CLI_REPLY_LOOP,
	CLI_REPLY_SILENCES /* how many there are */
};

enum {
	CLI_REPLY_PEERS = 64,    /* that are remembered */
	CLI_REPLY_IN_WINDOW = 20 /* answers to one of them in ten seconds */
};

struct cli_reply_peer {
	struct gw_endpoint peer;
	uint64_t since, silent_until; /* us */
	unsigned answers;
};

struct cli_reply_guard {
	uint16_t port; /* ours */
	struct cli_reply_peer peers[CLI_REPLY_PEERS];
};

/* May this one be answered, at this time (us)? */
enum cli_reply_silence cli_reply_may(
    struct cli_reply_guard *, const struct gw_arrival *, uint64_t now);
/* Why not, for a sentence that begins with the sender. */
const char *cli_reply_reason(enum cli_reply_silence);

#endif /* GW_CLI_DGRAM_REPLY_H */
