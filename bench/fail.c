/* SPDX-License-Identifier: Apache-2.0 */
/* Failures, which end the program. */
#include "fail.h"

#include <stdio.h>

void bench_fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "quipu-bench: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

void bench_fail_on_error(int status, const quipu_error *error, const char *what)
{
    if (status != QUIPU_OK) {
        bench_fail(what, error->message);
    }
}
