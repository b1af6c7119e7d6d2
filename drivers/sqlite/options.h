/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI. */
#ifndef SQLITE_DRIVER_OPTIONS_H
#define SQLITE_DRIVER_OPTIONS_H

#include <quipu/driver.h>

#define OPTION_COUNT 4
extern const quipu_option_info quipu_sqlite_option_table[OPTION_COUNT];

struct options {
    bool adopt;
    bool immutable;
    int64_t checkpoint; /* pages of the write-ahead log */
    int64_t mmap;       /* bytes */
};

/* Reads the options, whose values the core has checked. */
void quipu_sqlite_options_read(const quipu_open *how, struct options *options);

#endif
