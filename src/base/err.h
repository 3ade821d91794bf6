/*
 * err - what the world may do to us, as enum gw_err.
 *
 * The enum is public and stands in godwit.h; this header is how the parts
 * below the API reach it.  One table in err.c gives name, text, exit status.
 */
#ifndef GW_BASE_ERR_H
#define GW_BASE_ERR_H

#include "godwit.h"

#endif /* GW_BASE_ERR_H */
