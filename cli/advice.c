#include "cli/advice.h"

bool
cli_advice_goes_on(const struct cli_report *r)
{
	return !r->from_input && !r->to_stdout && !r->of_stream && !r->stream;
}

const char *
cli_advice(const struct cli_report *r, enum gw_err err)
{
	static const char *const texts[GW_E_COUNT] = {
		[GW_E_ADDRESS] = "--listen chooses another address or port.",
		[GW_E_RESOLVE] =
		    "Check the name, or give an address (fe80:: with zone).",
		[GW_E_CONNECT] =
		    "Does anybody wait there? `godwit doctor HOST` looks.",
		[GW_E_STRANGER] = "Give the port that the other side shows.",
		[GW_E_AUTH] = "Check the code: each serves one transfer.",
		[GW_E_VERSION] = "Update the older one of the two.",
	};

	if (r->known && (err == GW_E_AUTH || err == GW_E_RESOLVE))
		return NULL; /* the reason says it */
	if (r->stream && (err == GW_E_ADDRESS || err == GW_E_AUTH))
		return err == GW_E_AUTH ? "Check the code."
					: "Choose another address or port.";
	/* The plain protocol knows no code, and goes on from nowhere. */
	if (r->classic && err > GW_E_CONNECT && err != GW_E_NO_PATH)
		return NULL;
	switch (err) {
	case GW_E_NO_PATH:
		return r->sends ? NULL
				: "Make it first, or name another with -o.";
	case GW_E_SPACE:
		return cli_advice_goes_on(r)
			   ? "Make room: the same command goes on from here."
			   : "Make room, and send it anew.";
	case GW_E_LOST:
	case GW_E_STALLED:
	case GW_E_PEER_GONE:
		return cli_advice_goes_on(r)
			   ? "The same commands go on from here."
			   : NULL;
	default:
		return texts[err];
	}
}
