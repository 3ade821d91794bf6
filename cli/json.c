#include "cli/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cli/memory.h"
#include "cli/text.h"

static cJSON *
begin(const char *event)
{
	cJSON *o = cJSON_CreateObject();

	if (event != NULL)
		cJSON_AddStringToObject(o, "event", event);
	return o;
}

/*
 * cJSON leaves all but ASCII controls as they are.  On a terminal others act
 * too (C1 controls, directional overrides): these become \uXXXX.
 */
static char *
defuse(const char *text)
{
	char *out = cli_alloc(strlen(text) + 1, 6), *at = out;
	size_t n;

	for (; *text != '\0'; text += n) {
		char one[5] = "", escaped[16];

		if ((n = cli_text_utf8_length(text)) == 0)
			n = 1;
		memcpy(one, text, n);
		gw_escape(escaped, sizeof escaped, one);
		if (strcmp(one, "\x7f") == 0) {
			at = stpcpy(at, "\\u007f");
		} else if (strncmp(escaped, "\\u{", 3) == 0) {
			unsigned long c = strtoul(escaped + 3, NULL, 16);

			if (c > 0xffff)
				at += sprintf(at, "\\u%04lx\\u%04lx",
				    0xd800 + ((c - 0x10000) >> 10),
				    0xdc00 + ((c - 0x10000) & 0x3ff));
			else
				at += sprintf(at, "\\u%04lx", c);
		} else {
			at = stpcpy(at, one);
		}
	}
	return out;
}

/* cJSON gives up quietly when memory ends; we do so aloud. */
static char *
finish(cJSON *o)
{
	char *text = o != NULL ? cJSON_PrintUnformatted(o) : NULL, *mine;

	cJSON_Delete(o);
	if (text == NULL) {
		fputs("godwit: out of memory\n", stderr);
		exit(gw_err_exit(GW_E_MEMORY));
	}
	mine = defuse(text);
	cJSON_free(text);
	return mine;
}

static void
add_number(cJSON *o, const char *key, uint64_t v)
{
	char digits[24];

	/* cJSON's own numbers are exact to 15 digits only. */
	snprintf(digits, sizeof digits, "%llu", (unsigned long long)v);
	cJSON_AddRawToObject(o, key, digits);
}

static char *
hex(const char *bytes)
{
	size_t n = strlen(bytes);
	char *out = cli_alloc(n + 1, 2);

	for (size_t i = 0; i < n; i++)
		sprintf(out + 2 * i, "%02x", (unsigned char)bytes[i]);
	return out;
}

static cJSON *
text_value(const char *text)
{
	char *escaped;
	cJSON *v;

	if (text == NULL)
		return cJSON_CreateNull();
	if (cli_text_is_utf8(text))
		return cJSON_CreateString(text);
	escaped = cli_text_escape(text);
	v = cJSON_CreateString(escaped);
	free(escaped);
	return v;
}

/* JSON has no bytes: what is not UTF-8 is escaped, and told again in
 * hexadecimal under the key with _hex. */
static void
add_text(cJSON *o, const char *key, const char *text)
{
	cJSON_AddItemToObject(o, key, text_value(text));
	if (text != NULL && !cli_text_is_utf8(text)) {
		char *twin = cli_format("%s_hex", key), *digits = hex(text);

		cJSON_AddStringToObject(o, twin, digits);
		free(digits);
		free(twin);
	}
}

static void
add_names(cJSON *o, const char *const *names, size_t count)
{
	cJSON *list = cJSON_AddArrayToObject(o, "names"), *digits = NULL;

	for (size_t i = 0; i < count; i++) {
		cJSON_AddItemToArray(list, text_value(names[i]));
		if (!cli_text_is_utf8(names[i]) && digits == NULL)
			digits = cJSON_AddArrayToObject(o, "names_hex");
	}
	for (size_t i = 0; digits != NULL && i < count; i++) {
		char *one = hex(names[i]);

		cJSON_AddItemToArray(digits, cJSON_CreateString(one));
		free(one);
	}
}

/* ---- one function an event ---- */

static char *
listening(const struct gw_event *e)
{
	cJSON *o = begin("listening"), *list;

	add_text(o, "name", e->listening.name);
	list = cJSON_AddArrayToObject(o, "addresses");
	for (size_t i = 0; i < e->listening.address_count; i++)
		cJSON_AddItemToArray(
		    list, text_value(e->listening.addresses[i]));
	add_number(o, "port", e->listening.port);
	add_text(o, "code", e->listening.code);
	return finish(o);
}

static char *
connected(const struct gw_event *e)
{
	cJSON *o = begin("connected");

	add_text(o, "peer", e->connected.peer);
	add_text(o, "key", e->connected.key);
	add_text(o, "address", e->connected.address);
	add_text(o, "carrier", e->connected.carrier);
	add_text(o, "cipher", e->connected.cipher);
	cJSON_AddBoolToObject(o, "resumed", e->connected.resumed);
	return finish(o);
}

static char *
offer(const struct gw_event *e)
{
	cJSON *o = begin("offer");

	add_text(o, "peer", e->offer.peer);
	add_number(o, "files", e->offer.files);
	add_number(o, "dirs", e->offer.dirs);
	add_number(o, "others", e->offer.others);
	if (e->offer.bytes_known)
		add_number(o, "bytes", e->offer.bytes);
	else
		cJSON_AddNullToObject(o, "bytes");
	add_names(o, e->offer.names, e->offer.name_count);
	return finish(o);
}

static char *
progress(const struct gw_event *e)
{
	static const char *const limiters[] = { [GW_LIMIT_NONE] = "none",
		[GW_LIMIT_NETWORK] = "network",
		[GW_LIMIT_DISK_HERE] = "disk-here",
		[GW_LIMIT_DISK_THERE] = "disk-there",
		[GW_LIMIT_PEER] = "peer",
		[GW_LIMIT_USER] = "user",
		[GW_LIMIT_RATE] = "rate" };
	cJSON *o = begin("progress");

	add_number(o, "bytes", e->progress.bytes);
	add_number(o, "total", e->progress.bytes_total);
	add_number(o, "files", e->progress.files);
	add_number(o, "files_total", e->progress.files_total);
	add_number(o, "rate", e->progress.rate);
	if (e->progress.eta_ms >= 0)
		cJSON_AddNumberToObject(
		    o, "eta", (double)e->progress.eta_ms / 1000);
	else
		cJSON_AddNullToObject(o, "eta");
	add_text(o, "name", e->progress.name);
	cJSON_AddStringToObject(o, "limiter", limiters[e->progress.limiter]);
	cJSON_AddNumberToObject(
	    o, "stalled", (double)e->progress.stalled_ms / 1000);
	return finish(o);
}

static char *
entry(const struct gw_event *e)
{
	static const char *const kinds[] = { [GW_KIND_FILE] = "file",
		[GW_KIND_DIR] = "dir",
		[GW_KIND_SYMLINK] = "symlink",
		[GW_KIND_HARDLINK] = "hardlink",
		[GW_KIND_OTHER] = "other" };
	static const char *const statuses[] = { [GW_ENTRY_DONE] = "done",
		[GW_ENTRY_HAD] = "had",
		[GW_ENTRY_SKIPPED] = "skipped",
		[GW_ENTRY_FAILED] = "failed" };
	cJSON *o = begin("entry");

	add_text(o, "name", e->entry.name);
	add_text(o, "final_name", e->entry.final_name);
	cJSON_AddStringToObject(o, "kind", kinds[e->entry.kind]);
	add_number(o, "bytes", e->entry.bytes);
	cJSON_AddStringToObject(o, "status", statuses[e->entry.status]);
	add_text(o, "reason", e->entry.reason);
	if (e->entry.address != NULL)
		add_text(o, "address", e->entry.address);
	return finish(o);
}

static char *
complete(const struct gw_event *e)
{
	cJSON *o = begin("complete");

	add_number(o, "bytes", e->complete.bytes);
	add_number(o, "moved", e->complete.moved);
	add_number(o, "files", e->complete.files);
	add_number(o, "failed", e->complete.failed);
	add_number(o, "skipped", e->complete.skipped);
	cJSON_AddNumberToObject(o, "seconds", e->complete.seconds);
	cJSON_AddNumberToObject(o, "status", gw_err_exit(e->complete.err));
	return finish(o);
}

static char *
notice(const struct gw_event *e)
{
	static const char *const kinds[] = { [GW_NOTICE_TEXT] = "text",
		[GW_NOTICE_GUESS] = "guess",
		[GW_NOTICE_STRANGER] = "stranger",
		[GW_NOTICE_RETRY] = "retry",
		[GW_NOTICE_STALL] = "stall",
		[GW_NOTICE_PARTIALS] = "partials",
		[GW_NOTICE_SKIPPED] = "skipped",
		[GW_NOTICE_XATTRS] = "xattrs",
		[GW_NOTICE_DROPPED] = "dropped" };
	cJSON *o = begin("notice");

	cJSON_AddStringToObject(o, "kind", kinds[e->notice.what]);
	add_text(o, "text", e->notice.text);
	add_number(o, "count", e->notice.count);
	add_number(o, "bytes", e->notice.bytes);
	return finish(o);
}

char *
cli_json_error(enum gw_err err, const char *reason)
{
	cJSON *o = begin("error");

	cJSON_AddNumberToObject(o, "status", gw_err_exit(err));
	cJSON_AddStringToObject(o, "error", gw_err_name(err));
	add_text(o, "reason", reason != NULL ? reason : gw_err_text(err));
	return finish(o);
}

char *
cli_json_notice(const char *text)
{
	struct gw_event e = { .kind = GW_EVENT_NOTICE };

	e.notice.what = GW_NOTICE_TEXT;
	e.notice.text = text;
	return notice(&e);
}

char *
cli_json_event(const struct gw_event *e)
{
	switch (e->kind) {
	case GW_EVENT_LISTENING:
		return listening(e);
	case GW_EVENT_CONNECTED:
		return connected(e);
	case GW_EVENT_OFFER:
		return offer(e);
	case GW_EVENT_PROGRESS:
		return progress(e);
	case GW_EVENT_ENTRY:
		return entry(e);
	case GW_EVENT_COMPLETE:
		return complete(e);
	case GW_EVENT_NOTICE:
		return notice(e);
	case GW_EVENT_ERROR:
		return cli_json_error(e->error.err, e->error.reason);
	case GW_EVENT_CONFLICT:
	case GW_EVENT_END:
		break;
	}
	return NULL;
}

char *
cli_json_partial(const struct gw_partial *p)
{
	cJSON *o = begin(NULL);

	add_text(o, "id", p->id);
	add_text(o, "peer", p->peer);
	add_text(o, "dir", p->dir);
	add_text(o, "first", p->first);
	add_number(o, "bytes", p->bytes);
	add_number(o, "files_done", p->files_done);
	add_number(o, "files_total", p->files_total);
	cJSON_AddNumberToObject(o, "age", (double)p->age_s);
	cJSON_AddBoolToObject(o, "active", p->active);
	return finish(o);
}
