#include "diag/trace_format.h"

#include <linux/perf_event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "diag/inet_diag.h"

static const struct {
	const char *name;
	uint16_t least, most; /* its size */
} wanted[GW_TRACE_FIELDS] = {
	[GW_TRACE_SKADDR] = { "skaddr", 4, 8 },
	[GW_TRACE_OLDSTATE] = { "oldstate", 4, 4 },
	[GW_TRACE_NEWSTATE] = { "newstate", 4, 4 },
	[GW_TRACE_SPORT] = { "sport", 2, 2 },
	[GW_TRACE_DPORT] = { "dport", 2, 2 },
	[GW_TRACE_FAMILY] = { "family", 2, 2 },
	[GW_TRACE_PROTOCOL] = { "protocol", 1, 2 },
	/* These hold IPv4 addresses too, mapped. */
	[GW_TRACE_SADDR] = { "saddr_v6", 16, 16 },
	[GW_TRACE_DADDR] = { "daddr_v6", 16, 16 },
};

/* ---- the format ---- */

/* Does the declaration ("const void * skaddr", "__u8 saddr_v6[16]") end in
 * this name? */
static bool
declares(const char *text, size_t n, const char *name)
{
	const char *bracket = memchr(text, '[', n);
	size_t length = strlen(name);

	if (bracket != NULL)
		n = (size_t)(bracket - text);
	return n > length && text[n - length - 1] == ' ' &&
	       memcmp(text + n - length, name, length) == 0;
}

/* The number after `key` before the line's end. */
static bool
number_after(const char *line, size_t n, const char *key, uint16_t *out)
{
	size_t length = strlen(key);
	unsigned long v;

	for (size_t i = 0; i + length < n; i++) {
		if (memcmp(line + i, key, length) != 0)
			continue;
		v = strtoul(line + i + length, NULL, 10);
		*out = (uint16_t)v;
		return v <= UINT16_MAX;
	}
	return false;
}

/* "\tfield:TYPE NAME;\toffset:8;\tsize:8;\tsigned:0;" */
static void
take_line(struct gw_trace_format *f, const char *line, size_t n)
{
	static const char mark[] = "field:";
	const char *start, *end;
	struct gw_trace_field field;

	if (n > 0 && *line == '\t') {
		line++;
		n--;
	}
	if (n < sizeof mark || memcmp(line, mark, sizeof mark - 1) != 0)
		return;
	start = line + sizeof mark - 1;
	if ((end = memchr(start, ';', n - (sizeof mark - 1))) == NULL ||
	    !number_after(line, n, "offset:", &field.offset) ||
	    !number_after(line, n, "size:", &field.size))
		return;
	for (size_t i = 0; i < GW_TRACE_FIELDS; i++)
		if (declares(start, (size_t)(end - start), wanted[i].name) &&
		    field.size >= wanted[i].least &&
		    field.size <= wanted[i].most)
			f->fields[i] = field;
}

bool
gw_trace_format_parse(struct gw_trace_format *out, const char *text)
{
	struct gw_trace_format f = { .fields = { { 0, 0 } } };

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		take_line(&f, text, n);
		text += n;
		text += *text == '\n';
	}
	for (size_t i = 0; i < GW_TRACE_FIELDS; i++)
		if (f.fields[i].size == 0)
			return false;
	*out = f;
	return true;
}

/* ---- records ---- */

/* Numbers as this machine has them; none past the end. */
struct reader {
	const uint8_t *p;
	size_t left;
	bool failed;
};

static void
take(struct reader *r, void *out, size_t n)
{
	if (r->left < n) {
		memset(out, 0, n);
		r->failed = true;
		return;
	}
	memcpy(out, r->p, n);
	r->p += n;
	r->left -= n;
}

/* A number field of at most 8 bytes. */
static bool
number(const struct gw_trace_field *f, struct gw_slice raw, uint64_t *out)
{
	uint8_t v8;
	uint16_t v16;
	uint32_t v32;

	if ((size_t)f->offset + f->size > raw.n)
		return false;
	switch (f->size) {
	case sizeof v8:
		*out = raw.p[f->offset];
		return true;
	case sizeof v16:
		memcpy(&v16, raw.p + f->offset, sizeof v16);
		*out = v16;
		return true;
	case sizeof v32:
		memcpy(&v32, raw.p + f->offset, sizeof v32);
		*out = v32;
		return true;
	case sizeof *out:
		memcpy(out, raw.p + f->offset, sizeof *out);
		return true;
	default:
		return false;
	}
}

static bool
address(const struct gw_trace_field *f, struct gw_slice raw, uint8_t out[16])
{
	if ((size_t)f->offset + f->size > raw.n || f->size != 16)
		return false;
	memcpy(out, raw.p + f->offset, 16);
	return true;
}

static bool
take_fields(const struct gw_trace_format *format, struct gw_slice raw,
    struct gw_transition *t)
{
	uint64_t v[GW_TRACE_FIELDS];
	enum gw_socket_state from, to;

	for (size_t i = 0; i < GW_TRACE_SADDR; i++)
		if (!number(&format->fields[i], raw, &v[i]))
			return false;
	if (v[GW_TRACE_PROTOCOL] != IPPROTO_TCP ||
	    (v[GW_TRACE_FAMILY] != AF_INET && v[GW_TRACE_FAMILY] != AF_INET6))
		return false;
	if (!gw_inet_diag_state((uint32_t)v[GW_TRACE_OLDSTATE], &from) ||
	    !gw_inet_diag_state((uint32_t)v[GW_TRACE_NEWSTATE], &to))
		return false;
	if (!address(&format->fields[GW_TRACE_SADDR], raw, t->local.address) ||
	    !address(&format->fields[GW_TRACE_DADDR], raw, t->remote.address))
		return false;
	t->id = v[GW_TRACE_SKADDR];
	t->local.port = (uint16_t)v[GW_TRACE_SPORT];
	t->remote.port = (uint16_t)v[GW_TRACE_DPORT];
	t->from = (uint8_t)from;
	t->to = (uint8_t)to;
	t->ipv6 = v[GW_TRACE_FAMILY] == AF_INET6;
	t->ours = false;
	return t->id != 0;
}

enum gw_trace_record
gw_trace_record(const struct gw_trace_format *format, struct gw_slice record,
    struct gw_transition *out, uint64_t *lost)
{
	struct reader r = { .p = record.p, .left = record.n };
	struct gw_transition t = { .id = 0 };
	struct perf_event_header h;
	uint32_t thread, size;
	uint64_t id, time, count;

	take(&r, &h, sizeof h);
	if (r.failed)
		return GW_TRACE_OTHER;
	if (h.type == PERF_RECORD_LOST) {
		take(&r, &id, sizeof id);
		take(&r, &count, sizeof count);
		if (r.failed)
			return GW_TRACE_OTHER;
		*lost = count;
		return GW_TRACE_LOST;
	}
	if (h.type != PERF_RECORD_SAMPLE)
		return GW_TRACE_OTHER;
	take(&r, &t.pid, sizeof t.pid);
	take(&r, &thread, sizeof thread);
	take(&r, &time, sizeof time);
	take(&r, &size, sizeof size);
	if (r.failed || r.left < size ||
	    !take_fields(format, gw_slice(r.p, size), &t))
		return GW_TRACE_OTHER;
	t.at = time / 1000;
	*out = t;
	return GW_TRACE_TRANSITION;
}
