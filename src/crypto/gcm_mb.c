#include "crypto/gcm_mb.h"

#include <intel-ipsec-mb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"

enum { ALIGN = 64 }; /* the widest vector, for its tables of a key */

struct gw_gcm_mb {
	struct gcm_key_data key; /* first: aligned */
	struct gcm_context_data context;
	const IMB_MGR *functions;
};

static IMB_MGR *
find_functions(void)
{
	IMB_MGR *m = alloc_mb_mgr(0);
	IMB_ARCH arch = IMB_ARCH_NONE;

	if (m == NULL)
		return NULL;
	init_mb_mgr_auto(m, &arch); /* and tests itself */
	/* Below that it plays AES with tables, whose use an onlooker may
	 * time. */
	if (imb_get_errno(m) == 0 && arch >= IMB_ARCH_SSE)
		return m;
	free_mb_mgr(m);
	return NULL;
}

/* The library's table of what is best for this CPU: made by who first needs
 * it, which takes a millisecond, and never changed.  NULL: of no use here. */
static const IMB_MGR *
shared_functions(void)
{
	static atomic_flag finding = ATOMIC_FLAG_INIT;
	static bool found;
	static IMB_MGR *functions;
	const IMB_MGR *f;

	while (atomic_flag_test_and_set(&finding))
		;
	if (!found)
		functions = find_functions();
	found = true;
	f = functions;
	atomic_flag_clear(&finding);
	return f;
}

bool
gw_gcm_mb_is_here(void)
{
	return shared_functions() != NULL;
}

struct gw_gcm_mb *
gw_gcm_mb_new(void)
{
	const size_t lots = (sizeof(struct gw_gcm_mb) + ALIGN - 1) / ALIGN;
	struct gw_gcm_mb *g = aligned_alloc(ALIGN, lots * ALIGN);

	if (g != NULL)
		g->functions = shared_functions();
	return g;
}

void
gw_gcm_mb_free(struct gw_gcm_mb *g)
{
	if (g != NULL)
		gw_wipe(g, sizeof *g);
	free(g);
}

void
gw_gcm_mb_set_key(struct gw_gcm_mb *g, const uint8_t key[GW_GCM_KEY])
{
	IMB_AES256_GCM_PRE(g->functions, key, &g->key);
}

void
gw_gcm_mb_seal(struct gw_gcm_mb *g, const uint8_t nonce[GW_GCM_NONCE],
    struct gw_slice aad, const struct gw_slice text[2], uint8_t *out)
{
	const struct gcm_key_data *key = &g->key;
	uint8_t *tag = out + text[0].n + text[1].n;

	if (text[0].n == 0 && text[1].n > 0) {
		IMB_AES256_GCM_ENC(g->functions, key, &g->context, out,
		    text[1].p, text[1].n, nonce, aad.p, aad.n, tag, GW_GCM_TAG);
		return;
	}
	IMB_AES256_GCM_INIT(
	    g->functions, key, &g->context, nonce, aad.p, aad.n);
	for (int i = 0; i < 2; i++) {
		if (text[i].n > 0)
			IMB_AES256_GCM_ENC_UPDATE(g->functions, key,
			    &g->context, out, text[i].p, text[i].n);
		out += text[i].n;
	}
	IMB_AES256_GCM_ENC_FINALIZE(
	    g->functions, key, &g->context, tag, GW_GCM_TAG);
}

/* In the same time, whatever they are. */
static bool
same_tag(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof x);
	memcpy(y, b, sizeof y);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

bool
gw_gcm_mb_open(struct gw_gcm_mb *g, const uint8_t nonce[GW_GCM_NONCE],
    struct gw_slice aad, uint8_t *buf, size_t n)
{
	uint8_t tag[GW_GCM_TAG];

	IMB_AES256_GCM_DEC(g->functions, &g->key, &g->context, buf, buf, n,
	    nonce, aad.p, aad.n, tag, GW_GCM_TAG);
	return same_tag(tag, buf + n);
}
