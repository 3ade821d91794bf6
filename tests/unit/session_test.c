/* What a session does without memory; tests/sim has all the rest. */
#include "session/tcp/tcp_session.h"

#include "alloc.h"
#include "crypto/kdf.h"
#include "session/door.h"
#include "test.h"

static void
fill(void *arg, void *out, size_t n)
{
	(void)arg;
	gw_random_bytes(out, n);
}

struct ends {
	struct gw_session *v[2];
	struct gw_door *door;
	struct gw_keypair keys[2];
};

static enum gw_err
new_end(struct ends *e, unsigned i)
{
	const struct gw_session_options o = {
		.initiator = i == 0,
		.self = &e->keys[i],
		.name = "device",
		.prefer_aes = true,
		.window = GW_STREAM_WINDOW,
		.random = { fill, NULL },
		.mode = GW_MODE_CODE,
		.code = "7-crane-otter",
		.door = e->door,
	};

	return gw_tcp_session_new(&o, 0, &e->v[i]);
}

/* Move bytes until nothing moves; the last events tell what became of it. */
static void
run(struct ends *e, struct gw_session_event last[2])
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (unsigned i = 0; i < 2; i++) {
			struct gw_session *to = e->v[1 - i];
			const struct gw_slice out =
			    gw_tcp_session_send_buf(e->v[i], 0);
			struct gw_session_event ev;
			size_t cap, n;
			uint8_t *at = gw_tcp_session_recv_buf(to, &cap);

			n = out.n < cap ? out.n : cap;
			for (size_t k = 0; k < n; k++)
				at[k] = out.p[k];
			gw_tcp_session_recv_ack(to, n, 0);
			gw_tcp_session_send_ack(e->v[i], n, 0);
			while (gw_session_event(to, &ev))
				last[1 - i] = ev;
			moved = moved || n > 0;
		}
	}
}

/* Whatever allocation fails, it is told, and nothing leaks or breaks. */
static void
without_memory_a_session_closes(void **state)
{
	unsigned not_made = 0, closed = 0;
	bool open = false;

	(void)state;
	assert_true(gw_crypto_start());
	for (long n = 0; !open; n++) {
		struct gw_session_event last[2] = { { .kind = GW_SESSION_FIN },
			{ .kind = GW_SESSION_FIN } };
		struct ends e = { 0 };
		enum gw_err err;

		assert_true(n < 100);
		gw_keypair_from((const uint8_t[32]){ 1 }, &e.keys[0]);
		gw_keypair_from((const uint8_t[32]){ 2 }, &e.keys[1]);
		assert_int_equal(gw_door_new(&e.door), GW_OK);
		assert_int_equal(
		    gw_door_set_code(e.door, "7-crane-otter"), GW_OK);
		test_fail_alloc(n);
		err = new_end(&e, 0);
		if (err == GW_OK)
			err = new_end(&e, 1);
		if (err == GW_OK)
			run(&e, last);
		test_fail_alloc(-1);
		open = last[0].kind == GW_SESSION_OPENED &&
		       last[1].kind == GW_SESSION_OPENED;
		if (err != GW_OK) {
			assert_int_equal(err, GW_E_MEMORY);
			not_made++;
		} else if (!open) {
			const unsigned which =
			    last[0].kind == GW_SESSION_CLOSED ? 0 : 1;

			assert_int_equal(last[which].kind, GW_SESSION_CLOSED);
			assert_int_equal(last[which].closed.err, GW_E_MEMORY);
			closed++;
		}
		gw_session_free(e.v[0]);
		gw_session_free(e.v[1]);
		gw_door_free(e.door);
	}
	assert_true(not_made >= 4);
	assert_true(closed >= 10);
	gw_session_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_a_session_closes),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
