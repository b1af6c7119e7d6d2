/* SPDX-License-Identifier: Apache-2.0 */
/* Key-value entries of a datastore: reading one, and listing them.  They are
 * written by appends (conditions.c). */
#include <quipu/entries.h>

#include <string.h>

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "records/conditions.h"
#include "records/rows.h"

struct quipu_entries {
    struct quipu_rows rows; /* of quipu_entry */
};

/* ---------------------------------------------------------------- listing */

/* Opens a listing of the keys that begin with `prefix` and are not below
 * `from`. */
static int open_listing(quipu_datastore *datastore, quipu_bytes prefix,
                        quipu_bytes from, quipu_entries **out,
                        quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_entries *entries = quipu_allocate(sizeof(*entries));
    quipu_error cause;

    if (!entries) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_init(&entries->rows, datastore, NULL);
    quipu_rows_opening(&entries->rows, NULL, &cause);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked before. */
    int status = datastore->driver->list_entries(
        datastore->handle, prefix, from, quipu_datastore_deadline(datastore),
        &entries->rows.handle, &cause);

    status = quipu_rows_opened(&entries->rows, QUIPU_CALL_LIST_ENTRIES, status,
                               &cause, error);
    if (status != QUIPU_OK) {
        quipu_entries_close(entries);
        return status;
    }
    *out = entries;
    return QUIPU_OK;
}

/* Checks what reading and listing have in common. */
static int enter(quipu_datastore *datastore, quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(datastore, QUIPU_CALL_LIST_ENTRIES,
                                             datastore->driver->list_entries,
                                             QUIPU_CAN_ENTRIES, error);
    }
    return status;
}

int quipu_entries_open(quipu_datastore *datastore, quipu_bytes prefix,
                       quipu_entries **entries, quipu_error *error)
{
    const quipu_bytes all = { NULL, 0 };
    int status = enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!entries) {
        return quipu_argument_missing("entries", error);
    }
    status = quipu_conditions_validate_key(prefix, 0, quipu_validate_argument,
                                           "prefix", error);
    if (status != QUIPU_OK) {
        return status;
    }
    return open_listing(datastore, prefix.size > 0 ? prefix : all, all, entries,
                        error);
}

int quipu_entries_next(quipu_entries *entries, const quipu_entry **entry,
                       quipu_error *error)
{
    const void *row;

    if (!entries || !entry) {
        return quipu_argument_missing(entries ? "entry" : "entries", error);
    }
    int status = quipu_rows_next(&entries->rows, sizeof(**entry), &row, error);

    if (status == QUIPU_OK) {
        *entry = row;
    }
    return status;
}

void quipu_entries_close(quipu_entries *entries)
{
    if (entries && quipu_rows_finish(&entries->rows)) {
        quipu_release(entries);
    }
}

/* ------------------------------------------------------------ reading one */

/* Copies an entry with its key and value, in one block. */
static int copy_entry(const quipu_entry *entry, quipu_entry **out,
                      quipu_error *error)
{
    quipu_entry *copy =
        quipu_allocate(sizeof(*copy) + entry->key.size + entry->value.size + 1);

    if (!copy) {
        return quipu_error_no_memory(error);
    }
    char *key = (char *)(copy + 1);
    char *value = key + entry->key.size;

    memcpy(key, entry->key.data, entry->key.size);
    if (entry->value.size > 0) {
        memcpy(value, entry->value.data, entry->value.size);
    }
    *copy = (quipu_entry){ .key = { key, entry->key.size },
                           .value = { value, entry->value.size },
                           .revision = entry->revision };
    *out = copy;
    return QUIPU_OK;
}

/* The key itself is the first of those that begin with it. */
static int find_entry(quipu_datastore *datastore, quipu_bytes key,
                      quipu_entry **out, quipu_error *error)
{
    quipu_entries *entries;
    const quipu_entry *entry;
    int status = open_listing(datastore, key, key, &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_entries_next(entries, &entry, error);
    if (status == QUIPU_OK &&
        (!entry || entry->key.size != key.size ||
         memcmp(entry->key.data, key.data, key.size) != 0)) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "there is no entry \"%.*s\"", (int)key.size,
                                 (const char *)key.data);
    } else if (status == QUIPU_OK) {
        status = copy_entry(entry, out, error);
    }
    quipu_entries_close(entries);
    return status;
}

int quipu_entry_read(quipu_datastore *datastore, const char *key,
                     quipu_entry **entry, quipu_error *error)
{
    quipu_bytes bytes = quipu_bytes_of_text(key);
    int status = enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_conditions_validate_key(
            bytes, 1, quipu_validate_argument, "key", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!entry) {
        return quipu_argument_missing("entry", error);
    }
    return find_entry(datastore, bytes, entry, error);
}

void quipu_entry_destroy(quipu_entry *entry)
{
    quipu_release(entry);
}
