/*
 * err - the one table of what the world may do to us.
 *
 * Tests: tests/unit/err_test.c.
 */
#include "base/err.h"

#include "base/assert.h"

struct err_row {
	const char *name;
	const char *text;
	int exit;
};

static const struct err_row rows[GW_E_COUNT] = {
	[GW_OK] = { "ok", "Done.", 0 },
	[GW_E_FAILED] = { "failed", "It failed, and nothing arrived.", 1 },
	[GW_E_MEMORY] = { "memory", "This machine is out of memory.", 1 },
	[GW_E_USAGE] = { "usage", "The arguments do not fit together.", 2 },
	[GW_E_AGAIN] = { "again", "There is nothing to do yet.", 1 },
	[GW_E_LIMIT] = { "limit", "A limit of this side was reached.", 1 },
	[GW_E_PROTOCOL] = { "protocol", "The other side broke the protocol.",
	    1 },
	[GW_E_ADDRESS] = { "address", "Cannot listen at this address.", 1 },
	[GW_E_RESOLVE] = { "resolve", "The host's name has no address.", 3 },
	[GW_E_CONNECT] = { "connect", "Nobody there, or cannot connect.", 3 },
	[GW_E_STRANGER] = { "stranger",
	    "Somebody is there, but it does not speak godwit.", 3 },
	[GW_E_AUTH] = { "auth", "The code or the key is not the right one.",
	    4 },
	[GW_E_BURNED] = { "burned",
	    "Too many wrong guesses: this code is void now.", 4 },
	[GW_E_REFUSED] = { "refused", "The transfer was refused.", 5 },
	[GW_E_SOME_FAILED] = { "some-failed",
	    "The transfer reached its end, but some entries failed.", 6 },
	[GW_E_NO_PATH] = { "no-path", "A path is not there or cannot be read.",
	    7 },
	[GW_E_DISK] = { "disk", "A disk or file error on this side.", 7 },
	[GW_E_SPACE] = { "space", "Not enough free space on this side.", 7 },
	[GW_E_LOST] = { "lost", "The connection was lost.", 8 },
	[GW_E_STALLED] = { "stalled", "Nothing moved for too long.", 8 },
	[GW_E_VERSION] = { "version",
	    "The versions of the two sides do not fit.", 9 },
	[GW_E_INTERRUPTED] = { "interrupted", "Interrupted on this side.",
	    130 },
	[GW_E_PEER_DISK] = { "peer-disk",
	    "A disk error on the other side ended the transfer.", 1 },
	[GW_E_PEER_GONE] = { "peer-gone", "The other side was interrupted.",
	    8 },
};

static const struct err_row *
row_of(enum gw_err err)
{
	GW_ASSERT((unsigned)err < GW_E_COUNT);
	return &rows[err];
}

const char *
gw_err_name(enum gw_err err)
{
	return row_of(err)->name;
}

const char *
gw_err_text(enum gw_err err)
{
	return row_of(err)->text;
}

int
gw_err_exit(enum gw_err err)
{
	return row_of(err)->exit;
}
