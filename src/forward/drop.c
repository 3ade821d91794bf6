#include "forward/drop.h"

#include "base/assert.h"

static const struct {
	const char *name, *text;
} table[GW_DROPS] = {
	[GW_DROP_NONE] = { "none", "passed on" },
	[GW_DROP_TRUNCATED] = { "truncated",
	    "longer than any buffer, so that it came cut" },
	[GW_DROP_TOO_BIG] = { "too-big", "too long for the way to go" },
	[GW_DROP_PORT_ZERO] = { "port-zero",
	    "from source port 0, which cannot be answered" },
	[GW_DROP_LOOP] = { "loop", "it would come back to where it came in" },
	[GW_DROP_DENIED] = { "denied",
	    "its sender is not among those who are allowed" },
	[GW_DROP_CAP] = { "cap", "as many flows as are allowed are open" },
	[GW_DROP_SOURCE_CAP] = { "source-cap",
	    "its sender has as many flows as one source may have" },
	[GW_DROP_DESCRIPTORS] = { "descriptors",
	    "no file descriptor was left for its flow" },
	[GW_DROP_NO_PORT] = { "no-port",
	    "no local port or address was left for its flow" },
	[GW_DROP_MEMORY] = { "memory", "no memory was left for its flow" },
	[GW_DROP_NO_TARGET] = { "no-target",
	    "the name of the target has no usable address" },
	[GW_DROP_UNREACHABLE] = { "unreachable",
	    "no target could be connected to" },
	[GW_DROP_LATE] = { "late", "past the number of answers agreed on" },
	[GW_DROP_RATE] = { "rate",
	    "more than goes to a source that may be forged" },
	[GW_DROP_QUEUE] = { "queue", "a queue of this machine was full" },
	[GW_DROP_NO_ROUTE] = { "no-route", "no way leads there" },
	[GW_DROP_ICMP] = { "icmp", "the network said that it did not arrive" },
	[GW_DROP_FORBIDDEN] = { "forbidden",
	    "a firewall of this machine forbids it" },
	[GW_DROP_KERNEL] = { "kernel-overflow",
	    "the socket's receive buffer was full" },
	[GW_DROP_PEER] = { "peer",
	    "there is no session with the other device just now" },
	[GW_DROP_STALE] = { "stale",
	    "it had to wait for the other device until it was too old" },
	[GW_DROP_INCOMPLETE] = { "incomplete",
	    "it went to the other device in parts, and not all of them came" },
};

const char *
gw_drop_name(enum gw_drop d)
{
	GW_ASSERT(d < GW_DROPS);
	return table[d].name;
}

const char *
gw_drop_text(enum gw_drop d)
{
	GW_ASSERT(d < GW_DROPS);
	return table[d].text;
}

const char *
gw_forward_end_name(enum gw_forward_end e)
{
	static const char *const names[GW_FORWARD_ENDS] = {
		[GW_FORWARD_FINISHED] = "finished",
		[GW_FORWARD_IDLE] = "idle",
		[GW_FORWARD_ANSWERED] = "answered",
		[GW_FORWARD_LIFE] = "life",
		[GW_FORWARD_CLIENT_RESET] = "client-reset",
		[GW_FORWARD_TARGET_RESET] = "target-reset",
		[GW_FORWARD_UNREACHABLE] = "unreachable",
		[GW_FORWARD_ICMP] = "icmp",
		[GW_FORWARD_EVICTED] = "evicted",
		[GW_FORWARD_RULE_GONE] = "rule-gone",
		[GW_FORWARD_STOPPED] = "stopped",
		[GW_FORWARD_FAILED] = "failed",
	};

	GW_ASSERT(e < GW_FORWARD_ENDS);
	return names[e];
}
