/*
 * Temporaries that live only as long as the process that makes them: while it
 * does, it has a lock on each.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/names.h"
#include "os/target_internal.h"

enum { NEW_FILE = 0666 }; /* less what the umask, or an ACL, takes */

enum gw_err
gw_target_own(struct gw_target *t, const struct gw_target_file *f, int *fd,
    struct gw_why *why)
{
	enum gw_err err = gw_target_make_temp(t, f, NEW_FILE, fd, why);

	/* Where the file system knows no locks it is made all the same; then
	 * sweep cannot get one either. */
	if (err == GW_OK)
		(void)flock(*fd, LOCK_EX | LOCK_NB);
	return err;
}

enum gw_err
gw_target_own_sync(int fd, struct gw_why *why)
{
	enum gw_err err;

	if (fdatasync(fd) == 0)
		return GW_OK;
	err = gw_why_errno(why, errno, "sync");
	return err == GW_E_FAILED ? GW_E_DISK : err;
}

/* Nobody holds it: whoever made it is gone. */
static bool
remove_dead(int dir, const char *name)
{
	int fd =
	    openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	bool dead;

	if (fd < 0)
		return false;
	dead = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	       unlinkat(dir, name, 0) == 0;
	close(fd);
	return dead;
}

unsigned
gw_target_own_sweep(struct gw_target *t, const char *prefix)
{
	struct gw_names names = { 0 };
	unsigned removed = 0;

	if (lseek(t->root, 0, SEEK_SET) == 0 &&
	    gw_names_read(&names, t->root, NULL) == GW_OK)
		for (size_t i = 0; i < names.count; i++) {
			const char *name = gw_names_get(&names, i);

			if (strncmp(name, prefix, strlen(prefix)) == 0 &&
			    remove_dead(t->root, name))
				removed++;
		}
	gw_names_fini(&names);
	return removed;
}
