/*
 * link_emulator - a bad link between two network namespaces.
 *
 * Opens a TAP device in each of two namespaces and carries Ethernet frames
 * between them, with loss, delay, jitter, a rate with a bounded queue,
 * duplication and corruption, each direction for itself and from a seed.
 * Each direction is one thread; the main thread takes signals and changes.
 *
 *   link-emulator NS-A NS-B DEVICE [ab|ba|both KEY=VALUE,...]...
 *
 * NS is a file such as /run/netns/x; DEVICE is the name that both devices
 * get.  Keys: loss, dup, corrupt, reorder (probabilities), delay, jitter
 * (milliseconds), rate (bits a second, 0 = none), queue (bytes), seed, mtu.
 * Prints "ready" when frames can pass.  Lines on standard input of the same
 * form change a running link; SIGUSR1 prints counters, and so does its end
 * (SIGTERM, SIGINT, or the end of standard input).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "link_frames.h"

enum {
	FRAME_MAX = 9216,
	ETHERNET_HEADER = 14,
	READ_BATCH = 64,     /* frames before those that are due go out */
	DEVICE_QUEUE = 10000 /* frames the kernel keeps for us */
};

static const uint64_t SECOND_NSEC = 1000000000;

struct settings {
	double loss, dup, corrupt, reorder;
	double delay_ms, jitter_ms;
	double rate;      /* bits a second; 0 = none */
	double queue;     /* bytes waiting for the rate */
	double seed, mtu; /* of use at the start only; mtu: that of ab */
};

struct counters {
	atomic_uint_fast64_t in, out, lost, queue_dropped, duplicated;
	atomic_uint_fast64_t corrupted, reordered, refused;
};

struct direction {
	const char *name;
	int from, to;
	pthread_t thread;
	pthread_mutex_t lock; /* of the settings */
	struct settings settings;
	struct counters counters;
	uint64_t random;
	uint64_t line_free_nsec; /* when the rate lets the next frame leave */
	struct frames frames;    /* under way */
};

static struct direction ab = {
	.name = "ab",
	.settings = { .seed = 1, .mtu = 1500 },
};
static struct direction ba = {
	.name = "ba",
	.settings = { .seed = 2, .mtu = 1500 },
};

static _Noreturn void __attribute__((format(printf, 1, 2)))
die(const char *format, ...)
{
	int error = errno;
	va_list ap;
	va_start(ap, format);
	(void)fputs("link-emulator: ", stderr);
	(void)vfprintf(stderr, format, ap);
	(void)fprintf(stderr, ": %s\n", strerror(error));
	va_end(ap);
	exit(1);
}

static uint64_t
now_nsec(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NSEC + (uint64_t)t.tv_nsec;
}

/* splitmix64 */
static uint64_t
random_next(struct direction *d)
{
	uint64_t z = d->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool
chance(struct direction *d, double probability)
{
	/* Draws also where nothing can happen: then a changed probability
	 * does not change the fate of other frames. */
	double draw = (double)(random_next(d) >> 11) / 9007199254740992.0;
	return draw < probability;
}

static void
count_up(atomic_uint_fast64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* ---- what befalls a frame ---- */

/* When the frame has passed the rate; false: the queue is full. */
static bool
pass_rate(struct direction *d, const struct settings *s, uint32_t length,
    uint64_t *leaves_nsec)
{
	uint64_t now = now_nsec();
	if (s->rate <= 0) {
		*leaves_nsec = now;
		return true;
	}
	if (d->line_free_nsec < now)
		d->line_free_nsec = now;
	double waiting = (double)(d->line_free_nsec - now) * s->rate / 8e9;
	if (s->queue > 0 && waiting + length > s->queue)
		return false;
	d->line_free_nsec += (uint64_t)(length * 8e9 / s->rate);
	*leaves_nsec = d->line_free_nsec;
	return true;
}

static void
put_under_way(struct direction *d, const struct settings *s,
    const uint8_t *bytes, uint32_t length)
{
	uint64_t due;
	struct frame *f;
	if (!pass_rate(d, s, length, &due) ||
	    (f = frames_new(&d->frames, bytes, length)) == NULL) {
		count_up(&d->counters.queue_dropped);
		return;
	}
	if (chance(d, s->reorder)) {
		count_up(&d->counters.reordered);
	} else {
		double jitter = (double)(random_next(d) >> 11) /
				9007199254740992.0 * s->jitter_ms;
		due += (uint64_t)((s->delay_ms + jitter) * 1e6);
	}
	f->due_nsec = due;
	frames_push(&d->frames, f);
}

static void
take_frame(struct direction *d, const struct settings *s, uint8_t *bytes,
    uint32_t length)
{
	count_up(&d->counters.in);
	if (chance(d, s->loss)) {
		count_up(&d->counters.lost);
		return;
	}
	bool twice = chance(d, s->dup);
	if (chance(d, s->corrupt) && length > ETHERNET_HEADER) {
		uint64_t bit =
		    random_next(d) % ((length - ETHERNET_HEADER) * 8ULL);
		bytes[ETHERNET_HEADER + bit / 8] ^= (uint8_t)(1u << (bit % 8));
		count_up(&d->counters.corrupted);
	}
	put_under_way(d, s, bytes, length);
	if (twice) {
		count_up(&d->counters.duplicated);
		put_under_way(d, s, bytes, length);
	}
}

static void
send_due(struct direction *d)
{
	uint64_t now = now_nsec();
	while (frames_due_nsec(&d->frames) <= now) {
		struct frame *f = frames_pop(&d->frames);
		if (write(d->to, f->bytes, f->length) < 0)
			count_up(&d->counters.refused);
		else
			count_up(&d->counters.out);
		free(f);
	}
}

static void
wait_for_work(const struct direction *d)
{
	struct pollfd p = { .fd = d->from, .events = POLLIN };
	struct timespec t = { 0 };
	uint64_t due = frames_due_nsec(&d->frames);
	uint64_t now = now_nsec();
	if (due > now) {
		t.tv_sec = (time_t)((due - now) / SECOND_NSEC);
		t.tv_nsec = (long)((due - now) % SECOND_NSEC);
	}
	(void)ppoll(&p, 1, due == FRAMES_NEVER ? NULL : &t, NULL);
}

static void *
carry(void *argument)
{
	struct direction *d = argument;
	uint8_t bytes[FRAME_MAX];
	/* Due frames leave on time, not up to 50 us later. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	for (;;) {
		wait_for_work(d);
		(void)pthread_mutex_lock(&d->lock);
		struct settings s = d->settings;
		(void)pthread_mutex_unlock(&d->lock);
		for (int i = 0; i < READ_BATCH; i++) {
			ssize_t n = read(d->from, bytes, sizeof(bytes));
			if (n <= 0)
				break;
			take_frame(d, &s, bytes, (uint32_t)n);
		}
		send_due(d);
	}
	return NULL;
}

/* ---- settings ---- */

static bool
set_one(struct settings *s, const char *key, double value)
{
	const struct {
		const char *key;
		double *value;
	} table[] = {
		{ "loss", &s->loss },
		{ "dup", &s->dup },
		{ "corrupt", &s->corrupt },
		{ "reorder", &s->reorder },
		{ "delay", &s->delay_ms },
		{ "jitter", &s->jitter_ms },
		{ "rate", &s->rate },
		{ "queue", &s->queue },
		{ "seed", &s->seed },
		{ "mtu", &s->mtu },
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].key, key) == 0) {
			*table[i].value = value;
			return true;
		}
	}
	return false;
}

/* "KEY=VALUE,..."; false: nothing changed. */
static bool
set_all(struct direction *d, const char *text)
{
	char copy[512];
	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return false;
	(void)pthread_mutex_lock(&d->lock);
	struct settings s = d->settings;
	bool fine = true;
	char *rest = NULL;
	for (char *word = strtok_r(copy, ",", &rest); word != NULL && fine;
	     word = strtok_r(NULL, ",", &rest)) {
		char *equals = strchr(word, '=');
		char *end = NULL;
		fine = equals != NULL;
		if (!fine)
			break;
		*equals = '\0';
		double number = strtod(equals + 1, &end);
		fine = end != equals + 1 && *end == '\0' && number >= 0 &&
		       set_one(&s, word, number);
	}
	if (fine)
		d->settings = s;
	(void)pthread_mutex_unlock(&d->lock);
	return fine;
}

static bool
set(const char *which, const char *text)
{
	if (strcmp(which, "ab") == 0)
		return set_all(&ab, text);
	if (strcmp(which, "ba") == 0)
		return set_all(&ba, text);
	return strcmp(which, "both") == 0 && set_all(&ab, text) &&
	       set_all(&ba, text);
}

static void
print_counters(struct direction *d)
{
	struct counters *c = &d->counters;
	const struct {
		const char *name;
		atomic_uint_fast64_t *value;
	} table[] = {
		{ "in", &c->in },
		{ "out", &c->out },
		{ "lost", &c->lost },
		{ "queue_dropped", &c->queue_dropped },
		{ "duplicated", &c->duplicated },
		{ "corrupted", &c->corrupted },
		{ "reordered", &c->reordered },
		{ "refused", &c->refused },
	};
	(void)printf("{\"direction\": \"%s\"", d->name);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		(void)printf(", \"%s\": %" PRIuFAST64, table[i].name,
		    atomic_load(table[i].value));
	(void)printf("}\n");
	(void)fflush(stdout);
}

/* ---- devices ---- */

static void
bring_up(const char *device)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = { 0 };
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	r.ifr_mtu = (int)ab.settings.mtu;
	if (s < 0 || ioctl(s, SIOCSIFMTU, &r) < 0)
		die("mtu of %s", device);
	r.ifr_qlen = DEVICE_QUEUE;
	if (ioctl(s, SIOCSIFTXQLEN, &r) < 0)
		die("queue of %s", device);
	r.ifr_flags = IFF_UP;
	if (ioctl(s, SIOCSIFFLAGS, &r) < 0)
		die("%s up", device);
	(void)close(s);
}

static int
open_tap(const char *namespace_path, const char *device)
{
	int ns = open(namespace_path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		die("%s", namespace_path);
	(void)close(ns);
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq r = { 0 };
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0)
		die("/dev/net/tun");
	bring_up(device);
	return fd;
}

static void
start(struct direction *d, int from, int to)
{
	d->from = from;
	d->to = to;
	d->random = (uint64_t)d->settings.seed;
	if (!frames_init(&d->frames))
		die("frames");
	errno = pthread_create(&d->thread, NULL, carry, d);
	if (errno != 0)
		die("thread");
}

/* ---- the main thread ---- */

/* True: go on. */
static bool
take_signal(int fd)
{
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return true;
	if (info.ssi_signo != SIGUSR1)
		return false;
	print_counters(&ab);
	print_counters(&ba);
	return true;
}

static bool
take_line(void)
{
	char line[600], which[8], text[512];
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	bool fine =
	    sscanf(line, "%7s %511s", which, text) == 2 && set(which, text);
	(void)printf("%s\n", fine ? "changed" : "not understood");
	(void)fflush(stdout);
	return true;
}

static int
block_signals(void)
{
	sigset_t set_of;
	(void)sigemptyset(&set_of);
	(void)sigaddset(&set_of, SIGUSR1);
	(void)sigaddset(&set_of, SIGTERM);
	(void)sigaddset(&set_of, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set_of, NULL);
	int fd = signalfd(-1, &set_of, SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd");
	return fd;
}

int
main(int argc, char **argv)
{
	(void)pthread_mutex_init(&ab.lock, NULL);
	(void)pthread_mutex_init(&ba.lock, NULL);
	bool fine = argc >= 4 && argc % 2 == 0;
	for (int i = 4; fine && i < argc; i += 2)
		fine = set(argv[i], argv[i + 1]);
	if (!fine) {
		(void)fprintf(stderr, "usage: link-emulator NS-A NS-B DEVICE "
				      "[ab|ba|both KEY=VALUE,...]...\n");
		return 2;
	}
	/* One line a time is read where poll has said that there is one. */
	(void)setvbuf(stdin, NULL, _IONBF, 0);
	int signals = block_signals();
	int a = open_tap(argv[1], argv[3]);
	int b = open_tap(argv[2], argv[3]);
	start(&ab, a, b);
	start(&ba, b, a);
	(void)printf("ready\n");
	(void)fflush(stdout);

	struct pollfd p[2] = { { .fd = signals, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN } };
	bool go_on = true;
	while (go_on) {
		if (poll(p, 2, -1) < 0)
			die("poll");
		if (p[0].revents != 0)
			go_on = take_signal(signals);
		if (go_on && p[1].revents != 0)
			go_on = take_line();
	}
	print_counters(&ab);
	print_counters(&ba);
	return 0;
}
