/*
 * A hostile receiver that is past the handshake: the input is what it says,
 * and when the sender's jobs are done.  The sender reads only within its
 * files, and ends.
 */
#include <string.h>

#include "base/assert.h"
#include "base/cursor.h"
#include "fuzz.h"
#include "sim/tree.h"

enum { READS = 256 };

struct victim {
	struct tree tree;
	struct gw_sender *sender;
	struct gw_read *reads[READS];
	unsigned read_n;
	bool over;
};

static void
pull(struct victim *v)
{
	struct gw_sender_event ev;
	struct gw_slice s;

	while (v->read_n < READS && gw_sender_event(v->sender, &ev)) {
		if (ev.kind == GW_SENDER_READ)
			v->reads[v->read_n++] = ev.read;
		else if (ev.kind == GW_SENDER_FAILED ||
			 ev.kind == GW_SENDER_REFUSED)
			v->over = true;
		else if (ev.kind == GW_SENDER_RESULT)
			GW_ASSERT(ev.result.first + ev.result.count <=
				  gw_manifest_count(v->tree.manifest));
	}
	gw_sender_control_sent(v->sender, gw_sender_control(v->sender).n);
	while ((s = gw_sender_content(v->sender)).n > 0)
		gw_sender_content_sent(v->sender, s.n);
}

static void
finish_read(struct victim *v, unsigned which)
{
	struct gw_read *r;

	if (v->read_n == 0)
		return;
	which %= v->read_n;
	r = v->reads[which];
	v->reads[which] = v->reads[--v->read_n];
	tree_read(&v->tree, r);
	gw_sender_read_done(v->sender, r);
}

static void
act(struct victim *v, struct gw_reader *r)
{
	const uint8_t what = gw_read_u8(r);
	const size_t n = gw_read_u8(r);

	if (what % 4 == 0)
		finish_read(v, (unsigned)n);
	else
		gw_sender_input(v->sender, gw_read_bytes(r, n));
	pull(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t id[16];
	struct gw_reader r = gw_reader(gw_slice(data, n));
	struct victim v = { 0 };
	struct gw_sender_options o = {
		.transfer_id = id, .source_id = id, .name_count = 1
	};

	tree_init(&v.tree, 1);
	o.manifest = v.tree.manifest;
	o.names = gw_bytes_peek(&v.tree.names);
	GW_ASSERT(gw_sender_new(&o, &v.sender) == GW_OK);
	pull(&v);
	while (!v.over && gw_reader_ok(&r) && gw_reader_left(&r) > 0)
		act(&v, &r);
	while (v.read_n > 0)
		finish_read(&v, 0);
	gw_sender_free(v.sender);
	tree_fini(&v.tree);
	return 0;
}
