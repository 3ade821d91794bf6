/*
 * ethtool - what an interface does by itself, by the names of ethtool -k.
 */
#ifndef GW_DIAG_ETHTOOL_H
#define GW_DIAG_ETHTOOL_H

#include <stdbool.h>

/* Is this feature ("tx-udp-segmentation", "rx-gro") on?  False: there is no
 * such interface or feature, or it does not tell; *on is untouched. */
bool gw_ethtool_feature(const char *interface, const char *feature, bool *on);

#endif /* GW_DIAG_ETHTOOL_H */
