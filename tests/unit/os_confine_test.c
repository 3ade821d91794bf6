#include "os/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os_fixture.h"

enum { NO_LANDLOCK = 77 };

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

#define EXPECT(what)                                                           \
	do {                                                                   \
		if (!(what)) {                                                 \
			fprintf(stderr, "not so: %s\n", #what);                \
			return 1;                                              \
		}                                                              \
	} while (0)

static int
confined(void *arg)
{
	static const char *const read[] = { "readable", "one-file", "none" };
	static const char *const write[] = { "writable", "/dev/null" };
	struct gw_confine_options o = {
		.read = read, .read_count = 3, .write = write, .write_count = 2
	};
	struct gw_why why;
	const char *text = NULL;
	enum gw_err err;
	int fd;

	(void)arg;
	err = gw_confine_enter(&o, &why, &text);
	if (err == GW_E_FAILED && strstr(why.text, "Landlock") != NULL)
		return NO_LANDLOCK;
	EXPECT(err == GW_OK);
	EXPECT(strncmp(text, "Landlock ABI ", 13) == 0);
	EXPECT(try_open("readable/x", O_RDONLY) == 0);
	EXPECT(try_open("readable", O_RDONLY | O_DIRECTORY) == 0);
	EXPECT(try_open("one-file", O_RDONLY) == 0);
	EXPECT(try_open("readable/x", O_WRONLY) == EACCES);
	EXPECT(try_open("readable/new", O_WRONLY | O_CREAT) == EACCES);
	EXPECT(unlink("readable/x") != 0 && errno == EACCES);
	EXPECT(try_open("hidden/x", O_RDONLY) == EACCES);
	EXPECT(try_open("hidden", O_RDONLY | O_DIRECTORY) == EACCES);
	EXPECT(try_open("/etc/passwd", O_RDONLY) == EACCES);
	EXPECT(try_open("none", O_WRONLY | O_CREAT) == EACCES);
	EXPECT(truncate("hidden/x", 0) != 0 && errno == EACCES);

	EXPECT(try_open("writable/new", O_RDWR | O_CREAT | O_EXCL) == 0);
	EXPECT(try_open("writable/new", O_RDWR | O_TRUNC) == 0);
	EXPECT(mkdir("writable/d", 0700) == 0);
	EXPECT(symlink("x", "writable/l") == 0);
	EXPECT(rename("writable/new", "writable/d/moved") == 0);
	EXPECT(link("writable/d/moved", "writable/second") == 0);
	EXPECT(rename("writable/l", "writable/d/l") == 0);
	EXPECT(unlink("writable/d/l") == 0);
	EXPECT(rename("writable/second", "hidden/out") != 0);
	EXPECT(mkfifo("writable/fifo", 0600) != 0);
	EXPECT(try_open("/dev/null", O_RDWR) == 0);
	EXPECT((fd = socket(AF_INET, SOCK_STREAM, 0)) >= 0);
	close(fd);
	return 0;
}

static void
only_what_was_named_can_be_reached(void **state)
{
	int r;

	(void)state;
	mkdir("readable", 0755);
	mkdir("writable", 0755);
	mkdir("hidden", 0755);
	os_fixture_text("readable/x", "x");
	os_fixture_text("hidden/x", "x");
	os_fixture_text("one-file", "x");
	r = os_fixture_child(confined, NULL);
	if (r == NO_LANDLOCK)
		skip();
	assert_int_equal(r, 0);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_what_was_named_can_be_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
