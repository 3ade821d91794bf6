/*
 * sockets - godwit sockets: the sockets of this machine.
 */
#include "cli/sockets.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/say.h"
#include "cli/sockets_explain.h"
#include "cli/sockets_json.h"
#include "cli/sockets_table.h"
#include "diag/session_rows.h"
#include "diag/sock_diag.h"
#include "diag/socket_owner.h"

/* How long names may keep a list waiting. */
#define NAMES_PATIENCE (2 * GW_SEC)
/* And the hosts that a filter names, without which there is no list. */
#define HOSTS_PATIENCE (15 * GW_SEC)

enum { EXPLAIN_WIDTH = 79, BUFFER = 1 << 16 };

#define FIELD(member) offsetof(struct cli_sockets_settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "watch", NULL,
	    "follow them: each connection's way through its states, and how "
	    "long it was in each; Ctrl-C ends it",
	    cli_value_switch, FIELD(watch), 0, 'w' },
	{ "explain", NULL,
	    "say what each state means, what has to happen next, and what it "
	    "means if it stays so",
	    cli_value_switch, FIELD(explain), 0, 'e' },
	{ "details", NULL,
	    "all that is known: RTT, window, losses, rates, timers",
	    cli_value_switch, FIELD(details), CLI_OPTION_CONFIG, 'd' },
	{ "processes", NULL,
	    "who has it open; other users' processes only for root",
	    cli_value_switch, FIELD(processes), CLI_OPTION_CONFIG, 'p' },
	{ "names", NULL, "names of addresses, as far as they come at once",
	    cli_value_switch, FIELD(names), CLI_OPTION_CONFIG, 'r' },
	{ "json", NULL, "tell it as JSON, one object a line", cli_value_switch,
	    FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ "verbose", NULL, "say how it is found out", cli_value_switch,
	    FIELD(verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static int sockets_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_sockets_command = {
	.name = "sockets",
	.summary = "show TCP and UDP sockets, their states, and what they do",
	.usage = "sockets [OPTION...] [FILTER...]",
	.about = "Lists the TCP and UDP sockets of this machine. A FILTER is "
		 "a port (8008), an address\n(10.0.0.9, 10.0.0.0/8), both "
		 "(10.0.0.9:8008, [::1]:8008), one end of it (local=:22,\n"
		 "remote=10.0.0.9), tcp, udp, ipv4, ipv6, listening, a state "
		 "(TIME_WAIT, state=syn-sent)\nor a process (proc=sshd). "
		 "Several of one kind are alternatives, different kinds must\n"
		 "all hold; != or ! before it means all but those.\n",
	.examples = "  godwit sockets 8008\n"
		    "  godwit sockets udp listening -p\n"
		    "  godwit sockets state=CLOSE_WAIT proc=java --explain\n"
		    "  godwit sockets --watch 8008\n",
	.options = options,
	.main = sockets_main,
};

unsigned
cli_sockets_width(const struct cli_sockets *c)
{
	if (!c->style.terminal)
		return EXPLAIN_WIDTH;
	/* The last column stays free, so that no terminal wraps. */
	return c->style.columns > 1 ? c->style.columns - 1 : 1;
}

/* ---- the list ---- */

struct list {
	struct gw_sockets sockets;
	struct gw_socket_owners *owners; /* NULL: nobody asked */
};

static const struct gw_socket_owner *
owners_of(const struct list *l, const struct gw_socket *s, size_t *count)
{
	return gw_socket_owners_of(l->owners, s->inode, count);
}

/* Who has them open; and only those whose processes pass. */
static void
take_owners(const struct cli_sockets *c, struct list *l)
{
	size_t kept = 0, count;

	for (size_t i = 0; i < l->sockets.count; i++) {
		struct gw_socket *s = &l->sockets.v[i];
		const struct gw_socket_owner *v = owners_of(l, s, &count);

		if (!gw_socket_filter_match_owners(&c->filter, v, count))
			continue;
		if (count > 0) {
			s->owner = *v;
			s->owner.others = (uint32_t)count - 1;
		}
		l->sockets.v[kept++] = *s;
	}
	l->sockets.count = kept;
}

/* The kernel may tell one twice while it moves it. */
static void
sort(struct gw_sockets *l)
{
	size_t kept = 0;

	if (l->count > 0)
		qsort(l->v, l->count, sizeof *l->v, gw_socket_compare);
	for (size_t i = 0; i < l->count; i++)
		if (kept == 0 ||
		    gw_socket_compare(&l->v[kept - 1], &l->v[i]) != 0)
			l->v[kept++] = l->v[i];
	l->count = kept;
}

/* What processes of godwit tell beside the kernel; an end stays there for a
 * moment, for who watches. */
static enum gw_err
find_sessions(const struct cli_sockets *c, struct gw_sock_diag *diag,
    struct gw_sockets *l, struct gw_why *why)
{
	struct gw_session_rows *rows;
	const struct gw_session_row *r;
	enum gw_err err = gw_session_rows_new(&rows);

	if (err != GW_OK)
		return gw_why(why, err, "out of memory");
	err = gw_session_rows_look(rows, diag, why);
	for (size_t i = 0;
	     err == GW_OK && (r = gw_session_rows_at(rows, i)) != NULL; i++)
		if (r->socket.state != GW_SOCKET_CLOSED &&
		    gw_socket_filter_match(&c->filter, &r->socket) &&
		    (err = gw_sockets_add(l, &r->socket)) != GW_OK)
			gw_why(why, err, "out of memory");
	gw_session_rows_free(rows);
	return err;
}

static enum gw_err
find(const struct cli_sockets *c, struct list *l)
{
	struct gw_sock_diag *diag;
	struct gw_why why;
	enum gw_err err = gw_sock_diag_open(&diag, &why);

	if (err == GW_OK) {
		err = gw_sock_diag_list(
		    diag, &c->filter, true, &l->sockets, &why);
		if (err == GW_OK)
			err = find_sessions(c, diag, &l->sockets, &why);
		gw_sock_diag_free(diag);
	}
	if (err == GW_OK &&
	    (c->o.processes || gw_socket_filter_wants_owner(&c->filter)))
		err = gw_socket_owners_scan(&l->owners, &why);
	if (err != GW_OK) {
		cli_say_error("%s", why.text);
		return err;
	}
	if (l->owners != NULL) {
		take_owners(c, l);
		if (gw_socket_owners_denied(l->owners) > 0)
			fprintf(stderr, "godwit: processes of other users are "
					"not shown: that takes root\n");
	}
	sort(&l->sockets);
	return GW_OK;
}

static enum gw_err
find_names(const struct cli_sockets *c, const struct gw_sockets *l)
{
	enum gw_err err = GW_OK;

	for (size_t i = 0; i < l->count && err == GW_OK; i++) {
		const struct gw_socket *s = &l->v[i];

		if (!gw_socket_end_is_any(&s->local))
			err = gw_names_want(
			    c->names, s->local.address, s->device);
		if (err == GW_OK && !gw_socket_end_is_any(&s->remote))
			err = gw_names_want(
			    c->names, s->remote.address, s->device);
	}
	if (err == GW_OK)
		gw_names_run(c->names, NAMES_PATIENCE);
	return err;
}

static void
print_json(const struct cli_sockets *c, const struct list *l)
{
	struct cli_sockets_json_options j = { .names = c->names,
		.processes = c->o.processes };

	for (size_t i = 0; i < l->sockets.count; i++) {
		const struct gw_socket *s = &l->sockets.v[i];
		char *line;

		if (c->o.processes)
			j.owners = owners_of(l, s, &j.owner_count);
		line = cli_sockets_json(s, &j);
		puts(line);
		free(line);
	}
}

static void
print_table(const struct cli_sockets *c, const struct list *l)
{
	struct cli_sockets_table_options t = { .names = c->names,
		.processes = c->o.processes,
		.details = c->o.details,
		.width = c->style.terminal ? cli_sockets_width(c) : 0 };

	if (l->sockets.count > 0)
		cli_sockets_table(
		    l->sockets.v, l->sockets.count, &t, &c->style);
}

/* Those that are there, or that were asked about; else all. */
static void
explain(const struct cli_sockets *c, const struct gw_sockets *l)
{
	uint32_t states = c->filter.states & ~c->filter.not_states;
	uint32_t sessions = 0;

	for (size_t i = 0; i < l->count; i++) {
		states |= GW_SOCKET_BIT(l->v[i].state);
		if (l->v[i].protocol == GW_SOCKET_SESSION)
			sessions |= GW_SOCKET_BIT(l->v[i].state);
	}
	if (states == 0)
		states = gw_socket_filter_states(&c->filter);
	if (!c->o.json) {
		if (l->count > 0)
			putchar('\n');
		cli_sockets_explain(states, sessions, cli_sockets_width(c));
		return;
	}
	for (unsigned i = 0; i < GW_SOCKET_STATES; i++)
		if (states & GW_SOCKET_BIT(i)) {
			char *line = cli_sockets_json_meaning(i);

			puts(line);
			free(line);
		}
}

static enum gw_err
show_list(struct cli_sockets *c)
{
	struct list l = { .owners = NULL };
	enum gw_err err = find(c, &l);

	if (err == GW_OK && c->names != NULL)
		err = find_names(c, &l.sockets);
	if (err == GW_OK) {
		c->listed = l.sockets.count > 0;
		if (c->o.json)
			print_json(c, &l);
		else
			print_table(c, &l);
		if (c->o.explain)
			explain(c, &l.sockets);
	}
	gw_socket_owners_free(l.owners);
	gw_sockets_fini(&l.sockets);
	return err;
}

/* ---- the command ---- */

static enum gw_err
parse_filters(const struct cli_command *command, struct cli_sockets *c,
    const struct cli_args *args)
{
	for (size_t i = 0; i < args->operand_count; i++) {
		const char *word = args->operands[i];
		const char *wrong = gw_socket_filter_add(&c->filter, word);

		if (wrong != NULL)
			return cli_usage_error(
			    command, "\"%s\" %s", word, wrong);
	}
	return GW_OK;
}

/* Look-ups are a helper's, which can be left behind. */
static enum gw_err
prepare_names(struct cli_sockets *c, int *helper)
{
	char name[GW_FILTER_HOST_MAX + 1];
	struct gw_why why;
	size_t i = 0;
	bool hosts = gw_socket_filter_host(&c->filter, &i, name);
	enum gw_err err;

	if (!hosts && !c->o.names)
		return GW_OK;
	if ((err = gw_helper_start(helper)) != GW_OK) {
		cli_say_error("the look-up helper cannot be started");
		return err;
	}
	err = gw_names_of_filter(*helper, &c->filter, HOSTS_PATIENCE, &why);
	if (err != GW_OK) {
		cli_say_error("%s", why.text);
		return err;
	}
	return c->o.names ? gw_names_new(*helper, &c->names) : GW_OK;
}

static int
status_of(const struct cli_sockets *c, enum gw_err err)
{
	if (err != GW_OK)
		return gw_err_exit(err);
	return c->listed ? 0 : 1;
}

static int
sockets_main(const struct cli_command *command, struct cli_start *start)
{
	/* glibc takes no size without storage. */
	static char buffer[BUFFER];
	struct cli_sockets c = { .listed = false };
	struct cli_session s;
	int status, helper = -1;
	enum gw_err err;

	if (!cli_session_begin(&s, command, start, &c.o, &status))
		return status;
	cli_style_detect_output(&c.style, &start->style);
	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	err = parse_filters(command, &c, &s.args);
	if (err == GW_OK && c.o.watch &&
	    cli_options_typed(command, &s.args, "details"))
		err = cli_usage_error(
		    command, "--watch and --details: one of them");
	if (err == GW_OK)
		err = prepare_names(&c, &helper);
	if (err == GW_OK)
		err = c.o.watch ? cli_sockets_watch(&c) : show_list(&c);
	gw_names_free(c.names);
	gw_socket_filter_fini(&c.filter);
	if (helper != -1)
		close(helper);
	cli_session_end(&s);
	return status_of(&c, err);
}
