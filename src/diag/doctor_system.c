/*
 * doctor_system - what does not belong to the network: CPU, kernel, clock,
 * directories, descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "diag/doctor_private.h"
#include "os/dirs.h"

/* 2026-01-01: no clock that is right says less. */
#define BORN INT64_C(1767225600)
/* 2100-01-01 */
#define FAR INT64_C(4102444800)

enum { DESCRIPTORS_WANTED = 256, DESCRIPTORS_LEAST = 32 };

/* ---- CPU ---- */

/* Is this one of the words of the first line that begins with `key`, which
 * has the newline before it? */
static bool
has_flag(const char *text, const char *key, const char *flag)
{
	const char *line = strstr(text, key), *at;
	size_t n = strlen(flag), len;

	if (line == NULL)
		return false;
	len = 1 + strcspn(line + 1, "\n");
	for (at = line; (at = strstr(at, flag)) != NULL && at < line + len;
	     at += n)
		if (at > line && at[-1] == ' ' &&
		    (at[n] == ' ' || at[n] == '\n' || at[n] == '\0'))
			return true;
	return false;
}

void
gw_doctor_cipher(const struct gw_machine *m, struct gw_findings *out)
{
	char text[GW_MACHINE_TEXT];

	if (!gw_machine_text(m, text, "/proc/cpuinfo")) {
		gw_found(out, GW_GRADE_NOTE, "",
		    "/proc/cpuinfo cannot be read: whether the CPU has AES is "
		    "not known");
	} else if (has_flag(text, "\nflags", "aes") &&
		   has_flag(text, "\nflags", "pclmulqdq")) {
		gw_found(out, GW_GRADE_OK, "",
		    "the CPU has AES%s: sessions take AES-256-GCM where the "
		    "other side has it, too",
		    has_flag(text, "\nflags", "vaes") ? ", several blocks at "
							"once (VAES)"
						      : "");
	} else if (has_flag(text, "\nFeatures", "aes") &&
		   has_flag(text, "\nFeatures", "pmull")) {
		gw_found(out, GW_GRADE_OK, "",
		    "the CPU has AES: sessions take AES-256-GCM where the "
		    "other side has it, too");
	} else {
		gw_found(out, GW_GRADE_NOTE, "",
		    "the CPU has no AES: sessions take ChaCha20-Poly1305, "
		    "which costs more CPU on most machines");
		gw_advise(out,
		    "in a virtual machine, give it the host's CPU (qemu: -cpu "
		    "host); else there is nothing to do");
	}
}

/* ---- kernel ---- */

static void
look_at_landlock(struct gw_findings *out)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (abi > 0) {
		gw_found(out, GW_GRADE_OK, "Landlock", "ABI %ld", abi);
		return;
	}
	gw_found(out, GW_GRADE_NOTE, "Landlock",
	    "%s: nothing but its own checks keeps a transfer out of other "
	    "directories",
	    errno == EOPNOTSUPP ? "turned off in this kernel"
				: "this kernel does not offer it");
	if (errno == EOPNOTSUPP)
		gw_advise(out, "add landlock to lsm= on the kernel's command "
			       "line");
	else
		gw_advise(out, "it takes Linux 5.13 or later, and a container "
			       "that allows it");
}

static void
look_at_openat2(struct gw_findings *out)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH };
	long fd = syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how);

	if (fd >= 0)
		close((int)fd);
	/* What is wrong with the working directory is no matter here. */
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) {
		gw_found(out, GW_GRADE_OK, "openat2", "there");
		return;
	}
	gw_found(out, GW_GRADE_PROBLEM, "openat2",
	    "this kernel or container has no openat2: nothing can be received");
	gw_advise(out, "it takes Linux 5.6 or later; for containers a newer "
		       "runtime, or a seccomp profile that allows openat2");
}

void
gw_doctor_confinement(const struct gw_machine *m, struct gw_findings *out)
{
	(void)m;
	look_at_landlock(out);
	look_at_openat2(out);
}

void
gw_doctor_clock(const struct gw_machine *m, struct gw_findings *out)
{
	time_t now = (time_t)m->now;
	char text[64] = "?";
	struct tm tm;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
	if (m->now >= BORN && m->now < FAR) {
		gw_found(out, GW_GRADE_OK, "", "%s", text);
		return;
	}
	gw_found(out, GW_GRADE_PROBLEM, "",
	    "it says %s, which cannot be: parts that interrupted transfers "
	    "left are thrown away too soon or never",
	    text);
	gw_advise(out, "timedatectl set-ntp true, or date -s 'YYYY-MM-DD "
		       "HH:MM'");
}

/* ---- directories ---- */

/* Where it would be: looking makes nothing.  False: nowhere. */
static bool
place(char out[GW_FINDING_TEXT], const char *variable, const char *in_home)
{
	const char *base = getenv(variable), *home = getenv("HOME");

	if (base != NULL && base[0] == '/')
		snprintf(out, GW_FINDING_TEXT, "%s/godwit", base);
	else if (in_home != NULL && home != NULL && home[0] == '/')
		snprintf(out, GW_FINDING_TEXT, "%s/%s", home, in_home);
	else
		return false;
	return true;
}

struct directory {
	const char *variable, *in_home;
	enum gw_err (*check)(struct gw_why *, char **);
};

static enum gw_err
check_data(struct gw_why *why, char **path)
{
	return gw_dirs_data(NULL, why, path);
}

static enum gw_err
check_state(struct gw_why *why, char **path)
{
	return gw_dirs_state(NULL, why, path);
}

static void
look_at_directory(const struct directory *d, struct gw_findings *out)
{
	const char *base = getenv(d->variable);
	char path[GW_FINDING_TEXT], *ready;
	struct gw_why why;
	struct stat st;

	if (d->in_home == NULL && base != NULL && base[0] == '/' &&
	    access(base, W_OK) != 0) {
		gw_found(out, GW_GRADE_NOTE, d->variable,
		    "%.400s: %s: godwit sockets shows no sessions over udp",
		    base, strerror(errno));
		gw_advise(out,
		    "log in anew, or unset %s: it is made at login, and sudo "
		    "and su keep another user's",
		    d->variable);
	} else if (!place(path, d->variable, d->in_home)) {
		gw_found(out,
		    d->in_home != NULL ? GW_GRADE_PROBLEM : GW_GRADE_OK,
		    d->variable,
		    d->in_home != NULL
			? "neither it nor HOME is set: no place for the "
			  "identity and the journals"
			: "not set: godwit sockets shows no sessions over udp");
		if (d->in_home != NULL)
			gw_advise(out, "export HOME=/home/USER");
	} else if (lstat(path, &st) != 0 && errno == ENOENT) {
		gw_found(out, GW_GRADE_OK, d->variable,
		    "%.400s is made when it is needed", path);
	} else if (d->check(&why, &ready) != GW_OK) {
		gw_found(out, GW_GRADE_PROBLEM, d->variable, "%s", why.text);
		gw_advise(out, "chown -R \"$USER\" %.200s && chmod 700 %.200s",
		    path, path);
	} else {
		gw_found(out, GW_GRADE_OK, d->variable, "%.400s", ready);
		free(ready);
	}
}

void
gw_doctor_directories(const struct gw_machine *m, struct gw_findings *out)
{
	static const struct directory all[] = {
		{ "XDG_DATA_HOME", ".local/share/godwit", check_data },
		{ "XDG_STATE_HOME", ".local/state/godwit", check_state },
		{ "XDG_RUNTIME_DIR", NULL, gw_dirs_runtime },
	};

	(void)m;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		look_at_directory(&all[i], out);
}

/* ---- descriptors ---- */

void
gw_doctor_descriptors(const struct gw_machine *m, struct gw_findings *out)
{
	struct rlimit limit;

	(void)m;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur >= DESCRIPTORS_WANTED) {
		gw_found(out, GW_GRADE_OK, "", "a process may have %llu open",
		    (unsigned long long)limit.rlim_cur);
		return;
	}
	gw_found(out,
	    limit.rlim_cur < DESCRIPTORS_LEAST ? GW_GRADE_PROBLEM
					       : GW_GRADE_NOTE,
	    "", "a process may have %llu open: too few for many connections",
	    (unsigned long long)limit.rlim_cur);
	gw_advise(out, "ulimit -n 4096");
}
