/*
 * Any bytes as what a process shows of its sessions, sealed or not: what comes
 * out is in order, and written again it is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/hash.h"
#include "fuzz.h"
#include "os/session_page.h"

static const uint8_t magic[8] = { 'g', 'w', 's', 'h', 'o', 'w', 's', 1 };

enum { LENGTH_AT = 8, CHECK_AT = 12, BODY_AT = 28 };

static void
check(const struct gw_shown_session *s)
{
	GW_ASSERT(s->serial != 0);
	GW_ASSERT(s->step_count > 0 && s->step_count <= GW_SESSION_STEPS);
	GW_ASSERT(s->steps[0].state <= GW_SHOWN_SYN_RCVD);
	for (unsigned i = 0; i < s->step_count; i++) {
		GW_ASSERT(s->steps[i].state < GW_SHOWN_STATES);
		GW_ASSERT(s->steps[i].at != GW_NEVER);
		if (i == 0)
			continue;
		GW_ASSERT(s->steps[i].state > s->steps[i - 1].state);
		GW_ASSERT(s->steps[i].at >= s->steps[i - 1].at);
	}
	GW_ASSERT(memchr(s->cipher, '\0', sizeof s->cipher) != NULL);
	GW_ASSERT(memchr(s->congestion, '\0', sizeof s->congestion) != NULL);
}

/* Written and read again. */
static struct gw_shown_session
repeated(const struct gw_session_page *page, const struct gw_shown_session *s)
{
	static uint8_t buf[GW_SESSION_PAGE_BYTES];
	struct gw_session_page_writer w;
	struct gw_session_page_reader r;
	struct gw_session_page p;
	struct gw_shown_session same;

	gw_session_page_begin(&w, buf, page);
	gw_session_page_add(&w, s);
	GW_ASSERT(gw_session_page_open(
	    gw_slice(buf, gw_session_page_end(&w)), &p, &r));
	GW_ASSERT(p.cookie == page->cookie);
	GW_ASSERT(gw_session_page_next(&r, &same));
	return same;
}

static void
read_all(struct gw_slice bytes)
{
	struct gw_session_page_reader r;
	struct gw_session_page page;
	struct gw_shown_session s, same;
	unsigned count = 0;

	if (!gw_session_page_open(bytes, &page, &r))
		return;
	GW_ASSERT(page.count <= GW_SESSION_PAGE_MAX);
	while (gw_session_page_next(&r, &s)) {
		check(&s);
		GW_ASSERT(++count <= page.count);
		same = repeated(&page, &s);
		GW_ASSERT(same.step_count == s.step_count);
		GW_ASSERT(
		    memcmp(&same.figures, &s.figures, sizeof s.figures) == 0);
		GW_ASSERT(strcmp(same.cipher, s.cipher) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	struct gw_hash h;

	GW_ASSERT(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	read_all(gw_slice(copy, size));
	/* And as a liar would make it. */
	if (size > BODY_AT && size < UINT32_MAX) {
		memcpy(copy, magic, sizeof magic);
		for (int i = 0; i < 4; i++)
			copy[LENGTH_AT + i] = (uint8_t)(size >> (24 - 8 * i));
		h = gw_hash_of(gw_slice(copy + BODY_AT, size - BODY_AT));
		memcpy(copy + CHECK_AT, h.b, sizeof h.b);
		read_all(gw_slice(copy, size));
	}
	free(copy);
	return 0;
}
