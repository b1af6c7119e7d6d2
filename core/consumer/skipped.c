/* SPDX-License-Identifier: Apache-2.0 */
/* Counting skipped events; skipped.h has the format of the entry. */
#include "consumer/skipped.h"

#include <stdio.h>

#include <quipu/id.h>

#include "base/error.h"
#include "records/entry_value.h"

#define FORMAT 1
#define SIZE_LEAST (1 + 8 + 8 + 4 + 2)

quipu_bytes quipu_skipped_key(const char *consumer,
                              char key[QUIPU_SKIPPED_KEY_SIZE])
{
    int size =
        snprintf(key, QUIPU_SKIPPED_KEY_SIZE, "quipu/skipped/%s", consumer);

    return (quipu_bytes){ key, (size_t)size };
}

int64_t quipu_skipped_count(const quipu_entry *entry)
{
    const uint8_t *at = entry->value.data;

    return entry->value.size >= SIZE_LEAST && *at++ == FORMAT
               ? (int64_t)quipu_value_take_number(&at, 8)
               : -1;
}

/* Reads count and revision; 0 if nothing was skipped yet. */
static int read_count(quipu_datastore *target, const char *key, int64_t *count,
                      int64_t *revision, quipu_error *error)
{
    quipu_entry *entry = NULL;
    quipu_error cause;
    int status = quipu_entry_read(target, key, &entry, &cause);

    *count = 0;
    *revision = 0;
    if (status == QUIPU_NOT_FOUND) {
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return quipu_error_set(error, status, "%s", cause.message);
    }
    *count = quipu_skipped_count(entry);
    *revision = entry->revision;
    quipu_entry_destroy(entry);
    return *count >= 0 ? QUIPU_OK
                       : quipu_error_set(error, QUIPU_CORRUPT,
                                         "the entry \"%s\" is not a count of "
                                         "skipped events",
                                         key);
}

int quipu_skipped_add(struct quipu_skipped_write *write,
                      quipu_datastore *target, const char *consumer,
                      int64_t notification_id, const quipu_error *cause,
                      quipu_error *error)
{
    const quipu_bytes key = quipu_skipped_key(consumer, write->key);
    uint8_t *at = write->value;
    int64_t count;
    int64_t revision;
    int status = read_count(target, write->key, &count, &revision, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *at++ = FORMAT;
    quipu_value_put_number(&at, (uint64_t)count + 1, 8);
    quipu_value_put_number(&at, (uint64_t)notification_id, 8);
    quipu_value_put_number(&at, (uint32_t)cause->code, 4);
    quipu_value_put_bytes(&at, quipu_bytes_of_text(cause->message));
    write->write = (quipu_entry_write){
        .key = key,
        .value = { write->value, (size_t)(at - write->value) },
        .flags = QUIPU_ENTRY_EXPECT,
        .revision = revision,
    };
    return QUIPU_OK;
}
