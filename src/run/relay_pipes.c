#include "run/relay_pipes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "forward/relay_rule.h"
#include "os/udp.h"

enum {
	IDLE = 120000000, /* us: beacons come every 30 s */
	TRIES = 16,       /* for a port that is free in both protocols: where
			     half of those of tcp are in use, too */
	FLOWS = 32,       /* at once through a pipe */
	RULE = 256        /* buffer for the text of one */
};

/* ---- the rules that forward ---- */

struct texts {
	char v[4 * GW_RELAY_PIPES][RULE];
	const char *at[4 * GW_RELAY_PIPES];
	size_t count;
};

/* A pipe's rules bear its number as their name: two addresses may have the same
 * port. */
static void
write_rules(struct texts *t, const struct gw_relay_pipes *all, size_t number,
    unsigned family)
{
	static const char *const protocols[] = { "udp", "tcp" };
	const struct gw_relay_pipe *p = &all->v[number];
	char own[GW_ENDPOINT_TEXT], target[GW_ENDPOINT_TEXT];

	if (p->target[family].port == 0)
		return;
	gw_endpoint_text(&p->own[family], own);
	gw_endpoint_text(&p->target[family], target);
	for (size_t i = 0; i < 2; i++) {
		snprintf(t->v[t->count], RULE, "%s://%s/%s?name=%zu&max=%d",
		    protocols[i], own, target, number, FLOWS);
		t->at[t->count] = t->v[t->count];
		t->count++;
	}
}

static enum gw_err
apply(struct gw_relay_pipes *p)
{
	struct texts *t = calloc(1, sizeof *t);
	struct gw_forward_options o = GW_FORWARD_OPTIONS_INIT;
	enum gw_err err;

	if (t == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < GW_RELAY_PIPES; i++)
		for (unsigned k = 0; k < 2; k++)
			write_rules(t, p, i, k);
	o.rules = t->at;
	o.rule_count = t->count;
	err = p->forward != NULL ? gw_forward_reload(p->forward, &o)
				 : gw_forward_open(p->g, &o, &p->forward);
	free(t);
	return err;
}

/* Does anybody use it? */
static bool
is_used(const struct gw_relay_pipes *p, const struct gw_relay_pipe *pipe)
{
	struct gw_forward_rule rule;
	char name[24];

	snprintf(name, sizeof name, "%zu", (size_t)(pipe - p->v));
	for (size_t i = 0; gw_forward_rule(p->forward, i, &rule); i++)
		if (strcmp(rule.name, name) == 0 && rule.flows != 0)
			return true;
	return false;
}

/* ---- pipes ---- */

static bool
is_same(const struct gw_endpoint *a, const struct gw_endpoint *b)
{
	return memcmp(a->ip, b->ip, sizeof a->ip) == 0 && a->zone == b->zone;
}

static unsigned
family_of(const struct gw_endpoint *e)
{
	return gw_relay_is_v4(e) ? 0 : 1;
}

/* One of the device that leads there already, or has nothing of this family
 * yet; NULL: there is none. */
static struct gw_relay_pipe *
find(struct gw_relay_pipes *p, const struct gw_relay_device *d)
{
	unsigned k = family_of(&d->at);

	for (size_t i = 0; i < GW_RELAY_PIPES; i++) {
		struct gw_relay_pipe *pipe = &p->v[i];

		if (pipe->device_port != d->at.port || pipe->link != d->link ||
		    memcmp(pipe->run, d->run, sizeof pipe->run) != 0)
			continue;
		if (pipe->target[k].port == 0 ||
		    (is_same(&pipe->target[k], &d->at) &&
			is_same(&pipe->own[k], &d->own)))
			return pipe;
	}
	return NULL;
}

/* One that may go for one that has answered: nobody had asked for it, and
 * nobody uses it. */
static struct gw_relay_pipe *
weakest(struct gw_relay_pipes *p)
{
	for (size_t i = 0; i < GW_RELAY_PIPES; i++)
		if (!p->v[i].was_asked && !is_used(p, &p->v[i]))
			return &p->v[i];
	return NULL;
}

/* Of one address there are few: a stranger that tells of a thousand ports
 * leaves room for the others. */
static struct gw_relay_pipe *
place(struct gw_relay_pipes *p, const struct gw_relay_device *d)
{
	enum { OF_ONE = 8 };
	struct gw_relay_pipe *room = NULL;
	unsigned of_one = 0;

	for (size_t i = 0; i < GW_RELAY_PIPES; i++)
		if (p->v[i].device_port == 0)
			room = &p->v[i];
		else if (is_same(&p->v[i].target[family_of(&d->at)], &d->at))
			of_one++;
	if (of_one >= OF_ONE)
		return NULL;
	return room == NULL && d->was_asked ? weakest(p) : room;
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

/* Lead to it in this family, too. */
static bool
lead(struct gw_relay_pipes *p, struct gw_relay_pipe *pipe,
    const struct gw_relay_device *d)
{
	unsigned k = family_of(&d->at);

	pipe->target[k] = d->at;
	pipe->own[k] = d->own;
	pipe->own[k].port = pipe->port;
	if (pipe->port != 0 && apply(p) == GW_OK)
		return true;
	pipe->target[k] = (struct gw_endpoint){ .port = 0 };
	(void)apply(p); /* what had been made of it goes */
	return false;
}

static struct gw_relay_pipe *
make(struct gw_relay_pipes *p, const struct gw_relay_device *d)
{
	struct gw_relay_pipe *pipe = place(p, d);

	if (pipe == NULL)
		return NULL;
	*pipe = (struct gw_relay_pipe){ .device_port = d->at.port,
		.link = d->link };
	memcpy(pipe->run, d->run, sizeof pipe->run);
	for (unsigned i = 0; i < TRIES; i++) {
		pipe->port = free_port(&d->own);
		if (lead(p, pipe, d))
			return pipe;
	}
	*pipe = (struct gw_relay_pipe){ .link = 0 };
	return NULL;
}

uint16_t
gw_relay_pipes_port(
    struct gw_relay_pipes *p, const struct gw_relay_device *d, gw_usec now)
{
	struct gw_relay_pipe *pipe = find(p, d);

	if (pipe == NULL)
		pipe = make(p, d);
	else if (pipe->target[family_of(&d->at)].port == 0 && !lead(p, pipe, d))
		pipe = NULL;
	if (pipe == NULL)
		return 0;
	pipe->told = now;
	pipe->was_asked |= d->was_asked;
	return pipe->port;
}

void
gw_relay_pipes_close_link(struct gw_relay_pipes *p, unsigned link)
{
	bool any = false;

	for (size_t i = 0; i < GW_RELAY_PIPES; i++)
		if (p->v[i].device_port != 0 && p->v[i].link == link) {
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

		if (pipe->device_port == 0 || now - pipe->told < IDLE)
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
		if (p->v[i].device_port != 0)
			at = gw_usec_min(at, p->v[i].told + IDLE);
	return at;
}

void
gw_relay_pipes_fini(struct gw_relay_pipes *p)
{
	gw_forward_close(p->forward);
	p->forward = NULL;
}
