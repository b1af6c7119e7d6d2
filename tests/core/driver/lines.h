/* SPDX-License-Identifier: Apache-2.0 */
/* Collects the reports of quipu_drivers_list and quipu_drivers_explain. */
#ifndef QUIPU_TEST_CORE_DRIVER_LINES_H
#define QUIPU_TEST_CORE_DRIVER_LINES_H

#include <stdio.h>
#include <string.h>

struct lines {
    char text[40000];
};

/* A quipu_drivers_visit and a quipu_drivers_trace. */
static inline void add_line(void *context, const char *first,
                            const char *second)
{
    struct lines *lines = context;
    size_t size = strlen(lines->text);

    snprintf(lines->text + size, sizeof(lines->text) - size, "%s: %s\n", first,
             second);
}

#endif
