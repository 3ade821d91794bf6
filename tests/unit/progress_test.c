/*
 * The live line at every width.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "cli/text.h"
#include "test.h"

static const struct cli_progress half = { .bytes = 500000000,
	.bytes_total = 1000000000,
	.files = 3,
	.files_total = 12,
	.rate = 293000000,
	.eta_ms = 3000,
	.name = "photos/holiday-picture-0042.jpg",
	.limiter = GW_LIMIT_NETWORK,
	.peer = "kitchen-pc" };

static char *
line(const struct cli_progress *p, unsigned columns, bool utf8)
{
	struct cli_style s = {
		.terminal = true, .utf8 = utf8, .columns = columns
	};

	return cli_progress_line(p, &s);
}

static void
contains(char *made, const char *word)
{
	if (strstr(made, word) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", made, word);
	free(made);
}

static void
lacks(char *made, const char *word)
{
	if (strstr(made, word) != NULL)
		fail_msg("\"%s\" has \"%s\"", made, word);
	free(made);
}

static void
a_wide_line_tells_everything(void **state)
{
	static const char *const words[] = { " 50%", "500 MB of 1.0 GB",
		"293 MB/s", "0:03 left", "3/12 files", "limit: network",
		"photos/holiday-picture-0042.jpg", "===>" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words - 1; i++)
		contains(line(&half, 160, true), words[i]);
	contains(line(&half, 160, false), "===>--");
}

static void
a_usual_line_has_what_matters_and_the_name(void **state)
{
	static const char *const words[] = { " 50%", "500 MB of 1.0 GB",
		"293 MB/s", "0:03 left", "limit: network", "42.jpg" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		contains(line(&half, 80, true), words[i]);
	lacks(line(&half, 80, true), "files");
}

static void
a_narrow_line_keeps_amount_rate_and_time(void **state)
{
	static const char *const words[] = { " 50%", "500 MB", "293 MB/s",
		"0:03 left" };

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		contains(line(&half, 40, true), words[i]);
}

static void
no_line_is_wider_than_the_terminal(void **state)
{
	struct cli_progress p = half;

	(void)state;
	for (int variant = 0; variant < 6; variant++) {
		if (variant == 1)
			p.stalled_ms = 4000000000;
		else if (variant == 2)
			p.limiter = GW_LIMIT_PEER;
		else if (variant == 3)
			p.name = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97"
				 "\xa5\xe6\x9c\xac\xe8\xaa\x9e\n\033[2J\xff";
		else if (variant == 4)
			p.bytes_total = UINT64_MAX;
		else if (variant == 5)
			p.files = p.files_total = p.rate = UINT64_MAX;
		for (unsigned columns = 1; columns <= 400; columns++)
			for (int utf8 = 0; utf8 < 2; utf8++) {
				char *made = line(&p, columns, utf8);

				assert_true(cli_text_columns(made) < columns);
				free(made);
			}
	}
}

static void
names_are_harmless(void **state)
{
	struct cli_progress p = half;

	(void)state;
	p.name = "a\033[2Jb\nc";
	lacks(line(&p, 160, true), "\033");
	contains(line(&p, 160, true), "a\\x1b[2Jb\\x0ac");
}

static void
without_a_total_there_is_no_percentage(void **state)
{
	struct cli_progress p = half;

	(void)state;
	p.bytes_total = 0;
	p.eta_ms = -1;
	lacks(line(&p, 160, true), "%");
	lacks(line(&p, 160, true), "left");
	lacks(line(&p, 160, true), " of ");
	contains(line(&p, 160, true), "500 MB");
	/* A total that is less than what came is none. */
	p.bytes_total = 1;
	lacks(line(&p, 160, true), "%");
}

static void
what_is_not_all_is_not_a_hundred_percent(void **state)
{
	struct cli_progress p = half;

	(void)state;
	p.bytes = p.bytes_total - 1;
	contains(line(&p, 80, true), " 99%");
	p.bytes = p.bytes_total;
	contains(line(&p, 80, true), "100%");
	p.bytes = p.bytes_total = UINT64_MAX;
	contains(line(&p, 80, true), "100%");
}

static void
after_ten_seconds_it_is_said_who_stalls(void **state)
{
	static const struct {
		enum gw_limiter limiter;
		const char *word;
	} rows[] = { { GW_LIMIT_NETWORK, "network" },
		{ GW_LIMIT_DISK_HERE, "disk here" },
		{ GW_LIMIT_DISK_THERE, "disk of kitchen-pc" },
		{ GW_LIMIT_PEER, "kitchen-pc is busy" },
		{ GW_LIMIT_USER, "your answer" },
		{ GW_LIMIT_RATE, "--limit-rate" } };
	struct cli_progress p = half;

	(void)state;
	p.stalled_ms = 9999;
	lacks(line(&p, 160, true), "nothing moves");
	p.stalled_ms = 12000;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		p.limiter = rows[i].limiter;
		contains(line(&p, 160, true), "nothing moves for 12 s");
		contains(line(&p, 160, true), rows[i].word);
		lacks(line(&p, 160, true), "293 MB/s");
		contains(line(&p, 40, true), "stalled 12 s");
	}
	p.peer = "pc\033[2J";
	p.limiter = GW_LIMIT_PEER;
	lacks(line(&p, 160, true), "\033");
}

static int
set_up(void **state)
{
	(void)state;
	cli_text_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wide_line_tells_everything),
		cmocka_unit_test(a_usual_line_has_what_matters_and_the_name),
		cmocka_unit_test(a_narrow_line_keeps_amount_rate_and_time),
		cmocka_unit_test(no_line_is_wider_than_the_terminal),
		cmocka_unit_test(names_are_harmless),
		cmocka_unit_test(without_a_total_there_is_no_percentage),
		cmocka_unit_test(what_is_not_all_is_not_a_hundred_percent),
		cmocka_unit_test(after_ten_seconds_it_is_said_who_stalls),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
