/* What `godwit forward` tells of rules and flows, and the file of its rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/forward.h"
#include "cli/memory.h"
#include "os_fixture.h"

static struct gw_endpoint
end(const char *host, uint16_t port)
{
	struct gw_endpoint e;

	assert_int_equal(gw_endpoint_parse(&e, host, port), GW_OK);
	return e;
}

static struct gw_forward_event
closed(void)
{
	return (struct gw_forward_event){ .kind = GW_FORWARD_CLOSED,
		.end = GW_FORWARD_TARGET_RESET,
		.text = "",
		.flow = { .id = 7,
		    .rule = 2,
		    .tcp = true,
		    .client = end("10.0.0.5", 4000),
		    .local = end("10.0.0.1", 80),
		    .source = end("10.0.0.1", 5555),
		    .target = end("fd00::2", 8080),
		    .state = "open",
		    .age_ms = 3200,
		    .idle_left_ms = UINT64_MAX,
		    .bytes_in = 1234,
		    .bytes_out = 5,
		    .error = "" } };
}

static void
is_line(const struct gw_forward_event *e, const char *text)
{
	char *line = cli_forward_line(e);

	assert_string_equal(line, text);
	free(line);
}

static void
is_note(const struct gw_forward_event *e, const char *text)
{
	char *line = cli_forward_note(e);

	assert_string_equal(line, text);
	free(line);
}

static void
f10_a_line_tells_ends_figures_and_why(void **state)
{
	struct gw_forward_event e = closed();

	(void)state;
	is_line(&e,
	    "rule 2, flow 7: tcp 10.0.0.5:4000 -> 10.0.0.1:80, on from "
	    "10.0.0.1:5555 to [fd00::2]:8080: target-reset after 3.2 s; to "
	    "the target 1.2 kB, back 5 B");
	is_note(&e, "rule 2: 10.0.0.5:4000: target-reset after 3.2 s; to the "
		    "target 1.2 kB, back 5 B");
	e.flow.tcp = false;
	e.flow.packets_in = 3;
	e.flow.drops = 2;
	e.flow.error = "the network said no";
	is_line(&e,
	    "rule 2, flow 7: udp 10.0.0.5:4000 -> 10.0.0.1:80, on from "
	    "10.0.0.1:5555 to [fd00::2]:8080: target-reset after 3.2 s; to "
	    "the target 1.2 kB in 3, back 5 B in 0, 2 dropped; the network "
	    "said no");
	e.kind = GW_FORWARD_OPENED;
	e.flow.target = e.flow.source = (struct gw_endpoint){ .port = 0 };
	is_line(&e, "rule 2, flow 7: udp 10.0.0.5:4000 -> 10.0.0.1:80: open");
	e.kind = GW_FORWARD_WARNING;
	e.text = "a warning";
	is_line(&e, "rule 2: a warning");
	is_note(&e, "rule 2: a warning");
	e.kind = GW_FORWARD_PEER;
	e.text = "through gate at 10.0.0.9:4639";
	e.flow.rule = 0; /* of none */
	is_line(&e, "through gate at 10.0.0.9:4639");
	is_note(&e, "through gate at 10.0.0.9:4639");
}

static void
what_is_not_known_is_null_in_json(void **state)
{
	struct gw_forward_event e = closed();
	char *line;

	(void)state;
	e.flow.source = (struct gw_endpoint){ .port = 0 };
	line = cli_forward_json_event(&e);
	assert_non_null(strstr(line, "\"event\":\"closed\""));
	assert_non_null(strstr(line, "\"client\":\"10.0.0.5:4000\""));
	assert_non_null(strstr(line, "\"source\":null"));
	assert_non_null(strstr(line, "\"idle_left_ms\":null"));
	assert_non_null(strstr(line, "\"error\":null"));
	assert_non_null(strstr(line, "\"reason\":\"target-reset\""));
	assert_null(strstr(line, "\"lost\""));
	assert_null(strchr(line, '\n'));
	free(line);
	e.kind = GW_FORWARD_WARNING;
	e.text = "esc\033[2J";
	e.lost = 3;
	line = cli_forward_json_event(&e);
	assert_null(strchr(line, '\033'));
	assert_non_null(strstr(line, "\"lost\":3"));
	free(line);
}

static void
drops_are_told_by_name_and_only_those_that_were(void **state)
{
	struct gw_forward_rule r = { .id = 1,
		.text = "tcp://:80/a:80",
		.name = "",
		.last_error = "",
		.tcp = true };
	char *text = cli_forward_drops(r.drops);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	r.drops[GW_DROP_CAP] = 3;
	r.drops[GW_DROP_DENIED] = 1;
	text = cli_forward_drops(r.drops);
	assert_string_equal(text, "denied 1, cap 3");
	free(text);
	text = cli_forward_json_rule("rule", &r);
	assert_non_null(strstr(text, "\"drops\":{\"denied\":1,\"cap\":3}"));
	assert_non_null(strstr(text, "\"name\":null"));
	free(text);
}

static void
an_explanation_says_what_happens(void **state)
{
	static struct gw_forward_explained x;
	char *text;

	(void)state;
	text = cli_forward_explained("q", &x, false);
	assert_string_equal(text, "q: no rule listens there.");
	free(text);
	x.matched = true;
	snprintf(x.rule_text, sizeof x.rule_text, "udp://:53/a:53");
	snprintf(x.goes_to, sizeof x.goes_to, "a:53");
	text = cli_forward_explained("q", &x, false);
	assert_non_null(strstr(text, "does not allow this client"));
	free(text);
	x.allowed = true;
	text = cli_forward_explained("q", &x, false);
	assert_string_equal(
	    text, "q: rule 1, udp://:53/a:53, takes it; it goes to a:53.");
	free(text);
	text = cli_forward_explained("q", &x, true);
	assert_non_null(strstr(text, "\"allowed\":true"));
	free(text);
}

/* ---- the file ---- */

static void
a_file_has_a_rule_a_line_and_comments(void **state)
{
	struct cli_forward_rules r = { .file = "rules" };
	char *why = NULL;

	(void)state;
	cli_list_add(&r.typed, "80:a:80");
	os_fixture_text(
	    "rules", "# comment\n\n \t tcp://:81/a:81 \r\n  # more\n82:a:82");
	assert_true(cli_forward_rules_load(&r, &why));
	assert_int_equal(r.count, 3);
	assert_string_equal(r.all[0], "80:a:80");
	assert_string_equal(r.all[1], "tcp://:81/a:81");
	assert_string_equal(r.all[2], "82:a:82");
	os_fixture_text("rules", "83:a:83\n");
	assert_true(cli_forward_rules_load(&r, &why));
	assert_int_equal(r.count, 2);
	r.responses = 1;
	cli_list_add(&r.typed, "53:53/udp");
	os_fixture_text("rules",
	    "udp://:5/a:5?ttl=5s\nudp://:6/a:6?responses=2\ntcp://:7/a:7\n");
	assert_true(cli_forward_rules_load(&r, &why));
	assert_int_equal(r.count, 5);
	assert_string_equal(r.all[1], "udp://:53/127.0.0.1:53?responses=1");
	assert_string_equal(r.all[2], "udp://:5/a:5?ttl=5s&responses=1");
	assert_string_equal(r.all[3], "udp://:6/a:6?responses=2");
	assert_string_equal(r.all[4], "tcp://:7/a:7");
	cli_forward_rules_fini(&r);
}

static void
a_mistake_in_the_file_names_its_line_and_changes_nothing(void **state)
{
	struct cli_forward_rules r = { .file = "rules" };
	char *why = NULL;

	(void)state;
	os_fixture_text("rules", "80:a:80\n");
	assert_true(cli_forward_rules_load(&r, &why));
	os_fixture_text("rules", "\n80:a:80\nnonsense\n81:a:81\n");
	assert_false(cli_forward_rules_load(&r, &why));
	assert_memory_equal(why, "rules:3: ", 9);
	free(why);
	assert_int_equal(r.count, 1);
	r.file = "missing";
	assert_false(cli_forward_rules_load(&r, &why));
	assert_memory_equal(why, "missing: ", 9);
	free(why);
	cli_forward_rules_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(f10_a_line_tells_ends_figures_and_why),
		cmocka_unit_test(what_is_not_known_is_null_in_json),
		cmocka_unit_test(
		    drops_are_told_by_name_and_only_those_that_were),
		cmocka_unit_test(an_explanation_says_what_happens),
		cmocka_unit_test_setup_teardown(
		    a_file_has_a_rule_a_line_and_comments, os_fixture_setup,
		    os_fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_mistake_in_the_file_names_its_line_and_changes_nothing,
		    os_fixture_setup, os_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
