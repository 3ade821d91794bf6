/* One descriptor tells of all that a loop waits for. */
#include "run/loop.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "test.h"

/* What a program with its own loop sees: readable within ms? */
static bool
readable(const struct gw_loop *l, int ms)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

/* Dispatch while it asks for it, and at most `most` times. */
static unsigned
settle(struct gw_loop *l, unsigned most)
{
	unsigned n = 0;

	while (n < most && readable(l, 0)) {
		gw_loop_dispatch(l);
		n++;
	}
	return n;
}

static void
count_timer(uv_timer_t *t)
{
	++*(unsigned *)t->data;
}

static void
a_loop_without_work_lets_its_program_sleep(void **state)
{
	struct gw_loop l;

	(void)state;
	assert_int_equal(gw_loop_init(&l), GW_OK);
	assert_true(settle(&l, 100) < 100);
	assert_false(readable(&l, 50));
	assert_int_equal(gw_loop_wait(&l, 0), GW_E_AGAIN);
	assert_int_equal(gw_loop_wait(&l, 20), GW_E_AGAIN);
	gw_loop_fini(&l);
}

/* As after the last job of a context. */
static void
it_sleeps_again_when_its_last_handle_is_closed(void **state)
{
	struct gw_loop l;
	uv_timer_t t;
	unsigned fired = 0;

	(void)state;
	assert_int_equal(gw_loop_init(&l), GW_OK);
	uv_timer_init(&l.uv, &t);
	t.data = &fired;
	gw_loop_arm(&t, gw_clock_now() + 60 * GW_SEC, count_timer);
	gw_loop_dispatch(&l);
	uv_timer_stop(&t);
	gw_loop_poke(&l);
	assert_true(settle(&l, 100) < 100);
	assert_false(readable(&l, 50));
	uv_close((uv_handle_t *)&t, NULL);
	gw_loop_poke(&l);
	assert_true(settle(&l, 100) < 100);
	assert_false(readable(&l, 50));
	assert_int_equal(fired, 0);
	gw_loop_fini(&l);
}

static void
a_timer_makes_it_readable_and_not_before(void **state)
{
	struct gw_loop l;
	uv_timer_t t;
	unsigned fired = 0;
	gw_usec start = gw_clock_now();

	(void)state;
	assert_int_equal(gw_loop_init(&l), GW_OK);
	uv_timer_init(&l.uv, &t);
	t.data = &fired;
	gw_loop_arm(&t, start + 100 * GW_MSEC, count_timer);
	while (fired == 0) {
		assert_true(readable(&l, 5000));
		gw_loop_dispatch(&l);
	}
	assert_true(gw_clock_now() - start >= 99 * GW_MSEC);
	assert_int_equal(fired, 1);
	(void)settle(&l, 100);
	assert_false(readable(&l, 20));
	uv_close((uv_handle_t *)&t, NULL);
	gw_loop_fini(&l);
}

static void
a_timer_moves_nearer_and_can_be_stopped(void **state)
{
	struct gw_loop l;
	uv_timer_t near, never;
	unsigned fired = 0, not_this = 0;

	(void)state;
	assert_int_equal(gw_loop_init(&l), GW_OK);
	uv_timer_init(&l.uv, &near);
	uv_timer_init(&l.uv, &never);
	near.data = &fired;
	never.data = &not_this;
	gw_loop_arm(&near, gw_clock_now() + 60 * GW_SEC, count_timer);
	gw_loop_arm(&never, gw_clock_now() + 30 * GW_MSEC, count_timer);
	gw_loop_dispatch(&l);
	gw_loop_arm(&never, GW_NEVER, count_timer);
	gw_loop_arm(&near, gw_clock_now() + 50 * GW_MSEC, count_timer);
	gw_loop_dispatch(&l);
	while (fired == 0)
		assert_int_equal(gw_loop_wait(&l, 5000), GW_OK);
	assert_int_equal(not_this, 0);
	uv_close((uv_handle_t *)&near, NULL);
	uv_close((uv_handle_t *)&never, NULL);
	gw_loop_fini(&l);
}

/* A timer that is armed outside of a dispatch waits for one; a poke makes
 * the program come. */
static void
a_poke_makes_it_readable_at_once(void **state)
{
	struct gw_loop l;
	uv_timer_t t;
	unsigned fired = 0;

	(void)state;
	assert_int_equal(gw_loop_init(&l), GW_OK);
	uv_timer_init(&l.uv, &t);
	t.data = &fired;
	(void)settle(&l, 100);
	gw_loop_poke(&l);
	assert_true(readable(&l, 1000));
	(void)settle(&l, 100);
	gw_loop_arm(&t, 0, count_timer);
	gw_loop_poke(&l);
	while (fired == 0)
		assert_int_equal(gw_loop_wait(&l, 1000), GW_OK);
	uv_close((uv_handle_t *)&t, NULL);
	gw_loop_fini(&l);
}

static void
take_bytes(uv_poll_t *p, int status, int events)
{
	char buf[16];
	unsigned *got = p->data;

	assert_int_equal(status, 0);
	assert_true(events & UV_READABLE);
	*got += (unsigned)read(p->io_watcher.fd, buf, sizeof buf);
}

static void
a_descriptor_of_the_loop_makes_it_readable(void **state)
{
	struct gw_loop l;
	uv_poll_t p;
	unsigned got = 0;
	int fd[2];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(gw_loop_init(&l), GW_OK);
	assert_int_equal(uv_poll_init(&l.uv, &p, fd[0]), 0);
	p.data = &got;
	uv_poll_start(&p, UV_READABLE, take_bytes);
	gw_loop_poke(&l);
	(void)settle(&l, 100);
	assert_false(readable(&l, 20));
	assert_int_equal(write(fd[1], "abc", 3), 3);
	while (got < 3) {
		assert_true(readable(&l, 1000));
		gw_loop_dispatch(&l);
	}
	(void)settle(&l, 100);
	assert_false(readable(&l, 20));
	uv_close((uv_handle_t *)&p, NULL);
	gw_loop_fini(&l);
	close(fd[0]);
	close(fd[1]);
}

/* ---- work on other threads ---- */

struct errand {
	struct gw_work work;
	uv_thread_t by;
	unsigned ran, done;
};

static void
errand_run(struct gw_work *w)
{
	struct errand *e = (struct errand *)(void *)w;

	e->by = uv_thread_self();
	e->ran++;
}

static void
errand_done(struct gw_work *w)
{
	struct errand *e = (struct errand *)(void *)w;

	assert_int_equal(e->ran, 1);
	e->done++;
}

static void
finished_work_makes_it_readable(void **state)
{
	enum { ERRANDS = 20 };
	struct errand v[ERRANDS];
	struct gw_loop l;
	unsigned done = 0;

	(void)state;
	memset(v, 0, sizeof v);
	assert_int_equal(gw_loop_init(&l), GW_OK);
	for (unsigned i = 0; i < ERRANDS; i++)
		gw_work_start(&l, &v[i].work, errand_run, errand_done);
	while (done < ERRANDS) {
		assert_true(readable(&l, 5000));
		gw_loop_dispatch(&l);
		done = 0;
		for (unsigned i = 0; i < ERRANDS; i++)
			done += v[i].done;
	}
	for (unsigned i = 0; i < ERRANDS; i++) {
		uv_thread_t here = uv_thread_self();

		assert_int_equal(v[i].done, 1);
		assert_false(uv_thread_equal(&v[i].by, &here));
	}
	assert_int_equal(l.works, 0);
	gw_loop_fini(&l);
}

static void
fini_waits_for_work_that_is_under_way(void **state)
{
	struct errand e = { .ran = 0 };
	struct gw_loop l;

	(void)state;
	assert_int_equal(gw_loop_init(&l), GW_OK);
	gw_work_start(&l, &e.work, errand_run, errand_done);
	gw_loop_fini(&l);
	assert_int_equal(e.done, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loop_without_work_lets_its_program_sleep),
		cmocka_unit_test(
		    it_sleeps_again_when_its_last_handle_is_closed),
		cmocka_unit_test(a_timer_makes_it_readable_and_not_before),
		cmocka_unit_test(a_timer_moves_nearer_and_can_be_stopped),
		cmocka_unit_test(a_poke_makes_it_readable_at_once),
		cmocka_unit_test(a_descriptor_of_the_loop_makes_it_readable),
		cmocka_unit_test(finished_work_makes_it_readable),
		cmocka_unit_test(fini_waits_for_work_that_is_under_way),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
