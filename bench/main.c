/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-bench [PATTERN]: measures every work whose name contains PATTERN. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5

int main(int argc, char **argv)
{
    const char *pattern = argc > 1 ? argv[1] : "";
    const struct bench_side *others[] = {
        &bench_records_sqlite,
        &bench_events_sqlite,
    };
    size_t measured = 0;
    for (size_t i = 0; i < bench_work_count; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "sqlite.%s", bench_works[i].name);
        if (strstr(name, pattern) != NULL) {
            bench_measure(&bench_works[i], "sqlite", &bench_hand_sqlite, others,
                          2, ROUNDS);
            measured++;
        }
    }
    if (measured == 0) {
        (void)fprintf(stderr, "quipu-bench: nothing is named \"%s\"\n",
                      pattern);
        return 2;
    }
    return EXIT_SUCCESS;
}
