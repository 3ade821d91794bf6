/* A number that nobody has: on real sockets, in a network namespace that only
 * the test has. */
#include "run/herald.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os_fixture.h"
#include "test.h"

enum { PATIENCE = 60, CANNOT = 77 };

static struct gw g;

/* Runs and nonces differ; of 99 and of 900 numbers always the fifth is drawn.
 */
static void
fill(void *arg, void *out, size_t n)
{
	uint64_t *count = arg;
	const uint64_t v = 4 + UINT64_C(99) * 900 * ++*count;

	memset(out, 5, n);
	memcpy(out, &v, n < sizeof v ? n : sizeof v);
}

static uint64_t drawn;

struct choice {
	struct gw_herald *herald;
	unsigned count;
	uint32_t number;
	bool close;
};

static void
on_chosen(void *arg, uint32_t number)
{
	struct choice *c = arg;

	c->count++;
	c->number = number;
	if (c->close) {
		gw_herald_close(c->herald);
		c->herald = NULL;
	}
}

static bool
begin_alone(void)
{
	memset(&g, 0, sizeof g);
	g.self.random = (struct gw_random){ fill, &drawn };
	return gw_crypto_start() && unshare(CLONE_NEWNET) == 0 &&
	       os_fixture_shell("ip link set lo up") &&
	       gw_loop_init(&g.loop) == GW_OK;
}

static bool
open_one(struct choice *c)
{
	const struct gw_herald_options o = { &g, on_chosen, c };
	struct gw_why why = { "" };

	return gw_herald_open(&o, &why, &c->herald) == GW_OK;
}

static bool
chooses(struct choice *c)
{
	const gw_usec end = gw_clock_now() + PATIENCE * GW_SEC;
	const unsigned before = c->count;

	gw_herald_choose(c->herald);
	while (c->count == before && gw_clock_now() < end)
		gw_loop_wait(&g.loop, 100);
	return c->count == before + 1;
}

static void
announce(const struct choice *c)
{
	gw_herald_announce(c->herald, &(struct gw_announcement){ .name = "pc",
					  .port = 4711,
					  .number = c->number,
					  .sends = true });
}

static int
end(struct choice *a, struct choice *b)
{
	gw_herald_close(a->herald);
	gw_herald_close(b->herald);
	gw_loop_fini(&g.loop);
	return 0;
}

/* What is drawn is the same for both: the second has to take a large one. */
static int
free_body(void *arg)
{
	struct choice a = { .count = 0 }, b = { .count = 0 };

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	if (!open_one(&a) || !open_one(&b))
		return 1;
	if (!chooses(&a) || a.number != 5)
		return 2;
	announce(&a);
	if (!chooses(&b) || b.number != 104)
		return 3;
	/* It is free again. */
	gw_herald_announce(a.herald, NULL);
	if (!chooses(&b) || b.number != a.number)
		return 4;
	return end(&a, &b);
}

/* All that it draws is taken: then the number serves both. */
static int
taken_body(void *arg)
{
	struct choice a = { .count = 0 }, b = { .count = 0 },
		      c = { .count = 0 };

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	if (!open_one(&a) || !open_one(&b) || !open_one(&c))
		return 1;
	if (!chooses(&a))
		return 2;
	announce(&a);
	if (!chooses(&b))
		return 3;
	announce(&b);
	if (!chooses(&c) || b.number != 104 || c.number != 104)
		return 4;
	gw_herald_close(c.herald);
	return end(&a, &b);
}

static int
closing_body(void *arg)
{
	struct choice a = { .close = true }, b = { .count = 0 };

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	if (!open_one(&a) || !chooses(&a) || a.herald != NULL)
		return 1;
	/* And in the midst of asking. */
	if (!open_one(&b))
		return 2;
	gw_herald_choose(b.herald);
	gw_loop_wait(&g.loop, 10);
	return end(&a, &b);
}

static int
memory_body(void *arg)
{
	const struct gw_herald_options o = { &g, on_chosen, NULL };
	struct choice c = { .count = 0 }, none = { .count = 0 };
	struct gw_why why = { "" };
	enum gw_err err;

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	for (long n = 0;; n++) {
		test_fail_alloc(n);
		err = gw_herald_open(&o, &why, &c.herald);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		if (err != GW_E_MEMORY)
			return 1;
	}
	return end(&c, &none);
}

/* Where only this machine could come, nobody is told; elsewhere one is found at
 * once. */
static int
place_body(void *arg)
{
	const struct gw_herald_place here = { .address = "127.0.0.1",
		.port = 4711 },
				     all = { .port = 4711 };
	struct gw_herald *herald;
	struct choice none = { .count = 0 }, c = { .count = 0 };

	(void)arg;
	if (!begin_alone())
		return CANNOT;
	strcpy(g.self.name, "kitchen-pc");
	if (gw_herald_open_at(&g, &here, &herald) != GW_OK || herald != NULL)
		return 1;
	if (gw_herald_open_at(&g, &all, &c.herald) != GW_OK || c.herald == NULL)
		return 2;
	return end(&c, &none);
}

static void
in_a_namespace(int (*body)(void *))
{
	const int status = os_fixture_child(body, NULL);

	if (status == CANNOT)
		skip();
	assert_int_equal(status, 0);
}

#define CASE(name, body)                                                       \
	static void name(void **state)                                         \
	{                                                                      \
		(void)state;                                                   \
		in_a_namespace(body);                                          \
	}

CASE(a_number_that_is_taken_is_not_chosen, free_body)
CASE(where_all_are_taken_one_serves_two, taken_body)
CASE(it_may_be_closed_when_it_tells_and_while_it_asks, closing_body)
CASE(a_place_is_announced_unless_nobody_else_could_come, place_body)
CASE(without_memory_it_does_not_open, memory_body)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_that_is_taken_is_not_chosen),
		cmocka_unit_test(where_all_are_taken_one_serves_two),
		cmocka_unit_test(
		    it_may_be_closed_when_it_tells_and_while_it_asks),
		cmocka_unit_test(
		    a_place_is_announced_unless_nobody_else_could_come),
		cmocka_unit_test(without_memory_it_does_not_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
