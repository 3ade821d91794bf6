/* Jobs of gw_classic_send against plain sockets. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os_fixture.h"
#include "plain.h"

enum { MUCH = 20 << 20 };

/* A sender of a file "note" that has connected; its other end. */
static int
connected(struct plain *p, struct gw_classic_send_options *o)
{
	int listening, fd;

	listening = plain_listen(&o->port);
	plain_send(p, o);
	fd = plain_accept(p, listening);
	close(listening);
	return fd;
}

static void
make_much(const char *path)
{
	uint8_t *data = malloc(MUCH);

	assert_non_null(data);
	for (size_t i = 0; i < MUCH; i++)
		data[i] = (uint8_t)(i * 31 >> 3);
	os_fixture_write(path, data, MUCH);
	free(data);
}

static void
a_file_goes(void **state)
{
	struct gw_classic_send_options o = plain_send_options("a note.txt", 0);
	char buf[100];
	struct plain p;
	int fd;

	(void)state;
	os_fixture_text("a note.txt", "hello");
	plain_open(&p);
	fd = connected(&p, &o);
	/* The name, in one piece, and nothing before the word. */
	plain_until(&p, GW_EVENT_OFFER, 1);
	plain_run(&p, 20);
	assert_int_equal(recv(fd, buf, sizeof buf, 0), 10);
	assert_memory_equal(buf, "a note.txt", 10);
	plain_hears_nothing(&p, fd, 100);
	assert_string_equal(p.carrier, "classic");
	assert_string_equal(p.offered, "a note.txt");
	assert_true(p.offer.offer.bytes_known);
	assert_int_equal(p.offer.offer.bytes, 5);
	PLAIN_SAY(fd, "ok");
	PLAIN_HEARS(&p, fd, "hello");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_ends(&p, GW_OK);
	assert_int_equal(p.seen[GW_EVENT_COMPLETE], 1);
	assert_int_equal(p.complete.complete.bytes, 5);
	assert_string_equal(p.entry, "a note.txt");
	assert_string_equal(p.final_name, "");
	plain_close(&p);
}

static void
an_empty_file_and_a_large_one_go(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	uint8_t *data;
	size_t n;
	int fd, file;

	(void)state;
	for (int large = 0; large < 2; large++) {
		if (large)
			make_much("f");
		else
			os_fixture_text("f", "");
		plain_open(&p);
		fd = connected(&p, &o);
		PLAIN_HEARS(&p, fd, "f");
		PLAIN_SAY(fd, "ok");
		n = (size_t)os_fixture_lstat("f").st_size;
		data = malloc(n + 1);
		file = open("f", O_RDONLY);
		assert_int_equal(read(file, data, n), (ssize_t)n);
		close(file);
		plain_hears(&p, fd, data, n);
		free(data);
		plain_is_ended(&p, fd, PLAIN_FIN);
		plain_ends(&p, GW_OK);
		plain_close(&p);
	}
}

static void
a_receiver_that_never_closes_is_not_waited_for(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	int fd;

	(void)state;
	os_fixture_text("f", "hello");
	plain_open(&p);
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok");
	/* It does not even read: its kernel does. */
	plain_ends(&p, GW_OK);
	plain_close(&p);
	plain_open(&p);
	PLAIN_HEARS(&p, fd, "hello");
	plain_is_ended(&p, fd, PLAIN_FIN); /* although we have closed */
	plain_close(&p);
}

/* What it says and nobody reads would turn our close into a reset. */
static void
a_talkative_receiver_gets_its_fin(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	int fd;

	(void)state;
	make_much("f");
	plain_open(&p);
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok\n");
	plain_run(&p, 5);
	for (unsigned i = 0; i < 1000; i++)
		PLAIN_SAY(fd, "go on, I am listening");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_ends(&p, GW_OK);
	plain_close(&p);
}

static void
without_a_reply_a_pause_stands_for_it(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	int fd;

	(void)state;
	os_fixture_text("f", "hello");
	plain_open(&p);
	o.no_reply = true;
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	plain_hears_nothing(&p, fd, 120);
	PLAIN_HEARS(&p, fd, "hello");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_ends(&p, GW_OK);
	plain_close(&p);
}

static void
fails(const char *says, bool closes, struct gw_classic_send_options *o,
    enum gw_err err, const char *word)
{
	struct plain p;
	int fd;

	plain_open(&p);
	fd = connected(&p, o);
	PLAIN_HEARS(&p, fd, "f");
	plain_say(fd, says, strlen(says));
	if (closes)
		shutdown(fd, SHUT_WR);
	plain_is_ended(&p, fd, PLAIN_RST); /* no FIN, and no content */
	plain_ends(&p, err);
	assert_int_equal(p.seen[GW_EVENT_ERROR], 1);
	assert_int_equal(p.seen[GW_EVENT_COMPLETE], 0);
	if (strstr(p.error_text, word) == NULL)
		fail_msg("'%s' does not say '%s'", p.error_text, word);
	plain_close(&p);
}

static void
what_is_not_the_word_ends_it(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);

	(void)state;
	os_fixture_text("f", "hello");
	fails("OK", false, &o, GW_E_PROTOCOL, "replied \"OK\"");
	fails("OK", false, &o, GW_E_PROTOCOL, "--reply");
	fails("", true, &o, GW_E_REFUSED, "instead of replying");
	o.timeout_ms = 200;
	fails("", false, &o, GW_E_STALLED, "--no-reply");
	fails("o", false, &o, GW_E_PROTOCOL, "\"o\"");
	o.reply = "yes";
	fails("ok", true, &o, GW_E_PROTOCOL, "not \"yes\"");
}

static void
a_receiver_that_resets_or_takes_nothing_is_told(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	int fd;

	(void)state;
	make_much("f");
	plain_open(&p);
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok");
	plain_run(&p, 50);
	plain_reset(fd);
	plain_ends(&p, GW_E_LOST);
	assert_non_null(strstr(p.error_text, "in the middle"));
	plain_forget(&p);
	/* All of it is in its kernel, and it does not read that. */
	os_fixture_text("f", "hello");
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok");
	while (recv(fd, &(char){ 0 }, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
		plain_run(&p, 1);
	close(fd);
	plain_ends(&p, GW_E_LOST);
	assert_non_null(strstr(p.error_text, "not read all"));
	plain_forget(&p);
	make_much("f");
	o.timeout_ms = 300;
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok");
	plain_ends(&p, GW_E_STALLED);
	plain_is_ended(&p, fd, PLAIN_RST);
	plain_close(&p);
}

static void
a_source_that_changes_is_no_whole_file(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	int fd;

	(void)state;
	for (int longer = 0; longer < 2; longer++) {
		make_much("f");
		plain_open(&p);
		fd = connected(&p, &o);
		PLAIN_HEARS(&p, fd, "f");
		assert_int_equal(truncate("f", longer ? MUCH + 5 : 5), 0);
		PLAIN_SAY(fd, "ok");
		plain_is_ended(&p, fd, PLAIN_RST);
		plain_ends(&p, GW_E_DISK);
		assert_non_null(strstr(p.error_text, "f: it changed"));
		plain_close(&p);
	}
}

static void
an_interruption_resets_the_connection(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	int fd, listening;

	(void)state;
	make_much("f");
	plain_open(&p);
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok");
	plain_run(&p, 20);
	gw_job_cancel(p.job);
	gw_job_cancel(p.job);
	plain_ends(&p, GW_E_INTERRUPTED);
	plain_is_ended(&p, fd, PLAIN_RST);
	plain_forget(&p);
	/* Before there is a connection. */
	listening = plain_listen(&o.port);
	plain_send(&p, &o);
	gw_job_cancel(p.job);
	plain_ends(&p, GW_E_INTERRUPTED);
	plain_forget(&p);
	/* Freed without a word before. */
	plain_send(&p, &o);
	fd = plain_accept(&p, listening);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok");
	plain_run(&p, 20);
	plain_forget(&p);
	plain_is_ended(&p, fd, PLAIN_RST);
	close(listening);
	plain_close(&p);
}

static void
a_pipe_goes_as_it_comes(void **state)
{
	struct gw_classic_send_options o = plain_send_options("-", 0);
	struct plain p;
	int fd, fds[2];

	(void)state;
	plain_open(&p);
	for (int cut = 0; cut < 2; cut++) {
		assert_int_equal(pipe(fds), 0);
		o.input_fd = fds[0];
		o.name = cut ? NULL : "db.sql";
		fd = connected(&p, &o);
		if (cut)
			PLAIN_HEARS(&p, fd, "stdin");
		else
			PLAIN_HEARS(&p, fd, "db.sql");
		PLAIN_SAY(fd, "ok");
		assert_int_equal(write(fds[1], "one ", 4), 4);
		PLAIN_HEARS(&p, fd, "one ");
		assert_false(p.offer.offer.bytes_known);
		assert_int_equal(write(fds[1], "two", 3), 3);
		PLAIN_HEARS(&p, fd, "two");
		plain_hears_nothing(&p, fd, 20);
		if (cut)
			gw_job_cancel(p.job); /* while it waits for more */
		else
			close(fds[1]);
		plain_is_ended(&p, fd, cut ? PLAIN_RST : PLAIN_FIN);
		plain_ends(&p, cut ? GW_E_INTERRUPTED : GW_OK);
		if (cut)
			close(fds[1]);
		close(fds[0]);
		plain_forget(&p);
	}
	plain_close(&p);
}

static void
a_file_as_input_goes_from_where_it_stands(void **state)
{
	struct gw_classic_send_options o = plain_send_options("-", 0);
	struct plain p;
	int fd, file;

	(void)state;
	os_fixture_text("f", "0123456789");
	file = open("f", O_RDONLY);
	assert_int_equal(lseek(file, 4, SEEK_SET), 4);
	o.input_fd = file;
	plain_open(&p);
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "stdin");
	assert_int_equal(p.offer.offer.bytes, 6);
	PLAIN_SAY(fd, "ok");
	PLAIN_HEARS(&p, fd, "456789");
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_ends(&p, GW_OK);
	close(file);
	plain_close(&p);
}

static void
a_rate_slows_it_and_can_be_lifted(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;
	int fd;

	(void)state;
	make_much("f");
	plain_open(&p);
	o.rate = 1000;
	fd = connected(&p, &o);
	PLAIN_HEARS(&p, fd, "f");
	PLAIN_SAY(fd, "ok");
	plain_until(&p, GW_EVENT_PROGRESS, 3);
	assert_true(p.progress.progress.bytes < MUCH);
	assert_int_equal(p.progress.progress.bytes_total, MUCH);
	gw_job_set_rate(p.job, 0);
	plain_is_ended(&p, fd, PLAIN_FIN);
	plain_ends(&p, GW_OK);
	plain_close(&p);
}

static void
nobody_there_is_told(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 0);
	struct plain p;

	(void)state;
	os_fixture_text("f", "");
	plain_open(&p);
	close(plain_listen(&o.port));
	plain_send(&p, &o);
	plain_ends(&p, GW_E_CONNECT);
	assert_non_null(strstr(p.error_text, "127.0.0.1:"));
	plain_forget(&p);
	o.host = "no such host";
	plain_send(&p, &o);
	plain_ends(&p, GW_E_RESOLVE);
	assert_non_null(strstr(p.error_text, "no such host"));
	plain_close(&p);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_file_goes),
		IN_A_DIRECTORY(an_empty_file_and_a_large_one_go),
		IN_A_DIRECTORY(a_receiver_that_never_closes_is_not_waited_for),
		IN_A_DIRECTORY(a_talkative_receiver_gets_its_fin),
		IN_A_DIRECTORY(without_a_reply_a_pause_stands_for_it),
		IN_A_DIRECTORY(what_is_not_the_word_ends_it),
		IN_A_DIRECTORY(a_receiver_that_resets_or_takes_nothing_is_told),
		IN_A_DIRECTORY(a_source_that_changes_is_no_whole_file),
		IN_A_DIRECTORY(an_interruption_resets_the_connection),
		IN_A_DIRECTORY(a_pipe_goes_as_it_comes),
		IN_A_DIRECTORY(a_file_as_input_goes_from_where_it_stands),
		IN_A_DIRECTORY(a_rate_slows_it_and_can_be_lifted),
		IN_A_DIRECTORY(nobody_there_is_told),
	};

	return cmocka_run_group_tests_name("classic_send", tests, NULL, NULL);
}
