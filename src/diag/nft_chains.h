/*
 * nft_chains - the chains of nftables (and of iptables on top of it) that
 * packets to and from this machine pass, and what happens to those that no
 * rule speaks of.
 */
#ifndef GW_DIAG_NFT_CHAINS_H
#define GW_DIAG_NFT_CHAINS_H

#include <stdbool.h>
#include <stddef.h>

enum { GW_NFT_NAME = 64, GW_NFT_CHAINS = 32 };

struct gw_nft_chain {
	const char *family; /* "inet", "ip", "ip6"; static storage */
	char table[GW_NFT_NAME], name[GW_NFT_NAME]; /* cut to fit */
	bool out;   /* what this machine sends; else what it gets */
	bool drops; /* what no rule speaks of */
};

struct gw_nft_chains {
	struct gw_nft_chain v[GW_NFT_CHAINS];
	size_t count; /* further ones are left out */
};

/* 0, or an error number: EPERM without root; others where the kernel has no
 * nftables. */
int gw_nft_chains_list(struct gw_nft_chains *);

#endif /* GW_DIAG_NFT_CHAINS_H */
