/* Looking for somebody and dialling: on real sockets, in a network namespace
 * that only the test has.  More, with other machines: tests/net/test_find.py.
 */
#include "run/quest.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crypto/kdf.h"
#include "os/clock.h"
#include "os/random.h"
#include "os_fixture.h"
#include "run/herald.h"
#include "run/listener.h"
#include "test.h"

enum { PATIENCE = 60, CANNOT = 77 };

#define CODE "7-crane-otter"

static struct gw g;

struct bed {
	struct gw_self there;
	struct gw_door *door;
	struct gw_listener *listener;
	struct gw_herald *herald;
	struct gw_quest *quest;
	struct gw_conn *in; /* whom the door has let in last */
	unsigned guesses;   /* that it has seen */
	unsigned opened, failed, notices;
	enum gw_err err;
	char notice[GW_QUEST_NOTICE_MAX], text[GW_QUEST_NOTICE_MAX];
};

/* ---- the side that waits ---- */

static void
let_in(void *arg, struct gw_conn *c, const struct gw_session_event *ev)
{
	struct bed *b = arg;

	(void)ev;
	gw_conn_close(b->in);
	b->in = c;
}

static void
not_in(void *arg, const struct gw_session_event *ev, const char *address)
{
	struct bed *b = arg;

	(void)address;
	b->guesses += ev->closed.guess;
}

static bool
listens(struct bed *b, enum gw_carriers carriers)
{
	const struct gw_listener_options o = {
		.loop = &g.loop,
		.self = &b->there,
		.window = GW_STREAM_WINDOW,
		.address = "127.0.0.1",
		.door = b->door,
		.carriers = carriers,
		.owner = { let_in, not_in, b },
	};
	struct gw_why why = { "" };

	return gw_listener_new(&o, &why, &b->listener) == GW_OK;
}

/* Somebody, under this number, at the port of the listener. */
static struct gw_herald *
announced(const struct bed *b, uint32_t number)
{
	const struct gw_herald_options o = { .g = &g };
	struct gw_herald *h;
	struct gw_why why = { "" };

	if (gw_herald_open(&o, &why, &h) != GW_OK)
		return NULL;
	gw_herald_announce(h, &(struct gw_announcement){ .name = "kitchen-pc",
				  .port = gw_listener_port(b->listener),
				  .number = number,
				  .sends = true });
	return h;
}

/* ---- the side that looks ---- */

static void
on_opened(void *arg, struct gw_conn *c, const struct gw_session_event *ev)
{
	struct bed *b = arg;

	(void)ev;
	b->opened++;
	b->quest = NULL;
	gw_conn_close(c);
}

static void
on_failed(void *arg, const struct gw_session_event *ev, const char *address)
{
	struct bed *b = arg;

	(void)address;
	b->failed++;
	b->quest = NULL;
	b->err = ev->closed.err;
	snprintf(b->text, sizeof b->text, "%s", ev->closed.text);
}

static void
on_notice(void *arg, const char *text)
{
	struct bed *b = arg;

	b->notices++;
	snprintf(b->notice, sizeof b->notice, "%s", text);
}

/* The loop turns until it is so, or for too long. */
static bool
comes(const unsigned *number, unsigned least)
{
	const gw_usec end = gw_clock_now() + PATIENCE * GW_SEC;

	while (*number < least && gw_clock_now() < end)
		gw_loop_wait(&g.loop, 100);
	return *number >= least;
}

static struct gw_quest_options
for_number(struct bed *b, const char *code)
{
	return (struct gw_quest_options){
		.g = &g,
		.dial = { .loop = &g.loop,
		    .self = &g.self,
		    .window = GW_STREAM_WINDOW,
		    .helper_fd = -1,
		    .mode = GW_MODE_CODE,
		    .code = code,
		    .carriers = GW_CARRIERS_TCP },
		.ask = GW_ASK_NUMBER,
		.number = 7,
		.role = GW_QUEST_SENDER,
		.patience = PATIENCE * GW_SEC,
		.notice = on_notice,
		.owner = { on_opened, on_failed, b },
	};
}

static bool
starts(struct bed *b, const struct gw_quest_options *o)
{
	b->opened = b->failed = b->notices = 0;
	return gw_quest_start(o, &b->quest) == GW_OK;
}

/* ---- both ---- */

static void
make_self(struct gw_self *s, uint8_t secret, const char *name)
{
	const uint8_t key[32] = { secret };

	gw_keypair_from(key, &s->keys);
	snprintf(s->name, sizeof s->name, "%s", name);
	s->random = gw_random_os();
}

static bool
begin_alone(struct bed *b)
{
	memset(&g, 0, sizeof g);
	memset(b, 0, sizeof *b);
	make_self(&g.self, 1, "desk");
	make_self(&b->there, 2, "kitchen-pc");
	g.helper_fd = -1;
	return gw_crypto_start() && unshare(CLONE_NEWNET) == 0 &&
	       os_fixture_shell("ip link set lo up") &&
	       gw_loop_init(&g.loop) == GW_OK &&
	       gw_door_new(&b->door) == GW_OK &&
	       gw_door_set_code(b->door, CODE) == GW_OK;
}

static int
end(struct bed *b)
{
	gw_quest_cancel(b->quest);
	gw_conn_close(b->in);
	gw_herald_close(b->herald);
	gw_listener_close(b->listener);
	gw_loop_fini(&g.loop);
	gw_door_free(b->door);
	return 0;
}

static int
number_body(void *arg)
{
	struct bed b;
	struct gw_quest_options o = for_number(&b, CODE);

	(void)arg;
	if (!begin_alone(&b))
		return CANNOT;
	if (!listens(&b, GW_CARRIERS_AUTO) ||
	    (b.herald = announced(&b, 7)) == NULL)
		return 1;
	for (int carrier = GW_CARRIERS_AUTO; carrier <= GW_CARRIERS_TCP;
	     carrier++) {
		/* One transfer, one code. */
		if (gw_door_set_code(b.door, CODE) != GW_OK)
			return 2;
		o.dial.carriers = (enum gw_carriers)carrier;
		if (!starts(&b, &o) || !comes(&b.opened, 1))
			return 10 + carrier;
		if (b.failed != 0 || b.notices != 0)
			return 20 + carrier;
	}
	return end(&b);
}

/* Under eight run ids it is one device, which gets one guess. */
static int
guess_body(void *arg)
{
	struct bed b;
	const struct gw_quest_options o = for_number(&b, "7-wrong-words");
	struct gw_herald *h[8];

	(void)arg;
	if (!begin_alone(&b))
		return CANNOT;
	if (!listens(&b, GW_CARRIERS_AUTO))
		return 1;
	for (size_t i = 0; i < 8; i++)
		if ((h[i] = announced(&b, 7)) == NULL)
			return 2;
	if (!starts(&b, &o) || !comes(&b.failed, 1))
		return 3;
	if (b.err != GW_E_AUTH || strstr(b.text, "make a new code") == NULL)
		return 4;
	if (b.notices != 1 || strstr(b.notice, "claim the number 7") == NULL)
		return 5;
	if (!comes(&b.guesses, 1) || b.guesses != 1)
		return 6;
	for (size_t i = 0; i < 8; i++)
		gw_herald_close(h[i]);
	return end(&b);
}

static int
nobody_body(void *arg)
{
	struct bed b;
	struct gw_quest_options o = for_number(&b, CODE);

	(void)arg;
	if (!begin_alone(&b))
		return CANNOT;
	o.patience = 6 * GW_SEC;
	if (!starts(&b, &o) || !comes(&b.notices, 1))
		return 1;
	if (strstr(b.notice, "asked on lo (127.255.255.255)") == NULL ||
	    b.failed != 0)
		return 2;
	if (!comes(&b.failed, 1) || b.err != GW_E_CONNECT ||
	    strcmp(b.text, "nobody who waits with number 7 was found in 6 s") !=
		0)
		return 3;
	return end(&b);
}

/* A name that nobody has is told at once, with who is there. */
static int
name_body(void *arg)
{
	struct bed b;
	struct gw_quest_options o = for_number(&b, CODE);

	(void)arg;
	if (!begin_alone(&b))
		return CANNOT;
	o.ask = GW_ASK_NAME;
	o.role = GW_QUEST_RECEIVER;
	o.name = "kitchen";
	if (!listens(&b, GW_CARRIERS_TCP) ||
	    (b.herald = announced(&b, 7)) == NULL)
		return 4;
	if (!starts(&b, &o) || !comes(&b.failed, 1))
		return 5;
	if (b.err != GW_E_RESOLVE || b.notices != 0 ||
	    strstr(b.text, "here are: kitchen-pc at 127.0.0.1") == NULL)
		return 6;
	return end(&b);
}

/* At each moment that it can be in. */
static int
cancel_body(void *arg)
{
	struct bed b;
	struct gw_quest_options o = for_number(&b, CODE);

	(void)arg;
	if (!begin_alone(&b))
		return CANNOT;
	if (!listens(&b, GW_CARRIERS_AUTO) ||
	    (b.herald = announced(&b, 7)) == NULL)
		return 1;
	o.dial.carriers = GW_CARRIERS_AUTO;
	for (int turns = 0; turns < 60; turns++) {
		if (gw_door_set_code(b.door, CODE) != GW_OK || !starts(&b, &o))
			return 2;
		for (int i = 0; i < turns && b.opened == 0; i++)
			gw_loop_wait(&g.loop, 5);
		gw_quest_cancel(b.quest);
		b.quest = NULL;
		if (b.failed != 0)
			return 3;
	}
	return end(&b);
}

/* It fails as any other dial does, or goes on without what there was no memory
 * for. */
static int
memory_body(void *arg)
{
	struct bed b;
	const struct gw_quest_options o = for_number(&b, CODE);

	(void)arg;
	if (!begin_alone(&b))
		return CANNOT;
	if (!listens(&b, GW_CARRIERS_TCP) ||
	    (b.herald = announced(&b, 7)) == NULL)
		return 1;
	for (long n = 0;; n++) {
		enum gw_err err;

		test_fail_alloc(n);
		err = gw_quest_start(&o, &b.quest);
		test_fail_alloc(-1);
		if (err == GW_OK)
			break;
		if (err != GW_E_MEMORY)
			return 2;
	}
	return comes(&b.opened, 1) ? end(&b) : 3;
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

CASE(who_waits_with_the_number_is_found_and_opens, number_body)
CASE(many_run_ids_of_one_device_get_one_guess, guess_body)
CASE(that_nobody_is_found_is_told_early_and_at_the_end_in_short, nobody_body)
CASE(a_name_that_nobody_has_says_who_is_there, name_body)
CASE(it_may_be_cancelled_at_any_time, cancel_body)
CASE(without_memory_it_does_not_start, memory_body)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_with_the_number_is_found_and_opens),
		cmocka_unit_test(many_run_ids_of_one_device_get_one_guess),
		cmocka_unit_test(
		    that_nobody_is_found_is_told_early_and_at_the_end_in_short),
		cmocka_unit_test(a_name_that_nobody_has_says_who_is_there),
		cmocka_unit_test(it_may_be_cancelled_at_any_time),
		cmocka_unit_test(without_memory_it_does_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
