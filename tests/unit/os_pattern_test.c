#include "os/pattern.h"

#include "test.h"

static const struct {
	const char *pattern, *path;
	bool dir, match;
} table[] = {
	{ "*.o", "a.o", false, true },
	{ "*.o", "deep/down/a.o", false, true },
	{ "*.o", "a.oo", false, false },
	{ "*.o", ".o", false, true },
	{ "cache/", "x/cache", true, true },
	{ "cache/", "x/cache", false, false },
	{ "a/b", "a/b", false, true },
	{ "a/b", "x/a/b", false, false },
	{ "/top", "top", false, true },
	{ "/top", "x/top", false, false },
	{ "a/*.c", "a/x.c", false, true },
	{ "a/*.c", "a/b/x.c", false, false },
	{ "a/?", "a/b", false, true },
	{ "a/[x-z]*", "a/yes", false, true },
	{ "a/[!x-z]*", "a/yes", false, false },
	{ "**/x", "x", false, true },
	{ "**/x", "a/b/x", false, true },
	{ "a/**/x", "a/x", false, true },
	{ "a/**/x", "a/b/c/x", false, true },
	{ "a/**/x", "b/x", false, false },
	{ "a/**", "a/b/c", false, true },
	{ "a/**", "a", true, false },
	{ "a/**/b/**/c", "a/b/x/b/y/c", false, true },
	{ "a/**/b/**/c", "a/x/y/c", false, false },
	{ "\\*", "*", false, true },
	{ "\\*", "x", false, false },
	{ "/", "x", true, false },
	{ "", "x", false, false },
	{ "a\nb", "a\nb", false, true },
	{ "\xff*", "\xff\xfe", false, true },
};

static void
matches_what_the_contract_says(void **state)
{
	bool match;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		match = gw_pattern_match(
		    table[i].pattern, table[i].path, table[i].dir);
		if (match != table[i].match)
			fail_msg("%s on %s: %d", table[i].pattern,
			    table[i].path, match);
	}
}

/* A pattern that makes naive matchers try for ever. */
static void
many_stars_end(void **state)
{
	char path[2001];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		path[2 * i] = 'a';
		path[2 * i + 1] = '/';
	}
	path[1999] = 'b';
	path[2000] = '\0';
	assert_false(gw_pattern_match(
	    "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/c", path, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_what_the_contract_says),
		cmocka_unit_test(many_stars_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
