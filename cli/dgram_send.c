/*
 * dgram_send - godwit dgram send HOST:PORT [TEXT|-]
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dgram.h"
#include "cli/dgram_json.h"
#include "cli/dgram_probe.h"
#include "cli/dgram_show.h"
#include "cli/dgram_targets.h"
#include "cli/file.h"
#include "cli/say.h"
#include "cli/size.h"

struct settings {
	struct cli_dgram_common common; /* first: its offsets are ours */
	bool broadcast, all;
	unsigned count;
	struct cli_duration interval, wait;
};

#define FIELD(member) offsetof(struct settings, member)

static const struct cli_option options[] = {
	{ .help = "Options:" },
	{ "broadcast", NULL,
	    "to every host: the broadcast address of each interface; HOST "
	    "may be left out",
	    cli_value_switch, FIELD(broadcast), 0, 0 },
	{ "count", "N", "send it N times [1]", cli_value_count, FIELD(count), 0,
	    0 },
	{ "interval", "TIME", "from one to the next [1s]", cli_value_duration,
	    FIELD(interval), 0, 0 },
	{ "wait", "TIME",
	    "wait for an answer; none within TIME is a failure. 0: do not "
	    "wait [1s, and none is fine]",
	    cli_value_duration, FIELD(wait), 0, 0 },
	{ "all", NULL,
	    "go on after the first answer until the time is over, as with "
	    "broadcast and groups",
	    cli_value_switch, FIELD(all), 0, 0 },
	{ .help = NULL },
};

static int send_main(const struct cli_command *, struct cli_start *);

const struct cli_command cli_dgram_send_command = {
	.name = "dgram send",
	.group = "dgram",
	.summary = "send a UDP datagram and show what is answered",
	.usage = "dgram send [OPTION...] HOST:PORT [TEXT|-]",
	.about =
	    "Sends TEXT as it is, without it an empty datagram, with - all "
	    "of standard input\nas one. Shows what is answered; into a pipe "
	    "goes its content alone. HOST may be\na multicast group, which "
	    "is sent to on each interface.\n",
	.examples =
	    "  godwit dgram send 192.168.1.5:9000 hello\n"
	    "  godwit dgram send time-server:9000 --wait 3s\n"
	    "  printf 'hello\\n\\0' | godwit dgram send here:9000 -\n"
	    "  godwit dgram send here:9000 ping --count 10 --interval 100ms\n"
	    "  godwit dgram send --broadcast :9000 hello --interface eth0\n",
	.options = options,
	.shared = cli_dgram_options,
	.main = send_main,
};

struct sender {
	struct cli_dgram d;
	struct settings *o;
	struct cli_address at;
	struct cli_dgram_targets targets;
	size_t address; /* of a host: the one that is tried */
	char *data;
	size_t size;
	struct cli_probe probe;
	uint64_t requests;     /* begun */
	uint64_t next_at;      /* us */
	uint64_t linger_until; /* us; of the last request */
	uint64_t wait;         /* us */
	char *reason;          /* of the last error */
};

/* ---- what is asked for ---- */

static enum gw_err
take_host(struct sender *s, const char *text)
{
	const char *wrong = s->o->broadcast
				? cli_address_parse_listen(text, &s->at)
				: cli_address_parse(text, &s->at);

	if (wrong == NULL && !s->at.port_given)
		wrong = "has no port: write HOST:PORT";
	if (wrong != NULL)
		return cli_usage_error(
		    s->d.s.command, "\"%s\" %s", text, wrong);
	return GW_OK;
}

static enum gw_err
too_long(struct sender *s, const char *what)
{
	return cli_usage_error(s->d.s.command,
	    "%s is longer than 65,507 bytes, the most that one datagram "
	    "carries",
	    what);
}

static enum gw_err
take_text(struct sender *s, const char *text)
{
	int error;

	if (text == NULL)
		text = "";
	if (strcmp(text, "-") != 0) {
		s->size = strlen(text);
		s->data = cli_copy(text);
		return s->size > GW_DATAGRAM_MAX ? too_long(s, "TEXT") : GW_OK;
	}
	error = cli_file_read("-", GW_DATAGRAM_MAX, &s->data, &s->size);
	if (error == EFBIG)
		return too_long(s, "standard input");
	if (error == 0)
		return GW_OK;
	cli_say_error("standard input: %s", strerror(error));
	return GW_E_DISK;
}

static enum gw_err
check(struct sender *s)
{
	enum { WAIT_MS = 1000, INTERVAL_MS = 1000 };
	const struct cli_args *a = &s->d.s.args;
	struct settings *o = s->o;
	enum gw_err err;

	if (a->operand_count == 0)
		return cli_usage_error(s->d.s.command, "to whom? Give "
						       "HOST:PORT");
	if (a->operand_count > 2)
		return cli_usage_error(s->d.s.command,
		    "%s: one TEXT is enough; quote what has spaces",
		    a->operands[2]);
	if (o->interval.given && o->interval.ms == 0)
		return cli_usage_error(
		    s->d.s.command, "--interval must be more than 0");
	if (!o->interval.given)
		o->interval.ms = INTERVAL_MS;
	if (!o->wait.given)
		o->wait.ms = WAIT_MS;
	s->wait = (uint64_t)o->wait.ms * 1000;
	s->probe.sum.waited = s->wait != 0;
	if (o->count == 0)
		o->count = 1;
	if ((err = take_host(s, a->operands[0])) != GW_OK)
		return err;
	return take_text(s, a->operand_count > 1 ? a->operands[1] : NULL);
}

/* ---- sending ---- */

static bool
is_to_many(const struct sender *s)
{
	return s->targets.kind != CLI_DGRAM_HOST;
}

/* One question to one host: its error is what the program ends with. */
static bool
is_simple(const struct sender *s)
{
	return !is_to_many(s) && s->o->count == 1;
}

static void
note_error(struct sender *s, const char *reason)
{
	s->probe.sum.errors++;
	free(s->reason);
	s->reason = cli_copy(reason);
	if (!is_simple(s))
		cli_dgram_warn(&s->d, "%s", reason);
}

static void
tell_sent(struct sender *s, const struct cli_dgram_target *t)
{
	char to[GW_ENDPOINT_TEXT], *text;

	cli_dgram_line(&s->d, cli_dgram_json_sent(&t->to, t->name, s->size));
	gw_endpoint_text(&t->to, to);
	text = cli_format("Sent %zu byte%s to %s%s%s.", s->size,
	    s->size == 1 ? "" : "s", to, t->name != NULL ? " on " : "",
	    t->name != NULL ? t->name : "");
	/* Who gets it is told once; where it goes to one, no word is needed. */
	if (is_to_many(s) && s->requests == 1)
		cli_dgram_info(&s->d, "%s", text);
	else
		cli_dgram_detail(&s->d, "%s", text);
	free(text);
}

static bool
send_to(
    struct sender *s, struct gw_dgram *socket, const struct cli_dgram_target *t)
{
	struct gw_datagram g = { .data = s->data,
		.size = s->size,
		.peer = t->to,
		.interface = t->interface };
	char *why;

	if (gw_dgram_send(socket, &g) == GW_OK) {
		tell_sent(s, t);
		return true;
	}
	cli_dgram_line(&s->d,
	    cli_dgram_json_failed(&t->to, t->name, gw_last_error(s->d.gw)));
	why = cli_format("%s%s%s", t->name != NULL ? t->name : "",
	    t->name != NULL ? ": " : "", gw_last_error(s->d.gw));
	note_error(s, why);
	free(why);
	return false;
}

/* To a host at the first of its addresses that can be sent to, from the one
 * on that is tried. */
static bool
send_to_host(struct sender *s, struct gw_dgram *socket)
{
	for (;;) {
		if (send_to(s, socket, &s->targets.v[s->address]))
			return true;
		if (s->address + 1 == s->targets.count)
			return false;
		s->address++;
	}
}

static bool
send_to_all(struct sender *s, struct gw_dgram *socket)
{
	bool any = false;

	for (size_t i = 0; i < s->targets.count; i++)
		any |= send_to(s, socket, &s->targets.v[i]);
	return any;
}

static struct cli_probe_slot *
get_slot(struct sender *s)
{
	struct gw_dgram_options o = { .broadcast = s->o->broadcast,
		.hops = (uint8_t)s->o->common.hops };

	return cli_probe_slot(&s->probe, s->d.gw, &o);
}

static void
send_request(struct sender *s)
{
	struct cli_probe_slot *slot = get_slot(s);
	uint64_t now;
	bool left;

	s->requests++;
	if (slot == NULL) {
		note_error(s, gw_last_error(s->d.gw));
		return;
	}
	/* Before it leaves: on loopback the answer is back before we are. */
	now = cli_dgram_now();
	left = is_to_many(s) ? send_to_all(s, slot->socket)
			     : send_to_host(s, slot->socket);
	if (left)
		cli_probe_sent(&s->probe, slot, now, now + s->wait);
	s->linger_until = now + s->wait;
}

/* ---- what comes back ---- */

static void
take_arrival(
    struct sender *s, struct cli_probe_slot *slot, const struct gw_arrival *a)
{
	const struct gw_endpoint *asked = &s->targets.v[s->address].to;
	struct cli_dgram_answer answer = { .request = slot->request };
	char from[GW_ENDPOINT_TEXT], to[GW_ENDPOINT_TEXT];

	answer.usec = cli_probe_answered(&s->probe, slot, a->usec);
	if (!is_to_many(s) && (!cli_dgram_same_ip(asked, &a->datagram.peer) ||
				  asked->port != a->datagram.peer.port)) {
		gw_endpoint_text(&a->datagram.peer, from);
		gw_endpoint_text(asked, to);
		cli_dgram_warn(&s->d, "%s answers, and %s was asked", from, to);
	}
	cli_dgram_show(&s->d, a, &answer);
}

/* A host may have the port at another of its addresses. */
static void
take_unreachable(struct sender *s, struct cli_probe_slot *slot,
    const struct gw_dgram_event *e)
{
	bool more = s->address + 1 < s->targets.count;

	cli_dgram_line(&s->d, cli_dgram_json_unreachable(e));
	if (!is_to_many(s) && more && s->probe.sum.answered == 0 &&
	    slot->waiting &&
	    cli_dgram_same_ip(
		&e->unreachable.to, &s->targets.v[s->address].to)) {
		cli_dgram_detail(&s->d, "%s", e->unreachable.reason);
		s->address++;
		if (send_to_host(s, slot->socket))
			return;
	}
	note_error(s, e->unreachable.reason);
	if (!is_to_many(s))
		slot->waiting = false;
}

static void
take_events(struct sender *s)
{
	struct gw_dgram_event e;

	for (size_t i = 0; i < s->probe.count; i++) {
		struct cli_probe_slot *slot = &s->probe.slots[i];

		while (!cli_output_full(&s->d.out) &&
		       gw_dgram_next(slot->socket, &e)) {
			if (e.kind == GW_DGRAM_ARRIVED)
				take_arrival(s, slot, &e.arrived);
			else if (e.kind == GW_DGRAM_UNREACHABLE)
				take_unreachable(s, slot, &e);
			else if (e.kind == GW_DGRAM_LOST)
				cli_dgram_warn(&s->d,
				    "%llu answers lost here: no room",
				    (unsigned long long)e.lost.count);
		}
	}
}

/* ---- the name ---- */

/* On failure the person has been told, and *status is set. */
static bool
find_addresses(struct sender *s, int *status)
{
	struct cli_probe_slot *slot = get_slot(s);

	if (slot != NULL)
		return cli_dgram_targets_look_up(
		    &s->d, slot->socket, &s->at, &s->targets, status);
	*status = cli_dgram_fail(&s->d, GW_E_FAILED, gw_last_error(s->d.gw));
	return false;
}

/* ---- the loop ---- */

static bool
is_done(const struct sender *s, uint64_t now)
{
	if (s->requests < s->o->count)
		return false;
	if (is_to_many(s) || s->o->all)
		return now >= s->linger_until;
	return !cli_probe_waits(&s->probe);
}

static void
wait_for_more(struct sender *s)
{
	uint64_t until = cli_probe_until(&s->probe);

	if (s->requests < s->o->count && s->next_at < until)
		until = s->next_at;
	if (s->requests == s->o->count && (is_to_many(s) || s->o->all) &&
	    s->linger_until < until)
		until = s->linger_until;
	cli_dgram_wait(
	    &s->d, NULL, 0, until == UINT64_MAX ? -1 : cli_dgram_until(until));
}

static void
tell_sum(struct sender *s)
{
	const struct cli_dgram_sum *sum = cli_probe_sum(&s->probe);
	char least[CLI_DGRAM_MS_TEXT], median[CLI_DGRAM_MS_TEXT],
	    most[CLI_DGRAM_MS_TEXT];

	cli_dgram_line(&s->d, cli_dgram_json_summary(sum));
	if (s->o->count == 1)
		return;
	if (!sum->waited) {
		cli_dgram_info(
		    &s->d, "%llu sent.", (unsigned long long)sum->sent);
		return;
	}
	cli_dgram_info(&s->d, "%llu sent, %llu answered, %llu lost%s.",
	    (unsigned long long)sum->sent, (unsigned long long)sum->answered,
	    (unsigned long long)(sum->sent - sum->answered),
	    sum->errors != 0 ? ", with errors" : "");
	if (sum->answered != 0)
		cli_dgram_info(&s->d,
		    "Round trip: least %s, median %s, most %s.",
		    cli_dgram_ms(least, sum->least),
		    cli_dgram_ms(median, sum->median),
		    cli_dgram_ms(most, sum->most));
}

/* The exit status of one that ended by itself. */
static int
judge(struct sender *s)
{
	const struct cli_dgram_sum *sum = &s->probe.sum;
	char text[CLI_SIZE_TEXT], *why;
	int status;

	if (sum->answered != 0)
		return 0;
	if (sum->errors != 0)
		return cli_dgram_fail(&s->d, GW_E_CONNECT,
		    is_simple(s) ? s->reason : "nothing but errors came back");
	if (!s->o->wait.given || s->wait == 0)
		return 0;
	cli_duration_text(text, (double)s->wait / 1e6);
	why = cli_format(
	    "no answer from %s within %s", s->d.s.args.operands[0], text);
	status = cli_dgram_fail(&s->d, GW_E_FAILED, why);
	free(why);
	return status;
}

static int
run(struct sender *s)
{
	int status;

	s->next_at = cli_dgram_now();
	for (;;) {
		uint64_t now;

		take_events(s);
		now = cli_dgram_now();
		cli_probe_expire(&s->probe, now);
		if (s->requests < s->o->count && now >= s->next_at) {
			send_request(s);
			s->next_at += (uint64_t)s->o->interval.ms * 1000;
			if (s->next_at < now)
				s->next_at = now; /* it was held up */
			continue;
		}
		if (is_done(s, now)) {
			tell_sum(s);
			return judge(s);
		}
		wait_for_more(s);
		if (cli_dgram_over(&s->d, false, &status)) {
			tell_sum(s);
			return status;
		}
	}
}

static int
send_main(const struct cli_command *c, struct cli_start *start)
{
	struct settings o = { .count = 0 };
	struct sender s = { .o = &o };
	enum gw_err err;
	int status;

	if (!cli_dgram_begin(&s.d, c, start, &o, &status))
		return status;
	err = check(&s);
	if (err == GW_OK)
		err = cli_dgram_open(&s.d, true, false);
	if (err == GW_OK)
		err = cli_dgram_targets_find(
		    &s.d, &s.at, o.broadcast, &s.targets);
	status = gw_err_exit(err);
	if (err == GW_OK &&
	    (s.targets.count != 0 || find_addresses(&s, &status)))
		status = run(&s);
	cli_probe_fini(&s.probe);
	cli_dgram_targets_fini(&s.targets);
	cli_dgram_end(&s.d, &o.common);
	free(s.reason);
	free(s.data);
	return status;
}
