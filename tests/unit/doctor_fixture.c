#include "doctor_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os_fixture.h"

enum { ROOM = 8 };

struct doctor
doctor_begin(void)
{
	struct doctor d = { .machine = {
				.root = ".", .now = INT64_C(1790000000) } };

	d.machine.interfaces.v = calloc(ROOM, sizeof(struct gw_netif));
	d.machine.interfaces.addrs =
	    calloc((size_t)ROOM * ROOM, sizeof(struct gw_interface_addr));
	return d;
}

void
doctor_end(struct doctor *d)
{
	gw_netifs_fini(&d->machine.interfaces);
	gw_findings_fini(&d->found);
}

void
doctor_file(const char *path, const char *text)
{
	char full[256];

	snprintf(full, sizeof full, ".%s", path);
	for (char *at = full + 2; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(full, 0755);
		*at = '/';
	}
	os_fixture_text(full, text);
}

struct gw_netif *
doctor_interface(struct doctor *d, const char *name)
{
	struct gw_netifs *l = &d->machine.interfaces;
	struct gw_netif *i = &l->v[l->count];

	assert_true(l->count < ROOM);
	*i = (struct gw_netif){ .index = (unsigned)++l->count,
		.up = true,
		.running = true,
		.broadcast = true,
		.multicast = true,
		.addrs = l->addrs + l->count * ROOM - ROOM };
	snprintf(i->name, sizeof i->name, "%s", name);
	return i;
}

void
doctor_address(struct doctor *d, const char *address, unsigned prefix)
{
	struct gw_netif *i =
	    &d->machine.interfaces.v[d->machine.interfaces.count - 1];
	struct gw_interface_addr *a = &i->addrs[i->addr_count++];

	a->prefix = prefix;
	assert_int_equal(gw_addr_parse(&a->addr, address, 0, NULL), GW_OK);
	if (prefix < 31 && a->addr.ss.ss_family == AF_INET && i->broadcast)
		a->broadcast = a->addr;
}

void
doctor_look(struct doctor *d, gw_doctor_check *check)
{
	gw_findings_fini(&d->found);
	d->found.check = "test";
	check(&d->machine, &d->found);
	assert_int_equal(d->found.err, GW_OK);
	assert_true(d->found.count > 0);
}

const struct gw_finding *
doctor_one(const struct doctor *d, enum gw_grade grade, const char *subject)
{
	const struct gw_finding *one = NULL;

	for (size_t i = 0; i < d->found.count; i++) {
		const struct gw_finding *f = &d->found.v[i];

		if (f->grade != grade ||
		    (subject != NULL && strcmp(f->subject, subject) != 0))
			continue;
		if (one != NULL)
			fail_msg("another one: %s", f->text);
		one = f;
	}
	if (one == NULL)
		fail_msg("no %s of %s", gw_grade_name(grade),
		    subject != NULL ? subject : "it");
	return one;
}

void
doctor_none(const struct doctor *d, enum gw_grade grade)
{
	for (size_t i = 0; i < d->found.count; i++)
		if (d->found.v[i].grade == grade)
			fail_msg("%s", d->found.v[i].text);
}

void
doctor_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", text, part);
}
