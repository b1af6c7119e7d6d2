/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that store an append incompletely, in part, or elsewhere. */
#include "mutant.h"

#include <ctype.h>
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

/* M10: stores only the items that fit into one SQL statement. */
static int store_one_statement(struct append_call *a)
{
    quipu_request request = a->requests[0];

    if (request.item_count > STATEMENT_ITEMS) {
        request.item_count = STATEMENT_ITEMS;
    }
    return mutant_append_one(a, &request);
}

/* M15: reports success for an append to a schema that was torn down. */
static int succeed_after_teardown(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_NOT_FOUND) {
        mutant_report_success(a, 0);
        status = QUIPU_OK;
    }
    return status;
}

/* ---------------------------- M22: a hash of the sequence id is its key */

#define HASHES 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    quipu_driver_schema *schema;
    quipu_id id;
} first_of[HASHES];

/* Returns the first sequence id that had this hash. */
static quipu_bytes first_with_hash(quipu_driver_schema *schema, quipu_bytes id)
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

static int append_by_hash(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_item *items = copy_items(&request);
    int status;

    for (size_t i = 0; i < request.item_count; i++) {
        items[i].sequence_id =
            first_with_hash(request.schema, items[i].sequence_id);
    }
    request.items = items;
    status = mutant_append_one(a, &request);
    free(items);
    return status;
}

static void read_by_hash(struct read_call *r)
{
    if (!r->log) {
        r->sequence_id = first_with_hash(r->schema, r->sequence_id);
    }
}

/* ---------------------------------------------------------- changed items */

static int compare_sequences(const void *a, const void *b)
{
    const quipu_item *left = a, *right = b;
    size_t size = left->sequence_id.size < right->sequence_id.size
                      ? left->sequence_id.size
                      : right->sequence_id.size;

    return memcmp(left->sequence_id.data, right->sequence_id.data, size);
}

/* M27: stores the items of an append sequence by sequence.  (qsort is not
 * stable, but the case has one item in each sequence.) */
static int append_by_sequence(struct append_call *a)
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

/* M29: truncates large states. */
static int truncate_states(struct append_call *a)
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

/* M74: cuts states at 20 MiB. */
#define COLUMN_SIZE ((size_t)20 << 20)

static int cut_states(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_item *items = copy_items(&request);
    int status;

    for (size_t i = 0; i < request.item_count; i++) {
        if (items[i].state.size > COLUMN_SIZE) {
            items[i].state.size = COLUMN_SIZE;
        }
    }
    request.items = items;
    status = mutant_append_one(a, &request);
    free(items);
    return status;
}

/* M73: folds the case of consumers' names. */
static quipu_bytes fold(quipu_bytes name, char folded[static 256])
{
    for (size_t i = 0; i < name.size && i < 256; i++) {
        folded[i] = (char)tolower(((const unsigned char *)name.data)[i]);
    }
    return (quipu_bytes){ folded, name.size };
}

static int track_folded(struct append_call *a)
{
    quipu_request request = a->requests[0];
    quipu_tracking tracking;
    char folded[256];

    if (request.tracking) {
        tracking = *request.tracking;
        tracking.consumer = fold(tracking.consumer, folded);
        request.tracking = &tracking;
    }
    return mutant_append_one(a, &request);
}

static int read_folded(quipu_driver_datastore *datastore, quipu_bytes consumer,
                       quipu_bytes log, int64_t deadline,
                       quipu_position *position, quipu_error *error)
{
    char folded[256];

    return mutant_base_driver()->read_tracking(
        datastore, fold(consumer, folded), log, deadline, position, error);
}

/* M30: stores the tracking record of an append that was refused. */
static int track_refused(struct append_call *a)
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

/* M32: stores the items before the refused one: no rollback. */
static int skip_rollback(struct append_call *a)
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
    { "M10", "large-append-is-truncated",
      "commanded/eventstore#283: more than 1000 events in one append",
      "F1.append-of-100000-items", .append = store_one_statement },
    { "M15", "append-to-removed-schema-succeeds",
      "fisher#190: an append to an archived stream is accepted",
      "F4.torn-down-while-bound", .append = succeed_after_teardown },
    { "M22", "hash-of-sequence-id-is-the-key",
      "UmaDB's test_tag_hash_collision: the hash used as the key",
      "U1.many-sequences-do-not-collide", .append = append_by_hash,
      .on_open = read_by_hash },
    { "M27", "append-is-stored-by-sequence",
      "pyeventsourcing's NonInterleavingNotificationIDs: one append's order",
      "L3.one-append-is-consecutive", .append = append_by_sequence },
    { "M29", "large-state-is-truncated",
      "node-eventstore-client#27: large events fail", "F1.state-of-16-mib",
      .append = truncate_states },
    { "M73", "consumers-are-compared-without-case",
      "MySQL and SQL Server: text columns with a collation that ignores case",
      "U4.each-consumer-and-log-has-a-record", .append = track_folded,
      .replaced = { .read_tracking = read_folded } },
    { "M74", "state-is-cut-below-the-limit",
      "MySQL's MEDIUMBLOB: 16 MiB of a value are stored, without an error",
      "F1.state-of-the-declared-limit", .append = cut_states },
    { "M30", "refused-append-stores-tracking",
      "KurrentDB#1083, #1392: checkpoint beyond what was processed",
      "U2.refused-append-leaves-no-tracking", .append = track_refused },
    { "M32", "refused-append-is-stored-in-part",
      "Jepsen's G1a: data of an aborted transaction is read",
      "U2.one-refused-item-refuses-the-append", .append = skip_rollback },
};
MUTANT_FAMILY(appends);
