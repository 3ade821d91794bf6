/* Jobs of gw_classic_recv whose files, or they themselves, end otherwise. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os_fixture.h"
#include "plain.h"

static void
once_ends_with_the_first_file(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int other, fd;

	(void)state;
	o.once = true;
	plain_serve(&p, &o);
	other = plain_connect(&p);
	plain_run(&p, 20);
	fd = plain_named(&p, "first");
	plain_is_ended(&p, other, PLAIN_FIN);
	plain_say(fd, "content", 7);
	close(fd);
	plain_ends(&p, GW_OK);
	assert_string_equal(os_fixture_read("in/first", NULL), "content");
	plain_close(&p);
	/* And fails with it. */
	plain_serve(&p, &o);
	plain_reset(plain_named(&p, "second"));
	plain_ends(&p, GW_E_LOST);
	assert_int_equal(p.seen[GW_EVENT_ERROR], 1);
	plain_close(&p);
	/* One that is left alone is one, too. */
	o.on_conflict = GW_CONFLICT_SKIP;
	plain_serve(&p, &o);
	fd = plain_connect(&p);
	PLAIN_SAY(fd, "first");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_ends(&p, GW_OK);
	plain_close(&p);
}

static void
who_stalls_is_given_up(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int idle, stalls;

	(void)state;
	o.timeout_ms = 300;
	plain_serve(&p, &o);
	idle = plain_connect(&p);
	stalls = plain_named(&p, "stalls");
	plain_say(stalls, "some", 4);
	plain_is_ended(&p, idle, PLAIN_FIN);
	plain_is_ended(&p, stalls, PLAIN_RST);
	plain_until(&p, GW_EVENT_ERROR, 1);
	assert_int_equal(p.error, GW_E_STALLED);
	assert_int_equal(plain_count("in"), 0);
	plain_close(&p);
}

static void
an_interruption_resets_what_is_not_whole(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd, idle;

	(void)state;
	plain_serve(&p, &o);
	idle = plain_connect(&p);
	fd = plain_named(&p, "a");
	plain_say(fd, "some", 4);
	plain_run(&p, 20);
	gw_job_cancel(p.job);
	plain_is_ended(&p, idle, PLAIN_FIN);
	plain_is_ended(&p, fd, PLAIN_RST);
	plain_ends(&p, GW_E_INTERRUPTED);
	assert_int_equal(plain_count("in"), 0);
	plain_close(&p);
	/* Freed without a word before. */
	plain_serve(&p, &o);
	fd = plain_named(&p, "a");
	plain_say(fd, "some", 4);
	plain_run(&p, 20);
	plain_close(&p);
	assert_int_equal(plain_count("in"), 0);
	close(fd);
}

static void
a_reset_keeps_nothing_unless_that_was_asked_for(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd;

	(void)state;
	for (int keep = 0; keep < 2; keep++) {
		o.keep_partial = keep;
		/* That is for whole files. */
		o.on_conflict = keep ? GW_CONFLICT_SKIP : GW_CONFLICT_RENAME;
		plain_serve(&p, &o);
		if (keep)
			os_fixture_text("in/name.txt.partial", "older");
		fd = plain_named(&p, "name.txt");
		plain_say(fd, "part", 4);
		plain_run(&p, 50);
		plain_reset(fd);
		plain_until(&p, GW_EVENT_ERROR, 1);
		assert_int_equal(p.error, GW_E_LOST);
		assert_non_null(
		    strstr(p.error_text, "name.txt from 127.0.0.1"));
		assert_non_null(strstr(p.error_text, "4 bytes"));
		assert_int_equal(p.status, GW_ENTRY_FAILED);
		assert_int_equal(p.bytes, 4);
		assert_false(os_fixture_exists("in/name.txt"));
		assert_int_equal(plain_count("in"), 2 * keep);
		assert_string_equal(
		    p.final_name, keep ? "name.txt (1).partial" : "");
		assert_false(p.over);
		plain_close(&p);
	}
	assert_string_equal(
	    os_fixture_read("in/name.txt (1).partial", NULL), "part");
}

static void
a_partial_name_fits(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	char name[256], want[256];
	struct plain p;
	int fd;

	(void)state;
	o.keep_partial = true;
	plain_serve(&p, &o);
	memset(name, 'n', 255);
	memcpy(name + 246, "\xe2\x82\xac", 3); /* over the place of the cut */
	name[255] = '\0';
	fd = plain_named(&p, name);
	plain_say(fd, "part", 4);
	plain_run(&p, 50);
	plain_reset(fd);
	plain_until(&p, GW_EVENT_ENTRY, 1);
	snprintf(want, sizeof want, "%.246s.partial", name);
	assert_string_equal(p.final_name, want);
	assert_int_equal(plain_count("in"), 1);
	plain_close(&p);
}

static void
the_largest_size_is_taken_and_no_more(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd;

	(void)state;
	o.max_size = 10;
	plain_serve(&p, &o);
	plain_send_file(&p, "ten", "0123456789");
	assert_int_equal(p.bytes, 10);
	fd = plain_named(&p, "eleven");
	plain_say(fd, "0123456789", 10);
	plain_run(&p, 30);
	assert_int_equal(p.seen[GW_EVENT_ERROR], 0);
	plain_say(fd, "!", 1);
	plain_is_ended(&p, fd, PLAIN_RST);
	plain_until(&p, GW_EVENT_ERROR, 1);
	assert_int_equal(p.error, GW_E_LIMIT);
	assert_int_equal(plain_count("in"), 1);
	plain_close(&p);
}

/* It did not wait for the word: nobody knows what it means. */
static void
who_closes_before_the_word_leaves_nothing(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd;

	(void)state;
	plain_serve(&p, &o);
	fd = plain_connect(&p);
	PLAIN_SAY(fd, "a");
	close(fd);
	plain_until(&p, GW_EVENT_NOTICE, 1);
	assert_non_null(strstr(p.notice, "without waiting"));
	assert_int_equal(plain_count("in"), 0);
	plain_close(&p);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(once_ends_with_the_first_file),
		IN_A_DIRECTORY(who_stalls_is_given_up),
		IN_A_DIRECTORY(an_interruption_resets_what_is_not_whole),
		IN_A_DIRECTORY(a_reset_keeps_nothing_unless_that_was_asked_for),
		IN_A_DIRECTORY(a_partial_name_fits),
		IN_A_DIRECTORY(the_largest_size_is_taken_and_no_more),
		IN_A_DIRECTORY(who_closes_before_the_word_leaves_nothing),
	};

	return cmocka_run_group_tests_name(
	    "classic_recv_ends", tests, NULL, NULL);
}
