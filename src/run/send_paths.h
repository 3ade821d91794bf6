/*
 * send_paths - what a send was asked to send: PATHs, or standard input.
 */
#ifndef GW_RUN_SEND_PATHS_H
#define GW_RUN_SEND_PATHS_H

#include "base/bytes.h"
#include "os/pipe.h"
#include "os/source.h"
#include "run/context.h"
#include "run/scan.h"

struct gw_send_paths {
	bool stream; /* one PATH, and it is "-" */
	uint8_t source_id[16];
	struct gw_bytes names; /* of the offer */
	uint64_t name_count;
	struct gw_scan scan; /* its manifest is what is sent */
	struct gw_source *source;
	struct gw_pipe pipe; /* when stream */

	/* of the scan's options */
	struct gw_roots *roots;
	char **exclude, **files;
	size_t exclude_count, file_count;
};

/*
 * Opens what the options name, and copies them.  A file that cannot be read
 * is an error here: before anybody waits.  p is zeroed, and needs fini after
 * an error, too; the context has the words.  A stream's manifest is ready;
 * that of PATHs is what gw_scan_start makes.
 */
GW_MUST_USE enum gw_err gw_send_paths_open(
    struct gw_send_paths *, struct gw *, const struct gw_send_options *);
/* Not while it is being scanned. */
void gw_send_paths_fini(struct gw_send_paths *);

#endif /* GW_RUN_SEND_PATHS_H */
