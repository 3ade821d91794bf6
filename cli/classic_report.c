#include <stdlib.h>
#include <string.h>

#include "cli/classic.h"
#include "cli/size.h"
#include "cli/text.h"

/* ---- a receiver waits ---- */

static void
tell_listening(struct cli_report *r, const struct gw_event *e)
{
	const struct cli_style *s = &r->screen.style;
	char at[CLI_ADDRESS_TEXT] = "";

	if (e->listening.address_count > 0)
		cli_address_text(at,
		    e->listening.addresses[cli_address_best(
			e->listening.addresses, e->listening.address_count)],
		    e->listening.port);
	cli_screen_info(&r->screen, "Waiting for plain senders at %s%s%s.",
	    cli_style_bold(s), at, cli_style_plain(s));
	cli_report_addresses(r, e);
	cli_screen_info(&r->screen,
	    "Whoever reaches it can send files here; nothing is encrypted, "
	    "checked or confirmed.\n%sCtrl-C ends it.%s",
	    cli_style_dim(s), cli_style_plain(s));
}

/* ---- a file ---- */

static void
tell_connected(struct cli_report *r, const struct gw_event *e)
{
	free(r->peer);
	r->peer = cli_text_escape(e->connected.address);
	if (r->sends)
		cli_screen_info(&r->screen,
		    "Connected to %s, by the plain protocol: nothing is "
		    "encrypted, checked or confirmed.",
		    r->peer);
}

static void
tell_offer(struct cli_report *r, const struct gw_event *e)
{
	char *name = cli_text_escape(e->offer.names[0]), size[CLI_SIZE_TEXT];
	char *from = cli_text_escape(e->offer.peer);

	r->stall_told = false;
	if (!r->sends)
		cli_screen_info(
		    &r->screen, "Receiving %s from %s.", name, from);
	else if (e->offer.bytes_known)
		cli_screen_info(&r->screen, "Sending %s, %s.", name,
		    cli_size_text(size, e->offer.bytes));
	else
		cli_screen_info(&r->screen, "Sending %s.", name);
	free(from);
	free(name);
}

/* What is done is told by the COMPLETE that follows, what failed by the
 * ERROR. */
static void
tell_entry(struct cli_report *r, const struct gw_event *e)
{
	char *name = cli_text_escape(e->entry.name), *other = NULL;

	free(r->name);
	r->name = NULL;
	if (e->entry.address != NULL) {
		free(r->peer);
		r->peer = cli_text_escape(e->entry.address);
	}
	if (e->entry.final_name != NULL)
		other = cli_text_escape(e->entry.final_name);
	if (e->entry.status == GW_ENTRY_SKIPPED)
		cli_screen_info(&r->screen,
		    "%s from %s was left out: the name is taken.", name,
		    r->peer);
	else if (e->entry.status == GW_ENTRY_DONE && other != NULL &&
		 strcmp(other, name) != 0)
		r->name = cli_format("%s, kept as %s", name, other);
	else
		r->name = cli_copy(name);
	free(other);
	free(name);
}

static void
tell_complete(struct cli_report *r, const struct gw_event *e)
{
	const struct cli_style *s = &r->screen.style;
	char size[CLI_SIZE_TEXT], time[CLI_SIZE_TEXT];
	char *rate, *dir;

	if (r->name == NULL)
		return; /* it was left out */
	rate = cli_report_speed(e);
	dir = cli_text_escape(r->dir != NULL ? r->dir : ".");
	cli_screen_info(&r->screen, "%s%s%s, %s in %s%s, %s %s%s%s.",
	    cli_style_bold(s), r->name, cli_style_plain(s),
	    cli_size_text(size, e->complete.bytes),
	    cli_duration_text(time, e->complete.seconds), rate,
	    r->sends ? "sent to" : "from",
	    r->peer != NULL ? r->peer : "the other side",
	    r->sends ? "" : ", durable in ", r->sends ? "" : dir);
	if (r->sends)
		cli_screen_info(&r->screen,
		    "The kernel there has acknowledged every byte. This "
		    "protocol confirms nothing more, and hides nothing.");
	free(dir);
	free(rate);
	free(r->name);
	r->name = NULL;
}

/* Of an interruption only what it did to a file is news. */
static void
tell_interrupted(struct cli_report *r, const struct gw_event *e)
{
	char *text;

	if (r->sends && r->peer != NULL) {
		cli_screen_info(&r->screen,
		    "Interrupted: the connection was reset, so that no part "
		    "passes for the whole.");
	} else if (!r->sends && r->name != NULL) {
		text = cli_text_sentence(e->error.reason);
		cli_screen_info(&r->screen, "%s.", text);
		free(text);
	}
	free(r->name);
	r->name = NULL;
}

bool
cli_classic_tell(struct cli_report *r, const struct gw_event *e)
{
	switch (e->kind) {
	case GW_EVENT_LISTENING:
		tell_listening(r, e);
		return true;
	case GW_EVENT_CONNECTED:
		tell_connected(r, e);
		return true;
	case GW_EVENT_OFFER:
		tell_offer(r, e);
		return true;
	case GW_EVENT_ENTRY:
		tell_entry(r, e);
		return true;
	case GW_EVENT_COMPLETE:
		tell_complete(r, e);
		return true;
	case GW_EVENT_ERROR:
		tell_interrupted(r, e);
		return true;
	default:
		return false;
	}
}
