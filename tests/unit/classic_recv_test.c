/* Jobs of gw_classic_recv against plain sockets. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os_fixture.h"
#include "plain.h"

static void
a_file_comes(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd;

	(void)state;
	plain_serve(&p, &o);
	fd = plain_named(&p, "two words.txt");
	plain_until(&p, GW_EVENT_OFFER, 1);
	assert_string_equal(p.carrier, "classic");
	assert_string_equal(p.cipher, "none");
	assert_string_equal(p.offered, "two words.txt");
	/* Nothing has its name before it is whole. */
	plain_say(fd, "hello", 5);
	plain_run(&p, 50);
	assert_false(os_fixture_exists("in/two words.txt"));
	assert_int_equal(plain_count("in"), 1);
	plain_say(fd, " world", 6);
	close(fd);
	plain_until(&p, GW_EVENT_COMPLETE, 1);
	assert_string_equal(
	    os_fixture_read("in/two words.txt", NULL), "hello world");
	assert_int_equal(plain_count("in"), 1);
	assert_string_equal(p.entry, "two words.txt");
	assert_string_equal(p.final_name, "two words.txt");
	assert_string_equal(p.from, p.address);
	assert_int_equal(p.status, GW_ENTRY_DONE);
	assert_int_equal(p.bytes, 11);
	assert_int_equal(p.complete.complete.bytes, 11);
	assert_int_equal(p.complete.complete.files, 1);
	/* It goes on. */
	plain_send_file(&p, "empty", "");
	assert_int_equal(os_fixture_lstat("in/empty").st_size, 0);
	assert_int_equal(p.seen[GW_EVENT_ERROR], 0);
	gw_job_cancel(p.job);
	plain_ends(&p, GW_E_INTERRUPTED);
	plain_close(&p);
}

static void
who_does_nothing_keeps_nobody_waiting(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int idle[20];

	(void)state;
	plain_serve(&p, &o);
	for (unsigned i = 0; i < 20; i++) {
		idle[i] = i % 2 ? plain_connect(&p) : plain_named(&p, "stalls");
		if (i % 4 == 0)
			plain_say(idle[i], "some", 4);
	}
	for (unsigned i = 0; i < 5; i++)
		plain_send_file(&p, "quick", "content");
	assert_int_equal(p.seen[GW_EVENT_COMPLETE], 5);
	for (unsigned i = 0; i < 20; i++)
		close(idle[i]);
	plain_close(&p);
}

/* More than are served at once: those that stand still make way. */
static void
many_idle_ones_make_way(void **state)
{
	enum { MANY = 300 };
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int idle[MANY];

	(void)state;
	plain_serve(&p, &o);
	for (unsigned i = 0; i < MANY; i++) {
		idle[i] = plain_connect(&p);
		plain_run(&p, 0);
	}
	plain_send_file(&p, "quick", "content");
	assert_string_equal(os_fixture_read("in/quick", NULL), "content");
	plain_is_ended(&p, idle[0], PLAIN_FIN);
	for (unsigned i = 1; i < MANY; i++)
		close(idle[i]);
	plain_run(&p, 50);
	plain_close(&p);
}

static void
a_path_does_not_lead_out(void **state)
{
	static const char *const names[] = { "../x", "/tmp/x", "a/b/../x",
		"C:\\dir\\x", "x" };
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;

	(void)state;
	o.on_conflict = GW_CONFLICT_OVERWRITE;
	plain_serve(&p, &o);
	for (unsigned i = 0; i < 5; i++) {
		plain_send_file(&p, names[i], names[i]);
		assert_int_equal(p.seen[GW_EVENT_NOTICE], i < 4 ? i + 1 : 4);
		assert_string_equal(p.final_name, "x");
		assert_string_equal(os_fixture_read("in/x", NULL), names[i]);
		assert_int_equal(plain_count("in"), 1);
	}
	assert_false(os_fixture_exists("x"));
	plain_close(&p);
}

static void
what_is_no_name_is_closed_without_a_word(void **state)
{
	static const char *const names[] = { "..", "a/", "\n",
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n" };
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd;

	(void)state;
	o.once = true;
	plain_serve(&p, &o);
	for (unsigned i = 0; i < 4; i++) {
		fd = plain_connect(&p);
		plain_say(fd, names[i], strlen(names[i]));
		plain_is_ended(&p, fd, PLAIN_FIN);
		plain_until(&p, GW_EVENT_NOTICE, i + 1);
		assert_int_equal(p.what, GW_NOTICE_STRANGER);
	}
	/* Who just looks in is not even told. */
	close(plain_connect(&p));
	plain_run(&p, 50);
	assert_int_equal(p.seen[GW_EVENT_NOTICE], 4);
	assert_int_equal(p.seen[GW_EVENT_CONNECTED], 0);
	assert_int_equal(plain_count("in"), 0);
	/* And --once has not begun. */
	assert_false(p.over);
	plain_send_file(&p, "x", "");
	plain_ends(&p, GW_OK);
	plain_close(&p);
}

static void
a_taken_name_is_what_on_conflict_says(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd;

	(void)state;
	assert_int_equal(mkdir("in", 0755), 0);
	os_fixture_text("in/a.txt", "ours");
	plain_serve(&p, &o);
	plain_send_file(&p, "a.txt", "theirs");
	assert_string_equal(p.final_name, "a (1).txt");
	assert_string_equal(os_fixture_read("in/a.txt", NULL), "ours");
	plain_close(&p);

	o.on_conflict = GW_CONFLICT_SKIP;
	plain_serve(&p, &o);
	fd = plain_connect(&p);
	PLAIN_SAY(fd, "a.txt");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_until(&p, GW_EVENT_COMPLETE, 1);
	assert_int_equal(p.status, GW_ENTRY_SKIPPED);
	assert_int_equal(p.complete.complete.skipped, 1);
	assert_int_equal(p.complete.complete.files, 0);
	/* It may be taken only meanwhile. */
	fd = plain_named(&p, "b.txt");
	os_fixture_text("in/b.txt", "quicker");
	close(fd);
	plain_until(&p, GW_EVENT_COMPLETE, 2);
	assert_int_equal(p.status, GW_ENTRY_SKIPPED);
	assert_string_equal(os_fixture_read("in/b.txt", NULL), "quicker");
	assert_int_equal(plain_count("in"), 3);
	plain_close(&p);

	o.on_conflict = GW_CONFLICT_OVERWRITE;
	plain_serve(&p, &o);
	plain_send_file(&p, "a.txt", "theirs");
	assert_string_equal(os_fixture_read("in/a.txt", NULL), "theirs");
	assert_int_equal(mkdir("in/dir", 0755), 0);
	fd = plain_connect(&p);
	PLAIN_SAY(fd, "dir");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_until(&p, GW_EVENT_ERROR, 1);
	assert_non_null(strstr(p.error_text, "directory"));
	plain_close(&p);
}

static void
without_a_file_there_is_no_word(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int fd;

	(void)state;
	plain_serve(&p, &o);
	assert_int_equal(rmdir("in"), 0);
	fd = plain_connect(&p);
	PLAIN_SAY(fd, "a");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_until(&p, GW_EVENT_ERROR, 1);
	assert_int_equal(p.status, GW_ENTRY_FAILED);
	plain_close(&p);
}

static void
what_a_killed_receiver_left_is_removed(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	struct plain p;
	int held;

	(void)state;
	assert_int_equal(mkdir("in", 0755), 0);
	os_fixture_text("in/.godwit-plain-0123456789abcdef.part", "dead");
	os_fixture_text("in/.godwit-plain-fedcba9876543210.part", "held");
	held = open("in/.godwit-plain-fedcba9876543210.part", O_RDONLY);
	assert_int_equal(flock(held, LOCK_EX), 0);
	plain_serve(&p, &o);
	assert_int_equal(plain_count("in"), 1);
	plain_close(&p);
	close(held);
}

static void
another_word_can_be_sent(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	char word[] = "filename received";
	struct plain p;
	int fd;

	(void)state;
	o.reply = word;
	plain_serve(&p, &o);
	memset(word, 'x', sizeof word - 1); /* it was copied */
	fd = plain_connect(&p);
	PLAIN_SAY(fd, "a");
	PLAIN_HEARS(&p, fd, "filename received");
	plain_hears_nothing(&p, fd, 50);
	close(fd);
	plain_until(&p, GW_EVENT_COMPLETE, 1);
	plain_close(&p);
}

static void
a_rate_slows_it_and_loses_nothing(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	static uint8_t data[600000];
	struct plain p;
	size_t n;
	int fd;

	(void)state;
	memset(data, 7, sizeof data);
	o.rate = 1000;
	o.timeout_ms = 200;
	plain_serve(&p, &o);
	fd = plain_named(&p, "a");
	plain_say(fd, data, 300000);
	plain_until(&p, GW_EVENT_PROGRESS, 1);
	assert_string_equal(p.progress.progress.name == NULL ? "" : "a", "a");
	/* That it has to wait is no stall. */
	plain_run(&p, 500);
	assert_int_equal(p.seen[GW_EVENT_ERROR], 0);
	gw_job_set_rate(p.job, 0);
	plain_say(fd, data, 300000);
	close(fd);
	plain_until(&p, GW_EVENT_COMPLETE, 1);
	assert_int_equal(p.bytes, sizeof data);
	n = (size_t)os_fixture_lstat("in/a").st_size;
	assert_int_equal(n, sizeof data);
	plain_close(&p);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_file_comes),
		IN_A_DIRECTORY(who_does_nothing_keeps_nobody_waiting),
		IN_A_DIRECTORY(many_idle_ones_make_way),
		IN_A_DIRECTORY(a_path_does_not_lead_out),
		IN_A_DIRECTORY(what_is_no_name_is_closed_without_a_word),
		IN_A_DIRECTORY(a_taken_name_is_what_on_conflict_says),
		IN_A_DIRECTORY(without_a_file_there_is_no_word),
		IN_A_DIRECTORY(what_a_killed_receiver_left_is_removed),
		IN_A_DIRECTORY(another_word_can_be_sent),
		IN_A_DIRECTORY(a_rate_slows_it_and_loses_nothing),
	};

	return cmocka_run_group_tests_name("classic_recv", tests, NULL, NULL);
}
