/*
 * os_fixture - a directory to play in, and a child process to risk.
 */
#ifndef GW_TESTS_UNIT_OS_FIXTURE_H
#define GW_TESTS_UNIT_OS_FIXTURE_H

#include <sys/stat.h>

#include "base/slice.h"
#include "test.h"

/* cmocka set-up and tear-down: an empty directory below /tmp, which becomes
 * the working directory; its absolute path is in *state. */
int os_fixture_setup(void **state);
int os_fixture_teardown(void **state);

/* A file with this content, 0644. */
void os_fixture_write(const char *path, const void *, size_t);
void os_fixture_text(const char *path, const char *text);
/* What is in it, ended by NUL; static storage. */
const char *os_fixture_read(const char *path, size_t *n);
struct stat os_fixture_lstat(const char *path);
bool os_fixture_exists(const char *path);

/* Run body in a child; its return value, or 128 + signal. */
int os_fixture_child(int (*body)(void *), void *arg);
/* Run a line of shell; true: it succeeded. */
bool os_fixture_shell(const char *line);
/* In a child: be a user whom permissions concern. */
void os_fixture_ordinary_user(void);

#endif /* GW_TESTS_UNIT_OS_FIXTURE_H */
