#include "wire/relay_link.h"

#include <string.h>

#include "test.h"

static uint8_t buf[GW_RELAY_MESSAGE_MAX + 1];

static struct gw_endpoint
at(uint8_t first, uint8_t last, uint16_t port)
{
	struct gw_endpoint e = { .port = port };

	e.ip[10] = e.ip[11] = 0xff;
	e.ip[12] = first;
	e.ip[15] = last;
	return e;
}

static struct gw_relay_message
fair(enum gw_relay_message_kind kind)
{
	struct gw_relay_message m = { .kind = kind };

	if (kind == GW_RELAY_HELLO)
		m.version = GW_RELAY_VERSION;
	if (kind != GW_RELAY_ANSWER)
		memset(m.origin, 7, sizeof m.origin);
	if (kind == GW_RELAY_HELLO)
		return m;
	m.sent = 123456;
	m.question = 9;
	m.from = at(10, 5, 4000);
	m.data = gw_slice_str("data");
	if (kind == GW_RELAY_ANSWER)
		return m;
	m.number = 77;
	m.sites = 1;
	m.hops = 255;
	m.to = at(255, 255, 9000);
	memset(m.to.ip + 13, 255, 2);
	return m;
}

static bool
decodes(const struct gw_relay_message *m, struct gw_relay_message *out)
{
	size_t n = gw_relay_message_encode(m, buf);

	return gw_relay_message_decode(gw_slice(buf, n), out);
}

static bool
passes(const struct gw_relay_message *m)
{
	struct gw_relay_message out;

	return decodes(m, &out);
}

static void
every_kind_comes_back(void **state)
{
	struct gw_relay_message m, out;

	(void)state;
	for (unsigned k = GW_RELAY_HELLO; k <= GW_RELAY_ANSWER; k++) {
		m = fair((enum gw_relay_message_kind)k);
		assert_true(decodes(&m, &out));
		assert_int_equal(out.kind, m.kind);
		assert_int_equal(out.version, m.version);
		assert_memory_equal(out.origin, m.origin, sizeof m.origin);
		assert_int_equal(out.number, m.number);
		assert_int_equal(out.sites, m.sites);
		assert_int_equal(out.hops, m.hops);
		assert_int_equal(out.sent, m.sent);
		assert_int_equal(out.question, m.question);
		assert_memory_equal(out.from.ip, m.from.ip, 16);
		assert_int_equal(out.from.port, m.from.port);
		assert_memory_equal(out.to.ip, m.to.ip, 16);
		assert_int_equal(out.to.port, m.to.port);
		assert_int_equal(out.data.n, m.data.n);
		assert_memory_equal(out.data.p, "data", out.data.n);
	}
}

static void
a_datagram_has_its_layout(void **state)
{
	struct gw_relay_message m = fair(GW_RELAY_DATAGRAM);
	static const uint8_t head[8] = { 2, 1, 1, 255, 0, 1, 0xe2, 0x40 };
	size_t n = gw_relay_message_encode(&m, buf);

	(void)state;
	assert_int_equal(n, GW_RELAY_DATAGRAM_HEAD + 4);
	assert_memory_equal(buf, head, sizeof head);
	assert_int_equal(buf[8], 7);
	assert_int_equal(buf[31], 77);
	assert_int_equal(buf[39], 9);
	assert_int_equal(buf[52], 10);
	m = fair(GW_RELAY_HELLO);
	assert_int_equal(gw_relay_message_encode(&m, buf), GW_RELAY_HELLO_LEN);
	m = fair(GW_RELAY_ANSWER);
	assert_int_equal(
	    gw_relay_message_encode(&m, buf), GW_RELAY_ANSWER_HEAD + 4);
}

static void
no_more_sites_than_four(void **state)
{
	struct gw_relay_message m = fair(GW_RELAY_DATAGRAM);

	(void)state;
	m.sites = GW_RELAY_SITES;
	assert_true(passes(&m));
	m.sites++;
	assert_false(passes(&m));
	m.sites = 0;
	assert_false(passes(&m));
}

static void
what_goes_to_one_host_is_no_datagram(void **state)
{
	struct gw_relay_message m = fair(GW_RELAY_DATAGRAM);

	(void)state;
	m.group = true; /* to 255.255.255.255 */
	assert_false(passes(&m));
	m.to = at(239, 1, 9000);
	assert_true(passes(&m));
	m.group = false;
	assert_false(passes(&m));
	m = fair(GW_RELAY_DATAGRAM);
	m.to.port = 0;
	assert_false(passes(&m));
	m = fair(GW_RELAY_DATAGRAM);
	m.to = (struct gw_endpoint){ .ip = { 0xfd }, .port = 9000 };
	m.from = (struct gw_endpoint){ .ip = { 0xfe, 0x80 }, .port = 4000 };
	assert_false(passes(&m));
}

static void
nobody_speaks_from_a_group_or_by_two_families(void **state)
{
	struct gw_relay_message m = fair(GW_RELAY_DATAGRAM);

	(void)state;
	m.from = at(239, 1, 4000);
	assert_false(passes(&m));
	m.from = at(255, 255, 4000);
	assert_false(passes(&m));
	m.from = (struct gw_endpoint){ .ip = { 0xfe, 0x80 }, .port = 4000 };
	assert_false(passes(&m));
	m = fair(GW_RELAY_ANSWER);
	m.from = at(224, 1, 4000);
	assert_false(passes(&m));
}

static void
an_answer_names_its_question(void **state)
{
	struct gw_relay_message m = fair(GW_RELAY_ANSWER);

	(void)state;
	m.question = 0;
	assert_false(passes(&m));
}

static void
as_long_as_a_datagram_may_be_and_no_longer(void **state)
{
	static uint8_t data[GW_DATAGRAM_MAX];
	struct gw_relay_message m = fair(GW_RELAY_DATAGRAM), out;
	size_t n;

	(void)state;
	m.data = gw_slice(data, sizeof data);
	assert_true(passes(&m));
	n = gw_relay_message_encode(&m, buf);
	assert_int_equal(n, GW_RELAY_MESSAGE_MAX);
	assert_false(gw_relay_message_decode(gw_slice(buf, n + 1), &out));
	m.data.n = 0;
	assert_true(passes(&m));
}

static void
what_is_cut_or_no_message_changes_nothing(void **state)
{
	struct gw_relay_message m, out = { .number = 4711 };

	(void)state;
	for (unsigned k = GW_RELAY_HELLO; k <= GW_RELAY_ANSWER; k++) {
		m = fair((enum gw_relay_message_kind)k);
		m.data.n = 0;
		for (size_t n = gw_relay_message_encode(&m, buf); n-- > 0;)
			assert_false(
			    gw_relay_message_decode(gw_slice(buf, n), &out));
	}
	memset(buf, 0, 200);
	assert_false(gw_relay_message_decode(gw_slice(buf, 200), &out));
	buf[0] = 4;
	assert_false(gw_relay_message_decode(gw_slice(buf, 200), &out));
	m = fair(GW_RELAY_HELLO);
	buf[gw_relay_message_encode(&m, buf)] = 0;
	assert_false(gw_relay_message_decode(
	    gw_slice(buf, GW_RELAY_HELLO_LEN + 1), &out));
	buf[3] = 1;
	assert_false(
	    gw_relay_message_decode(gw_slice(buf, GW_RELAY_HELLO_LEN), &out));
	assert_int_equal(out.number, 4711);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(a_datagram_has_its_layout),
		cmocka_unit_test(no_more_sites_than_four),
		cmocka_unit_test(what_goes_to_one_host_is_no_datagram),
		cmocka_unit_test(nobody_speaks_from_a_group_or_by_two_families),
		cmocka_unit_test(an_answer_names_its_question),
		cmocka_unit_test(as_long_as_a_datagram_may_be_and_no_longer),
		cmocka_unit_test(what_is_cut_or_no_message_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
