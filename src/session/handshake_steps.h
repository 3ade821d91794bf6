/*
 * handshake_steps - what each of the three messages does, for handshake.c.
 *
 * Private to src/session/handshake*.c.
 */
#ifndef GW_SESSION_HANDSHAKE_STEPS_H
#define GW_SESSION_HANDSHAKE_STEPS_H

#include "session/handshake.h"

/* Initiator: queue SYN; use the body of SYN_ACK and queue ACK. */
void gw_initiator_start(struct gw_handshake *);
enum gw_handshake_outcome gw_initiator_on_syn_ack(
    struct gw_handshake *, struct gw_slice body, struct gw_close *);

/* Responder: use the body of SYN and queue SYN_ACK; use that of ACK. */
enum gw_handshake_outcome gw_responder_on_syn(
    struct gw_handshake *, struct gw_slice body, struct gw_close *);
enum gw_handshake_outcome gw_responder_on_ack(
    struct gw_handshake *, struct gw_slice body, struct gw_close *);
/* Responder: a SYN of another version is complete enough to be answered. */
void gw_responder_other_version(struct gw_handshake *);

/* Write the next Noise message with this payload as a message to send. */
void gw_handshake_put(
    struct gw_handshake *, enum gw_hello_type, struct gw_slice payload);
/* Between SYN and SYN_ACK: the ids, where there are any. */
void gw_handshake_bind(struct gw_handshake *);
/* Queue a RST. */
void gw_handshake_put_rst(struct gw_handshake *, const struct gw_rst *);
struct gw_cpace_input gw_handshake_cpace_input(
    const char *code, const uint8_t *initiator_ephemeral);
void gw_handshake_code_psk(
    struct gw_handshake *, const uint8_t isk[GW_CPACE_ISK]);
enum gw_handshake_outcome gw_handshake_broken(struct gw_close *);

#endif /* GW_SESSION_HANDSHAKE_STEPS_H */
