/*
 * context - what the jobs of one struct gw share.
 */
#ifndef GW_RUN_CONTEXT_H
#define GW_RUN_CONTEXT_H

#include "run/entrance.h"
#include "run/loop.h"

struct gw_acceptor;
struct gw_connection;
struct gw_dgram;
struct gw_forward;
struct gw_job;
struct gw_peers;
struct gw_relay;
struct gw_serve;

struct gw {
	struct gw_loop loop;
	struct gw_self self;
	char key_text[2 * GW_KEY_LEN + 1];
	char *data_dir, *state_dir;
	char *runtime_dir; /* NULL: its sessions are not shown */
	uint64_t memory;
	int helper_fd;
	struct gw_job *jobs;
	struct gw_dgram *dgrams;
	struct gw_connection *connections;
	struct gw_acceptor *acceptors;
	struct gw_peers *peers;
	struct gw_forward *forwards;
	struct gw_relay *relays;
	struct gw_serve *serves;
	char last_error[512];
};

/* GW_E_USAGE, told: it was opened plain, without identity and directories. */
GW_MUST_USE enum gw_err gw_context_whole(struct gw *);

/* Remember why a call failed; returns err. */
enum gw_err gw_context_error(struct gw *, enum gw_err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* GW_RUN_CONTEXT_H */
