/*
 * udp_board - shows the sessions of one UDP port to whoever looks at this
 * user's sockets: their states and when each began, and what they do.
 *
 * Costs a comparison a turn; what has changed is written at most every
 * 20 ms, figures alone every 250 ms.  The times of states are the engine's,
 * so that those are exact all the same.  It never fails: what cannot be
 * shown is not.
 */
#ifndef GW_RUN_UDP_BOARD_H
#define GW_RUN_UDP_BOARD_H

#include "session/udp/udp_endpoint.h"

struct gw_udp_board;

/*
 * dir: of session_files, NULL: nothing is shown; fd: of the socket; the
 * endpoint outlives the board; listens: somebody may come in.  NULL: nothing
 * is shown, and all calls below take that.
 */
struct gw_udp_board *gw_udp_board_new(const char *dir, int fd,
    const struct gw_udp_endpoint *, bool listens, gw_usec now);
/* A turn of the port is over.  Returns when to call again, be it that nothing
 * happens until then; GW_NEVER: not for this. */
gw_usec gw_udp_board_turn(struct gw_udp_board *, gw_usec now);
/* The port ends, and with it whatever is left; the file goes. */
void gw_udp_board_free(struct gw_udp_board *, gw_usec now);

#endif /* GW_RUN_UDP_BOARD_H */
