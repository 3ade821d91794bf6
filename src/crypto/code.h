/*
 * code - the short secret that two people say to each other.
 *
 * NUMBER-WORD-WORD: the number is for finding, the words prove.  Words come
 * from a list of 4,096 short, distinct ones: 12 bits each.
 */
#ifndef GW_CRYPTO_CODE_H
#define GW_CRYPTO_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/random.h"

enum {
	GW_CODE_MIN = 8, /* characters of a code that is not NUMBER-WORDS */
	GW_CODE_MAX = 128
};

/* A new code of `words` words (2 to 8) with the number 1 to 999. */
void gw_code_make(
    const struct gw_random *, unsigned words, char out[GW_CODE_MAX + 1]);
/* The same with this number. */
void gw_code_make_numbered(const struct gw_random *, uint32_t number,
    unsigned words, char out[GW_CODE_MAX + 1]);
/* The number of a normal code, by which it is found; 0: it has none. */
uint32_t gw_code_number(const char *normal);
/*
 * The form in which both sides use it: surrounding white space gone, ASCII
 * letters small; for NUMBER-WORDS also spaces and underscores between parts
 * become one '-', leading zeros go.  GW_E_USAGE: empty, too long, or a code
 * that is not NUMBER-WORDS and has fewer than GW_CODE_MIN characters or a
 * control character; out is untouched.  Both are wiped by their owner.
 */
GW_MUST_USE enum gw_err gw_code_normal(
    const char *code, char out[GW_CODE_MAX + 1]);
/* Is the n-th word (0 to 4095); static storage. */
const char *gw_code_word(unsigned n);

#endif /* GW_CRYPTO_CODE_H */
