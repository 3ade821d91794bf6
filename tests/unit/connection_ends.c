#include "connection_ends.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PATIENCE = 60000 /* ms */, PIECE = 100000 };

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct gw *
context(const char *name)
{
	struct gw_options o = GW_OPTIONS_INIT;
	char data[64], state[64];
	struct gw *g = NULL;

	snprintf(data, sizeof data, "%s-data", name);
	snprintf(state, sizeof state, "%s-state", name);
	o.data_dir = data;
	o.state_dir = state;
	o.device_name = name;
	assert_int_equal(gw_open(&o, &g), GW_OK);
	return g;
}

void
ends_open(struct ends *e, const struct gw_connection_options *given)
{
	struct gw_connection_options o = GW_CONNECTION_OPTIONS_INIT;

	memset(e, 0, sizeof *e);
	if (given != NULL)
		o = *given;
	if (o.code == NULL)
		o.code = ENDS_CODE;
	e->at[0].g = context("waiting");
	e->at[1].g = context("dialling");
	assert_int_equal(
	    gw_listen(e->at[0].g, "127.0.0.1", 0, &o, &e->acceptor), GW_OK);
	e->port = gw_acceptor_port(e->acceptor);
	assert_int_not_equal(e->port, 0);
}

void
ends_close(struct ends *e)
{
	for (unsigned i = 0; i < 2; i++) {
		gw_connection_close(e->at[i].c);
		e->at[i].c = NULL;
	}
	gw_acceptor_close(e->acceptor);
	for (unsigned i = 0; i < 2; i++)
		gw_close(e->at[i].g);
}

static void
take_events(struct end *end)
{
	struct gw_connection_event ev;

	while (end->c != NULL && gw_connection_next(end->c, &ev)) {
		assert_true(end->n < ENDS_EVENTS);
		end->seen[end->n++] = ev;
	}
}

void
ends_turn(struct ends *e)
{
	struct pollfd p[2] = { { gw_fd(e->at[0].g), POLLIN, 0 },
		{ gw_fd(e->at[1].g), POLLIN, 0 } };

	(void)poll(p, 2, 5);
	for (unsigned i = 0; i < 2; i++) {
		gw_dispatch(e->at[i].g);
		take_events(&e->at[i]);
	}
}

void
ends_run(struct ends *e, int ms)
{
	const int64_t until = now_ms() + ms;

	while (now_ms() < until)
		ends_turn(e);
}

const struct gw_connection_event *
ends_until_stream(struct ends *e, unsigned side,
    enum gw_connection_event_kind kind, unsigned stream)
{
	const int64_t until = now_ms() + PATIENCE;
	struct end *end = &e->at[side];

	for (unsigned i = 0; now_ms() < until; i++) {
		while (i == end->n && now_ms() < until)
			ends_turn(e);
		if (i < end->n && end->seen[i].kind == kind &&
		    end->seen[i].stream == stream)
			return &end->seen[i];
	}
	fail_msg("side %u was never told of %d", side, (int)kind);
	return NULL;
}

const struct gw_connection_event *
ends_until(struct ends *e, unsigned side, enum gw_connection_event_kind kind)
{
	return ends_until_stream(e, side, kind, 0);
}

bool
ends_told(
    const struct ends *e, unsigned side, enum gw_connection_event_kind kind)
{
	for (unsigned i = 0; i < e->at[side].n; i++)
		if (e->at[side].seen[i].kind == kind)
			return true;
	return false;
}

void
ends_forget(struct ends *e, unsigned side)
{
	e->at[side].n = 0;
}

const char *
ends_states(const struct ends *e, unsigned side)
{
	static char text[300];
	const struct end *end = &e->at[side];

	text[0] = '\0';
	for (unsigned i = 0; i < end->n; i++) {
		const struct gw_connection_event *ev = &end->seen[i];
		size_t n = strlen(text);

		if (ev->kind != GW_CONNECTION_STATE)
			continue;
		snprintf(text + n, sizeof text - n, "%s>%s",
		    n == 0 ? ev->state.from : "", ev->state.to);
	}
	return text;
}

void
ends_connect(struct ends *e, const struct gw_connection_options *given)
{
	struct gw_connection_options o = *given;

	if (o.code == NULL)
		o.code = ENDS_CODE;
	assert_int_equal(
	    gw_connect(e->at[1].g, "127.0.0.1", e->port, &o, &e->at[1].c),
	    GW_OK);
	ends_until(e, 1, GW_CONNECTION_OPENED);
	assert_int_equal(gw_accept(e->acceptor, PATIENCE, &e->at[0].c), GW_OK);
}

void
ends_pair(struct ends *e, enum gw_carriers carriers)
{
	const struct gw_connection_options o = { .carriers = carriers };

	ends_open(e, &o);
	ends_connect(e, &o);
}

/* ---- bytes ---- */

uint8_t
ends_byte(unsigned side, unsigned stream, uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 13) + stream * 7 + side);
}

uint64_t
ends_fill(struct ends *e, unsigned side, unsigned stream, uint64_t at)
{
	static uint8_t piece[PIECE];
	uint64_t all = 0;
	size_t n = 1;

	while (n > 0) {
		enum gw_err err;

		for (size_t i = 0; i < PIECE; i++)
			piece[i] = ends_byte(side, stream, at + all + i);
		err = gw_stream_write(e->at[side].c, stream, piece, PIECE, &n);
		if (err == GW_E_AGAIN)
			break;
		assert_int_equal(err, GW_OK);
		all += n;
	}
	return all;
}

uint64_t
ends_choke(struct ends *e, unsigned side, unsigned stream)
{
	const int64_t until = now_ms() + PATIENCE;
	uint64_t all = 0;

	ends_forget(e, side);
	while (!ends_told(e, side, GW_CONNECTION_BLOCKED)) {
		assert_true(now_ms() < until);
		all += ends_fill(e, side, stream, all);
		ends_turn(e);
	}
	return all;
}

uint64_t
ends_drain(
    struct ends *e, unsigned side, unsigned stream, uint64_t at, bool *over)
{
	static uint8_t piece[PIECE];
	uint64_t all = 0;
	size_t n;

	for (;;) {
		enum gw_err err =
		    gw_stream_read(e->at[side].c, stream, piece, PIECE, &n);

		if (err == GW_E_AGAIN)
			return all;
		assert_int_equal(err, GW_OK);
		*over = n == 0;
		if (n == 0)
			return all;
		for (size_t i = 0; i < n; i++)
			assert_int_equal(piece[i],
			    ends_byte(1 - side, stream, at + all + i));
		all += n;
	}
}

void
ends_move(
    struct ends *e, unsigned from, unsigned stream, uint64_t at, uint64_t n)
{
	static uint8_t piece[PIECE];
	uint64_t written = 0, got = 0;
	const int64_t until = now_ms() + PATIENCE;
	bool over;

	while (got < n && now_ms() < until) {
		const uint64_t left = n - written;
		size_t take = left < PIECE ? (size_t)left : PIECE;

		for (size_t i = 0; i < take; i++)
			piece[i] = ends_byte(from, stream, at + written + i);
		if (take > 0 && gw_stream_write(e->at[from].c, stream, piece,
				    take, &take) == GW_OK)
			written += take;
		ends_turn(e);
		ends_forget(e, 0);
		ends_forget(e, 1);
		/* Whoever has not seen it yet knows no such stream. */
		if (gw_stream_read(e->at[1 - from].c, stream, piece, 0,
			&take) != GW_E_USAGE)
			got += ends_drain(e, 1 - from, stream, at + got, &over);
	}
	assert_int_equal(got, n);
}
