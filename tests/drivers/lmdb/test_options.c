/* SPDX-License-Identifier: Apache-2.0 */
/* The options of a URI. */
#include "fixture.h"

#include "driver/host.h"

#include "options.h"

static struct options read_option(const char *name, const char *value)
{
    const quipu_option option = { .name = name, .value = value };
    const quipu_open how = { .options = &option, .option_count = name ? 1 : 0 };
    struct options options = { 0 };
    quipu_lmdb_options_read(quipu_host_table(), &how, &options);
    return options;
}

static void missing_options_have_defaults(void **state)
{
    (void)state;
    struct options options = read_option(NULL, NULL);
    assert_false(options.immutable);
    assert_true(options.mapsize >= UINT64_C(1) << 34);
    assert_int_equal(options.maxreaders, 1000);
    assert_int_equal(options.maxschemas, 400);
    assert_false(options.mdb_cursor);
}

static void values_are_limited(void **state)
{
    (void)state;
    assert_true(read_option("immutable", "yes").immutable);
    assert_true(read_option("mdbcursor", "yes").mdb_cursor);
    assert_int_equal(read_option("mapsize", "3m").mapsize, 3 << 20);
    assert_int_equal(read_option("maxreaders", "20").maxreaders, 20);
    assert_int_equal(read_option("maxreaders", "0").maxreaders, 8);
    assert_int_equal(read_option("maxreaders", "99999999999").maxreaders,
                     100000);
    assert_int_equal(read_option("maxschemas", "9").maxschemas, 9);
    assert_int_equal(read_option("maxschemas", "1").maxschemas, 8);
    assert_int_equal(read_option("maxschemas", "1000000").maxschemas, 10000);
}

static void schema_beyond_maxschemas_is_refused(void **state)
{
    (void)state;
    const struct opening how = { .option = "maxschemas", .value = "8" };
    const char *folder = fixture_file();
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    char name[16];
    int status = QUIPU_OK;
    assert_ok(fixture_try_open(folder, &how, &datastore, &error), &error);
    for (int i = 0; status == QUIPU_OK && i < 100; i++) {
        (void)snprintf(name, sizeof(name), "t%d", i);
        const quipu_schema schema = fixture_schema(name, 0);
        status = fixture_driver()->setup(datastore, &schema, FOREVER, &error);
    }
    assert_refused(status, QUIPU_IO, &error, "maxschemas");
    fixture_close(datastore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_options_have_defaults),
        cmocka_unit_test(values_are_limited),
        cmocka_unit_test(schema_beyond_maxschemas_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
