#include "run/relay_pipes.h"

#include <stdio.h>
#include <string.h>

#include "os/udp.h"
#include "run/endpoint.h"

enum {
	IDLE = 120000000, /* us: beacons come every 30 s */
	TRIES = 4,        /* for a port that is free in both protocols */
	FLOWS = 32,       /* at once through a pipe */
	RULE = 256        /* buffer for the text of one */
};

/* ---- the rules that forward ---- */

static void
write_rule(const struct gw_relay_pipe *p, const char *protocol, char out[RULE])
{
	char own[GW_ENDPOINT_TEXT], target[GW_ENDPOINT_TEXT];

	gw_endpoint_text(&p->own, own);
	gw_endpoint_text(&p->target, target);
	snprintf(out, RULE, "%s://%s/%s?max=%d", protocol, own, target, FLOWS);
}

static enum gw_err
apply(struct gw_relay_pipes *p)
{
	char texts[2 * GW_RELAY_PIPES][RULE];
	const char *rules[2 * GW_RELAY_PIPES];
	struct gw_forward_options o = GW_FORWARD_OPTIONS_INIT;

	for (size_t i = 0; i < GW_RELAY_PIPES; i++) {
		if (p->v[i].target.port == 0)
			continue;
		write_rule(&p->v[i], "udp", texts[o.rule_count]);
		rules[o.rule_count] = texts[o.rule_count];
		o.rule_count++;
		write_rule(&p->v[i], "tcp", texts[o.rule_count]);
		rules[o.rule_count] = texts[o.rule_count];
		o.rule_count++;
	}
	o.rules = rules;
	if (p->forward != NULL)
		return gw_forward_reload(p->forward, &o);
	return gw_forward_open(p->g, &o, &p->forward);
}

/* Does anybody use it? */
static bool
is_used(const struct gw_relay_pipes *p, const struct gw_relay_pipe *pipe)
{
	struct gw_forward_rule rule;

	for (size_t i = 0; gw_forward_rule(p->forward, i, &rule); i++)
		if (rule.port == pipe->own.port && rule.flows != 0)
			return true;
	return false;
}

/* ---- pipes ---- */

static bool
is_same(const struct gw_endpoint *a, const struct gw_endpoint *b)
{
	return memcmp(a->ip, b->ip, sizeof a->ip) == 0 && a->zone == b->zone;
}

static struct gw_relay_pipe *
find(struct gw_relay_pipes *p, unsigned link, const struct gw_endpoint *own,
    const struct gw_endpoint *target)
{
	for (size_t i = 0; i < GW_RELAY_PIPES; i++) {
		struct gw_relay_pipe *pipe = &p->v[i];

		if (pipe->target.port == target->port && pipe->link == link &&
		    is_same(&pipe->target, target) && is_same(&pipe->own, own))
			return pipe;
	}
	return NULL;
}

/* Of one device there are few: a stranger that tells of a thousand ports
 * leaves room for the others. */
static struct gw_relay_pipe *
place(struct gw_relay_pipes *p, const struct gw_endpoint *target)
{
	enum { OF_ONE = 8 };
	struct gw_relay_pipe *room = NULL;
	unsigned of_one = 0;

	for (size_t i = 0; i < GW_RELAY_PIPES; i++)
		if (p->v[i].target.port == 0)
			room = &p->v[i];
		else if (is_same(&p->v[i].target, target))
			of_one++;
	return of_one < OF_ONE ? room : NULL;
}

/* One that is free at this address just now; 0: there is none. */
static uint16_t
free_port(const struct gw_endpoint *own)
{
	struct gw_endpoint bare = *own;
	char text[GW_ENDPOINT_TEXT];
	struct gw_udp_options o = { .address = text };
	struct gw_udp udp;
	uint16_t port;

	bare.port = 0;
	gw_endpoint_text(&bare, text);
	if (gw_udp_open(&o, NULL, &udp) != GW_OK)
		return 0;
	port = udp.port;
	gw_udp_close(&udp);
	return port;
}

static bool
make(struct gw_relay_pipes *p, struct gw_relay_pipe *pipe)
{
	for (unsigned i = 0; i < TRIES; i++) {
		pipe->own.port = free_port(&pipe->own);
		if (pipe->own.port == 0)
			return false;
		if (apply(p) == GW_OK)
			return true;
	}
	return false;
}

uint16_t
gw_relay_pipes_port(struct gw_relay_pipes *p, unsigned link,
    const struct gw_endpoint *own, const struct gw_endpoint *target,
    gw_usec now)
{
	struct gw_relay_pipe *pipe = find(p, link, own, target);

	if (pipe == NULL) {
		if ((pipe = place(p, target)) == NULL)
			return 0;
		*pipe = (struct gw_relay_pipe){
			.target = *target, .own = *own, .link = link
		};
		if (!make(p, pipe)) {
			*pipe = (struct gw_relay_pipe){ .link = 0 };
			if (p->forward != NULL)
				(void)apply(p);
			return 0;
		}
	}
	pipe->told = now;
	return pipe->own.port;
}

void
gw_relay_pipes_close_link(struct gw_relay_pipes *p, unsigned link)
{
	bool any = false;

	for (size_t i = 0; i < GW_RELAY_PIPES; i++)
		if (p->v[i].target.port != 0 && p->v[i].link == link) {
			p->v[i] = (struct gw_relay_pipe){ .link = 0 };
			any = true;
		}
	if (any)
		(void)apply(p);
}

void
gw_relay_pipes_tick(struct gw_relay_pipes *p, gw_usec now)
{
	struct gw_forward_event e;
	bool any = false;

	if (p->forward == NULL)
		return;
	/* What became of flows is the two devices' business. */
	while (gw_forward_next(p->forward, &e))
		;
	for (size_t i = 0; i < GW_RELAY_PIPES; i++) {
		struct gw_relay_pipe *pipe = &p->v[i];

		if (pipe->target.port == 0 || now - pipe->told < IDLE)
			continue;
		if (is_used(p, pipe)) {
			pipe->told = now;
			continue;
		}
		*pipe = (struct gw_relay_pipe){ .link = 0 };
		any = true;
	}
	if (any)
		(void)apply(p);
}

gw_usec
gw_relay_pipes_deadline(const struct gw_relay_pipes *p)
{
	gw_usec at = GW_NEVER;

	for (size_t i = 0; i < GW_RELAY_PIPES; i++)
		if (p->v[i].target.port != 0)
			at = gw_usec_min(at, p->v[i].told + IDLE);
	return at;
}

void
gw_relay_pipes_fini(struct gw_relay_pipes *p)
{
	gw_forward_close(p->forward);
	p->forward = NULL;
}
