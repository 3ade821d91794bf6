/*
 * doctor_firewall - what may keep others out, as far as one can see.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "diag/doctor_private.h"
#include "diag/nft_chains.h"
#include "wire/limits.h"

/* Does a process of this name run? */
static bool
runs(const struct gw_machine *m, const char *name)
{
	char path[PATH_MAX], text[GW_MACHINE_TEXT];
	bool found = false;
	struct dirent *e;
	DIR *proc;

	snprintf(path, sizeof path, "%s/proc", m->root);
	if ((proc = opendir(path)) == NULL)
		return false;
	while (!found && (e = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) ||
		    !gw_machine_text(m, text, "/proc/%s/comm", e->d_name))
			continue;
		text[strcspn(text, "\n")] = '\0';
		found = strcmp(text, name) == 0;
	}
	closedir(proc);
	return found;
}

static bool
ufw_is_on(const struct gw_machine *m)
{
	static const char on[] = "ENABLED=yes";
	char text[GW_MACHINE_TEXT];
	const char *line;

	if (!gw_machine_text(m, text, "/etc/ufw/ufw.conf"))
		return false;
	for (line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, on, sizeof on - 1) == 0)
			return true;
	}
	return false;
}

/* A manager of rules, which would undo what is put in beside it. */
static bool
look_at_managers(const struct gw_machine *m, struct gw_findings *out)
{
	bool ufw = ufw_is_on(m), firewalld = runs(m, "firewalld");

	if (ufw) {
		gw_found(out, GW_GRADE_NOTE, "ufw",
		    "it is active: others get in only where it says so");
		gw_advise(out,
		    "ufw allow %d/udp && ufw allow %d/udp && ufw allow %d/tcp",
		    GW_BEACON_PORT, GW_PORT, GW_PORT);
	}
	if (firewalld) {
		gw_found(out, GW_GRADE_NOTE, "firewalld",
		    "it is active: others get in only where it says so");
		gw_advise(out,
		    "firewall-cmd --permanent --add-port=%d/udp "
		    "--add-port=%d/udp --add-port=%d/tcp && firewall-cmd "
		    "--reload",
		    GW_BEACON_PORT, GW_PORT, GW_PORT);
	}
	return ufw || firewalld;
}

static void
look_at_chain(
    const struct gw_nft_chain *c, bool managed, struct gw_findings *out)
{
	char subject[GW_FINDING_SUBJECT];
	const char *side = c->out ? "sport" : "dport";

	snprintf(subject, sizeof subject, "%s %.24s %.24s", c->family, c->table,
	    c->name);
	if (!c->drops) {
		gw_found(out, GW_GRADE_OK, subject,
		    "this chain of nftables lets pass what no rule drops");
		return;
	}
	gw_found(out, GW_GRADE_NOTE, subject,
	    "this chain of nftables drops what no rule lets %s",
	    c->out ? "out" : "in");
	if (managed)
		gw_advise(out, "see the firewall's own line above");
	else
		gw_advise(out,
		    "nft insert rule %s %s %s udp %s { %d, %d } accept; nft "
		    "insert rule %s %s %s tcp %s %d accept",
		    c->family, c->table, c->name, side, GW_BEACON_PORT, GW_PORT,
		    c->family, c->table, c->name, side, GW_PORT);
}

/* False: it cannot be seen. */
static bool
look_at_nftables(bool managed, struct gw_findings *out)
{
	struct gw_nft_chains chains;
	int error = gw_nft_chains_list(&chains);

	/* Other errors are those of a kernel without nftables. */
	if (error == EPERM || error == EACCES)
		return false;
	for (size_t i = 0; error == 0 && i < chains.count; i++)
		look_at_chain(&chains.v[i], managed, out);
	return true;
}

/* The old kind, which keeps its rules for itself. */
static bool
look_at_iptables(const struct gw_machine *m, struct gw_findings *out)
{
	static const struct {
		const char *path, *command;
	} kinds[] = { { "/proc/net/ip_tables_names", "iptables-legacy" },
		{ "/proc/net/ip6_tables_names", "ip6tables-legacy" } };
	char text[GW_MACHINE_TEXT];
	bool seen = true;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!gw_machine_text(m, text, "%s", kinds[i].path)) {
			seen &= errno != EACCES && errno != EPERM;
		} else if (strstr(text, "filter") != NULL) {
			gw_found(out, GW_GRADE_NOTE, kinds[i].command,
			    "its rules are in force, too; only it can show "
			    "them");
			gw_advise(out,
			    "%s -S INPUT; to let others in: %s -I INPUT -p udp "
			    "-m multiport --dports %d,%d -j ACCEPT; %s -I "
			    "INPUT -p tcp --dport %d -j ACCEPT",
			    kinds[i].command, kinds[i].command, GW_BEACON_PORT,
			    GW_PORT, kinds[i].command, GW_PORT);
		}
	}
	return seen;
}

void
gw_doctor_firewall(const struct gw_machine *m, struct gw_findings *out)
{
	size_t before = out->count;
	bool managed = look_at_managers(m, out);
	bool seen = look_at_nftables(managed, out);

	seen &= look_at_iptables(m, out);
	if (!seen) {
		gw_found(out, GW_GRADE_NOTE, "",
		    "its rules cannot be seen without root");
		gw_advise(out, "sudo godwit doctor");
	} else if (out->count == before) {
		gw_found(out, GW_GRADE_OK, "", "none on this machine");
	}
}

/* ---- connection tracking ---- */

void
gw_doctor_conntrack(const struct gw_machine *m, struct gw_findings *out)
{
	long count, most;

	if (!gw_machine_number(
		m, &count, "/proc/sys/net/netfilter/nf_conntrack_count") ||
	    !gw_machine_number(
		m, &most, "/proc/sys/net/netfilter/nf_conntrack_max") ||
	    most <= 0) {
		gw_found(out, GW_GRADE_OK, "", "connections are not tracked");
		return;
	}
	if (count < most - most / 5) {
		gw_found(out, GW_GRADE_OK, "",
		    "%ld of at most %ld connections are tracked; one that "
		    "began under other rules keeps to those until it has been "
		    "idle: conntrack -D -p udp --dport %d forgets it",
		    count, most, GW_PORT);
		return;
	}
	gw_found(out, count < most ? GW_GRADE_NOTE : GW_GRADE_PROBLEM, "",
	    "%ld of at most %ld connections are tracked: when none is left, "
	    "new ones are dropped",
	    count, most);
	gw_advise(out,
	    "sysctl -w net.netfilter.nf_conntrack_max=%ld; who has them: "
	    "conntrack -L",
	    2 * most);
}
