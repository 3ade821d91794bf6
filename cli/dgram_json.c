#include "cli/dgram_json.h"

#include "cli/json_build.h"

static void
add_endpoint(cJSON *o, const char *key, const struct gw_endpoint *e)
{
	struct gw_endpoint bare = *e;
	char text[GW_ENDPOINT_TEXT];

	bare.port = 0;
	gw_endpoint_text(&bare, text);
	cli_json_text(o, key, text);
}

static void
add_peer(cJSON *o, const struct gw_endpoint *e)
{
	add_endpoint(o, "peer", e);
	cli_json_number(o, "port", e->port);
}

static void
add_interface(cJSON *o, const char *name)
{
	cli_json_text(
	    o, "interface", name != NULL && *name != '\0' ? name : NULL);
}

char *
cli_dgram_json_listening(const struct gw_endpoint *e, const char *const *groups,
    size_t group_count, const char *reply)
{
	cJSON *o = cli_json_begin("listening"), *list;

	add_endpoint(o, "address", e);
	cli_json_number(o, "port", e->port);
	list = cJSON_AddArrayToObject(o, "groups");
	for (size_t i = 0; i < group_count; i++)
		cJSON_AddItemToArray(list, cli_json_value(groups[i]));
	cli_json_text(o, "reply", reply);
	return cli_json_finish(o);
}

char *
cli_dgram_json_arrival(
    const struct gw_arrival *a, const struct cli_dgram_answer *answer)
{
	static const char *const casts[] = { [GW_CAST_HOST] = "host",
		[GW_CAST_BROADCAST] = "broadcast",
		[GW_CAST_GROUP] = "group" };
	cJSON *o = cli_json_begin("datagram");

	cJSON_AddNumberToObject(o, "time", (double)a->wall_usec / 1e6);
	add_peer(o, &a->datagram.peer);
	add_endpoint(o, "to", &a->datagram.local);
	cli_json_text(o, "cast", casts[a->cast]);
	add_interface(o, a->interface_name);
	if (answer != NULL) {
		cli_json_number(o, "request", answer->request);
		cJSON_AddNumberToObject(o, "rtt", (double)answer->usec / 1e6);
	}
	cli_json_number(o, "size", a->datagram.size);
	cli_json_bytes(o, a->datagram.data, a->datagram.size);
	return cli_json_finish(o);
}

char *
cli_dgram_json_sent(
    const struct gw_endpoint *to, const char *interface, size_t size)
{
	cJSON *o = cli_json_begin("sent");

	add_peer(o, to);
	add_interface(o, interface);
	cli_json_number(o, "size", size);
	return cli_json_finish(o);
}

char *
cli_dgram_json_failed(
    const struct gw_endpoint *to, const char *interface, const char *reason)
{
	cJSON *o = cli_json_begin("failed");

	add_peer(o, to);
	add_interface(o, interface);
	cli_json_text(o, "reason", reason);
	return cli_json_finish(o);
}

char *
cli_dgram_json_unreachable(const struct gw_dgram_event *e)
{
	static const char *const kinds[] = { [GW_UNREACHABLE_PORT] = "port",
		[GW_UNREACHABLE_HOST] = "host",
		[GW_UNREACHABLE_NET] = "net",
		[GW_UNREACHABLE_FORBIDDEN] = "forbidden",
		[GW_UNREACHABLE_SIZE] = "size",
		[GW_UNREACHABLE_HOPS] = "hops",
		[GW_UNREACHABLE_OTHER] = "other" };
	cJSON *o = cli_json_begin("unreachable");

	add_peer(o, &e->unreachable.to);
	cli_json_text(o, "what", kinds[e->unreachable.what]);
	add_endpoint(o, "from", &e->unreachable.from);
	cli_json_text(o, "reason", e->unreachable.reason);
	return cli_json_finish(o);
}

char *
cli_dgram_json_lost(uint64_t count)
{
	cJSON *o = cli_json_begin("lost");

	cli_json_number(o, "count", count);
	return cli_json_finish(o);
}

char *
cli_dgram_json_answered(
    const struct gw_endpoint *to, size_t size, const char *reason)
{
	cJSON *o = cli_json_begin(reason == NULL ? "answered" : "unanswered");

	add_peer(o, to);
	if (reason == NULL)
		cli_json_number(o, "size", size);
	else
		cli_json_text(o, "reason", reason);
	return cli_json_finish(o);
}

static void
add_seconds(cJSON *o, const char *key, bool known, uint64_t usec)
{
	if (known)
		cJSON_AddNumberToObject(o, key, (double)usec / 1e6);
	else
		cJSON_AddNullToObject(o, key);
}

char *
cli_dgram_json_summary(const struct cli_dgram_sum *s)
{
	cJSON *o = cli_json_begin("summary");

	cli_json_number(o, "sent", s->sent);
	cli_json_number(o, "answered", s->answered);
	if (s->waited)
		cli_json_number(o, "lost", s->sent - s->answered);
	else
		cJSON_AddNullToObject(o, "lost");
	cli_json_number(o, "replies", s->replies);
	cli_json_number(o, "errors", s->errors);
	add_seconds(o, "rtt_min", s->answered != 0, s->least);
	add_seconds(o, "rtt_median", s->answered != 0, s->median);
	add_seconds(o, "rtt_max", s->answered != 0, s->most);
	return cli_json_finish(o);
}
