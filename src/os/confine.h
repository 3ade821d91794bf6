/*
 * confine - Landlock: give up every path but some.
 *
 * Network, and descriptors that are open already, are not touched.  Applies
 * to the calling thread and those it starts later.
 */
#ifndef GW_OS_CONFINE_H
#define GW_OS_CONFINE_H

#include "os/why.h"

/*
 * Contract of gw_confine in godwit.h.  Paths may be files, directories or
 * devices; those that do not exist are left out.  There is no right to
 * execute, and none to make devices, FIFOs or sockets.  GW_E_FAILED: no
 * Landlock here; GW_E_DISK: a path cannot be opened; nothing is in force
 * then, but no_new_privs may be.
 */
GW_MUST_USE enum gw_err gw_confine_enter(
    const struct gw_confine_options *, struct gw_why *, const char **in_force);

#endif /* GW_OS_CONFINE_H */
