/*
 * classic_store - the disk work of a plain receiver, on worker threads: a
 * temporary file, content from the socket into it, then its name.
 *
 * One task of a file at a time, many files at once.  Names are given one
 * batch after the other, so that one sync of the directory serves many.
 */
#ifndef GW_RUN_CLASSIC_STORE_H
#define GW_RUN_CLASSIC_STORE_H

#include "base/item.h"
#include "base/random.h"
#include "os/pump.h"
#include "os/target.h"
#include "run/loop.h"
#include "wire/limits.h"

enum gw_classic_task {
	GW_CLASSIC_TASK_CREATE, /* GW_E_AGAIN: the name is taken: left alone */
	GW_CLASSIC_TASK_MOVE,   /* at most `most` bytes out of the socket */
	GW_CLASSIC_TASK_KEEP,   /* durable, under its name; GW_E_AGAIN as above,
				 * and the temporary is gone */
	GW_CLASSIC_TASK_KEEP_PARTIAL, /* under NAME.partial */
	GW_CLASSIC_TASK_DROP
};

/* Embedded in whoever receives it. */
struct gw_classic_file {
	struct gw_item item; /* first: the crew's queue */
	enum gw_classic_task task;
	bool busy;
	char name[GW_COMPONENT_MAX + 1]; /* set before CREATE */
	int socket;
	uint64_t most;

	/* what came of it */
	enum gw_err err;
	struct gw_why why;
	uint64_t size; /* bytes in it */
	uint64_t moved;
	enum gw_pumped came;
	char final_name[GW_TARGET_PATH];        /* of KEEP and KEEP_PARTIAL */
	void (*done)(struct gw_classic_file *); /* on the loop */

	/* private */
	char temp[48];
	int fd;
	bool spliced;
	struct gw_classic_file *next;
};

struct gw_classic_store;

struct gw_classic_store_options {
	struct gw_loop *loop;
	const char *dir;
	enum gw_conflict on_conflict; /* RENAME, SKIP, OVERWRITE */
	struct gw_random random;
};

/* Opens the directory, and removes what killed processes left in it.  Errors
 * as gw_target_open. */
GW_MUST_USE enum gw_err gw_classic_store_new(
    const struct gw_classic_store_options *, struct gw_why *,
    struct gw_classic_store **);
/* Nothing may be under way. */
void gw_classic_store_free(struct gw_classic_store *);

/* Start a task of a file that is not busy.  After KEEP, KEEP_PARTIAL, DROP
 * and a CREATE that failed nothing of it is open. */
void gw_classic_store_do(
    struct gw_classic_store *, struct gw_classic_file *, enum gw_classic_task);

#endif /* GW_RUN_CLASSIC_STORE_H */
