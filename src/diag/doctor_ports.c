/*
 * doctor_ports - who has the ports that godwit uses.
 */
#include <stdio.h>
#include <string.h>

#include "diag/doctor_private.h"
#include "diag/sock_diag.h"
#include "diag/socket_owner.h"
#include "os/udp.h"
#include "wire/limits.h"

struct ports {
	struct gw_sockets sockets;
	struct gw_socket_owners *owners; /* NULL: cannot be known */
};

struct holder {
	const struct gw_socket *socket;      /* NULL: nobody */
	const struct gw_socket_owner *owner; /* NULL: not known */
	char text[96];                       /* "dnsmasq (pid 4711)" */
};

static enum gw_err
find(struct ports *p, struct gw_why *why)
{
	struct gw_socket_filter filter = { .terms = NULL };
	struct gw_sock_diag *diag;
	enum gw_err err;

	if (gw_socket_filter_add(&filter, "lport=4638-4639") != NULL ||
	    gw_socket_filter_add(&filter, "listening") != NULL)
		err = gw_why(why, GW_E_MEMORY, "out of memory");
	else if ((err = gw_sock_diag_open(&diag, why)) == GW_OK) {
		err = gw_sock_diag_list(diag, &filter, false, &p->sockets, why);
		gw_sock_diag_free(diag);
	}
	gw_socket_filter_fini(&filter);
	if (err == GW_OK && gw_socket_owners_scan(&p->owners, NULL) != GW_OK)
		p->owners = NULL;
	return err;
}

static bool
is_godwit(const struct holder *h)
{
	return h->owner != NULL && strcmp(h->owner->name, "godwit") == 0;
}

/* Who has it; rather one that is not godwit, since that one matters. */
static struct holder
find_holder(const struct ports *p, uint8_t protocol, uint16_t port)
{
	struct holder best = { .socket = NULL };

	for (size_t i = 0; i < p->sockets.count; i++) {
		const struct gw_socket *s = &p->sockets.v[i];
		struct holder h = { .socket = s };
		size_t count = 0;

		if (s->protocol != protocol || s->local.port != port)
			continue;
		if (p->owners != NULL)
			h.owner =
			    gw_socket_owners_of(p->owners, s->inode, &count);
		if (count == 0)
			h.owner = NULL;
		if (h.owner != NULL)
			snprintf(h.text, sizeof h.text, "%s (pid %u)",
			    h.owner->name, (unsigned)h.owner->pid);
		else
			snprintf(h.text, sizeof h.text,
			    "a process of user %u that only root may name",
			    (unsigned)s->uid);
		if (best.socket == NULL || is_godwit(&best))
			best = h;
	}
	return best;
}

static void
look_at_sessions(const struct ports *p, bool udp, struct gw_findings *out)
{
	struct holder h =
	    find_holder(p, udp ? GW_SOCKET_UDP : GW_SOCKET_TCP, GW_PORT);
	char subject[GW_FINDING_SUBJECT];

	snprintf(
	    subject, sizeof subject, "%s %d", udp ? "udp" : "tcp", GW_PORT);
	if (h.socket == NULL) {
		gw_found(out, GW_GRADE_OK, subject, "free");
	} else if (is_godwit(&h)) {
		gw_found(out, GW_GRADE_OK, subject, "%s waits there", h.text);
	} else {
		gw_found(out, GW_GRADE_NOTE, subject,
		    "in use by %s: a godwit that waits takes another number "
		    "and says which",
		    h.text);
		if (h.owner != NULL)
			gw_advise(out,
			    "end that program (kill %u), or choose a number "
			    "for the firewall: godwit recv --listen :4640",
			    (unsigned)h.owner->pid);
		else
			gw_advise(out, "sudo godwit doctor names it");
	}
}

static void
look_at_beacons(const struct ports *p, struct gw_findings *out)
{
	const struct gw_udp_options o = {
		.port = GW_BEACON_PORT, .broadcast = true, .shared = true
	};
	struct holder h = find_holder(p, GW_SOCKET_UDP, GW_BEACON_PORT);
	char subject[GW_FINDING_SUBJECT];
	struct gw_udp udp;
	struct gw_why why;

	snprintf(subject, sizeof subject, "udp %d", GW_BEACON_PORT);
	if (gw_udp_open(&o, &why, &udp) == GW_OK) {
		gw_udp_close(&udp);
		if (h.socket == NULL)
			gw_found(out, GW_GRADE_OK, subject, "free");
		else
			gw_found(out, GW_GRADE_OK, subject,
			    "%s has it too, and shares it", h.text);
		return;
	}
	if (h.socket == NULL) {
		gw_found(out, GW_GRADE_PROBLEM, subject,
		    "it cannot be had, so no device is found: %s", why.text);
		gw_advise(out, "ss -ulnp sport = :%d", GW_BEACON_PORT);
		return;
	}
	gw_found(out, GW_GRADE_PROBLEM, subject,
	    "%s has it and does not share it: no beacon is heard, so no "
	    "device is found",
	    h.text);
	if (h.owner != NULL)
		gw_advise(
		    out, "end that program: kill %u", (unsigned)h.owner->pid);
	else
		gw_advise(out, "sudo godwit doctor names it");
}

void
gw_doctor_ports(const struct gw_machine *m, struct gw_findings *out)
{
	struct ports p = { .owners = NULL };
	struct gw_why why;

	(void)m;
	if (find(&p, &why) != GW_OK) {
		gw_found(out, GW_GRADE_NOTE, "",
		    "who has a port cannot be seen: %s", why.text);
		p.sockets.count = 0;
	}
	look_at_beacons(&p, out);
	look_at_sessions(&p, true, out);
	look_at_sessions(&p, false, out);
	gw_socket_owners_free(p.owners);
	gw_sockets_fini(&p.sockets);
}
