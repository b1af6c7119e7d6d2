/* SPDX-License-Identifier: Apache-2.0 */
/* Appends: one transaction for the requests of an append.
 *
 * METHOD
 *
 * The common preconditions (common/preconditions.c) define the checks of a
 * request and the two passes. Here a pass is a transaction that goes through
 * the requests in order, checks each and inserts the items of an accepted one:
 *
 *   optimistic pass   The indexes of the table check event ids and the
 *                     positions of sparse schemas. A constraint violation ends
 *                     the pass: ROLLBACK, BEGIN, strict pass.
 *   strict pass       Event ids are looked up first. A sparse request is
 *                     inserted behind a savepoint, since SQLite's index still
 *                     checks its positions: a violation undoes this request
 *                     alone.
 *
 * The usual append of new events runs one SELECT for the head of the log, one
 * for the last position of each sequence in a contiguous schema, one INSERT an
 * item and one UPDATE of the head. It looks up no event id. Entries are written
 * by one statement each (entries.c).
 *
 * INVARIANTS
 *
 *   INV1  Notification ids of a log are consecutive in the order of commits
 *         (L1, L2): the head is read after BEGIN, counted up with each inserted
 *         item, set back for a refused request, and stored before COMMIT.
 *   INV2  A log has one head during an append, also if its schema is bound
 *         several times: that of the bound schema that owns it (head_owner).
 *         The fields of quipu_driver_schema for it are in use only during an
 *         append, and only the owner of the fair lock appends.
 *   INV3  A refused request leaves no trace (U2, K2): its items are never
 *         inserted, or a rollback to the savepoint or of the transaction
 *         removes them; its entries and tracking record follow its items.
 *   INV4  An append that is reported as a repeat is durable even if the
 *         original was made by a relaxed handle: the append commits a change,
 *         and the sync of a commit covers the whole WAL before it. */
#include "common/preconditions.h"
#include "common/safeguard.h"
#include "read/item_row.h"
#include "sqlite.h"

#include <string.h>

struct append {
    quipu_driver_datastore *datastore;
    const quipu_request *requests;
    quipu_result *results;
    size_t count;
    quipu_driver_schema *head_owners; /* list of the heads that are known */
    bool strict;
    bool has_entries; /* the tables of entries exist */
    bool violated;    /* an index refused an item in the optimistic pass */
    bool accepted;    /* there is something to commit */
    bool repeated;    /* a request was stored by an earlier append */
};

/* ------------------------------------------------------------------- heads */

/* Determines the owner of the log's head and reads the head, once for each log
 * (INV1, INV2). */
static int find_head(struct append *append, quipu_driver_schema *bound,
                     quipu_error *error)
{
    quipu_driver_schema *owner = append->head_owners;

    if (bound->head_owner) {
        return QUIPU_OK;
    }
    while (owner &&
           SAFEGUARDED("L1.one-log-of-a-schema", owner->number != bound->number,
                       owner != bound)) {
        owner = owner->next_head_owner;
    }
    if (owner) {
        bound->head_owner = owner;
        return QUIPU_OK;
    }
    int status = quipu_sqlite_lookup_head(&append->datastore->writer, bound,
                                          &bound->head, error);
    if (status == QUIPU_OK) {
        bound->head_owner = bound;
        bound->head_changed = false;
        bound->next_head_owner = append->head_owners;
        append->head_owners = bound;
    }
    return status;
}

static int store_heads(struct append *append, quipu_error *error)
{
    struct connection *writer = &append->datastore->writer;
    int status = QUIPU_OK;

    for (quipu_driver_schema *owner = append->head_owners;
         owner && status == QUIPU_OK; owner = owner->next_head_owner) {
        sqlite3_stmt *set = NULL;

        if (!owner->head_changed) {
            continue;
        }
        status =
            quipu_sqlite_statement_get(writer, NULL, SQL_SET_HEAD, &set, error);
        if (status == QUIPU_OK) {
            (void)sqlite3_bind_int64(set, 1, owner->number);
            (void)sqlite3_bind_int64(set, 2, owner->head);
            status =
                quipu_sqlite_statement_run(writer, NULL, SQL_SET_HEAD, error);
        }
        if (status == QUIPU_OK) {
            status = quipu_sqlite_authorizer_check_change(writer, "quipu_heads",
                                                          1, error);
        }
    }
    return status;
}

static void forget_heads(struct append *append)
{
    for (size_t i = 0; i < append->count; i++) {
        if (append->requests[i].schema) {
            append->requests[i].schema->head_owner = NULL;
        }
    }
    append->head_owners = NULL;
}

/* --------------------------------------------- look-ups of the preconditions
 */

/* The context of the look-ups: the bound schema of the request, or NULL, and
 * the connection that writes. */
struct lookup_context {
    struct connection *writer;
    const quipu_driver_schema *bound;
    bool has_entries;
};

static int look_up_last(void *context, quipu_bytes sequence_id, bool *found,
                        int64_t *last, quipu_error *error)
{
    const struct lookup_context *in = context;
    struct sequence_end end = { .found = false };
    int status = quipu_sqlite_lookup_last(in->writer, in->bound, sequence_id,
                                          &end, error);

    *found = end.found;
    *last = end.position;
    return status;
}

static int look_up_item(void *context, const quipu_item *item,
                        struct stored_item *stored, quipu_error *error)
{
    const struct lookup_context *in = context;
    sqlite3_stmt *row = NULL;
    int status = quipu_sqlite_statement_get(in->writer, in->bound,
                                            SQL_BY_EVENT_ID, &row, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_blob(row, 1, item->event_id.data, 16, SQLITE_STATIC);
    int code = sqlite3_step(row);
    *stored = (struct stored_item){ .found = false };
    if (code == SQLITE_ROW) {
        quipu_item found;
        quipu_sqlite_item_row_read_key(row, &found);
        status = quipu_sqlite_erasure_mark(in->writer, in->bound, &found, NULL,
                                           1, error);
        quipu_common_preconditions_compare(&found, item, stored);
    } else if (code != SQLITE_DONE) {
        status = quipu_sqlite_error_set(in->writer, code, "look up an event id",
                                        error);
    }
    (void)sqlite3_reset(row);
    return status;
}

static int look_up_tracking(void *context, const quipu_tracking *tracking,
                            bool *found, int64_t *notification_id,
                            quipu_error *error)
{
    const struct lookup_context *in = context;
    quipu_position position = { 0 };
    int status = quipu_sqlite_lookup_tracking(in->writer, tracking, found,
                                              &position, error);

    *notification_id = position.notification_id;
    return status;
}

static int look_up_entry(void *context, quipu_bytes key, bool *found,
                         int64_t *revision, quipu_error *error)
{
    const struct lookup_context *in = context;

    *found = false;
    return in->has_entries ? quipu_sqlite_entries_look_up(
                                 in->writer, key, found, revision, error)
                           : QUIPU_OK;
}

static const struct preconditions_lookups lookups = {
    .last_position = look_up_last,
    .item = look_up_item,
    .tracking = look_up_tracking,
    .entry = look_up_entry,
};

/* --------------------------------------------------------------- insertion */

/* After a constraint violation: returns true if the index on sequence ids and
 * positions caused it, and not another index or a trigger. */
static bool is_taken_position(const struct connection *writer,
                              const quipu_driver_schema *bound)
{
    const quipu_schema *schema = &bound->schema;
    char *expected =
        sqlite3_mprintf("UNIQUE constraint failed: %s.%s, %s.%s", bound->table,
                        schema->sequence_id, bound->table, schema->position);
    bool equal = expected && strcmp(sqlite3_errmsg(writer->db), expected) == 0;

    sqlite3_free(expected);
    return equal;
}

/* Inserts an item of the request under the next notification id. *code is
 * SQLITE_DONE, or a constraint violation: in the strict pass that is a taken
 * position of a sparse schema. */
static int insert_item(struct append *append, const struct preconditions *check,
                       size_t index, int *code, quipu_error *error)
{
    struct connection *writer = &append->datastore->writer;
    quipu_driver_schema *bound = check->request->schema;
    const quipu_item *item = &check->request->items[index];
    sqlite3_stmt *insert = NULL;
    int status =
        quipu_sqlite_statement_get(writer, bound, SQL_INSERT, &insert, error);

    if (status != QUIPU_OK) {
        return quipu_sqlite_authorizer_set_error(
            writer, bound->table, sqlite3_extended_errcode(writer->db), error);
    }
    bound->head_owner->head += SAFEGUARDED("L3.consecutive", 1, 2);
    const struct item_key key = {
        .notification_id = bound->head_owner->head,
        .position = quipu_common_preconditions_position(check, index),
    };
    quipu_sqlite_item_row_bind(insert, bound, item, key);
    *code = sqlite3_step(insert);
    if (*code == SQLITE_DONE) {
        status = quipu_sqlite_authorizer_check_change(writer, bound->table, 1,
                                                      error);
    } else if ((*code & 0xff) != SQLITE_CONSTRAINT ||
               (append->strict && !(preconditions_is_sparse(check->schema) &&
                                    is_taken_position(writer, bound)))) {
        status = quipu_sqlite_authorizer_set_error(writer, bound->table, *code,
                                                   error);
    }
    (void)sqlite3_reset(insert);
    if (status == QUIPU_OK && *code == SQLITE_DONE &&
        SAFEGUARDED("E7.appended-as-erased",
                    (item->flags & QUIPU_ITEM_ERASED) != 0, false)) {
        status =
            quipu_sqlite_erasure_add(writer, bound, key.notification_id, error);
    }
    return status;
}

/* An index refused an item. In the strict pass that is a taken position of a
 * sparse schema. */
static int violate(struct append *append, struct preconditions *check,
                   size_t index, quipu_error *error)
{
    struct connection *writer = &append->datastore->writer;
    int status = QUIPU_OK;

    if (!append->strict) {
        append->violated = true;
        return QUIPU_OK;
    }
    SAFEGUARD("U2.savepoint-of-a-request")
    status = quipu_sqlite_statement_run(writer, NULL, SQL_ROLLBACK_TO, error);
    return status == QUIPU_OK
               ? quipu_common_preconditions_refuse_position(check, index, error)
               : status;
}

static int insert_items(struct append *append, struct preconditions *check,
                        quipu_error *error)
{
    const quipu_request *request = check->request;
    quipu_driver_schema *owner = request->schema->head_owner;
    quipu_result *result = check->result;
    const int64_t before = owner->head;

    for (size_t i = 0; i < request->item_count; i++) {
        int code = SQLITE_DONE;
        int status = insert_item(append, check, i, &code, error);

        if (status != QUIPU_OK) {
            return status;
        }
        if (code != SQLITE_DONE) {
            SAFEGUARD("L1.refused-use-none")
            owner->head = before;
            return violate(append, check, i, error);
        }
        if (result->positions) {
            result->positions[i] = SAFEGUARDED(
                "S5.positions", quipu_common_preconditions_position(check, i),
                request->items[i].position);
        }
    }
    result->first_notification_id =
        before + SAFEGUARDED("S5.notification-id", 1, 0);
    SAFEGUARD("L1.head-is-stored")
    owner->head_changed = true;
    return QUIPU_OK;
}

/* Removes the tracking record of a request that rewinds it to 0; there is one
 * exactly if the request expects one. */
static int remove_tracking(struct connection *writer,
                           const quipu_request *request, quipu_error *error)
{
    const bool exists = preconditions_conditions(request)->tracking_from != 0;
    sqlite3_stmt *delete = NULL;
    int status = quipu_sqlite_statement_get(writer, NULL, SQL_TRACKING_DELETE,
                                            &delete, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_lookup_bind_tracking(delete, writer->datastore,
                                      request->tracking);
    status =
        quipu_sqlite_statement_run(writer, NULL, SQL_TRACKING_DELETE, error);
    return status == QUIPU_OK
               ? quipu_sqlite_authorizer_check_change(writer, "quipu_tracking",
                                                      exists ? 1 : 0, error)
               : status;
}

static int store_tracking(struct connection *writer,
                          const quipu_request *request, quipu_error *error)
{
    const quipu_tracking *tracking = request->tracking;
    sqlite3_stmt *write = NULL;

    if (!tracking) {
        return QUIPU_OK;
    }
    if (tracking->position.notification_id == 0 &&
        SAFEGUARDED("T2.record-is-removed",
                    quipu_common_preconditions_rewinds(request), false)) {
        return remove_tracking(writer, request, error);
    }
    int status = quipu_sqlite_statement_get(writer, NULL, SQL_TRACKING_WRITE,
                                            &write, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_sqlite_lookup_bind_tracking(write, writer->datastore, tracking);
    (void)sqlite3_bind_int64(write, 4, tracking->position.notification_id);
    (void)sqlite3_bind_blob(write, 5, tracking->position.store.bytes, 16,
                            SQLITE_STATIC);
    (void)sqlite3_bind_blob(write, 6, tracking->position.event_id.bytes, 16,
                            SQLITE_STATIC);
    status =
        quipu_sqlite_statement_run(writer, NULL, SQL_TRACKING_WRITE, error);
    return status == QUIPU_OK ? quipu_sqlite_authorizer_check_change(
                                    writer, "quipu_tracking", 1, error)
                              : status;
}

static int store_entries(struct append *append, const quipu_request *request,
                         quipu_error *error)
{
    const quipu_conditions *conditions = preconditions_conditions(request);

    return conditions && append->has_entries
               ? quipu_sqlite_entries_write(&append->datastore->writer,
                                            conditions, error)
               : QUIPU_OK;
}

/* Stores an accepted request; an index may still refuse it (check->result). */
static int store_request(struct append *append, struct preconditions *check,
                         quipu_error *error)
{
    struct connection *writer = &append->datastore->writer;
    const quipu_request *request = check->request;
    const bool savepoint = append->strict && request->item_count > 0 &&
                           preconditions_is_sparse(check->schema);
    int status = QUIPU_OK;

    if (savepoint) {
        status = quipu_sqlite_statement_run(writer, NULL, SQL_SAVEPOINT, error);
    }
    if (status == QUIPU_OK && request->item_count > 0) {
        status = insert_items(append, check, error);
    }
    if (status == QUIPU_OK && check->result->status == QUIPU_OK &&
        !append->violated) {
        SAFEGUARD("U2.tracking-with-its-items")
        status = store_tracking(writer, request, error);
        if (status == QUIPU_OK) {
            SAFEGUARD("K2.entries-with-their-items")
            status = store_entries(append, request, error);
        }
    }
    if (status == QUIPU_OK && savepoint) {
        status = quipu_sqlite_statement_run(writer, NULL, SQL_RELEASE, error);
    }
    return status;
}

/* ------------------------------------------------------------------ passes */

/* Checks and stores one request. A status other than OK ends the append. */
static int process(struct append *append, size_t index, quipu_error *error)
{
    const quipu_request *request = &append->requests[index];
    quipu_result *result = &append->results[index];
    struct lookup_context context = { &append->datastore->writer,
                                      request->schema, append->has_entries };
    struct preconditions check = {
        .host = append->datastore->host,
        .lookups = &lookups,
        .context = &context,
        .schema = request->schema ? &request->schema->schema : NULL,
        .request = request,
        .result = result,
        .strict = append->strict,
    };

    *result = (quipu_result){ .positions = result->positions };
    int status =
        request->schema ? find_head(append, request->schema, error) : QUIPU_OK;
    if (status == QUIPU_OK) {
        status = quipu_common_preconditions_check(&check, error);
    }
    bool repeated = (result->flags & QUIPU_RESULT_REPEATED) != 0;
    if (status == QUIPU_OK && result->status == QUIPU_OK && !repeated) {
        status = store_request(append, &check, error);
        append->accepted = append->accepted ||
                           (result->status == QUIPU_OK && !append->violated);
    }
    append->repeated = append->repeated || repeated;
    quipu_common_preconditions_finish(&check);
    return status;
}

static bool has_erased_items(const quipu_request *request)
{
    for (size_t i = 0; i < request->item_count; i++) {
        if ((request->items[i].flags & QUIPU_ITEM_ERASED) != 0) {
            return true;
        }
    }
    return false;
}

/* Creates the tables that items need that are appended as erased, before the
 * savepoint of a request. */
static int begin_erased(struct append *append, quipu_error *error)
{
    for (size_t i = 0; i < append->count; i++) {
        if (has_erased_items(&append->requests[i])) {
            return quipu_sqlite_erasure_begin(&append->datastore->writer,
                                              error);
        }
    }
    return QUIPU_OK;
}

static int run_pass(struct append *append, quipu_error *error)
{
    int status =
        quipu_sqlite_entries_begin(&append->datastore->writer, append->requests,
                                   append->count, &append->has_entries, error);

    if (status == QUIPU_OK) {
        status = begin_erased(append, error);
    }

    append->violated = append->accepted = append->repeated = false;
    for (size_t i = 0;
         i < append->count && status == QUIPU_OK && !append->violated; i++) {
        status = process(append, i, error);
    }
    return status == QUIPU_OK && !append->violated ? store_heads(append, error)
                                                   : status;
}

static int run_strict_pass(struct append *append, quipu_error *error)
{
    quipu_driver_datastore *datastore = append->datastore;

    quipu_sqlite_transaction_rollback(datastore);
    forget_heads(append);
    append->strict = true;
    int status =
        quipu_sqlite_statement_run(&datastore->writer, NULL, SQL_BEGIN, error);
    return status == QUIPU_OK ? run_pass(append, error) : status;
}

/* -------------------------------------------------------------- the append */

/* Makes a change, so that a commit syncs the WAL (INV4). SQLite does not write
 * a page that it finds unchanged, so the head is changed and changed back. */
static int touch_head(struct append *append, quipu_error *error)
{
    quipu_driver_schema *owner = append->head_owners;

    if (!owner) {
        return QUIPU_OK;
    }
    owner->head_changed = true;
    owner->head++;
    int status = store_heads(append, error);
    owner->head--;
    append->accepted = true;
    return status == QUIPU_OK ? store_heads(append, error) : status;
}

static int run(struct append *append, quipu_work work, void *context,
               int64_t deadline, quipu_error *error)
{
    quipu_driver_datastore *datastore = append->datastore;
    int status = quipu_sqlite_transaction_begin(datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = run_pass(append, error);
    if (status == QUIPU_OK && append->violated) {
        status = run_strict_pass(append, error);
    }
    if (status == QUIPU_OK && append->accepted && work) {
        status = quipu_sqlite_authorizer_run_function(
            &datastore->writer,
            append->requests->schema ? append->requests->schema->table
                                     : "quipu_entries",
            work, context, error);
    }
    if (status == QUIPU_OK && append->repeated && !append->accepted &&
        !datastore->relaxed) {
        SAFEGUARD("U3.a-repeat-is-durable")
        status = touch_head(append, error);
    }
    forget_heads(append);
    if (SAFEGUARDED("U2.transaction-is-undone", status != QUIPU_OK, false) ||
        !append->accepted) {
        quipu_sqlite_transaction_abandon(datastore);
        return status;
    }
    return quipu_sqlite_transaction_commit(datastore, error);
}

int quipu_sqlite_append(quipu_driver_datastore *datastore,
                        const quipu_request *requests, size_t count,
                        quipu_result *results, size_t *taken, int64_t deadline,
                        quipu_error *error)
{
    struct append append = { .datastore = datastore,
                             .requests = requests,
                             .results = results,
                             .count = count };

    *taken = count;
    return run(&append, NULL, NULL, deadline, error);
}

int quipu_sqlite_append_transact(quipu_driver_datastore *datastore,
                                 const quipu_request *request, quipu_work work,
                                 void *context, quipu_result *result,
                                 int64_t deadline, quipu_error *error)
{
    struct append append = { .datastore = datastore,
                             .requests = request,
                             .results = result,
                             .count = 1 };

    return run(&append, work, context, deadline, error);
}
