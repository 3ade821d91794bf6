#include "os/dir_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "os_fixture.h"

static unsigned opened;

static int
open_dir(void *arg, struct gw_slice path)
{
	char text[64];

	(void)arg;
	__atomic_add_fetch(&opened, 1, __ATOMIC_RELAXED);
	snprintf(
	    text, sizeof text, "./%.*s", (int)path.n, (const char *)path.p);
	return open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct gw_dir_cache *
new_cache(void)
{
	struct gw_dir_cache *c;

	opened = 0;
	assert_int_equal(gw_dir_cache_new(open_dir, NULL, &c), GW_OK);
	return c;
}

static struct gw_dir *
get(struct gw_dir_cache *c, const char *path)
{
	return gw_dir_cache_get(c, gw_slice_str(path));
}

static void
opens_once_and_again_when_told(void **state)
{
	struct gw_dir_cache *c = new_cache();
	struct gw_dir *a, *b;

	(void)state;
	mkdir("x", 0755);
	a = get(c, "x");
	assert_non_null(a);
	assert_int_equal(a->dev, os_fixture_lstat("x").st_dev);
	b = get(c, "x");
	assert_ptr_equal(a, b);
	assert_int_equal(opened, 1);
	gw_dir_cache_put(c, b);
	gw_dir_cache_forget(c);
	/* Still held: so it is still open. */
	assert_int_not_equal(fcntl(a->fd, F_GETFD), -1);
	b = get(c, "x");
	assert_ptr_not_equal(a, b);
	assert_int_equal(opened, 2);
	gw_dir_cache_hold(c, a);
	gw_dir_cache_put(c, a);
	assert_int_not_equal(fcntl(a->fd, F_GETFD), -1);
	gw_dir_cache_put(c, a);
	gw_dir_cache_put(c, b);
	errno = 0;
	assert_null(get(c, "none"));
	assert_int_equal(errno, ENOENT);
	gw_dir_cache_free(c);
}

static void
the_least_used_goes(void **state)
{
	struct gw_dir_cache *c = new_cache();
	struct gw_dir *d;
	char name[16];

	(void)state;
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof name, "%d", i);
		mkdir(name, 0755);
		d = get(c, name);
		assert_non_null(d);
		gw_dir_cache_put(c, d);
		gw_dir_cache_put(c, get(c, "0"));
	}
	assert_int_equal(opened, 100); /* 0 never had to be opened again */
	gw_dir_cache_put(c, get(c, "1"));
	assert_int_equal(opened, 101);
	gw_dir_cache_free(c);
}

static void *
use(void *arg)
{
	struct gw_dir_cache *c = arg;
	struct gw_dir *d;
	char name[16];

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "%d", i * 7 % 40);
		if ((d = get(c, name)) == NULL || fcntl(d->fd, F_GETFD) == -1)
			return NULL;
		if (i % 100 == 0)
			gw_dir_cache_forget(c);
		gw_dir_cache_put(c, d);
	}
	return c;
}

static void
threads_share_it(void **state)
{
	struct gw_dir_cache *c = new_cache();
	pthread_t ids[3];
	void *result;
	char name[16];

	(void)state;
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof name, "%d", i);
		mkdir(name, 0755);
	}
	for (int i = 0; i < 3; i++)
		pthread_create(&ids[i], NULL, use, c);
	for (int i = 0; i < 3; i++) {
		pthread_join(ids[i], &result);
		assert_ptr_equal(result, c);
	}
	gw_dir_cache_free(c);
}

static void
no_memory(void **state)
{
	struct gw_dir_cache *c = NULL;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_dir_cache_new(open_dir, NULL, &c), GW_E_MEMORY);
	test_fail_alloc(-1);
	c = new_cache();
	test_fail_alloc(0);
	assert_null(get(c, ""));
	test_fail_alloc(-1);
	assert_int_equal(errno, ENOMEM);
	gw_dir_cache_free(c);
	gw_dir_cache_free(NULL);
}

#define T(f)                                                                   \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(opens_once_and_again_when_told),
		T(the_least_used_goes),
		T(threads_share_it),
		T(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
