/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing: records without contents take the places of others.
 *
 * A cursor may be lending a record, so that it cannot be changed; it is freed
 * with its last reference.  The new records are made before the first is put in
 * its place, so that an erasure without memory erases nothing (E4).
 */
#include "memory.h"

/* The records of a range, which are consecutive in the log or in a sequence. */
struct span {
    struct record *const *at;
    size_t count;
};

static struct span find_span(const quipu_driver_schema *table,
                             const quipu_erasure *erasure)
{
    const bool of_log = !erasure->sequence_id.data;
    const struct sequence *sequence =
        of_log ? NULL : memory_table_find_sequence(table, erasure->sequence_id);
    const struct records *records = of_log ? &table->contents->log : NULL;
    size_t first = 0, end;

    if (sequence) {
        records = &sequence->records;
        first = memory_table_find_index(sequence, erasure->lower);
    } else if (of_log && erasure->lower > (int64_t)records->count) {
        first = records->count;
    } else if (of_log && erasure->lower > 1) {
        first = (size_t)erasure->lower - 1;
    }
    end = first;
    while (records && end < records->count) {
        const quipu_item *item = &records->at[end]->item;

        if ((of_log ? item->notification_id : item->position) >
            erasure->upper) {
            break;
        }
        end++;
    }
    return (struct span){ records ? records->at + first : NULL, end - first };
}

/* Makes the records that take the places of the first `limit` that are not
 * erased, as a list.  Returns false if there is no memory. */
static bool make_erased(const quipu_driver_schema *table, struct span span,
                        int64_t limit, struct map_node **list)
{
    for (size_t i = 0; i < span.count && limit > 0; i++) {
        struct record *erased;

        if (span.at[i]->item.flags & QUIPU_ITEM_ERASED) {
            continue;
        }
        erased = memory_table_erased(table, span.at[i]);
        if (!erased) {
            return false;
        }
        erased->node.next = *list;
        *list = &erased->node;
        limit--;
    }
    return true;
}

int memory_erase(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                 const quipu_erasure *erasure, int64_t deadline,
                 int64_t *erased, quipu_error *error)
{
    const quipu_host *host = datastore->store->host;
    struct map_node *list = NULL, *next;
    int status = memory_store_lock(datastore->store, deadline, error);
    bool made;

    if (status != QUIPU_OK) {
        return status;
    }
    *erased = 0;
    if (bound->contents->removed) {
        status =
            host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                            "schema \"%s\" was torn down", bound->schema.table);
    } else {
        made = make_erased(bound, find_span(bound, erasure), erasure->limit,
                           &list);
        status = made ? QUIPU_OK
                      : host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                        "no memory to erase items");
    }
    for (; list; list = next) {
        struct record *record = (struct record *)list;

        next = list->next;
        if (status != QUIPU_OK) {
            memory_table_drop(record, host);
            continue;
        }
        memory_table_replace(bound, record);
        ++*erased;
    }
    bound->contents->erasures += *erased > 0 ? 1 : 0;
    memory_store_unlock(datastore->store);
    return status;
}

int memory_erase_commits(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, int64_t deadline,
                         int64_t *commits, quipu_error *error)
{
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *commits = bound->contents->erasures;
    memory_store_unlock(datastore->store);
    return QUIPU_OK;
}
