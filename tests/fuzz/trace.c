/* Any bytes as the FILE of godwit trace: every drawing of it. */
#include <stdlib.h>
#include <string.h>

#include "cli/trace_html.h"
#include "cli/trace_ladder.h"
#include "cli/trace_summary.h"
#include "cli/trace_svg.h"
#include "fuzz.h"

enum { MOST = 1 << 20 };

static void
draw(struct cli_trace_study *s, struct cli_trace_reader *r, unsigned how,
    FILE *out)
{
	const struct cli_style style = { .fd = -1,
		.utf8 = (how & 1) != 0,
		.colour = (how & 2) != 0,
		.columns = 20 + how };
	const struct cli_trace_ladder_options o = { &style, (how & 4) != 0 };

	cli_trace_summary(s, &style, out);
	(void)cli_trace_ladder(s, r, &o, out);
	cli_trace_summary_end(s, &style, out);
	(void)cli_trace_svg_page(s, r, out);
	(void)cli_trace_html(s, r, out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cli_trace_reader r;
	struct cli_trace_study s;
	char *text = NULL;
	size_t n = 0;
	FILE *in, *out;

	if (size < 2 || size > MOST)
		return 0;
	in = fmemopen((void *)(uintptr_t)(data + 1), size - 1, "r");
	out = open_memstream(&text, &n);
	if (in == NULL || out == NULL)
		abort();
	cli_trace_reader_init(&r, in);
	if (cli_trace_study(&s, &r) && cli_trace_study_choose(&s, 0))
		draw(&s, &r, data[0], out);
	cli_trace_study_fini(&s);
	cli_trace_reader_fini(&r);
	fclose(in);
	fclose(out);
	/* What a terminal is given holds no control characters but ours. */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] < 0x20 && text[i] != '\n' &&
		    text[i] != '\033')
			abort();
	free(text);
	return 0;
}
