/*
 * disk - a simulated receiver's disk: it does the tasks of the engine step
 * by step, knows what is synced, and can die at any step.
 */
#ifndef GW_TESTS_SIM_DISK_H
#define GW_TESTS_SIM_DISK_H

#include "base/bytes.h"
#include "transfer/task.h"

enum { DISK_NODES = 128, DISK_PATH = 300 };

struct disk_node {
	char path[DISK_PATH]; /* empty: no such node */
	enum gw_kind kind;
	uint64_t ino, size, entry;
	uint8_t *data;
	bool synced;      /* nothing was written since ... */
	uint8_t *durable; /* ... this was all of it */
	uint64_t durable_size;
	uint32_t mode;
	int64_t mtime_s;
	uint32_t mtime_ns;
	char target[64];
};

struct disk {
	struct disk_node node[DISK_NODES];
	struct gw_bytes journal; /* on the disk, durable */
	uint64_t random;         /* state */
	uint64_t next_ino;
	unsigned steps;   /* that it did */
	unsigned dies_at; /* step; 0: never */
	bool dead;
	uint64_t space;   /* bytes left */
	uint64_t largest; /* file that it takes */
	uint64_t written;
	/* A file gets its final name: the last moment to look at it. */
	void (*placed)(void *arg, const struct disk_node *, uint64_t entry);
	void *arg;
};

void disk_init(struct disk *, uint64_t seed);
void disk_fini(struct disk *);
/* Below `bound`. */
uint64_t disk_random(struct disk *, uint64_t bound);
/* What a worker does with a task. */
void disk_do(struct disk *, struct gw_task *);
/* It comes back; with `power_lost` what was not synced may be gone. */
void disk_restart(struct disk *, bool power_lost);
struct disk_node *disk_find(struct disk *, struct gw_slice path);
/* Temporary files that are left. */
unsigned disk_left_overs(const struct disk *);

#endif /* GW_TESTS_SIM_DISK_H */
