/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI. */
#ifndef LMDB_DRIVER_OPTIONS_H
#define LMDB_DRIVER_OPTIONS_H

#include <quipu/driver.h>

#define OPTION_COUNT 5
/* Names, types, defaults and help texts, for the driver's table. */
extern const quipu_option_info quipu_lmdb_options[OPTION_COUNT];

struct options {
    /* immutable: with readonly, nobody changes the file: no locks. */
    bool immutable;
    /* mapsize: bytes of addresses for the map when the environment is opened;
     * it grows beyond them (txn/map.c). */
    uint64_t mapsize;
    /* maxreaders: reading transactions of all processes, open at once. */
    unsigned maxreaders;
    /* maxschemas: schemas of all namespaces that this process can use. */
    unsigned maxschemas;
    /* mdbcursor: read with LMDB's own cursors (btree/btree.h). */
    bool mdb_cursor;
};

/* Reads the options, whose types the core has checked; an option that is not
 * given has its default.  A number outside its limits is replaced by the
 * nearest limit. */
void quipu_lmdb_options_read(const quipu_host *host, const quipu_open *how,
                             struct options *options);

#endif
