/*
 * signals - Ctrl-C, SIGTERM and a new size of the terminal, as a descriptor.
 */
#ifndef GW_CLI_SIGNALS_H
#define GW_CLI_SIGNALS_H

/*
 * From now on SIGINT, SIGTERM, SIGHUP, SIGALRM and SIGWINCH wait in the
 * descriptor that this returns (-1: there is none), and SIGPIPE is ignored.
 * Call before any thread.  What the parent had ignored stays ignored (nohup).
 */
int cli_signals_open(void);

/* Another one in a descriptor of its own, or -1. */
int cli_signals_also(int signal);

/* The next of them, or 0. */
int cli_signals_take(int fd);

#endif /* GW_CLI_SIGNALS_H */
