/* SPDX-License-Identifier: Apache-2.0 */
/* A URI and settings on the way to becoming an opened datastore. */
#ifndef QUIPU_CORE_RECORDS_OPENING_H
#define QUIPU_CORE_RECORDS_OPENING_H

#include <quipu/datastore.h>

#include "base/uri.h"

struct quipu_opening {
    quipu_open how;  /* for the driver; borrows from the rest */
    int64_t timeout; /* milliseconds */
    size_t group;    /* appends a commit at most; 1: no queue */
    quipu_uri uri;
    quipu_option *options; /* of the URI and the settings, but quipu's own */
    size_t option_count;
};

/* Reads both and takes quipu's own options out.  To be finished also after a
 * failure.  INVALID, NO_MEMORY. */
int quipu_opening_init(struct quipu_opening *opening, const char *uri,
                       const quipu_settings *given, quipu_error *error);
void quipu_opening_finish(struct quipu_opening *opening);

/* Whether the driver knows the options that are left, and each has its type.
 * INVALID, listing those known. */
int quipu_opening_check(const struct quipu_opening *opening,
                        const quipu_driver *driver, quipu_error *error);

/* The table of options that mean the same in every driver, in the order of
 * their names. */
const quipu_option_info *quipu_opening_options(size_t *count);

#endif
