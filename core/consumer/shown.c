/* SPDX-License-Identifier: Apache-2.0 */
/* The entry that names the version of a projection that is shown. */
#include "consumer/shown.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/status.h"
#include "base/utf8.h"

int quipu_shown_check_name(const char *kind, const char *name,
                           quipu_error *error)
{
    quipu_bytes bytes = quipu_bytes_of_text(name);

    if (!name || bytes.size == 0 || bytes.size > QUIPU_PROJECTION_NAME_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the name of %s must have 1 to %d bytes", kind,
                               QUIPU_PROJECTION_NAME_MAX);
    }
    if (!quipu_utf8_valid(bytes) || strchr(name, '@') || strchr(name, '/')) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the name of %s must be UTF-8 without '@' and "
                               "'/'",
                               kind);
    }
    return QUIPU_OK;
}

/* Returns 0 unless the value is a version as quipu_shown_entry writes it. */
static uint32_t parse_version(quipu_bytes value)
{
    char digits[16] = "";
    char again[16];

    if (value.size >= sizeof(digits)) {
        return 0;
    }
    memcpy(digits, value.data, value.size);
    unsigned long long number = strtoull(digits, NULL, 10);

    (void)snprintf(again, sizeof(again), "%llu", number);
    return strcmp(digits, again) == 0 && number <= UINT32_MAX ? (uint32_t)number
                                                              : 0;
}

int quipu_shown_read(struct quipu_shown *shown, quipu_datastore *target,
                     const char *name, quipu_error *error)
{
    quipu_entry *entry = NULL;
    quipu_error cause;

    *shown = (struct quipu_shown){ .version = 0 };
    (void)snprintf(shown->key, sizeof(shown->key), "quipu/shown/%s", name);
    int status = quipu_entry_read(target, shown->key, &entry, &cause);

    if (status == QUIPU_NOT_FOUND) {
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return quipu_status_end(status, &cause, error, "reading an entry");
    }
    shown->revision = entry->revision;
    shown->version = parse_version(entry->value);
    quipu_entry_destroy(entry);
    return shown->version > 0 ? QUIPU_OK
                              : quipu_error_set(error, QUIPU_CORRUPT,
                                                "the value of the entry \"%s\" "
                                                "is not the version of a "
                                                "projection",
                                                shown->key);
}

int quipu_shown_find(struct quipu_shown *shown, quipu_datastore *target,
                     const char *consumer, bool *is_shown, quipu_error *error)
{
    char name[QUIPU_PROJECTION_NAME_MAX + 1] = "";
    char version[16];
    size_t size = strcspn(consumer, "@");

    *is_shown = false;
    if (consumer[size] != '@' || size >= sizeof(name)) {
        return QUIPU_OK;
    }
    memcpy(name, consumer, size);
    if (quipu_shown_check_name("a projection", name, NULL) != QUIPU_OK) {
        return QUIPU_OK;
    }
    int status = quipu_shown_read(shown, target, name, error);

    (void)snprintf(version, sizeof(version), "%" PRIu32, shown->version);
    *is_shown = status == QUIPU_OK && shown->version > 0 &&
                strcmp(consumer + size + 1, version) == 0;
    return status;
}

quipu_entry_write quipu_shown_entry(struct quipu_shown *shown, uint32_t flags)
{
    quipu_entry_write write = { .key = quipu_bytes_of_text(shown->key),
                                .flags = flags | QUIPU_ENTRY_EXPECT,
                                .revision = shown->revision };

    if (!(flags & QUIPU_ENTRY_CHECK)) {
        int size = snprintf(shown->value, sizeof(shown->value), "%" PRIu32,
                            shown->version);

        write.value = (quipu_bytes){ shown->value, (size_t)size };
    }
    return write;
}
