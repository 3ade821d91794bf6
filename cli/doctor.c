/*
 * doctor - godwit doctor: what on this machine keeps godwit from finding
 * others, or makes it slow, and what to do about it.
 */
#include "diag/doctor.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/address.h"
#include "cli/commands.h"
#include "cli/doctor_show.h"
#include "cli/say.h"

struct settings {
	bool json, verbose;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "json", NULL, "tell it as JSON, one object for each thing looked at",
	    cli_value_switch, FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ "verbose", NULL, "show what is well, too", cli_value_switch,
	    FIELD(verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static int doctor_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_doctor_command = {
	.name = "doctor",
	.summary = "say what keeps this machine from finding others",
	.usage = "doctor [OPTION...] [HOST[:PORT]]",
	.about =
	    "Looks at interfaces, IPv4 and IPv6, broadcast routes, the ports "
	    "4638 and 4639, socket\nbuffers, segmentation offload, firewall, "
	    "rp_filter, AES and more, sends a beacon on each\ninterface to "
	    "hear it come back, and says what is wrong and what to do about "
	    "it. It\nchanges nothing. With HOST it also looks whether one gets "
	    "to a godwit that waits there.\n",
	.examples = "  godwit doctor\n"
		    "  sudo godwit doctor -v\n"
		    "  godwit doctor kitchen-pc\n",
	.options = options,
	.main = doctor_main,
};

static void
show(const struct gw_findings *l, const struct settings *o,
    const struct cli_style *errors)
{
	struct cli_doctor_show_options show = { .all = o->verbose };
	struct cli_style style;

	cli_style_detect_output(&style, errors);
	if (style.terminal)
		show.width = style.columns > 1 ? style.columns - 1 : 1;
	if (!o->json) {
		cli_doctor_show(l, &show, &style);
		return;
	}
	for (size_t i = 0; i < l->count; i++) {
		char *line = cli_doctor_json(&l->v[i]);

		puts(line);
		free(line);
	}
}

static int
look(const struct cli_address *host, const struct settings *o,
    const struct cli_style *errors)
{
	struct gw_findings l = { .count = 0 };
	enum gw_err err = gw_doctor_look(&l);
	bool reached = true;
	int status;

	if (err == GW_OK && host->given)
		err = gw_doctor_reach(&l, host->host,
		    host->port_given ? host->port : 0, &reached);
	if (err != GW_OK) {
		cli_say_error("%s", gw_err_text(err));
		status = gw_err_exit(err);
	} else {
		show(&l, o, errors);
		status = gw_findings_of(&l, GW_GRADE_PROBLEM) > 0
			     ? gw_err_exit(GW_E_FAILED)
			     : 0;
		if (!reached)
			status = gw_err_exit(GW_E_CONNECT);
	}
	gw_findings_fini(&l);
	return status;
}

static int
doctor_main(const struct cli_command *c, struct cli_start *start)
{
	struct cli_address host = { .given = false };
	struct settings o = { .json = false };
	struct cli_session s;
	const char *wrong = NULL;
	int status;

	if (!cli_session_begin(&s, c, start, &o, &status))
		return status;
	if (s.args.operand_count == 1)
		wrong = cli_address_parse(s.args.operands[0], &host);
	if (s.args.operand_count > 1)
		status = gw_err_exit(cli_usage_error(
		    c, "%s: one HOST at a time", s.args.operands[1]));
	else if (wrong != NULL)
		status = gw_err_exit(
		    cli_usage_error(c, "%s: %s", s.args.operands[0], wrong));
	else
		status = look(&host, &o, &start->style);
	cli_session_end(&s);
	return status;
}
