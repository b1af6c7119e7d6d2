/* SPDX-License-Identifier: Apache-2.0 */
/* Reads key-value entries. */
#include "entry_list.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct quipu_entry_copy copy(struct quipu_context *ctx,
                                    const quipu_entry *entry)
{
    char *value = quipu_context_allocate(ctx, entry->value.size + 1);

    CHECK(entry->value.data, "the value of an entry is absent");
    memcpy(value, entry->value.data, entry->value.size);
    return (struct quipu_entry_copy){
        .key = quipu_context_format(ctx, "%.*s", (int)entry->key.size,
                                    (const char *)entry->key.data),
        .value = { value, entry->value.size },
        .revision = entry->revision,
    };
}

struct quipu_entry_list quipu_entry_list_read(struct quipu_context *ctx,
                                              quipu_datastore *datastore,
                                              const char *prefix)
{
    struct quipu_entry_list list = { NULL, 0 };
    quipu_entries *entries;
    const quipu_entry *entry;

    OK(quipu_entries_open(datastore, quipu_bytes_of_text(prefix), &entries,
                          ERR));
    for (;;) {
        OK(quipu_entries_next(entries, &entry, ERR));
        if (!entry) {
            break;
        }
        if ((list.count & (list.count + 1)) == 0) {
            struct quipu_entry_copy *larger = quipu_context_allocate(
                ctx, 2 * (list.count + 1) * sizeof(*larger));

            if (list.count > 0) {
                memcpy(larger, list.at, list.count * sizeof(*larger));
            }
            list.at = larger;
        }
        list.at[list.count] = copy(ctx, entry);
        CHECK(list.count == 0 || strcmp(list.at[list.count - 1].key,
                                        list.at[list.count].key) < 0,
              "entry \"%s\" is listed after \"%s\"", list.at[list.count].key,
              list.at[list.count - 1].key);
        list.count++;
    }
    OK(quipu_entries_next(entries, &entry, ERR));
    CHECK(!entry, "the listing goes on after its end");
    quipu_entries_close(entries);
    return list;
}

int64_t quipu_entry_list_revision(quipu_datastore *datastore, const char *key)
{
    quipu_entry *entry = NULL;
    int status = quipu_entry_read(datastore, key, &entry, ERR);
    int64_t revision = 0;

    if (status != QUIPU_NOT_FOUND) {
        OK(status);
        revision = entry->revision;
        CHECK(revision >= 1, "entry \"%s\" has the revision %" PRId64, key,
              revision);
    }
    quipu_entry_destroy(entry);
    return revision;
}

void quipu_entry_list_check(quipu_datastore *datastore, const char *key,
                            const char *value, int64_t revision)
{
    quipu_entry *entry = NULL;
    int status = quipu_entry_read(datastore, key, &entry, ERR);

    if (!value) {
        CHECK(status == QUIPU_NOT_FOUND,
              "reading entry \"%s\", which does not exist, returns %s", key,
              quipu_status_name(status));
        return;
    }
    OK(status);
    CHECK(entry->key.size == strlen(key) &&
              memcmp(entry->key.data, key, entry->key.size) == 0,
          "the entry read as \"%s\" has another key", key);
    CHECK(entry->value.size == strlen(value) &&
              memcmp(entry->value.data, value, entry->value.size) == 0,
          "entry \"%s\" has the value \"%.*s\" instead of \"%s\"", key,
          (int)entry->value.size, (const char *)entry->value.data, value);
    CHECK(entry->revision == revision,
          "entry \"%s\" is at revision %" PRId64 " instead of %" PRId64, key,
          entry->revision, revision);
    quipu_entry_destroy(entry);
}
