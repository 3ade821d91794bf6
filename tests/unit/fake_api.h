/*
 * fake_api - godwit.h played from a script, so that the program can be tested
 * without network and disk.
 *
 * Each step becomes an event `after_ms` after the one before it, or after the
 * answer that the one before it waited for.  What the program asked for is
 * kept for the test to look at.
 */
#ifndef GW_TESTS_UNIT_FAKE_API_H
#define GW_TESTS_UNIT_FAKE_API_H

#include <stdbool.h>
#include <stddef.h>

#include "godwit.h"

struct fake_step {
	unsigned after_ms;
	bool until_answer; /* nothing follows before gw_job_answer */
	const struct gw_event *event;
};

enum { FAKE_ANSWERS = 16, FAKE_CODE = 256 };

struct fake {
	/* set by the test */
	const struct fake_step *steps;
	size_t count;
	enum gw_err start; /* what gw_send and gw_recv return */
	const char *last_error;
	enum gw_err confine;
	bool deaf; /* the first gw_job_cancel changes nothing */
	const struct gw_partial *partials;
	size_t partial_count;
	const struct gw_device *devices;
	size_t device_count;
	const struct gw_peer_event *peers; /* each comes at once */
	size_t peer_count;
	enum gw_err device;    /* what changing one returns */
	enum gw_err trace_end; /* what gw_trace_close returns */
	uint64_t trace_dropped;

	/* seen by the test */
	unsigned traces; /* that were opened */
	struct gw_send_options send;
	struct gw_recv_options recv;
	struct gw_classic_send_options classic_send;
	struct gw_classic_recv_options classic_recv;
	char code[FAKE_CODE], host[FAKE_CODE], dir[FAKE_CODE];
	char path[FAKE_CODE], reply[FAKE_CODE]; /* of the classic ones */
	unsigned sends, recvs, classic_sends, classic_recvs;
	unsigned cancels, confined;
	unsigned answers[FAKE_ANSWERS];
	size_t answer_count;
	char cleared[33];
	char renamed[2][80], forgotten[80];
};

extern struct fake fake;

#endif /* GW_TESTS_UNIT_FAKE_API_H */
