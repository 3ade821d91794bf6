/*
 * link_emulator - a bad link between two network namespaces.
 *
 * Opens a TAP device in each of two namespaces and carries Ethernet frames
 * between them; link_direction says what becomes of them on the way.  Each
 * direction is one thread; the main thread takes signals and changes.
 *
 *   link-emulator NS-A NS-B DEVICE [ab|ba|both KEY=VALUE,...]...
 *
 * NS is a file such as /run/netns/x; DEVICE is the name that both devices
 * get; link_settings.h has the keys.  Prints "ready" when frames can pass.
 * Lines on standard input of the same form change a running link, and
 * "counters" prints counters, as its end does (SIGTERM, SIGINT, or the end of
 * standard input).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "link_direction.h"

enum {
	DEVICE_QUEUE = 10000, /* frames the kernel keeps for us */
	READ_BATCH = 64,      /* frames before those that are due go out */
	/*
	 * No more often does a direction wake up: what comes within that time
	 * is one batch, as it is for the interrupts of a network card.
	 */
	TICK_NSEC = 40000
};

static const uint64_t SECOND_NSEC = 1000000000;

struct side {
	const char *name;
	int from, to;
	pthread_t thread;
	pthread_mutex_t lock; /* of the settings */
	struct link_settings settings;
	struct link_direction direction;
};

static struct side ab = {
	.name = "ab",
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.settings = { .seed = 1, .mtu = 1500 },
};
static struct side ba = {
	.name = "ba",
	.lock = PTHREAD_MUTEX_INITIALIZER,
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

/* ---- a direction ---- */

static void
read_some(struct side *s)
{
	uint8_t bytes[FRAME_MAX];
	const uint64_t now = now_nsec();
	for (int i = 0; i < READ_BATCH; i++) {
		const ssize_t n = read(s->from, bytes, sizeof(bytes));
		if (n <= 0)
			break;
		link_direction_take(&s->direction, bytes, (uint32_t)n, now);
	}
}

static void
write_due(struct side *s)
{
	const uint64_t now = now_nsec();
	struct frame *f;
	while ((f = link_direction_give(&s->direction, now)) != NULL) {
		const bool sent = write(s->to, f->bytes, f->length) >= 0;
		link_counters_add(&s->direction.counters,
		    sent ? LINK_OUT : LINK_REFUSED, f->length);
		frames_free(&s->direction.frames, f);
	}
}

static struct timespec
timespec_of(uint64_t nsec)
{
	return (struct timespec){ .tv_sec = (time_t)(nsec / SECOND_NSEC),
		.tv_nsec = (long)(nsec % SECOND_NSEC) };
}

static void
wait_for_work(const struct side *s, uint64_t woken)
{
	struct pollfd p = { .fd = s->from, .events = POLLIN };
	struct timespec t = timespec_of(woken + TICK_NSEC);
	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
	const uint64_t due = frames_due_nsec(&s->direction.frames);
	const uint64_t now = now_nsec();
	t = timespec_of(due > now ? due - now : 0);
	(void)ppoll(&p, 1, due == FRAMES_NEVER ? NULL : &t, NULL);
}

static void *
carry(void *argument)
{
	struct side *s = argument;
	/* Due frames leave on time, not up to 50 us later ... */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	/* ... and a link is no slower because the machine has much to do. */
	(void)setpriority(PRIO_PROCESS, 0, -10);
	for (;;) {
		const uint64_t woken = now_nsec();
		(void)pthread_mutex_lock(&s->lock);
		s->direction.settings = s->settings;
		(void)pthread_mutex_unlock(&s->lock);
		read_some(s);
		write_due(s);
		wait_for_work(s, woken);
	}
	return NULL;
}

/* ---- settings ---- */

static bool
set_side(struct side *s, const char *text)
{
	(void)pthread_mutex_lock(&s->lock);
	const bool fine = link_settings_parse(&s->settings, text);
	(void)pthread_mutex_unlock(&s->lock);
	return fine;
}

static bool
set(const char *which, const char *text)
{
	if (strcmp(which, "ab") == 0)
		return set_side(&ab, text);
	if (strcmp(which, "ba") == 0)
		return set_side(&ba, text);
	return strcmp(which, "both") == 0 && set_side(&ab, text) &&
	       set_side(&ba, text);
}

static void
print_counters(void)
{
	link_counters_print(&ab.direction.counters, ab.name, stdout);
	link_counters_print(&ba.direction.counters, ba.name, stdout);
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
start(struct side *s, int from, int to)
{
	s->from = from;
	s->to = to;
	if (!link_direction_init(&s->direction, &s->settings))
		die("frames");
	errno = pthread_create(&s->thread, NULL, carry, s);
	if (errno != 0)
		die("thread");
}

/* ---- the main thread ---- */

/* True: go on. */
static bool
take_line(void)
{
	char line[600], which[16], text[512];
	if (fgets(line, sizeof(line), stdin) == NULL)
		return false;
	const int words = sscanf(line, "%15s %511s", which, text);
	if (words == 1 && strcmp(which, "counters") == 0) {
		print_counters();
		return true;
	}
	(void)printf("%s\n",
	    words == 2 && set(which, text) ? "changed" : "not understood");
	(void)fflush(stdout);
	return true;
}

static int
block_signals(void)
{
	sigset_t ends;
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &ends, NULL);
	const int fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (fd < 0)
		die("signalfd");
	return fd;
}

int
main(int argc, char **argv)
{
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
	const int signals = block_signals();
	const int a = open_tap(argv[1], argv[3]);
	const int b = open_tap(argv[2], argv[3]);
	start(&ab, a, b);
	start(&ba, b, a);
	(void)printf("ready\n");
	(void)fflush(stdout);

	struct pollfd p[2] = { { .fd = signals, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN } };
	do {
		if (poll(p, 2, -1) < 0)
			die("poll");
	} while (p[0].revents == 0 && (p[1].revents == 0 || take_line()));
	print_counters();
	return 0;
}
