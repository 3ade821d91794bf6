/*
 * ask_kernel - one question to the kernel by netlink, and its answers.
 */
#ifndef GW_DIAG_ASK_KERNEL_H
#define GW_DIAG_ASK_KERNEL_H

#include <libmnl/libmnl.h>

/*
 * Send the request to this netlink family, and give each message of the
 * answer to `take`, which returns MNL_CB_OK; for a dump, until its end.
 * 0, or an error number of the kernel.
 */
int gw_ask_kernel(
    int family, struct nlmsghdr *request, mnl_cb_t take, void *arg);

#endif /* GW_DIAG_ASK_KERNEL_H */
