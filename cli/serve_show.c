#include "cli/serve_show.h"

#include "cli/json_build.h"
#include "cli/memory.h"

char *
cli_serve_json(const struct gw_serve *s)
{
	cJSON *o = cli_json_begin("devices"),
	      *all = cJSON_AddArrayToObject(o, "devices");
	struct gw_serve_peer p;

	for (size_t n = 0; gw_serve_peer(s, n, &p); n++) {
		cJSON *one;

		if (*p.address == '\0')
			continue;
		one = cJSON_CreateObject();
		cli_json_text(one, "device", p.device);
		cli_json_text(one, "address", p.address);
		cli_json_text(one, "carrier", p.carrier);
		cli_json_number(one, "rules", p.rules);
		cJSON_AddItemToArray(all, one);
	}
	return cli_json_finish(o);
}

char *
cli_serve_device(const struct gw_serve_peer *p)
{
	const char *s = p->rules == 1 ? "" : "s";

	if (*p->address == '\0')
		return cli_format("%s, gone; %u rule%s wait%s for it",
		    p->device, p->rules, s, p->rules == 1 ? "s" : "");
	return cli_format("%s, %s over %s, %u rule%s", p->device, p->address,
	    p->carrier, p->rules, s);
}
