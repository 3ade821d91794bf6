/*
 * link_settings - how bad one direction of the emulated link is.
 *
 * Keys: loss, dup, corrupt, reorder (probabilities); burst (so many frames in
 * a row are lost each time), burst_silence (ms without any that end a burst);
 * delay, jitter, reorder_by (ms); rate (bits a second, 0 = none), queue (bytes
 * that wait for the rate, 0 = no limit); cut (1 = nothing arrives); seed, mtu
 * (of use at the start only; mtu: that of ab).
 */
#ifndef LINK_SETTINGS_H
#define LINK_SETTINGS_H

#include <stdbool.h>

struct link_settings {
	double loss, dup, corrupt, reorder;
	double burst, burst_silence_ms;
	double delay_ms, jitter_ms, reorder_by_ms;
	double rate, queue;
	double cut;
	double seed, mtu;
};

/* "KEY=VALUE,..."; false: not understood, and nothing has changed. */
bool link_settings_parse(struct link_settings *, const char *text);

#endif /* LINK_SETTINGS_H */
