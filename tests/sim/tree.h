/*
 * tree - what a simulated sender sends: entries and their content, which
 * follows from the entry's number and the version of the tree.
 */
#ifndef GW_TESTS_SIM_TREE_H
#define GW_TESTS_SIM_TREE_H

#include "transfer/sender.h"

enum { TREE_MAX = 64 };

struct tree {
	struct gw_manifest *manifest;
	struct gw_bytes names;
	unsigned version;        /* of the content of all files */
	uint64_t hole[TREE_MAX]; /* the first blocks of a file are one */
	bool unreadable[TREE_MAX];
	bool changing[TREE_MAX]; /* it is another file at its last block */
	bool archive;            /* hard links are links on the other side */
};

/* All that a tree can hold: empty, small, of whole and broken blocks, sparse;
 * directories, links. */
enum { TREE_WITHOUT = 9 }; /* the version in which in/same is gone */
void tree_init(struct tree *, unsigned version);
void tree_fini(struct tree *);
/* Is this the file's content?  Hard links have that of their first name. */
bool tree_is(const struct tree *, uint64_t entry, struct gw_slice content);
/* Do a READ job. */
void tree_read(const struct tree *, struct gw_read *);

#endif /* GW_TESTS_SIM_TREE_H */
