#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "doctor_fixture.h"
#include "os_fixture.h"
#include "test.h"

static const char *
cipher(struct doctor *d, const char *cpuinfo, enum gw_grade grade)
{
	doctor_file("/proc/cpuinfo", cpuinfo);
	doctor_look(d, gw_doctor_cipher);
	return doctor_one(d, grade, "")->text;
}

static void
aes_is_a_word_of_the_flags(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_says(cipher(&d,
			"processor\t: 0\nflags\t\t: fpu pclmulqdq aes xsave\n"
			"bugs\t\t: x\n",
			GW_GRADE_OK),
	    "has AES: sessions take AES-256-GCM");
	doctor_says(cipher(&d, "a\nflags\t: pclmulqdq aes vaes\n", GW_GRADE_OK),
	    "VAES");
	/* Part of another word, or of another line. */
	cipher(&d, "a\nflags\t: pclmulqdq vaes keyaes\n", GW_GRADE_NOTE);
	cipher(&d, "a\nflags\t: pclmulqdq fpu\nbugs\t: aes\n", GW_GRADE_NOTE);
	cipher(&d, "a\nflags\t: aes\n", GW_GRADE_NOTE);
	cipher(&d, "", GW_GRADE_NOTE);
	/* As arm64 writes it. */
	cipher(&d, "a\nFeatures\t: fp aes pmull\n", GW_GRADE_OK);
	cipher(&d, "a\nFeatures\t: fp aes", GW_GRADE_NOTE);
	d.machine.root = "./nowhere";
	doctor_look(&d, gw_doctor_cipher);
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "")->text, "not known");
	doctor_end(&d);
}

static void
a_clock_that_cannot_be_right_is_a_problem(void **state)
{
	struct doctor d = doctor_begin();

	(void)state;
	doctor_look(&d, gw_doctor_clock);
	doctor_says(doctor_one(&d, GW_GRADE_OK, "")->text, "2026-09-21");
	d.machine.now = 100;
	doctor_look(&d, gw_doctor_clock);
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, "")->text, "1970-01-01");
	d.machine.now = INT64_C(5000000000);
	doctor_look(&d, gw_doctor_clock);
	doctor_one(&d, GW_GRADE_PROBLEM, "");
	doctor_end(&d);
}

static void
the_kernel_is_asked_for_what_it_has(void **state)
{
	struct doctor d = doctor_begin();
	struct open_how how = { .flags = O_PATH };
	long fd;

	(void)state;
	doctor_look(&d, gw_doctor_confinement);
	assert_int_equal(d.found.count, 2);
	assert_string_equal(d.found.v[0].subject, "Landlock");
	/* Valgrind has none. */
	fd = syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how);
	doctor_one(&d, fd >= 0 ? GW_GRADE_OK : GW_GRADE_PROBLEM, "openat2");
	if (fd >= 0)
		close((int)fd);
	doctor_end(&d);
}

static void
directories_are_looked_at_and_not_made(void **state)
{
	struct doctor d = doctor_begin();
	char data[256], home[256];

	snprintf(data, sizeof data, "%s/data", (char *)*state);
	snprintf(home, sizeof home, "%s/home", (char *)*state);
	setenv("XDG_DATA_HOME", data, 1);
	setenv("HOME", home, 1);
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	doctor_look(&d, gw_doctor_directories);
	doctor_none(&d, GW_GRADE_PROBLEM);
	doctor_says(doctor_one(&d, GW_GRADE_OK, "XDG_STATE_HOME")->text,
	    "/home/.local/state/godwit is made when it is needed");
	doctor_says(
	    doctor_one(&d, GW_GRADE_OK, "XDG_RUNTIME_DIR")->text, "not set");
	setenv("XDG_RUNTIME_DIR", "/nowhere/at/all", 1);
	doctor_look(&d, gw_doctor_directories);
	doctor_says(doctor_one(&d, GW_GRADE_NOTE, "XDG_RUNTIME_DIR")->text,
	    "/nowhere/at/all: No such file");
	unsetenv("XDG_RUNTIME_DIR");
	assert_false(os_fixture_exists("data"));
	assert_false(os_fixture_exists("home"));
	assert_int_equal(mkdir("data", 0700), 0);
	assert_int_equal(mkdir("data/godwit", 0700), 0);
	assert_int_equal(chmod("data/godwit", 0722), 0);
	doctor_look(&d, gw_doctor_directories);
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, "XDG_DATA_HOME")->text,
	    "others may write to it");
	assert_int_equal(chmod("data/godwit", 0700), 0);
	doctor_look(&d, gw_doctor_directories);
	doctor_none(&d, GW_GRADE_PROBLEM);
	unsetenv("HOME");
	doctor_look(&d, gw_doctor_directories);
	doctor_says(doctor_one(&d, GW_GRADE_PROBLEM, "XDG_STATE_HOME")->text,
	    "no place");
	doctor_end(&d);
}

static int
with_few(void *arg)
{
	const unsigned *few = arg;
	struct rlimit limit;
	struct doctor d = doctor_begin();
	bool fine;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 97;
	limit.rlim_cur = few[0];
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 98;
	doctor_look(&d, gw_doctor_descriptors);
	fine = d.found.v[0].grade == few[1];
	doctor_end(&d);
	return fine ? 0 : 1;
}

static void
few_descriptors_are_told_of(void **state)
{
	unsigned some[] = { 300, GW_GRADE_OK }, few[] = { 100, GW_GRADE_NOTE },
		 hardly[] = { 20, GW_GRADE_PROBLEM };

	(void)state;
	assert_int_equal(os_fixture_child(with_few, some), 0);
	assert_int_equal(os_fixture_child(with_few, few), 0);
	assert_int_equal(os_fixture_child(with_few, hardly), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(aes_is_a_word_of_the_flags,
		    os_fixture_setup, os_fixture_teardown),
		cmocka_unit_test(a_clock_that_cannot_be_right_is_a_problem),
		cmocka_unit_test(the_kernel_is_asked_for_what_it_has),
		cmocka_unit_test_setup_teardown(
		    directories_are_looked_at_and_not_made, os_fixture_setup,
		    os_fixture_teardown),
		cmocka_unit_test(few_descriptors_are_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
