#include "cli/dgram_show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/dgram_json.h"
#include "cli/text.h"

/* ---- bytes ---- */

/* The escape of one that gw_escape does not know, or has no short one for. */
static const char *
escape_of(char c)
{
	switch (c) {
	case '\0':
		return "\\x00";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

char *
cli_dgram_payload(const void *data, size_t n)
{
	enum { PAD_LEAST = 4 };
	char *bytes = cli_copy_n(data, n), *text = NULL;
	size_t used = 0, zeros = 0, start = 0;
	FILE *f = open_memstream(&text, &used);

	while (zeros < n && bytes[n - 1 - zeros] == '\0')
		zeros++;
	if (zeros < PAD_LEAST)
		zeros = 0;
	for (size_t i = 0; f != NULL && i <= n - zeros; i++) {
		const char *escape = i < n ? escape_of(bytes[i]) : NULL;
		bool ends = i == n - zeros;
		char *part;

		if (escape == NULL && !ends)
			continue;
		bytes[i] = '\0';
		part = cli_alloc(gw_escape(NULL, 0, bytes + start) + 1, 1);
		gw_escape(
		    part, gw_escape(NULL, 0, bytes + start) + 1, bytes + start);
		fputs(part, f);
		free(part);
		if (!ends)
			fputs(escape, f);
		start = i + 1;
	}
	if (f != NULL && zeros != 0)
		fprintf(f, "\\x00{%zu}", zeros);
	free(bytes);
	if (f == NULL || fclose(f) != 0) {
		free(text);
		return cli_copy("(out of memory)");
	}
	return text;
}

char *
cli_dgram_hexdump(const void *data, size_t n)
{
	enum { ROW = 16, WIDTH = 68 };
	const unsigned char *b = data;
	size_t rows = (n + ROW - 1) / ROW;
	char *out = cli_alloc(rows * WIDTH + 1, 1), *at = out;

	for (size_t row = 0; row < n; row += ROW) {
		size_t in_row = n - row < ROW ? n - row : ROW;

		at += sprintf(at, "%08zx:", row);
		for (size_t i = 0; i < ROW; i++) {
			if (i % 2 == 0)
				*at++ = ' ';
			if (i < in_row)
				at += sprintf(at, "%02x", b[row + i]);
			else
				at = stpcpy(at, "  ");
		}
		at = stpcpy(at, "  ");
		for (size_t i = 0; i < in_row; i++)
			*at++ = b[row + i] >= 0x20 && b[row + i] < 0x7f
				    ? (char)b[row + i]
				    : '.';
		*at++ = '\n';
	}
	return out;
}

/* ---- who and when ---- */

const char *
cli_dgram_ms(char out[CLI_DGRAM_MS_TEXT], uint64_t usec)
{
	double ms = (double)usec / 1000;

	if (ms < 10)
		snprintf(out, CLI_DGRAM_MS_TEXT, "%.2f ms", ms);
	else if (ms < 1000)
		snprintf(out, CLI_DGRAM_MS_TEXT, "%.0f ms", ms);
	else
		snprintf(out, CLI_DGRAM_MS_TEXT, "%.1f s", ms / 1000);
	return out;
}

/* "14:03:27.123 192.0.2.7:40112 to 192.0.2.255 (eth0), 5 bytes"; new
 * storage. */
static char *
heading(const struct gw_arrival *a, const struct cli_dgram_answer *answer)
{
	char peer[GW_ENDPOINT_TEXT], to[GW_ENDPOINT_TEXT] = "", when[16] = "",
				     took[CLI_DGRAM_MS_TEXT] = "";
	struct gw_endpoint local = a->datagram.local;
	time_t seconds = (time_t)(a->wall_usec / 1000000);
	struct tm tm;
	char *name, *text;

	if (localtime_r(&seconds, &tm) != NULL)
		strftime(when, sizeof when, "%H:%M:%S", &tm);
	gw_endpoint_text(&a->datagram.peer, peer);
	local.port = 0;
	gw_endpoint_text(&local, to);
	if (answer != NULL)
		cli_dgram_ms(took, answer->usec);
	name = cli_text_escape(a->interface_name);
	text = cli_format("%s.%03u %s%s%s%s%s%s, %zu byte%s%s%s", when,
	    (unsigned)(a->wall_usec / 1000 % 1000), peer,
	    a->cast != GW_CAST_HOST ? " to " : "",
	    a->cast != GW_CAST_HOST ? to : "", *name != '\0' ? " (" : "", name,
	    *name != '\0' ? ")" : "", a->datagram.size,
	    a->datagram.size == 1 ? "" : "s", answer != NULL ? " in " : "",
	    took);
	free(name);
	return text;
}

void
cli_dgram_show(struct cli_dgram *d, const struct gw_arrival *a,
    const struct cli_dgram_answer *answer)
{
	const struct gw_datagram *g = &a->datagram;
	char *head, *body = NULL;

	if (d->show == CLI_DGRAM_JSON) {
		cli_dgram_line(d, cli_dgram_json_arrival(a, answer));
		return;
	}
	head = heading(a, answer);
	switch (d->show) {
	case CLI_DGRAM_TEXT:
		body = cli_dgram_payload(g->data, g->size);
		cli_output_text(&d->out, "%s: %s\n", head, body);
		break;
	case CLI_DGRAM_HEX:
		body = cli_dgram_hexdump(g->data, g->size);
		cli_output_text(&d->out, "%s\n%s", head, body);
		break;
	default:
		cli_output_add(&d->out, g->data, g->size);
		cli_dgram_detail(d, "%s", head);
		break;
	}
	free(body);
	free(head);
}
