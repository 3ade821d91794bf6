#include "cli/trace_axis.h"

#include <math.h>
#include <stdio.h>

double
cli_trace_step(double most, unsigned steps)
{
	const double least = most > 0 ? most / steps : 1;
	const double power = pow(10, floor(log10(least)));

	if (least <= power * 1.0001)
		return power;
	if (least <= 2 * power)
		return 2 * power;
	return least <= 5 * power ? 5 * power : 10 * power;
}

void
cli_trace_tick(char out[CLI_TRACE_TICK], enum cli_trace_unit unit, double value,
    double step)
{
	static const char *const names[][4] = {
		[CLI_TRACE_BYTES] = { "B", "kB", "MB", "GB" },
		[CLI_TRACE_TIME] = { "µs", "ms", "s", "s" },
		[CLI_TRACE_RATE] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s" },
	};
	unsigned at = 0;
	int digits;

	/* Seconds are not counted in thousands. */
	while (at < (unit == CLI_TRACE_TIME ? 2 : 3) && value >= 1000) {
		value /= 1000;
		step /= 1000;
		at++;
	}
	digits = step < 0.0095 ? 3 : step < 0.095 ? 2 : step < 0.95 ? 1 : 0;
	if (value == 0)
		snprintf(out, CLI_TRACE_TICK, "0");
	else
		snprintf(out, CLI_TRACE_TICK, "%.*f %s", digits, value,
		    names[unit][at]);
}
