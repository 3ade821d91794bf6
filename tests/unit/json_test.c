/*
 * Events as JSON: each line parses, and has the members of the manual.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "json_read.h"
#include "test.h"

/* The line as an object; the line itself in *text. */
static cJSON *
told(const struct gw_event *e, char **text)
{
	cJSON *o;

	*text = cli_json_event(e);
	assert_non_null(*text);
	assert_null(strchr(*text, '\n'));
	o = cJSON_Parse(*text);
	assert_non_null(o);
	return o;
}

static void
is_null(const cJSON *o, const char *key)
{
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(o, key)));
}

static void
listening_has_what_the_other_side_needs(void **state)
{
	static const char *const addresses[] = { "10.0.0.1", "fd00::1" };
	struct gw_event e = { .kind = GW_EVENT_LISTENING };
	const cJSON *list;
	char *text;
	cJSON *o;

	(void)state;
	e.listening.name = "laptop";
	e.listening.addresses = addresses;
	e.listening.address_count = 2;
	e.listening.port = 4639;
	e.listening.code = "7-crane-otter";
	o = told(&e, &text);
	assert_string_equal(json_string(o, "event"), "listening");
	assert_string_equal(json_string(o, "name"), "laptop");
	assert_string_equal(json_string(o, "code"), "7-crane-otter");
	assert_int_equal(json_number(o, "port"), 4639);
	list = cJSON_GetObjectItemCaseSensitive(o, "addresses");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(
	    cJSON_GetArrayItem(list, 1)->valuestring, "fd00::1");
	cJSON_Delete(o);
	free(text);
}

static void
connected_says_how(void **state)
{
	struct gw_event e = { .kind = GW_EVENT_CONNECTED };
	char *text;
	cJSON *o;

	(void)state;
	e.connected.peer = "kitchen-pc";
	e.connected.key = "ab";
	e.connected.address = "10.0.0.2:5";
	e.connected.carrier = "tcp";
	e.connected.cipher = "AES-256-GCM";
	e.connected.resumed = true;
	o = told(&e, &text);
	assert_string_equal(json_string(o, "peer"), "kitchen-pc");
	assert_string_equal(json_string(o, "carrier"), "tcp");
	assert_string_equal(json_string(o, "cipher"), "AES-256-GCM");
	assert_true(
	    cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "resumed")));
	cJSON_Delete(o);
	free(text);
}

static void
names_that_are_not_utf8_go_twice(void **state)
{
	static const char *const names[] = { "plain", "a\xff" };
	struct gw_event e = { .kind = GW_EVENT_OFFER };
	const cJSON *list;
	char *text;
	cJSON *o;

	(void)state;
	e.offer.peer = "x";
	e.offer.files = 2;
	e.offer.bytes = UINT64_C(9007199254740991);
	e.offer.bytes_known = true;
	e.offer.names = names;
	e.offer.name_count = 2;
	o = told(&e, &text);
	assert_true(json_number(o, "bytes") == 9007199254740991.0);
	list = cJSON_GetObjectItemCaseSensitive(o, "names");
	assert_string_equal(cJSON_GetArrayItem(list, 1)->valuestring, "a\\xff");
	list = cJSON_GetObjectItemCaseSensitive(o, "names_hex");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(cJSON_GetArrayItem(list, 1)->valuestring, "61ff");
	cJSON_Delete(o);
	free(text);

	e = (struct gw_event){ .kind = GW_EVENT_ENTRY };
	e.entry.name = "a\xff";
	e.entry.kind = GW_KIND_SYMLINK;
	e.entry.status = GW_ENTRY_FAILED;
	e.entry.reason = "gone";
	o = told(&e, &text);
	assert_string_equal(json_string(o, "name"), "a\\xff");
	assert_string_equal(json_string(o, "name_hex"), "61ff");
	is_null(o, "final_name");
	assert_string_equal(json_string(o, "kind"), "symlink");
	assert_string_equal(json_string(o, "status"), "failed");
	assert_string_equal(json_string(o, "reason"), "gone");
	cJSON_Delete(o);
	free(text);
}

static void
an_offer_without_a_size_has_none(void **state)
{
	struct gw_event e = { .kind = GW_EVENT_OFFER };
	char *text;
	cJSON *o;

	(void)state;
	o = told(&e, &text);
	is_null(o, "bytes");
	is_null(o, "peer");
	assert_null(cJSON_GetObjectItemCaseSensitive(o, "names_hex"));
	cJSON_Delete(o);
	free(text);
}

static void
progress_has_its_figures(void **state)
{
	struct gw_event e = { .kind = GW_EVENT_PROGRESS };
	char *text;
	cJSON *o;

	(void)state;
	e.progress.bytes = 5;
	e.progress.bytes_total = 10;
	e.progress.rate = 3;
	e.progress.eta_ms = 1500;
	e.progress.name = "a\nb";
	e.progress.limiter = GW_LIMIT_DISK_THERE;
	e.progress.stalled_ms = 250;
	o = told(&e, &text);
	assert_int_equal(json_number(o, "bytes"), 5);
	assert_int_equal(json_number(o, "total"), 10);
	assert_true(json_number(o, "eta") == 1.5);
	assert_true(json_number(o, "stalled") == 0.25);
	assert_string_equal(json_string(o, "name"), "a\nb");
	assert_string_equal(json_string(o, "limiter"), "disk-there");
	cJSON_Delete(o);
	free(text);
	e.progress.eta_ms = -1;
	o = told(&e, &text);
	is_null(o, "eta");
	cJSON_Delete(o);
	free(text);
}

static void
ends_have_their_exit_status(void **state)
{
	struct gw_event e = { .kind = GW_EVENT_COMPLETE };
	char *text;
	cJSON *o;

	(void)state;
	e.complete.files = 3;
	e.complete.failed = 1;
	e.complete.seconds = 4.5;
	e.complete.err = GW_E_SOME_FAILED;
	o = told(&e, &text);
	assert_int_equal(json_number(o, "files"), 3);
	assert_int_equal(json_number(o, "failed"), 1);
	assert_true(json_number(o, "seconds") == 4.5);
	assert_int_equal(json_number(o, "status"), 6);
	cJSON_Delete(o);
	free(text);

	e = (struct gw_event){ .kind = GW_EVENT_ERROR };
	e.error.err = GW_E_REFUSED;
	o = told(&e, &text);
	assert_string_equal(json_string(o, "event"), "error");
	assert_string_equal(json_string(o, "error"), "refused");
	assert_int_equal(json_number(o, "status"), 5);
	assert_true(strlen(json_string(o, "reason")) > 0);
	cJSON_Delete(o);
	free(text);
}

static void
nothing_in_a_line_acts_on_a_terminal(void **state)
{
	/* C1 control, override, a tag beyond the BMP, DEL; and back. */
	const char *name = "\xc2\x9b"
			   "2J\xe2\x80\xae\xf3\xa0\x80\x81\x7f\033[\\";
	struct gw_event e = { .kind = GW_EVENT_NOTICE };
	char *text;
	cJSON *o;

	(void)state;
	e.notice.text = name;
	o = told(&e, &text);
	for (const char *s = text; *s != '\0'; s++) {
		assert_true((unsigned char)*s >= 0x20);
		assert_true((unsigned char)*s < 0x7f);
	}
	assert_string_equal(json_string(o, "text"), name);
	cJSON_Delete(o);
	free(text);
}

static void
some_events_are_not_told(void **state)
{
	struct gw_event e = { .kind = GW_EVENT_END };

	(void)state;
	assert_null(cli_json_event(&e));
	e.kind = GW_EVENT_CONFLICT;
	assert_null(cli_json_event(&e));
}

static void
a_leftover_has_its_id_and_place(void **state)
{
	const struct gw_partial p = { .id = "3f9a",
		.peer = "laptop",
		.dir = "/srv/\xff",
		.first = "photos",
		.bytes = 7,
		.files_done = 1,
		.files_total = 2,
		.age_s = 60,
		.active = true };
	char *text = cli_json_partial(&p);
	cJSON *o = cJSON_Parse(text);

	(void)state;
	assert_string_equal(json_string(o, "id"), "3f9a");
	assert_string_equal(json_string(o, "dir_hex"), "2f7372762fff");
	assert_int_equal(json_number(o, "age"), 60);
	cJSON_Delete(o);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listening_has_what_the_other_side_needs),
		cmocka_unit_test(connected_says_how),
		cmocka_unit_test(names_that_are_not_utf8_go_twice),
		cmocka_unit_test(an_offer_without_a_size_has_none),
		cmocka_unit_test(progress_has_its_figures),
		cmocka_unit_test(ends_have_their_exit_status),
		cmocka_unit_test(nothing_in_a_line_acts_on_a_terminal),
		cmocka_unit_test(some_events_are_not_told),
		cmocka_unit_test(a_leftover_has_its_id_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
