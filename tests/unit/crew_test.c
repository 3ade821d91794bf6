#include "run/crew.h"

#include <stdlib.h>

#include "test.h"

struct job {
	struct gw_item item;
	unsigned number;
	bool worked, done;
};

struct site {
	struct gw_loop loop;
	struct gw_crew *crew;
	unsigned done, idle;
};

static void
work(struct gw_item *item, void *arg)
{
	struct job *j = (struct job *)item;

	(void)arg;
	j->worked = true;
}

static void
done(struct gw_item *item, void *arg)
{
	struct job *j = (struct job *)item;
	struct site *s = arg;

	assert_true(j->worked);
	assert_false(j->done);
	j->done = true;
	s->done++;
}

static void
idle(void *arg)
{
	((struct site *)arg)->idle++;
}

static void
site_open(struct site *s, unsigned workers)
{
	struct gw_crew_options o = {
		.loop = &s->loop,
		.workers = workers,
		.trip_weight = 100,
		.trip_items = 10,
		.work = work,
		.done = done,
		.idle = idle,
		.arg = s,
	};

	s->done = s->idle = 0;
	assert_int_equal(gw_loop_init(&s->loop), GW_OK);
	assert_int_equal(gw_crew_new(&o, &s->crew), GW_OK);
}

static void
site_close(struct site *s)
{
	gw_crew_free(s->crew);
	gw_loop_fini(&s->loop);
}

static void
every_job_is_done_once(void **state)
{
	struct site s;
	struct job *jobs = calloc(1000, sizeof *jobs);

	(void)state;
	assert_non_null(jobs);
	site_open(&s, 3);
	for (unsigned i = 0; i < 1000; i++) {
		jobs[i].number = i;
		gw_crew_add(s.crew, &jobs[i].item);
	}
	assert_int_equal(gw_crew_busy(s.crew), 1000);
	gw_crew_go(s.crew);
	while (gw_crew_busy(s.crew) > 0)
		gw_loop_wait(&s.loop, 1000);
	assert_int_equal(s.done, 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(jobs[i].done);
	assert_int_equal(s.idle, 100); /* trips of ten */
	site_close(&s);
	free(jobs);
}

static void
a_trip_ends_at_its_weight(void **state)
{
	struct site s;
	struct job jobs[6] = { 0 };

	(void)state;
	site_open(&s, 1);
	for (unsigned i = 0; i < 6; i++) {
		jobs[i].item.weight = 60;
		gw_crew_add(s.crew, &jobs[i].item);
	}
	gw_crew_go(s.crew);
	while (gw_crew_busy(s.crew) > 0)
		gw_loop_wait(&s.loop, 1000);
	assert_int_equal(s.idle, 3);
	site_close(&s);
}

static void
what_has_not_started_can_be_taken_back(void **state)
{
	struct site s;
	struct job jobs[2] = { 0 };

	(void)state;
	site_open(&s, 1);
	gw_crew_add(s.crew, &jobs[0].item);
	gw_crew_add(s.crew, &jobs[1].item);
	assert_ptr_equal(gw_crew_take_back(s.crew), &jobs[0].item);
	assert_ptr_equal(gw_crew_take_back(s.crew), &jobs[1].item);
	assert_null(gw_crew_take_back(s.crew));
	assert_int_equal(gw_crew_busy(s.crew), 0);
	gw_crew_add(s.crew, &jobs[0].item); /* the queue still works */
	gw_crew_go(s.crew);
	while (gw_crew_busy(s.crew) > 0)
		gw_loop_wait(&s.loop, 1000);
	assert_true(jobs[0].done);
	assert_false(jobs[1].worked);
	site_close(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_is_done_once),
		cmocka_unit_test(a_trip_ends_at_its_weight),
		cmocka_unit_test(what_has_not_started_can_be_taken_back),
	};

	return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
