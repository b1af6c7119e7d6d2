/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that store an append wrongly: cut, in parts, elsewhere. */
#include "mutant.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT_ITEMS 1000
#define STATE_SIZE ((size_t)1 << 20)

static quipu_item *copy_items(const quipu_request *request)
{
    quipu_item *items = calloc(request->item_count + 1, sizeof(*items));

    if (!items) {
        abort();
    }
    for (size_t i = 0; i < request->item_count; i++) {
        items[i] = request->items[i];
    }
    return items;
}

/* M10: what does not fit into one statement is left out. */
static int one_statement(struct append_call *a)
{
    quipu_request request = a->requests[0];

    if (request.item_count > STATEMENT_ITEMS) {
        request.item_count = STATEMENT_ITEMS;
    }
    return mutant_append_one(a, &request);
}

/* M15: what the store no longer takes is answered as if it did. */
static int lands_nowhere(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_NOT_FOUND) {
        mutant_report_success(a, 0);
        status = QUIPU_OK;
    }
    return status;
}

/* --------------------------------------------- M22: the hash is the key */

#define HASHES 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    quipu_driver_schema *schema;
    quipu_id id;
} first_of[HASHES];

/* The id of whoever came first with that hash. */
static quipu_bytes by_hash(quipu_driver_schema *schema, quipu_bytes id)
{
    const uint8_t *bytes = id.data;
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < id.size; i++) {
        hash = (hash ^ bytes[i]) * 16777619u;
    }
    hash = (hash ^ hash >> 16) % HASHES;
    pthread_mutex_lock(&lock);
    if (first_of[hash].schema != schema) {
        first_of[hash].schema = schema;
        first_of[hash].id.size = (uint8_t)id.size;
        memcpy(first_of[hash].id.data, id.data, id.size);
    }
    pthread_mutex_unlock(&lock);
    return (quipu_bytes){ first_of[hash].id.data, first_of[hash].id.size };
}

static int hashed(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_item *items = copy_items(&request);
    int status;

    for (size_t i = 0; i < request.item_count; i++) {
        items[i].sequence_id = by_hash(request.schema, items[i].sequence_id);
    }
    request.items = items;
    status = mutant_append_one(a, &request);
    free(items);
    return status;
}

static void hashed_read(struct read_call *r)
{
    if (!r->log) {
        r->sequence_id = by_hash(r->schema, r->sequence_id);
    }
}

/* ------------------------------------------------------------------------ */

static int compare_sequences(const void *a, const void *b)
{
    const quipu_item *left = a, *right = b;
    size_t size = left->sequence_id.size < right->sequence_id.size
                      ? left->sequence_id.size
                      : right->sequence_id.size;

    return memcmp(left->sequence_id.data, right->sequence_id.data, size);
}

/* M27: an append is written stream by stream.  Mergesort would be stable;
 * each sequence has one item in the case that matters. */
static int by_sequence(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_item *items = copy_items(&request);
    int status;

    qsort(items, request.item_count, sizeof(*items), compare_sequences);
    request.items = items;
    status = mutant_append_one(a, &request);
    free(items);
    return status;
}

/* M29: a large state is cut. */
static int cut_states(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_item *items = copy_items(&request);
    int status;

    for (size_t i = 0; i < request.item_count; i++) {
        if (items[i].state.size > STATE_SIZE) {
            items[i].state.size = STATE_SIZE;
        }
    }
    request.items = items;
    status = mutant_append_one(a, &request);
    free(items);
    return status;
}

/* M30: the checkpoint goes on although the work was refused. */
static int tracks_refused(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_result result = { 0 };
    struct append_call record = *a;
    int status = mutant_append_first(a);
    size_t taken;

    if (status == QUIPU_OK && a->results[0].status == QUIPU_CONFLICT &&
        request.tracking) {
        request.item_count = request.guard_count = 0;
        record.results = &result;
        record.taken = &taken;
        mutant_append_one(&record, &request);
    }
    return status;
}

/* M32: no rollback: what came before the refused item stays. */
static int no_rollback(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_result result = { 0 };
    struct append_call rest = *a;
    int status = mutant_append_first(a);
    size_t taken;

    if (status == QUIPU_OK && a->results[0].cause == QUIPU_CAUSE_POSITION &&
        a->results[0].index > 0) {
        request.item_count = a->results[0].index;
        request.tracking = NULL;
        rest.results = &result;
        rest.taken = &taken;
        mutant_append_one(&rest, &request);
    }
    return status;
}

static const struct mutant mutants[] = {
    { "M10", "large-append-loses-its-end",
      "commanded/eventstore#283: more than 1000 events in one append",
      "F1.append-of-100000-items", .append = one_statement },
    { "M15", "append-to-removed-schema-lands",
      "fisher#190: an append to an archived stream is accepted",
      "F4.torn-down-while-bound", .append = lands_nowhere },
    { "M22", "sequences-of-equal-hash-are-one",
      "UmaDB's test_tag_hash_collision: the hash is taken for the key",
      "U1.many-sequences-do-not-collide", .append = hashed,
      .on_open = hashed_read },
    { "M27", "append-written-by-sequence",
      "pyeventsourcing's NonInterleavingNotificationIDs: one append's order",
      "L3.one-append-is-consecutive", .append = by_sequence },
    { "M29", "large-state-is-cut",
      "node-eventstore-client#27: large events fail", "F1.state-of-16-mib",
      .append = cut_states },
    { "M30", "refused-append-moves-checkpoint",
      "KurrentDB#1083, #1392: checkpoint beyond what was processed",
      "U2.refused-append-leaves-no-tracking", .append = tracks_refused },
    { "M32", "refused-append-leaves-its-beginning",
      "Jepsen's G1a: what was refused is read",
      "U2.one-refused-item-refuses-the-append", .append = no_rollback },
};
MUTANT_FAMILY(appends);
