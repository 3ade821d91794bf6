/* gw_classic_send and gw_classic_recv: what is judged at once, and jobs without
 * memory. */
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "os_fixture.h"
#include "plain.h"

static void
recv_refused(struct plain *p, const struct gw_classic_recv_options *o,
    enum gw_err err, const char *word)
{
	assert_int_equal(gw_classic_recv(p->g, o, &p->job), err);
	assert_null(p->job);
	if (strstr(gw_last_error(p->g), word) == NULL)
		fail_msg("'%s' does not say '%s'", gw_last_error(p->g), word);
}

static void
a_recv_that_cannot_be_is_refused_at_once(void **state)
{
	struct gw_classic_recv_options good = plain_recv_options(), o;
	char longer[66];
	struct plain p, other;

	(void)state;
	assert_int_equal(mkdir("in", 0755), 0);
	plain_open(&other);
	plain_recv(&other, &good);
	plain_open(&p);
	o = good;
	o.dir = "missing";
	recv_refused(&p, &o, GW_E_NO_PATH, "missing");
	o = good;
	o.port = other.port;
	recv_refused(&p, &o, GW_E_ADDRESS, "in use");
	o = good;
	o.listen = "192.0.2.1";
	recv_refused(&p, &o, GW_E_ADDRESS, "192.0.2.1");
	o = good;
	o.on_conflict = GW_CONFLICT_ASK;
	recv_refused(&p, &o, GW_E_USAGE, "nobody is asked");
	o.on_conflict = GW_CONFLICT_NEWER;
	recv_refused(&p, &o, GW_E_USAGE, "no time");
	o = good;
	o.reply = "";
	recv_refused(&p, &o, GW_E_USAGE, "1 to 64 bytes");
	memset(longer, 'x', 65);
	longer[65] = '\0';
	o.reply = longer;
	recv_refused(&p, &o, GW_E_USAGE, "1 to 64 bytes");
	plain_close(&p);
	plain_close(&other);
}

static void
without_memory_no_recv_begins(void **state)
{
	struct gw_classic_recv_options o = plain_recv_options();
	enum gw_err err = GW_E_MEMORY;
	struct plain p;
	unsigned before;

	(void)state;
	assert_int_equal(mkdir("in", 0755), 0);
	plain_open(&p);
	plain_run(&p, 10);
	before = plain_count("/proc/self/fd");
	for (long n = 0; err != GW_OK; n++) {
		assert_true(n < 100);
		test_fail_alloc(n);
		err = gw_classic_recv(p.g, &o, &p.job);
		test_fail_alloc(-1);
		if (err != GW_OK)
			assert_int_equal(err, GW_E_MEMORY);
	}
	plain_forget(&p);
	plain_run(&p, 10);
	assert_int_equal(plain_count("/proc/self/fd"), before);
	plain_close(&p);
}

static void
send_refused(struct plain *p, const struct gw_classic_send_options *o,
    enum gw_err err, const char *word)
{
	assert_int_equal(gw_classic_send(p->g, o, &p->job), err);
	assert_null(p->job);
	if (strstr(gw_last_error(p->g), word) == NULL)
		fail_msg("'%s' does not say '%s'", gw_last_error(p->g), word);
}

static void
a_send_that_cannot_be_is_refused_at_once(void **state)
{
	struct gw_classic_send_options good = plain_send_options("f", 5), o;
	struct plain p;

	(void)state;
	os_fixture_text("f", "");
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	plain_open(&p);
	o = good;
	o.port = 0;
	send_refused(&p, &o, GW_E_USAGE, "port");
	o = good;
	o.host = NULL;
	send_refused(&p, &o, GW_E_USAGE, "host");
	o = good;
	o.path = "missing";
	send_refused(&p, &o, GW_E_NO_PATH, "missing");
	o.path = "d";
	send_refused(&p, &o, GW_E_USAGE, "directory");
	o.path = "fifo";
	send_refused(&p, &o, GW_E_USAGE, "fifo");
	o.path = "-";
	o.input_fd = -1;
	send_refused(&p, &o, GW_E_NO_PATH, "");
	o.input_fd = 0;
	o.name = "a/b";
	send_refused(&p, &o, GW_E_USAGE, "a/b");
	o.name = "";
	send_refused(&p, &o, GW_E_USAGE, "name");
	o = good;
	o.reply = "";
	send_refused(&p, &o, GW_E_USAGE, "1 to 64 bytes");
	plain_close(&p);
}

static void
without_memory_no_send_begins(void **state)
{
	struct gw_classic_send_options o = plain_send_options("f", 5);
	enum gw_err err = GW_E_MEMORY;
	struct plain p;
	unsigned before;

	(void)state;
	os_fixture_text("f", "");
	plain_open(&p);
	plain_run(&p, 10);
	before = plain_count("/proc/self/fd");
	for (long n = 0; err != GW_OK; n++) {
		assert_true(n < 100);
		test_fail_alloc(n);
		err = gw_classic_send(p.g, &o, &p.job);
		test_fail_alloc(-1);
		if (err != GW_OK)
			assert_int_equal(err, GW_E_MEMORY);
	}
	plain_forget(&p);
	plain_run(&p, 10);
	assert_int_equal(plain_count("/proc/self/fd"), before);
	plain_close(&p);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(a_recv_that_cannot_be_is_refused_at_once),
		IN_A_DIRECTORY(without_memory_no_recv_begins),
		IN_A_DIRECTORY(a_send_that_cannot_be_is_refused_at_once),
		IN_A_DIRECTORY(without_memory_no_send_begins),
	};

	return cmocka_run_group_tests_name("classic_start", tests, NULL, NULL);
}
