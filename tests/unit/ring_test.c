#include "base/ring.h"

#include <string.h>

#include "alloc.h"
#include "test.h"

static struct gw_ring r;

static uint8_t data[256];

static void
start(uint64_t size)
{
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	gw_ring_init(&r);
	assert_int_equal(gw_ring_grow(&r, size, 0, 0), GW_OK);
}

/* n bytes that begin at an offset are those of data. */
static void
assert_data(uint64_t at, size_t n)
{
	size_t done = 0;

	while (done < n) {
		const struct gw_slice s = gw_ring_get(&r, at + done, n - done);

		assert_in_range(s.n, 1, n - done);
		assert_memory_equal(s.p, data + done, s.n);
		done += s.n;
	}
}

static void
bytes_stand_where_they_were_put(void **state)
{
	static const uint64_t bases[] = { 0, 1, 63, 64, 100,
		UINT64_C(1) << 40 };

	(void)state;
	start(64);
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++)
		for (size_t n = 0; n <= 64; n++) {
			gw_ring_put(&r, bases[i], gw_slice(data, n));
			assert_data(bases[i], n);
		}
	gw_ring_fini(&r);
}

static void
a_slice_ends_where_the_ring_wraps(void **state)
{
	(void)state;
	start(64);
	assert_int_equal(gw_ring_get(&r, 60, 10).n, 4);
	assert_ptr_equal(gw_ring_get(&r, 60, 10).p, r.buf + 60);
	assert_int_equal(gw_ring_get(&r, 60, 3).n, 3);
	assert_int_equal(gw_ring_get(&r, 64, 64).n, 64);
	assert_int_equal(gw_ring_get(&r, 64, 0).n, 0);
	gw_ring_fini(&r);
	assert_int_equal(gw_ring_get(&r, 0, 0).n, 0);
}

static void
a_ring_that_grows_keeps_its_bytes(void **state)
{
	(void)state;
	start(64);
	gw_ring_put(&r, 100, gw_slice(data, 64));
	assert_int_equal(gw_ring_grow(&r, 256, 100, 164), GW_OK);
	assert_data(100, 64);
	gw_ring_put(&r, 100, gw_slice(data, 256));
	assert_data(100, 256);
	gw_ring_fini(&r);
}

static void
in_front_of_every_byte_there_is_room(void **state)
{
	uint8_t was[GW_RING_FRONT];

	(void)state;
	start(128);
	gw_ring_put(&r, 0, gw_slice(data, 128));
	for (uint64_t at = 0; at < 300; at++) {
		uint8_t *p = gw_ring_at(&r, at);

		assert_ptr_equal(p, gw_ring_get(&r, at, 1).p);
		memcpy(was, p - GW_RING_FRONT, GW_RING_FRONT);
		memset(p - GW_RING_FRONT, 0xff, GW_RING_FRONT);
		assert_int_equal(*p, data[at % 128]);
		memcpy(p - GW_RING_FRONT, was, GW_RING_FRONT);
		assert_data(0, 128);
	}
	gw_ring_fini(&r);
	assert_null(gw_ring_at(&r, 0));
}

static void
without_memory_nothing_changes(void **state)
{
	(void)state;
	start(64);
	gw_ring_put(&r, 100, gw_slice(data, 64));
	test_fail_alloc(0);
	assert_int_equal(gw_ring_grow(&r, 128, 100, 164), GW_E_MEMORY);
	test_fail_alloc(-1);
	assert_int_equal(
	    gw_ring_grow(&r, UINT64_C(1) << 63, 100, 164), GW_E_MEMORY);
	assert_int_equal(r.size, 64);
	assert_data(100, 64);
	gw_ring_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_stand_where_they_were_put),
		cmocka_unit_test(a_slice_ends_where_the_ring_wraps),
		cmocka_unit_test(a_ring_that_grows_keeps_its_bytes),
		cmocka_unit_test(in_front_of_every_byte_there_is_room),
		cmocka_unit_test(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
