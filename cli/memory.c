#include "cli/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "godwit.h"

_Noreturn static void
out_of_memory(void)
{
	fputs("godwit: out of memory\n", stderr);
	exit(gw_err_exit(GW_E_MEMORY));
}

void *
cli_alloc(size_t count, size_t size)
{
	void *p = calloc(count != 0 ? count : 1, size);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
cli_resize(void *old, size_t count, size_t size)
{
	void *p = NULL;

	if (count != 0 && size <= SIZE_MAX / count)
		p = realloc(old, count * size);
	if (p == NULL)
		out_of_memory();
	return p;
}

char *
cli_copy(const char *s)
{
	return cli_copy_n(s, strlen(s));
}

char *
cli_copy_n(const char *s, size_t n)
{
	char *p = cli_alloc(n + 1, 1);

	memcpy(p, s, n);
	return p;
}

char *
cli_format(const char *format, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, format);
	n = vasprintf(&s, format, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	return s;
}

void
cli_list_add(struct cli_list *l, const char *s)
{
	if (l->count == l->room) {
		l->room = l->room != 0 ? 2 * l->room : 16;
		l->items = cli_resize(l->items, l->room, sizeof *l->items);
	}
	l->items[l->count++] = s;
}

void
cli_list_fini(struct cli_list *l)
{
	free(l->items);
	*l = (struct cli_list){ 0 };
}
