/* Sessions that processes show, beside what the kernel knows of them. */
#include "diag/session_rows.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loopback.h"
#include "os/clock.h"
#include "os/origin.h"
#include "os/session_files.h"
#include "os/session_page.h"
#include "os_fixture.h"

static struct gw_why why;
static struct gw_sock_diag *diag;
static struct gw_session_rows *rows;
static int fd;
static uint16_t port;

static int
setup(void **state)
{
	if (os_fixture_setup(state) != 0)
		return -1;
	setenv("XDG_RUNTIME_DIR", *state, 1);
	fd = loopback_datagram(&port);
	diag = NULL;
	if (loopback_is_told() && gw_origin_cookie(fd) != 0 &&
	    gw_sock_diag_open(&diag, &why) != GW_OK)
		return -1;
	return mkdir("godwit", 0700) != 0 ||
	       gw_session_rows_new(&rows) != GW_OK;
}

static int
teardown(void **state)
{
	if (fd != -1)
		close(fd);
	gw_session_rows_free(rows);
	gw_sock_diag_free(diag);
	return os_fixture_teardown(state);
}

#define NEEDS_DIAG()                                                           \
	do {                                                                   \
		(void)state;                                                   \
		if (diag == NULL)                                              \
			skip();                                                \
	} while (0)

static struct gw_shown_session
session(uint32_t serial, enum gw_shown_state last, gw_usec at)
{
	struct gw_shown_session s = { .serial = serial,
		.initiator = true,
		.remote = { { [10] = 0xff, 0xff, 10, 0, 0, 9 }, 0, 4639 },
		.steps = { { at - 5, GW_SHOWN_SYN_SENT },
		    { at, (uint8_t)last } },
		.step_count = 2,
		.cipher = "AES-256-GCM",
		.congestion = "bbr",
		.figures = { .cwnd = 24000,
		    .srtt = 300,
		    .lost = 3,
		    .unacked = UINT64_MAX,
		    .unread = 17,
		    .datagram = 1200 } };

	return s;
}

static void
show(struct gw_session_file *f, uint64_t cookie, uint32_t backlog,
    const struct gw_shown_session *v, size_t n)
{
	static uint8_t buf[GW_SESSION_PAGE_BYTES];
	const struct gw_session_page page = { .cookie = cookie,
		.backlog = backlog };
	struct gw_session_page_writer w;

	gw_session_page_begin(&w, buf, &page);
	for (size_t i = 0; i < n; i++)
		gw_session_page_add(&w, &v[i]);
	gw_session_file_write(f, gw_slice(buf, gw_session_page_end(&w)));
}

static struct gw_session_file *
opened(void)
{
	struct gw_session_file *f;

	assert_int_equal(gw_session_file_new("godwit", &why, &f), GW_OK);
	return f;
}

/* Rows of our port: of all of its sessions, and of what listens. */
static const struct gw_session_row *
look(unsigned *sessions, unsigned *listeners)
{
	const struct gw_session_row *r, *found = NULL;

	*sessions = *listeners = 0;
	assert_int_equal(gw_session_rows_look(rows, diag, &why), GW_OK);
	for (size_t i = 0; (r = gw_session_rows_at(rows, i)) != NULL; i++) {
		if (r->socket.local.port != port)
			continue;
		if (r->step_count == 0) {
			++*listeners;
			assert_int_equal(r->socket.state, GW_SOCKET_LISTEN);
			assert_int_equal(r->socket.send_queue, 64);
			continue;
		}
		++*sessions;
		found = r;
	}
	return found;
}

static void
expect(unsigned want_sessions, unsigned want_listeners)
{
	unsigned sessions, listeners;

	(void)look(&sessions, &listeners);
	assert_int_equal(sessions, want_sessions);
	assert_int_equal(listeners, want_listeners);
}

static void
a_session_is_a_row_beside_its_socket(void **state)
{
	struct gw_shown_session s;
	struct gw_session_file *f = opened();
	const struct gw_session_row *r;
	unsigned sessions, listeners;
	const gw_usec at = gw_clock_now();

	NEEDS_DIAG();
	expect(0, 0); /* nothing is written yet */
	s = session(1, GW_SHOWN_ESTABLISHED, at);
	show(f, gw_origin_cookie(fd), 64, &s, 1);
	r = look(&sessions, &listeners);
	assert_int_equal(sessions, 1);
	assert_int_equal(listeners, 1);
	assert_int_equal(r->socket.protocol, GW_SOCKET_SESSION);
	assert_int_equal(r->socket.state, GW_SOCKET_ESTABLISHED);
	assert_int_equal(r->socket.remote.port, 4639);
	/* From the kernel. */
	assert_int_equal(r->socket.local.address[12], 127);
	assert_int_equal(r->socket.uid, geteuid());
	assert_int_not_equal(r->socket.inode, 0);
	assert_int_not_equal(r->socket.cookie, 0);
	/* From its process. */
	assert_true(r->socket.session_known);
	assert_false(r->socket.tcp_known);
	assert_int_equal(r->socket.recv_queue, 17);
	assert_int_equal(r->socket.send_queue, UINT32_MAX);
	assert_int_equal(r->socket.session.cwnd, 24000);
	assert_int_equal(r->socket.session.rtt, 300);
	assert_int_equal(r->socket.session.lost, 3);
	assert_string_equal(r->socket.session.cipher, "AES-256-GCM");
	assert_int_equal(r->step_count, 2);
	assert_int_equal(r->steps[0].state, GW_SOCKET_SYN_SENT);
	assert_int_equal(r->steps[1].since, at);
	assert_true(r->steps[1].exact);
	assert_true(r->socket.session.in_state < 60 * GW_SEC);
	gw_session_file_free(f);
}

static void
what_the_kernel_does_not_know_is_not_shown(void **state)
{
	struct gw_shown_session s;
	struct gw_session_file *f = opened();

	NEEDS_DIAG();
	s = session(1, GW_SHOWN_ESTABLISHED, gw_clock_now());
	/* Another namespace's socket, or none at all. */
	show(f, gw_origin_cookie(fd) + 1000000, 64, &s, 1);
	expect(0, 0);
	show(f, gw_origin_cookie(fd), 64, &s, 1);
	expect(1, 1);
	gw_session_file_write(f, gw_slice_str("nonsense"));
	expect(0, 0);
	show(f, gw_origin_cookie(fd), 0, &s, 1);
	expect(1, 0);
	/* Its process was killed: the socket is gone, the file is not. */
	close(fd);
	fd = -1;
	expect(0, 0);
	gw_session_file_free(f);
}

/* Whoever has the file says that the socket of another is his. */
static void
nobody_speaks_of_anothers_socket(void **state)
{
	struct gw_shown_session s;
	struct gw_session_file *f = opened();
	glob_t g;
	struct gw_session_rows *seen;

	NEEDS_DIAG();
	if (geteuid() != 0)
		skip();
	s = session(1, GW_SHOWN_ESTABLISHED, gw_clock_now());
	show(f, gw_origin_cookie(fd), 64, &s, 1);
	expect(1, 1);
	/* All of it is theirs from here on, but for the socket. */
	assert_int_equal(glob("godwit/*", 0, NULL, &g), 0);
	assert_int_equal(g.gl_pathc, 1);
	assert_int_equal(chown(g.gl_pathv[0], 65534, 65534), 0);
	assert_int_equal(chown("godwit", 65534, 65534), 0);
	assert_int_equal(chown(".", 65534, 65534), 0);
	globfree(&g);
	assert_int_equal(gw_session_rows_new(&seen), GW_OK);
	gw_session_rows_free(rows);
	rows = seen;
	expect(0, 0);
	gw_session_file_free(f);
}

static void
the_last_words_are_told_once(void **state)
{
	struct gw_shown_session s;
	struct gw_session_file *f = opened();
	const struct gw_session_row *r;
	unsigned sessions, listeners;

	NEEDS_DIAG();
	s = session(1, GW_SHOWN_ESTABLISHED, gw_clock_now());
	show(f, gw_origin_cookie(fd), 64, &s, 1);
	expect(1, 1);
	s = session(1, GW_SHOWN_CLOSED, gw_clock_now());
	show(f, gw_origin_cookie(fd), 64, &s, 1);
	gw_session_file_free(f);
	close(fd);
	fd = -1;
	r = look(&sessions, &listeners);
	assert_int_equal(sessions, 1);
	assert_int_equal(listeners, 0);
	assert_int_equal(r->socket.state, GW_SOCKET_CLOSED);
	expect(0, 0);
}

static void
a_clock_that_is_ahead_is_not_believed(void **state)
{
	struct gw_shown_session s;
	struct gw_session_file *f = opened();
	const struct gw_session_row *r;
	unsigned sessions, listeners;

	NEEDS_DIAG();
	s = session(1, GW_SHOWN_ESTABLISHED, gw_clock_now() + 500 * GW_SEC);
	show(f, gw_origin_cookie(fd), 64, &s, 1);
	r = look(&sessions, &listeners);
	assert_true(r->steps[1].since <= gw_clock_now());
	assert_true(r->socket.session.in_state < 60 * GW_SEC);
	gw_session_file_free(f);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_session_is_a_row_beside_its_socket),
		T(what_the_kernel_does_not_know_is_not_shown),
		T(nobody_speaks_of_anothers_socket),
		T(the_last_words_are_told_once),
		T(a_clock_that_is_ahead_is_not_believed),
	};

	return cmocka_run_group_tests_name("session_rows", tests, NULL, NULL);
}
