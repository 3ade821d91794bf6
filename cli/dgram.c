#include "cli/dgram.h"

#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/sandbox.h"
#include "cli/signals.h"
#include "cli/text.h"

enum { PATIENCE_MS = 500 };

#define FIELD(member) offsetof(struct cli_dgram_common, member)

const struct cli_option cli_dgram_options[] = {
	{ "interface", "NAME",
	    "only this interface; may be repeated [those that can]",
	    cli_value_list, FIELD(interfaces), 0, 0 },
	{ "ttl", "N", "at most N routers on the way [groups: 1]",
	    cli_value_hops, FIELD(hops), 0, 0 },
	{ .help = "Output:" },
	{ "hex", NULL, "show bytes in hexadecimal", cli_value_switch,
	    FIELD(hex), CLI_OPTION_CONFIG, 0 },
	{ "json", NULL, "tell everything as JSON, one object a line",
	    cli_value_switch, FIELD(json), CLI_OPTION_CONFIG, 0 },
	{ "quiet", NULL, "say only what must be known", cli_value_switch,
	    FIELD(quiet), CLI_OPTION_CONFIG, 'q' },
	{ "verbose", NULL, "say more: who and when also beside a pipe",
	    cli_value_switch, FIELD(verbose), CLI_OPTION_CONFIG, 'v' },
	{ .help = NULL },
};

static const struct cli_command *const parts[] = { &cli_dgram_listen_command,
	&cli_dgram_send_command, NULL };

const struct cli_command cli_dgram_command = {
	.name = "dgram",
	.summary = "exchange plain UDP datagrams, also by broadcast and group",
	.usage = "dgram listen [OPTION...] [ADDR]:PORT\n"
		 "       godwit dgram send [OPTION...] HOST:PORT [TEXT|-]",
	.about = "UDP as any program speaks it: nothing is encrypted, nothing "
		 "is confirmed, and\nwhat comes may come from anybody.\n",
	.examples = "  godwit dgram listen :9000 --reply echo\n"
		    "  godwit dgram send 192.168.1.5:9000 hello\n"
		    "  godwit dgram send --broadcast :9000 hello\n",
	.parts = parts,
};

/* ---- beginning and ending ---- */

static enum cli_dgram_show
show_for(const struct cli_dgram_common *o)
{
	if (o->json)
		return CLI_DGRAM_JSON;
	if (o->hex)
		return CLI_DGRAM_HEX;
	return isatty(STDOUT_FILENO) ? CLI_DGRAM_TEXT : CLI_DGRAM_RAW;
}

bool
cli_dgram_begin(struct cli_dgram *d, const struct cli_command *c,
    struct cli_start *start, void *settings, int *status)
{
	struct cli_screen *screen = &d->s.report.screen;

	memset(d, 0, sizeof *d);
	if (!cli_session_begin(&d->s, c, start, settings, status))
		return false;
	d->o = settings;
	d->show = show_for(d->o);
	screen->style = start->style;
	screen->quiet = d->o->quiet;
	screen->verbose = d->o->verbose;
	if (d->o->json)
		d->s.report.json_fd = STDOUT_FILENO;
	return true;
}

static const struct gw_interface *
interface_named(const struct cli_dgram *d, const char *name)
{
	for (size_t i = 0; i < d->interface_count; i++)
		if (strcmp(d->interfaces[i].name, name) == 0)
			return &d->interfaces[i];
	return NULL;
}

static enum gw_err
open_interfaces(struct cli_dgram *d)
{
	const struct cli_list *names = &d->o->interfaces;
	struct gw_interface one;
	enum gw_err err = gw_interfaces_open(d->gw, &d->list);

	if (err != GW_OK) {
		cli_dgram_fail(d, err, gw_last_error(d->gw));
		return err;
	}
	while (gw_interfaces_next(d->list, &one)) {
		d->interfaces = cli_resize(d->interfaces,
		    d->interface_count + 1, sizeof *d->interfaces);
		d->interfaces[d->interface_count++] = one;
	}
	for (size_t i = 0; i < names->count; i++) {
		char *why;

		if (interface_named(d, names->items[i]) != NULL)
			continue;
		why = cli_format(
		    "this machine has no interface %s", names->items[i]);
		cli_dgram_fail(d, GW_E_ADDRESS, why);
		free(why);
		return GW_E_ADDRESS;
	}
	return GW_OK;
}

enum gw_err
cli_dgram_open(struct cli_dgram *d, bool looks_up, bool runs_commands)
{
	struct gw_options *o = &d->s.options;
	enum gw_err err = GW_OK;

	/* The time zone is a file: read it while that is allowed. */
	tzset();
	o->plain = true;
	if (runs_commands)
		cli_dgram_detail(d, "Not confined by Landlock: the commands "
				    "of exec: would be, too.");
	else
		err = cli_sandbox_enter_plain(&d->s.report, o, looks_up);
	if (err != GW_OK)
		return err;
	d->s.job.signal_fd = cli_signals_open();
	if ((err = gw_open(o, &d->gw)) != GW_OK) {
		cli_dgram_fail(d, err, d->s.why);
		return err;
	}
	d->s.job.gw = d->gw;
	return open_interfaces(d);
}

void
cli_dgram_end(struct cli_dgram *d, struct cli_dgram_common *o)
{
	/* Who is told to go does not wait for a reader that has stopped. */
	cli_output_finish(&d->out, d->s.job.signal_fd,
	    d->interrupted || d->terminated ? PATIENCE_MS : -1);
	cli_output_fini(&d->out);
	gw_interfaces_free(d->list);
	free(d->interfaces);
	cli_session_end(&d->s);
	cli_list_fini(&o->interfaces);
}

/* ---- interfaces ---- */

bool
cli_dgram_chosen(const struct cli_dgram *d, const struct gw_interface *i)
{
	const struct cli_list *names = &d->o->interfaces;

	for (size_t k = 0; k < names->count; k++)
		if (strcmp(names->items[k], i->name) == 0)
			return true;
	return names->count == 0;
}

bool
cli_dgram_is_v4(const struct gw_endpoint *e)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(e->ip, mapped, sizeof mapped) == 0;
}

bool
cli_dgram_same_ip(const struct gw_endpoint *a, const struct gw_endpoint *b)
{
	return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool
cli_dgram_for_group(const struct cli_dgram *d, const struct gw_interface *n,
    const struct gw_endpoint *group)
{
	if (group->zone != 0)
		return n->index == group->zone;
	if (d->o->interfaces.count != 0)
		return cli_dgram_chosen(d, n);
	if (!n->up || !n->multicast || n->loopback)
		return false;
	for (size_t i = 0; i < n->address_count; i++)
		if (cli_dgram_is_v4(&n->addresses[i].address) ==
		    cli_dgram_is_v4(group))
			return true;
	return false;
}

const struct gw_interface *
cli_dgram_broadcast_of(const struct cli_dgram *d, const struct gw_endpoint *e)
{
	for (size_t i = 0; i < d->interface_count; i++) {
		const struct gw_interface *n = &d->interfaces[i];

		for (size_t k = 0; k < n->address_count; k++)
			if (cli_dgram_is_v4(&n->addresses[k].broadcast) &&
			    cli_dgram_same_ip(&n->addresses[k].broadcast, e))
				return n;
	}
	return NULL;
}

/* ---- waiting ---- */

static void
take_signals(struct cli_dgram *d)
{
	int n;

	while ((n = cli_signals_take(d->s.job.signal_fd)) != 0)
		if (n == SIGINT)
			d->interrupted = true;
		else if (n != SIGWINCH)
			d->terminated = true;
}

void
cli_dgram_wait(
    struct cli_dgram *d, struct pollfd *more, size_t n, int timeout_ms)
{
	enum { OWN = 3, MOST = 64 };
	struct pollfd fds[OWN + MOST] = {
		{ .fd = gw_fd(d->gw), .events = POLLIN },
		{ .fd = d->s.job.signal_fd, .events = POLLIN },
		{ .fd = -1, .events = POLLOUT },
	};

	cli_output_flush(&d->out);
	if (cli_output_waits(&d->out))
		fds[2].fd = STDOUT_FILENO;
	if (n > MOST)
		n = MOST;
	if (n != 0)
		memcpy(fds + OWN, more, n * sizeof *more);
	if (poll(fds, OWN + n, timeout_ms) <= 0) {
		for (size_t i = 0; i < n; i++)
			more[i].revents = 0;
		return;
	}
	for (size_t i = 0; i < n; i++)
		more[i].revents = fds[OWN + i].revents;
	if (fds[1].revents != 0)
		take_signals(d);
	if (fds[2].revents != 0)
		cli_output_flush(&d->out);
	if (fds[0].revents != 0)
		gw_dispatch(d->gw);
}

uint64_t
cli_dgram_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int
cli_dgram_until(uint64_t until)
{
	uint64_t now = cli_dgram_now(), ms;

	if (until <= now)
		return 0;
	ms = (until - now + 999) / 1000;
	return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

bool
cli_dgram_over(struct cli_dgram *d, bool standing, int *status)
{
	if (d->interrupted)
		*status = gw_err_exit(GW_E_INTERRUPTED);
	else if (d->terminated)
		*status = standing ? 0 : gw_err_exit(GW_E_INTERRUPTED);
	else if (d->out.error != 0) {
		char *why =
		    cli_format("standard output: %s", strerror(d->out.error));

		*status = cli_dgram_fail(d, GW_E_DISK, why);
		free(why);
	} else
		return false;
	return true;
}

/* ---- saying ---- */

void
cli_dgram_line(struct cli_dgram *d, char *json)
{
	if (d->o->json)
		cli_output_text(&d->out, "%s\n", json);
	free(json);
}

int
cli_dgram_fail(struct cli_dgram *d, enum gw_err err, const char *reason)
{
	char *text = cli_text_sentence(
	    reason != NULL && *reason != '\0' ? reason : gw_err_text(err));

	cli_dgram_line(d, cli_json_error(err, reason));
	cli_output_flush(&d->out);
	cli_screen_error(&d->s.report.screen, "%s", text);
	free(text);
	return gw_err_exit(err);
}

static char *
sentence(struct cli_dgram *d, const char *format, va_list ap)
{
	char *raw, *safe;

	/* Two descriptors, one terminal: in the order of what happened. */
	cli_output_flush(&d->out);
	if (vasprintf(&raw, format, ap) < 0)
		return cli_copy("out of memory");
	safe = cli_text_sentence(raw);
	free(raw);
	return safe;
}

void
cli_dgram_warn(struct cli_dgram *d, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = sentence(d, format, ap);
	va_end(ap);
	cli_screen_warning(&d->s.report.screen, "%s", text);
	free(text);
}

void
cli_dgram_info(struct cli_dgram *d, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = sentence(d, format, ap);
	va_end(ap);
	cli_screen_info(&d->s.report.screen, "%s", text);
	free(text);
}

void
cli_dgram_detail(struct cli_dgram *d, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = sentence(d, format, ap);
	va_end(ap);
	cli_screen_detail(&d->s.report.screen, "%s", text);
	free(text);
}
