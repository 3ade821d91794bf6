/*
 * recv_journal - before an offer is accepted: room on the disk, the journal
 * of an earlier attempt or a new one, and whether anything is in the way.
 */
#ifndef GW_RUN_RECV_JOURNAL_H
#define GW_RUN_RECV_JOURNAL_H

#include "os/journal_file.h"
#include "os/target.h"
#include "run/context.h"
#include "transfer/journal.h"
#include "wire/control.h"

enum {
	GW_JOURNAL_MAX = 1 << 30 /* bytes that are read of one */
};

struct gw_recv_accept {
	struct gw *g;
	struct gw_target *target;
	const struct gw_offer *offer;
	const uint8_t *peer; /* key */
	const char *peer_name;
	bool archive; /* hard links are made as links */
	/* set */
	struct gw_journal *journal;
	struct gw_journal_file *file;
	bool fresh; /* no journal, and none of the names is there */
};

/* GW_E_SPACE, GW_E_DISK; GW_E_REFUSED: another process receives the same
 * into the same directory. */
GW_MUST_USE enum gw_err gw_recv_journal_open(
    struct gw_recv_accept *, struct gw_why *);

/* GW_E_SPACE: fewer bytes are free there. */
GW_MUST_USE enum gw_err gw_recv_check_space(
    const struct gw_target *, uint64_t need, struct gw_why *);

#endif /* GW_RUN_RECV_JOURNAL_H */
