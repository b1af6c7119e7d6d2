/* SPDX-License-Identifier: Apache-2.0 */
/* A growing list of entries that one append writes and deletes. */
#include "consumer/entry_writes.h"

#include "base/error.h"
#include "base/memory.h"

static int grow(struct quipu_entry_writes *writes, quipu_error *error)
{
    size_t capacity = writes->capacity * 2 + 8;
    void *items =
        quipu_reallocate(writes->items, capacity * sizeof(*writes->items));

    if (!items) {
        return quipu_error_no_memory(error);
    }
    writes->items = items;
    writes->capacity = capacity;
    return QUIPU_OK;
}

int quipu_entry_writes_add(struct quipu_entry_writes *writes,
                           const quipu_entry_write *write, quipu_error *error)
{
    int status =
        writes->count == writes->capacity ? grow(writes, error) : QUIPU_OK;
    const void *key =
        quipu_arena_copy(&writes->keys, write->key.data, write->key.size);

    if (status == QUIPU_OK && !key) {
        status = quipu_error_no_memory(error);
    }
    if (status == QUIPU_OK) {
        quipu_entry_write *added = &writes->items[writes->count++];

        *added = *write;
        added->key.data = key;
    }
    return status;
}

int quipu_entry_writes_delete_all(struct quipu_entry_writes *writes,
                                  quipu_datastore *datastore,
                                  quipu_bytes prefix, quipu_error *error)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    int status = quipu_entries_open(datastore, prefix, &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            const quipu_entry_write deletion = {
                .key = entry->key,
                .flags = QUIPU_ENTRY_DELETE | QUIPU_ENTRY_EXPECT,
                .revision = entry->revision,
            };

            status = quipu_entry_writes_add(writes, &deletion, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    return status;
}

void quipu_entry_writes_finish(struct quipu_entry_writes *writes)
{
    quipu_release(writes->items);
    quipu_arena_finish(&writes->keys);
    *writes = (struct quipu_entry_writes){ .items = NULL };
}
