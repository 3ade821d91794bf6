#include "os_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int
os_fixture_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char dir[200];

	snprintf(dir, sizeof dir, "%s/gw-os-test.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) != 0 || chdir(dir) != 0)
		return -1;
	umask(022);
	*state = realpath(dir, NULL);
	return *state == NULL;
}

static int
open_up(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)f;
	(void)type;
	if (S_ISDIR(st->st_mode))
		chmod(path, 0700);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	remove(path);
	return 0;
}

int
os_fixture_teardown(void **state)
{
	char *dir = *state;

	if (chdir("/") != 0)
		return -1;
	nftw(dir, open_up, 32, FTW_PHYS);
	nftw(dir, remove_one, 32, FTW_PHYS | FTW_DEPTH);
	free(dir);
	return 0;
}

void
os_fixture_write(const char *path, const void *data, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
	close(fd);
}

void
os_fixture_text(const char *path, const char *text)
{
	os_fixture_write(path, text, strlen(text));
}

const char *
os_fixture_read(const char *path, size_t *n)
{
	static char buf[65536];
	int fd = open(path, O_RDONLY | O_NOFOLLOW);
	ssize_t r;

	assert_true(fd >= 0);
	r = read(fd, buf, sizeof buf - 1);
	assert_true(r >= 0);
	close(fd);
	buf[r] = '\0';
	if (n != NULL)
		*n = (size_t)r;
	return buf;
}

struct stat
os_fixture_lstat(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}

bool
os_fixture_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int
os_fixture_child(int (*body)(void *), void *arg)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body(arg));
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static int
shell_body(void *line)
{
	return execl("/bin/sh", "sh", "-c", (const char *)line, NULL);
}

bool
os_fixture_shell(const char *line)
{
	return os_fixture_child(shell_body, (void *)(uintptr_t)line) == 0;
}

void
os_fixture_ordinary_user(void)
{
	if (geteuid() == 0 && (setresgid(65534, 65534, 65534) != 0 ||
				  setresuid(65534, 65534, 65534) != 0))
		_exit(99);
}
