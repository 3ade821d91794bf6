/*
 * What godwit trace draws.  data/traces/story.jsonl has a handshake, a probe
 * that does not pass, a loss and its repair, much that is alike, a zero window
 * and a four-way close; story.txt is its ladder.  GODWIT_GOLDEN=1 writes it
 * anew; read the difference before you commit it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "cli/text.h"
#include "cli/trace_axis.h"
#include "cli/trace_fold.h"
#include "cli/trace_html.h"
#include "cli/trace_ladder.h"
#include "cli/trace_panel.h"
#include "cli/trace_repairs.h"
#include "cli/trace_summary.h"
#include "cli/trace_svg.h"
#include "test.h"

#define STORY TEST_DATA "/traces/story.jsonl"
#define LADDER TEST_DATA "/traces/story.txt"

static const struct cli_style paper = { .fd = -1, .utf8 = true, .columns = 80 };

struct drawing {
	FILE *in, *out;
	struct cli_trace_reader r;
	struct cli_trace_study s;
	char *text;
	size_t n;
};

static void
begin_file(struct drawing *d, FILE *in)
{
	assert_non_null(in);
	d->text = NULL;
	d->in = in;
	d->out = open_memstream(&d->text, &d->n);
	cli_trace_reader_init(&d->r, d->in);
	assert_true(cli_trace_study(&d->s, &d->r));
	assert_true(cli_trace_study_choose(&d->s, 0));
}

static void
begin(struct drawing *d)
{
	begin_file(d, fopen(STORY, "r"));
}

/* Its text; free it. */
static char *
end(struct drawing *d)
{
	fclose(d->out);
	cli_trace_study_fini(&d->s);
	cli_trace_reader_fini(&d->r);
	fclose(d->in);
	return d->text;
}

static char *
ladder(const struct cli_style *style, bool all)
{
	const struct cli_trace_ladder_options o = { style, all };
	struct drawing d;

	begin(&d);
	cli_trace_summary(&d.s, style, d.out);
	assert_true(cli_trace_ladder(&d.s, &d.r, &o, d.out));
	cli_trace_summary_end(&d.s, style, d.out);
	return end(&d);
}

static void
the_ladder_is_the_one_of_the_books(void **state)
{
	char *is = ladder(&paper, false), *want;
	size_t n;

	(void)state;
	if (getenv("GODWIT_GOLDEN") != NULL) {
		FILE *f = fopen(LADDER, "w");

		assert_non_null(f);
		assert_true(fputs(is, f) >= 0);
		assert_int_equal(fclose(f), 0);
	}
	assert_int_equal(cli_file_read(LADDER, 1 << 20, &want, &n), 0);
	if (strcmp(is, want) != 0)
		fail_msg("it went otherwise:\n%s", is);
	free(want);
	free(is);
}

static size_t
lines(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

/* Every line of the ladder as wide as the others, in any width. */
static void
the_bars_stand_below_each_other(void **state)
{
	(void)state;
	for (unsigned width = 10; width < 200; width += 7)
		for (int utf8 = 0; utf8 < 2; utf8++) {
			const struct cli_style s = {
				.fd = -1, .utf8 = utf8 != 0, .columns = width
			};
			char *text = ladder(&s, true), *rest = NULL;
			size_t columns = 0;

			for (char *line = strtok_r(text, "\n", &rest);
			     line != NULL; line = strtok_r(NULL, "\n", &rest)) {
				if (strstr(line, " ms ") == NULL ||
				    strstr(line, utf8 ? "│" : "|") == NULL)
					continue;
				if (columns == 0)
					columns = cli_text_columns(line);
				assert_int_equal(
				    cli_text_columns(line), columns);
			}
			assert_true(columns <= (width < 64 ? 64 : width));
			free(text);
		}
}

static void
without_utf8_it_is_ascii(void **state)
{
	const struct cli_style s = { .fd = -1, .columns = 80 };
	char *text = ladder(&s, false);

	(void)state;
	for (const char *p = text; *p != '\0'; p++)
		assert_true((unsigned char)*p < 0x80);
	assert_non_null(strstr(text, "|-- SYN, 1,200 bytes ---"));
	assert_non_null(strstr(text, "--X "));
	free(text);
}

static void
with_colour_states_are_bold_and_losses_red(void **state)
{
	const struct cli_style s = { .fd = -1, .columns = 80, .colour = true };
	char *text = ladder(&s, false);

	(void)state;
	assert_non_null(strstr(text, "\033[1mESTABLISHED"));
	assert_non_null(strstr(text, "\033[1;31m  #3 is lost"));
	assert_non_null(strstr(text, "\033[33m-- #7 again #3"));
	free(text);
}

static void
all_shows_every_packet(void **state)
{
	char *some = ladder(&paper, false), *all = ladder(&paper, true);

	(void)state;
	assert_null(strstr(all, "… 3 packets"));
	assert_non_null(strstr(all, "#30 "));
	assert_null(strstr(some, "#30 "));
	assert_true(lines(all) > lines(some) + 40);
	free(all);
	free(some);
}

/* However much was lost, the page stays short. */
static void
the_ladder_is_bounded(void **state)
{
	enum { PACKETS = 20000 };
	const struct cli_trace_ladder_options o = { &paper, false };
	FILE *f = tmpfile();
	struct drawing d;
	char *text;

	(void)state;
	assert_non_null(f);
	fputs("{\"t\":0,\"event\":\"trace_started\",\"trace_version\":1}\n", f);
	for (unsigned i = 0; i < PACKETS; i++) {
		fprintf(f,
		    "{\"t\":%u,\"event\":\"packet_sent\",\"session\":"
		    "\"00000000000000aa\",\"packet_number\":%u,\"length\":9,"
		    "\"frames\":[{\"frame_type\":\"stream\",\"stream_id\":1,"
		    "\"offset\":%u,\"length\":5}]}\n",
		    i, i, i);
		if (i % 3 == 0)
			fprintf(f,
			    "{\"t\":%u,\"event\":\"packet_lost\",\"session\":"
			    "\"00000000000000aa\",\"packet_number\":%u,"
			    "\"length\":9,\"frames\":[]}\n",
			    i, i);
	}
	rewind(f);
	begin_file(&d, f);
	assert_true(cli_trace_ladder(&d.s, &d.r, &o, d.out));
	assert_true(cli_trace_svg_page(&d.s, &d.r, d.out));
	text = end(&d);
	assert_non_null(strstr(text, " lost"));
	assert_true(lines(text) < 6000);
	assert_true(strlen(text) < 400000);
	free(text);
}

/* ---- pictures ---- */

/* Elements nest: as far as one needs to know without a parser. */
static void
assert_well_formed(const char *xml)
{
	char open[64][24];
	unsigned depth = 0;

	for (const char *p = xml; (p = strchr(p, '<')) != NULL; p++) {
		const char *close = strchr(p, '>');
		char name[24];

		assert_non_null(close);
		if (p[1] == '!')
			continue;
		if (p[1] == '/') {
			assert_true(depth > 0);
			depth--;
			assert_int_equal(
			    strncmp(p + 2, open[depth], strlen(open[depth])),
			    0);
		} else if (close[-1] != '/') {
			assert_true(depth < 64);
			snprintf(name, sizeof name, "%.*s",
			    (int)strcspn(p + 1, " >\n"), p + 1);
			strcpy(open[depth++], name);
		}
		p = close;
	}
	assert_int_equal(depth, 0);
}

static void
the_picture_stands_alone(void **state)
{
	struct drawing d;
	char *svg;

	(void)state;
	begin(&d);
	assert_true(cli_trace_svg_page(&d.s, &d.r, d.out));
	svg = end(&d);
	assert_int_equal(strncmp(svg, "<svg xmlns=", 11), 0);
	assert_well_formed(svg);
	assert_non_null(strstr(svg, "prefers-color-scheme:dark"));
	assert_non_null(strstr(svg, "Sequence: bytes of stream 1"));
	assert_non_null(strstr(svg, "ESTABLISHED"));
	/* One cross, and one ring: #3, and #7 that repeats it. */
	assert_non_null(strstr(svg, "class=\"l lost\""));
	assert_non_null(strstr(svg, "class=\"l again\""));
	assert_null(strstr(svg, "<script"));
	assert_null(strstr(svg, "href"));
	assert_null(strstr(svg, "url("));
	assert_null(strstr(svg, "nan"));
	free(svg);
}

static void
the_page_has_picture_and_ladder(void **state)
{
	struct drawing d;
	char *html;

	(void)state;
	begin(&d);
	assert_true(cli_trace_html(&d.s, &d.r, d.out));
	html = end(&d);
	assert_int_equal(strncmp(html, "<!DOCTYPE html>", 15), 0);
	assert_non_null(strstr(html, "<svg "));
	assert_non_null(strstr(html, "<pre>"));
	assert_non_null(strstr(html, "SYN+ACK"));
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "http://www.w3.org/1999"));
	free(html);
}

static void
names_cannot_become_markup(void **state)
{
	static const char trace[] =
	    "{\"t\":0,\"event\":\"trace_started\",\"trace_version\":1,"
	    "\"time\":\"<i>\"}\n"
	    "{\"t\":1,\"event\":\"connection_started\",\"session\":"
	    "\"00000000000000aa\",\"carrier\":\"<b>\",\"role\":\"&\","
	    "\"name\":\"<script>\"}\n"
	    "{\"t\":1,\"event\":\"path_assigned\",\"session\":"
	    "\"00000000000000aa\",\"remote\":\"'\\\"><script>\"}\n"
	    "{\"t\":1,\"event\":\"connection_state_updated\",\"session\":"
	    "\"00000000000000aa\",\"old\":\"\",\"new\":\"</svg><script>\"}\n"
	    "{\"t\":2,\"event\":\"connection_closed\",\"session\":"
	    "\"00000000000000aa\",\"error\":\"<u>\",\"reason\":\"</pre>\"}\n";
	struct drawing d;
	char *html;

	(void)state;
	begin_file(
	    &d, fmemopen((void *)(uintptr_t)trace, sizeof trace - 1, "r"));
	assert_true(cli_trace_html(&d.s, &d.r, d.out));
	html = end(&d);
	assert_null(strstr(html, "<script"));
	assert_null(strstr(html, "<b>"));
	assert_null(strstr(html, "<i>"));
	assert_null(strstr(html, "<u>"));
	assert_non_null(strstr(html, "&lt;script&gt;"));
	assert_ptr_equal(
	    strstr(html, "</pre>"), strstr(html, "</pre>\n</body>"));
	free(html);
}

/* ---- which repairs which ---- */

static void
many_packets_are_one_line(void **state)
{
	struct cli_trace_fold f = { .any = true,
		.from = 1000,
		.to = 381100,
		.packets = { 1204, 602 },
		.bytes = { 1700000, 30000 },
		.lost = 2 };
	char text[CLI_TRACE_FOLD];

	(void)state;
	cli_trace_fold_text(&f, text, 60);
	assert_string_equal(
	    text, "1,204 packets out (1.7 MB), 602 in, 2 lost; 380.1 ms");
	/* No number is ever cut: what matters least is left out. */
	cli_trace_fold_text(&f, text, 45);
	assert_string_equal(text, "1,204 packets out (1.7 MB), 602 in, 2 lost");
	cli_trace_fold_text(&f, text, 40);
	assert_string_equal(text, "1,204 packets out, 602 in, 2 lost");
	f = (struct cli_trace_fold){ .any = true,
		.to = 12340000,
		.packets = { 0, 1 },
		.bytes = { 0, 48 },
		.late = 1 };
	cli_trace_fold_text(&f, text, 60);
	assert_string_equal(text, "1 packet in (48 B), 1 late; 12.3 s");
	f = (struct cli_trace_fold){ .any = true, .carried = 3000000 };
	cli_trace_fold_text(&f, text, 60);
	assert_string_equal(text, "3.0 MB carried by tcp; 0.0 ms");
}

static struct cli_trace_event
carrying(uint64_t number, uint64_t stream, uint64_t offset, bool again)
{
	return (struct cli_trace_event){ .kind = CLI_TRACE_SENT,
		.number = number,
		.has_number = true,
		.frame_count = 1,
		.frames = { { .type = CLI_TRACE_FRAME_STREAM,
		    .stream = stream,
		    .offset = offset,
		    .length = 100,
		    .again = again } } };
}

static void
a_repair_is_of_the_packet_that_had_its_bytes(void **state)
{
	struct cli_trace_repairs *r = calloc(1, sizeof *r);
	struct cli_trace_event lost[] = { carrying(1, 1, 0, false),
		carrying(2, 2, 0, false), carrying(3, 1, 100, false),
		carrying(4, 1, 0, true) };
	struct cli_trace_event e;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		cli_trace_repairs_lost(r, &lost[i]);
	e = carrying(9, 2, 0, true);
	assert_int_equal(cli_trace_repairs_of(r, &e), 2);
	e = carrying(9, 1, 150, true);
	assert_int_equal(cli_trace_repairs_of(r, &e), 3);
	e = carrying(9, 1, 0, true);
	assert_int_equal(cli_trace_repairs_of(r, &e), 1);
	/* The repair was lost as well. */
	cli_trace_repairs_lost(r, &lost[3]);
	assert_int_equal(cli_trace_repairs_of(r, &e), 4);
	e = carrying(9, 3, 0, true);
	assert_true(cli_trace_repairs_of(r, &e) == UINT64_MAX);
	e = carrying(9, 1, 0, false);
	assert_true(cli_trace_repairs_of(r, &e) == UINT64_MAX);
	free(r);
}

static void
axes_have_round_numbers_and_units(void **state)
{
	char text[CLI_TRACE_TICK];

	(void)state;
	assert_true(cli_trace_step(84, 5) == 20);
	assert_true(cli_trace_step(1000, 10) == 100);
	assert_true(cli_trace_step(1010, 10) == 200);
	assert_true(cli_trace_step(4.1, 2) == 5);
	assert_true(cli_trace_step(0, 5) > 0);
	cli_trace_tick(text, CLI_TRACE_BYTES, 2500000, 500000);
	assert_string_equal(text, "2.5 MB");
	cli_trace_tick(text, CLI_TRACE_TIME, 20000, 20000);
	assert_string_equal(text, "20 ms");
	cli_trace_tick(text, CLI_TRACE_TIME, 5000e6, 1000e6);
	assert_string_equal(text, "5000 s");
	cli_trace_tick(text, CLI_TRACE_RATE, 1e9, 5e8);
	assert_string_equal(text, "1.0 Gbit/s");
	cli_trace_tick(text, CLI_TRACE_BYTES, 0, 10);
	assert_string_equal(text, "0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ladder_is_the_one_of_the_books),
		cmocka_unit_test(the_bars_stand_below_each_other),
		cmocka_unit_test(without_utf8_it_is_ascii),
		cmocka_unit_test(with_colour_states_are_bold_and_losses_red),
		cmocka_unit_test(all_shows_every_packet),
		cmocka_unit_test(the_ladder_is_bounded),
		cmocka_unit_test(the_picture_stands_alone),
		cmocka_unit_test(the_page_has_picture_and_ladder),
		cmocka_unit_test(names_cannot_become_markup),
		cmocka_unit_test(many_packets_are_one_line),
		cmocka_unit_test(a_repair_is_of_the_packet_that_had_its_bytes),
		cmocka_unit_test(axes_have_round_numbers_and_units),
	};

	cli_text_init();
	return cmocka_run_group_tests_name("trace_draw", tests, NULL, NULL);
}
