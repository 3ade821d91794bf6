/*
 * quest_private - what quest.c and quest_tries.c share: quest.c asks and
 * decides what is next, quest_tries.c dials one after the other and learns from
 * it.
 */
#ifndef GW_RUN_QUEST_PRIVATE_H
#define GW_RUN_QUEST_PRIVATE_H

#include "crypto/code.h"
#include "os/helper.h"
#include "run/candidates.h"
#include "run/quest.h"

struct gw_quest {
	struct gw_quest_options o;
	char host[GW_HELPER_HOST_MAX + 1];
	char name[GW_NAME_MAX + 1];
	char code[GW_CODE_MAX + 1];
	struct gw_ticket ticket;
	uint8_t peer[GW_KEY_LEN];

	struct gw_discovery_port *port; /* NULL: beacons do not work here */
	struct gw_candidates found;
	struct gw_candidates others; /* who is there, too */
	struct gw_dial *dial;        /* one at a time */
	struct gw_candidate *tried;  /* whom it is to; NULL: host, or before */
	gw_usec tried_at;
	uv_timer_t timer;
	gw_usec began, gather_until, dns_at, everybody_at, nobody_at;
	bool rivals_told, nobody_told;
	bool to_before; /* the dial is to where it was last */
	/* Who has refused the code, at which port; and of those, whom the dial
	 * shall not ask again. */
	struct {
		uint16_t port;
		uint8_t key[GW_KEY_LEN];
	} no[GW_FIND_GUESSES];
	size_t no_count;
	struct gw_refused_keys refused;

	/* How the last one failed that counts. */
	bool wrong;
	struct gw_session_event why;
	char why_text[GW_REASON_MAX + 1];
	char why_at[GW_ADDRESS_TEXT];
};

/* ---- quest.c ---- */

/* Do what is due, or wait for it. */
void gw_quest_step(struct gw_quest *);

/* ---- quest_tries.c ---- */

/* It is gone after each of these but the dials. */
void gw_quest_release(struct gw_quest *);
void gw_quest_fail(struct gw_quest *, enum gw_err, const char *text);
void gw_quest_fail_nobody(struct gw_quest *);

GW_MUST_USE enum gw_err gw_quest_dial(
    struct gw_quest *, const char *host, uint16_t port);
/* Until when the dial goes on, since others wait; GW_NEVER. */
gw_usec gw_quest_turn_ends(const struct gw_quest *);
/* It is over: nobody was reached there. */
void gw_quest_move_on(struct gw_quest *);
/* It may turn out at once that it cannot be: then the dial is still NULL. */
GW_MUST_USE enum gw_err gw_quest_dial_candidate(
    struct gw_quest *, struct gw_candidate *);

#endif /* GW_RUN_QUEST_PRIVATE_H */
