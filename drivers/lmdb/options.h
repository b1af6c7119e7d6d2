/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI. */
#ifndef LMDB_DRIVER_OPTIONS_H
#define LMDB_DRIVER_OPTIONS_H

#include <quipu/driver.h>

#define OPTION_COUNT 4
extern const quipu_option_info quipu_lmdb_option_table[OPTION_COUNT];

struct options {
    bool immutable;
    uint64_t mapsize; /* bytes */
    unsigned maxreaders;
    unsigned maxschemas;
};

/* Reads the options, whose values the core has checked. */
void quipu_lmdb_options_read(const quipu_open *how, struct options *options);

#endif
