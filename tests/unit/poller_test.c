#include "run/poller.h"

#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "test.h"

/* One end of a socket pair in the poller; the other one is written to. */
struct one {
	struct gw_poll_item item; /* first */
	struct gw_poller *p;
	int other;
	unsigned edges, turns, more; /* told so; turns that it still wants */
	struct one *removes;         /* at its first edge */
};

struct rig {
	struct gw_loop loop;
	struct gw_poller p;
	struct one v[3];
	bool closed;
	unsigned left; /* turns of the first one, after a turn of all */
};

static void
on_item(struct gw_poll_item *i, uint32_t events)
{
	struct one *o = (struct one *)(void *)i;

	if (events != 0)
		o->edges++;
	else
		o->turns++;
	if (o->removes != NULL)
		gw_poller_remove(o->p, &o->removes->item);
	o->removes = NULL;
	if (o->more > 0) {
		o->more--;
		gw_poller_again(o->p, i);
		gw_poller_again(o->p, i); /* once is enough */
	}
}

static void
on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void
begin(struct rig *r)
{
	assert_int_equal(gw_loop_init(&r->loop), GW_OK);
	assert_int_equal(gw_poller_init(&r->p, &r->loop), GW_OK);
	r->closed = false;
	r->p.closed = on_closed;
	r->p.arg = &r->closed;
	for (int i = 0; i < 3; i++) {
		int fds[2];

		assert_int_equal(
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
		    0);
		r->v[i] = (struct one){ .p = &r->p,
			.other = fds[1],
			.item = { .fd = fds[0], .on = on_item } };
		assert_int_equal(gw_poller_add(&r->p, &r->v[i].item), GW_OK);
	}
}

static void
turn(struct rig *r)
{
	gw_usec end = gw_clock_now() + 20 * GW_MSEC;

	gw_loop_poke(&r->loop);
	while (gw_clock_now() < end)
		(void)gw_loop_wait(&r->loop, 1);
}

static void
finish(struct rig *r)
{
	for (int i = 0; i < 3; i++) {
		gw_poller_remove(&r->p, &r->v[i].item);
		close(r->v[i].item.fd);
		close(r->v[i].other);
	}
	gw_poller_close(&r->p);
	gw_loop_fini(&r->loop);
	assert_true(r->closed);
}

static void
an_edge_is_told_once(void **state)
{
	struct rig r;
	unsigned before;

	(void)state;
	begin(&r);
	turn(&r); /* that it is writable */
	before = r.v[0].edges;
	assert_true(before >= 1);
	turn(&r);
	assert_int_equal(r.v[0].edges, before);
	assert_int_equal(write(r.v[0].other, "x", 1), 1);
	turn(&r);
	turn(&r); /* nobody has read it, and that is no edge */
	assert_int_equal(r.v[0].edges, before + 1);
	finish(&r);
}

static void
who_has_more_to_do_gets_a_turn_each_time_without_any_edge(void **state)
{
	struct rig r;

	(void)state;
	begin(&r);
	turn(&r);
	for (int i = 0; i < 3; i++)
		r.v[i].more = 100;
	gw_poller_again(&r.p, &r.v[0].item);
	gw_poller_again(&r.p, &r.v[1].item);
	assert_int_equal(write(r.v[2].other, "x", 1), 1);
	turn(&r);
	assert_int_equal(r.v[0].turns, 101);
	assert_int_equal(r.v[1].turns, 101);
	assert_int_equal(r.v[2].turns, 100);
	assert_null(r.p.first);
	finish(&r);
}

static void
who_is_removed_in_the_middle_of_a_turn_is_told_nothing_more(void **state)
{
	struct rig r;
	unsigned before;

	(void)state;
	begin(&r);
	turn(&r);
	before = r.v[1].edges + r.v[2].edges;
	r.v[1].removes = &r.v[2];
	r.v[2].removes = &r.v[1];
	assert_int_equal(write(r.v[1].other, "x", 1), 1);
	assert_int_equal(write(r.v[2].other, "x", 1), 1);
	turn(&r);
	assert_int_equal(r.v[1].edges + r.v[2].edges, before + 1);
	/* And who waits for a turn. */
	gw_poller_again(&r.p, &r.v[0].item);
	gw_poller_remove(&r.p, &r.v[0].item);
	turn(&r);
	assert_int_equal(r.v[0].turns, 0);
	finish(&r);
}

static void
on_turned(void *arg)
{
	struct rig *r = arg;

	if (r->left == 0)
		r->left = r->v[0].more;
}

/* Who always has more to do keeps nobody else waiting for that. */
static void
the_last_one_in_a_turn_may_be_removed_by_another(void **state)
{
	enum { LONG = 1000000 }; /* far more than one turn has time for */
	struct rig r;

	(void)state;
	begin(&r);
	turn(&r);
	r.left = 0;
	r.p.turned = on_turned;
	r.p.arg = &r;
	r.v[0].more = LONG;
	r.v[0].removes = &r.v[1];
	gw_poller_again(&r.p, &r.v[0].item);
	gw_poller_again(&r.p, &r.v[1].item);
	assert_int_equal(write(r.v[2].other, "x", 1), 1);
	turn(&r);
	assert_true(r.left > 0);
	assert_int_equal(r.v[1].turns, 0);
	r.p.turned = NULL;
	r.p.arg = &r.closed;
	finish(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_edge_is_told_once),
		cmocka_unit_test(
		    who_has_more_to_do_gets_a_turn_each_time_without_any_edge),
		cmocka_unit_test(
		    who_is_removed_in_the_middle_of_a_turn_is_told_nothing_more),
		cmocka_unit_test(
		    the_last_one_in_a_turn_may_be_removed_by_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
