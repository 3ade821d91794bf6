/*
 * quest_words - what a quest says to people.
 */
#ifndef GW_RUN_QUEST_WORDS_H
#define GW_RUN_QUEST_WORDS_H

#include "run/candidates.h"
#include "run/quest.h"

/* "number 7", "kitchen-pc". */
const char *gw_quest_whom(const struct gw_quest_options *, char out[96]);

/* In one sentence, that nobody was found until its time was over. */
void gw_quest_over(
    const struct gw_quest_options *, char out[GW_QUEST_NOTICE_MAX]);

/* That nobody was found, who is there instead, where it has asked, and what to
 * try next.  port NULL: it could not ask. */
void gw_quest_nobody(const struct gw_quest_options *,
    const struct gw_discovery_port *, const struct gw_candidates *others,
    char out[GW_QUEST_NOTICE_MAX]);

/* Those who claim to be it could not be reached. */
void gw_quest_unreached(const struct gw_quest_options *,
    const struct gw_candidates *, char out[GW_QUEST_NOTICE_MAX]);

#endif /* GW_RUN_QUEST_WORDS_H */
