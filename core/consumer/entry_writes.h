/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing list of entries that one append writes and deletes.
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_CONSUMER_ENTRY_WRITES_H
#define QUIPU_CORE_CONSUMER_ENTRY_WRITES_H

#include <quipu/entries.h>

#include "base/arena.h"

/* Zeroed: empty. */
struct quipu_entry_writes {
    quipu_entry_write *items; /* owned */
    size_t count;
    size_t capacity;
    quipu_arena keys; /* of the items */
};

/* Adds a write.  The key is copied, the value borrowed until the append.
 * NO_MEMORY. */
int quipu_entry_writes_add(struct quipu_entry_writes *writes,
                           const quipu_entry_write *write, quipu_error *error);

/* Adds the deletion of each entry whose key begins with the prefix, at the
 * revision at which it is listed.  NO_MEMORY; codes of quipu_entries_open. */
int quipu_entry_writes_delete_all(struct quipu_entry_writes *writes,
                                  quipu_datastore *datastore,
                                  quipu_bytes prefix, quipu_error *error);

/* Frees the list, which is empty then. */
void quipu_entry_writes_finish(struct quipu_entry_writes *writes);

#endif
