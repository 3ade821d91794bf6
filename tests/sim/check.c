#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "unit/test.h"

void
check_open(const struct pair *p)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_true(p->side[i].opened);
		assert_false(p->side[i].closed);
		assert_true(gw_session_is_open(p->side[i].session));
		assert_memory_equal(
		    p->side[i].peer, p->side[1 - i].keys.public, GW_KEY_LEN);
	}
	assert_memory_equal(&p->side[0].opened_event.opened.ticket,
	    &p->side[1].opened_event.opened.ticket, sizeof(struct gw_ticket));
	assert_int_equal(p->side[0].opened_event.opened.cipher,
	    p->side[1].opened_event.opened.cipher);
	assert_int_equal(p->side[0].opened_event.opened.mode,
	    p->side[1].opened_event.opened.mode);
}

void
check_closed(const struct pair *p, unsigned i, enum gw_err err)
{
	assert_false(p->side[i].opened);
	assert_true(p->side[i].closed);
	assert_string_equal(
	    gw_err_name(p->side[i].closed_event.closed.err), gw_err_name(err));
	assert_int_not_equal(strlen(p->side[i].closed_text), 0);
}

void
check_flags(const struct pair *p, unsigned i, bool guess, bool by_peer,
    bool unknown_ticket)
{
	const struct gw_session_event *ev = &p->side[i].closed_event;

	assert_int_equal(ev->closed.guess, guess);
	assert_int_equal(ev->closed.by_peer, by_peer);
	assert_int_equal(ev->closed.unknown_ticket, unknown_ticket);
}

/* ---- open sessions ---- */

void
check_open_pair(struct pair *p, const struct pair_options *o)
{
	pair_init(p, o);
	pair_run(p);
	assert_true(p->side[0].opened);
	assert_true(p->side[1].opened);
	p->side[0].check = p->side[1].check = true;
}

/* n bytes as they stand at an offset of a stream. */
uint8_t *
pair_bytes(uint16_t stream, uint64_t offset, size_t n)
{
	uint8_t *data = malloc(n);

	assert_non_null(data);
	for (size_t i = 0; i < n; i++)
		data[i] = pair_byte(stream, offset + i);
	return data;
}

void
check_send(struct pair *p, unsigned from, uint16_t stream, size_t n)
{
	uint8_t *data = pair_bytes(stream, p->side[1 - from].got_of[stream], n);

	pair_write(p, from, stream, data, n);
	pair_run(p);
	free(data);
}

void
check_end(const struct pair *p, unsigned i, enum gw_err err, bool by_peer)
{
	assert_true(p->side[i].closed);
	assert_string_equal(
	    gw_err_name(p->side[i].closed_event.closed.err), gw_err_name(err));
	assert_int_equal(p->side[i].closed_event.closed.by_peer, by_peer);
}
