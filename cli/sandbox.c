#include "cli/sandbox.h"

#include <stdlib.h>
#include <string.h>

static enum gw_err
confine(struct cli_report *r, const struct cli_list *read,
    const char *const write[], size_t write_count)
{
	struct gw_confine_options c = { .read = read->items,
		.read_count = read->count,
		.write = write,
		.write_count = write_count };
	const char *in_force = NULL;
	enum gw_err err = gw_confine(&c, &in_force);

	if (err == GW_OK) {
		cli_screen_detail(&r->screen,
		    "Confined by %s to what this run needs.", in_force);
	} else if (err == GW_E_FAILED) {
		cli_report_warning(r,
		    "this kernel has no Landlock: nothing but our own checks "
		    "keeps this process out of other directories");
		err = GW_OK;
	} else {
		cli_report_failure(
		    r, err, "cannot confine this process to its directories");
	}
	return err;
}

static enum gw_err
start_helper(struct cli_report *r, struct gw_options *o)
{
	enum gw_err err = gw_helper_start(&o->helper_fd);

	if (err != GW_OK)
		cli_report_failure(r, err, "cannot start the look-up helper");
	return err;
}

enum gw_err
cli_sandbox_enter(struct cli_report *r, struct gw_options *o,
    const struct cli_list *read, const char *dir)
{
	char *data, *state, *runtime;
	const char *write[4];
	size_t count = 2;
	enum gw_err err;

	if ((err = start_helper(r, o)) != GW_OK)
		return err;
	err = gw_directories(o, &data, &state, &runtime);
	if (err != GW_OK) {
		cli_report_failure(r, err, o->why);
		return err;
	}
	write[0] = data;
	write[1] = state;
	if (runtime != NULL)
		write[count++] = runtime;
	if (dir != NULL)
		write[count++] = dir;
	err = confine(r, read, write, count);
	free(runtime);
	free(state);
	free(data);
	return err;
}

enum gw_err
cli_sandbox_enter_plain(
    struct cli_report *r, struct gw_options *o, bool looks_up)
{
	struct cli_list nothing = { 0 };
	enum gw_err err = looks_up ? start_helper(r, o) : GW_OK;

	o->plain = true;
	return err == GW_OK ? confine(r, &nothing, NULL, 0) : err;
}

enum gw_err
cli_sandbox_enter_rules(
    struct cli_report *r, struct gw_options *o, const char *file, bool identity)
{
	const char *slash = file != NULL ? strrchr(file, '/') : NULL;
	struct cli_list read = { 0 };
	char *dir;
	enum gw_err err = GW_OK;

	if (slash == NULL)
		dir = cli_copy(".");
	else
		dir = cli_format("%.*s", (int)(slash - file) + 1, file);
	if (file != NULL)
		cli_list_add(&read, dir);
	o->plain = !identity;
	if (identity)
		err = cli_sandbox_enter(r, o, &read, NULL);
	else if ((err = start_helper(r, o)) == GW_OK)
		err = confine(r, &read, NULL, 0);
	cli_list_fini(&read);
	free(dir);
	return err;
}
