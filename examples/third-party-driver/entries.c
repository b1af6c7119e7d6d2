/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key-value entries: an array of versions, sorted by key.
 *
 * A version of an entry does not change after it has been stored; a write
 * replaces it by another one.  A cursor that lends a version keeps a reference
 * to it, so that it may be replaced or deleted meanwhile.
 *
 * A deleted entry leaves nothing behind but the revision floor of the store:
 * the largest revision of any deleted entry.  An entry that is created gets the
 * next revision above it, and so one that its key never had before (K3).
 */
#include "memory.h"

#include <string.h>

/* Returns the index of the first entry whose key is not below `key`. */
static size_t find_index(const struct entries *entries, quipu_bytes key)
{
    size_t low = 0, high = entries->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (memory_map_compare(entries->at[middle]->row.key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct entry *memory_entry_find(const struct store *store, quipu_bytes key)
{
    const struct entries *entries = &store->entries;
    size_t index = find_index(entries, key);

    return index < entries->count &&
                   memory_map_compare(entries->at[index]->row.key, key) == 0
               ? entries->at[index]
               : NULL;
}

struct entry *memory_entry_next(const struct store *store, quipu_bytes key,
                                bool inclusive)
{
    const struct entries *entries = &store->entries;
    size_t index = key.data ? find_index(entries, key) : 0;

    if (index < entries->count && !inclusive &&
        memory_map_compare(entries->at[index]->row.key, key) == 0) {
        index++;
    }
    return index < entries->count ? entries->at[index] : NULL;
}

void memory_entry_release(struct store *store, struct entry *entry)
{
    if (--entry->references == 0) {
        store->host->release(entry);
    }
}

/* ---------------------------------------------------------------- writing */

static bool stores_value(const quipu_entry_write *write)
{
    return !(write->flags & (QUIPU_ENTRY_DELETE | QUIPU_ENTRY_CHECK));
}

/* Creates a version with one reference; its revision is set later.  NULL: no
 * memory. */
static struct entry *entry_create(const quipu_host *host,
                                  const quipu_entry_write *write)
{
    struct entry *made =
        host->allocate(sizeof(*made) + write->key.size + write->value.size + 1);
    char *text;

    if (!made) {
        return NULL;
    }
    memset(made, 0, sizeof(*made));
    text = (char *)(made + 1);
    memcpy(text, write->key.data, write->key.size);
    made->row.key = (quipu_bytes){ text, write->key.size };
    text += write->key.size;
    memcpy(text, write->value.data, write->value.size);
    made->row.value = (quipu_bytes){ text, write->value.size };
    made->references = 1;
    return made;
}

/* Makes room in the array for `count` more entries. */
static bool reserve(struct store *store, size_t count)
{
    struct entries *entries = &store->entries;
    size_t room = entries->room > 0 ? entries->room : 16;
    struct entry **at;

    while (room < entries->count + count) {
        room *= 2;
    }
    if (room == entries->room) {
        return true;
    }
    at = store->host->reallocate(entries->at, room * sizeof(struct entry *));
    if (!at) {
        return false;
    }
    entries->at = at;
    entries->room = room;
    return true;
}

bool memory_entries_prepare(struct store *store,
                            const quipu_conditions *conditions,
                            struct entry ***prepared)
{
    size_t count = conditions ? conditions->entry_count : 0;
    struct entry **made;

    *prepared = NULL;
    if (count == 0) {
        return true;
    }
    made = store->host->allocate(count * sizeof(struct entry *));
    if (!made) {
        return false;
    }
    memset(made, 0, count * sizeof(struct entry *));
    *prepared = made;
    for (size_t i = 0; i < count; i++) {
        const quipu_entry_write *write = &conditions->entries[i];

        if (stores_value(write)) {
            made[i] = entry_create(store->host, write);
        }
        if (stores_value(write) && !made[i]) {
            return false;
        }
    }
    return reserve(store, count);
}

void memory_entries_discard(struct store *store,
                            const quipu_conditions *conditions,
                            struct entry **prepared)
{
    for (size_t i = 0; prepared && i < conditions->entry_count; i++) {
        if (prepared[i]) {
            memory_entry_release(store, prepared[i]);
        }
    }
    store->host->release(prepared);
}

/* Stores a version in the place of the former one, if there is one. */
static void put(struct store *store, struct entry *entry)
{
    struct entries *entries = &store->entries;
    size_t index = find_index(entries, entry->row.key);
    struct entry *old = memory_entry_find(store, entry->row.key);

    if (old) {
        entry->row.revision = old->row.revision + 1;
        memory_entry_release(store, old);
    } else {
        entry->row.revision = entries->revision_floor + 1;
        memmove(entries->at + index + 1, entries->at + index,
                (entries->count - index) * sizeof(struct entry *));
        entries->count++;
    }
    entries->at[index] = entry;
}

static void remove_entry(struct store *store, quipu_bytes key)
{
    struct entries *entries = &store->entries;
    size_t index = find_index(entries, key);
    struct entry *old = memory_entry_find(store, key);

    if (!old) {
        return;
    }
    if (old->row.revision > entries->revision_floor) {
        entries->revision_floor = old->row.revision;
    }
    entries->count--;
    memmove(entries->at + index, entries->at + index + 1,
            (entries->count - index) * sizeof(struct entry *));
    memory_entry_release(store, old);
}

void memory_entries_store(struct store *store,
                          const quipu_conditions *conditions,
                          struct entry **prepared)
{
    for (size_t i = 0; prepared && i < conditions->entry_count; i++) {
        const quipu_entry_write *write = &conditions->entries[i];

        if (prepared[i]) {
            put(store, prepared[i]);
            prepared[i] = NULL;
        } else if (write->flags & QUIPU_ENTRY_DELETE) {
            remove_entry(store, write->key);
        }
    }
}

void memory_entries_finish(struct store *store)
{
    for (size_t i = 0; i < store->entries.count; i++) {
        memory_entry_release(store, store->entries.at[i]);
    }
    store->host->release(store->entries.at);
}
