#include "run/conn.h"

#include <stddef.h>

void
gw_conn_set_owner(
    struct gw_conn *c, bool (*ready)(struct gw_conn *, void *), void *owner)
{
	c->ready = ready;
	c->owner = owner;
	gw_conn_kick(c);
}

void
gw_conn_kick(struct gw_conn *c)
{
	c->ops->kick(c);
}

void
gw_conn_flush(struct gw_conn *c)
{
	c->ops->flush(c);
}

void
gw_conn_close(struct gw_conn *c)
{
	if (c != NULL)
		c->ops->close(c);
}

void
gw_conn_trace_address(const struct gw_conn *c)
{
	gw_trace(gw_session_trace(c->session), &(struct gw_trace_event){
						   .kind = GW_TRACE_ADDRESS,
						   .address = c->address,
					       });
}
