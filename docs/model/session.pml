/*
 * session - opening and closing a session over UDP, for Spin.
 *
 * Two sides, an initiator (I) and a responder (R), and between them a network
 * that loses, repeats and reorders.  README.md beside this explains the model
 * to a reader who knows RFC 9293; tools/model runs it.
 *
 * How clocks go (-D...):
 *   ANY_TIME    any timer may be due at any moment: for what must never happen
 *   LIVENESS    timers count, each clock by itself, and are fair: for what must
 *               happen in the end
 *   TIMED       both clocks go alike, and time passes only when nothing is
 *               under way: for what must happen in time
 * And how much of everything:
 *   UNITS=n     of data that each side may send before its FIN (1, at most 2)
 *   ROOM=n      messages under way in each direction (2; TIMED: 8)
 *   LOSSES=n    TIMED: messages that the network loses in all (1)
 *   ORDERLY     nobody aborts, refuses or closes its listener
 *   BREAK_...   a mistake; each is explained where it is made
 */

#ifndef UNITS
#define UNITS 1
#endif
#ifndef ROOM
#ifdef TIMED
#define ROOM 8
#else
#define ROOM 2
#endif
#endif
#ifndef LOSSES
#define LOSSES 1
#endif

#define I 0
#define R 1
#define OTHER(s) (1 - (s))

/* ---- the states of RFC 9293, and the transitions between them ---- */

mtype:state = {
	CLOSED, LISTEN, SYN_SENT, SYN_RCVD, ESTABLISHED, FIN_WAIT_1,
	FIN_WAIT_2, CLOSING, TIME_WAIT, CLOSE_WAIT, LAST_ACK
};

mtype:state state[2] = CLOSED;

/*
 * From anything but LISTEN and SYN_RCVD a RST, sent or received, and silence
 * lead to CLOSED.  A responder's session is new in SYN_RCVD, and if it comes
 * to nothing the listener goes on, as in the RFC.
 */
#define LEGAL(from, to) ( \
	(from == CLOSED      && (to == LISTEN || to == SYN_SENT)) || \
	(from == LISTEN      && (to == CLOSED || to == SYN_RCVD)) || \
	(from == SYN_SENT    && (to == CLOSED || to == ESTABLISHED)) || \
	(from == SYN_RCVD    && (to == LISTEN || to == ESTABLISHED)) || \
	(from == ESTABLISHED && (to == CLOSED || to == FIN_WAIT_1 || \
				 to == CLOSE_WAIT)) || \
	(from == FIN_WAIT_1  && (to == CLOSED || to == FIN_WAIT_2 || \
				 to == CLOSING)) || \
	(from == FIN_WAIT_2  && (to == CLOSED || to == TIME_WAIT)) || \
	(from == CLOSING     && (to == CLOSED || to == TIME_WAIT)) || \
	(from == TIME_WAIT   && (to == CLOSED)) || \
	(from == CLOSE_WAIT  && (to == CLOSED || to == LAST_ACK)) || \
	(from == LAST_ACK    && (to == CLOSED)))

/*
 * Counted over a whole search, outside the states that are searched: which
 * transitions were taken.  Printed at the end; tools/model reads it.
 */
c_decl {
	enum {
		LAST_ACK = 1, CLOSE_WAIT, TIME_WAIT, CLOSING, FIN_WAIT_2,
		FIN_WAIT_1, ESTABLISHED, SYN_RCVD, SYN_SENT, LISTEN, CLOSED
	};
	extern long took[12][12];
	extern void print_took(void);
}
c_code {
	long took[12][12];

	void
	print_took(void)
	{
		static const char *const name[] = { "", "LAST_ACK",
			"CLOSE_WAIT", "TIME_WAIT", "CLOSING", "FIN_WAIT_2",
			"FIN_WAIT_1", "ESTABLISHED", "SYN_RCVD", "SYN_SENT",
			"LISTEN", "CLOSED" };

		for (int from = CLOSED; from > 0; from--)
			for (int to = CLOSED; to > 0; to--)
				if (LEGAL(from, to))
					printf("took %s %s %ld\n", name[from],
					    name[to], took[from][to]);
	}
}

/* For c_code, which cannot see what an inline was given. */
mtype:state leaves, enters;

inline set_state(s, to)
{
	assert(LEGAL(state[s], to));
	leaves = state[s];
	enters = to;
	c_code { took[now.leaves][now.enters]++; };
	state[s] = to;
	leaves = 0;
	enters = 0;
	ticks[s] = 0
}

/* ---- what a side knows ---- */

#define FIN_BIT (1 << UNITS)
#define ALL(n) ((1 << (n)) - 1)

/* The session that a side takes part in: each that the listener begins has
 * connection ids and keys of its own, so a message of one is noise to another.
 * 0: none. */
byte key[2];
bool confirmed[2]; /* the other side has shown that it has the keys */
byte sent[2];      /* units of data, from 0 on */
byte acked[2];     /* of what this side sent: a bit for each unit, FIN_BIT */
byte got[2];       /* units that this side has taken, a bit for each;
		      FIN_BIT: a FIN has come */
byte total[2];     /* units, as that FIN says */

/* How a side ends.  IN_ORDER says: all I sent has arrived; so does GAVE_UP, but
 * for the FIN. */
mtype:outcome = { IN_ORDER, GAVE_UP, LOST, RESET };

byte ticks[2]; /* of the clock, in this state or since the last repeat */
byte idle[2];  /* since the last news from the other side */
byte age[2];   /* of TIME_WAIT, MSL */

#define FIN_TAKEN(s) (state[s] == CLOSE_WAIT || state[s] == LAST_ACK || \
	state[s] == CLOSING || state[s] == TIME_WAIT)
#define FIN_SENT(s) (state[s] == FIN_WAIT_1 || state[s] == FIN_WAIT_2 || \
	state[s] == CLOSING || state[s] == TIME_WAIT || state[s] == LAST_ACK)
/* Can open what is sealed. */
#define HAS_KEYS(s) (state[s] != CLOSED && state[s] != LISTEN && \
	state[s] != SYN_SENT && state[s] != SYN_RCVD)
/* ... or could, before it was closed. */
#define HAS_HAD_KEYS(s) (HAS_KEYS(s) || state[s] == CLOSED)
#define CAN_WRITE(s) ((state[s] == ESTABLISHED && confirmed[s]) || \
	state[s] == CLOSE_WAIT)
#define IS_GONE(s) (state[s] == CLOSED || state[s] == LISTEN)
/* All that this side sent, its FIN too, is known to have arrived. */
#ifdef BREAK_FIN_ALONE /* the FIN's packet was acknowledged: is that enough? */
#define ALL_ACKED(s) ((acked[s] & FIN_BIT) != 0)
#else
#define ALL_ACKED(s) (acked[s] == (FIN_BIT | ALL(sent[s])))
#endif
#define DATA_ACKED(s) ((acked[s] & ALL(sent[s])) == ALL(sent[s]))
/* Only the ACK of the FIN is missing: good enough, in the end. */
#define LEAVES_LAST_ACK(s) (state[s] == LAST_ACK && DATA_ACKED(s))

/* ---- the network ---- */

/*
 * SYN, SYN_ACK and ACK are the three messages of the handshake; the number
 * is that of the pending session.  REFUSED is RST in answer to a SYN.  What
 * follows is sealed.  A received message that was sealed is new: packet
 * numbers see to that.
 */
mtype:message = {
	SYN, SYN_ACK, ACK, REFUSED, RST,
	CONFIRM, DATA, ACKS, FIN
};

/* Kept sorted (!!) and taken from anywhere (??): there is no order. */
chan wire[2] = [ROOM] of { mtype:message, byte };

#ifdef TIMED
byte losses;
#endif

/* To this side.  It may be lost at once; what finds no room is lost. */
#ifdef TIMED
inline send(s, what, number)
{
	if
	:: losses < LOSSES -> losses++
	:: nfull(wire[s]) -> wire[s]!!what, number
	:: full(wire[s]) -> assert(false) /* ROOM is too small */
	fi
}
#else
inline send(s, what, number)
{
	if
	:: true
	:: nfull(wire[s]) -> wire[s]!!what, number
	fi
}
#endif

/* ---- ends ---- */

inline close(s, how)
{
	set_state(s, CLOSED);
	/* What is said must be true: it has arrived there. */
	assert(how != IN_ORDER ||
	    got[OTHER(s)] == (FIN_BIT | ALL(sent[s])));
	assert(how != GAVE_UP ||
	    (got[OTHER(s)] & ALL(sent[s])) == ALL(sent[s]));
#ifdef TIMED
	/* So few losses are repaired in time. */
	assert(how == IN_ORDER);
#endif
	/* Nobody asks for these any more. */
	idle[s] = 0;
	age[s] = 0;
	sent[s] = 0;
	acked[s] = 0;
	total[s] = 0;
	if
	:: state[OTHER(s)] == CLOSED -> got[I] = 0; got[R] = 0
	:: else
	fi
}

/* A responder's session that came to nothing. */
inline forget(s)
{
	set_state(s, LISTEN);
	idle[s] = 0
}

/* ---- what arrives ---- */

inline send_acks(me)
{
	send(OTHER(me), ACKS, got[me])
}

inline enter_time_wait(me)
{
	set_state(me, TIME_WAIT);
	age[me] = 0
}

/* FIN takes effect when all before it has arrived. */
inline try_fin(me)
{
	if
#ifdef BREAK_EARLY_FIN
	:: (got[me] & FIN_BIT) != 0 ->
#else
	:: got[me] == (FIN_BIT | ALL(total[me])) ->
#endif
		if
		:: state[me] == ESTABLISHED -> set_state(me, CLOSE_WAIT)
		:: state[me] == FIN_WAIT_1 -> set_state(me, CLOSING)
		:: state[me] == FIN_WAIT_2 -> enter_time_wait(me)
		:: else
		fi
	:: else
	fi
}

inline on_data(me, unit)
{
	if
	:: (got[me] & (1 << unit)) == 0 ->
		/* It is taken, so it must not follow a FIN. */
		assert(!FIN_TAKEN(me));
		got[me] = got[me] | (1 << unit)
	:: else
	fi;
	send_acks(me);
	try_fin(me)
}

/*
 * A packet with a FIN has an ACK of all that has come, as in TCP: who is in
 * LAST_ACK may be gone before a lost ACK of the other FIN could be repeated.
 */
#define FIN_SAYS(me) (sent[me] + 4 * got[me])
#define FIN_TOTAL(n) (n % 4)
#define FIN_ACKS(n) (n / 4)

inline on_fin(me, sum)
{
	assert((got[me] & FIN_BIT) == 0 || total[me] == sum);
	got[me] = got[me] | FIN_BIT;
	total[me] = sum;
	if
#ifdef BREAK_DEAF_TIME_WAIT
	:: state[me] == TIME_WAIT
#else
	:: state[me] == TIME_WAIT ->
		ticks[me] = 0;
		send_acks(me)
#endif
	:: else ->
		send_acks(me);
		try_fin(me)
	fi
}

inline on_acks(me, bits)
{
	acked[me] = acked[me] | bits;
	if
	:: FIN_SENT(me) && ALL_ACKED(me) ->
		if
		:: state[me] == FIN_WAIT_1 -> set_state(me, FIN_WAIT_2)
		:: state[me] == CLOSING -> enter_time_wait(me)
		:: state[me] == LAST_ACK -> close(me, IN_ORDER)
		:: else
		fi
	:: else
	fi
}

/* A message with keys, for somebody who has none (any more). */
inline on_noise(me, number)
{
	if
	:: IS_GONE(me) -> send(OTHER(me), RST, number)
	:: true
	fi
}

inline on_syn(me)
{
	if
	:: state[me] == LISTEN && key[R] < 2 ->
		if
		:: key[R]++;
			set_state(me, SYN_RCVD);
			send(I, SYN_ACK, key[R])
#ifndef ORDERLY
		:: send(I, REFUSED, 0)
#endif
		fi
	/* The same bytes once more. */
	:: state[me] == SYN_RCVD -> send(I, SYN_ACK, key[R])
	:: else
	fi
}

inline on_syn_ack(me, number)
{
	if
	:: state[me] == SYN_SENT ->
		key[I] = number;
		set_state(me, ESTABLISHED);
#ifdef BREAK_UNCONFIRMED /* dial returns too early */
		confirmed[me] = true;
#endif
		send(R, ACK, number)
	:: state[me] == ESTABLISHED && !confirmed[me] && number == key[I] ->
		send(R, ACK, number)
	:: else
	fi
}

inline on_ack(me, number)
{
	if
	:: state[me] == SYN_RCVD && number == key[R] ->
		if
		:: set_state(me, ESTABLISHED);
			confirmed[me] = true;
			send(I, CONFIRM, 0)
#ifndef ORDERLY
		:: send(I, RST, number); /* a wrong guess */
			forget(me)
#endif
		fi
	/* CONFIRM was lost. */
	:: HAS_KEYS(me) && number == key[R] -> send(I, CONFIRM, 0)
	:: state[me] == CLOSED && number == key[R] -> on_noise(me, number)
	:: else
	fi
}

/* In TIME_WAIT all is said already; in LAST_ACK it is, but for the last ACK. */
inline on_rst(me, number)
{
	if
	:: HAS_KEYS(me) && number == key[me] ->
		if
		:: state[me] == TIME_WAIT -> skip /* RFC 1337 */
		:: LEAVES_LAST_ACK(me) -> close(me, GAVE_UP)
		:: else -> close(me, RESET)
		fi
	:: else
	fi
}

proctype Ear(byte me)
{
	byte n;

end:	do
	/* What is not sealed may come again and again. */
	:: atomic { wire[me]??[SYN, _] ->
		if
		:: wire[me]??SYN, n
#ifndef TIMED
		:: true
#endif
		fi;
		n = 0; on_syn(me) }
	:: atomic { wire[me]??[SYN_ACK, _] ->
		if
		:: wire[me]??SYN_ACK, n
#ifndef TIMED
		:: wire[me]?? <SYN_ACK, n>
#endif
		fi;
		on_syn_ack(me, n); n = 0 }
	:: atomic { wire[me]??[ACK, _] ->
		if
		:: wire[me]??ACK, n
#ifndef TIMED
		:: wire[me]?? <ACK, n>
#endif
		fi;
		on_ack(me, n); n = 0 }
	:: atomic { wire[me]??REFUSED, n ->
		if
		:: state[me] == SYN_SENT -> close(me, RESET)
		:: else
		fi;
		n = 0 }
	:: atomic { wire[me]??RST, n -> on_rst(me, n); n = 0 }

	/* News, sealed. */
	:: atomic { wire[me]??CONFIRM, n ->
		if
		:: HAS_KEYS(me) -> confirmed[me] = true; idle[me] = 0
		:: else -> on_noise(me, key[me])
		fi;
		n = 0 }
	:: atomic { wire[me]??DATA, n ->
		if
		:: HAS_KEYS(me) ->
			confirmed[me] = true; idle[me] = 0; on_data(me, n)
		:: else -> on_noise(me, key[me])
		fi;
		n = 0 }
	:: atomic { wire[me]??FIN, n ->
		if
		:: HAS_KEYS(me) ->
			confirmed[me] = true; idle[me] = 0;
#ifndef BREAK_FIN_WITHOUT_ACK
			on_acks(me, FIN_ACKS(n));
#endif
			if
			:: HAS_KEYS(me) -> on_fin(me, FIN_TOTAL(n))
			:: else /* that ACK closed it */
			fi
		:: else -> on_noise(me, key[me])
		fi;
		n = 0 }
	:: atomic { wire[me]??[ACKS, _] ->
		if
		:: wire[me]??ACKS, n
#ifdef BREAK_COPIES /* packet numbers are not looked at */
		:: wire[me]?? <ACKS, n>
#endif
		fi;
		if
		:: HAS_KEYS(me) ->
			confirmed[me] = true; idle[me] = 0; on_acks(me, n)
		:: else -> on_noise(me, key[me])
		fi;
		n = 0 }
	od
}

/* ---- what its user does, now or never ---- */

#ifdef TIMED
/* Else a user who may do something would keep time from passing. */
bool waits[2];
#define MAY_ACT(me) !waits[me]
#else
#define MAY_ACT(me) true
#endif

proctype User(byte me)
{
	if
	:: atomic { me == R -> set_state(me, LISTEN) }
#ifdef ORDERLY
	:: atomic { me == I && state[R] == LISTEN ->
#else
	:: atomic { me == I ->
#endif
		set_state(me, SYN_SENT);
		send(R, SYN, 0) }
	fi;

end:	do
	:: atomic { CAN_WRITE(me) && MAY_ACT(me) && sent[me] < UNITS ->
		/* Connected means that both sides are. */
		assert(key[I] == key[R] && HAS_HAD_KEYS(OTHER(me)));
		send(OTHER(me), DATA, sent[me]);
		sent[me]++ }
	:: atomic { CAN_WRITE(me) && MAY_ACT(me) ->
		if
		:: state[me] == ESTABLISHED -> set_state(me, FIN_WAIT_1)
		:: else -> set_state(me, LAST_ACK)
		fi;
		send(OTHER(me), FIN, FIN_SAYS(me)) }
#ifdef TIMED
	:: atomic { CAN_WRITE(me) && MAY_ACT(me) -> waits[me] = true }
#endif
#ifdef LIVENESS /* fairness must not make it act */
	:: CAN_WRITE(me) || HAS_KEYS(me) || state[me] == LISTEN
#endif
#ifndef ORDERLY
	:: atomic { HAS_KEYS(me) && state[me] != TIME_WAIT ->
		send(OTHER(me), RST, key[me]);
		close(me, RESET) }
	:: atomic { state[me] == SYN_SENT -> close(me, RESET) }
	:: atomic { state[me] == LISTEN -> set_state(me, CLOSED) }
#endif
	od
}

/* ---- time ---- */

/*
 * Where timers count, one is due after so many ticks, and how long a tick is
 * does not matter; with ANY_TIME there is nothing to count, which is every
 * way in which two clocks can differ, and fewer states.
 *
 * TIMED: a tick is half a PTO, because an MSL is one and a half.  What is not
 * acknowledged is repeated after 1 PTO, after 1 more, then with back-off.
 */
#ifdef ANY_TIME
#define COUNT(x, most) skip
#define IS_DUE(x, most) true
#define IS_EARLY(x, most) true
#else
#define COUNT(x, most) x = (x < most -> x + 1 : x)
#define IS_DUE(x, most) (x >= most)
#define IS_EARLY(x, most) (x < most)
#endif

#ifdef TIMED
#ifdef BREAK_EARLY_BACK_OFF /* doubled from the first on */
#define PTO_NOW(x) (x == 2 || x == 6 || x == 14)
#else
#define PTO_NOW(x) (x == 2 || x == 4 || x == 8 || x == 16)
#endif
#define TRIES 17
#define LAST_TRIES 6
#ifdef BREAK_SHORT_TIME_WAIT
#define TWO_MSL 1
#else
#define TWO_MSL 6
#endif
#define FOUR_MSL 12
#define SILENCE 1 /* not counted: users take their time */
#else
#define PTO_NOW(x) true
#define TRIES 2      /* of SYN, SYN_ACK, ACK */
#define LAST_TRIES 2 /* of FIN in LAST_ACK */
#define TWO_MSL 1
#define FOUR_MSL 2
#define SILENCE 2    /* without news: the other side is lost */
#endif

#define UNACKED(me) (!DATA_ACKED(me) || \
	(FIN_SENT(me) && (acked[me] & FIN_BIT) == 0))

/* All that is not acknowledged, once more. */
inline repeat_all(me)
{
	if
	:: sent[me] > 0 && (acked[me] & 1) == 0 -> send(OTHER(me), DATA, 0)
	:: else
	fi;
#if UNITS > 1
	if
	:: sent[me] > 1 && (acked[me] & 2) == 0 -> send(OTHER(me), DATA, 1)
	:: else
	fi;
#endif
	if
	:: FIN_SENT(me) && (acked[me] & FIN_BIT) == 0 ->
		send(OTHER(me), FIN, FIN_SAYS(me))
	:: else
	fi
}

inline tick_opening(me)
{
	COUNT(ticks[me], TRIES);
	if
	:: IS_EARLY(ticks[me], TRIES) && PTO_NOW(ticks[me]) ->
		if
		:: state[me] == SYN_SENT -> send(R, SYN, 0)
		:: state[me] == SYN_RCVD -> send(I, SYN_ACK, key[R])
		:: state[me] == ESTABLISHED -> send(R, ACK, key[I])
		fi
	:: IS_EARLY(ticks[me], TRIES) && !PTO_NOW(ticks[me])
	:: IS_DUE(ticks[me], TRIES) ->
		if
		:: state[me] == SYN_RCVD -> forget(me)
		:: else -> close(me, LOST)
		fi
	fi
}

#define MAY_GO_ON(me) \
	(!LEAVES_LAST_ACK(me) || IS_EARLY(ticks[me], LAST_TRIES))

inline tick_open(me)
{
#if !defined(BREAK_NO_IDLE_TIMEOUT) && !defined(TIMED)
	COUNT(idle[me], SILENCE);
#endif
	if
	:: UNACKED(me) -> COUNT(ticks[me], TRIES)
	:: else -> ticks[me] = 0
	fi;
	if
	:: LEAVES_LAST_ACK(me) && IS_DUE(ticks[me], LAST_TRIES) ->
		close(me, GAVE_UP)
	:: IS_DUE(idle[me], SILENCE) -> close(me, LOST)
	:: IS_EARLY(idle[me], SILENCE) && MAY_GO_ON(me) && PTO_NOW(ticks[me]) ->
		repeat_all(me)
	:: IS_EARLY(idle[me], SILENCE) && MAY_GO_ON(me) && !PTO_NOW(ticks[me])
	fi
}

inline tick_time_wait(me)
{
	COUNT(ticks[me], TWO_MSL);
	COUNT(age[me], FOUR_MSL);
	if
	:: IS_DUE(ticks[me], TWO_MSL) || IS_DUE(age[me], FOUR_MSL) ->
		close(me, IN_ORDER)
	:: IS_EARLY(ticks[me], TWO_MSL) && IS_EARLY(age[me], FOUR_MSL)
	fi
}

inline tick(me)
{
	if
	:: IS_GONE(me)
	:: state[me] == SYN_SENT || state[me] == SYN_RCVD ||
	    (state[me] == ESTABLISHED && !confirmed[me]) -> tick_opening(me)
	:: state[me] == TIME_WAIT -> tick_time_wait(me)
	:: else -> tick_open(me)
	fi
}

#ifdef TIMED
proctype Clock()
{
end:	do
	:: atomic { timeout -> waits[I] = false; waits[R] = false;
		tick(I); tick(R) }
	od
}
#else
proctype Clock(byte me)
{
end:	do
	:: atomic { !IS_GONE(me) -> tick(me) }
	od
}
#endif

init {
	/* As c_decl says. */
	assert(CLOSED == 11 && ESTABLISHED == 7 && LAST_ACK == 1);
	c_code {
		static int once;

		if (!once++)
			atexit(print_took);
	};
	atomic {
		run Ear(I); run Ear(R);
		run User(I); run User(R);
#ifdef TIMED
		run Clock()
#else
		run Clock(I); run Clock(R)
#endif
	}
}

/* Nobody stays open for ever while the other side is not. */
ltl nobody_is_left_open {
	[]<> !(IS_GONE(R) && !IS_GONE(I)) && []<> !(IS_GONE(I) && !IS_GONE(R))
}
