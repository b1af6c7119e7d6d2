/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of key-value entries that were read, copied so that they can be
 * compared, and the state of single entries.  Lists live until the end of the
 * case.
 */
#ifndef QUIPU_ENTRY_LIST_H
#define QUIPU_ENTRY_LIST_H

#include "context/context.h"

struct quipu_entry_copy {
    const char *key; /* NUL-terminated */
    quipu_bytes value;
    int64_t revision;
};

struct quipu_entry_list {
    struct quipu_entry_copy *at;
    size_t count;
};

/* Lists the entries whose keys begin with a prefix; checks that the listing is
 * in order of keys, and stays at its end. */
struct quipu_entry_list quipu_entry_list_read(struct quipu_context *ctx,
                                              quipu_datastore *datastore,
                                              const char *prefix);

/* Returns the revision of an entry; 0: there is none. */
int64_t quipu_entry_list_revision(quipu_datastore *datastore, const char *key);

/* Checks that an entry has a value and a revision; `value` NULL: there is no
 * such entry. */
void quipu_entry_list_check(quipu_datastore *datastore, const char *key,
                            const char *value, int64_t revision);

#endif
