/*
 * link_watch - the machine's interfaces as they are, and word of every change:
 * interfaces and addresses that come, go, change, or get another name.
 *
 * The kernel's notices (rtnetlink) only say that it is time to look; what is
 * there is always a whole new list.  So a notice that got lost costs nothing
 * but a look.
 */
#ifndef GW_OS_LINK_WATCH_H
#define GW_OS_LINK_WATCH_H

#include "os/interfaces.h"

struct gw_link_watch;

/* With a first list.  GW_E_MEMORY, or GW_E_FAILED: the kernel does not tell;
 * why says so. */
GW_MUST_USE enum gw_err gw_link_watch_open(
    struct gw_link_watch **, struct gw_why *);
void gw_link_watch_free(struct gw_link_watch *); /* NULL is fine */

/* Readable when gw_link_watch_update has something to do. */
int gw_link_watch_fd(const struct gw_link_watch *);

/*
 * Take all notices.  True: the list is another one than before, or an address
 * of a link has become usable; slices and pointers into the old list are void.
 * A list that cannot be had just now leaves the old one, and is tried again
 * by the next call.
 */
bool gw_link_watch_update(struct gw_link_watch *);
/* Was the last one such a call?  Nothing else tells that it is time for the
 * next. */
bool gw_link_watch_is_behind(const struct gw_link_watch *);

/* As it was at the last update. */
const struct gw_netifs *gw_link_watch_list(const struct gw_link_watch *);

#endif /* GW_OS_LINK_WATCH_H */
