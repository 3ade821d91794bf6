#include "run/device_book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/kdf.h"
#include "test.h"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char good[] = "godwit-devices-1\n"
			   "own desk\n"
			   "device " KEY_A " 1700000000 kitchen-pc\n"
			   "device " KEY_B " 5 M\xc3\xbcller\n"
			   "forward " KEY_A " udp://:53/10.0.0.2:53\n"
			   "forward " KEY_B " tcp://:80/10.0.0.2:80\n"
			   "weather fine\n";

static enum gw_err
parse(struct gw_device_book *b, const char *text, unsigned *line)
{
	const char *wrong = NULL;
	enum gw_err err;

	*b = (struct gw_device_book){ .count = 0 };
	*line = 0;
	err = gw_device_book_parse(b, gw_slice_str(text), line, &wrong);
	assert_true((wrong != NULL) == (err == GW_E_DISK));
	return err;
}

static void
assert_text(const struct gw_device_book *b, const char *want)
{
	struct gw_bytes out = { .start = 0 };
	struct gw_slice s;

	assert_int_equal(gw_device_book_write(b, &out), GW_OK);
	s = gw_bytes_peek(&out);
	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
	gw_bytes_fini(&out);
}

static void
what_is_written_is_what_was_read(void **state)
{
	struct gw_device_book b;
	unsigned line;

	(void)state;
	assert_int_equal(parse(&b, good, &line), GW_OK);
	assert_int_equal(b.count, 2);
	assert_string_equal(b.own, "desk");
	assert_string_equal(b.entries[0].name, "kitchen-pc");
	assert_int_equal(b.entries[0].key[1], 0x11);
	assert_int_equal(b.entries[0].added, 1700000000);
	assert_text(&b, good);
	gw_device_book_fini(&b);
}

static void
anything_else_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} bad[] = {
		{ "", 1 },
		{ "godwit-devices-2\n", 1 },
		{ "godwit-devices-1 \n", 1 },
		{ "godwit-devices-1\nown a\nown b\n", 3 },
		{ "godwit-devices-1\nown a b\n", 2 },
		{ "godwit-devices-1\n\n", 2 },
		{ "godwit-devices-1\ndevice 00 1 a\n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A "1 1 a\n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A " a\n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A " -1 a\n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A " 1234567890123456 a\n",
		    2 },
		{ "godwit-devices-1\ndevice " KEY_A " 1 \n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A " 1 a\tb\n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A " 1 a=b\n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A " 1 \xff\n", 2 },
		{ "godwit-devices-1\ndevice " KEY_A " 1 a\ndevice " KEY_A
		  " 1 b\n",
		    3 },
		{ "godwit-devices-1\ndevice " KEY_A " 1 a\ndevice " KEY_B
		  " 1 A\n",
		    3 },
	};
	struct gw_device_book b;
	unsigned line;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (parse(&b, bad[i].text, &line) != GW_E_DISK)
			fail_msg("taken: %s", bad[i].text);
		assert_int_equal(line, bad[i].line);
		assert_int_equal(b.count, 0);
		assert_null(b.entries);
	}
}

static void
one_device_too_many_is_refused(void **state)
{
	struct gw_device_book b = { .count = 0 };
	const struct gw_device_entry *e;
	uint8_t key[GW_KEY_LEN] = { 0 };
	struct gw_bytes out = { .start = 0 };
	const char *wrong;
	unsigned line;

	(void)state;
	for (unsigned i = 0; i < GW_DEVICES_MAX; i++) {
		memcpy(key, &i, sizeof i);
		assert_int_equal(
		    gw_device_book_add(&b, key, "pc", 1, &e), GW_OK);
	}
	assert_string_equal(e->name, "pc-1024");
	key[31] = 1;
	assert_int_equal(gw_device_book_add(&b, key, "pc", 1, &e), GW_E_LIMIT);
	assert_int_equal(gw_device_book_write(&b, &out), GW_OK);
	gw_device_book_fini(&b);
	assert_int_equal(
	    gw_bytes_add(&out, "device " KEY_A " 1 z\n", 74), GW_OK);
	assert_int_equal(
	    gw_device_book_parse(&b, gw_bytes_peek(&out), &line, &wrong),
	    GW_E_DISK);
	assert_int_equal(line, GW_DEVICES_MAX + 2);
	gw_bytes_fini(&out);
}

static void
a_key_never_takes_the_name_of_another(void **state)
{
	static const uint8_t keys[4][GW_KEY_LEN] = { { 1 }, { 2 }, { 3 },
		{ 4 } };
	struct gw_device_book b = { .count = 0 };
	const struct gw_device_entry *e;

	(void)state;
	assert_int_equal(
	    gw_device_book_add(&b, keys[0], "Kitchen", 1, &e), GW_OK);
	assert_string_equal(e->name, "Kitchen");
	assert_int_equal(
	    gw_device_book_add(&b, keys[1], "kitchen", 2, &e), GW_OK);
	assert_string_equal(e->name, "kitchen-2");
	assert_int_equal(
	    gw_device_book_add(&b, keys[2], "KITCHEN", 3, &e), GW_OK);
	assert_string_equal(e->name, "KITCHEN-3");
	/* The same again keeps what it has. */
	assert_int_equal(
	    gw_device_book_add(&b, keys[0], "other", 4, &e), GW_OK);
	assert_string_equal(e->name, "Kitchen");
	assert_int_equal(b.count, 3);
	assert_int_equal(gw_device_book_by_name(&b, "kitchen")->key[0], 1);
	assert_null(gw_device_book_by_key(&b, keys[3]));
	gw_device_book_fini(&b);
}

static void
names_of_peers_are_made_fit(void **state)
{
	static const struct {
		const char *calls_itself, *is_called;
	} names[] = {
		{ "pc.local", "pc.local" },
		{ "my pc", "my-pc" },
		{ "--to", "to" },
		{ "..", "device" },
		{ "", "device" },
		{ "192.168.1.5", "device" },
		{ "a=b:c", "a-b-c" },
		{ "$(reboot)", "reboot-" },
		{ "\x1b[31mred", "31mred" },
		{ "M\xc3\xbcller", "M\xc3\xbcller" },
		{ "a\xff", "a-" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct gw_device_book b = { .count = 0 };
		const struct gw_device_entry *e;
		static const uint8_t key[GW_KEY_LEN] = { 1 };

		assert_int_equal(
		    gw_device_book_add(&b, key, names[i].calls_itself, 1, &e),
		    GW_OK);
		assert_string_equal(e->name, names[i].is_called);
		assert_null(gw_device_name_wrong(e->name));
		gw_device_book_fini(&b);
	}
}

static void
a_long_name_is_numbered_without_cutting_a_character(void **state)
{
	struct gw_device_book b = { .count = 0 };
	const struct gw_device_entry *e;
	char name[GW_NAME_MAX + 1] = "";
	static const uint8_t keys[2][GW_KEY_LEN] = { { 1 }, { 2 } };

	(void)state;
	name[0] = 'a';
	for (size_t i = 1; i + 1 < GW_NAME_MAX; i += 2) {
		name[i] = '\xc3';
		name[i + 1] = '\xbc';
	}
	for (int i = 0; i < 2; i++)
		assert_int_equal(
		    gw_device_book_add(&b, keys[i], name, 1, &e), GW_OK);
	assert_null(gw_device_name_wrong(e->name));
	assert_string_equal(e->name + strlen(e->name) - 2, "-2");
	gw_device_book_fini(&b);
}

static void
what_is_forgotten_takes_its_rights_along(void **state)
{
	struct gw_device_book b;
	struct gw_why why = { "" };
	unsigned line;

	(void)state;
	assert_int_equal(parse(&b, good, &line), GW_OK);
	assert_int_equal(
	    gw_device_book_forget(&b, "nobody", &why), GW_E_NO_PATH);
	assert_non_null(strstr(why.text, "nobody"));
	assert_int_equal(gw_device_book_forget(&b, "KITCHEN-pc", &why), GW_OK);
	assert_text(&b, "godwit-devices-1\nown desk\n"
			"device " KEY_B " 5 M\xc3\xbcller\n"
			"forward " KEY_B " tcp://:80/10.0.0.2:80\n"
			"weather fine\n");
	gw_device_book_fini(&b);
}

static void
a_new_name_is_fit_and_free(void **state)
{
	static const char too_long[] =
	    "01234567890123456789012345678901234567890123456789012345678901234";
	static const char *const bad[] = { "", "-x", ".x", "a b", "a=b", "a:b",
		"1.2.3.4", "7", "a\x1b", "a\xff", "a/b", "a@b", too_long };
	struct gw_device_book b;
	struct gw_why why = { "" };
	unsigned line;

	(void)state;
	assert_int_equal(parse(&b, good, &line), GW_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
		    gw_device_book_rename(&b, "kitchen-pc", bad[i], &why),
		    GW_E_USAGE);
	assert_int_equal(
	    gw_device_book_rename(&b, "kitchen-pc", "m\xc3\xbcller", &why),
	    GW_E_USAGE);
	assert_non_null(strstr(why.text, "already"));
	assert_int_equal(
	    gw_device_book_rename(&b, "no", "x", &why), GW_E_NO_PATH);
	/* Only its case. */
	assert_int_equal(
	    gw_device_book_rename(&b, "kitchen-pc", "Kitchen-PC", &why), GW_OK);
	assert_string_equal(b.entries[0].name, "Kitchen-PC");
	gw_device_book_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_what_was_read),
		cmocka_unit_test(anything_else_is_refused_with_its_line),
		cmocka_unit_test(one_device_too_many_is_refused),
		cmocka_unit_test(a_key_never_takes_the_name_of_another),
		cmocka_unit_test(names_of_peers_are_made_fit),
		cmocka_unit_test(
		    a_long_name_is_numbered_without_cutting_a_character),
		cmocka_unit_test(what_is_forgotten_takes_its_rights_along),
		cmocka_unit_test(a_new_name_is_fit_and_free),
	};

	return cmocka_run_group_tests_name("device_book", tests, NULL, NULL);
}
