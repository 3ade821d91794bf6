/*
 * escape - names as a terminal may show them.  gw_escape is public and its
 * contract stands in godwit.h; escape.c has it.
 */
#ifndef GW_BASE_ESCAPE_H
#define GW_BASE_ESCAPE_H

#include "godwit.h"

/* How many terminal columns an escaped string takes (wide East Asian = 2). */
size_t gw_escape_columns(const char *escaped);

#endif /* GW_BASE_ESCAPE_H */
