#include "run/stale_work.h"

#include <string.h>

#include "os/sweep.h"
#include "transfer/journal.h"
#include "wire/control.h"

static bool
is_of_task(void *arg, const char *name, const struct gw_stamp *st)
{
	const struct gw_task *t = arg;

	return st->kind == GW_KIND_FILE && gw_journal_owns_temp(t->seed, name);
}

/* What cannot be removed is in directories whose entries failed as well. */
void
gw_stale_work_do(const struct gw_target *target, struct gw_task *t)
{
	struct gw_target_place where = gw_target_where(target);
	struct gw_slice rest = t->names, name;
	char below[GW_COMPONENT_MAX + 1];
	struct gw_sweep s = {
		.dir = where.path,
		.dev = where.dev,
		.ino = where.ino,
		.below = below,
		.ours = is_of_task,
		.arg = t,
		.remove = true,
	};

	while (gw_offer_next_name(&rest, &name)) {
		memcpy(below, name.p, name.n);
		below[name.n] = '\0';
		(void)!gw_sweep(&s, NULL);
	}
}
