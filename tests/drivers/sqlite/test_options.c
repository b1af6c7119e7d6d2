/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "driver/host.h"

#include "sqlite.h"

static struct options read_one(const char *name, const char *value)
{
    const quipu_option option = { .name = name, .value = value };
    const quipu_open how = { .struct_size = sizeof(how),
                             .options = &option,
                             .option_count = name ? 1 : 0 };
    struct options options = { 0 };
    quipu_sqlite_options_read(quipu_host_table(), &how, &options);
    return options;
}

static void defaults_come_from_the_option_table(void **state)
{
    (void)state;
    struct options options = read_one(NULL, NULL);
    assert_false(options.adopt);
    assert_false(options.immutable);
    assert_int_equal(options.checkpoint, 1000);
    assert_int_equal(options.mmap, 0);
    assert_int_equal(options.readers, 16);
    assert_false(options.trusted);
}

static void boolean_values_have_synonyms(void **state)
{
    (void)state;
    static const char *const yes[] = { "1", "true", "yes", "on", "YES" };
    static const char *const no[] = { "0", "false", "no", "off", "No" };
    for (size_t i = 0; i < 5; i++) {
        assert_true(read_one("adopt", yes[i]).adopt);
        assert_true(read_one("immutable", yes[i]).immutable);
        assert_false(read_one("adopt", no[i]).adopt);
        assert_false(read_one("immutable", no[i]).immutable);
    }
}

static void sizes_have_suffixes(void **state)
{
    (void)state;
    assert_int_equal(read_one("mmap", "12").mmap, 12);
    assert_int_equal(read_one("readers", "3").readers, 3);
    assert_int_equal(read_one("readers", "0").readers, 1);
    assert_int_equal(read_one("readers", "99999").readers, 1000);
    assert_true(read_one("trusted", "yes").trusted);
    assert_int_equal(read_one("mmap", "3k").mmap, 3 << 10);
    assert_int_equal(read_one("mmap", "3m").mmap, 3 << 20);
    assert_int_equal(read_one("mmap", "2g").mmap, INT64_C(2) << 30);
    assert_int_equal(read_one("mmap", "2t").mmap, INT64_C(2) << 40);
}

static void too_large_number_is_the_largest(void **state)
{
    (void)state;
    assert_int_equal(read_one("mmap", "9000000t").mmap, INT64_MAX);
    assert_int_equal(read_one("checkpoint", "18446744073709551615").checkpoint,
                     INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_come_from_the_option_table),
        cmocka_unit_test(boolean_values_have_synonyms),
        cmocka_unit_test(sizes_have_suffixes),
        cmocka_unit_test(too_large_number_is_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
