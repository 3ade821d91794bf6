#include <string.h>

#include "cli/classic.h"

enum { REPLY_MAX = 64 };

enum gw_err
cli_classic_only(const struct cli_session *s)
{
	static const char *const needing[] = { "reply", "no-reply",
		"keep-partial" };

	for (size_t i = 0; i < sizeof needing / sizeof *needing; i++)
		if (cli_session_typed(s, needing[i]))
			return cli_usage_error(s->command,
			    "--%s belongs to --classic", needing[i]);
	return GW_OK;
}

enum gw_err
cli_classic_check(const struct cli_session *s, const struct cli_common *common,
    const struct cli_classic *classic, const char *const *senseless)
{
	for (; *senseless != NULL; senseless++)
		if (cli_session_typed(s, *senseless))
			return cli_usage_error(s->command,
			    "--%s has no meaning with --classic: that protocol "
			    "knows a name and the bytes of one file",
			    *senseless);
	if (classic->reply != NULL && strlen(classic->reply) > REPLY_MAX)
		return cli_usage_error(
		    s->command, "--reply has more than %d bytes", REPLY_MAX);
	if (classic->reply != NULL && classic->no_reply)
		return cli_usage_error(
		    s->command, "--reply and --no-reply: one of them");
	if (common->timeout.given && common->timeout.ms == 0)
		return cli_usage_error(
		    s->command, "--timeout must be more than 0");
	return GW_OK;
}
