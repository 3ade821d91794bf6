#include "base/bits.h"

#include <stdlib.h>

#include "base/assert.h"

enum { WORD = 64 };

void
gw_bits_init(struct gw_bits *b)
{
	*b = (struct gw_bits){ 0 };
}

void
gw_bits_fini(struct gw_bits *b)
{
	free(b->words);
	free(b->used);
	gw_bits_init(b);
}

static uint64_t
word_of(const struct gw_bits *b, uint64_t at)
{
	return (at & (b->size - 1)) / WORD;
}

/* The bits of `at`'s word that lie in [at, to). */
static uint64_t
mask_of(uint64_t at, uint64_t to)
{
	const uint64_t from_at = UINT64_MAX << at % WORD;
	const uint64_t left = to - (at - at % WORD);

	return left >= WORD ? from_at : from_at & ((UINT64_C(1) << left) - 1);
}

static uint64_t
next_word(uint64_t at)
{
	return (at | (WORD - 1)) + 1;
}

static unsigned
lowest_bit(uint64_t v)
{
	return (unsigned)__builtin_ctzll(v);
}

static unsigned
count_of(uint64_t v)
{
	/* Most words of a long range are whole ones, and a short one is a bit:
	 * to count them takes a call on a plain CPU. */
	if (v == UINT64_MAX)
		return WORD;
	return (v & (v - 1)) == 0 ? v != 0 : (unsigned)__builtin_popcountll(v);
}

static void
check_range(const struct gw_bits *b, uint64_t from, uint64_t to)
{
	GW_ASSERT(from <= to);
	GW_ASSERT(to - from <= b->size);
}

enum gw_err
gw_bits_grow(struct gw_bits *b, uint64_t size, uint64_t from, uint64_t to)
{
	struct gw_bits large = { .size = size };

	GW_ASSERT(size >= GW_BITS_MIN);
	GW_ASSERT((size & (size - 1)) == 0);
	GW_ASSERT(size >= b->size);
	check_range(b, from, to);
	if (size > SIZE_MAX / 2)
		return GW_E_MEMORY;
	large.words = calloc((size_t)(size / WORD), sizeof(*large.words));
	large.used = calloc((size_t)(size / WORD / WORD), sizeof(*large.used));
	if (large.words == NULL || large.used == NULL) {
		gw_bits_fini(&large);
		return GW_E_MEMORY;
	}
	for (uint64_t at = from; at < to; at = next_word(at)) {
		const uint64_t word =
		    b->words[word_of(b, at)] & mask_of(at, to);
		const uint64_t i = word_of(&large, at);

		if (word == 0)
			continue;
		large.words[i] |= word;
		large.used[i / WORD] |= UINT64_C(1) << i % WORD;
	}
	gw_bits_fini(b);
	*b = large;
	return GW_OK;
}

bool
gw_bits_has(const struct gw_bits *b, uint64_t at)
{
	GW_ASSERT(b->size > 0);
	return (b->words[word_of(b, at)] >> at % WORD & 1) != 0;
}

uint64_t
gw_bits_set(struct gw_bits *b, uint64_t from, uint64_t to)
{
	uint64_t fresh = 0;

	check_range(b, from, to);
	for (uint64_t at = from; at < to; at = next_word(at)) {
		const uint64_t i = word_of(b, at), mask = mask_of(at, to);
		const uint64_t old = b->words[i];

		fresh += count_of(mask & ~old);
		b->words[i] = old | mask;
		if (old == 0)
			b->used[i / WORD] |= UINT64_C(1) << i % WORD;
	}
	return fresh;
}

/* From the beginning of a word on, over words that are empty; may end past
 * `to`. */
static uint64_t
skip_empty(const struct gw_bits *b, uint64_t at, uint64_t to)
{
	while (at < to) {
		const uint64_t i = word_of(b, at);
		const uint64_t used = b->used[i / WORD] >> i % WORD;

		if (used != 0)
			return at + (uint64_t)WORD * lowest_bit(used);
		at += WORD * (WORD - i % WORD);
	}
	return at;
}

uint64_t
gw_bits_clear(struct gw_bits *b, uint64_t from, uint64_t to)
{
	uint64_t were = 0, at = from;

	check_range(b, from, to);
	while (at < to) {
		const uint64_t i = word_of(b, at), mask = mask_of(at, to);
		const uint64_t old = b->words[i];

		at = next_word(at);
		if (old == 0) {
			at = skip_empty(b, at, to);
			continue;
		}
		were += count_of(mask & old);
		b->words[i] = old & ~mask;
		if (b->words[i] == 0)
			b->used[i / WORD] &= ~(UINT64_C(1) << i % WORD);
	}
	return were;
}

uint64_t
gw_bits_next_set(const struct gw_bits *b, uint64_t from, uint64_t to)
{
	uint64_t at = from;

	check_range(b, from, to);
	while (at < to) {
		const uint64_t bits =
		    b->words[word_of(b, at)] & mask_of(at, to);

		if (bits != 0)
			return at - at % WORD + lowest_bit(bits);
		at = skip_empty(b, next_word(at), to);
	}
	return to;
}

uint64_t
gw_bits_next_clear(const struct gw_bits *b, uint64_t from, uint64_t to)
{
	check_range(b, from, to);
	for (uint64_t at = from; at < to; at = next_word(at)) {
		const uint64_t bits =
		    ~b->words[word_of(b, at)] & mask_of(at, to);

		if (bits != 0)
			return at - at % WORD + lowest_bit(bits);
	}
	return to;
}
