#include "diag/socket_owner.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A socket that a process has open. */
struct held {
	uint32_t inode;
	uint32_t pid;
	size_t process; /* index into names */
};

struct gw_socket_owners {
	struct held *v;                 /* by inode, then by pid */
	struct gw_socket_owner *owners; /* beside them */
	size_t count, room;
	char (*names)[sizeof((struct gw_socket_owner *)0)->name];
	size_t name_count, name_room;
	size_t denied;
};

/* With room for one more; NULL: there is none, and v is as it was. */
static void *
grown(void *v, size_t count, size_t *room, size_t size)
{
	size_t more = *room != 0 ? 2 * *room : 64;

	if (count < *room)
		return v;
	if ((v = realloc(v, more * size)) != NULL)
		*room = more;
	return v;
}

/* "4711"; 0: no number. */
static uint32_t
pid_of(const char *name)
{
	char *end;
	unsigned long v;

	if (!isdigit((unsigned char)*name))
		return 0;
	v = strtoul(name, &end, 10);
	return *end == '\0' && v <= INT32_MAX ? (uint32_t)v : 0;
}

/* "socket:[4711]"; 0: something else. */
static uint32_t
inode_of(const char *link, ssize_t n)
{
	static const char mark[] = "socket:[";
	unsigned long v;

	if (n < (ssize_t)sizeof mark ||
	    memcmp(link, mark, sizeof mark - 1) != 0)
		return 0;
	v = strtoul(link + sizeof mark - 1, NULL, 10);
	return v <= UINT32_MAX ? (uint32_t)v : 0;
}

/* The name goes in once the process turns out to have a socket. */
static enum gw_err
add_name(struct gw_socket_owners *o, int process)
{
	char text[64] = "", (*names)[sizeof *o->names];
	int fd = openat(process, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

	if (fd >= 0)
		close(fd);
	if (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	names = grown(o->names, o->name_count, &o->name_room, sizeof *names);
	if (names == NULL)
		return GW_E_MEMORY;
	o->names = names;
	snprintf(o->names[o->name_count++], sizeof *o->names, "%.15s", text);
	return GW_OK;
}

static enum gw_err
add(struct gw_socket_owners *o, uint32_t inode, uint32_t pid)
{
	struct held *v = grown(o->v, o->count, &o->room, sizeof *v);

	if (v == NULL)
		return GW_E_MEMORY;
	o->v = v;
	o->v[o->count++] = (struct held){ inode, pid, o->name_count - 1 };
	return GW_OK;
}

static enum gw_err
scan_process(struct gw_socket_owners *o, int proc, const char *name)
{
	uint32_t pid = pid_of(name), inode;
	enum gw_err err = GW_OK;
	bool named = false;
	struct dirent *e;
	char link[64];
	int process, fd;
	DIR *dir;

	process = openat(proc, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (process < 0)
		return GW_OK; /* it has ended */
	fd = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || (dir = fdopendir(fd)) == NULL) {
		o->denied += errno == EACCES || errno == EPERM;
		if (fd >= 0)
			close(fd);
		close(process);
		return GW_OK;
	}
	while (err == GW_OK && (e = readdir(dir)) != NULL) {
		ssize_t n = readlinkat(fd, e->d_name, link, sizeof link - 1);

		if (n > 0)
			link[n] = '\0';
		if (n <= 0 || (inode = inode_of(link, n)) == 0)
			continue;
		if (!named)
			err = add_name(o, process);
		named = true;
		if (err == GW_OK)
			err = add(o, inode, pid);
	}
	closedir(dir);
	close(process);
	return err;
}

static int
by_inode(const void *va, const void *vb)
{
	const struct held *a = va, *b = vb;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* One process may have a socket under several numbers. */
static enum gw_err
finish(struct gw_socket_owners *o)
{
	size_t kept = 0;

	if (o->count > 0)
		qsort(o->v, o->count, sizeof *o->v, by_inode);
	for (size_t i = 0; i < o->count; i++)
		if (kept == 0 || by_inode(&o->v[kept - 1], &o->v[i]) != 0)
			o->v[kept++] = o->v[i];
	o->count = kept;
	o->owners = calloc(kept != 0 ? kept : 1, sizeof *o->owners);
	if (o->owners == NULL)
		return GW_E_MEMORY;
	for (size_t i = 0; i < kept; i++) {
		o->owners[i].pid = o->v[i].pid;
		memcpy(o->owners[i].name, o->names[o->v[i].process],
		    sizeof o->owners[i].name);
	}
	return GW_OK;
}

enum gw_err
gw_socket_owners_scan(struct gw_socket_owners **out, struct gw_why *why)
{
	struct gw_socket_owners *o = calloc(1, sizeof *o);
	enum gw_err err = GW_OK;
	struct dirent *e;
	DIR *proc;

	if (o == NULL)
		return gw_why(why, GW_E_MEMORY, "out of memory");
	if ((proc = opendir("/proc")) == NULL) {
		gw_why_errno(why, errno, "/proc");
		free(o);
		return GW_E_DISK;
	}
	while (err == GW_OK && (e = readdir(proc)) != NULL)
		if (pid_of(e->d_name) != 0)
			err = scan_process(o, dirfd(proc), e->d_name);
	closedir(proc);
	if (err == GW_OK)
		err = finish(o);
	if (err != GW_OK) {
		gw_socket_owners_free(o);
		return gw_why(why, err, "out of memory");
	}
	*out = o;
	return GW_OK;
}

void
gw_socket_owners_free(struct gw_socket_owners *o)
{
	if (o == NULL)
		return;
	free(o->v);
	free(o->owners);
	free(o->names);
	free(o);
}

const struct gw_socket_owner *
gw_socket_owners_of(
    const struct gw_socket_owners *o, uint32_t inode, size_t *count)
{
	size_t low = 0, high = o->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->v[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < o->count && o->v[high].inode == inode;)
		high++;
	*count = inode != 0 ? high - low : 0;
	return o->owners + low;
}

size_t
gw_socket_owners_denied(const struct gw_socket_owners *o)
{
	return o->denied;
}

bool
gw_socket_owner_is_near(uint32_t pid)
{
	struct stat ours, its;
	char path[64];

	snprintf(path, sizeof path, "/proc/%u/ns/net", pid);
	return pid != 0 && stat("/proc/self/ns/net", &ours) == 0 &&
	       stat(path, &its) == 0 && ours.st_dev == its.st_dev &&
	       ours.st_ino == its.st_ino;
}
