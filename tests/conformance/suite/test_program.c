/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of <quipu/conformance.h>: their arguments and results. */
#include "quipu_test.h"

#include <quipu/conformance.h>
#include <quipu/drivers.h>

#include <stdio.h>
#include <string.h>

const quipu_driver *quipu_driver_entry_memory(void);

static const char *const uris[] = { "memory:{name}", NULL };

static quipu_conformance few(void)
{
    return (quipu_conformance){ .struct_size = sizeof(quipu_conformance),
                                .uris = uris,
                                .only = "U1.taken-position-conflicts",
                                .format = "none" };
}

static void consecutive_runs_in_one_process_are_independent(void **state)
{
    quipu_conformance suite = few();

    (void)state;
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_HOLDS);
    suite.only = "V3.kill*";
    assert_int_equal(quipu_conformance_run(&suite),
                     QUIPU_CONFORMANCE_INCOMPLETE);
    suite.only = "U1.taken-position-conflicts";
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_HOLDS);
}

static void members_beyond_struct_size_are_ignored(void **state)
{
    quipu_conformance suite = few();

    (void)state;
    suite.struct_size = offsetof(quipu_conformance, outputs);
    suite.outputs = (const char *const[]){ "nonsense", NULL };
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_HOLDS);
    suite.struct_size = sizeof(suite);
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_MISUSE);
}

static void wrong_arguments_are_misuse(void **state)
{
    quipu_conformance suite = few();

    (void)state;
    assert_int_equal(quipu_conformance_run(NULL), QUIPU_CONFORMANCE_MISUSE);
    suite.struct_size = 0;
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_MISUSE);
    suite = few();
    suite.uris = NULL;
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_MISUSE);
    suite = few();
    suite.only = "U9.*";
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_MISUSE);
    suite = few();
    suite.profile = 3;
    assert_int_equal(quipu_conformance_run(&suite), QUIPU_CONFORMANCE_MISUSE);
}

static void command_line_replaces_members(void **state)
{
    quipu_conformance suite = few();
    char name[] = "test", option[] = "--only=U1.taken*",
         output[] = "--output=json=arguments.json", uri[] = "memory:";
    char *arguments[] = { name, option, output, uri, NULL };
    char text[1000] = "";
    FILE *file;

    (void)state;
    assert_int_equal(quipu_conformance_main(4, arguments, &suite),
                     QUIPU_CONFORMANCE_HOLDS);
    file = fopen("arguments.json", "re");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    (void)fclose(file);
    assert_non_null(strstr(text, "\"uri\":\"memory:\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consecutive_runs_in_one_process_are_independent),
        cmocka_unit_test(members_beyond_struct_size_are_ignored),
        cmocka_unit_test(wrong_arguments_are_misuse),
        cmocka_unit_test(command_line_replaces_members),
    };

    if (quipu_drivers_add("memory", quipu_driver_entry_memory, NULL)) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
