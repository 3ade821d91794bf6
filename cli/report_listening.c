/*
 * report_listening - what a side that waits tells: how the other one comes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/address.h"
#include "cli/memory.h"
#include "cli/qr.h"
#include "cli/report.h"
#include "cli/text.h"

/* What goes before whom the other side connects to. */
static const char *
verb(const struct cli_report *r)
{
	if (r->stream)
		return "stream connect";
	return r->sends ? "recv" : "send PATH --to";
}

/* A remembered device, which knows this one by its name, perhaps. */
static char *
command_by_name(
    const struct cli_report *r, const struct gw_event *e, const char *at)
{
	char *both = at == NULL ? cli_copy(e->listening.name)
				: cli_format("%s=%s", e->listening.name, at);
	char *whom = cli_text_quote(both), *command;

	command = cli_format(
	    "godwit %s%s %s", verb(r), r->sends ? " --from" : "", whom);
	free(whom);
	free(both);
	return command;
}

/* What the other side types; `at` NULL: it finds this one by itself. */
static char *
command_for(
    const struct cli_report *r, const struct gw_event *e, const char *at)
{
	char *code, *whom, *command;

	if (e->listening.code == NULL)
		return command_by_name(r, e, at);
	/* A code that was kept secret so far stays so. */
	code =
	    r->code_shown ? cli_text_quote(e->listening.code) : cli_copy("-");
	whom = cli_text_quote(at != NULL ? at : "");
	if (at == NULL)
		command = cli_format("godwit %s %s", verb(r), code);
	else if (r->sends)
		command = cli_format("godwit recv %s --from %s", code, whom);
	else
		command =
		    cli_format("godwit %s %s --code %s", verb(r), whom, code);
	free(whom);
	free(code);
	return command;
}

/* Is its name, or the number of its code, enough? */
static bool
is_found(const struct cli_report *r, const struct gw_event *e)
{
	if (!e->listening.found)
		return false;
	return e->listening.code == NULL ||
	       (gw_code_is_spoken(e->listening.code) &&
		   (r->sends || r->stream || r->code_shown));
}

static char *
by_address(const struct cli_report *r, const struct gw_event *e)
{
	char at[CLI_ADDRESS_TEXT] = "HOST";

	if (e->listening.address_count > 0)
		cli_address_text(at,
		    e->listening.addresses[cli_address_best(
			e->listening.addresses, e->listening.address_count)],
		    e->listening.port);
	return command_for(r, e, at);
}

static char *
other_command(const struct cli_report *r, const struct gw_event *e)
{
	return is_found(r, e) ? command_for(r, e, NULL) : by_address(r, e);
}

/* For networks on which beacons do not pass. */
static void
tell_address(struct cli_report *r, const struct gw_event *e)
{
	char *command;

	if (!is_found(r, e))
		return;
	command = by_address(r, e);
	cli_screen_info(&r->screen, "%sor, where that finds nothing: %s%s",
	    cli_style_dim(&r->screen.style), command,
	    cli_style_plain(&r->screen.style));
	free(command);
}

void
cli_report_addresses(struct cli_report *r, const struct gw_event *e)
{
	struct cli_list seen = { 0 };
	char *line = cli_copy("Also reached at"), at[CLI_ADDRESS_TEXT];
	size_t best;

	if (e->listening.address_count == 0)
		return;
	best = cli_address_best(
	    e->listening.addresses, e->listening.address_count);
	for (size_t i = 0; i < e->listening.address_count; i++) {
		char *longer;

		if (i == best ||
		    (!cli_address_reachable(e->listening.addresses[i]) &&
			!r->screen.verbose))
			continue;
		cli_address_text(
		    at, e->listening.addresses[i], e->listening.port);
		longer =
		    cli_format("%s%s %s", line, seen.count != 0 ? "," : "", at);
		free(line);
		line = longer;
		cli_list_add(&seen, e->listening.addresses[i]);
	}
	if (seen.count != 0)
		cli_screen_info(&r->screen, "%s%s%s",
		    cli_style_dim(&r->screen.style), line,
		    cli_style_plain(&r->screen.style));
	cli_list_fini(&seen);
	free(line);
}

void
cli_report_qr(struct cli_report *r, const char *text)
{
	char *code;

	if (!r->qr || r->screen.silent)
		return;
	code = cli_qr_draw(text, &r->screen.style);
	/* Who asks for it wants it with --quiet, too. */
	if (code != NULL)
		fprintf(stderr, "%s\n", code);
	else
		cli_report_warning(r, "there is no room here for the QR code");
	free(code);
}

/* Has all of it been told already? */
static bool
is_told(struct cli_report *r, const struct gw_event *e, const char *command)
{
	char *address = by_address(r, e);
	char *now = cli_format("%s\n%s", command, address);
	const bool same = r->told != NULL && strcmp(r->told, now) == 0;

	free(address);
	free(r->told);
	r->told = now;
	return same;
}

static void
tell_all(struct cli_report *r, const struct gw_event *e, const char *command)
{
	const struct cli_style *s = &r->screen.style;

	if (r->code_shown && e->listening.code != NULL) {
		char *code = cli_text_sentence(e->listening.code);

		cli_screen_info(&r->screen, "Code: %s%s%s", cli_style_bold(s),
		    code, cli_style_plain(s));
		free(code);
	}
	cli_screen_info(&r->screen, "On the other machine:\n\n    %s%s%s\n",
	    cli_style_bold(s), command, cli_style_plain(s));
	cli_report_qr(r, command);
	tell_address(r, e);
	cli_report_addresses(r, e);
}

void
cli_report_listening(struct cli_report *r, const struct gw_event *e)
{
	const struct cli_style *s = &r->screen.style;
	char *command = other_command(r, e);

	if (is_told(r, e, command)) {
		/* An inbox says it once. */
	} else if (r->screen.quiet && !r->screen.silent) {
		/* Without it nobody could come. */
		fprintf(stderr, "%s\n", command);
		cli_report_qr(r, command);
	} else {
		tell_all(r, e, command);
	}
	cli_screen_info(&r->screen, "%sWaiting. Ctrl-C ends it.%s",
	    cli_style_dim(s), cli_style_plain(s));
	free(command);
}
