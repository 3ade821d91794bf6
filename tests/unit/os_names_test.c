#include "os/names.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "os_fixture.h"

static struct gw_why why;

static void
sorted_by_bytes(void **state)
{
	struct gw_names n = { 0 };
	int fd;

	(void)state;
	mkdir("d", 0755);
	os_fixture_text("d/b", "");
	os_fixture_text("d/a.c", "");
	os_fixture_text("d/a", "");
	os_fixture_text("d/\xff", "");
	os_fixture_text("d/Z", "");
	mkdir("d/...", 0755);
	fd = open("d", O_RDONLY | O_DIRECTORY);
	assert_int_equal(gw_names_read(&n, fd, &why), GW_OK);
	assert_int_equal(n.count, 6);
	assert_string_equal(gw_names_get(&n, 0), "...");
	assert_string_equal(gw_names_get(&n, 1), "Z");
	assert_string_equal(gw_names_get(&n, 2), "a");
	assert_string_equal(gw_names_get(&n, 3), "a.c");
	assert_string_equal(gw_names_get(&n, 5), "\xff");
	close(fd);
	gw_names_fini(&n);
	fd = open("d/a", O_RDONLY);
	assert_int_equal(gw_names_read(&n, fd, &why), GW_E_NO_PATH);
	assert_non_null(strstr(why.text, "read directory: "));
	close(fd);
	gw_names_fini(&n);
}

static void
many_names_and_no_memory(void **state)
{
	struct gw_names n = { 0 };
	enum gw_err err;
	char name[64];
	long failed = 0;
	int fd;

	(void)state;
	mkdir("d", 0755);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "d/%060d", i);
		assert_int_equal(mknod(name, S_IFREG | 0600, 0), 0);
	}
	fd = open("d", O_RDONLY | O_DIRECTORY);
	for (;; failed++) {
		lseek(fd, 0, SEEK_SET);
		test_fail_alloc(failed);
		err = gw_names_read(&n, fd, &why);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		assert_int_equal(err, GW_E_MEMORY);
		gw_names_fini(&n);
	}
	assert_true(failed > 5);
	assert_int_equal(n.count, 2000);
	snprintf(name, sizeof name, "%060d", 1999);
	assert_string_equal(gw_names_get(&n, 1999), name);
	gw_names_fini(&n);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    sorted_by_bytes, os_fixture_setup, os_fixture_teardown),
		cmocka_unit_test_setup_teardown(many_names_and_no_memory,
		    os_fixture_setup, os_fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
