/*
 * doctor_private - what the files doctor_*.c share: the machine as they see
 * it, and their checks.
 */
#ifndef GW_DIAG_DOCTOR_PRIVATE_H
#define GW_DIAG_DOCTOR_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>

#include "diag/doctor.h"
#include "os/interfaces.h"

enum { GW_MACHINE_TEXT = 16384 };

/* Tests give another root and interfaces of their own. */
struct gw_machine {
	const char *root; /* below it are /proc, /sys and /etc; "" */
	struct gw_netifs interfaces;
	int64_t now; /* seconds since 1970 */
};

/* ---- files ---- */

/* The beginning of a file below the root, ended by NUL.  False: it is not
 * there or may not be read; errno says which. */
bool gw_machine_text(const struct gw_machine *, char out[GW_MACHINE_TEXT],
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Its first number.  False: as above, or there is none. */
bool gw_machine_number(const struct gw_machine *, long *out, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
bool gw_machine_has(const struct gw_machine *, const char *path);
/* A setting of /proc/sys/net that `all` has as well: the larger of the two
 * is in force; -1: not known. */
long gw_machine_setting(
    const struct gw_machine *, const char *interface, const char *name);

/* As sysctl(8) wants an interface's name: eth0/5 for eth0.5. */
const char *gw_machine_sysctl(char out[IF_NAMESIZE], const char *interface);

/* ---- interfaces ---- */

/* Takes part: up, and not loopback. */
bool gw_machine_uses(const struct gw_netif *);
/* Is it a card, and not made by software, as bridges and veth are? */
bool gw_machine_is_card(const struct gw_machine *, const struct gw_netif *);
/* Has an address of this family, link-local ones too. */
bool gw_machine_has_family(const struct gw_netif *, int family);

/* ---- checks ---- */

typedef void gw_doctor_check(const struct gw_machine *, struct gw_findings *);

gw_doctor_check gw_doctor_interfaces, gw_doctor_ipv4, gw_doctor_ipv6,
    gw_doctor_multicast;                                 /* doctor_links */
gw_doctor_check gw_doctor_routes, gw_doctor_rp_filter;   /* doctor_routes */
gw_doctor_check gw_doctor_ports;                         /* doctor_ports */
gw_doctor_check gw_doctor_buffers, gw_doctor_offload;    /* doctor_sockets */
gw_doctor_check gw_doctor_firewall, gw_doctor_conntrack; /* doctor_firewall */
gw_doctor_check gw_doctor_beacon;                        /* doctor_beacon */
gw_doctor_check gw_doctor_cipher, gw_doctor_confinement, gw_doctor_clock,
    gw_doctor_directories, gw_doctor_descriptors; /* doctor_system */

/* What it means that a UDP socket was given so many bytes. */
void gw_doctor_judge_buffer(const struct gw_machine *, struct gw_findings *,
    bool receiving, size_t granted);

#endif /* GW_DIAG_DOCTOR_PRIVATE_H */
