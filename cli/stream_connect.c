/*
 * stream connect - godwit stream connect HOST[:PORT]
 */
#include "cli/commands.h"
#include "cli/stream.h"

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ .help = NULL },
};

static int connect_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_stream_connect_command = {
	.name = "stream connect",
	.group = "stream",
	.summary = "connect to a `godwit stream listen`",
	.usage = "stream connect [OPTION...] HOST[:PORT]",
	.about =
	    "Sends standard input to whoever listens there, and writes what "
	    "comes from there to\nstandard output. The end of standard input "
	    "ends that direction only: it goes on\nuntil the other side has "
	    "ended its own. PORT is 4639 unless given.\n",
	.examples =
	    "  godwit stream connect 192.168.1.5:9000 --code 7-crane-otter\n"
	    "  tar c dir | godwit stream connect kitchen-pc:9000 "
	    "--code-file code\n"
	    "  godwit stream connect -v --carrier udp 127.0.0.1:9000\n",
	.options = options,
	.shared = cli_stream_options,
	.main = connect_main,
};

static enum gw_err
check(struct cli_stream *t, struct cli_address *to)
{
	const char *wrong;

	if (t->s.args.operand_count != 1)
		return cli_usage_error(
		    t->s.command, t->s.args.operand_count == 0
				      ? "connect to whom? Write HOST:PORT"
				      : "one HOST:PORT is enough");
	wrong = cli_address_parse(t->s.args.operands[0], to);
	if (wrong != NULL)
		return cli_usage_error(
		    t->s.command, "\"%s\" %s", t->s.args.operands[0], wrong);
	return cli_stream_open(t, true);
}

static int
connect_main(const struct cli_command *c, struct cli_start *start)
{
	struct cli_common o = { .code.given = false };
	struct gw_connection_options g;
	struct cli_address to;
	struct cli_stream t;
	enum gw_err err;
	int status;

	if (!cli_stream_begin(&t, c, start, &o, &status))
		return status;
	err = check(&t, &to);
	status = gw_err_exit(err);
	if (err == GW_OK) {
		cli_stream_link(&t, &g);
		err = gw_connect(t.s.job.gw, to.host, to.port, &g, &t.c);
		status = err == GW_OK ? cli_stream_pump(&t, false)
				      : cli_stream_fail(
					    &t, err, gw_last_error(t.s.job.gw));
	}
	if (t.c != NULL)
		cli_stream_linger(&t, false);
	cli_stream_end(&t);
	return status;
}
