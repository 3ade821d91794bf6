/* The life of jobs through godwit.h: whole transfers, and ends at any time. */
#include "run/job.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "devices.h"
#include "os/tcp.h"
#include "os_fixture.h"

enum { SENDER, RECEIVER, BOTH };

static const struct gw_send_options send_plain = GW_SEND_OPTIONS_INIT;
static const struct gw_recv_options recv_once = {
	.on_conflict = GW_CONFLICT_RENAME,
	.accept = true,
	.once = true,
	.output_fd = -1,
};

static void
open_both(struct device v[BOTH])
{
	device_open(&v[SENDER], "alder");
	device_open(&v[RECEIVER], "birch");
	(void)mkdir("target", 0755);
}

static void
close_both(struct device v[BOTH])
{
	device_close(&v[SENDER]);
	device_close(&v[RECEIVER]);
}

static bool
never(void *arg)
{
	(void)arg;
	return false;
}

/* ---- whole transfers ---- */

static void
assert_order(const struct device *d, const enum gw_event_kind *want, size_t n)
{
	size_t k = 0;

	/* Progress comes when it likes. */
	for (unsigned i = 0; i < d->ordered; i++) {
		if (d->order[i] == GW_EVENT_PROGRESS ||
		    (k > 0 && d->order[i] == want[k - 1]))
			continue;
		assert_true(k < n);
		assert_int_equal(d->order[i], want[k++]);
	}
	assert_int_equal(k, n);
}

static void
a_tree_arrives_as_it_was_and_events_come_in_order(void **state)
{
	static const enum gw_event_kind at_sender[] = { GW_EVENT_CONNECTED,
		GW_EVENT_OFFER, GW_EVENT_ENTRY, GW_EVENT_COMPLETE,
		GW_EVENT_END };
	static const enum gw_event_kind at_receiver[] = { GW_EVENT_LISTENING,
		GW_EVENT_CONNECTED, GW_EVENT_OFFER, GW_EVENT_ENTRY,
		GW_EVENT_COMPLETE, GW_EVENT_END };
	struct device v[BOTH];

	(void)state;
	open_both(v);
	devices_make_tree("tree");
	device_wait_recv(&v[RECEIVER], &recv_once, "target");
	device_send(&v[SENDER], &v[RECEIVER], &send_plain, "tree");
	devices_until_over(v, BOTH);
	devices_same_tree("tree", "target/tree");
	assert_order(&v[SENDER], at_sender, 5);
	assert_order(&v[RECEIVER], at_receiver, 6);
	for (unsigned i = 0; i < BOTH; i++) {
		assert_int_equal(v[i].end, GW_OK);
		assert_int_equal(v[i].seen[GW_EVENT_ERROR], 0);
		assert_int_equal(v[i].seen[GW_EVENT_ENTRY], 6);
		assert_int_equal(v[i].seen[GW_EVENT_COMPLETE], 1);
		assert_int_equal(v[i].offer.offer.files, 3);
		assert_int_equal(v[i].offer.offer.dirs, 2);
		assert_int_equal(v[i].offer.offer.others, 1);
		assert_int_equal(v[i].complete.complete.files, 3);
		assert_int_equal(
		    v[i].complete.complete.bytes, (2 << 20) + 12345 + 5);
		assert_int_equal(
		    v[i].complete.complete.moved, v[i].complete.complete.bytes);
		assert_string_equal(v[i].peer_key, gw_device_key(v[1 - i].g));
	}
	assert_string_equal(v[SENDER].peer, "birch");
	assert_string_equal(v[RECEIVER].peer, "alder");
	close_both(v);
}

static void
the_sender_may_wait_and_the_receiver_connect(void **state)
{
	static const enum gw_event_kind at_sender[] = { GW_EVENT_LISTENING,
		GW_EVENT_CONNECTED, GW_EVENT_OFFER, GW_EVENT_ENTRY,
		GW_EVENT_COMPLETE, GW_EVENT_END };
	struct gw_send_options so = GW_SEND_OPTIONS_INIT;
	struct gw_recv_options ro = recv_once;
	const char *paths[] = { "tree" };
	struct device v[BOTH];

	(void)state;
	open_both(v);
	devices_make_tree("tree");
	so.link.listen = "127.0.0.1";
	so.paths = paths;
	so.path_count = 1;
	assert_int_equal(gw_send(v[SENDER].g, &so, &v[SENDER].job), GW_OK);
	device_pull(&v[SENDER]);
	ro.link.host = "127.0.0.1";
	ro.link.port = v[SENDER].port;
	ro.link.code = v[SENDER].code;
	ro.dir = "target";
	assert_int_equal(gw_recv(v[RECEIVER].g, &ro, &v[RECEIVER].job), GW_OK);
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	assert_order(&v[SENDER], at_sender, 6);
	devices_same_tree("tree", "target/tree");
	close_both(v);
}

/* The other side waits for it, and nothing is lost. */
static void
a_program_may_leave_its_descriptor_alone_for_a_while(void **state)
{
	struct gw_send_options so = send_plain;
	struct device v[BOTH];

	(void)state;
	open_both(v);
	devices_make_file("file", 6 << 20);
	for (unsigned i = 0; i < BOTH; i++) {
		device_wait_recv(&v[RECEIVER], &recv_once, "target");
		so.link.rate = 12 << 20;
		device_send(&v[SENDER], &v[RECEIVER], &so, "file");
		devices_until_bytes(v, BOTH, &v[RECEIVER], 1 << 20);
		v[i].deaf = true;
		(void)devices_run(v, BOTH, never, NULL, 1500);
		v[i].deaf = false;
		devices_until_over(v, BOTH);
		assert_int_equal(v[SENDER].end, GW_OK);
		assert_int_equal(v[RECEIVER].end, GW_OK);
		device_forget(&v[SENDER]);
		device_forget(&v[RECEIVER]);
	}
	devices_same_file("file", "target/file");
	devices_same_file("file", "target/file (1)");
	close_both(v);
}

/* ---- several jobs of one context ---- */

static void
one_context_has_several_jobs_at_once(void **state)
{
	enum { PAIRS = 3 };
	struct device from, to, v[2 * PAIRS];
	char name[PAIRS][16], arrived[PAIRS][32];

	(void)state;
	device_open(&from, "alder");
	device_open(&to, "birch");
	assert_int_equal(mkdir("target", 0755), 0);
	for (unsigned i = 0; i < PAIRS; i++) {
		snprintf(name[i], sizeof name[i], "file%u", i);
		snprintf(arrived[i], sizeof arrived[i], "target/file%u", i);
		devices_make_file(name[i], (1 << 20) * (i + 1));
		v[2 * i] = from;
		v[2 * i + 1] = to;
		device_wait_recv(&v[2 * i + 1], &recv_once, "target");
		device_send(&v[2 * i], &v[2 * i + 1], &send_plain, name[i]);
	}
	/* One that goes early does not disturb the others. */
	device_forget(&v[0]);
	device_forget(&v[1]);
	devices_until_over(v, 2 * PAIRS);
	for (unsigned i = 1; i < PAIRS; i++) {
		assert_int_equal(v[2 * i].end, GW_OK);
		assert_int_equal(v[2 * i + 1].end, GW_OK);
		devices_same_file(name[i], arrived[i]);
	}
	gw_close(from.g); /* takes its jobs along */
	gw_close(to.g);
}

static void
a_context_may_send_to_itself(void **state)
{
	struct device a, v[BOTH];

	(void)state;
	device_open(&a, "alder");
	assert_int_equal(mkdir("target", 0755), 0);
	devices_make_tree("tree");
	v[SENDER] = v[RECEIVER] = a;
	device_wait_recv(&v[RECEIVER], &recv_once, "target");
	device_send(&v[SENDER], &v[RECEIVER], &send_plain, "tree");
	devices_until_over(v, BOTH);
	assert_int_equal(v[SENDER].end, GW_OK);
	assert_int_equal(v[RECEIVER].end, GW_OK);
	devices_same_tree("tree", "target/tree");
	gw_job_free(v[SENDER].job);
	gw_job_free(v[RECEIVER].job);
	gw_close(a.g);
}

/* ---- ended at any time ---- */

enum stage {
	PREPARING,
	WAITING,
	CONNECTING,
	ASKED,
	MOVING,
	RETRYING,
	COMPLETED,
	ENDED,
	STAGES
};

enum way { CANCEL, CANCEL_TWICE, FREE, CLOSE, WAYS };

/* Somebody accepts connections and says nothing. */
static int
silent_listener(uint16_t *port)
{
	int fd;

	assert_int_equal(gw_tcp_listen("127.0.0.1", 0, 8, NULL, &fd), GW_OK);
	*port = gw_tcp_port(fd);
	return fd;
}

/* Bring `who` to a stage; the other side is what it needs for that. */
static void
reach(struct device v[BOTH], unsigned who, enum stage stage, int *silent)
{
	struct gw_recv_options ro = recv_once;
	struct gw_send_options so = send_plain;
	struct device nobody = { .code = "7-crane-otter" };

	if (stage == CONNECTING || stage == PREPARING) {
		*silent = silent_listener(&nobody.port);
		if (who == SENDER) {
			device_send(&v[SENDER], &nobody, &so, "file");
		} else {
			ro.link.host = "127.0.0.1";
			ro.link.port = nobody.port;
			ro.link.code = nobody.code;
			assert_int_equal(
			    gw_recv(v[RECEIVER].g, &ro, &v[RECEIVER].job),
			    GW_OK);
		}
		if (stage == CONNECTING)
			(void)devices_run(v, BOTH, never, NULL, 100);
		return;
	}
	ro.accept = stage != ASKED;
	so.link.rate = stage < COMPLETED ? 4 << 20 : 0;
	device_wait_recv(&v[RECEIVER], &ro, "target");
	if (stage == WAITING)
		return;
	v[RECEIVER].hold = stage == ASKED;
	device_send(&v[SENDER], &v[RECEIVER], &so, "file");
	if (stage == ASKED)
		devices_until(v, BOTH, &v[RECEIVER], GW_EVENT_OFFER);
	if (stage == MOVING || stage == RETRYING)
		devices_until_bytes(v, BOTH, &v[RECEIVER], 1 << 20);
	if (stage == RETRYING) {
		v[1 - who].deaf = true;
		v[who].seen[GW_EVENT_NOTICE] = 0; /* of left-overs */
		assert_true(devices_cut(v[RECEIVER].port) > 0);
		devices_until(v, BOTH, &v[who], GW_EVENT_NOTICE);
		assert_int_equal(v[who].what, GW_NOTICE_RETRY);
		v[1 - who].deaf = false;
	}
	if (stage == COMPLETED)
		devices_until(v, BOTH, &v[who], GW_EVENT_COMPLETE);
	if (stage == ENDED)
		devices_until_over(v, BOTH);
}

/* false: it is gone with all that it could tell. */
static bool
end_it(struct device *d, enum way way)
{
	switch (way) {
	case CANCEL_TWICE:
		gw_job_cancel(d->job);
		/* fallthrough */
	case CANCEL:
		gw_job_cancel(d->job);
		return true;
	case FREE:
		gw_job_free(d->job);
		d->job = NULL;
		return false;
	default:
		gw_close(d->g);
		d->g = NULL;
		d->job = NULL;
		return false;
	}
}

static void
check_ended(struct device v[BOTH], unsigned who, enum stage stage, bool tells)
{
	struct device *other = &v[1 - who];
	enum gw_err want = stage >= COMPLETED ? GW_OK : GW_E_INTERRUPTED;

	if (other->job != NULL && stage == RETRYING)
		gw_job_cancel(other->job); /* it would wait for its return */
	devices_until_over(v, BOTH);
	if (tells) {
		assert_int_equal(v[who].end, want);
		assert_int_equal(v[who].seen[GW_EVENT_END], 1);
		assert_int_equal(v[who].seen[GW_EVENT_ERROR],
		    want == GW_OK || !v[who].seen[GW_EVENT_ERROR] ? 0 : 1);
	}
	if (other->job == NULL || stage == RETRYING)
		return;
	if (stage >= COMPLETED)
		assert_int_equal(other->end, GW_OK);
	else
		assert_int_equal(other->end, GW_E_PEER_GONE);
}

static void
end_at(unsigned who, enum stage stage, enum way way)
{
	unsigned before = devices_descriptors();
	struct device v[BOTH];
	int silent = -1;

	open_both(v);
	reach(v, who, stage, &silent);
	check_ended(v, who, stage, end_it(&v[who], way));
	close_both(v);
	if (silent != -1)
		close(silent);
	assert_int_equal(devices_descriptors(), before);
}

static void
end_at_every_stage(unsigned who, enum way way)
{
	struct device warm; /* libuv keeps two descriptors for ever */

	device_open(&warm, "warm");
	device_close(&warm);
	devices_make_file("file", 3 << 20);
	for (enum stage stage = PREPARING; stage < STAGES; stage++)
		if (!(who == SENDER && stage == WAITING))
			end_at(who, stage, way);
}

static void
a_job_can_be_cancelled_at_every_stage(void **state)
{
	(void)state;
	end_at_every_stage(SENDER, CANCEL);
	end_at_every_stage(RECEIVER, CANCEL);
}

static void
a_second_cancel_ends_it_at_every_stage(void **state)
{
	(void)state;
	end_at_every_stage(SENDER, CANCEL_TWICE);
	end_at_every_stage(RECEIVER, CANCEL_TWICE);
}

static void
a_job_can_be_freed_at_every_stage(void **state)
{
	(void)state;
	end_at_every_stage(SENDER, FREE);
	end_at_every_stage(RECEIVER, FREE);
}

static void
a_context_can_be_closed_at_every_stage(void **state)
{
	(void)state;
	end_at_every_stage(SENDER, CLOSE);
	end_at_every_stage(RECEIVER, CLOSE);
}

#define IN_A_DIRECTORY(f)                                                      \
	cmocka_unit_test_setup_teardown(                                       \
	    f, os_fixture_setup, os_fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(
		    a_tree_arrives_as_it_was_and_events_come_in_order),
		IN_A_DIRECTORY(the_sender_may_wait_and_the_receiver_connect),
		IN_A_DIRECTORY(
		    a_program_may_leave_its_descriptor_alone_for_a_while),
		IN_A_DIRECTORY(one_context_has_several_jobs_at_once),
		IN_A_DIRECTORY(a_context_may_send_to_itself),
		IN_A_DIRECTORY(a_job_can_be_cancelled_at_every_stage),
		IN_A_DIRECTORY(a_second_cancel_ends_it_at_every_stage),
		IN_A_DIRECTORY(a_job_can_be_freed_at_every_stage),
		IN_A_DIRECTORY(a_context_can_be_closed_at_every_stage),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
