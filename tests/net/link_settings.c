#include "link_settings.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
set_one(struct link_settings *s, const char *key, double value)
{
	const struct {
		const char *key;
		double *value;
	} table[] = {
		{ "loss", &s->loss },
		{ "dup", &s->dup },
		{ "corrupt", &s->corrupt },
		{ "reorder", &s->reorder },
		{ "burst", &s->burst },
		{ "burst_silence", &s->burst_silence_ms },
		{ "delay", &s->delay_ms },
		{ "jitter", &s->jitter_ms },
		{ "reorder_by", &s->reorder_by_ms },
		{ "rate", &s->rate },
		{ "queue", &s->queue },
		{ "cut", &s->cut },
		{ "seed", &s->seed },
		{ "mtu", &s->mtu },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].key, key) == 0) {
			*table[i].value = value;
			return true;
		}
	}
	return false;
}

bool
link_settings_parse(struct link_settings *s, const char *text)
{
	char copy[512];
	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return false;
	struct link_settings changed = *s;
	char *rest = NULL;
	for (char *word = strtok_r(copy, ",", &rest); word != NULL;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');
		char *end = NULL;
		if (equals == NULL)
			return false;
		*equals = '\0';
		double number = strtod(equals + 1, &end);
		if (end == equals + 1 || *end != '\0' || !(number >= 0) ||
		    !set_one(&changed, word, number))
			return false;
	}
	*s = changed;
	return true;
}
