/*
 * report_listening - what a side that waits tells: how the other one comes.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/address.h"
#include "cli/memory.h"
#include "cli/qr.h"
#include "cli/report.h"
#include "cli/text.h"

/* For a remembered device, which knows this one by its name, perhaps. */
static char *
known_command(const struct cli_report *r, const char *name, const char *at)
{
	char *whom = cli_format("%s=%s", name, at),
	     *quoted = cli_text_quote(whom), *command;

	command = cli_format(
	    r->sends ? "godwit recv --from %s" : "godwit send PATH --to %s",
	    quoted);
	free(quoted);
	free(whom);
	return command;
}

static char *
other_command(const struct cli_report *r, const struct gw_event *e)
{
	char at[CLI_ADDRESS_TEXT] = "HOST", *quoted, *code, *command;

	if (e->listening.address_count > 0)
		cli_address_text(at,
		    e->listening.addresses[cli_address_best(
			e->listening.addresses, e->listening.address_count)],
		    e->listening.port);
	if (e->listening.code == NULL)
		return known_command(r, e->listening.name, at);
	quoted = cli_text_quote(at);
	/* A code that was kept secret so far stays so. */
	code =
	    r->code_shown ? cli_text_quote(e->listening.code) : cli_copy("-");
	if (r->sends)
		command = cli_format("godwit recv %s --from %s", code, quoted);
	else
		command = cli_format(
		    "godwit send PATH --to %s --code %s", quoted, code);
	free(code);
	free(quoted);
	return command;
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

void
cli_report_listening(struct cli_report *r, const struct gw_event *e)
{
	const struct cli_style *s = &r->screen.style;
	char *command = other_command(r, e);

	if (r->screen.quiet && !r->screen.silent) {
		/* Without it nobody could come. */
		fprintf(stderr, "%s\n", command);
		cli_report_qr(r, command);
		free(command);
		return;
	}
	if (r->code_shown && e->listening.code != NULL) {
		char *code = cli_text_sentence(e->listening.code);

		cli_screen_info(&r->screen, "Code: %s%s%s", cli_style_bold(s),
		    code, cli_style_plain(s));
		free(code);
	}
	cli_screen_info(&r->screen, "On the other machine:\n\n    %s%s%s\n",
	    cli_style_bold(s), command, cli_style_plain(s));
	cli_report_qr(r, command);
	cli_report_addresses(r, e);
	cli_screen_info(&r->screen, "%sWaiting. Ctrl-C ends it.%s",
	    cli_style_dim(s), cli_style_plain(s));
	free(command);
}
