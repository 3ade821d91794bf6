/*
 * memory - allocation for the program: it says so and ends when there is none.
 *
 * The library reports GW_E_MEMORY instead; a command line has nothing better
 * to do than to stop.
 */
#ifndef GW_CLI_MEMORY_H
#define GW_CLI_MEMORY_H

#include <stddef.h>

/* Never NULL; zeroed. */
void *cli_alloc(size_t count, size_t size);
/* Never NULL. */
void *cli_resize(void *, size_t count, size_t size);
char *cli_copy(const char *);
char *cli_copy_n(const char *, size_t n);
char *cli_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Strings in order; all zeros is an empty list.  Does not own the strings. */
struct cli_list {
	const char **items;
	size_t count, room;
};

void cli_list_add(struct cli_list *, const char *);
void cli_list_fini(struct cli_list *);

#endif /* GW_CLI_MEMORY_H */
