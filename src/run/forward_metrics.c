#include "run/forward_metrics.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "os/tcp.h"
#include "os/tcp_forward.h"

#define METRICS_OF(i)                                                          \
	((struct gw_forward_metrics *)(void *)((char *)(i)-offsetof(           \
	    struct gw_forward_metrics, item)))

/* ---- the page ---- */

struct page {
	struct gw_bytes bytes;
	bool failed;
};

static void __attribute__((format(printf, 2, 3)))
put(struct page *p, const char *format, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line ||
	    gw_bytes_add(&p->bytes, line, (size_t)n) != GW_OK)
		p->failed = true;
}

/* What names a rule in each of its lines. */
static void
label(const struct gw_forwarder *f, char out[400])
{
	char listen[GW_RULE_HOST + 16];
	int n;

	gw_rule_end_text(f->rule.listen, f->port, listen);
	/* Neither has a quote or backslash in it. */
	n = snprintf(out, 400,
	    "rule=\"%u\",protocol=\"%s\",listen=\"%.150s\""
	    ",name=\"%s\"",
	    f->id, gw_rule_protocol_name(f->rule.protocol), listen,
	    f->rule.name);
	/* A device may be called so that it would have to be escaped. */
	if (f->via != NULL && strpbrk(f->via, "\"\\\n") == NULL)
		snprintf(out + n, 400 - (size_t)n, ",via=\"%.64s\"", f->via);
}

static void
put_kind(struct page *p, const char *name, const char *type, const char *help)
{
	put(p, "# HELP godwit_forward_%s %s\n# TYPE godwit_forward_%s %s\n",
	    name, help, name, type);
}

static void
put_flows(struct page *p, const struct gw_forward *set)
{
	char l[400];

	put_kind(p, "flows", "gauge", "Flows that are open.");
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		label(f, l);
		put(p, "godwit_forward_flows{%s} %llu\n", l,
		    (unsigned long long)f->counts.flows);
	}
	put_kind(p, "flows_total", "counter", "Flows that were begun.");
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		label(f, l);
		put(p, "godwit_forward_flows_total{%s} %llu\n", l,
		    (unsigned long long)f->counts.flows_total);
	}
}

static void
put_ways(struct page *p, const struct gw_forward *set, const char *name,
    const char *help, bool bytes)
{
	char l[400];

	put_kind(p, name, "counter", help);
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		const struct gw_forward_counts *c = &f->counts;

		label(f, l);
		put(p, "godwit_forward_%s{%s,way=\"in\"} %llu\n", name, l,
		    (unsigned long long)(bytes ? c->bytes_in : c->packets_in));
		put(p, "godwit_forward_%s{%s,way=\"out\"} %llu\n", name, l,
		    (unsigned long long)(bytes ? c->bytes_out
					       : c->packets_out));
	}
}

static void
put_drops(struct page *p, const struct gw_forward *set)
{
	char l[400];

	put_kind(p, "drops_total", "counter",
	    "Datagrams and connections that were not forwarded, by reason.");
	for (const struct gw_forwarder *f = set->first; f != NULL;
	     f = f->next) {
		label(f, l);
		for (enum gw_drop d = GW_DROP_NONE + 1; d < GW_DROPS; d++)
			put(p,
			    "godwit_forward_drops_total{%s,reason=\"%s\"} "
			    "%llu\n",
			    l, gw_drop_name(d),
			    (unsigned long long)f->counts.drops[d]);
	}
}

char *
gw_forward_metrics_text(const struct gw_forward *set)
{
	struct page p = { .failed = false };
	char *text = NULL;
	size_t n;

	put_flows(&p, set);
	put_ways(&p, set, "bytes_total",
	    "Bytes forwarded: in to targets, out to clients.", true);
	put_ways(&p, set, "packets_total",
	    "Datagrams forwarded: in to targets, out to clients.", false);
	put_drops(&p, set);
	put_kind(&p, "descriptors", "gauge", "File descriptors in use.");
	put(&p, "godwit_forward_descriptors %zu\n", set->files);
	put_kind(&p, "descriptors_max", "gauge", "That may be used.");
	put(&p, "godwit_forward_descriptors_max %zu\n", set->files_max);
	n = gw_bytes_len(&p.bytes);
	if (!p.failed && (text = malloc(n + 1)) != NULL) {
		memcpy(text, gw_bytes_peek(&p.bytes).p, n);
		text[n] = '\0';
	}
	gw_bytes_fini(&p.bytes);
	return text;
}

/* ---- a client ---- */

static void
drop_client(struct gw_metrics_client *c)
{
	struct gw_forward *set = c->m->set;

	if (c->item.fd < 0)
		return;
	gw_poller_remove(&set->poller, &c->item);
	close(c->item.fd);
	c->item.fd = -1;
	free(c->answer);
	c->answer = NULL;
	gw_forward_give_files(set, 1);
}

static bool
is_for(const char *request, const char *path)
{
	size_t n = strlen(path);

	return strncmp(request, path, n) == 0 &&
	       (request[n] == ' ' || request[n] == '?');
}

/* False: no memory. */
static bool
answer(struct gw_metrics_client *c)
{
	static const char missing[] = "godwit: there is only /metrics\n";
	bool fine = is_for(c->request, "GET /metrics");
	char *page = fine ? gw_forward_metrics_text(c->m->set) : NULL;
	const char *text = page != NULL ? page : missing;
	int n;

	n = asprintf(&c->answer,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; "
	    "charset=utf-8\r\nContent-Length: %zu\r\nConnection: close\r\n"
	    "\r\n%s",
	    page != NULL ? "200 OK"
	    : fine       ? "503 Out of memory"
			 : "404 Not found",
	    strlen(text), text);
	free(page);
	if (n < 0) {
		c->answer = NULL;
		return false;
	}
	c->answer_at = 0;
	c->answer_end = (size_t)n;
	return true;
}

/* Read until the empty line that ends a request.  False: it is gone, or says
 * too much. */
static bool
read_request(struct gw_metrics_client *c)
{
	size_t n;
	enum gw_tcp_result r;

	while (c->got < GW_METRICS_REQUEST) {
		r = gw_tcp_recv(c->item.fd, c->request + c->got,
		    GW_METRICS_REQUEST - c->got, &n);
		if (r == GW_TCP_AGAIN)
			return true;
		if (r != GW_TCP_OK)
			return false;
		c->got += n;
		c->request[c->got] = '\0';
		if (strstr(c->request, "\r\n\r\n") != NULL ||
		    strstr(c->request, "\n\n") != NULL)
			return answer(c);
	}
	return false;
}

static void
on_client(struct gw_poll_item *i, uint32_t events)
{
	struct gw_metrics_client *c = (struct gw_metrics_client *)(void *)i;
	size_t n;

	if ((events & EPOLLERR) != 0 ||
	    (c->answer == NULL && !read_request(c))) {
		drop_client(c);
		return;
	}
	while (c->answer != NULL && c->answer_at < c->answer_end) {
		enum gw_tcp_result r = gw_tcp_send(i->fd,
		    c->answer + c->answer_at, c->answer_end - c->answer_at, &n);

		if (r == GW_TCP_AGAIN)
			return;
		if (r != GW_TCP_OK)
			break;
		c->answer_at += n;
	}
	if (c->answer != NULL)
		drop_client(c);
}

/* A free place, or that of who has been there longest: who asks is answered
 * at once, and those who only come keep nobody out. */
static struct gw_metrics_client *
place(struct gw_forward_metrics *m)
{
	struct gw_metrics_client *oldest = m->clients;

	for (size_t i = 0; i < GW_METRICS_CLIENTS; i++) {
		if (m->clients[i].item.fd < 0)
			return &m->clients[i];
		if (m->clients[i].number < oldest->number)
			oldest = &m->clients[i];
	}
	drop_client(oldest);
	return oldest;
}

static bool
take_client(struct gw_forward_metrics *m, int fd)
{
	struct gw_metrics_client *c = place(m);

	if (!gw_forward_take_files(m->set, 1))
		return false;
	*c = (struct gw_metrics_client){ .m = m,
		.item = { .fd = fd, .on = on_client },
		.number = ++m->numbers };
	if (gw_poller_add(&m->set->poller, &c->item) == GW_OK)
		return true;
	c->item.fd = -1;
	gw_forward_give_files(m->set, 1);
	return false;
}

static void
on_listener(struct gw_poll_item *i, uint32_t events)
{
	struct gw_forward_metrics *m = METRICS_OF(i);
	struct gw_addr from;
	int fd;

	(void)events;
	while (gw_tcp_accept(i->fd, &fd, &from) == GW_OK)
		if (!take_client(m, fd))
			close(fd);
}

/* ---- life ---- */

enum gw_err
gw_forward_metrics(struct gw_forward *set, const char *address, uint16_t port)
{
	struct gw_tcp_listen l = {
		.address = address != NULL ? address : "127.0.0.1", .port = port
	};
	struct gw_forward_metrics *m;
	struct gw_why why = { "" };
	enum gw_err err = GW_E_MEMORY;

	set->g->last_error[0] = '\0';
	if (set->metrics != NULL)
		return gw_context_error(set->g, GW_E_USAGE,
		    "the figures are given at one address only");
	if ((m = calloc(1, sizeof *m)) == NULL)
		goto err0;
	m->set = set;
	for (size_t i = 0; i < GW_METRICS_CLIENTS; i++)
		m->clients[i].item.fd = -1;
	m->item.on = on_listener;
	if ((err = gw_tcp_forward_listen(&l, &why, &m->item.fd)) != GW_OK)
		goto err1;
	if ((err = gw_poller_add(&set->poller, &m->item)) != GW_OK)
		goto err2;
	set->metrics = m;
	gw_loop_poke(&set->g->loop);
	return GW_OK;

err2:
	close(m->item.fd);
err1:
	free(m);
err0:
	return gw_context_error(set->g, err, "%s",
	    why.text[0] != '\0' ? why.text : gw_err_text(err));
}

uint16_t
gw_forward_metrics_port(const struct gw_forward *set)
{
	return set->metrics != NULL ? gw_tcp_port(set->metrics->item.fd) : 0;
}

void
gw_forward_metrics_close(struct gw_forward *set)
{
	struct gw_forward_metrics *m = set->metrics;

	if (m == NULL)
		return;
	for (size_t i = 0; i < GW_METRICS_CLIENTS; i++) {
		if (m->clients[i].item.fd >= 0)
			drop_client(&m->clients[i]);
	}
	gw_poller_remove(&set->poller, &m->item);
	close(m->item.fd);
	free(m);
	set->metrics = NULL;
}
