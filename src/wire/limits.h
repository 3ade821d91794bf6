/*
 * limits - every size and limit of the protocol, on one screen.
 *
 * docs/protocol.md has the same numbers with their reasons.
 */
#ifndef GW_WIRE_LIMITS_H
#define GW_WIRE_LIMITS_H

enum {
	GW_PROTOCOL_VERSION = 1,
	GW_PORT = 4639, /* sessions, udp and tcp */

	/* handshake */
	GW_HELLO_MAX = 1024, /* one handshake message on tcp */
	GW_NAME_MAX = 64,    /* a device's name, bytes */
	GW_TOKEN_LEN = 16,   /* proves the sender of a RST */
	GW_PSK_ID_LEN = 16,
	GW_KEY_LEN = 32,

	/* before authentication */
	GW_PENDING_MAX = 64,
	GW_PENDING_PER_SOURCE = 4,
	GW_PENDING_BYTES = 4096,
	GW_PENDING_SECONDS = 5,
	GW_GUESSES = 3,

	/* records on tcp */
	GW_RECORD_HEADER = 4,
	GW_FRAME_HEADER = 16,
	GW_TAG_LEN = 16,
	GW_RECORD_DATA = 65536, /* most stream bytes in one record */
	GW_RECORD_MAX =
	    GW_RECORD_HEADER + GW_FRAME_HEADER + GW_RECORD_DATA + GW_TAG_LEN,
	GW_STREAMS_MAX = 256,

	/* packets on udp */
	GW_PACKET_MIN = 1200,  /* every path carries that; a SYN has it */
	GW_PACKET_MAX = 65507, /* most that UDP carries over IPv4 */
	GW_PACKET_HEADER = 16, /* of a sealed one */
	GW_HEAD_MAX = GW_PACKET_MIN - GW_PACKET_HEADER - GW_TAG_LEN,
	GW_COOKIE_MAX = 32,
	GW_SESSION_WINDOW = 1 << 20, /* what all streams start with together */
	GW_ACK_RANGES = 256,
	GW_ACK_DELAY = 25000,           /* us that an ACK waits, until asked */
	GW_ACK_DELAY_MAX = 1000000,     /* us that a sender may ask for */
	GW_ACK_THRESHOLD_MAX = 1 << 16, /* packets, likewise */

	/* finding each other */
	GW_BEACON_PORT = 4638,
	GW_BEACON_LEN = 256,
	GW_BEACON_RUN_LEN = 16,
	GW_BEACON_TAGS = 16,
	GW_BEACON_TAG_LEN = 8,
	GW_BEACON_SECONDS = 30,    /* between two beacons, give or take */
	GW_BEACON_LIFE = 90,       /* seconds that a device is believed in */
	GW_ANSWER_DELAY = 50,      /* ms that an answer waits, at most */
	GW_ANSWERS_PER_SOURCE = 5, /* a second */
	GW_ANSWERS_ALL = 50,       /* a second */
	GW_ANSWERS_KNOWN = 10,     /* of these for known devices alone */
	GW_ROSTER_MAX = 256,       /* devices that one believes in */
	GW_ROSTER_PER_SOURCE = 16,
	GW_ROSTER_SPOTS = 8,          /* addresses of a device */
	GW_ROSTER_NEW = 64,           /* a second that nobody asked for */
	GW_RECOGNISE_PER_SECOND = 50, /* whose tags these are */
	GW_KNOWN_MAX = 1024,          /* devices whose tags one makes */
	GW_FIND_GUESSES = 3,          /* who are tried with one code, ... */
	GW_FIND_GUESSES_HOST = 2,     /* ... at one address */
	GW_FIND_TRIES_PROVED = 16,    /* where a key proves who it is */

	/* transfer */
	GW_BLOCK = 1 << 20,
	GW_PIECE_HEADER = 32,
	GW_HASH_LEN = 16,
	GW_PATH_MAX = 4096, /* an entry's path, bytes, no NUL */
	GW_COMPONENT_MAX = 255,
	GW_DEPTH_MAX = 256,    /* components of a path */
	GW_LINK_MAX = 4095,    /* a symlink's target */
	GW_XATTRS_MAX = 65536, /* all names and values of one entry */
	GW_OFFER_NAMES_MAX = 65536,
	GW_MESSAGE_MAX = 1 << 20, /* one control message */
	GW_REASON_MAX = 256,

	/* the plain file protocol */
	GW_CLASSIC_NAME_RAW = 4096,  /* a name with its padding, bytes */
	GW_CLASSIC_NAME_SECONDS = 5, /* from its first byte to its last */
	GW_CLASSIC_QUIET_MS = 20,    /* so much silence ends a name */
	GW_CLASSIC_PAUSE_MS = 200,   /* between name and content, unreplied */
	GW_CLASSIC_REPLY_MAX = 64,   /* a word of reply, bytes */
	GW_CLASSIC_PEERS_MAX = 256,  /* connections of a receiver */

	/* forwarding through a peer */
	GW_TUNNEL_MESSAGE = 8448,       /* one, but for data */
	GW_TUNNEL_TEXT = 8192,          /* of a rule, or a reason */
	GW_TUNNEL_DATA_MAX = 60000,     /* bytes of one message */
	GW_TUNNEL_RULES = 256,          /* of one tunnel */
	GW_TUNNEL_FLOWS = 4096,         /* of all its rules */
	GW_TUNNEL_WINDOW_MIN = 1 << 16, /* bytes of a TCP flow, at first */
	GW_TUNNEL_WINDOW_MAX = 1 << 23,
	GW_TUNNEL_WINDOWS = 1 << 28, /* beyond the first, of all flows */
	GW_TUNNEL_BACKLOG = 1 << 20, /* bytes of messages that wait */
	GW_TUNNEL_PARTS = 64,        /* of a datagram */
	GW_TUNNEL_PARTIAL = 256,     /* datagrams that lack parts */
	GW_TUNNEL_PARTIAL_BYTES = 4 << 20,
	GW_TUNNEL_PARTIAL_TIME = 1000000, /* us that one may */
	GW_TUNNEL_LOST_TIME = 2000000,    /* us that one is known as lost */
	GW_TUNNEL_AGE = 200000,           /* us that a datagram may wait */
	GW_TUNNEL_WAITING = 256,          /* datagrams of one flow that do */

	/* broadcast relay */
	GW_RELAY_RULES = 32,
	GW_RELAY_NAME = 16,               /* an interface's name, with NUL */
	GW_RELAY_PLACE = GW_NAME_MAX + 2, /* the same, or @ and a device */
	GW_RELAY_LINKS = 16,              /* interfaces: bits of a uint32_t */
	GW_RELAY_GROUPS = 8,              /* of a rule */
	GW_RELAY_NETS = 16,               /* of a list of a rule */
	GW_RELAY_ADDRS = 16,              /* of an interface, that count */
	GW_RELAY_PEERS = 8,        /* of an interface without broadcast */
	GW_RELAY_MARKS = 4096,     /* datagrams that are remembered */
	GW_RELAY_ECHO = 2000000,   /* us that they are */
	GW_RELAY_BRIEFLY = 250000, /* us that copies are counted */
	GW_RELAY_REPEATS = 8,      /* of one datagram, at once */
	GW_RELAY_REPEATS_A_SECOND = 10,
	GW_RELAY_RATE = 500,  /* datagrams a second, an interface and rule */
	GW_RELAY_STORM = 100, /* echoes and repetitions a second: too many */
	GW_RELAY_BESIDE = 8,  /* relays side by side that are no storm */
	GW_RELAY_PAUSE = 5000000, /* us after a storm, at first */
	GW_RELAY_PAUSE_MAX = 60000000,
	GW_RELAY_HELD = 256,        /* ports held for answers */
	GW_RELAY_REPLIES = 5000000, /* us that they are */
	GW_RELAY_REPLIES_MAX = 60000000,
	GW_RELAY_ANSWERS = 1024, /* to one question */

	/* between relays of several sites */
	GW_RELAY_VERSION = 1,
	GW_RELAY_ORIGIN_LEN = 16,
	GW_RELAY_SITES = 4,    /* sessions that a datagram passes */
	GW_RELAY_SEEN = 16384, /* datagrams that are remembered, of all */
	GW_RELAY_AGE = 2000,   /* ms on the way: later it is dropped */
};

#define GW_ENTRIES_MAX UINT64_C(100000000)
#define GW_SIZE_MAX (UINT64_C(1) << 62)         /* of one entry, exclusive */
#define GW_OFFSET_MAX ((UINT64_C(1) << 62) - 1) /* end of a stream on udp */
/* IPv6, link-local, transient; the number of the group is "gdwt" with its
 * first bit set, as RFC 3307 has it for such. */
#define GW_BEACON_GROUP "ff12::e764:7774"
#define GW_REKEY_RECORDS (UINT64_C(1) << 22)

#endif /* GW_WIRE_LIMITS_H */
