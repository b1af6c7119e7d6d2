/* SPDX-License-Identifier: Apache-2.0 */
/* Finding out what became of an attempt whose COMMIT was not answered. */
#include "doubt.h"

#include "common/safeguard.h"

#include <string.h>

static void forget(struct group *group)
{
    group->datastore->host->release(group->doubtful);
    group->doubtful = NULL;
}

/* Who has items has event ids to be found by; who has none shares the fate of
 * those who have. */
static bool can_be_found(const struct group *group)
{
    bool any = false;
    for (size_t i = 0; i < group->count; i++) {
        const quipu_request *request = &group->requests[i];
        if (!group->doubtful[i] || request->item_count == 0) {
            continue;
        }
        if (!request->schema->schema.event_id) {
            return false;
        }
        any = true;
    }
    return SAFEGUARDED("V5.nothing-to-be-found-by", any, true);
}

/* Once in doubt, always: a second attempt that is lost has found what the first
 * one stored to be a repeat. */
void quipu_postgres_doubt_begin(struct group *group)
{
    size_t size = group->count * sizeof(*group->doubtful);
    if (!group->doubtful) {
        group->doubtful = group->datastore->host->allocate(size);
        if (!group->doubtful) {
            return;
        }
        memset(group->doubtful, 0, size);
    }
    for (size_t i = 0; i < group->count; i++) {
        const quipu_result *result = &group->results[i];
        if (result->status == QUIPU_OK &&
            SAFEGUARDED("U3.repeat-beside-a-lost-answer",
                        (result->flags & QUIPU_RESULT_REPEATED) == 0, true)) {
            group->doubtful[i] = true;
        }
    }
    if (!can_be_found(group)) {
        forget(group);
    }
}

/* Whether one that was in doubt is there. */
static bool was_stored(const struct group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        if (group->doubtful[i] &&
            (group->results[i].flags & QUIPU_RESULT_REPEATED) != 0) {
            return true;
        }
    }
    return false;
}

void quipu_postgres_doubt_end(struct group *group)
{
    if (!group->doubtful || !was_stored(group)) {
        return;
    }
    for (size_t i = 0; i < group->count; i++) {
        quipu_result *result = &group->results[i];
        if (!group->doubtful[i]) {
            continue;
        }
        SAFEGUARD("U3.own-append-is-no-repeat")
        result->flags &= ~(uint32_t)QUIPU_RESULT_REPEATED;
        if (group->requests[i].item_count == 0 &&
            result->status == QUIPU_ALREADY) {
            *result = (quipu_result){ .positions = result->positions };
        }
    }
}
