#include "os/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's numbers, landlock(7): the header of the build machine may be
 * older than the kernel that runs.
 */
#define FS_EXECUTE (UINT64_C(1) << 0)
#define FS_WRITE_FILE (UINT64_C(1) << 1)
#define FS_READ_FILE (UINT64_C(1) << 2)
#define FS_READ_DIR (UINT64_C(1) << 3)
#define FS_REMOVE_DIR (UINT64_C(1) << 4)
#define FS_REMOVE_FILE (UINT64_C(1) << 5)
#define FS_MAKE_DIR (UINT64_C(1) << 7)
#define FS_MAKE_REG (UINT64_C(1) << 8)
#define FS_MAKE_SYM (UINT64_C(1) << 12)
#define FS_ALL_ABI_1 ((UINT64_C(1) << 13) - 1)
#define FS_REFER (UINT64_C(1) << 13)     /* ABI 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* ABI 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* ABI 5 */

#define SCOPE_ALL UINT64_C(3) /* ABI 6: abstract sockets, signals */

#define FS_READ (FS_READ_FILE | FS_READ_DIR)
#define FS_WRITE                                                               \
	(FS_READ | FS_WRITE_FILE | FS_TRUNCATE | FS_REMOVE_DIR |               \
	    FS_REMOVE_FILE | FS_MAKE_DIR | FS_MAKE_REG | FS_MAKE_SYM |         \
	    FS_REFER)
/* What may be granted on something that is not a directory. */
#define FS_OF_FILE                                                             \
	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset_attr {
	uint64_t handled_fs;
	uint64_t handled_net; /* ABI 4; never used */
	uint64_t scoped;      /* ABI 6 */
};

static int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static uint64_t
handled(int abi)
{
	uint64_t all = FS_ALL_ABI_1;

	if (abi >= 2)
		all |= FS_REFER;
	if (abi >= 3)
		all |= FS_TRUNCATE;
	if (abi >= 5)
		all |= FS_IOCTL_DEV;
	return all;
}

static const char *
describe(int abi)
{
	static const char *const names[] = { "", "Landlock ABI 1",
		"Landlock ABI 2", "Landlock ABI 3", "Landlock ABI 4",
		"Landlock ABI 5", "Landlock ABI 6", "Landlock ABI 7" };
	int last = (int)(sizeof names / sizeof names[0]) - 1;

	return names[abi < last ? abi : last];
}

static int
new_ruleset(int abi)
{
	struct ruleset_attr attr = { .handled_fs = handled(abi),
		.scoped = abi >= 6 ? SCOPE_ALL : 0 };
	/* An older kernel wants no more than it knows. */
	size_t size = abi >= 6   ? sizeof attr
		      : abi >= 4 ? 2 * sizeof(uint64_t)
				 : sizeof(uint64_t);

	return (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
}

/* Grant `rights` on one path; one that does not exist needs none. */
static enum gw_err
allow(int ruleset, const char *path, uint64_t rights, struct gw_why *why)
{
	struct landlock_path_beneath_attr beneath;
	struct stat st;
	enum gw_err err = GW_OK;
	int fd;

	if ((fd = open(path, O_PATH | O_CLOEXEC)) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return GW_OK;
		gw_why_errno(why, errno, path);
		return GW_E_DISK;
	}
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rights &= FS_OF_FILE;
	beneath.allowed_access = rights;
	beneath.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&beneath, 0) != 0) {
		gw_why_errno(why, errno, path);
		err = GW_E_DISK;
	}
	close(fd);
	return err;
}

static enum gw_err
allow_all(int ruleset, int abi, const struct gw_confine_options *o,
    struct gw_why *why)
{
	enum gw_err err = GW_OK;
	uint64_t known = handled(abi);

	for (size_t i = 0; err == GW_OK && i < o->read_count; i++)
		err = allow(ruleset, o->read[i], FS_READ & known, why);
	/* A terminal that may be written to may be asked for its size. */
	for (size_t i = 0; err == GW_OK && i < o->write_count; i++)
		err = allow(ruleset, o->write[i],
		    (FS_WRITE | FS_IOCTL_DEV) & known, why);
	return err;
}

enum gw_err
gw_confine_enter(const struct gw_confine_options *o, struct gw_why *why,
    const char **in_force)
{
	enum gw_err err;
	int abi = landlock_abi(), ruleset;

	if (abi < 1)
		return gw_why(why, GW_E_FAILED,
		    "this kernel has no Landlock, or it is switched off");
	if ((ruleset = new_ruleset(abi)) < 0)
		return gw_why(why, GW_E_FAILED,
		    "this kernel does not let us use Landlock");
	err = allow_all(ruleset, abi, o, why);
	if (err == GW_OK &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)) {
		gw_why_errno(why, errno, "Landlock");
		err = GW_E_FAILED;
	}
	close(ruleset);
	if (err == GW_OK)
		*in_force = describe(abi);
	return err;
}
