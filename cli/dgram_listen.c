/*
 * dgram_listen - godwit dgram listen [ADDR]:PORT
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dgram.h"
#include "cli/dgram_exec.h"
#include "cli/dgram_groups.h"
#include "cli/dgram_json.h"
#include "cli/dgram_reply.h"
#include "cli/dgram_show.h"
#include "cli/size.h"

struct settings {
	struct cli_dgram_common common; /* first: its offsets are ours */
	struct cli_reply reply;
	struct cli_list groups;
	struct cli_duration wait, deadline;
	unsigned count;
	uint64_t buffer;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "reply", "WHAT",
	    "answer each: echo, time, upper (case), text:TEXT, or exec:CMD, "
	    "what a command prints that gets it as its input",
	    cli_value_reply, FIELD(reply), 0, 0 },
	{ "group", "GROUP", "hear this multicast group too; may be repeated",
	    cli_value_list, FIELD(groups), 0, 0 },
	{ "count", "N", "leave after N datagrams", cli_value_count,
	    FIELD(count), 0, 0 },
	{ "wait", "TIME", "leave when nothing has come for TIME",
	    cli_value_duration, FIELD(wait), 0, 0 },
	{ "deadline", "TIME", "end a command of exec: after TIME [10s]",
	    cli_value_duration, FIELD(deadline), 0, 0 },
	{ "buffer", "SIZE", "ask the kernel to hold so much [4MiB]",
	    cli_value_size, FIELD(buffer), 0, 0 },
	{ .help = NULL },
};

static int listen_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_dgram_listen_command = {
	.name = "dgram listen",
	.group = "dgram",
	.summary = "show what arrives at a UDP port, and answer it",
	.usage = "dgram listen [OPTION...] [ADDR]:PORT",
	.about =
	    "Shows each datagram with who sent it, when and on which "
	    "interface; into a pipe\ngoes its content alone. Without ADDR it "
	    "hears all addresses, IPv4 and IPv6, and\nbroadcasts; ADDR may "
	    "be a multicast group. An answer leaves from the address\nthat "
	    "was asked.\n",
	.examples = "  godwit dgram listen :9000\n"
		    "  godwit dgram listen :9000 --reply time\n"
		    "  godwit dgram listen 239.1.2.3:9000 --interface eth0\n"
		    "  godwit dgram listen :9000 --count 1 > first-datagram\n",
	.options = options,
	.shared = cli_dgram_options,
	.main = listen_main,
};

struct listener {
	struct cli_dgram d;
	struct settings *o;
	struct cli_address at;
	struct gw_dgram *socket;
	struct cli_exec *exec; /* or NULL */
	struct cli_reply_guard guard;
	bool told[CLI_REPLY_SILENCES]; /* why some got no answer */
	uint64_t received, answered, lost;
	uint64_t idle_until; /* us; UINT64_MAX: no end */
	/* Who was last found to be gone, and how often it is not told. */
	struct gw_endpoint gone;
	uint64_t gone_told;
};

/* ---- what is asked for ---- */

static enum gw_err
take_operand(struct listener *l)
{
	const struct cli_args *a = &l->d.s.args;
	const char *wrong;

	if (a->operand_count == 0)
		return cli_usage_error(l->d.s.command,
		    "at which port? Give [ADDR]:PORT, such as :9000");
	if (a->operand_count > 1)
		return cli_usage_error(l->d.s.command,
		    "%s: one [ADDR]:PORT is enough", a->operands[1]);
	wrong = cli_address_parse_listen(a->operands[0], &l->at);
	if (wrong == NULL && !l->at.port_given)
		wrong = "has no port: write ADDR:PORT";
	if (wrong != NULL)
		return cli_usage_error(
		    l->d.s.command, "\"%s\" %s", a->operands[0], wrong);
	return GW_OK;
}

static enum gw_err
check(struct listener *l)
{
	const struct settings *o = l->o;

	if (o->wait.given && o->wait.ms == 0)
		return cli_usage_error(
		    l->d.s.command, "--wait must be more than 0");
	if (o->deadline.given && o->reply.kind != CLI_REPLY_EXEC)
		return cli_usage_error(
		    l->d.s.command, "--deadline is for --reply exec:CMD");
	if (o->deadline.given && o->deadline.ms == 0)
		return cli_usage_error(
		    l->d.s.command, "--deadline must be more than 0");
	return take_operand(l);
}

/* ---- groups ---- */

static enum gw_err
join_all(struct listener *l)
{
	bool hears_all = l->at.host[0] == '\0';
	struct gw_endpoint at;
	enum gw_err err = GW_OK;

	if (l->at.host[0] != '\0' &&
	    gw_endpoint_parse(&at, l->at.host, 0) == GW_OK &&
	    gw_endpoint_is_group(&at))
		cli_list_add(&l->o->groups, l->at.host);
	for (size_t i = 0; err == GW_OK && i < l->o->groups.count; i++)
		err = cli_dgram_join(&l->d, l->socket, l->o->groups.items[i]);
	if (err == GW_OK && hears_all)
		cli_dgram_join_everybody(&l->d, l->socket);
	return err;
}

/* ---- opening ---- */

static void
tell_listening(struct listener *l)
{
	const struct cli_list *groups = &l->o->groups;
	struct gw_endpoint local;
	char text[GW_ENDPOINT_TEXT];

	gw_dgram_local(l->socket, &local);
	l->guard.port = local.port;
	gw_endpoint_text(&local, text);
	cli_dgram_line(&l->d, cli_dgram_json_listening(&local, groups->items,
				  groups->count, l->o->reply.as_given));
	if (l->at.host[0] == '\0')
		cli_dgram_info(&l->d,
		    "Listening at udp port %u. Ctrl-C ends it.",
		    (unsigned)local.port);
	else
		cli_dgram_info(
		    &l->d, "Listening at udp %s. Ctrl-C ends it.", text);
	cli_dgram_detail(&l->d, "The kernel holds %zu bytes for it.",
	    gw_dgram_receive_buffer(l->socket));
}

static enum gw_err
open_socket(struct listener *l)
{
	enum { BUFFER = 4 << 20 };
	struct gw_dgram_options o = {
		.address = l->at.host[0] != '\0' ? l->at.host : NULL,
		.port = l->at.port,
		.hops = (uint8_t)l->o->common.hops,
		.receive_buffer = l->o->buffer != 0 ? l->o->buffer : BUFFER,
	};
	struct gw_endpoint at;
	enum gw_err err;

	/* Who listens to a group seldom does so alone. */
	o.shared = o.address != NULL &&
		   gw_endpoint_parse(&at, o.address, 0) == GW_OK &&
		   gw_endpoint_is_group(&at);
	err = gw_dgram_open(l->d.gw, &o, &l->socket);
	if (err != GW_OK) {
		cli_dgram_fail(&l->d, err, gw_last_error(l->d.gw));
		return err;
	}
	if ((err = join_all(l)) != GW_OK)
		return err;
	tell_listening(l);
	return GW_OK;
}

/* ---- answering ---- */

static void
tell_unanswered(
    struct listener *l, const struct gw_arrival *a, const char *reason)
{
	cli_dgram_line(
	    &l->d, cli_dgram_json_answered(&a->datagram.peer, 0, reason));
}

static void
send_answer(struct listener *l, const struct gw_arrival *a, const void *data,
    size_t size)
{
	enum gw_err err = gw_dgram_answer(l->socket, a, data, size);

	if (err != GW_OK) {
		/* A full queue, too: what waited would come too late. */
		tell_unanswered(l, a, gw_last_error(l->d.gw));
		cli_dgram_warn(
		    &l->d, "not answered: %s", gw_last_error(l->d.gw));
		return;
	}
	l->answered++;
	cli_dgram_line(
	    &l->d, cli_dgram_json_answered(&a->datagram.peer, size, NULL));
}

static void
stay_silent(
    struct listener *l, const struct gw_arrival *a, enum cli_reply_silence why)
{
	char peer[GW_ENDPOINT_TEXT];

	tell_unanswered(l, a, cli_reply_reason(why));
	if (l->told[why])
		return;
	l->told[why] = true;
	gw_endpoint_text(&a->datagram.peer, peer);
	cli_dgram_warn(&l->d, "%s is not answered: %s (said once)", peer,
	    cli_reply_reason(why));
}

static void
answer(struct listener *l, const struct gw_arrival *a)
{
	const struct cli_reply *r = &l->o->reply;
	enum cli_reply_silence why;
	char *data;
	size_t size;

	if (r->kind == CLI_REPLY_NONE)
		return;
	why = cli_reply_may(&l->guard, a, a->usec);
	if (why != CLI_REPLY_ANSWER) {
		stay_silent(l, a, why);
		return;
	}
	if (l->exec != NULL) {
		if (!cli_exec_add(l->exec, a)) {
			tell_unanswered(l, a, "too many commands are waiting");
			cli_dgram_warn(&l->d,
			    "not answered: too many commands are waiting");
		}
		return;
	}
	data = cli_reply_make(r, a->datagram.data, a->datagram.size,
	    a->wall_usec / 1000000, &size);
	send_answer(l, a, data, size);
	free(data);
}

static void
take_outcomes(struct listener *l)
{
	struct cli_exec_outcome out;
	char peer[GW_ENDPOINT_TEXT];

	if (l->exec == NULL)
		return;
	cli_exec_step(l->exec);
	while (cli_exec_next(l->exec, &out)) {
		if (out.failed[0] == '\0') {
			send_answer(l, &out.arrival, out.data, out.size);
			continue;
		}
		tell_unanswered(l, &out.arrival, out.failed);
		gw_endpoint_text(&out.arrival.datagram.peer, peer);
		cli_dgram_warn(&l->d, "%s is not answered: the command: %s",
		    peer, out.failed);
	}
}

/* ---- what arrives ---- */

static bool
is_wanted(const struct listener *l, const struct gw_arrival *a)
{
	for (size_t i = 0; i < l->d.interface_count; i++)
		if (l->d.interfaces[i].index == a->datagram.interface)
			return cli_dgram_chosen(&l->d, &l->d.interfaces[i]);
	/* One that came up since. */
	return l->o->common.interfaces.count == 0;
}

/* Who asked is gone.  A program that goes after a thousand questions shall not
 * make a thousand lines. */
static void
tell_unreachable(struct listener *l, const struct gw_dgram_event *e)
{
	enum { AGAIN = 1000000 /* us */ };
	const struct gw_endpoint *to = &e->unreachable.to;
	uint64_t now = cli_dgram_now();
	bool again = memcmp(to->ip, l->gone.ip, sizeof to->ip) == 0 &&
		     to->port == l->gone.port && now - l->gone_told < AGAIN;

	cli_dgram_line(&l->d, cli_dgram_json_unreachable(e));
	if (again)
		return;
	l->gone = *to;
	l->gone_told = now;
	cli_dgram_warn(&l->d, "%s", e->unreachable.reason);
}

static void
take_arrival(struct listener *l, const struct gw_arrival *a)
{
	if (!is_wanted(l, a))
		return;
	l->received++;
	if (l->idle_until != UINT64_MAX)
		l->idle_until =
		    cli_dgram_now() + (uint64_t)l->o->wait.ms * 1000;
	cli_dgram_show(&l->d, a, NULL);
	answer(l, a);
}

static bool
has_enough(const struct listener *l)
{
	return l->o->count != 0 && l->received >= l->o->count;
}

static void
take_events(struct listener *l)
{
	struct gw_dgram_event e;

	while (!cli_output_full(&l->d.out) && !has_enough(l) &&
	       gw_dgram_next(l->socket, &e)) {
		switch (e.kind) {
		case GW_DGRAM_ARRIVED:
			take_arrival(l, &e.arrived);
			break;
		case GW_DGRAM_UNREACHABLE:
			tell_unreachable(l, &e);
			break;
		case GW_DGRAM_LOST:
			l->lost += e.lost.count;
			cli_dgram_line(
			    &l->d, cli_dgram_json_lost(e.lost.count));
			cli_dgram_warn(&l->d,
			    "%llu lost here: they came faster than they were "
			    "taken (--buffer)",
			    (unsigned long long)e.lost.count);
			break;
		default:
			break;
		}
	}
}

/* ---- the loop ---- */

static void
tell_sum(struct listener *l)
{
	char lost[64] = "";

	if (l->lost != 0)
		snprintf(lost, sizeof lost, ", %llu lost here",
		    (unsigned long long)l->lost);
	if (l->o->reply.kind != CLI_REPLY_NONE)
		cli_dgram_info(&l->d, "%llu received, %llu answered%s.",
		    (unsigned long long)l->received,
		    (unsigned long long)l->answered, lost);
	else
		cli_dgram_info(&l->d, "%llu received%s.",
		    (unsigned long long)l->received, lost);
}

static int
wait_is_over(struct listener *l)
{
	char text[CLI_SIZE_TEXT], *why;
	int status;

	if (l->received != 0)
		return 0;
	cli_duration_text(text, l->o->wait.ms / 1000.0);
	why = cli_format("nothing arrived within %s", text);
	status = cli_dgram_fail(&l->d, GW_E_FAILED, why);
	free(why);
	return status;
}

static void
wait_for_more(struct listener *l)
{
	struct pollfd fds[CLI_EXEC_FDS];
	uint64_t until = has_enough(l) ? UINT64_MAX : l->idle_until;
	size_t n = 0;

	if (l->exec != NULL)
		n = cli_exec_poll(l->exec, fds, &until);
	cli_dgram_wait(
	    &l->d, fds, n, until == UINT64_MAX ? -1 : cli_dgram_until(until));
}

static int
run(struct listener *l)
{
	int status = 0;

	if (l->o->wait.given)
		l->idle_until =
		    cli_dgram_now() + (uint64_t)l->o->wait.ms * 1000;
	for (;;) {
		take_events(l);
		take_outcomes(l);
		if (has_enough(l) &&
		    (l->exec == NULL || !cli_exec_busy(l->exec)))
			break;
		if (!has_enough(l) && cli_dgram_now() >= l->idle_until) {
			status = wait_is_over(l);
			break;
		}
		wait_for_more(l);
		if (cli_dgram_over(&l->d, true, &status))
			break;
	}
	tell_sum(l);
	return status;
}

static int
listen_main(const struct cli_command *c, struct cli_start *start)
{
	enum { DEADLINE_MS = 10000 };
	struct settings o = { .count = 0 };
	struct listener l = { .o = &o, .idle_until = UINT64_MAX };
	bool runs_commands;
	enum gw_err err;
	int status;

	if (!cli_dgram_begin(&l.d, c, start, &o, &status))
		return status;
	err = check(&l);
	runs_commands = o.reply.kind == CLI_REPLY_EXEC;
	if (err == GW_OK)
		err = cli_dgram_open(&l.d, false, runs_commands);
	if (err == GW_OK)
		err = open_socket(&l);
	if (err == GW_OK && runs_commands)
		l.exec = cli_exec_new(o.reply.text,
		    o.deadline.given ? o.deadline.ms : DEADLINE_MS);
	status = err == GW_OK ? run(&l) : gw_err_exit(err);
	cli_exec_free(l.exec);
	cli_dgram_end(&l.d, &o.common);
	cli_list_fini(&o.groups);
	return status;
}
