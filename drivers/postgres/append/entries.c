/* SPDX-License-Identifier: Apache-2.0 */
/* The key-value entries of a batch; locks and invariants are in entries.h. */
#include "entries.h"

#include "net/errors.h"

#include "common/safeguard.h"

#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------------- collecting */

static int compare(quipu_bytes a, quipu_bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    return compare(a->key, b->key);
}

static void add(struct batch *batch, const quipu_entry_write *write)
{
    bool changes = (write->flags & QUIPU_ENTRY_CHECK) == 0;
    bool deletes = (write->flags & QUIPU_ENTRY_DELETE) != 0;
    bool expects = (write->flags & QUIPU_ENTRY_EXPECT) != 0;
    batch->entries[batch->entry_count++] =
        (struct entry){ .key = write->key,
                        .is_written = changes,
                        .may_add = changes && !deletes && write->revision == 0,
                        .may_miss = expects && write->revision == 0 };
}

/* Merges equal keys, which follow each other. */
static void merge(struct batch *batch)
{
    struct entry *entries = batch->entries;
    size_t count = 0;
    for (size_t i = 0; i < batch->entry_count; i++) {
        if (count == 0 ||
            compare(entries[count - 1].key, entries[i].key) != 0) {
            entries[count++] = entries[i];
            continue;
        }
        entries[count - 1].is_written |= entries[i].is_written;
        entries[count - 1].may_add |= entries[i].may_add;
        entries[count - 1].may_miss |= entries[i].may_miss;
    }
    batch->entry_count = count;
}

int quipu_postgres_entries_collect(struct batch *batch, quipu_error *error)
{
    const quipu_host *host = batch->datastore->host;
    if (batch->entry_room == 0) {
        return QUIPU_OK;
    }
    batch->entries =
        host->allocate(batch->entry_room * sizeof(*batch->entries));
    if (!batch->entries) {
        return quipu_postgres_error_no_memory(host, error);
    }
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_conditions *conditions =
            preconditions_conditions(&batch->requests[i]);
        for (size_t j = 0; conditions && j < conditions->entry_count; j++) {
            add(batch, &conditions->entries[j]);
        }
    }
    qsort(batch->entries, batch->entry_count, sizeof(*batch->entries),
          compare_entries);
    merge(batch);
    return QUIPU_OK;
}

struct entry *quipu_postgres_entries_find(const struct batch *batch,
                                          quipu_bytes key)
{
    const struct entry wanted = { .key = key };
    return bsearch(&wanted, batch->entries, batch->entry_count, sizeof(wanted),
                   compare_entries);
}

/* ------------------------------------------------------------------ locking */

/* All programs must compute the same slot: an FNV-1a hash of the key. */
static unsigned slot_of(quipu_bytes key)
{
    const unsigned char *bytes = key.data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (unsigned)((hash ^ (hash >> 32)) % ENTRY_SLOTS);
}

/* The number of the lock of slot 0: random bytes of the store's identity, so
 * that other stores and applications use the same only by chance, in which case
 * they merely wait for each other. */
static int64_t first_slot(const quipu_driver_datastore *datastore)
{
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof(number); i++) {
        number = number << 8 | datastore->identity.bytes[i];
    }
    return (int64_t)(number / ENTRY_SLOTS * ENTRY_SLOTS);
}

enum slot_lock { SLOT_NONE, SLOT_SHARED, SLOT_EXCLUSIVE };

/* Fills `slots`; returns the number of those to lock. */
static size_t find_slots(const struct batch *batch,
                         unsigned char slots[ENTRY_SLOTS])
{
    size_t count = 0;
    memset(slots, SLOT_NONE, ENTRY_SLOTS);
    for (size_t i = 0; i < batch->entry_count; i++) {
        const struct entry *entry = &batch->entries[i];
        unsigned char *slot = &slots[slot_of(entry->key)];
        unsigned char lock = SLOT_NONE;
        if (entry->may_add) {
            lock = SLOT_EXCLUSIVE;
        } else if (entry->may_miss) {
            lock = SLOT_SHARED;
        }
        count += *slot == SLOT_NONE && lock != SLOT_NONE;
        *slot = lock > *slot ? lock : *slot;
    }
    return count;
}

bool quipu_postgres_entries_send_slots(struct batch *batch,
                                       struct connection *connection)
{
    unsigned char slots[ENTRY_SLOTS];
    int64_t first = first_slot(batch->datastore);
    size_t count = find_slots(batch, slots);
    if (count == 0) {
        return false;
    }
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    quipu_postgres_binary_array_begin(arguments, TYPE_INT8, count);
    for (int i = 0; i < ENTRY_SLOTS; i++) {
        if (slots[i] != SLOT_NONE) {
            quipu_postgres_binary_put_int8(arguments, first + i);
        }
    }
    quipu_postgres_binary_array_end(arguments);
    quipu_postgres_binary_array_begin(arguments, TYPE_BOOL, count);
    for (int i = 0; i < ENTRY_SLOTS; i++) {
        if (slots[i] != SLOT_NONE) {
            quipu_postgres_binary_put_bool(
                arguments, SAFEGUARDED("K7.slot-of-a-new-entry",
                                       slots[i] == SLOT_EXCLUSIVE, false));
        }
    }
    quipu_postgres_binary_array_end(arguments);
    quipu_postgres_pipeline_send(connection,
                                 &batch->datastore->sql[SQL_ENTRIES_SLOTS]);
    return true;
}

void quipu_postgres_entries_send_lock(struct batch *batch,
                                      struct connection *connection)
{
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    quipu_postgres_binary_array_begin(arguments, TYPE_TEXT, batch->entry_count);
    for (size_t i = 0; i < batch->entry_count; i++) {
        quipu_postgres_binary_put_bytes(arguments, batch->entries[i].key);
    }
    quipu_postgres_binary_array_end(arguments);
    quipu_postgres_binary_array_begin(arguments, TYPE_BOOL, batch->entry_count);
    for (size_t i = 0; i < batch->entry_count; i++) {
        quipu_postgres_binary_put_bool(arguments, batch->entries[i].is_written);
    }
    quipu_postgres_binary_array_end(arguments);
    quipu_postgres_pipeline_send(connection,
                                 &batch->datastore->sql[SQL_ENTRIES_LOCK]);
}

bool quipu_postgres_entries_send_floor(struct batch *batch,
                                       struct connection *connection)
{
    bool needed = false;
    for (size_t i = 0; i < batch->entry_count; i++) {
        needed |= batch->entries[i].may_add;
    }
    if (needed) {
        (void)quipu_postgres_batch_arguments(batch, connection);
        quipu_postgres_pipeline_send(connection,
                                     &batch->datastore->sql[SQL_ENTRIES_FLOOR]);
    }
    return needed;
}

/* The lines are in the order of the array of entries. */
const char *quipu_postgres_entries_take_lock(struct batch *batch,
                                             const PGresult *result)
{
    if (PQntuples(result) != (int)batch->entry_count) {
        return "an entry that was asked for is missing, or there are more";
    }
    for (int i = 0; i < PQntuples(result); i++) {
        struct entry *entry = &batch->entries[i];
        if (quipu_postgres_binary_get_int(result, i, 0) != i + 1) {
            return "the entries are not in the order of the question";
        }
        entry->was_found = !quipu_postgres_binary_is_null(result, i, 1);
        entry->was_revision =
            entry->was_found ? quipu_postgres_binary_get_int(result, i, 1) : 0;
        if (entry->was_found &&
            (entry->was_revision < 1 || entry->was_revision >= COUNT_MAX)) {
            return "a revision is out of range";
        }
        entry->found = entry->was_found;
        entry->revision = entry->was_revision;
    }
    return NULL;
}

const char *quipu_postgres_entries_take_floor(struct batch *batch,
                                              const PGresult *result)
{
    if (PQntuples(result) > 0) {
        SAFEGUARD("K3.floor-of-a-new-entry")
        batch->floor = quipu_postgres_binary_get_int(result, 0, 0);
    }
    return batch->floor < COUNT_MAX ? NULL : "the floor is out of range";
}

/* ---------------------------------------------------------------- accepting */

static void remove_entry(struct batch *batch, struct entry *entry)
{
    if (!entry->found) {
        return;
    }
    if (SAFEGUARDED("K3.floor-of-a-deleted-entry",
                    batch->floor < entry->revision, false)) {
        batch->floor = entry->revision;
    }
    batch->raises_floor = true;
    entry->found = false;
    entry->changed = true;
}

void quipu_postgres_entries_accept(struct batch *batch,
                                   const quipu_request *request)
{
    const quipu_conditions *conditions = preconditions_conditions(request);
    for (size_t i = 0; conditions && i < conditions->entry_count; i++) {
        const quipu_entry_write *write = &conditions->entries[i];
        struct entry *entry = quipu_postgres_entries_find(batch, write->key);
        if ((write->flags & QUIPU_ENTRY_DELETE) != 0) {
            remove_entry(batch, entry);
        } else if ((write->flags & QUIPU_ENTRY_CHECK) == 0) {
            entry->revision =
                (entry->found ? entry->revision : batch->floor) + 1;
            entry->value = write->value;
            entry->found = entry->changed = true;
        }
    }
}

/* ------------------------------------------------------------------ storing */

enum change { CHANGE_ADD, CHANGE_UPDATE, CHANGE_REMOVE, CHANGES, UNCHANGED };

/* The change of the stored entry; one that was added and deleted by the same
 * batch is none. */
static enum change change_of(const struct entry *entry)
{
    if (!entry->changed || (!entry->was_found && !entry->found)) {
        return UNCHANGED;
    }
    return !entry->was_found ? CHANGE_ADD
           : entry->found    ? CHANGE_UPDATE
                             : CHANGE_REMOVE;
}

static size_t count_changes(const struct batch *batch, enum change change)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->entry_count; i++) {
        count += change_of(&batch->entries[i]) == change;
    }
    return count;
}

enum column { COLUMN_KEY, COLUMN_WAS, COLUMN_REVISION, COLUMN_VALUE };

static void put(struct arguments *arguments, const struct entry *entry,
                enum column column)
{
    switch (column) {
    case COLUMN_KEY:
        quipu_postgres_binary_put_bytes(arguments, entry->key);
        break;
    case COLUMN_WAS:
        quipu_postgres_binary_put_int8(arguments, entry->was_revision);
        break;
    case COLUMN_REVISION:
        if (entry->found) {
            quipu_postgres_binary_put_int8(arguments, entry->revision);
        } else {
            quipu_postgres_binary_put_null(arguments);
        }
        break;
    default:
        quipu_postgres_binary_put_bytes(arguments, entry->value);
        break;
    }
}

/* An array with one column of the entries that have a change; CHANGES: of those
 * that have any. */
static void add_column(const struct batch *batch, enum change change,
                       enum column column, struct arguments *arguments)
{
    static const enum type types[] = { TYPE_TEXT, TYPE_INT8, TYPE_INT8,
                                       TYPE_BYTEA };
    size_t count = count_changes(batch, change);
    if (change == CHANGES) {
        count = batch->entry_count - count_changes(batch, UNCHANGED);
    }
    quipu_postgres_binary_array_begin(arguments, types[column], count);
    for (size_t i = 0; i < batch->entry_count; i++) {
        enum change own = change_of(&batch->entries[i]);
        if (own == change || (change == CHANGES && own != UNCHANGED)) {
            put(arguments, &batch->entries[i], column);
        }
    }
    quipu_postgres_binary_array_end(arguments);
}

static void send_changes(struct batch *batch, enum change change,
                         struct connection *connection)
{
    static const enum catalogue_sql statements[] = {
        [CHANGE_ADD] = SQL_ENTRIES_ADD,
        [CHANGE_UPDATE] = SQL_ENTRIES_UPDATE,
        [CHANGE_REMOVE] = SQL_ENTRIES_REMOVE,
        [CHANGES] = SQL_ENTRIES_STORED,
    };
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    add_column(batch, change, COLUMN_KEY, arguments);
    if (change == CHANGE_UPDATE || change == CHANGE_REMOVE) {
        add_column(batch, change, COLUMN_WAS, arguments);
    }
    if (change != CHANGE_REMOVE) {
        add_column(batch, change, COLUMN_REVISION, arguments);
    }
    if (change == CHANGE_ADD || change == CHANGE_UPDATE) {
        add_column(batch, change, COLUMN_VALUE, arguments);
    }
    quipu_postgres_pipeline_send(connection,
                                 &batch->datastore->sql[statements[change]]);
}

/* The floor is the last row that a transaction locks. */
unsigned quipu_postgres_entries_send_writes(struct batch *batch,
                                            struct connection *connection)
{
    unsigned answers = 0;
    for (enum change change = CHANGE_ADD; change < CHANGES; change++) {
        if (count_changes(batch, change) > 0) {
            send_changes(batch, change, connection);
            answers++;
        }
    }
    if (answers > 0) {
        send_changes(batch, CHANGES, connection);
        answers++;
    }
    if (batch->raises_floor) {
        struct arguments *arguments =
            quipu_postgres_batch_arguments(batch, connection);
        quipu_postgres_binary_add_int8(arguments, batch->floor);
        quipu_postgres_pipeline_send(connection,
                                     &batch->datastore->sql[SQL_ENTRIES_RAISE]);
        answers++;
    }
    return answers;
}

/* The last answers are that of SQL_ENTRIES_STORED and, if the floor is raised,
 * that of SQL_ENTRIES_RAISE. */
int quipu_postgres_entries_check_answer(const struct batch *batch,
                                        const struct lease *lease, unsigned nth,
                                        unsigned count, const PGresult *result)
{
    bool is_raise = batch->raises_floor && nth == count - 1;
    bool stored = true;
    if (is_raise && PQresultStatus(result) != PGRES_FATAL_ERROR) {
        stored = PQntuples(result) == 1 &&
                 quipu_postgres_binary_get_int(result, 0, 0) >= batch->floor;
    } else if (quipu_postgres_error_has_state(result, "22012")) {
        stored = false;
    }
    return stored
               ? QUIPU_OK
               : quipu_postgres_error_not_stored(lease->datastore, "append",
                                                 "quipu_entries", lease->error);
}
