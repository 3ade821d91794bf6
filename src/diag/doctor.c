#include "diag/doctor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "diag/doctor_private.h"
#include "os/clock.h"

static const struct check {
	const char *name;
	gw_doctor_check *look;
} checks[] = {
	{ "interface", gw_doctor_interfaces },
	{ "ipv4", gw_doctor_ipv4 },
	{ "ipv6", gw_doctor_ipv6 },
	{ "multicast", gw_doctor_multicast },
	{ "route", gw_doctor_routes },
	{ "rp_filter", gw_doctor_rp_filter },
	{ "port", gw_doctor_ports },
	{ "beacon", gw_doctor_beacon },
	{ "firewall", gw_doctor_firewall },
	{ "conntrack", gw_doctor_conntrack },
	{ "buffers", gw_doctor_buffers },
	{ "offload", gw_doctor_offload },
	{ "cipher", gw_doctor_cipher },
	{ "confinement", gw_doctor_confinement },
	{ "clock", gw_doctor_clock },
	{ "directory", gw_doctor_directories },
	{ "descriptors", gw_doctor_descriptors },
};

enum gw_err
gw_doctor_look(struct gw_findings *out)
{
	struct gw_machine m = { .root = "", .now = gw_clock_wall() };
	enum gw_err err = gw_netifs_list(&m.interfaces);

	if (err == GW_E_MEMORY)
		return err;
	if (err != GW_OK) {
		out->check = "interface";
		gw_found(out, GW_GRADE_PROBLEM, "",
		    "the kernel does not tell its network interfaces: no "
		    "device can be found from here");
	}
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		out->check = checks[i].name;
		checks[i].look(&m, out);
	}
	gw_netifs_fini(&m.interfaces);
	return out->err;
}

/* ---- files ---- */

static bool
load(const struct gw_machine *m, char *out, size_t room, const char *path)
{
	char full[PATH_MAX];
	size_t n = 0;
	ssize_t got;
	int fd;

	snprintf(full, sizeof full, "%s%s", m->root, path);
	if ((fd = open(full, O_RDONLY | O_CLOEXEC)) < 0)
		return false;
	while (n + 1 < room && (got = read(fd, out + n, room - 1 - n)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			close(fd);
			return false;
		}
		n += (size_t)got;
	}
	close(fd);
	out[n] = '\0';
	return true;
}

bool
gw_machine_text(const struct gw_machine *m, char out[GW_MACHINE_TEXT],
    const char *format, ...)
{
	char path[256];
	va_list args;

	va_start(args, format);
	vsnprintf(path, sizeof path, format, args);
	va_end(args);
	return load(m, out, GW_MACHINE_TEXT, path);
}

bool
gw_machine_number(
    const struct gw_machine *m, long *out, const char *format, ...)
{
	char path[256], text[64], *end;
	va_list args;
	long v;

	va_start(args, format);
	vsnprintf(path, sizeof path, format, args);
	va_end(args);
	if (!load(m, text, sizeof text, path))
		return false;
	errno = 0;
	v = strtol(text, &end, 10);
	if (end == text || errno != 0)
		return false;
	*out = v;
	return true;
}

bool
gw_machine_has(const struct gw_machine *m, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof full, "%s%s", m->root, path);
	return access(full, F_OK) == 0;
}

long
gw_machine_setting(
    const struct gw_machine *m, const char *interface, const char *name)
{
	long all = -1, own = -1;

	if (!gw_machine_number(
		m, &all, "/proc/sys/net/ipv4/conf/all/%s", name) ||
	    !gw_machine_number(
		m, &own, "/proc/sys/net/ipv4/conf/%s/%s", interface, name))
		return -1;
	return own > all ? own : all;
}

const char *
gw_machine_sysctl(char out[IF_NAMESIZE], const char *interface)
{
	size_t i;

	for (i = 0; i + 1 < IF_NAMESIZE && interface[i] != '\0'; i++)
		out[i] = interface[i] == '.' ? '/' : interface[i];
	out[i] = '\0';
	return out;
}

/* ---- interfaces ---- */

bool
gw_machine_uses(const struct gw_netif *i)
{
	return i->up && !i->loopback;
}

bool
gw_machine_is_card(const struct gw_machine *m, const struct gw_netif *i)
{
	char path[64];

	snprintf(path, sizeof path, "/sys/class/net/%s/device", i->name);
	return gw_machine_has(m, path);
}

bool
gw_machine_has_family(const struct gw_netif *i, int family)
{
	for (size_t k = 0; k < i->addr_count; k++)
		if (i->addrs[k].addr.ss.ss_family == family)
			return true;
	return false;
}
