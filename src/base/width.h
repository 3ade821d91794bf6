/*
 * width - how many columns of a terminal a character takes.
 *
 * By the tables of Unicode 14, whatever the locale is.
 */
#ifndef GW_BASE_WIDTH_H
#define GW_BASE_WIDTH_H

#include <stdint.h>

/* 0: combining or invisible.  2: wide East Asian and most emoji.  Else 1. */
unsigned gw_width(uint32_t code);

#endif /* GW_BASE_WIDTH_H */
