/*
 * session_pipe - how fast two sessions of one thread move bytes, from memory
 * to memory, with no sockets between: sealing, opening, and all that a
 * session does around them.  Beside it the same records through the AEAD
 * alone, which is the bound.
 *
 * usage: session_pipe [GIGABYTES] [PIECE]    (4, 1048576)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/kdf.h"
#include "session/door.h"
#include "session/tcp/tcp_session.h"

enum { WINDOW = 64 << 20 };

static const char code[] = "7-crane-otter";

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
must(enum gw_err err)
{
	if (err == GW_OK)
		return;
	fprintf(stderr, "session_pipe: %s\n", gw_err_name(err));
	exit(1);
}

static void
fill(void *arg, void *out, size_t n)
{
	(void)arg;
	gw_random_bytes(out, n);
}

static struct gw_session *
make(bool initiator, struct gw_door *door, bool aes)
{
	struct gw_keypair keys;
	struct gw_session *s;
	uint8_t seed[32];

	gw_random_bytes(seed, sizeof(seed));
	gw_keypair_from(seed, &keys);
	must(gw_tcp_session_new(
	    &(struct gw_session_options){
		.initiator = initiator,
		.self = &keys,
		.name = "bench",
		.prefer_aes = aes,
		.window = WINDOW,
		.random = { fill, NULL },
		.mode = GW_MODE_CODE,
		.code = code,
		.door = door,
	    },
	    0, &s));
	return s;
}

/* Move what one has to the other; returns bytes of streams that came. */
static size_t
move(struct gw_session *from, struct gw_session *to, size_t *wire)
{
	struct gw_session_event ev;
	struct gw_slice out;
	size_t got = 0, cap;
	uint8_t *at;

	while ((out = gw_tcp_session_send_buf(from, 0)).n > 0) {
		at = gw_tcp_session_recv_buf(to, &cap);
		if (out.n > cap)
			out.n = cap;
		memcpy(at, out.p, out.n);
		*wire += out.n;
		gw_tcp_session_recv_ack(to, out.n, 0);
		gw_tcp_session_send_ack(from, out.n, 0);
		while (gw_session_event(to, &ev)) {
			if (ev.kind == GW_SESSION_CLOSED)
				must(ev.closed.err == GW_OK ? GW_E_FAILED
							    : ev.closed.err);
			if (ev.kind != GW_SESSION_DATA)
				continue;
			got += ev.data.bytes.n;
			gw_session_credit(to, 1, ev.data.bytes.n);
		}
	}
	return got;
}

static double
run_sessions(uint64_t total, size_t piece, bool aes)
{
	struct gw_door *door;
	struct gw_session *a, *b;
	uint8_t *data = malloc(piece);
	size_t wire = 0;
	uint64_t got = 0;
	double start;

	must(data == NULL ? GW_E_MEMORY : GW_OK);
	memset(data, 7, piece);
	must(gw_door_new(&door));
	must(gw_door_set_code(door, code));
	a = make(true, door, aes);
	b = make(false, door, aes);
	do {
		wire = 0;
		move(a, b, &wire);
		move(b, a, &wire);
	} while (wire > 0);
	start = seconds();
	for (size_t at = 0; got < total;) {
		at +=
		    gw_session_write(a, 1, gw_slice(data + at, piece - at), 0);
		at %= piece;
		got += move(a, b, &wire);
		move(b, a, &wire);
	}
	start = seconds() - start;
	gw_session_free(a);
	gw_session_free(b);
	gw_door_free(door);
	free(data);
	return (double)got / start / 1e9;
}

static double
run_aead(uint64_t total, enum gw_cipher cipher)
{
	static uint8_t data[GW_RECORD_DATA], sealed[GW_RECORD_DATA + 32];
	const uint8_t secret[GW_SECRET_LEN] = { 1 }, head[16] = { 2 };
	const struct gw_slice aad = gw_slice("abcd", 4);
	struct gw_aead *seal, *open;
	uint64_t n = 0;
	double start;

	must(gw_aead_new(cipher, secret, &seal));
	must(gw_aead_new(cipher, secret, &open));
	start = seconds();
	for (; n * GW_RECORD_DATA < total; n++) {
		gw_aead_seal(seal, n, aad, gw_slice(head, sizeof(head)),
		    gw_slice(data, sizeof(data)), sealed);
		if (!gw_aead_open(open, n, aad, sealed, sizeof(sealed)))
			must(GW_E_PROTOCOL);
	}
	start = seconds() - start;
	gw_aead_free(seal);
	gw_aead_free(open);
	return (double)(n * GW_RECORD_DATA) / start / 1e9;
}

static void
report(enum gw_cipher cipher, uint64_t total, size_t piece)
{
	const double bound = run_aead(total, cipher);
	const double speed =
	    run_sessions(total, piece, cipher == GW_AES_256_GCM);

	printf("%-18s %8zu %8.2f %8.2f %7.0f %%\n", gw_cipher_name(cipher),
	    piece, speed, bound, 100 * speed / bound);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	const double gigabytes = argc > 1 ? atof(argv[1]) : 4;
	const size_t piece =
	    argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1 << 20;
	const uint64_t total = (uint64_t)(gigabytes * 1e9);

	if (!gw_crypto_start() || total == 0 || piece == 0)
		return 1;
	printf("seal and open, one thread, GB/s\n");
	printf("%-18s %8s %8s %8s %9s\n", "cipher", "piece", "session", "aead",
	    "session");
	if (gw_cipher_has_aes())
		report(GW_AES_256_GCM, total, piece);
	report(GW_CHACHA20_POLY1305, total, piece);
	return 0;
}
