#include "cli/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/address.h"
#include "cli/advice.h"
#include "cli/classic.h"
#include "cli/json.h"
#include "cli/memory.h"
#include "cli/size.h"
#include "cli/text.h"

/* ---- JSON ---- */

/* Takes the line. */
static void
take_json_line(struct cli_report *r, char *line)
{
	size_t n = strlen(line), at = 0;

	line[n++] = '\n';
	while (at < n && !r->json_broken) {
		ssize_t w = write(r->json_fd, line + at, n - at);

		if (w > 0) {
			at += (size_t)w;
		} else if (errno != EINTR) {
			/* The transfer is worth more than its story. */
			r->json_broken = true;
			cli_screen_warning(&r->screen,
			    "nobody reads the events any more: %s",
			    strerror(errno));
		}
	}
	free(line);
}

/* ---- a transfer ---- */

static void
tell_connected(struct cli_report *r, const struct gw_event *e)
{
	char *address = cli_text_escape(
	    e->connected.address != NULL ? e->connected.address : "");

	free(r->peer);
	r->peer = cli_text_escape(
	    e->connected.peer != NULL && *e->connected.peer != '\0'
		? e->connected.peer
		: "the other side");
	r->carrier = e->connected.carrier;
	r->why = e->connected.why;
	if (e->connected.resumed)
		cli_screen_info(&r->screen, "Connected again to %s.", r->peer);
	else
		cli_screen_info(
		    &r->screen, "Connected to %s (%s).", r->peer, address);
	cli_screen_detail(&r->screen, "  carrier %s (%s), cipher %s, key %s",
	    e->connected.carrier, e->connected.why, e->connected.cipher,
	    e->connected.key);
	free(address);
}

char *
cli_report_contents(const struct gw_event *e)
{
	unsigned long long files = e->offer.files, dirs = e->offer.dirs,
			   others = e->offer.others;
	char size[CLI_SIZE_TEXT], in[64] = "", and[64] = "";

	if (dirs != 0)
		snprintf(in, sizeof in, " in %llu director%s", dirs,
		    dirs == 1 ? "y" : "ies");
	if (others != 0)
		snprintf(and, sizeof and, " and %llu link%s", others,
		    others == 1 ? "" : "s");
	return cli_format("%llu file%s%s%s, %s", files, files == 1 ? "" : "s",
	    and, in,
	    e->offer.bytes_known ? cli_size_text(size, e->offer.bytes)
				 : "size not known yet");
}

static void
tell_offer(struct cli_report *r, const struct gw_event *e)
{
	char *what = cli_report_contents(e);

	r->of_stream = !e->offer.bytes_known;
	r->stall_told = false;
	if (r->sends)
		cli_screen_info(&r->screen, "Offering %s.", what);
	else if (!e->offer.needs_answer)
		cli_screen_info(&r->screen, "Receiving %s.", what);
	free(what);
}

static void
tell_progress(struct cli_report *r, const struct gw_event *e)
{
	struct cli_progress p = { .bytes = e->progress.bytes,
		.bytes_total = e->progress.bytes_total,
		.files = e->progress.files,
		.files_total = e->progress.files_total,
		.rate = e->progress.rate,
		.eta_ms = e->progress.eta_ms,
		.name = e->progress.name,
		.limiter = e->progress.limiter,
		.stalled_ms = e->progress.stalled_ms,
		.peer = r->peer };
	char *who;

	cli_screen_progress(&r->screen, &p);
	/* Without a live line it is said once a stall. */
	if (p.stalled_ms < CLI_STALL_MS) {
		r->stall_told = false;
		return;
	}
	if (r->screen.live || r->stall_told)
		return;
	r->stall_told = true;
	who = cli_progress_stall(p.limiter, p.peer);
	cli_screen_info(&r->screen, "Nothing moves for %u s: %s.",
	    (unsigned)(p.stalled_ms / 1000), who);
	free(who);
}

static void
tell_dry_entry(struct cli_report *r, const struct gw_event *e)
{
	char *name = cli_text_escape(e->entry.name), size[CLI_SIZE_TEXT] = "-";

	if (e->entry.kind == GW_KIND_FILE)
		cli_size_text(size, e->entry.bytes);
	if (r->json_fd == -1)
		printf("%8s  %s%s\n", size, name,
		    e->entry.kind == GW_KIND_DIR ? "/" : "");
	free(name);
}

/* Done under the name that was offered: of that there may be very many. */
static bool
went_as_usual(const struct gw_event *e)
{
	return e->entry.status <= GW_ENTRY_HAD &&
	       (e->entry.final_name == NULL ||
		   strcmp(e->entry.final_name, e->entry.name) == 0);
}

static void
tell_entry(struct cli_report *r, const struct gw_event *e)
{
	char *name, *other = NULL, *reason = NULL;

	if (r->dry_run && e->entry.status != GW_ENTRY_FAILED) {
		tell_dry_entry(r, e);
		return;
	}
	if (!r->screen.verbose && went_as_usual(e))
		return;
	name = cli_text_escape(e->entry.name);
	if (e->entry.final_name != NULL)
		other = cli_text_escape(e->entry.final_name);
	if (e->entry.reason != NULL)
		reason = cli_text_sentence(e->entry.reason);
	if (e->entry.status == GW_ENTRY_FAILED)
		cli_screen_error(&r->screen, "%s: %s", name,
		    reason != NULL ? reason : "failed");
	else if (e->entry.status == GW_ENTRY_SKIPPED)
		cli_screen_detail(&r->screen, "  %s: left out", name);
	else if (other != NULL && strcmp(other, name) != 0)
		cli_screen_info(&r->screen, "%s is kept as %s.", name, other);
	else
		cli_screen_detail(&r->screen, "  %s%s", name,
		    e->entry.status == GW_ENTRY_HAD ? " (was there)" : "");
	free(reason);
	free(other);
	free(name);
}

/* Where the bytes are now; new storage. */
static char *
whereabouts(const struct cli_report *r)
{
	char *dir, *text;

	if (r->to_stdout)
		return cli_copy("checked and written to standard output");
	if (r->sends)
		return cli_format("checked and durable on %s",
		    r->peer != NULL ? r->peer : "the other side");
	if (r->dir == NULL || strcmp(r->dir, ".") == 0)
		return cli_copy("checked and durable here");
	dir = cli_text_escape(r->dir);
	text = cli_format("checked and durable in %s", dir);
	free(dir);
	return text;
}

char *
cli_report_speed(const struct gw_event *e)
{
	char rate[CLI_SIZE_TEXT];
	double v;

	if (e->complete.moved == 0 || e->complete.seconds < 0.01)
		return cli_copy("");
	v = (double)e->complete.moved / e->complete.seconds;
	return cli_format(
	    " (%s)", cli_rate_text(rate, v < 1e18 ? (uint64_t)v : UINT64_MAX));
}

static void
tell_summary(struct cli_report *r, const struct gw_event *e)
{
	const struct cli_style *s = &r->screen.style;
	unsigned long long files = e->complete.files;
	char size[CLI_SIZE_TEXT], had[CLI_SIZE_TEXT], time[CLI_SIZE_TEXT];
	const char *plural = files == 1 ? "" : "s";
	char *where, *rate;

	cli_size_text(size, e->complete.bytes);
	if (r->dry_run) {
		cli_screen_info(&r->screen, "%llu file%s, %s would be sent.",
		    files, plural, size);
		return;
	}
	where = whereabouts(r);
	rate = cli_report_speed(e);
	cli_screen_info(&r->screen, "%s%llu file%s, %s%s in %s%s, %s.",
	    cli_style_bold(s), files, plural, size, cli_style_plain(s),
	    cli_duration_text(time, e->complete.seconds), rate, where);
	if (e->complete.moved == 0 && e->complete.bytes != 0)
		cli_screen_info(&r->screen, "All of it was there already.");
	else if (e->complete.moved < e->complete.bytes)
		cli_screen_info(&r->screen, "%s of it was there already.",
		    cli_size_text(had, e->complete.bytes - e->complete.moved));
	if (r->carrier != NULL)
		cli_screen_info(&r->screen, "%sOver %s: %s.%s",
		    cli_style_dim(s), r->carrier, r->why, cli_style_plain(s));
	free(rate);
	free(where);
}

static void
tell_complete(struct cli_report *r, const struct gw_event *e)
{
	unsigned long long failed = e->complete.failed,
			   skipped = e->complete.skipped;

	tell_summary(r, e);
	if (failed != 0)
		cli_screen_error(&r->screen, "%llu entr%s failed.", failed,
		    failed == 1 ? "y" : "ies");
	if (skipped != 0)
		cli_screen_info(&r->screen, "%llu entr%s left out.", skipped,
		    skipped == 1 ? "y was" : "ies were");
}

/* ---- what went otherwise ---- */

static void
tell_notice(struct cli_report *r, const struct gw_event *e)
{
	char *text =
	    cli_text_sentence(e->notice.text != NULL ? e->notice.text : "");
	char size[CLI_SIZE_TEXT];

	switch (e->notice.what) {
	case GW_NOTICE_STALL:
		/* Told from the progress, which knows who stalls. */
		break;
	case GW_NOTICE_PARTIALS:
		cli_screen_info(&r->screen,
		    "Interrupted transfers left %llu part%s behind (%s); "
		    "see `godwit partials`.",
		    (unsigned long long)e->notice.count,
		    e->notice.count == 1 ? "" : "s",
		    cli_size_text(size, e->notice.bytes));
		break;
	case GW_NOTICE_SKIPPED:
		cli_screen_warning(&r->screen, "left out: %s", text);
		break;
	case GW_NOTICE_GUESS:
		if (e->notice.count == 0)
			cli_screen_warning(&r->screen, "%s", text);
		else
			cli_screen_warning(&r->screen,
			    "%s; %llu more would make it void", text,
			    (unsigned long long)e->notice.count);
		break;
	default:
		if (*text != '\0')
			cli_screen_warning(&r->screen, "%s", text);
		break;
	}
	free(text);
}

/* The person knows that it was interrupted: what is left to say is how to go
 * on. */
static void
tell_interrupted(struct cli_report *r, const struct gw_event *e)
{
	if (r->json_fd != -1)
		take_json_line(r, cli_json_event(e));
	r->told_error = true;
	if (r->classic)
		(void)cli_classic_tell(r, e);
	else if (r->peer != NULL && cli_advice_goes_on(r))
		cli_screen_info(&r->screen,
		    "Interrupted. The same commands go on from here.");
}

void
cli_report_failure(struct cli_report *r, enum gw_err err, const char *reason)
{
	char *text = cli_text_sentence(
	    reason != NULL && *reason != '\0' ? reason : gw_err_text(err));

	if (r->json_fd != -1)
		take_json_line(r, cli_json_error(err, reason));
	cli_screen_error(&r->screen, "%s", text);
	/* A reason that asks has its own advice. */
	if (cli_advice(r, err) != NULL && strchr(text, '?') == NULL)
		cli_screen_info(&r->screen, "%s", cli_advice(r, err));
	r->told_error = true;
	free(text);
}

void
cli_report_warning(struct cli_report *r, const char *text)
{
	char *safe = cli_text_sentence(text);

	if (r->json_fd != -1)
		take_json_line(r, cli_json_notice(text));
	cli_screen_warning(&r->screen, "%s", safe);
	free(safe);
}

void
cli_report_event(struct cli_report *r, const struct gw_event *e)
{
	char *line;

	if (e->kind == GW_EVENT_ERROR && e->error.err == GW_E_INTERRUPTED) {
		tell_interrupted(r, e);
		return;
	}
	if (e->kind == GW_EVENT_ERROR) {
		cli_report_failure(r, e->error.err, e->error.reason);
		return;
	}
	if (r->json_fd != -1 && (line = cli_json_event(e)) != NULL)
		take_json_line(r, line);
	if (r->classic && cli_classic_tell(r, e))
		return;
	switch (e->kind) {
	case GW_EVENT_LISTENING:
		cli_report_listening(r, e);
		break;
	case GW_EVENT_CONNECTED:
		tell_connected(r, e);
		break;
	case GW_EVENT_OFFER:
		tell_offer(r, e);
		break;
	case GW_EVENT_PROGRESS:
		tell_progress(r, e);
		break;
	case GW_EVENT_ENTRY:
		tell_entry(r, e);
		break;
	case GW_EVENT_COMPLETE:
		tell_complete(r, e);
		break;
	case GW_EVENT_NOTICE:
		tell_notice(r, e);
		break;
	default:
		break;
	}
}

void
cli_report_fini(struct cli_report *r)
{
	cli_screen_fini(&r->screen);
	free(r->peer);
	free(r->name);
	free(r->told);
	r->peer = r->name = r->told = NULL;
}
