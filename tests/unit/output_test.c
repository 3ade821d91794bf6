/* Standard output that is a pipe which nobody empties. */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* Standard output as a pipe; what is printed in between is lost. */
struct stand_in {
	int saved, reading;
};

static struct stand_in
begin(void)
{
	struct stand_in s;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 4096);
	s.saved = dup(STDOUT_FILENO);
	s.reading = fds[0];
	dup2(fds[1], STDOUT_FILENO);
	close(fds[1]);
	return s;
}

static void
end(struct stand_in *s)
{
	dup2(s->saved, STDOUT_FILENO);
	close(s->saved);
	if (s->reading != -1)
		close(s->reading);
}

static void
what_does_not_fit_waits(void **state)
{
	struct cli_output o = { .error = 0 };
	struct stand_in s = begin();
	char *data = malloc(100000), *got = malloc(100000);
	size_t n = 0;
	bool waits, full, waits_at_end;

	(void)state;
	for (int i = 0; i < 100000; i++)
		data[i] = (char)(i * 7 + i / 251);
	cli_output_add(&o, data, 60000);
	cli_output_flush(&o);
	waits = cli_output_waits(&o);
	cli_output_add(&o, data + 60000, 40000);
	full = cli_output_full(&o);
	while (n < 100000) {
		ssize_t r = read(s.reading, got + n, 100000 - n);

		if (r <= 0)
			break;
		n += (size_t)r;
		cli_output_flush(&o);
	}
	waits_at_end = cli_output_waits(&o);
	end(&s);
	assert_true(waits);
	assert_false(full);
	assert_false(waits_at_end);
	assert_int_equal(n, 100000);
	assert_memory_equal(got, data, 100000);
	cli_output_fini(&o);
	free(data);
	free(got);
}

static void
it_says_when_it_is_full(void **state)
{
	struct cli_output o = { .error = 0 };
	struct stand_in s = begin();
	static const char data[4096];
	int rounds;

	(void)state;
	for (rounds = 0; rounds < 1000 && !cli_output_full(&o); rounds++) {
		cli_output_add(&o, data, sizeof data);
		cli_output_flush(&o);
	}
	end(&s);
	assert_in_range(rounds, 256, 300);
	cli_output_fini(&o);
}

static void
a_reader_that_is_gone_is_an_error(void **state)
{
	struct cli_output o = { .error = 0 };
	struct stand_in s = begin();

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(s.reading);
	s.reading = -1;
	cli_output_text(&o, "%s %d\n", "line", 1);
	cli_output_flush(&o);
	cli_output_finish(&o, -1, -1);
	end(&s);
	assert_int_equal(o.error, EPIPE);
	assert_false(cli_output_waits(&o));
	cli_output_fini(&o);
}

static void
the_end_waits_only_so_long_and_not_past_a_signal(void **state)
{
	struct cli_output o = { .error = 0 };
	struct stand_in s = begin();
	static const char data[20000];
	int signals[2];
	bool waits_1, waits_2;

	(void)state;
	assert_int_equal(pipe(signals), 0);
	cli_output_add(&o, data, sizeof data);
	cli_output_finish(&o, signals[0], 20);
	waits_1 = cli_output_waits(&o);
	assert_int_equal(write(signals[1], "x", 1), 1);
	cli_output_finish(&o, signals[0], -1);
	waits_2 = cli_output_waits(&o);
	end(&s);
	assert_true(waits_1);
	assert_true(waits_2);
	close(signals[0]);
	close(signals[1]);
	cli_output_fini(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_does_not_fit_waits),
		cmocka_unit_test(it_says_when_it_is_full),
		cmocka_unit_test(a_reader_that_is_gone_is_an_error),
		cmocka_unit_test(
		    the_end_waits_only_so_long_and_not_past_a_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
