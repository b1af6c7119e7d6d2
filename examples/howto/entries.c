/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key-value entries.  Prints:
 *
 *     rates/eur is new
 *     rates/eur is read
 *     CONFLICT: rates/eur is at revision 2, not 1
 *     rates/eur = 1.09 (revision 2)
 *     rates/usd = 1.00 (revision 1)
 *     rates/eur is deleted
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

/* Writes an entry, if it is still at the revision that the caller has read; 0:
 * if there is none. */
static int put(struct bank *bank, const char *key, const char *value,
               int64_t revision, quipu_result *result, quipu_error *error)
{
    const quipu_entry_write write = { .key = quipu_bytes_of_text(key),
                                      .value = quipu_bytes_of_text(value),
                                      .flags = QUIPU_ENTRY_EXPECT,
                                      .revision = revision };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    return quipu_datastore_commit(bank->datastore, &append, result, error);
}

/* Sets a rate to the value that was computed from the present one. */
static int change(struct bank *bank, const char *value, quipu_error *error)
{
    quipu_entry *rate = NULL;
    int status = quipu_entry_read(bank->datastore, "rates/eur", &rate, error);

    printf("rates/eur is %s\n", status == QUIPU_OK ? "read" : "new");
    if (status == QUIPU_OK || status == QUIPU_NOT_FOUND) {
        status = put(bank, "rates/eur", value, rate ? rate->revision : 0, NULL,
                     error);
    }
    quipu_entry_destroy(rate);
    return status;
}

static int list(struct bank *bank, quipu_error *error)
{
    const quipu_entry *entry;
    quipu_entries *entries;

    QUIPU_TRY(quipu_entries_open(bank->datastore, quipu_bytes_of_text("rates/"),
                                 &entries, error));
    int status;

    while ((status = quipu_entries_next(entries, &entry, error)) == QUIPU_OK &&
           entry) {
        printf("%.*s = %.*s (revision %" PRId64 ")\n", (int)entry->key.size,
               (const char *)entry->key.data, (int)entry->value.size,
               (const char *)entry->value.data, entry->revision);
    }
    quipu_entries_close(entries);
    return status;
}

static int remove_rate(struct bank *bank, quipu_error *error)
{
    const quipu_entry_write write = { .key = quipu_bytes_of_text("rates/eur"),
                                      .flags = QUIPU_ENTRY_DELETE };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    QUIPU_TRY(quipu_datastore_commit(bank->datastore, &append, NULL, error));
    printf("rates/eur is deleted\n");
    return QUIPU_OK;
}

int entries_show(struct bank *bank, quipu_error *error)
{
    quipu_result result = { .status = 0 };

    QUIPU_TRY(change(bank, "1.08", error));
    QUIPU_TRY(change(bank, "1.09", error));
    QUIPU_TRY(put(bank, "rates/usd", "1.00", 0, NULL, error));
    int status = put(bank, "rates/eur", "1.10", 1, &result, error);

    if (status != QUIPU_CONFLICT) {
        return quipu_error_set(error, QUIPU_INTERNAL, "no conflict");
    }
    printf("CONFLICT: rates/eur is at revision %" PRId64 ", not 1\n",
           result.last_position);
    QUIPU_TRY(list(bank, error));
    return remove_rate(bank, error);
}
