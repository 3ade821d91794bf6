#include "run/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

/* One allocation: the event, its pointer array, its strings. */
struct gw_event_node {
	struct gw_event_node *next;
	struct gw_event event;
	char tail[];
};

void
gw_events_fini(struct gw_events *q)
{
	struct gw_event_node *n;

	while ((n = q->first) != NULL) {
		q->first = n->next;
		free(n);
	}
	free(q->taken);
	memset(q, 0, sizeof *q);
}

/* The strings and string lists of an event, so that copying is one loop. */
struct borrowed {
	const char **strings[4];
	size_t strings_n;
	const char *const **list;
	size_t list_n;
};

static struct borrowed
borrowed_of(struct gw_event *e)
{
	struct borrowed b = { 0 };

	switch (e->kind) {
	case GW_EVENT_LISTENING:
		b.strings[b.strings_n++] = &e->listening.name;
		b.strings[b.strings_n++] = &e->listening.code;
		b.list = &e->listening.addresses;
		b.list_n = e->listening.address_count;
		break;
	case GW_EVENT_CONNECTED:
		b.strings[b.strings_n++] = &e->connected.peer;
		b.strings[b.strings_n++] = &e->connected.key;
		b.strings[b.strings_n++] = &e->connected.device;
		b.strings[b.strings_n++] = &e->connected.address;
		break; /* carrier, why and cipher are static */
	case GW_EVENT_OFFER:
		b.strings[b.strings_n++] = &e->offer.peer;
		b.list = &e->offer.names;
		b.list_n = e->offer.name_count;
		break;
	case GW_EVENT_CONFLICT:
		b.strings[b.strings_n++] = &e->conflict.name;
		break;
	case GW_EVENT_PROGRESS:
		b.strings[b.strings_n++] = &e->progress.name;
		break;
	case GW_EVENT_ENTRY:
		b.strings[b.strings_n++] = &e->entry.name;
		b.strings[b.strings_n++] = &e->entry.final_name;
		b.strings[b.strings_n++] = &e->entry.reason;
		b.strings[b.strings_n++] = &e->entry.address;
		break;
	case GW_EVENT_NOTICE:
		b.strings[b.strings_n++] = &e->notice.text;
		break;
	case GW_EVENT_ERROR:
		b.strings[b.strings_n++] = &e->error.reason;
		break;
	case GW_EVENT_COMPLETE:
	case GW_EVENT_END:
		break;
	}
	return b;
}

static size_t
tail_size(const struct borrowed *b)
{
	size_t n = b->list_n * sizeof(char *);

	for (size_t i = 0; i < b->strings_n; i++)
		if (*b->strings[i] != NULL)
			n += strlen(*b->strings[i]) + 1;
	for (size_t i = 0; i < b->list_n; i++)
		n += strlen((*b->list)[i]) + 1;
	return n;
}

static const char *
copy_string(char **at, const char *s)
{
	size_t n = strlen(s) + 1;
	char *copy = memcpy(*at, s, n);

	*at += n;
	return copy;
}

static struct gw_event_node *
copy_event(const struct gw_event *e)
{
	struct gw_event_node *n;
	struct gw_event probe = *e;
	struct borrowed b = borrowed_of(&probe);
	const char **list;
	char *at;

	if ((n = malloc(sizeof *n + tail_size(&b))) == NULL)
		return NULL;
	n->next = NULL;
	n->event = *e;
	b = borrowed_of(&n->event);
	/* The struct before it keeps tail[] aligned for pointers. */
	list = (const char **)(void *)n->tail;
	at = n->tail + b.list_n * sizeof(char *);
	for (size_t i = 0; i < b.strings_n; i++)
		if (*b.strings[i] != NULL)
			*b.strings[i] = copy_string(&at, *b.strings[i]);
	for (size_t i = 0; i < b.list_n; i++)
		list[i] = copy_string(&at, (*b.list)[i]);
	if (b.list != NULL)
		*b.list = list;
	return n;
}

void
gw_events_push(struct gw_events *q, const struct gw_event *e)
{
	struct gw_event_node *n;

	if (e->kind == GW_EVENT_END) {
		/* Without it a program would wait for ever: needs no memory. */
		q->ended = true;
		q->end = e->end.err;
		return;
	}
	if (e->kind == GW_EVENT_PROGRESS && q->last != NULL &&
	    q->last->event.kind == GW_EVENT_PROGRESS && q->first == q->last) {
		free(q->last);
		q->first = q->last = NULL;
	}
	if ((n = copy_event(e)) == NULL) {
		q->lost = true;
		return;
	}
	if (q->last != NULL)
		q->last->next = n;
	else
		q->first = n;
	q->last = n;
}

/* What needs no place in the queue, after all that had one. */
static bool
take_last(struct gw_events *q, struct gw_event *out)
{
	if (q->lost) {
		q->lost = false;
		*out = (struct gw_event){ .kind = GW_EVENT_ERROR,
			.error = { GW_E_MEMORY, gw_err_text(GW_E_MEMORY) } };
		return true;
	}
	if (q->ended) {
		q->ended = false;
		*out = (struct gw_event){ .kind = GW_EVENT_END,
			.end = { q->end } };
		return true;
	}
	return false;
}

bool
gw_events_take(struct gw_events *q, struct gw_event *out)
{
	struct gw_event_node *n = q->first;

	free(q->taken);
	q->taken = NULL;
	if (n == NULL)
		return take_last(q, out);
	q->first = n->next;
	if (q->first == NULL)
		q->last = NULL;
	q->taken = n;
	*out = n->event;
	return true;
}

void
gw_events_notice(struct gw_events *q, enum gw_notice what, uint64_t count,
    const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	gw_events_push(
	    q, &(struct gw_event){ .kind = GW_EVENT_NOTICE,
		   .notice = { .what = what, .text = text, .count = count } });
}

void
gw_events_error(struct gw_events *q, enum gw_err err, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	gw_events_push(q, &(struct gw_event){ .kind = GW_EVENT_ERROR,
			      .error = { .err = err, .reason = text } });
}
