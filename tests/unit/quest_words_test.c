/* What a quest says to people. */
#include "run/quest_words.h"

#include <string.h>

#include "test.h"

static const struct gw_quest_options by_number = { .ask = GW_ASK_NUMBER,
	.number = 7,
	.role = GW_QUEST_SENDER,
	.patience = 60 * GW_SEC };
static const struct gw_quest_options by_name = {
	.ask = GW_ASK_NAME, .name = "kitchen-pc", .role = GW_QUEST_RECEIVER
};

static void
says(const char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("'%s' does not say '%s'", text, what);
}

static void
whom_it_looks_for_has_a_number_or_a_name(void **state)
{
	char whom[96];

	(void)state;
	assert_string_equal(gw_quest_whom(&by_number, whom), "number 7");
	assert_string_equal(gw_quest_whom(&by_name, whom), "kitchen-pc");
}

static void
without_a_port_it_has_asked_nowhere(void **state)
{
	const struct gw_candidates nobody = { .count = 0 };
	char text[GW_QUEST_NOTICE_MAX];

	(void)state;
	gw_quest_nobody(&by_number, NULL, &nobody, text);
	assert_string_equal(text,
	    "nobody here waits with the number 7; asked on no interface. Is "
	    "`godwit send` waiting there? Run `godwit doctor` on both "
	    "machines, or give its address: --from HOST:PORT");
}

static void
a_name_that_is_unknown_says_who_is_there_as_far_as_fits(void **state)
{
	struct gw_candidates others = { .count = 0 };
	struct gw_finding f = { .count = 1 };
	char text[GW_QUEST_NOTICE_MAX];

	(void)state;
	memset(f.name, 'n', GW_NAME_MAX);
	assert_int_equal(
	    gw_addr_parse(&f.addresses[0].addr, "192.0.2.1", 4639, NULL),
	    GW_OK);
	for (uint8_t i = 0; i < GW_CANDIDATES_HOST; i++) {
		f.run[0] = i;
		gw_candidates_add(&others, &f, 0);
	}
	gw_quest_nobody(&by_name, NULL, &others, text);
	says(text, "nobody here goes by the name kitchen-pc; here are: nnn");
	says(text, " at 192.0.2.1:4639, ");
	says(text, "...; asked on");
	says(text, "--to HOST:PORT");
	/* Those who wait with other codes are nobody's business. */
	gw_quest_nobody(&by_number, NULL, &others, text);
	assert_null(strstr(text, "here are"));
}

static void
who_was_found_and_not_reached_is_named(void **state)
{
	struct gw_candidates found = { .count = 0 };
	struct gw_finding f = { .name = "desk", .count = 1 };
	char text[GW_QUEST_NOTICE_MAX];

	(void)state;
	assert_int_equal(
	    gw_addr_parse(&f.addresses[0].addr, "192.0.2.1", 4639, NULL),
	    GW_OK);
	gw_candidates_add(&found, &f, 0);
	gw_quest_unreached(&by_number, &found, text);
	assert_string_equal(text,
	    "number 7 was found, but nobody was reached there in 60 s: desk at "
	    "192.0.2.1:4639; is a firewall in the way? Run `godwit doctor` "
	    "there");
}

static void
the_end_is_one_sentence(void **state)
{
	char text[GW_QUEST_NOTICE_MAX];

	(void)state;
	gw_quest_over(&by_number, text);
	assert_string_equal(
	    text, "nobody who waits with number 7 was found in 60 s");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_it_looks_for_has_a_number_or_a_name),
		cmocka_unit_test(without_a_port_it_has_asked_nowhere),
		cmocka_unit_test(
		    a_name_that_is_unknown_says_who_is_there_as_far_as_fits),
		cmocka_unit_test(who_was_found_and_not_reached_is_named),
		cmocka_unit_test(the_end_is_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
