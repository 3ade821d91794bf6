#include "session/udp/keys.h"

#include "base/assert.h"

enum gw_err
gw_keys_init(struct gw_keys *k, enum gw_cipher cipher,
    const uint8_t secret[GW_SECRET_LEN], uint64_t roll)
{
	GW_ASSERT(roll > 0);
	*k = (struct gw_keys){ .roll = roll };
	return gw_aead_new(cipher, secret, &k->now);
}

void
gw_keys_fini(struct gw_keys *k)
{
	gw_aead_free(k->before);
	gw_aead_free(k->now);
	gw_aead_free(k->next);
	*k = (struct gw_keys){ 0 };
}

/* Whose packet it is: nearly always that of `now`, which costs no division. */
static uint64_t
epoch_of(const struct gw_keys *k, uint64_t number)
{
	return number - k->first < k->roll ? k->epoch : number / k->roll;
}

bool
gw_keys_phase(const struct gw_keys *k, uint64_t number)
{
	return (epoch_of(k, number) & 1) != 0;
}

/* `next`, which is there, becomes `now`. */
static void
advance(struct gw_keys *k)
{
	gw_aead_free(k->before);
	k->before = k->now;
	k->now = k->next;
	k->next = NULL;
	k->epoch++;
	k->first += k->roll;
}

enum gw_err
gw_keys_prepare(struct gw_keys *k, uint64_t number)
{
	enum gw_err err;

	GW_ASSERT(number >= k->first);
	while (epoch_of(k, number) > k->epoch) {
		if ((err = gw_aead_next(k->now, &k->next)) != GW_OK)
			return err;
		advance(k);
	}
	return GW_OK;
}

void
gw_keys_seal(struct gw_keys *k, uint64_t number, struct gw_slice aad,
    const struct gw_slice text[2], uint8_t *out)
{
	GW_ASSERT(epoch_of(k, number) == k->epoch);
	gw_aead_seal(k->now, number, aad, text[0], text[1], out);
}

bool
gw_keys_open(struct gw_keys *k, uint64_t number, struct gw_slice aad,
    uint8_t *buf, size_t n)
{
	const uint64_t epoch = epoch_of(k, number);

	if (epoch == k->epoch)
		return gw_aead_open(k->now, number, aad, buf, n);
	if (epoch + 1 == k->epoch)
		return k->before != NULL &&
		       gw_aead_open(k->before, number, aad, buf, n);
	if (epoch != k->epoch + 1)
		return false;
	if (k->next == NULL && gw_aead_next(k->now, &k->next) != GW_OK)
		return false; /* it comes again */
	if (!gw_aead_open(k->next, number, aad, buf, n))
		return false;
	advance(k);
	return true;
}
