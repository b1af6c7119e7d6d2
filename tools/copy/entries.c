/* SPDX-License-Identifier: Apache-2.0 */
/* Copying of key-value entries. */
#include "entries.h"
#include "copy.h"
#include "output/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Passes over the entries if another program writes some meanwhile. */
#define PASSES 5

/* Entries and bytes of one commit. */
#define BATCH_ENTRIES_MAX 500
#define BATCH_BYTES_MAX ((size_t)1 << 22)

/* ---------------------------------------------------------------- walking */

/* Receives an entry of the source, of the target, or both of one key; NULL: the
 * store has none. */
typedef int (*pair_function)(struct copy *copy, const quipu_entry *from,
                             const quipu_entry *to, void *context,
                             quipu_error *error);

static int open_listing(quipu_datastore *datastore,
                        const quipu_datastore_info *info,
                        quipu_entries **entries, quipu_error *error)
{
    const quipu_bytes all = { NULL, 0 };

    *entries = NULL;
    return (info->capabilities & QUIPU_CAN_ENTRIES) != 0
               ? quipu_entries_open(datastore, all, entries, error)
               : QUIPU_OK;
}

/* Sets *entry to the next one of a program, or to NULL after the last. */
static int next(quipu_entries *entries, const quipu_entry **entry,
                quipu_error *error)
{
    static const char own[] = "quipu/";
    const size_t size = sizeof(own) - 1;
    int status = QUIPU_OK;

    *entry = NULL;
    if (!entries) {
        return QUIPU_OK;
    }
    do {
        status = quipu_entries_next(entries, entry, error);
    } while (status == QUIPU_OK && *entry && (*entry)->key.size >= size &&
             memcmp((*entry)->key.data, own, size) == 0);
    return status;
}

/* The order of two keys; an entry that is NULL comes last. */
static int compare_keys(const quipu_entry *a, const quipu_entry *b)
{
    if (!a || !b) {
        return !a - !b;
    }
    const size_t shorter =
        a->key.size < b->key.size ? a->key.size : b->key.size;
    const int order = memcmp(a->key.data, b->key.data, shorter);

    return order != 0
               ? order
               : (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

static int walk_open(struct copy *copy, quipu_entries *from, quipu_entries *to,
                     pair_function function, void *context, quipu_error *error)
{
    const quipu_entry *a = NULL;
    const quipu_entry *b = NULL;
    int status = next(from, &a, error);

    if (status == QUIPU_OK) {
        status = next(to, &b, error);
    }
    while (status == QUIPU_OK && (a || b)) {
        const int order = compare_keys(a, b);

        status = function(copy, order <= 0 ? a : NULL, order >= 0 ? b : NULL,
                          context, error);
        if (status == QUIPU_OK && order <= 0) {
            status = next(from, &a, error);
        }
        if (status == QUIPU_OK && order >= 0) {
            status = next(to, &b, error);
        }
    }
    return status;
}

static int walk(struct copy *copy, pair_function function, void *context,
                quipu_error *error)
{
    quipu_entries *from = NULL;
    quipu_entries *to = NULL;
    int status =
        open_listing(copy->from.datastore, &copy->from_info, &from, error);

    if (status == QUIPU_OK) {
        status = open_listing(copy->to, &copy->to_info, &to, error);
    }
    if (status == QUIPU_OK) {
        status = walk_open(copy, from, to, function, context, error);
    }
    quipu_entries_close(to);
    quipu_entries_close(from);
    return status;
}

static bool is_same(const quipu_entry *from, const quipu_entry *to)
{
    return quipu_bytes_equal(from->value, to->value);
}

/* --------------------------------------------------------------- checking */

static int refuse(int code, const quipu_entry *entry, const char *why,
                  quipu_error *error)
{
    return quipu_error_set(error, code, "the entry '%.*s' %s",
                           (int)entry->key.size, (const char *)entry->key.data,
                           why);
}

static int check_pair(struct copy *copy, const quipu_entry *from,
                      const quipu_entry *to, void *context, quipu_error *error)
{
    (void)context;
    if (!from) {
        return refuse(QUIPU_CONFLICT, to,
                      "is in the target, but not in the source; delete it, or "
                      "name the schemas to copy with --schema to omit entries",
                      error);
    }
    if ((copy->to_info.capabilities & QUIPU_CAN_ENTRIES) == 0) {
        return refuse(QUIPU_UNSUPPORTED, from,
                      "cannot be copied: the driver of the target keeps no "
                      "entries; name the schemas to copy with --schema to omit "
                      "them",
                      error);
    }
    if (from->value.size > copy->to_info.limits.state_size) {
        return refuse(QUIPU_UNSUPPORTED, from,
                      "has a value that is larger than the target takes",
                      error);
    }
    return to && !is_same(from, to) && to->revision >= from->revision
               ? refuse(QUIPU_CONFLICT, to,
                        "has another value in the target, where a program has "
                        "written it",
                        error)
               : QUIPU_OK;
}

int copy_entries_check(struct copy *copy, quipu_error *error)
{
    return copy->has_entries ? walk(copy, check_pair, NULL, error) : QUIPU_OK;
}

/* ---------------------------------------------------------------- writing */

struct entry_batch {
    quipu_entry_write writes[BATCH_ENTRIES_MAX];
    size_t count;
    size_t bytes;
    struct arena copies;
};

static int flush(struct copy *copy, struct entry_batch *batch,
                 quipu_error *error)
{
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = batch->writes,
                                          .entry_count = batch->count };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };
    int status = batch->count > 0
                     ? quipu_datastore_commit(copy->to, &append, NULL, error)
                     : QUIPU_OK;

    batch->count = 0;
    batch->bytes = 0;
    memory_arena_clear(&batch->copies);
    return status;
}

static quipu_bytes copy_bytes(struct entry_batch *batch, quipu_bytes bytes)
{
    char *copy = memory_arena_allocate(&batch->copies, bytes.size + 1);

    if (bytes.size > 0) {
        memcpy(copy, bytes.data, bytes.size);
    }
    batch->bytes += bytes.size;
    return (quipu_bytes){ copy, bytes.size };
}

/* An entry that another program writes meanwhile is not overwritten. */
static int write_pair(struct copy *copy, const quipu_entry *from,
                      const quipu_entry *to, void *context, quipu_error *error)
{
    struct entry_batch *batch = context;
    int status = check_pair(copy, from, to, NULL, error);

    if (status != QUIPU_OK || !from || (to && is_same(from, to))) {
        return status;
    }
    batch->writes[batch->count++] =
        (quipu_entry_write){ .key = copy_bytes(batch, from->key),
                             .value = copy_bytes(batch, from->value),
                             .flags = QUIPU_ENTRY_EXPECT,
                             .revision = to ? to->revision : 0 };
    return batch->count == BATCH_ENTRIES_MAX || batch->bytes > BATCH_BYTES_MAX
               ? flush(copy, batch, error)
               : QUIPU_OK;
}

int copy_entries_write(struct copy *copy, quipu_error *error)
{
    struct entry_batch *batch = memory_allocate(1, sizeof(*batch));
    int status = copy->has_entries ? QUIPU_CONFLICT : QUIPU_OK;

    /* Two copies at the same time refuse each other's commits. */
    for (int i = 0; i < PASSES && (status == QUIPU_CONFLICT ||
                                   status == QUIPU_UNKNOWN_OUTCOME);
         i++) {
        status = walk(copy, write_pair, batch, error);
        if (status == QUIPU_OK) {
            status = flush(copy, batch, error);
        }
        batch->count = 0;
        batch->bytes = 0;
        memory_arena_clear(&batch->copies);
    }
    free(batch);
    return status;
}

/* -------------------------------------------------------------- comparing */

static int compare_pair(struct copy *copy, const quipu_entry *from,
                        const quipu_entry *to, void *context,
                        quipu_error *error)
{
    (void)context;
    copy->entry_count++;
    return from && to && is_same(from, to)
               ? QUIPU_OK
               : refuse(QUIPU_CONFLICT, from ? from : to,
                        from && to ? "differs between both stores; if it was "
                                     "changed meanwhile, run the command again"
                        : from     ? "is missing in the target"
                                   : "is only in the target",
                        error);
}

int copy_entries_compare(struct copy *copy, quipu_error *error)
{
    copy->entry_count = 0;
    return copy->has_entries ? walk(copy, compare_pair, NULL, error) : QUIPU_OK;
}
