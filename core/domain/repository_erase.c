/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erases an aggregate.
 *
 * The events are erased first: then no state that was made before is used any
 * more, and none can be made of what they said.  Scrubbing is repeated at the
 * end, for the bytes of the snapshots.
 */
#include <quipu/erasure.h>
#include <quipu/id.h>

#include "base/error.h"
#include "domain/repository.h"
#include "snapshot/cache.h"
#include "snapshot/snapshots.h"
#include "store/store.h"

static int remove_states(quipu_repository *repository, const quipu_id *id,
                         quipu_error *error)
{
    char text[QUIPU_STORE_ID_TEXT_SIZE];

    if (repository->cache) {
        quipu_cache_drop(repository->cache, id, false);
    }
    if (!repository->snapshots) {
        return QUIPU_OK;
    }
    quipu_store_id_text(repository->store, id, text);
    return quipu_snapshots_remove(repository->snapshots,
                                  quipu_bytes_of_text(text), error);
}

int quipu_repository_erase(quipu_repository *repository, const quipu_id *id,
                           uint32_t flags, int64_t *erased, quipu_error *error)
{
    if (erased) {
        *erased = 0;
    }
    if (!repository || !id) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_repository_erase: an argument is NULL");
    }
    const quipu_erasure erasure = {
        .struct_size = sizeof(erasure),
        .flags = flags,
        .sequence_id = quipu_id_bytes(id),
        .lower = INT64_MIN,
        .upper = INT64_MAX,
    };
    quipu_records *records = repository->store->records;
    int status = quipu_records_erase(records, &erasure, erased, error);

    if (status == QUIPU_OK) {
        status = remove_states(repository, id, error);
    }
    if (status == QUIPU_OK && (flags & QUIPU_ERASURE_SCRUB)) {
        status = quipu_records_erase(records, &erasure, NULL, error);
    }
    return status;
}
