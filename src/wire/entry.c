#include "wire/entry.h"

#include <string.h>

static uint64_t
zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t
unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Seconds either way: enough for any calendar, but a file system may say
 * anything. */
#define SECONDS_MAX (INT64_C(1) << 59)

static void
write_time(struct gw_writer *w, int64_t s, uint32_t ns)
{
	s = s > SECONDS_MAX ? SECONDS_MAX : s;
	s = s < -SECONDS_MAX ? -SECONDS_MAX : s;
	gw_write_varint(w, zigzag(s));
	gw_write_u32(w, ns);
}

static bool
read_time(struct gw_reader *r, int64_t *s, uint32_t *ns)
{
	*s = unzigzag(gw_read_varint(r));
	*ns = gw_read_u32(r);
	return *ns < 1000000000 && *s <= SECONDS_MAX && *s >= -SECONDS_MAX;
}

void
gw_entry_encode(struct gw_writer *w, const struct gw_entry *e)
{
	gw_write_u8(w, (uint8_t)e->kind);
	gw_write_u8(w, e->flags);
	gw_write_u16(w, (uint16_t)(e->mode & 0777));
	gw_write_varint(w, e->size);
	write_time(w, e->mtime_s, e->mtime_ns);
	write_time(w, e->ctime_s, e->ctime_ns);
	gw_write_u64(w, e->ino);
	gw_write_string(w, e->path);
	if (e->kind == GW_KIND_SYMLINK)
		gw_write_string(w, e->target);
	if (e->kind != GW_KIND_FILE)
		return;
	gw_write_varint(
	    w, e->hardlink_of == GW_NO_LINK ? 0 : e->hardlink_of + 1);
	if (e->flags & GW_ENTRY_SPARSE)
		gw_write_varint(w, e->stored);
}

uint64_t
gw_entry_stored(const struct gw_entry *e)
{
	return e->flags & GW_ENTRY_SPARSE ? e->stored : e->size;
}

static bool
clean_component(const uint8_t *p, size_t n)
{
	if (n == 0 || n > GW_COMPONENT_MAX)
		return false;
	if (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.')))
		return false;
	return true;
}

bool
gw_path_is_clean(struct gw_slice path)
{
	size_t start = 0, depth = 0;

	if (path.n == 0 || path.n > GW_PATH_MAX ||
	    memchr(path.p, '\0', path.n) != NULL)
		return false;
	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		if (!clean_component(path.p + start, i - start) ||
		    ++depth > GW_DEPTH_MAX)
			return false;
		start = i + 1;
	}
	return true;
}

static bool
read_tail(struct gw_reader *r, struct gw_entry *e)
{
	uint64_t link;

	e->stored = e->kind == GW_KIND_FILE ? e->size : 0;
	e->target = gw_slice(NULL, 0);
	e->hardlink_of = GW_NO_LINK;
	switch (e->kind) {
	case GW_KIND_DIR:
		return true;
	case GW_KIND_SYMLINK:
		e->target = gw_read_string(r, GW_LINK_MAX);
		return e->target.n > 0 &&
		       memchr(e->target.p, '\0', e->target.n) == NULL;
	case GW_KIND_FILE:
		link = gw_read_varint(r);
		if (link > 0)
			e->hardlink_of = link - 1;
		if (e->flags & GW_ENTRY_SPARSE)
			e->stored = gw_read_varint(r);
		return e->stored <= e->size;
	default:
		return false;
	}
}

bool
gw_entry_decode(struct gw_reader *r, struct gw_entry *out)
{
	struct gw_entry e;

	e.kind = (enum gw_kind)gw_read_u8(r);
	e.flags = gw_read_u8(r);
	e.mode = gw_read_u16(r);
	e.size = gw_read_varint(r);
	if (!read_time(r, &e.mtime_s, &e.mtime_ns) ||
	    !read_time(r, &e.ctime_s, &e.ctime_ns))
		return false;
	e.ino = gw_read_u64(r);
	e.path = gw_read_string(r, GW_PATH_MAX);
	if (e.flags > GW_ENTRY_SPARSE || e.mode > 0777 ||
	    e.size >= GW_SIZE_MAX || !gw_reader_ok(r) ||
	    !gw_path_is_clean(e.path) || !read_tail(r, &e) || !gw_reader_ok(r))
		return false;
	*out = e;
	return true;
}
