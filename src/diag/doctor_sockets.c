/*
 * doctor_sockets - what the kernel gives a UDP socket: room, and trains of
 * datagrams in one call.
 */
#include <poll.h>

#include "diag/doctor_private.h"
#include "diag/ethtool.h"
#include "os/udp.h"
#include "os/udp_batch.h"

/* 20 ms at 1 Gbit/s: what a busy machine may be late. */
#define ENOUGH ((size_t)2500000)

enum { SEGMENT = 1000, SEGMENTS = 8, PATIENCE_MS = 2000 };

/* A socket of loopback as the transport has them. */
struct end {
	struct gw_udp udp;
	struct gw_udp_batch *batch;
};

static enum gw_err
open_end(struct end *e, struct gw_why *why)
{
	const struct gw_udp_options o = { .address = "127.0.0.1" };
	enum gw_err err = gw_udp_open(&o, why, &e->udp);
	struct gw_udp_batch_options b;

	if (err != GW_OK)
		return err;
	b = (struct gw_udp_batch_options){ .fd = e->udp.fd };
	if ((err = gw_udp_batch_new(&b, why, &e->batch)) != GW_OK)
		gw_udp_close(&e->udp);
	return err;
}

static void
close_end(struct end *e)
{
	gw_udp_batch_free(e->batch);
	gw_udp_close(&e->udp);
}

static void
no_socket(struct gw_findings *out, const struct gw_why *why)
{
	gw_found(out, GW_GRADE_PROBLEM, "",
	    "no UDP socket on loopback to try it with: %s", why->text);
	gw_advise(out, "ip link set lo up");
}

/* ---- room ---- */

void
gw_doctor_judge_buffer(const struct gw_machine *m, struct gw_findings *out,
    bool receiving, size_t granted)
{
	const char *limit = receiving ? "rmem_max" : "wmem_max";
	const char *subject = receiving ? "receiving" : "sending";
	long most = -1;

	gw_machine_number(m, &most, "/proc/sys/net/core/%s", limit);
	if (granted >= ENOUGH) {
		gw_found(out, GW_GRADE_OK, subject,
		    "the kernel gives a UDP socket %zu bytes; godwit asks for "
		    "%d",
		    granted, GW_UDP_BATCH_KERNEL_BYTES);
		return;
	}
	if (granted < GW_TRAIN_BYTES)
		gw_found(out, GW_GRADE_PROBLEM, subject,
		    "the kernel gives a UDP socket %zu bytes, which not even "
		    "one train of datagrams fits into: transfers over udp "
		    "crawl",
		    granted);
	else
		gw_found(out, GW_GRADE_NOTE, subject,
		    "the kernel gives a UDP socket %zu bytes where godwit asks "
		    "for %d: on fast links datagrams are lost while the "
		    "machine is busy",
		    granted, GW_UDP_BATCH_KERNEL_BYTES);
	if (most >= GW_UDP_BATCH_KERNEL_BYTES)
		gw_advise(out,
		    "net.core.%s allows it: end other programs that "
		    "hold the memory, then try again",
		    limit);
	else
		gw_advise(out,
		    "sysctl -w net.core.%s=%d (to keep it: echo "
		    "net.core.%s=%d > /etc/sysctl.d/godwit-%s.conf)",
		    limit, GW_UDP_BATCH_KERNEL_BYTES, limit,
		    GW_UDP_BATCH_KERNEL_BYTES, limit);
}

void
gw_doctor_buffers(const struct gw_machine *m, struct gw_findings *out)
{
	struct gw_udp_batch_facts facts;
	struct gw_why why;
	struct end e;

	if (open_end(&e, &why) != GW_OK) {
		no_socket(out, &why);
		return;
	}
	gw_udp_batch_facts(e.batch, &facts);
	gw_doctor_judge_buffer(m, out, true, facts.receive_buffer);
	gw_doctor_judge_buffer(m, out, false, facts.send_buffer);
	close_end(&e);
}

/* ---- trains ---- */

struct tried {
	bool sent;   /* in one call */
	bool joined; /* came in one, too */
	size_t came; /* bytes */
};

static void
receive(struct end *to, struct tried *t)
{
	struct pollfd p = { .fd = to->udp.fd, .events = POLLIN };
	struct gw_udp_arrival a;

	while (t->came < SEGMENT * SEGMENTS && poll(&p, 1, PATIENCE_MS) > 0) {
		if (gw_udp_batch_fill(to->batch) != GW_OK)
			continue;
		while (gw_udp_batch_next(to->batch, &a)) {
			t->came += a.len;
			t->joined |= a.train != 0;
		}
	}
}

static struct tried
try_train(struct end *from, struct end *to)
{
	static const uint8_t bytes[SEGMENT * SEGMENTS] = { 0 };
	struct gw_udp_batch_facts facts;
	struct tried t = { .sent = false };
	struct gw_addr address;
	struct gw_udp_train train = { .to = &address,
		.bytes = bytes,
		.len = sizeof bytes,
		.segment = SEGMENT };
	struct gw_why why;
	size_t sent = 0;

	gw_udp_address(&to->udp, &address);
	if (gw_udp_batch_send(from->batch, &train, &sent, &why) !=
	    GW_TRAIN_SENT)
		return t;
	receive(to, &t);
	gw_udp_batch_facts(from->batch, &facts);
	t.sent = facts.has.gso;
	return t;
}

static void
judge_trains(const struct tried *t, struct gw_findings *out)
{
	if (t->came < SEGMENT * SEGMENTS) {
		gw_found(out, GW_GRADE_PROBLEM, "lo",
		    "of %d datagrams sent over loopback %zu bytes came: "
		    "something drops them",
		    SEGMENTS, t->came);
		gw_advise(out,
		    "a firewall should let loopback be: nft insert rule inet "
		    "filter input iifname lo accept");
		return;
	}
	if (!t->sent) {
		gw_found(out, GW_GRADE_NOTE, "UDP_SEGMENT",
		    "the kernel does not send trains of datagrams in one call: "
		    "sending over udp costs several times the CPU");
		gw_advise(out, "it takes Linux 4.18 or later, outside of "
			       "sandboxes that emulate it");
	} else {
		gw_found(out, GW_GRADE_OK, "UDP_SEGMENT",
		    "trains of datagrams leave in one call");
	}
	if (!t->joined) {
		gw_found(out, GW_GRADE_NOTE, "UDP_GRO",
		    "the kernel does not receive trains of datagrams in one "
		    "call: receiving over udp costs several times the CPU");
		gw_advise(out, "it takes Linux 5.0 or later, outside of "
			       "sandboxes that emulate it");
	} else {
		gw_found(out, GW_GRADE_OK, "UDP_GRO",
		    "trains of datagrams come in one call");
	}
}

static void
look_at_card(const struct gw_machine *m, const struct gw_netif *i,
    struct gw_findings *out)
{
	bool segments = false, joins = true, told;

	told = gw_ethtool_feature(i->name, "tx-udp-segmentation", &segments);
	told |= gw_ethtool_feature(i->name, "rx-gro", &joins);
	if (!told) {
		gw_found(
		    out, GW_GRADE_OK, i->name, "does not tell its features");
		return;
	}
	if (!joins && gw_machine_is_card(m, i)) {
		gw_found(out, GW_GRADE_NOTE, i->name,
		    "receives packet by packet (gro is off), which costs CPU");
		gw_advise(out, "ethtool -K %s gro on", i->name);
		return;
	}
	gw_found(out, GW_GRADE_OK, i->name,
	    "trains are cut by %s, and %s on arrival",
	    segments ? "the interface" : "the kernel",
	    joins ? "joined" : "not joined");
}

void
gw_doctor_offload(const struct gw_machine *m, struct gw_findings *out)
{
	struct gw_why why;
	struct end from, to;

	if (open_end(&from, &why) != GW_OK) {
		no_socket(out, &why);
	} else {
		if (open_end(&to, &why) != GW_OK) {
			no_socket(out, &why);
		} else {
			struct tried t = try_train(&from, &to);

			judge_trains(&t, out);
			close_end(&to);
		}
		close_end(&from);
	}
	for (size_t k = 0; k < m->interfaces.count; k++)
		if (gw_machine_uses(&m->interfaces.v[k]))
			look_at_card(m, &m->interfaces.v[k], out);
}
