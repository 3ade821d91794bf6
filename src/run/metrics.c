#include "run/metrics.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/tcp.h"
#include "os/tcp_forward.h"

/* In one turn of the listener, which may have three before a client has had
 * its first: no place is taken away before that. */
enum { ACCEPTS = GW_METRICS_CLIENTS / 4 };

struct client {
	struct gw_poll_item item; /* first; fd -1: free */
	struct gw_metrics *m;
	char request[GW_METRICS_REQUEST + 1];
	size_t got;
	char *answer; /* NULL: the request is not there yet */
	size_t answer_at, answer_end;
	uint64_t number; /* of those that came */
};

struct gw_metrics {
	struct gw_poll_item item; /* first; of the listener */
	struct gw_metrics_owner owner;
	struct gw_poller poller;
	struct client clients[GW_METRICS_CLIENTS];
	uint64_t numbers;
};

/* ---- the page ---- */

void
gw_metrics_put(struct gw_metrics_page *p, const char *format, ...)
{
	char line[2048];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof line ||
	    gw_bytes_add(&p->bytes, line, (size_t)n) != GW_OK)
		p->failed = true;
}

void
gw_metrics_kind(struct gw_metrics_page *p, const char *name, const char *type,
    const char *help)
{
	gw_metrics_put(
	    p, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

const char *
gw_metrics_label(const char *value, char out[GW_METRICS_LABEL])
{
	char plain[GW_METRICS_LABEL / 2];
	size_t n = 0;

	/* Whoever reads it wants UTF-8, and one line. */
	gw_escape(plain, sizeof plain, value);
	for (const char *c = plain; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			out[n++] = '\\';
		out[n++] = *c;
	}
	out[n] = '\0';
	return out;
}

char *
gw_metrics_text(struct gw_metrics_page *p)
{
	size_t n = gw_bytes_len(&p->bytes);
	char *text = NULL;

	if (!p->failed && (text = malloc(n + 1)) != NULL) {
		memcpy(text, gw_bytes_peek(&p->bytes).p, n);
		text[n] = '\0';
	}
	gw_bytes_fini(&p->bytes);
	return text;
}

/* ---- a client ---- */

static void
give(const struct gw_metrics *m)
{
	if (m->owner.give != NULL)
		m->owner.give(m->owner.arg);
}

static void
drop_client(struct client *c)
{
	gw_poller_remove(&c->m->poller, &c->item);
	close(c->item.fd);
	c->item.fd = -1;
	free(c->answer);
	c->answer = NULL;
	give(c->m);
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
answer(struct client *c)
{
	static const char missing[] = "godwit: there is only /metrics\n";
	bool fine = is_for(c->request, "GET /metrics");
	char *page = fine ? c->m->owner.page(c->m->owner.arg) : NULL;
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
read_request(struct client *c)
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
	struct client *c = (struct client *)(void *)i;
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
static struct client *
place(struct gw_metrics *m)
{
	struct client *oldest = m->clients;

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
take_client(struct gw_metrics *m, int fd)
{
	struct client *c = place(m);

	if (m->owner.take != NULL && !m->owner.take(m->owner.arg))
		return false;
	*c = (struct client){ .m = m,
		.item = { .fd = fd, .on = on_client },
		.number = ++m->numbers };
	if (gw_poller_add(&m->poller, &c->item) == GW_OK)
		return true;
	c->item.fd = -1;
	give(m);
	return false;
}

static void
on_listener(struct gw_poll_item *i, uint32_t events)
{
	struct gw_metrics *m = (struct gw_metrics *)(void *)i;
	struct gw_addr from;
	int fd;

	(void)events;
	for (unsigned n = 0; n < ACCEPTS; n++) {
		if (gw_tcp_accept(i->fd, &fd, &from) != GW_OK)
			return;
		if (!take_client(m, fd))
			close(fd);
	}
	gw_poller_again(&m->poller, i);
}

/* ---- life ---- */

static void
on_closed(void *arg)
{
	free(arg);
}

enum gw_err
gw_metrics_open(struct gw *g, const struct gw_metrics_owner *owner,
    const char *address, uint16_t port, struct gw_metrics **out)
{
	struct gw_tcp_listen l = {
		.address = address != NULL ? address : "127.0.0.1", .port = port
	};
	struct gw_metrics *m = calloc(1, sizeof *m);
	struct gw_why why = { "" };
	enum gw_err err = GW_E_MEMORY;

	if (m == NULL)
		goto err0;
	m->owner = *owner;
	for (size_t i = 0; i < GW_METRICS_CLIENTS; i++)
		m->clients[i].item.fd = -1;
	m->item.on = on_listener;
	if ((err = gw_tcp_forward_listen(&l, &why, &m->item.fd)) != GW_OK)
		goto err1;
	if ((err = gw_poller_init(&m->poller, &g->loop)) != GW_OK)
		goto err2;
	m->poller.closed = on_closed;
	m->poller.arg = m;
	if ((err = gw_poller_add(&m->poller, &m->item)) != GW_OK)
		goto err3;
	gw_loop_poke(&g->loop);
	*out = m;
	return GW_OK;

err3:
	close(m->item.fd);
	gw_poller_close(&m->poller); /* and m with it */
	gw_loop_poke(&g->loop);
	goto err0;
err2:
	close(m->item.fd);
err1:
	free(m);
err0:
	return gw_context_error(
	    g, err, "%s", why.text[0] != '\0' ? why.text : gw_err_text(err));
}

uint16_t
gw_metrics_port(const struct gw_metrics *m)
{
	return gw_tcp_port(m->item.fd);
}

void
gw_metrics_close(struct gw_metrics *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < GW_METRICS_CLIENTS; i++)
		if (m->clients[i].item.fd >= 0)
			drop_client(&m->clients[i]);
	gw_poller_remove(&m->poller, &m->item);
	close(m->item.fd);
	gw_poller_close(&m->poller);
}
