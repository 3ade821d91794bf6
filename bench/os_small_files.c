/*
 * os_small_files - what the receiver's disk side costs for small files, all
 * else left away: 100,000 files of 4 KB are written to temporary files in
 * 100 directories and given their names, by 1 and by 2 threads; then the
 * tree is walked and read as a sender would.
 *
 * usage: os_small_files DIR   (an empty place below it is made and removed)
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/source.h"
#include "os/target.h"
#include "os/walk.h"

enum { FILES = 100000, DIRS = 100, SIZE = 4096, BATCH = 4096 };

struct share {
	struct gw_target *target;
	unsigned first, step;
	bool place;
};

static uint8_t content[SIZE];

static void
must(enum gw_err err, const char *what, const struct gw_why *why)
{
	if (err == GW_OK)
		return;
	fprintf(stderr, "%s: %s (%s)\n", what, gw_err_name(err), why->text);
	exit(1);
}

static struct gw_target_file
file(unsigned i, char path[64], char temp[64])
{
	snprintf(path, 64, "d%02u/file-%06u.txt", i / (FILES / DIRS), i);
	snprintf(temp, 64, ".godwit-%016x.part", i);
	return (struct gw_target_file){
		.path = gw_slice_str(path), .temp = temp, .entry = i
	};
}

static void *
work(void *arg)
{
	const struct share *s = arg;
	struct gw_target_whole w = { .data = gw_slice(content, SIZE),
		.attrs = { .mode = 0644, .mtime_s = 1700000000 } };
	struct gw_why why;
	char path[64], temp[64];
	uint32_t nth;

	for (unsigned i = s->first; i < FILES; i += s->step) {
		w.file = file(i, path, temp);
		if (s->place)
			must(gw_target_place(s->target, &w.file,
				 GW_PLACE_RENAME, &nth, &why),
			    "place", &why);
		else
			must(gw_target_write_whole(s->target, &w, &why),
			    "write", &why);
	}
	return NULL;
}

static double
phase(struct gw_target *t, unsigned threads, bool place)
{
	struct share shares[2];
	pthread_t ids[2];
	gw_usec start = gw_clock_now();

	for (unsigned i = 0; i < threads; i++) {
		shares[i] = (struct share){ t, i, threads, place };
		pthread_create(&ids[i], NULL, work, &shares[i]);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return (double)(gw_clock_now() - start);
}

static void
write_tree(const char *dir, unsigned threads)
{
	struct gw_target *t;
	static struct gw_target_file many[BATCH];
	struct gw_stamp stamp;
	struct gw_why why;
	gw_usec start;
	char path[64];
	double written, placed, synced;
	bool made;

	must(gw_target_open(dir, &why, &t), dir, &why);
	for (unsigned i = 0; i < DIRS; i++) {
		snprintf(path, sizeof path, "d%02u", i);
		must(
		    gw_target_mkdir(t, gw_slice_str(path), &made, &stamp, &why),
		    path, &why);
	}
	written = phase(t, threads, false);
	start = gw_clock_now();
	must(gw_target_sync(t, many, BATCH, &why), "sync", &why);
	synced = (double)(gw_clock_now() - start);
	placed = phase(t, 1, true);
	start = gw_clock_now();
	must(gw_target_sync_dirs(t, &why), "sync", &why);
	synced += (double)(gw_clock_now() - start);
	printf("%u thread%s: write %.2f us a file and thread, "
	       "place %.2f us, sync %.0f ms in all\n",
	    threads, threads > 1 ? "s" : "", written * threads / FILES,
	    placed / FILES, synced / 1000);
	gw_target_close(t);
}

static void
read_tree(const char *dir)
{
	struct gw_walk_options o = { .path_max = 4096, .depth_max = 256 };
	struct gw_walk_entry e;
	struct gw_roots *roots;
	struct gw_source *source;
	struct gw_walk *walk;
	struct gw_stamp stamp;
	struct gw_why why;
	enum gw_err err;
	gw_usec start = gw_clock_now();
	uint8_t buf[SIZE];
	unsigned files = 0;
	int fd;

	must(gw_roots_new(&dir, 1, &why, &roots), dir, &why);
	o.roots = roots;
	must(gw_walk_new(&o, &walk), dir, &why);
	while (gw_walk_next(walk, &e) == GW_OK)
		files++;
	gw_walk_free(walk);
	printf("walk: %u entries in %.0f ms\n", files,
	    (double)(gw_clock_now() - start) / 1000);

	must(gw_walk_new(&o, &walk), dir, &why);
	must(gw_source_new(roots, &source), dir, &why);
	start = gw_clock_now();
	while ((err = gw_walk_next(walk, &e)) == GW_OK) {
		struct gw_source_read r = { .buf = buf, .n = SIZE };

		if (e.stamp.kind != GW_KIND_FILE)
			continue;
		must(gw_source_open(source, gw_slice(e.path, e.path_len), &fd,
			 &stamp, &why),
		    e.path, &why);
		must(gw_source_read(fd, &r, &why), e.path, &why);
		must(gw_source_stamp(fd, &stamp, &why), e.path, &why);
		close(fd);
	}
	printf("walk and read: %.2f us a file\n",
	    (double)(gw_clock_now() - start) / FILES);
	gw_walk_free(walk);
	gw_source_free(source);
	gw_roots_free(roots);
}

static void
remove_tree(const char *dir)
{
	char command[4200];

	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	if (system(command) != 0)
		fprintf(stderr, "%s is left\n", dir);
}

int
main(int argc, char **argv)
{
	char dir[4096];

	if (argc != 2) {
		fprintf(stderr, "usage: os_small_files DIR\n");
		return 2;
	}
	for (unsigned threads = 1; threads <= 2; threads++) {
		snprintf(dir, sizeof dir, "%s/os_small_files.XXXXXX", argv[1]);
		if (mkdtemp(dir) == NULL) {
			perror(dir);
			return 1;
		}
		write_tree(dir, threads);
		read_tree(dir);
		remove_tree(dir);
	}
	return 0;
}
