#include "os/conduit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alloc.h"
#include "test.h"

/* Two connections over loopback; the relay goes from in[1] to out[0]. */
struct way {
	int in[2], out[2];
	struct gw_conduit_pool pool;
	struct gw_conduit r;
};

static void
tcp_pair(int ends[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int l = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(l, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&a, &n), 0);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ends[0], (struct sockaddr *)&a, sizeof a), 0);
	ends[1] = accept(l, NULL, NULL);
	close(l);
	for (int i = 0; i < 2; i++)
		fcntl(ends[i], F_SETFL, O_NONBLOCK);
}

static void
begin(struct way *w, size_t pipes)
{
	tcp_pair(w->in);
	tcp_pair(w->out);
	assert_int_equal(gw_conduit_pool_init(&w->pool, pipes), GW_OK);
	gw_conduit_init(&w->r, w->in[1], w->out[0]);
	w->r.readable = w->r.writable = true;
}

static void
finish(struct way *w)
{
	gw_conduit_fini(&w->r, &w->pool);
	gw_conduit_pool_fini(&w->pool);
	for (int i = 0; i < 2; i++) {
		close(w->in[i]);
		close(w->out[i]);
	}
}

static enum gw_conduit_result
move(struct way *w)
{
	return gw_conduit_move(&w->r, &w->pool, 1 << 20);
}

/* As edges would say. */
static void
edges(struct way *w)
{
	w->r.readable = w->r.writable = true;
}

/* Everything through, and compared. */
static void
much(struct way *w, bool *piped)
{
	enum { MUCH = 16 << 20 };
	uint8_t *data = malloc(MUCH), *got = malloc(MUCH);
	size_t sent = 0, n = 0;

	*piped = false;
	for (size_t i = 0; i < MUCH; i++)
		data[i] = (uint8_t)(i * 2654435761u >> 11);
	while (n < MUCH) {
		ssize_t k =
		    send(w->in[0], data + sent, MUCH - sent, MSG_NOSIGNAL);

		sent += k > 0 ? (size_t)k : 0;
		edges(w);
		assert_true(move(w) <= GW_CONDUIT_MORE);
		*piped |= w->r.piped > 0 || w->pool.made > 0;
		/* Reads only what has piled up. */
		if (sent < MUCH && k > 0)
			continue;
		k = recv(w->out[1], got + n, MUCH - n, 0);
		n += k > 0 ? (size_t)k : 0;
	}
	assert_memory_equal(data, got, MUCH);
	assert_int_equal(w->r.moved, MUCH);
	free(data);
	free(got);
}

static void
little_is_copied_and_no_pipe_is_made(void **state)
{
	struct way w;
	char got[8];

	(void)state;
	begin(&w, 4);
	assert_int_equal(send(w.in[0], "text", 4, 0), 4);
	assert_int_equal(move(&w), GW_CONDUIT_WAITS);
	assert_int_equal(recv(w.out[1], got, 8, 0), 4);
	assert_int_equal(w.r.moved, 4);
	assert_int_equal(w.pool.made, 0);
	finish(&w);
}

static void
much_goes_through_a_pipe_that_is_given_back(void **state)
{
	struct way w;
	bool piped;

	(void)state;
	begin(&w, 1);
	much(&w, &piped);
	assert_true(piped);
	edges(&w);
	assert_int_equal(move(&w), GW_CONDUIT_WAITS);
	assert_int_equal(w.pool.idle, 1);
	assert_int_equal(w.r.pipe[0], -1);
	finish(&w);
}

static void
without_a_pipe_much_is_copied(void **state)
{
	struct way w;
	bool piped;

	(void)state;
	begin(&w, 0);
	much(&w, &piped);
	assert_false(piped);
	finish(&w);
}

static void
past_the_budget_there_is_more_to_do(void **state)
{
	static char block[1 << 16];
	struct way w;
	size_t sent = 0;

	(void)state;
	begin(&w, 1);
	while (sent < sizeof block) {
		ssize_t k = send(
		    w.in[0], block + sent, sizeof block - sent, MSG_NOSIGNAL);

		assert_true(k > 0);
		sent += (size_t)k;
	}
	usleep(1000);
	w.r.hung = true; /* an end may follow: it must look again */
	assert_int_equal(gw_conduit_move(&w.r, &w.pool, 1), GW_CONDUIT_MORE);
	finish(&w);
}

static void
an_end_is_told_after_all_bytes(void **state)
{
	struct way w;
	char got[8];

	(void)state;
	begin(&w, 1);
	assert_int_equal(send(w.in[0], "last", 4, 0), 4);
	shutdown(w.in[0], SHUT_WR);
	w.r.hung = true;
	assert_int_equal(move(&w), GW_CONDUIT_OVER);
	assert_int_equal(recv(w.out[1], got, 8, 0), 4);
	assert_int_equal(recv(w.out[1], got, 8, 0), 0);
	assert_int_equal(move(&w), GW_CONDUIT_OVER);
	/* The other direction is open. */
	assert_int_equal(send(w.out[1], "x", 1, 0), 1);
	finish(&w);
}

static void
what_is_put_goes_first_and_is_not_counted(void **state)
{
	struct way w;
	char got[16];

	(void)state;
	begin(&w, 1);
	assert_int_equal(gw_conduit_put(&w.r, "head:", 5), GW_OK);
	assert_int_equal(send(w.in[0], "body", 4, 0), 4);
	assert_int_equal(move(&w), GW_CONDUIT_WAITS);
	assert_int_equal(recv(w.out[1], got, 16, 0), 9);
	assert_memory_equal(got, "head:body", 9);
	assert_int_equal(w.r.moved, 4);
	finish(&w);
}

static void
a_side_that_is_lost_is_told_and_raises_no_signal(void **state)
{
	const struct linger now = { .l_onoff = 1 };
	struct way w;
	static char block[1 << 16];

	(void)state;
	for (int piped = 0; piped < 2; piped++) {
		begin(&w, 1);
		w.r.bulk = piped;
		setsockopt(w.out[1], SOL_SOCKET, SO_LINGER, &now, sizeof now);
		close(w.out[1]);
		assert_true(send(w.in[0], block, sizeof block, 0) > 0);
		usleep(1000);
		while (move(&w) == GW_CONDUIT_WAITS)
			edges(&w);
		assert_int_equal(move(&w), GW_CONDUIT_TO_LOST);
		w.out[1] = -1;
		finish(&w);
	}
	begin(&w, 1);
	setsockopt(w.in[0], SOL_SOCKET, SO_LINGER, &now, sizeof now);
	close(w.in[0]);
	assert_int_equal(move(&w), GW_CONDUIT_FROM_LOST);
	w.in[0] = -1;
	finish(&w);
}

static void
without_memory_it_says_so(void **state)
{
	struct way w;

	(void)state;
	test_fail_alloc(0);
	assert_int_equal(gw_conduit_pool_init(&w.pool, 1), GW_E_MEMORY);
	test_fail_alloc(1);
	assert_int_equal(gw_conduit_pool_init(&w.pool, 1), GW_E_MEMORY);
	test_fail_alloc(-1);
	begin(&w, 0);
	test_fail_alloc(0);
	assert_int_equal(gw_conduit_put(&w.r, "x", 1), GW_E_MEMORY);
	assert_int_equal(send(w.in[0], "x", 1, 0), 1);
	w.r.writable = false; /* it has to be kept */
	test_fail_alloc(0);
	assert_int_equal(move(&w), GW_CONDUIT_NO_MEMORY);
	test_fail_alloc(-1);
	finish(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(little_is_copied_and_no_pipe_is_made),
		cmocka_unit_test(much_goes_through_a_pipe_that_is_given_back),
		cmocka_unit_test(without_a_pipe_much_is_copied),
		cmocka_unit_test(past_the_budget_there_is_more_to_do),
		cmocka_unit_test(an_end_is_told_after_all_bytes),
		cmocka_unit_test(what_is_put_goes_first_and_is_not_counted),
		cmocka_unit_test(
		    a_side_that_is_lost_is_told_and_raises_no_signal),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
