#include "cli/trace_read.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/text.h"

/* Doubles, which JSON's numbers are here, are exact up to this. */
static const double most = 9007199254740992.0;

static const char *const kind_names[CLI_TRACE_KINDS] = {
	[CLI_TRACE_BEGAN] = "trace_started",
	[CLI_TRACE_STARTED] = "connection_started",
	[CLI_TRACE_ADDRESS] = "path_assigned",
	[CLI_TRACE_OPENED] = "connection_opened",
	[CLI_TRACE_SENT] = "packet_sent",
	[CLI_TRACE_RECEIVED] = "packet_received",
	[CLI_TRACE_LOST] = "packet_lost",
	[CLI_TRACE_FOUND] = "packet_lost_spuriously",
	[CLI_TRACE_UNDONE] = "loss_undone",
	[CLI_TRACE_TIMER] = "loss_timer_updated",
	[CLI_TRACE_METRICS] = "metrics_updated",
	[CLI_TRACE_CONGESTION] = "congestion_state_updated",
	[CLI_TRACE_PERSISTENT] = "persistent_congestion",
	[CLI_TRACE_STATE] = "connection_state_updated",
	[CLI_TRACE_PATH] = "migration_state_updated",
	[CLI_TRACE_ECN] = "ecn_state_updated",
	[CLI_TRACE_MTU] = "mtu_updated",
	[CLI_TRACE_KEY] = "key_updated",
	[CLI_TRACE_ILLEGAL] = "protocol_violation",
	[CLI_TRACE_CLOSED] = "connection_closed",
	[CLI_TRACE_DROPPED] = "events_dropped",
	[CLI_TRACE_ENDED] = "trace_ended",
};

static const char *const frame_names[CLI_TRACE_FRAME_TYPES] = {
	[CLI_TRACE_FRAME_ACK] = "ack",
	[CLI_TRACE_FRAME_STREAM] = "stream",
	[CLI_TRACE_FRAME_WINDOW] = "window",
	[CLI_TRACE_FRAME_SESSION_WINDOW] = "session_window",
	[CLI_TRACE_FRAME_BLOCKED] = "blocked",
	[CLI_TRACE_FRAME_SESSION_BLOCKED] = "session_blocked",
	[CLI_TRACE_FRAME_PING] = "ping",
	[CLI_TRACE_FRAME_PADDING] = "padding",
	[CLI_TRACE_FRAME_FREQUENCY] = "ack_frequency",
	[CLI_TRACE_FRAME_FIN] = "fin",
};

void
cli_trace_reader_init(struct cli_trace_reader *r, FILE *file)
{
	*r = (struct cli_trace_reader){ .file = file };
	r->text = cli_alloc(CLI_TRACE_LINE + 1, 1);
}

void
cli_trace_reader_fini(struct cli_trace_reader *r)
{
	free(r->text);
	r->text = NULL;
}

void
cli_trace_reader_rewind(struct cli_trace_reader *r)
{
	rewind(r->file);
	r->line = r->last_t = 0;
	r->wrong[0] = '\0';
}

static bool __attribute__((format(printf, 2, 3)))
wrong(struct cli_trace_reader *r, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	snprintf(
	    r->wrong, sizeof r->wrong, "line %" PRIu64 ": %s", r->line, text);
	return false;
}

/* ---- fields ---- */

/* Numbers that are out of all reason count as absent. */
static bool
number(const cJSON *o, const char *key, double scale, uint64_t *out)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
	double d;

	if (!cJSON_IsNumber(v))
		return false;
	d = v->valuedouble * scale;
	if (!isfinite(d) || d < 0 || d > most)
		return false;
	*out = (uint64_t)(d + 0.5);
	return true;
}

static bool
is_true(const cJSON *o, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key));
}

/* Safe for a terminal, and cut at a whole character. */
static void
text(const cJSON *o, const char *key, char *out, size_t size)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
	char *safe;
	size_t n = 0;

	out[0] = '\0';
	if (!cJSON_IsString(v))
		return;
	safe = cli_text_sentence(v->valuestring);
	while (safe[n] != '\0') {
		size_t one = cli_text_utf8_length(safe + n);

		one += one == 0;
		if (n + one >= size)
			break;
		n += one;
	}
	memcpy(out, safe, n);
	out[n] = '\0';
	free(safe);
}

#define TEXT(o, key, field) text(o, key, field, sizeof(field))

/* ---- frames ---- */

static void
take_ranges(const cJSON *o, struct cli_trace_frame *f)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "acked_ranges");
	const cJSON *range;

	cJSON_ArrayForEach(range, list)
	{
		const cJSON *first = cJSON_GetArrayItem(range, 0);
		const cJSON *last = cJSON_GetArrayItem(range, 1);

		if (!cJSON_IsNumber(first) || !cJSON_IsNumber(last) ||
		    !(first->valuedouble >= 0 &&
			first->valuedouble <= last->valuedouble &&
			last->valuedouble <= most))
			continue;
		if (f->range_count == CLI_TRACE_RANGES) {
			f->more_ranges = true;
			break;
		}
		f->ranges[f->range_count].first = (uint64_t)first->valuedouble;
		f->ranges[f->range_count].last = (uint64_t)last->valuedouble;
		f->range_count++;
	}
}

static void
take_frame(const cJSON *o, struct cli_trace_frame *f)
{
	*f = (struct cli_trace_frame){ .type = CLI_TRACE_FRAME_OTHER };
	TEXT(o, "frame_type", f->name);
	for (unsigned i = 1; i < CLI_TRACE_FRAME_TYPES; i++)
		if (strcmp(f->name, frame_names[i]) == 0)
			f->type = (enum cli_trace_frame_type)i;
	if (strcmp(f->name, "ack_ecn") == 0)
		f->type = CLI_TRACE_FRAME_ACK;
	number(o, "stream_id", 1, &f->stream);
	number(o, "offset", 1, &f->offset);
	number(o, "length", 1, &f->length);
	number(o, "limit", 1, &f->limit);
	f->fin = is_true(o, "fin");
	f->again = is_true(o, "again");
	if (f->type == CLI_TRACE_FRAME_ACK)
		take_ranges(o, f);
}

static void
take_frames(const cJSON *o, struct cli_trace_event *e)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "frames");
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		if (e->frame_count == CLI_TRACE_FRAMES)
			break;
		take_frame(one, &e->frames[e->frame_count++]);
	}
}

/* ---- events ---- */

static void
take_packet(const cJSON *o, struct cli_trace_event *e)
{
	TEXT(o, "packet_type", e->a);
	e->has_number = number(o, "packet_number", 1, &e->number);
	number(o, "length", 1, &e->length);
	e->again = is_true(o, "again");
	e->mtu_probe = is_true(o, "mtu_probe");
	take_frames(o, e);
}

static void
take_metrics(const cJSON *o, struct cli_trace_event *e)
{
	uint64_t in = 0, out = 0;

	number(o, "smoothed_rtt", 1000, &e->srtt);
	number(o, "latest_rtt", 1000, &e->rtt);
	number(o, "min_rtt", 1000, &e->min_rtt);
	number(o, "congestion_window", 1, &e->window);
	number(o, "bytes_in_flight", 1, &e->in_flight);
	number(o, "pacing_rate", 1, &e->pacing);
	number(o, "delivery_rate", 1, &e->delivery);
	number(o, "bytes_sent", 1, &out);
	number(o, "bytes_received", 1, &in);
	e->carried = out > in ? out : in;
}

/* Strings of a kind, by the names of their fields. */
static void
take_strings(const cJSON *o, struct cli_trace_event *e)
{
	static const char *const keys[CLI_TRACE_KINDS][3] = {
		[CLI_TRACE_BEGAN] = { "program", "time" },
		[CLI_TRACE_STARTED] = { "carrier", "role", "name" },
		[CLI_TRACE_ADDRESS] = { "remote" },
		[CLI_TRACE_OPENED] = { "peer", "cipher" },
		[CLI_TRACE_TIMER] = { "timer_type" },
		[CLI_TRACE_CONGESTION] = { "algorithm", "old", "new" },
		[CLI_TRACE_STATE] = { "old", "new" },
		[CLI_TRACE_PATH] = { "new" },
		[CLI_TRACE_ECN] = { "new" },
		[CLI_TRACE_KEY] = { "key_type" },
		[CLI_TRACE_ILLEGAL] = { "what" },
		[CLI_TRACE_CLOSED] = { "error", "reason" },
	};
	const char *const *k = keys[e->kind];

	if (k[0] != NULL)
		TEXT(o, k[0], e->a);
	if (k[1] != NULL)
		TEXT(o, k[1], e->b);
	if (k[2] != NULL)
		TEXT(o, k[2], e->c);
}

static void
take_fields(const cJSON *o, struct cli_trace_event *e)
{
	take_strings(o, e);
	switch (e->kind) {
	case CLI_TRACE_SENT:
	case CLI_TRACE_RECEIVED:
	case CLI_TRACE_LOST:
	case CLI_TRACE_FOUND:
		take_packet(o, e);
		break;
	case CLI_TRACE_METRICS:
		take_metrics(o, e);
		break;
	case CLI_TRACE_TIMER:
		number(o, "pto_count", 1, &e->number);
		break;
	case CLI_TRACE_MTU:
		number(o, "new", 1, &e->number);
		break;
	case CLI_TRACE_DROPPED:
		number(o, "count", 1, &e->number);
		break;
	case CLI_TRACE_ENDED:
		number(o, "dropped", 1, &e->number);
		break;
	default:
		break;
	}
}

static void
take_session(const cJSON *o, struct cli_trace_event *e)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "session");
	char *end;

	if (!cJSON_IsString(v) || strlen(v->valuestring) != 16 ||
	    strspn(v->valuestring, "0123456789abcdef") != 16)
		return;
	e->session = strtoull(v->valuestring, &end, 16);
	e->has_session = true;
}

static enum cli_trace_kind
kind_of(const char *name)
{
	for (unsigned i = 1; i < CLI_TRACE_KINDS; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return (enum cli_trace_kind)i;
	return CLI_TRACE_OTHER;
}

static bool
check_first(
    struct cli_trace_reader *r, const cJSON *o, const struct cli_trace_event *e)
{
	uint64_t version = 0;

	if (e->kind != CLI_TRACE_BEGAN ||
	    !number(o, "trace_version", 1, &version))
		return wrong(r, "this is no trace: `godwit send --trace FILE` "
				"writes one");
	if (version != 1)
		return wrong(r,
		    "a trace of version %" PRIu64 ": this godwit reads "
		    "version 1",
		    version);
	return true;
}

static bool
take(struct cli_trace_reader *r, const cJSON *o, struct cli_trace_event *e)
{
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(o, "event");

	*e = (struct cli_trace_event){ .kind = CLI_TRACE_OTHER };
	if (!cJSON_IsObject(o) || !cJSON_IsString(name))
		return r->line == 1 ? check_first(r, o, e)
				    : wrong(r, "no \"event\" is in it");
	e->kind = kind_of(name->valuestring);
	if (!number(o, "t", 1e6, &e->t))
		return wrong(r, "no time \"t\" is in it");
	if (r->line == 1 && !check_first(r, o, e))
		return false;
	/* Time never goes back, whatever the file says. */
	if (e->t < r->last_t)
		e->t = r->last_t;
	r->last_t = e->t;
	take_session(o, e);
	take_fields(o, e);
	return true;
}

/* ---- lines ---- */

/* The next line, without its end; false: no whole one is left. */
static bool
read_line(struct cli_trace_reader *r, size_t *n)
{
	size_t used = 0;
	int c;

	r->line++;
	while ((c = getc_unlocked(r->file)) != EOF && c != '\n') {
		if (used == CLI_TRACE_LINE)
			return wrong(r, "longer than %d bytes", CLI_TRACE_LINE);
		r->text[used++] = (char)c;
	}
	r->text[used] = '\0';
	if (c == EOF) {
		if (ferror(r->file))
			return wrong(r, "%s", strerror(errno));
		if (r->line == 1)
			return wrong(r, used == 0
					    ? "it is empty"
					    : "this is no trace: `godwit send "
					      "--trace FILE` writes one");
		return false;
	}
	*n = used;
	return true;
}

bool
cli_trace_next(struct cli_trace_reader *r, struct cli_trace_event *e)
{
	size_t n = 0;
	cJSON *o;
	bool ok;

	if (r->wrong[0] != '\0' || !read_line(r, &n))
		return false;
	o = cJSON_ParseWithLength(r->text, n);
	if (o == NULL && r->line > 1)
		return wrong(r, "this is no JSON");
	ok = take(r, o, e);
	cJSON_Delete(o);
	return ok;
}
