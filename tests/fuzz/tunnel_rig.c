#include "tunnel_rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "run/lookup.h"
#include "run/serve_private.h"
#include "run/tunnel_private.h"
#include "run/via_tcp.h"

/* For all inputs: a context, and targets on loopback. */
static struct {
	char dir[64];
	struct gw *g;
	int tcp, udp;
	unsigned open; /* descriptors, before an input */
	char rights[2][64], texts[TUNNEL_RIG_TEXTS][64];
} world;

/* ---- the world ---- */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void
end_world(void)
{
	gw_close(world.g);
	close(world.tcp);
	close(world.udp);
	nftw(world.dir, remove_one, 16, FTW_PHYS | FTW_DEPTH);
}

static int
bound(int type, uint16_t *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	const int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	GW_ASSERT(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0);
	GW_ASSERT(getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static unsigned
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	GW_ASSERT(dir != NULL);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static void
begin_world(void)
{
	static const char *const texts[TUNNEL_RIG_TEXTS] = {
		"tcp://:1/127.0.0.1:%u", "udp://:1/127.0.0.1:%u?ttl=20s",
		"tcp://127.0.0.1:0/h:%u", "udp://127.0.0.1:0/h:%u",
		"tcp://:1-2/127.0.0.1:%u", "tcp://:1/127.0.0.2:%u",
		"udp://:0/h:%u", "nonsense %u"
	};
	char name[96];
	uint16_t tcp, udp;

	snprintf(world.dir, sizeof world.dir, "/tmp/gw-fuzz-tunnel.XXXXXX");
	GW_ASSERT(mkdtemp(world.dir) != NULL);
	snprintf(name, sizeof name, "%s/bed", world.dir);
	world.g = peer_context(name, 2);
	world.tcp = bound(SOCK_STREAM, &tcp);
	world.udp = bound(SOCK_DGRAM, &udp);
	GW_ASSERT(listen(world.tcp, 64) == 0);
	snprintf(world.rights[0], sizeof world.rights[0], "tcp:127.0.0.1:%u",
	    (unsigned)tcp);
	snprintf(world.rights[1], sizeof world.rights[1], "udp:127.0.0.1:%u",
	    (unsigned)udp);
	for (unsigned i = 0; i < TUNNEL_RIG_TEXTS; i++)
		snprintf(world.texts[i], sizeof world.texts[i], texts[i],
		    texts[i][0] == 'u' ? (unsigned)udp : (unsigned)tcp);
	atexit(end_world);
}

/* Names are never found: nobody is asked for them. */
enum gw_err __wrap_gw_lookup_start(
    const struct gw_lookup_options *, struct gw_lookup **);

enum gw_err
__wrap_gw_lookup_start(
    const struct gw_lookup_options *o, struct gw_lookup **out)
{
	(void)o;
	(void)out;
	return GW_E_MEMORY;
}

/* ---- turns ---- */

void
tunnel_rig_turn(struct tunnel_rig *r)
{
	struct gw_forward_event e;

	for (unsigned i = 0; i < r->peers; i++)
		peer_turn(&r->p[i]);
	tunnel_rig_check(r);
	gw_dispatch(world.g);
	while (gw_forward_next(r->set, &e))
		;
}

static struct peer *
another(struct tunnel_rig *r)
{
	if (r->peers == TUNNEL_RIG_PEERS)
		return NULL;
	r->now = &r->p[r->peers++];
	peer_init(r->now);
	return r->now;
}

void
tunnel_rig_come(struct tunnel_rig *r, unsigned device, unsigned id)
{
	struct gw_tunnel_message hello = { .kind = GW_TUNNEL_HELLO };
	struct peer *p = another(r);
	uint8_t key[GW_KEY_LEN];

	if (p == NULL)
		return;
	memset(key, (int)device + 1, sizeof key);
	peer_come(p, key);
	if (!p->closed)
		r->serve->first->tunnel->next_id = 1; /* not just any */
	memset(hello.id, (int)id, sizeof hello.id);
	if (!p->closed && id != 0)
		peer_say(p, 0, &hello);
}

void
tunnel_rig_dialled(struct tunnel_rig *r, unsigned how)
{
	static const uint8_t key[GW_KEY_LEN] = { 1 };
	struct peer *p;

	if (!peer_is_dialled())
		return;
	if (how % 4 == 0)
		peer_fail(how % 8 == 0 ? GW_E_AUTH : GW_E_CONNECT, "no");
	else if ((p = another(r)) != NULL)
		peer_answer(p, key);
}

void
tunnel_rig_keep(struct tunnel_rig *r, int fd)
{
	if (fd >= 0 && r->count < TUNNEL_RIG_SOCKETS)
		r->sockets[r->count++] = fd;
	else if (fd >= 0)
		close(fd);
}

/* ---- what holds ---- */

static void
check_tunnel(const struct gw_tunnel *t)
{
	GW_ASSERT(t->backlog <=
		  GW_TUNNEL_BACKLOG + GW_TUNNEL_DATA_HEAD + GW_TUNNEL_DATA_MAX);
	GW_ASSERT(t->parts.bytes <= GW_TUNNEL_PARTIAL_BYTES);
	GW_ASSERT(t->parts.count <= GW_TUNNEL_PARTIAL);
	GW_ASSERT(gw_map_count(t->flows) <= GW_TUNNEL_FLOWS);
	GW_ASSERT(gw_tunnel_rules(t) <= GW_TUNNEL_RULES);
	GW_ASSERT(t->widened <= GW_TUNNEL_WINDOWS);
}

/* What its sockets have not taken is within the windows. */
static void
check_connections(const struct gw_forwarder *f)
{
	const struct gw_via_tcp *t = (const void *)f;

	if (f->rule.protocol != GW_RULE_TCP)
		return;
	for (const struct gw_via_tcp_flow *w = t->first; w != NULL;
	     w = w->next) {
		GW_ASSERT(w->gone <= w->came && w->came <= w->granted);
		GW_ASSERT(w->granted - w->gone <= w->window);
		GW_ASSERT(w->window <= GW_TUNNEL_WINDOW_MAX);
		GW_ASSERT(w->sent <= w->sent_max);
	}
}

void
tunnel_rig_check(struct tunnel_rig *r)
{
	char why[GW_RULE_WHY];
	size_t flows = 0, in_tunnels = 0;

	GW_ASSERT(r->set->files <= TUNNEL_RIG_FILES);
	for (const struct gw_forwarder *f = r->set->first; f != NULL;
	     f = f->next) {
		flows += f->counts.flows;
		check_connections(f);
		if (r->serve == NULL && f == r->set->first) {
			const struct gw_via_rule *v = (const void *)f;

			check_tunnel(v->tunnel);
			in_tunnels = gw_map_count(v->tunnel->flows);
		}
	}
	if (r->serve != NULL)
		for (struct gw_serve_one *o = r->serve->first; o != NULL;
		     o = o->next) {
			check_tunnel(o->tunnel);
			in_tunnels += gw_map_count(o->tunnel->flows);
			for (const struct gw_via_rule *v = o->tunnel->rules;
			     v != NULL; v = v->next)
				GW_ASSERT(gw_serve_allows(
				    o, &v->base.rule, v->listens, why));
		}
	GW_ASSERT(flows == in_tunnels);
}

/* Whoever comes next is served as if nothing had been. */
static void
serves_another(struct tunnel_rig *r)
{
	struct gw_tunnel_message m = { .kind = GW_TUNNEL_OPEN,
		.rule = 1,
		.text = gw_slice_str(world.texts[0]) };

	if (r->serve == NULL || r->peers == TUNNEL_RIG_PEERS)
		return;
	tunnel_rig_come(r, 1, 200);
	peer_say(r->now, 0, &m);
	tunnel_rig_turn(r);
	GW_ASSERT(!r->now->closed);
	GW_ASSERT(peer_hear(r->now, 0, &m));
	GW_ASSERT(m.kind == GW_TUNNEL_ACCEPT);
}

/* ---- begin and end ---- */

void
tunnel_rig_begin(struct tunnel_rig *r, uint8_t how)
{
	const struct gw_serve_right rights[] = { { .right = world.rights[0] },
		{ .right = world.rights[1] },
		{ "peer-0", "listen:tcp:127.0.0.1:*" },
		{ "peer-0", "listen:udp:127.0.0.1:*" } };
	const struct gw_serve_options so = { .address = "127.0.0.1",
		.carriers = GW_CARRIERS_TCP,
		.rights = rights,
		.right_count = 4,
		.max_files = TUNNEL_RIG_FILES };
	const char *const rules[] = { "tcp://127.0.0.1:0/127.0.0.1:9",
		"udp://127.0.0.1:0/127.0.0.1:9?ttl=20s" };
	const struct gw_forward_options fo = { .rules = rules,
		.rule_count = 2,
		.via = "peer-0",
		.via_host = "192.0.2.1",
		.reverse = how & 2,
		.max_files = TUNNEL_RIG_FILES };

	if (world.g == NULL)
		begin_world();
	world.open = descriptors();
	memset(r, 0, sizeof *r);
	r->tcp = world.tcp;
	r->udp = world.udp;
	r->texts = world.texts;
	if (how & 1) {
		GW_ASSERT(gw_serve_open(world.g, &so, &r->serve) == GW_OK);
		r->set = gw_serve_forward(r->serve);
		tunnel_rig_come(r, 0, 1);
	} else {
		GW_ASSERT(gw_forward_open(world.g, &fo, &r->set) == GW_OK);
		((struct gw_via_rule *)(void *)r->set->first)->tunnel->next_id =
		    0;
		peer_leap(GW_MSEC);
		tunnel_rig_turn(r);
		tunnel_rig_dialled(r, 1);
	}
	tunnel_rig_turn(r);
}

void
tunnel_rig_end(struct tunnel_rig *r)
{
	tunnel_rig_turn(r);
	serves_another(r);
	if (r->serve != NULL)
		gw_serve_close(r->serve);
	else
		gw_forward_close(r->set);
	for (unsigned i = 0; i < r->count; i++)
		close(r->sockets[i]);
	for (unsigned i = 0; i < 4; i++)
		gw_dispatch(world.g);
	for (unsigned i = 0; i < r->peers; i++) {
		GW_ASSERT(r->p[i].closed);
		peer_fini(&r->p[i]);
	}
	for (int fd; (fd = accept(world.tcp, NULL, NULL)) >= 0; close(fd))
		;
	GW_ASSERT(descriptors() == world.open);
}
