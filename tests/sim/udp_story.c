#include "udp_story.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "unit/test.h"

const struct udp_bed_options udp_story_quiet = {
	.link = { .delay = UDP_STORY_DELAY, .rate = 10000000 },
	.traced = true,
};

const enum gw_udp_state udp_story_open_states[UDP_STORY_OPEN_STATES] = {
	GW_UDP_ESTABLISHED,
	GW_UDP_FIN_WAIT_1,
	GW_UDP_FIN_WAIT_2,
	GW_UDP_CLOSE_WAIT,
	GW_UDP_CLOSING,
	GW_UDP_LAST_ACK,
};

/* Which state has this name? */
static enum gw_udp_state
named(const char *name)
{
	for (unsigned i = 0; i < GW_UDP_STATES; i++) {
		const char *is = gw_udp_state_name((enum gw_udp_state)i);

		if (strcmp(is, name) == 0)
			return (enum gw_udp_state)i;
	}
	return GW_UDP_STATES;
}

static void
add(struct udp_story_side *s, enum gw_udp_state state)
{
	const size_t n = strlen(s->text);
	const int more = snprintf(s->text + n, sizeof(s->text) - n, "%s%s",
	    n > 0 ? " " : "", gw_udp_state_name(state));

	GW_ASSERT(more > 0 && (size_t)more < sizeof(s->text) - n);
	s->at[state] = s->bed->now;
}

static void
on_event(void *arg, uint64_t session, const struct gw_trace_event *e)
{
	struct udp_story_side *s = arg;
	enum gw_udp_state from, to;

	(void)session;
	if (e->kind != GW_TRACE_STATE)
		return;
	from = named(e->state.was);
	to = named(e->state.is);
	GW_ASSERT(from != GW_UDP_STATES && to != GW_UDP_STATES);
	if (s->text[0] == '\0')
		add(s, from);
	add(s, to);
	s->went[from] |= 1U << to;
}

void
udp_story_begin(struct udp_story *t, const struct udp_bed_options *o)
{
	GW_ASSERT(o->traced);
	memset(t->side, 0, sizeof(t->side));
	udp_bed_init(&t->b, o);
	for (unsigned i = 0; i < 2; i++) {
		t->side[i].bed = &t->b;
		t->b.trace[i] = (struct gw_trace){ on_event, &t->side[i], 0 };
	}
	udp_bed_dial(&t->b, o);
}

enum gw_udp_state
udp_story_state(const struct udp_story *t, unsigned side)
{
	const char *last = strrchr(t->side[side].text, ' ');

	if (last == NULL)
		return side == 0 ? GW_UDP_SYN_SENT : GW_UDP_SYN_RCVD;
	return named(last + 1);
}

/* ---- how far it is to go ---- */

static bool
are_open(struct udp_bed *b)
{
	return b->side[0].opened && b->side[1].opened;
}

void
udp_story_open(struct udp_story *t)
{
	assert_true(udp_bed_until(&t->b, are_open, 20 * GW_SEC));
}

void
udp_story_await(struct udp_story *t, unsigned side, enum gw_udp_state state)
{
	/* By small steps: a state that lasts no time is not to be awaited. */
	for (unsigned i = 0; i < 100000; i++) {
		if (udp_story_state(t, side) == state)
			return;
		udp_bed_linger(&t->b, 1000);
	}
	fail_msg(
	    "%s: %s never came", t->side[side].text, gw_udp_state_name(state));
}

void
udp_story_bring(struct udp_story *t, unsigned side, enum gw_udp_state to)
{
	struct udp_side *o = &t->b.side[side], *p = &t->b.side[1 - side];

	udp_story_open(t);
	switch (to) {
	case GW_UDP_FIN_WAIT_1:
	case GW_UDP_FIN_WAIT_2:
		o->finish = true;
		break;
	case GW_UDP_CLOSING:
		o->finish = p->finish = true;
		break;
	case GW_UDP_LAST_ACK:
		o->answers = true;
		p->finish = true;
		break;
	case GW_UDP_CLOSE_WAIT:
		p->finish = true;
		break;
	default:
		break;
	}
	udp_story_await(t, side, to);
}

void
udp_story_assert(const struct udp_story *t, unsigned side, const char *text)
{
	assert_string_equal(t->side[side].text, text);
}

void
udp_story_assert_err(const struct udp_story *t, unsigned side, enum gw_err err)
{
	assert_true(t->b.side[side].closed);
	assert_int_equal(t->b.side[side].closed_event.closed.err, err);
}

void
udp_story_kill(struct udp_story *t, unsigned side, enum net_presence how)
{
	net_set_presence(t->b.net, t->b.node[side], how, 0);
	t->b.side[side].dead = true;
}
