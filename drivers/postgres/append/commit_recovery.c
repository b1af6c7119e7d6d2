/* SPDX-License-Identifier: Apache-2.0 */
/* The result of a COMMIT that was not answered; commit_recovery.h explains the
 * method and its invariants. */
#include "commit_recovery.h"

#include "common/safeguard.h"

#include <string.h>

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
