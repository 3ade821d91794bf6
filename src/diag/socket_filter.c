#include "diag/socket_filter.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "diag/socket_filter_private.h"

#define STATES_ALL (GW_SOCKET_BIT(GW_SOCKET_STATES) - 1)

void
gw_socket_filter_fini(struct gw_socket_filter *f)
{
	free(f->terms);
	*f = (struct gw_socket_filter){ .count = 0 };
}

enum gw_err
gw_filter_add_term(struct gw_socket_filter *f, const struct gw_filter_term *t)
{
	if (f->count == GW_FILTER_TERMS_MAX)
		return GW_E_LIMIT;
	if (f->count == f->room) {
		size_t room = f->room != 0 ? 2 * f->room : 8;
		struct gw_filter_term *terms =
		    realloc(f->terms, room * sizeof *terms);

		if (terms == NULL)
			return GW_E_MEMORY;
		f->terms = terms;
		f->room = room;
	}
	f->terms[f->count++] = *t;
	return GW_OK;
}

/* ---- names of hosts ---- */

static bool
is_unresolved(const struct gw_filter_term *t)
{
	return t->kind == GW_FILTER_ADDRESS && t->name != NULL;
}

bool
gw_socket_filter_host(const struct gw_socket_filter *f, size_t *i,
    char name[GW_FILTER_HOST_MAX + 1])
{
	while (*i < f->count && !is_unresolved(&f->terms[*i]))
		++*i;
	if (*i == f->count)
		return false;
	memcpy(name, f->terms[*i].name, f->terms[*i].name_length);
	name[f->terms[*i].name_length] = '\0';
	return true;
}

enum gw_err
gw_socket_filter_resolve(struct gw_socket_filter *f, size_t i,
    const uint8_t (*addresses)[16], size_t count)
{
	struct gw_filter_term t;
	enum gw_err err;

	GW_ASSERT(i < f->count && is_unresolved(&f->terms[i]));
	GW_ASSERT(count > 0);
	t = f->terms[i];
	t.name = NULL;
	for (size_t k = 1; k < count; k++) {
		memcpy(t.address, addresses[k], 16);
		if ((err = gw_filter_add_term(f, &t)) != GW_OK)
			return err;
	}
	memcpy(t.address, addresses[0], 16);
	f->terms[i] = t;
	return GW_OK;
}

/* ---- what passes ---- */

static bool
same_network(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static bool
end_matches(const struct gw_filter_term *t, const struct gw_socket_end *e)
{
	if (t->first_port != 0 &&
	    (e->port < t->first_port || e->port > t->last_port))
		return false;
	return t->kind == GW_FILTER_PORT ||
	       (t->name == NULL &&
		   same_network(t->address, e->address, t->bits));
}

static bool
term_matches(const struct gw_filter_term *t, const struct gw_socket *s)
{
	return (t->side != GW_FILTER_REMOTE && end_matches(t, &s->local)) ||
	       (t->side != GW_FILTER_LOCAL && end_matches(t, &s->remote));
}

static bool
set_allows(uint32_t wanted, uint32_t unwanted, uint32_t bit)
{
	return (wanted == 0 || (wanted & bit) != 0) && (unwanted & bit) == 0;
}

bool
gw_socket_filter_wants(const struct gw_socket_filter *f,
    enum gw_socket_protocol protocol, bool ipv6)
{
	return set_allows(
	    f->kinds, f->not_kinds, gw_filter_kind_bit(protocol, ipv6));
}

bool
gw_socket_filter_match_ends(
    const struct gw_socket_filter *f, const struct gw_socket *s)
{
	uint32_t asked = 0, held = 0;

	if (!gw_socket_filter_wants(f, s->protocol, s->ipv6))
		return false;
	for (size_t i = 0; i < f->count; i++) {
		const struct gw_filter_term *t = &f->terms[i];
		uint32_t group = 1U << (GW_FILTER_SIDES * t->kind + t->side);
		bool matches;

		if (t->kind == GW_FILTER_PROCESS)
			continue;
		matches = term_matches(t, s);
		if (t->negated && matches)
			return false;
		if (t->negated)
			continue;
		asked |= group;
		held |= matches ? group : 0;
	}
	return asked == held;
}

uint32_t
gw_socket_filter_states(const struct gw_socket_filter *f)
{
	return (f->states != 0 ? f->states : STATES_ALL) & ~f->not_states;
}

bool
gw_socket_filter_match(
    const struct gw_socket_filter *f, const struct gw_socket *s)
{
	return set_allows(f->states, f->not_states, GW_SOCKET_BIT(s->state)) &&
	       gw_socket_filter_match_ends(f, s);
}

bool
gw_socket_filter_wants_owner(const struct gw_socket_filter *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->terms[i].kind == GW_FILTER_PROCESS)
			return true;
	return false;
}

static bool
is_owner(const struct gw_filter_term *t, const struct gw_socket_owner *o)
{
	char name[sizeof o->name];
	size_t n = strnlen(t->name, t->name_length);

	if (t->pid != 0)
		return o->pid == t->pid;
	if (o->pid == 0)
		return false;
	/* The kernel keeps 15 bytes of a name. */
	if (n < sizeof name || strpbrk(t->name, "*?[") != NULL)
		return fnmatch(t->name, o->name, 0) == 0;
	memcpy(name, t->name, sizeof name - 1);
	name[sizeof name - 1] = '\0';
	return strcmp(name, o->name) == 0;
}

bool
gw_socket_filter_match_owners(const struct gw_socket_filter *f,
    const struct gw_socket_owner *owners, size_t count)
{
	bool asked = false, held = false;

	for (size_t i = 0; i < f->count; i++) {
		const struct gw_filter_term *t = &f->terms[i];
		bool matches = false;

		if (t->kind != GW_FILTER_PROCESS)
			continue;
		for (size_t k = 0; k < count && !matches; k++)
			matches = is_owner(t, &owners[k]);
		if (t->negated && matches)
			return false;
		if (!t->negated) {
			asked = true;
			held = held || matches;
		}
	}
	return !asked || held;
}
