/*
 * Runs one fuzz target over the files of corpus directories, for builds
 * without libFuzzer.  Every file is one case of TAP output.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { INPUT_MAX = 1 << 20 };

/* Exactly as large as the input, so that sanitizers see a read past it. */
static int
replay_file(const char *path)
{
	static uint8_t input[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t n;

	if (file == NULL)
		return -1;
	n = fread(input, 1, sizeof(input), file);
	if (ferror(file)) {
		fclose(file);
		return -1;
	}
	fclose(file);
	exact = malloc(n == 0 ? 1 : n);
	if (exact == NULL)
		return -1;
	memcpy(exact, input, n);
	LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

/* Number of cases, or -1. */
static int
replay_dir(const char *path, int done)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char name[4096];

	if (dir == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		/* Before it runs: it may not come back. */
		printf("# %s\n", entry->d_name);
		fflush(stdout);
		if (replay_file(name) != 0) {
			fprintf(stderr, "%s: cannot be read\n", name);
			closedir(dir);
			return -1;
		}
		printf("ok %d - %s\n", ++done, entry->d_name);
	}
	closedir(dir);
	return done;
}

int
main(int argc, char **argv)
{
	int done = 0;

	for (int i = 1; i < argc; i++)
		if ((done = replay_dir(argv[i], done)) < 0)
			return 1;
	printf("1..%d\n", done);
	if (done == 0)
		fprintf(stderr, "no corpus file: nothing was tested\n");
	return done == 0;
}
