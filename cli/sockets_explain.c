#include "cli/sockets_explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"

enum { INDENT = 4 };

static const struct cli_sockets_meaning meanings[GW_SOCKET_STATES + 1] = {
	[GW_SOCKET_LISTEN] = { "A program waits here for connections.",
	    "A SYN that arrives makes a connection of its own: SYN_RCVD, then "
	    "ESTABLISHED.",
	    "That is its purpose; only a receive queue that stays above 0 is "
	    "bad: the program does not accept what has connected.",
	    NULL },
	[GW_SOCKET_SYN_SENT] = { "This side has sent SYN and waits for the "
				 "other side's SYN+ACK.",
	    "SYN+ACK leads to ESTABLISHED, RST to the error \"connection "
	    "refused\".",
	    "Nobody answers: the other machine is off, the route is wrong, or "
	    "a firewall drops it; SYN is repeated, and after about two "
	    "minutes connecting fails.",
	    "SYN is repeated for 10 seconds." },
	[GW_SOCKET_SYN_RCVD] = { "A SYN has come and SYN+ACK is sent, but not "
				 "the ACK that completes the handshake.",
	    "That ACK leads to ESTABLISHED.",
	    "The answer does not reach the other side, or that never meant to "
	    "connect (a scan, a SYN flood); SYN+ACK is repeated, and after "
	    "about a minute it is forgotten.",
	    "It is forgotten after 5 seconds." },
	[GW_SOCKET_ESTABLISHED] = { "Both directions are open: data may flow.",
	    "Whoever closes first sends FIN: FIN_WAIT_1 at that end, "
	    "CLOSE_WAIT at the other.",
	    "That is fine as long as both want it; a send queue that does not "
	    "shrink means that the other side or the network takes nothing, a "
	    "receive queue that the program here does not read.",
	    "Both sides say something at least every 2 seconds; when nothing "
	    "has come for a minute it is lost." },
	[GW_SOCKET_FIN_WAIT_1] = { "This side has closed and sent FIN, which "
				   "the other side has not acknowledged yet.",
	    "Its ACK leads to FIN_WAIT_2, its own FIN to CLOSING, both "
	    "together to TIME_WAIT.",
	    "The other side cannot be reached, or does not read what was sent "
	    "before the FIN; it is repeated and after some minutes given "
	    "up.",
	    "It is given up when nothing has come for a minute." },
	[GW_SOCKET_FIN_WAIT_2] = { "This side has closed and the other side "
				   "knows; that may still send (half-closed).",
	    "The other side's FIN leads to TIME_WAIT.",
	    "The program at the other end does not close (there it is in "
	    "CLOSE_WAIT); if no program holds this end any more, it is gone "
	    "after 60 seconds.",
	    "It stays as long as the other side is heard, and is given up when "
	    "nothing has come for a minute." },
	[GW_SOCKET_CLOSING] = { "Both sides have sent FIN at the same time, "
				"and the ACK of ours has not come.",
	    "That ACK leads to TIME_WAIT.",
	    "The path broke just now, and nothing comes back; FIN is repeated "
	    "and after some minutes given up.",
	    "It is given up when nothing has come for a minute." },
	[GW_SOCKET_TIME_WAIT] = { "Both sides have closed, this side first; "
				  "it waits 2 MSL, so that the last ACK "
				  "surely arrives and no late segment meets "
				  "a new connection.",
	    "Nothing: after 60 seconds (on Linux) it is gone.",
	    "It is harmless; very many of them mean that this side opens and "
	    "closes very many connections.",
	    "2 MSL are three times the time after which a packet is missed, "
	    "and at least a second; a program that has nothing else to do does "
	    "not wait for it." },
	[GW_SOCKET_CLOSE_WAIT] = { "The other side has closed, the program "
				   "here has not.",
	    "The program here closes: FIN is sent, and LAST_ACK follows.",
	    "The program here forgets to close, or does not read to the end: "
	    "that is its mistake, and no network can mend it.",
	    NULL },
	[GW_SOCKET_LAST_ACK] = { "Both sides have closed, the other side "
				 "first; the ACK of our FIN has not come.",
	    "That ACK ends the connection.",
	    "FIN or its ACK is lost, or the other side cannot be reached; FIN "
	    "is repeated and after some minutes given up.",
	    "It is given up after three repetitions, for all data is there." },
	[GW_SOCKET_CLOSED] = { "A socket without a connection.",
	    "The program connects it, listens, or closes it.",
	    "The program holds on to a socket whose connection has failed or "
	    "ended.",
	    "It has ended: this is its last state." },
	[GW_SOCKET_UNCONNECTED] = { "A datagram socket that takes datagrams "
				    "from anybody.",
	    "Nothing: UDP has no states.",
	    "That is fine; a receive queue that stays above 0 means that the "
	    "program does not read, and then datagrams are dropped.",
	    NULL },
	[GW_SOCKET_CONNECTED] = { "A datagram socket that has chosen one "
				  "peer; the peer need not know.",
	    "Nothing: UDP has no states.",
	    "That is fine; only sending shows whether somebody is there.",
	    NULL },
	[GW_SOCKET_GONE] = { "The kernel keeps nothing of it any more.", NULL,
	    NULL,
	    "Its process was killed, or does not wait for sessions any more." },
};

const struct cli_sockets_meaning *
cli_sockets_meaning(enum gw_socket_state state)
{
	return &meanings[state];
}

/* Grows by what is appended. */
struct page {
	char *text;
	size_t used, room;
	unsigned column, indent, width;
};

static void
put(struct page *p, const char *s, size_t n)
{
	if (p->room - p->used < n + 1) {
		p->room = 2 * p->room + n + 256;
		p->text = cli_resize(p->text, p->room, 1);
	}
	memcpy(p->text + p->used, s, n);
	p->used += n;
	p->text[p->used] = '\0';
}

static void
put_word(struct page *p, const char *word, size_t n)
{
	if (p->column > p->indent && p->column + 1 + n > p->width) {
		put(p, "\n", 1);
		p->column = 0;
	}
	if (p->column == 0) {
		for (; p->column < p->indent; p->column++)
			put(p, " ", 1);
	} else if (p->column > p->indent) {
		put(p, " ", 1);
		p->column++;
	}
	put(p, word, n);
	p->column += (unsigned)n;
}

static void
put_words(struct page *p, const char *text)
{
	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		put_word(p, text, n);
		text += n;
		text += *text == ' ';
	}
}

char *
cli_sockets_sentences(
    enum gw_socket_state state, bool session, unsigned indent, unsigned width)
{
	const struct cli_sockets_meaning *m = cli_sockets_meaning(state);
	struct page p = { .indent = indent, .width = width };

	put_words(&p, m->meaning);
	if (m->next != NULL) {
		put_words(&p, "Next:");
		put_words(&p, m->next);
		put_words(&p, "If it stays so:");
		put_words(&p, m->stays);
	}
	if (session && m->session != NULL) {
		put_words(&p, "Of a session of godwit:");
		put_words(&p, m->session);
	}
	return p.text;
}

void
cli_sockets_explain(uint32_t states, uint32_t sessions, unsigned width)
{
	for (unsigned i = 0; i < GW_SOCKET_STATES; i++) {
		char *text;

		if (!(states & GW_SOCKET_BIT(i)))
			continue;
		text = cli_sockets_sentences(
		    i, sessions & GW_SOCKET_BIT(i), INDENT, width);
		printf("%s\n%s\n", gw_socket_state_name(i), text);
		free(text);
	}
}
