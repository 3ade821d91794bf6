#include "os/full_io.h"

#include <errno.h>
#include <unistd.h>

bool
gw_full_pread(int fd, void *buf, size_t n, uint64_t offset, size_t *got)
{
	uint8_t *p = buf;
	size_t done = 0;
	ssize_t r;

	while (done < n) {
		r = pread(fd, p + done, n - done, (off_t)(offset + done));
		if (r == 0)
			break;
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		done += (size_t)r;
	}
	*got = done;
	return true;
}

bool
gw_full_pwrite(int fd, const void *buf, size_t n, uint64_t offset)
{
	const uint8_t *p = buf;
	size_t done = 0;
	ssize_t r;

	while (done < n) {
		r = pwrite(fd, p + done, n - done, (off_t)(offset + done));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		if (r == 0) { /* never seen; must not spin */
			errno = EIO;
			return false;
		}
		done += (size_t)r;
	}
	return true;
}
