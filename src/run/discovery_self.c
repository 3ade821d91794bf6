#include "run/discovery_self.h"

#include "run/device_store.h"

enum gw_err
gw_discovery_self_open(struct gw *g, void (*ready)(void *arg), void *arg,
    struct gw_why *why, struct gw_discovery_port **out)
{
	struct gw_discovery_port_options o = {
		.loop = &g->loop,
		.random = g->self.random,
		.keys = &g->self.keys,
		.ready = ready,
		.arg = arg,
	};
	struct gw_device_book book = { .count = 0 };
	enum gw_err err;

	if (g->data_dir != NULL) {
		err = gw_device_store_load(g->data_dir, &book, why);
		if (err != GW_OK)
			return err;
		o.book = &book;
	}
	err = gw_discovery_port_open(&o, why, out);
	gw_device_book_fini(&book);
	return err;
}
