#include "cli/sockets_json.h"

#include <net/if.h>
#include <stdio.h>

#include "cli/json_build.h"
#include "cli/sockets_explain.h"
#include "cli/sockets_row.h"

/* Seconds: exact to the microsecond, with no more digits than that takes. */
static void
add_seconds(cJSON *o, const char *key, gw_usec t)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%llu.%06llu",
	    (unsigned long long)(t / GW_SEC), (unsigned long long)(t % GW_SEC));
	cJSON_AddRawToObject(o, key, digits);
}

static void
add_end(cJSON *o, const struct gw_socket *s, bool remote,
    const struct gw_names *names)
{
	const struct gw_socket_end *e = remote ? &s->remote : &s->local;
	char text[CLI_SOCKETS_TEXT];

	/* A listener has no other side. */
	if (e->port == 0 && gw_socket_end_is_any(e)) {
		cJSON_AddNullToObject(o, remote ? "remote" : "local");
		cJSON_AddNullToObject(o, remote ? "remote_port" : "local_port");
		return;
	}
	cli_sockets_address(text, e);
	cJSON_AddStringToObject(o, remote ? "remote" : "local", text);
	cli_json_number(o, remote ? "remote_port" : "local_port", e->port);
	if (names != NULL)
		cli_json_text(o, remote ? "remote_name" : "local_name",
		    gw_names_of(names, e->address));
}

static void
add_tcp(cJSON *o, const struct gw_socket_tcp *t)
{
	add_seconds(o, "rtt", t->rtt);
	add_seconds(o, "rtt_min", t->rtt_min);
	add_seconds(o, "rtt_var", t->rtt_var);
	cli_json_number(o, "cwnd", t->cwnd);
	cli_json_number(o, "mss", t->mss);
	cli_json_number(o, "retransmitted", t->retransmitted);
	cli_json_number(o, "lost", t->lost);
	cli_json_number(o, "rate", t->delivery_rate);
	cli_json_number(o, "acknowledged", t->acked);
	cli_json_number(o, "received", t->received);
}

static void
add_session(cJSON *o, const struct gw_socket_session *x)
{
	cJSON_AddBoolToObject(o, "initiator", x->initiator);
	add_seconds(o, "in_state", x->in_state);
	cli_json_text(o, "cipher", x->cipher[0] != '\0' ? x->cipher : NULL);
	cli_json_text(
	    o, "congestion", x->congestion[0] != '\0' ? x->congestion : NULL);
	add_seconds(o, "rtt", x->rtt);
	add_seconds(o, "rtt_min", x->rtt_min);
	cli_json_number(o, "cwnd_bytes", x->cwnd);
	cli_json_number(o, "in_flight", x->in_flight);
	cli_json_number(o, "datagram", x->datagram);
	cli_json_number(o, "datagrams_sent", x->sent);
	cli_json_number(o, "datagrams_received", x->received);
	cli_json_number(o, "lost", x->lost);
	cli_json_number(o, "spurious", x->spurious);
	cli_json_number(o, "rate", x->rate);
	cli_json_number(o, "acknowledged", x->acked);
	cli_json_number(o, "received", x->got);
}

static void
add_processes(cJSON *o, const struct gw_socket *s,
    const struct cli_sockets_json_options *j)
{
	cJSON *list = cJSON_AddArrayToObject(o, "processes");
	const struct gw_socket_owner *v = j->owners;
	size_t count = j->owner_count;

	if (v == NULL) {
		v = &s->owner;
		count = s->owner.pid != 0;
	}
	for (size_t i = 0; i < count; i++) {
		cJSON *one = cJSON_CreateObject();

		cli_json_number(one, "pid", v[i].pid);
		cli_json_text(one, "name", v[i].name);
		cJSON_AddItemToArray(list, one);
	}
}

static void
add_socket(cJSON *o, const struct gw_socket *s,
    const struct cli_sockets_json_options *j)
{
	static const char *const protocols[GW_SOCKET_PROTOCOLS] = {
		[GW_SOCKET_TCP] = "tcp",
		[GW_SOCKET_UDP] = "udp",
		[GW_SOCKET_SESSION] = "godwit",
	};
	bool listens = s->state == GW_SOCKET_LISTEN;
	char device[IF_NAMESIZE];

	cJSON_AddStringToObject(o, "protocol", protocols[s->protocol]);
	if (s->protocol == GW_SOCKET_SESSION)
		cJSON_AddStringToObject(o, "carrier", "udp");
	cJSON_AddStringToObject(o, "family", s->ipv6 ? "ipv6" : "ipv4");
	cJSON_AddStringToObject(o, "state", gw_socket_state_name(s->state));
	add_end(o, s, false, j->names);
	add_end(o, s, true, j->names);
	if (s->device != 0 && if_indextoname(s->device, device) != NULL)
		cli_json_text(o, "device", device);
	cli_json_number(
	    o, listens ? "accept_queue" : "recv_queue", s->recv_queue);
	cli_json_number(
	    o, listens ? "accept_queue_max" : "send_queue", s->send_queue);
	cli_json_number(o, "uid", s->uid);
	cli_json_number(o, "inode", s->inode);
	if (s->tcp_known)
		add_tcp(o, &s->tcp);
	if (s->session_known)
		add_session(o, &s->session);
	if (s->drops_known)
		cli_json_number(o, "drops", s->drops);
	if (gw_socket_timer_name(s) != NULL) {
		cJSON_AddStringToObject(o, "timer", gw_socket_timer_name(s));
		add_seconds(o, "timer_left", s->timer_ms * GW_MSEC);
		cli_json_number(o, "timer_repeats", s->retransmits);
	}
	if (j->processes)
		add_processes(o, s, j);
}

char *
cli_sockets_json(
    const struct gw_socket *s, const struct cli_sockets_json_options *j)
{
	cJSON *o = cli_json_begin("socket");

	add_socket(o, s, j);
	return cli_json_finish(o);
}

/* Every state up to that one; the last has no time yet. */
static void
add_path(cJSON *o, const struct gw_history_entry *e, unsigned step)
{
	cJSON *list = cJSON_AddArrayToObject(o, "path");

	for (unsigned i = 0; i <= step; i++) {
		cJSON *one = cJSON_CreateObject();

		cJSON_AddStringToObject(
		    one, "state", gw_socket_state_name(e->steps[i].state));
		if (i < step)
			add_seconds(one, "seconds",
			    e->steps[i + 1].since - e->steps[i].since);
		cJSON_AddItemToArray(list, one);
	}
}

char *
cli_sockets_json_change(const struct gw_history_entry *e, unsigned step,
    uint64_t wall, const struct cli_sockets_json_options *j)
{
	const struct gw_history_step *s = &e->steps[step];
	cJSON *o = cli_json_begin("change");

	add_seconds(o, "time", s->since + wall);
	cJSON_AddBoolToObject(o, "exact", s->exact);
	if (step > 0) {
		cJSON_AddStringToObject(
		    o, "from", gw_socket_state_name(s[-1].state));
		add_seconds(o, "spent", s->since - s[-1].since);
		cJSON_AddBoolToObject(o, "spent_is_least", s[-1].before);
	} else {
		cJSON_AddNullToObject(o, "from");
	}
	cJSON_AddStringToObject(o, "to", gw_socket_state_name(s->state));
	add_path(o, e, step);
	add_socket(o, &e->socket, j);
	return cli_json_finish(o);
}

char *
cli_sockets_json_meaning(enum gw_socket_state state)
{
	const struct cli_sockets_meaning *m = cli_sockets_meaning(state);
	cJSON *o = cli_json_begin("explain");

	cJSON_AddStringToObject(o, "state", gw_socket_state_name(state));
	cJSON_AddStringToObject(o, "meaning", m->meaning);
	cli_json_text(o, "next", m->next);
	cli_json_text(o, "stays", m->stays);
	cli_json_text(o, "session", m->session);
	return cli_json_finish(o);
}
