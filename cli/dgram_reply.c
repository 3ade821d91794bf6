#include "cli/dgram_reply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/memory.h"

/* ---- the option ---- */

const char *
cli_value_reply(char *text, void *field)
{
	static const struct {
		const char *word;
		enum cli_reply_kind kind;
	} words[] = { { "echo", CLI_REPLY_ECHO }, { "time", CLI_REPLY_TIME },
		{ "upper", CLI_REPLY_UPPER }, { "text:", CLI_REPLY_TEXT },
		{ "exec:", CLI_REPLY_EXEC } };
	struct cli_reply *r = field;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t n = strlen(words[i].word);
		bool takes_more = words[i].word[n - 1] == ':';

		if (strncmp(text, words[i].word, n) != 0 ||
		    (!takes_more && text[n] != '\0'))
			continue;
		if (words[i].kind == CLI_REPLY_EXEC && text[n] == '\0')
			return "names no command after exec:";
		if (strlen(text + n) > GW_DATAGRAM_MAX)
			return "is longer than a datagram can be";
		*r = (struct cli_reply){ words[i].kind, text + n, text };
		return NULL;
	}
	return "is none of echo, time, upper, text:TEXT, exec:CMD";
}

/* ---- the answer ---- */

/* "2026-11-26T14:03:27+01:00\n" */
static char *
time_text(int64_t wall_seconds, size_t *size)
{
	time_t seconds = (time_t)wall_seconds;
	char date[32] = "", zone[8] = "";
	struct tm tm;
	char *text;

	if (localtime_r(&seconds, &tm) != NULL) {
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
		strftime(zone, sizeof zone, "%z", &tm);
	}
	text = cli_format(
	    "%s%.3s:%s\n", date, zone, strlen(zone) > 3 ? zone + 3 : "00");
	*size = strlen(text);
	return text;
}

char *
cli_reply_make(const struct cli_reply *r, const void *data, size_t n,
    int64_t wall_seconds, size_t *size)
{
	char *copy;

	if (r->kind == CLI_REPLY_TIME)
		return time_text(wall_seconds, size);
	if (r->kind == CLI_REPLY_TEXT) {
		data = r->text;
		n = strlen(r->text);
	}
	copy = cli_copy_n(data, n);
	for (size_t i = 0; r->kind == CLI_REPLY_UPPER && i < n; i++)
		if (copy[i] >= 'a' && copy[i] <= 'z')
			copy[i] = (char)(copy[i] - 'a' + 'A');
	*size = n;
	return copy;
}

/* ---- who gets none ---- */

enum {
	WINDOW = 10000000,    /* us */
	SILENT_FOR = 60000000 /* us, once there were too many */
};

/* echo, daytime, quote of the day, character generator, time */
static bool
answers_everything(uint16_t port)
{
	return port == 7 || port == 13 || port == 17 || port == 19 ||
	       port == 37;
}

static bool
same(const struct gw_endpoint *a, const struct gw_endpoint *b)
{
	return memcmp(a->ip, b->ip, sizeof a->ip) == 0 && a->zone == b->zone &&
	       a->port == b->port;
}

/* Its place, or that of who was silent longest. */
static struct cli_reply_peer *
place_of(struct cli_reply_guard *g, const struct gw_endpoint *peer)
{
	struct cli_reply_peer *oldest = &g->peers[0];

	for (size_t i = 0; i < CLI_REPLY_PEERS; i++) {
		struct cli_reply_peer *p = &g->peers[i];

		if (same(&p->peer, peer))
			return p;
		if (p->since < oldest->since)
			oldest = p;
	}
	*oldest = (struct cli_reply_peer){ .peer = *peer };
	return oldest;
}

enum cli_reply_silence
cli_reply_may(
    struct cli_reply_guard *g, const struct gw_arrival *a, uint64_t now)
{
	struct cli_reply_peer *p;

	if (a->from_self)
		return CLI_REPLY_SELF;
	if (a->datagram.peer.port == 0)
		return CLI_REPLY_NO_PORT;
	if (answers_everything(a->datagram.peer.port))
		return CLI_REPLY_SERVICE;
	if (a->datagram.peer.port != g->port)
		return CLI_REPLY_ANSWER;
	p = place_of(g, &a->datagram.peer);
	if (now < p->silent_until)
		return CLI_REPLY_LOOP;
	if (p->since == 0 || now - p->since >= WINDOW) {
		p->since = now;
		p->answers = 0;
	}
	if (++p->answers <= CLI_REPLY_IN_WINDOW)
		return CLI_REPLY_ANSWER;
	p->silent_until = now + SILENT_FOR;
	return CLI_REPLY_LOOP;
}

const char *
cli_reply_reason(enum cli_reply_silence s)
{
	static const char *const reasons[CLI_REPLY_SILENCES] = {
		[CLI_REPLY_ANSWER] = "",
		[CLI_REPLY_SELF] = "it came from this very socket",
		[CLI_REPLY_SERVICE] =
		    "it came from the port of a service that answers "
		    "everything, as this one does",
		[CLI_REPLY_NO_PORT] = "it came from port 0, to which nothing "
				      "can be sent",
		[CLI_REPLY_LOOP] =
		    "it comes from our own port number, again and again, as "
		    "if there each answer was answered; silent for a minute",
	};

	return reasons[s];
}
