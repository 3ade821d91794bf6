/*
 * words - the list for codes.
 */
#ifndef GW_CRYPTO_WORDS_H
#define GW_CRYPTO_WORDS_H

enum { GW_WORDS = 4096 };

extern const char *const gw_words[GW_WORDS];

#endif /* GW_CRYPTO_WORDS_H */
