/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the values of options. */
#include "quipu_test.h"

#include "base/option.h"

static void words_are_true_or_false(void **state)
{
    static const char *const yes[] = { "1", "true", "yes", "on" };
    static const char *const no[] = { "0", "false", "no", "off" };
    static const char *const neither[] = { "",  "True", "ON",    "2",
                                           "y", "tru",  "truee", " on" };
    quipu_error err;
    bool value = false;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_ok(quipu_option_bool("create", yes[i], &value, &err), &err);
        assert_true(value);
        assert_ok(quipu_option_bool("create", no[i], &value, &err), &err);
        assert_false(value);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_refused(quipu_option_bool("create", neither[i], &value, &err),
                       QUIPU_INVALID, &err,
                       "option \"create\" must be one of 1, true, yes, on, 0");
    }
}

static const struct row {
    const char *text;
    bool valid;
    uint64_t value;
} counts[] = {
    { "0", true, 0 },
    { "007", true, 7 },
    { "18446744073709551615", true, UINT64_MAX },
    { "18446744073709551616", false, 0 },
    { "18446744073709551625", false, 0 },
    { "99999999999999999999999", false, 0 },
    { "", false, 0 },
    { "-1", false, 0 },
    { "+1", false, 0 },
    { " 1", false, 0 },
    { "1 ", false, 0 },
    { "1k", false, 0 },
    { "0x10", false, 0 },
    { "1.5", false, 0 },
    { "hunter2", false, 0 },
}, sizes[] = {
    { "0", true, 0 },
    { "4096", true, 4096 },
    { "64k", true, 65536 },
    { "16m", true, 16777216 },
    { "2g", true, 2147483648 },
    { "1t", true, 1099511627776 },
    { "16777215t", true, UINT64_C(16777215) << 40 },
    { "16777216t", false, 0 },
    { "18446744073709551615", true, UINT64_MAX },
    { "18446744073709551615k", false, 0 },
    { "18014398509481983k", true, UINT64_C(18014398509481983) << 10 },
    { "18014398509481984k", false, 0 },
    { "18446744073709551616", false, 0 },
    { "", false, 0 },
    { "k", false, 0 },
    { "1K", false, 0 },
    { "1kb", false, 0 },
    { "1p", false, 0 },
    { "-1", false, 0 },
    { "hunter2", false, 0 },
};

static void check_rows(const struct row *rows, size_t count,
                       int (*parse)(const char *, const char *, uint64_t *,
                                    quipu_error *))
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = 12345;
        quipu_error err = { 0 };
        int status = parse("limit", rows[i].text, &value, &err);

        if (rows[i].valid) {
            assert_ok(status, &err);
            assert_true(value == rows[i].value);
        } else {
            assert_refused(status, QUIPU_INVALID, &err,
                           "option \"limit\" must be a number");
            assert_null(strstr(err.message, "hunter2"));
            assert_true(value == 12345);
        }
    }
}

static void counts_are_decimal_numbers(void **state)
{
    (void)state;
    check_rows(counts, sizeof(counts) / sizeof(counts[0]), quipu_option_count);
}

static void sizes_may_have_a_unit(void **state)
{
    (void)state;
    check_rows(sizes, sizeof(sizes) / sizeof(sizes[0]), quipu_option_size);
}

static void values_are_checked_by_type(void **state)
{
    static const struct {
        const char *text;
        int32_t type;
        int status;
    } cases[] = {
        { "any", QUIPU_OPTION_TEXT, QUIPU_OK },
        { "on", QUIPU_OPTION_BOOL, QUIPU_OK },
        { "any", QUIPU_OPTION_BOOL, QUIPU_INVALID },
        { "1k", QUIPU_OPTION_SIZE, QUIPU_OK },
        { "any", QUIPU_OPTION_SIZE, QUIPU_INVALID },
        { "1", QUIPU_OPTION_COUNT, QUIPU_OK },
        { "1k", QUIPU_OPTION_COUNT, QUIPU_INVALID },
        { "any", 99, QUIPU_OK },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        quipu_option_info info = { .name = "x", .type = cases[i].type };

        assert_status(quipu_option_check(&info, cases[i].text, NULL),
                      cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_true_or_false),
        cmocka_unit_test(counts_are_decimal_numbers),
        cmocka_unit_test(sizes_may_have_a_unit),
        cmocka_unit_test(values_are_checked_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
