#include "cli/secret.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/say.h"

enum { SHORTEST = 8, FILE_MAX = 65536 };

static const char *
set(struct cli_secret *s, const char *text, size_t n)
{
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	while (n > 0 && isspace((unsigned char)*text)) {
		text++;
		n--;
	}
	if (n == 0)
		return "is empty";
	if (n > CLI_SECRET_MAX)
		return "is too long for a code";
	memcpy(s->text, text, n);
	s->text[n] = '\0';
	s->given = true;
	return NULL;
}

const char *
cli_secret_take(struct cli_secret *s, char *from)
{
	size_t n = strlen(from);
	const char *wrong = set(s, from, n);

	/* `-` only says where to look. */
	if (strcmp(s->text, "-") == 0)
		return wrong;
	s->shown = true;
	memset(from, '*', n);
	return wrong;
}

void
cli_secret_from_environment(struct cli_secret *out)
{
	char *value = getenv("GODWIT_CODE");

	*out = (struct cli_secret){ .given = false };
	if (value == NULL)
		return;
	set(out, value, strlen(value));
	/* unsetenv alone would leave it in /proc/PID/environ. */
	explicit_bzero(value, strlen(value));
	unsetenv("GODWIT_CODE");
}

enum gw_err
cli_secret_from_file(struct cli_secret *s, const char *path)
{
	const char *wrong;
	char *text;
	size_t n;
	int error = cli_file_read(path, FILE_MAX, &text, &n);

	if (error != 0) {
		cli_say_error("--code-file: %s: %s", path, strerror(error));
		return GW_E_DISK;
	}
	wrong = set(s, text, strcspn(text, "\n"));
	explicit_bzero(text, n);
	free(text);
	if (wrong != NULL) {
		cli_say_error(
		    "--code-file: %s: its first line %s", path, wrong);
		return GW_E_USAGE;
	}
	return GW_OK;
}

const char *
cli_secret_check(const struct cli_secret *s)
{
	size_t characters = 0;

	if (gw_code_is_spoken(s->text))
		return NULL;
	for (const char *p = s->text; *p != '\0'; p++)
		characters += ((unsigned char)*p & 0xc0) != 0x80;
	return characters >= SHORTEST
		   ? NULL
		   : "this code is too short: one that is not NUMBER-WORDS "
		     "needs at least 8 characters";
}

void
cli_secret_wipe(struct cli_secret *s)
{
	explicit_bzero(s, sizeof *s);
}
