/* SPDX-License-Identifier: Apache-2.0 */
/* The filter of a read, prepared for a fast decision about each row. */
#ifndef QUIPU_DRIVERS_SQLITE_FILTER_H
#define QUIPU_DRIVERS_SQLITE_FILTER_H

#include "sqlite.h"

/* A sorted set of texts, which belong to the filter that the core lends. */
struct text_set {
    quipu_bytes *texts; /* NULL: any text passes */
    size_t count;
};

struct row_filter {
    struct text_set topics;
    struct text_set prefixes; /* none begins with another one */
};

/* Prepares a filter that is borrowed until _finish. NO_MEMORY. */
int quipu_sqlite_filter_init(struct row_filter *filter, const quipu_host *host,
                             const quipu_filter *given, quipu_error *error);
void quipu_sqlite_filter_finish(struct row_filter *filter,
                                const quipu_host *host);

/* Returns true if an item with this topic and sequence id may pass the filter;
 * partitions are left to the core. */
bool quipu_sqlite_filter_passes(const struct row_filter *filter,
                                quipu_bytes topic, quipu_bytes sequence_id);

#endif
