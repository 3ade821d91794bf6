/* A build without libIPSec_MB: there is never one of them. */
#include "base/assert.h"
#include "crypto/gcm_mb.h"

bool
gw_gcm_mb_is_here(void)
{
	return false;
}

struct gw_gcm_mb *
gw_gcm_mb_new(void)
{
	return NULL;
}

void
gw_gcm_mb_free(struct gw_gcm_mb *g)
{
	GW_ASSERT(g == NULL);
}

void
gw_gcm_mb_set_key(struct gw_gcm_mb *g, const uint8_t key[GW_GCM_KEY])
{
	(void)key;
	GW_ASSERT(g != NULL);
}

void
gw_gcm_mb_seal(struct gw_gcm_mb *g, const uint8_t nonce[GW_GCM_NONCE],
    struct gw_slice aad, const struct gw_slice text[2], uint8_t *out)
{
	(void)nonce;
	(void)aad;
	(void)text;
	(void)out;
	GW_ASSERT(g != NULL);
}

bool
gw_gcm_mb_open(struct gw_gcm_mb *g, const uint8_t nonce[GW_GCM_NONCE],
    struct gw_slice aad, uint8_t *buf, size_t n)
{
	(void)nonce;
	(void)aad;
	(void)buf;
	(void)n;
	GW_ASSERT(g != NULL);
	return false;
}
