/* SPDX-License-Identifier: Apache-2.0 */
/* Skipping one test of a program. The program passes all the same, so that
 * ctest says nothing of the test; therefore its name and the reason are also
 * written to the file that QUIPU_TEST_SKIPPED names. run-in-empty-folder.sh
 * sets the variable, and `./dev check` prints what all tests have written.
 *
 *     static void second_user_is_denied(void **state)
 *     {
 *         if (geteuid() != 0) {
 *             quipu_test_skip("it needs root");
 *         }
 *
 * A script that exits with 77 writes its reason to the same file. */
#ifndef QUIPU_TEST_SKIP_H
#define QUIPU_TEST_SKIP_H

#include "quipu_test.h"

#define quipu_test_skip(reason) \
    quipu_test_skip_at(__func__, (reason), __FILE__, __LINE__)

static inline void quipu_test_skip_at(const char *test, const char *reason,
                                      const char *file, int line)
{
    const char *path = getenv("QUIPU_TEST_SKIPPED");
    FILE *list = path ? fopen(path, "a") : NULL;

    print_message("%s: skipped: %s\n", test, reason);
    if (list) {
        (void)fprintf(list, "%s: %s\n", test, reason);
        (void)fclose(list);
    }
    _skip(file, line);
}

#endif
