/* The list of devices in its file: who may read it, and who writes at once. */
#include "run/device_store.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os_fixture.h"

static struct gw_why why;

static void
where_there_is_none_the_list_is_empty(void **state)
{
	struct gw_device_book b;

	(void)state;
	assert_int_equal(gw_device_store_load(".", &b, &why), GW_OK);
	assert_int_equal(b.count, 0);
	assert_false(os_fixture_exists("devices"));
	gw_device_book_fini(&b);
}

static void
only_its_user_can_read_what_is_kept(void **state)
{
	static const uint8_t key[GW_KEY_LEN] = { 7 };
	const struct gw_device_entry *e;
	struct gw_device_store s;
	struct gw_device_book b;

	(void)state;
	umask(0);
	assert_int_equal(gw_device_store_open(".", &s, &why), GW_OK);
	assert_int_equal(gw_device_book_add(&s.book, key, "pc", 3, &e), GW_OK);
	assert_int_equal(gw_device_store_save(&s, &why), GW_OK);
	gw_device_store_close(&s);
	assert_int_equal(os_fixture_lstat("devices").st_mode & 07777, 0600);
	assert_int_equal(
	    os_fixture_lstat("devices.lock").st_mode & 07777, 0600);
	assert_int_equal(gw_device_store_load(".", &b, &why), GW_OK);
	assert_int_equal(b.count, 1);
	assert_string_equal(b.entries[0].name, "pc");
	gw_device_book_fini(&b);
}

static void
what_cannot_be_read_is_named_and_left_alone(void **state)
{
	struct gw_device_store s;
	struct gw_device_book b;

	(void)state;
	os_fixture_text("devices", "godwit-devices-1\nown -\n");
	assert_int_equal(chmod("devices", 0600), 0);
	assert_int_equal(gw_device_store_load(".", &b, &why), GW_E_DISK);
	assert_non_null(strstr(why.text, "./devices: line 2"));
	assert_int_equal(gw_device_store_open(".", &s, &why), GW_E_DISK);
	assert_string_equal(
	    os_fixture_read("devices", NULL), "godwit-devices-1\nown -\n");
	assert_int_equal(chmod("devices", 0644), 0);
	assert_int_equal(gw_device_store_load(".", &b, &why), GW_E_DISK);
	assert_non_null(strstr(why.text, "chmod 600"));
}

/* Add ten devices, each in a change of its own. */
static int
add_ten(void *arg)
{
	const int who = *(const int *)arg;

	for (int i = 0; i < 10; i++) {
		const uint8_t key[GW_KEY_LEN] = { (uint8_t)who, (uint8_t)i, 1 };
		const struct gw_device_entry *e;
		struct gw_device_store s;

		if (gw_device_store_open(".", &s, &why) != GW_OK ||
		    gw_device_book_add(&s.book, key, "pc", i, &e) != GW_OK ||
		    gw_device_store_save(&s, &why) != GW_OK)
			return 1;
		gw_device_store_close(&s);
	}
	return 0;
}

static void
of_two_that_write_at_once_nothing_is_lost(void **state)
{
	struct gw_device_book b;
	pid_t children[3];
	int status;

	(void)state;
	for (int i = 0; i < 3; i++)
		if ((children[i] = fork()) == 0)
			_exit(add_ten(&i));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(gw_device_store_load(".", &b, &why), GW_OK);
	assert_int_equal(b.count, 30);
	gw_device_book_fini(&b);
}

static void
who_does_not_let_go_is_not_waited_for_for_ever(void **state)
{
	struct gw_device_store s;
	int fd;

	(void)state;
	fd = open("devices.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(gw_device_store_open(".", &s, &why), GW_E_AGAIN);
	assert_non_null(strstr(why.text, "another godwit process"));
	close(fd);
	assert_int_equal(gw_device_store_open(".", &s, &why), GW_OK);
	gw_device_store_close(&s);
}

#define IN_A_DIRECTORY(test)                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    test, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(where_there_is_none_the_list_is_empty),
		IN_A_DIRECTORY(only_its_user_can_read_what_is_kept),
		IN_A_DIRECTORY(what_cannot_be_read_is_named_and_left_alone),
		IN_A_DIRECTORY(of_two_that_write_at_once_nothing_is_lost),
		IN_A_DIRECTORY(who_does_not_let_go_is_not_waited_for_for_ever),
	};

	return cmocka_run_group_tests_name("device_store", tests, NULL, NULL);
}
