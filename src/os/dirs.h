/*
 * dirs - where this user's identity and journals are kept, and where running
 * processes show what they do.
 */
#ifndef GW_OS_DIRS_H
#define GW_OS_DIRS_H

#include "os/why.h"

/*
 * `given`, or $XDG_DATA_HOME/godwit (else ~/.local/share/godwit), or
 * $XDG_STATE_HOME/godwit (else ~/.local/state/godwit); made with its parents
 * when missing, 0700.  Absolute; the caller frees it.  GW_E_DISK: cannot be
 * made, is no directory, belongs to somebody else, or others may write to
 * it; why says which and what to do.
 */
GW_MUST_USE enum gw_err gw_dirs_data(
    const char *given, struct gw_why *, char **path);
GW_MUST_USE enum gw_err gw_dirs_state(
    const char *given, struct gw_why *, char **path);
/*
 * $XDG_RUNTIME_DIR/godwit, made when missing, 0700.  GW_E_NO_PATH: the
 * variable is not set, or names no directory of this user alone; there is no
 * other place then.  GW_E_DISK: as above.
 */
GW_MUST_USE enum gw_err gw_dirs_runtime(struct gw_why *, char **path);

#endif /* GW_OS_DIRS_H */
