#include "cli/json.h"

#include <stdlib.h>

#include "cli/json_build.h"
#include "cli/text.h"

static void
add_names(cJSON *o, const char *const *names, size_t count)
{
	cJSON *list = cJSON_AddArrayToObject(o, "names"), *digits = NULL;

	for (size_t i = 0; i < count; i++) {
		cJSON_AddItemToArray(list, cli_json_value(names[i]));
		if (!cli_text_is_utf8(names[i]) && digits == NULL)
			digits = cJSON_AddArrayToObject(o, "names_hex");
	}
	for (size_t i = 0; digits != NULL && i < count; i++) {
		char *one = cli_json_hex(names[i]);

		cJSON_AddItemToArray(digits, cJSON_CreateString(one));
		free(one);
	}
}

/* ---- one function an event ---- */

static char *
listening(const struct gw_event *e)
{
	cJSON *o = cli_json_begin("listening"), *list;

	cli_json_text(o, "name", e->listening.name);
	list = cJSON_AddArrayToObject(o, "addresses");
	for (size_t i = 0; i < e->listening.address_count; i++)
		cJSON_AddItemToArray(
		    list, cli_json_value(e->listening.addresses[i]));
	cli_json_number(o, "port", e->listening.port);
	cli_json_text(o, "code", e->listening.code);
	cJSON_AddBoolToObject(o, "found", e->listening.found);
	return cli_json_finish(o);
}

static char *
connected(const struct gw_event *e)
{
	cJSON *o = cli_json_begin("connected");

	cli_json_text(o, "peer", e->connected.peer);
	cli_json_text(o, "key", e->connected.key);
	cli_json_text(o, "device", e->connected.device);
	cli_json_text(o, "address", e->connected.address);
	cli_json_text(o, "carrier", e->connected.carrier);
	cli_json_text(o, "why", e->connected.why);
	cli_json_text(o, "cipher", e->connected.cipher);
	cJSON_AddBoolToObject(o, "resumed", e->connected.resumed);
	return cli_json_finish(o);
}

static char *
offer(const struct gw_event *e)
{
	cJSON *o = cli_json_begin("offer");

	cli_json_text(o, "peer", e->offer.peer);
	cli_json_number(o, "files", e->offer.files);
	cli_json_number(o, "dirs", e->offer.dirs);
	cli_json_number(o, "others", e->offer.others);
	if (e->offer.bytes_known)
		cli_json_number(o, "bytes", e->offer.bytes);
	else
		cJSON_AddNullToObject(o, "bytes");
	add_names(o, e->offer.names, e->offer.name_count);
	return cli_json_finish(o);
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
	cJSON *o = cli_json_begin("progress");

	cli_json_number(o, "bytes", e->progress.bytes);
	cli_json_number(o, "total", e->progress.bytes_total);
	cli_json_number(o, "files", e->progress.files);
	cli_json_number(o, "files_total", e->progress.files_total);
	cli_json_number(o, "rate", e->progress.rate);
	if (e->progress.eta_ms >= 0)
		cJSON_AddNumberToObject(
		    o, "eta", (double)e->progress.eta_ms / 1000);
	else
		cJSON_AddNullToObject(o, "eta");
	cli_json_text(o, "name", e->progress.name);
	cJSON_AddStringToObject(o, "limiter", limiters[e->progress.limiter]);
	cJSON_AddNumberToObject(
	    o, "stalled", (double)e->progress.stalled_ms / 1000);
	return cli_json_finish(o);
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
	cJSON *o = cli_json_begin("entry");

	cli_json_text(o, "name", e->entry.name);
	cli_json_text(o, "final_name", e->entry.final_name);
	cJSON_AddStringToObject(o, "kind", kinds[e->entry.kind]);
	cli_json_number(o, "bytes", e->entry.bytes);
	cJSON_AddStringToObject(o, "status", statuses[e->entry.status]);
	cli_json_text(o, "reason", e->entry.reason);
	if (e->entry.address != NULL)
		cli_json_text(o, "address", e->entry.address);
	return cli_json_finish(o);
}

static char *
complete(const struct gw_event *e)
{
	cJSON *o = cli_json_begin("complete");

	cli_json_number(o, "bytes", e->complete.bytes);
	cli_json_number(o, "moved", e->complete.moved);
	cli_json_number(o, "files", e->complete.files);
	cli_json_number(o, "failed", e->complete.failed);
	cli_json_number(o, "skipped", e->complete.skipped);
	cJSON_AddNumberToObject(o, "seconds", e->complete.seconds);
	cJSON_AddNumberToObject(o, "status", gw_err_exit(e->complete.err));
	return cli_json_finish(o);
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
		[GW_NOTICE_REMEMBERED] = "remembered",
		[GW_NOTICE_XATTRS] = "xattrs",
		[GW_NOTICE_DROPPED] = "dropped" };
	cJSON *o = cli_json_begin("notice");

	cJSON_AddStringToObject(o, "kind", kinds[e->notice.what]);
	cli_json_text(o, "text", e->notice.text);
	cli_json_number(o, "count", e->notice.count);
	cli_json_number(o, "bytes", e->notice.bytes);
	return cli_json_finish(o);
}

char *
cli_json_error(enum gw_err err, const char *reason)
{
	cJSON *o = cli_json_begin("error");

	cJSON_AddNumberToObject(o, "status", gw_err_exit(err));
	cJSON_AddStringToObject(o, "error", gw_err_name(err));
	cli_json_text(o, "reason", reason != NULL ? reason : gw_err_text(err));
	return cli_json_finish(o);
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
	cJSON *o = cli_json_begin(NULL);

	cli_json_text(o, "id", p->id);
	cli_json_text(o, "peer", p->peer);
	cli_json_text(o, "dir", p->dir);
	cli_json_text(o, "first", p->first);
	cli_json_number(o, "bytes", p->bytes);
	cli_json_number(o, "files_done", p->files_done);
	cli_json_number(o, "files_total", p->files_total);
	cJSON_AddNumberToObject(o, "age", (double)p->age_s);
	cJSON_AddBoolToObject(o, "active", p->active);
	return cli_json_finish(o);
}

char *
cli_json_device(const struct gw_device *d)
{
	cJSON *o = cli_json_begin(NULL);

	cli_json_text(o, "name", d->name);
	cli_json_text(o, "key", d->key);
	cJSON_AddNumberToObject(o, "added", (double)d->added);
	return cli_json_finish(o);
}
