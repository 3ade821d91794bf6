/*
 * stream connect - godwit stream connect CODE, or HOST[:PORT]
 */
#include <string.h>

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
	.usage =
	    "stream connect [OPTION...] CODE\n"
	    "       godwit stream connect [OPTION...] [DEVICE=]HOST[:PORT]\n"
	    "       godwit stream connect [OPTION...] DEVICE",
	.about =
	    "Sends standard input to whoever listens with CODE, which it finds "
	    "by the number in\nit; or at HOST, whose code --code gives, or the "
	    "prompt; or to DEVICE, which is\nremembered and needs no code. "
	    "What comes from there it writes to standard\noutput. The end of "
	    "standard input ends that direction only: it goes on until the\n"
	    "other side has ended its own. PORT is 4639 unless given.\n",
	.examples =
	    "  godwit stream connect 7-crane-otter\n"
	    "  tar c dir | godwit stream connect kitchen-pc\n"
	    "  godwit stream connect 192.168.1.5:9000 --code 7-crane-otter\n"
	    "  godwit stream connect -v --carrier udp 127.0.0.1:9000\n",
	.options = options,
	.shared = cli_stream_options,
	.main = connect_main,
};

/* No address, or `-` for a code that is given elsewhere: the number of the code
 * finds it. */
static enum gw_err
check(struct cli_stream *t, struct cli_address *to)
{
	struct cli_session *s = &t->s;
	const size_t n = s->args.operand_count;
	char *whom = n > 0 ? s->args.operands[0] : NULL;
	const char *wrong = NULL;

	if (n == 0 && !cli_session_has_code(s, t->o))
		return cli_usage_error(s->command,
		    "connect to whom? Write the CODE that is shown there, "
		    "HOST:PORT, or a remembered DEVICE");
	if (n > 1)
		return cli_usage_error(
		    s->command, "one CODE, HOST:PORT or DEVICE is enough");
	t->o->by_number = n == 0 || strcmp(whom, "-") == 0;
	if (!t->o->by_number)
		wrong = cli_value_whom(whom, to);
	else if (!t->o->code.given && n > 0)
		wrong = cli_secret_take(&t->o->code, whom);
	if (wrong != NULL)
		return cli_usage_error(s->command, "\"%s\" %s", whom, wrong);
	return cli_stream_open(t, to);
}

static int
connect_main(const struct cli_command *c, struct cli_start *start)
{
	struct cli_common o = { .code.given = false };
	struct cli_address to = { .given = false };
	struct gw_connection_options g;
	struct cli_stream t;
	enum gw_err err;
	int status;

	if (!cli_stream_begin(&t, c, start, &o, &status))
		return status;
	err = check(&t, &to);
	status = gw_err_exit(err);
	if (err == GW_OK) {
		cli_stream_link(&t, &g);
		g.device = cli_session_device(&to);
		err = gw_connect(
		    t.s.job.gw, cli_session_host(&to), to.port, &g, &t.c);
		status = err == GW_OK ? cli_stream_pump(&t, false)
				      : cli_stream_fail(
					    &t, err, gw_last_error(t.s.job.gw));
	}
	if (t.c != NULL)
		cli_stream_linger(&t, false);
	cli_stream_end(&t);
	return status;
}
