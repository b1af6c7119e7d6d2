/* SPDX-License-Identifier: Apache-2.0 */
/* The result of a COMMIT that was not answered; commit_recovery.h explains the
 * method and its invariants. */
#include "commit_recovery.h"

#include "net/query.h"
#include "net/retry.h"

#include "common/safeguard.h"

#include <string.h>

#define PAUSE (20 * CLOCK_MILLISECOND) /* between two looks at a transaction */

static void forget(struct batch *batch)
{
    batch->datastore->host->release(batch->uncertain);
    batch->uncertain = NULL;
}

/* Returns true if all uncertain items have event ids, and there are some
 * (INV3). */
static bool can_be_found(const struct batch *batch)
{
    bool any = false;
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_request *request = &batch->requests[i];
        if (!batch->uncertain[i] || request->item_count == 0) {
            continue;
        }
        if (!request->schema->schema.event_id) {
            return false;
        }
        any = true;
    }
    return SAFEGUARDED("V5.nothing-to-be-found-by", any, true);
}

/* Requests stay uncertain: if a second try is lost too, it may have found them
 * to be repeats of the first. */
void quipu_postgres_commit_recovery_begin(struct batch *batch)
{
    size_t size = batch->count * sizeof(*batch->uncertain);
    if (!batch->uncertain) {
        batch->uncertain = batch->datastore->host->allocate(size);
        if (!batch->uncertain) {
            return;
        }
        memset(batch->uncertain, 0, size);
    }
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_result *result = &batch->results[i];
        if (result->status == QUIPU_OK &&
            SAFEGUARDED("U3.repeat-beside-a-lost-answer",
                        (result->flags & QUIPU_RESULT_REPEATED) == 0, true)) {
            batch->uncertain[i] = true;
        }
    }
    if (!can_be_found(batch)) {
        forget(batch);
    }
}

/* Returns true if an uncertain request was found to be stored. */
static bool was_stored(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->uncertain[i] &&
            (batch->results[i].flags & QUIPU_RESULT_REPEATED) != 0) {
            return true;
        }
    }
    return false;
}

/* INV2: the results are those of the lost try. */
void quipu_postgres_commit_recovery_end(struct batch *batch)
{
    if (!batch->uncertain || !was_stored(batch)) {
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        quipu_result *result = &batch->results[i];
        if (!batch->uncertain[i]) {
            continue;
        }
        SAFEGUARD("U3.own-append-is-no-repeat")
        result->flags &= ~(uint32_t)QUIPU_RESULT_REPEATED;
        if (batch->requests[i].item_count == 0 &&
            result->status == QUIPU_ALREADY) { /* its own record */
            *result = (quipu_result){ .positions = result->positions };
        }
    }
}

/* ------------------------------------------------------------- transactions */

enum end { END_UNKNOWN, END_IN_PROGRESS, END_ABORTED, END_COMMITTED };

struct look {
    int64_t transaction;
    enum end end;
};

/* An error 22023 says that the server has not given the number yet: it has
 * crashed, and nothing of the transaction had reached its disk.  The number of
 * a Citus coordinator says nothing: it may have failed after a worker had
 * committed. */
static int look(const struct lease *lease, void *context)
{
    struct look *look = context;
    PGresult *result = NULL;
    if (lease->connection->sharded) {
        look->end = END_UNKNOWN;
        return QUIPU_OK;
    }
    quipu_postgres_binary_begin(&lease->connection->arguments);
    quipu_postgres_binary_add_int8(&lease->connection->arguments,
                                   look->transaction);
    int status = quipu_postgres_query_run(
        lease, &lease->datastore->sql[SQL_TRANSACTION_STATUS],
        "look at a transaction", &result);
    const char *text = status == QUIPU_OK
                           ? quipu_postgres_binary_get_text(result, 0, 0)
                           : NULL;
    look->end = END_UNKNOWN;
    if (strcmp(lease->error->sqlstate, "22023") == 0 ||
        (text && strcmp(text, "aborted") == 0)) {
        look->end = END_ABORTED;
    } else if (text && strcmp(text, "committed") == 0) {
        look->end = END_COMMITTED;
    } else if (text && strcmp(text, "in progress") == 0) {
        look->end = END_IN_PROGRESS;
    }
    PQclear(result);
    return status;
}

bool quipu_postgres_commit_recovery_is_aborted(const struct batch *batch)
{
    struct retry retry = quipu_postgres_retry_begin(batch->deadline, INT32_MAX);
    struct look at = { .transaction = batch->transaction };
    quipu_error own = { 0 };
    do {
        own = (quipu_error){ 0 };
        at.end = END_UNKNOWN;
        int status = quipu_postgres_query_repeat(batch->datastore, look, &at,
                                                 batch->deadline, &own);
        if (at.end == END_ABORTED || at.end == END_COMMITTED ||
            (status == QUIPU_OK && at.end == END_UNKNOWN)) {
            break;
        }
    } while (quipu_postgres_retry_again(&retry, PAUSE));
    return at.end == END_ABORTED;
}
