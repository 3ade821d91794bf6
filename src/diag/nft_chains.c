#include "diag/nft_chains.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>

#include "diag/ask_kernel.h"

enum { NO_HOOK = -1 };

struct chain {
	struct gw_nft_chain told;
	long hook;
};

static int
take_hook(const struct nlattr *a, void *arg)
{
	long *hook = arg;

	if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM &&
	    mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
		*hook = ntohl(mnl_attr_get_u32(a));
	return MNL_CB_OK;
}

static void
take_name(const struct nlattr *a, char out[GW_NFT_NAME])
{
	if (mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(out, GW_NFT_NAME, "%s", mnl_attr_get_str(a));
}

static int
take_attribute(const struct nlattr *a, void *arg)
{
	struct chain *c = arg;

	switch (mnl_attr_get_type(a)) {
	case NFTA_CHAIN_TABLE:
		take_name(a, c->told.table);
		break;
	case NFTA_CHAIN_NAME:
		take_name(a, c->told.name);
		break;
	case NFTA_CHAIN_HOOK:
		if (mnl_attr_validate(a, MNL_TYPE_NESTED) >= 0)
			mnl_attr_parse_nested(a, take_hook, &c->hook);
		break;
	case NFTA_CHAIN_POLICY:
		if (mnl_attr_validate(a, MNL_TYPE_U32) >= 0)
			c->told.drops = ntohl(mnl_attr_get_u32(a)) == NF_DROP;
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/* NULL: packets of other kinds. */
static const char *
family_name(unsigned char family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	default:
		return NULL;
	}
}

static int
take_chain(const struct nlmsghdr *h, void *arg)
{
	struct gw_nft_chains *out = arg;
	struct chain c = { .hook = NO_HOOK };
	const struct nfgenmsg *m;

	if (h->nlmsg_type != ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWCHAIN) ||
	    h->nlmsg_len < NLMSG_LENGTH(sizeof *m))
		return MNL_CB_OK;
	m = mnl_nlmsg_get_payload(h);
	c.told.family = family_name(m->nfgen_family);
	if (c.told.family == NULL ||
	    mnl_attr_parse(h, sizeof *m, take_attribute, &c) < 0)
		return MNL_CB_OK;
	c.told.out = c.hook == NF_INET_LOCAL_OUT;
	if ((c.hook == NF_INET_LOCAL_IN || c.told.out) &&
	    out->count < GW_NFT_CHAINS)
		out->v[out->count++] = c.told;
	return MNL_CB_OK;
}

int
gw_nft_chains_list(struct gw_nft_chains *out)
{
	_Alignas(struct nlmsghdr) char buffer[256];
	struct nlmsghdr *h = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *m;

	h->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	*m = (struct nfgenmsg){ .nfgen_family = NFPROTO_UNSPEC,
		.version = NFNETLINK_V0 };
	out->count = 0;
	return gw_ask_kernel(NETLINK_NETFILTER, h, take_chain, out);
}
