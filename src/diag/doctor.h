/*
 * doctor - looks at the machine for what keeps godwit from finding others or
 * makes it slow: a table of checks, each of which finds something to say.
 *
 * It changes nothing.  Besides reading it sends datagrams to itself over
 * loopback, and a beacon on each interface to hear it come back.
 */
#ifndef GW_DIAG_DOCTOR_H
#define GW_DIAG_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "diag/finding.h"

/* Look at everything.  GW_E_MEMORY. */
GW_MUST_USE enum gw_err gw_doctor_look(struct gw_findings *);

/*
 * Can one get to a godwit that waits there (port 0: the usual one)?  Looks the
 * name up, connects by tcp, and sends one datagram, without a code.  *reached:
 * at least one address answers or may.  GW_E_MEMORY.  Blocks for some seconds.
 */
GW_MUST_USE enum gw_err gw_doctor_reach(
    struct gw_findings *, const char *host, uint16_t port, bool *reached);

#endif /* GW_DIAG_DOCTOR_H */
