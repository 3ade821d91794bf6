#include "diag/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FEATURES_MAX = 1024, WORD_BITS = 32 };

struct asking {
	int fd;
	struct ifreq request;
};

static bool
ask(struct asking *a, void *command)
{
	a->request.ifr_data = command;
	return ioctl(a->fd, SIOCETHTOOL, &a->request) == 0;
}

/* How many features this kernel knows; 0: it does not tell. */
static uint32_t
count_features(struct asking *a)
{
	/* The number follows the head. */
	union {
		struct ethtool_sset_info head;
		uint32_t room[sizeof(struct ethtool_sset_info) / 4 + 1];
	} u = { .head = { .cmd = ETHTOOL_GSSET_INFO,
		    .sset_mask = UINT64_C(1) << ETH_SS_FEATURES } };

	if (!ask(a, &u) || u.head.sset_mask == 0)
		return 0;
	memcpy(&u.room[0], u.head.data, sizeof u.room[0]);
	return u.room[0] <= FEATURES_MAX ? u.room[0] : 0;
}

/* Its place among them; count: there is none of that name. */
static uint32_t
find_feature(struct asking *a, uint32_t count, const char *feature)
{
	struct ethtool_gstrings *names =
	    calloc(1, sizeof *names + (size_t)count * ETH_GSTRING_LEN);
	uint32_t i = count;

	if (names == NULL)
		return count;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = count;
	if (ask(a, names))
		for (i = 0; i < count; i++)
			if (strncmp((char *)names->data +
					(size_t)i * ETH_GSTRING_LEN,
				feature, ETH_GSTRING_LEN) == 0)
				break;
	free(names);
	return i;
}

static bool
read_feature(struct asking *a, uint32_t count, uint32_t place, bool *on)
{
	const uint32_t words = (count + WORD_BITS - 1) / WORD_BITS;
	struct ethtool_gfeatures *state =
	    calloc(1, sizeof *state + words * sizeof state->features[0]);
	bool told;

	if (state == NULL)
		return false;
	state->cmd = ETHTOOL_GFEATURES;
	state->size = words;
	told = ask(a, state);
	if (told)
		*on = (state->features[place / WORD_BITS].active >>
			  place % WORD_BITS) &
		      1;
	free(state);
	return told;
}

bool
gw_ethtool_feature(const char *interface, const char *feature, bool *on)
{
	struct asking a = { .fd =
				socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
	uint32_t count, place;
	bool told = false;

	if (a.fd < 0)
		return false;
	strncpy(a.request.ifr_name, interface, sizeof a.request.ifr_name - 1);
	if ((count = count_features(&a)) > 0 &&
	    (place = find_feature(&a, count, feature)) < count)
		told = read_feature(&a, count, place, on);
	close(a.fd);
	return told;
}
