#include "session/udp/pacer.h"

#include "base/assert.h"
#include "session/udp/rate.h"

/* Tokens of one byte. */
#define BYTE ((int64_t)GW_SEC)
/* How late a loop may wake. */
#define SLACK GW_MSEC
/* So that nothing below overflows; 8 Tbit/s. */
#define RATE_MAX (UINT64_C(1000000) * 1000000)
#define BURST_LIMIT (UINT64_C(1) << 20)

void
gw_pacer_init(struct gw_pacer *p, uint64_t rate, uint64_t burst, gw_usec now)
{
	*p = (struct gw_pacer){ .at = now };
	gw_pacer_set(p, rate, burst, now);
	p->tokens = (int64_t)p->burst * BYTE + (int64_t)(p->rate * SLACK);
}

static int64_t
tokens_at(const struct gw_pacer *p, gw_usec now)
{
	const int64_t full =
	    (int64_t)p->burst * BYTE + (int64_t)(p->rate * SLACK);
	const gw_usec elapsed = now - p->at;

	if (p->tokens >= full ||
	    elapsed > (uint64_t)(full - p->tokens) / p->rate)
		return full;
	return p->tokens + (int64_t)(p->rate * elapsed);
}

void
gw_pacer_set(struct gw_pacer *p, uint64_t rate, uint64_t burst, gw_usec now)
{
	GW_ASSERT(rate > 0);
	if (p->rate != 0)
		p->tokens = tokens_at(p, now);
	p->at = now;
	p->rate = rate < RATE_MAX ? rate : RATE_MAX;
	p->burst = burst < BURST_LIMIT ? burst : BURST_LIMIT;
}

uint64_t
gw_pacer_budget(const struct gw_pacer *p, gw_usec now)
{
	const int64_t tokens = tokens_at(p, now);

	return tokens < 0 ? 0 : (uint64_t)(tokens / BYTE);
}

void
gw_pacer_sent(struct gw_pacer *p, uint64_t bytes, gw_usec now)
{
	p->tokens = tokens_at(p, now) - (int64_t)bytes * BYTE;
	p->at = now;
}

void
gw_pacer_unsent(struct gw_pacer *p, uint64_t bytes)
{
	p->tokens += (int64_t)bytes * BYTE;
	p->tokens = tokens_at(p, p->at); /* no fuller than full */
}

gw_usec
gw_pacer_at(const struct gw_pacer *p, uint64_t bytes, gw_usec now)
{
	const int64_t missing = (int64_t)bytes * BYTE - tokens_at(p, now);

	GW_ASSERT(bytes <= p->burst);
	if (missing <= 0)
		return now;
	return now + ((uint64_t)missing + p->rate - 1) / p->rate;
}

uint64_t
gw_pacer_quantum(uint64_t rate, uint32_t datagram)
{
	const uint64_t of_ms = gw_rate_bytes(rate, GW_MSEC);

	if (of_ms < 2 * (uint64_t)datagram)
		return 2 * (uint64_t)datagram;
	return of_ms < GW_PACER_BURST_MAX ? of_ms : GW_PACER_BURST_MAX;
}
