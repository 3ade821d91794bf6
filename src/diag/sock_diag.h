/*
 * sock_diag - asks the kernel for the sockets of this network namespace, and
 * hears of sockets that end.
 */
#ifndef GW_DIAG_SOCK_DIAG_H
#define GW_DIAG_SOCK_DIAG_H

#include "diag/socket.h"
#include "diag/socket_filter.h"
#include "os/why.h"

struct gw_sock_diag;

/* Rows; all zeros is an empty list. */
struct gw_sockets {
	struct gw_socket *v;
	size_t count, room;
};

/* GW_E_DISK: the kernel denies it or cannot; why says so. */
GW_MUST_USE enum gw_err gw_sock_diag_open(
    struct gw_sock_diag **, struct gw_why *);
void gw_sock_diag_free(struct gw_sock_diag *);

/*
 * Put all sockets that the filter lets pass into `out`, in no order, in place
 * of what was there.  Process names are not known to the kernel: that part
 * of a filter lets everything pass.  details: RTT and the like.
 * GW_E_DISK, GW_E_MEMORY: `out` holds a part.
 */
GW_MUST_USE enum gw_err gw_sock_diag_list(struct gw_sock_diag *,
    const struct gw_socket_filter *, bool details, struct gw_sockets *out,
    struct gw_why *);
GW_MUST_USE enum gw_err gw_sockets_add(
    struct gw_sockets *, const struct gw_socket *);
void gw_sockets_fini(struct gw_sockets *);

/* From now on hear of sockets that end.  Readable when there is something. */
GW_MUST_USE enum gw_err gw_sock_diag_listen(
    struct gw_sock_diag *, struct gw_why *);
int gw_sock_diag_fd(const struct gw_sock_diag *);
/* Take one that has ended; false: none now.  *lost: some were not heard of. */
bool gw_sock_diag_ended(struct gw_sock_diag *, struct gw_socket *, bool *lost);

#endif /* GW_DIAG_SOCK_DIAG_H */
