/* SPDX-License-Identifier: Apache-2.0 */
/* Appending to the kept driver. */
#include "kept.h"

#include <string.h>

static bool guard_holds(const quipu_driver_datastore *datastore,
                        const quipu_guard *guard)
{
    int64_t next = kept_length(datastore, datastore->count, guard->sequence_id);

    switch (guard->demand) {
    case QUIPU_DEMAND_EMPTY:
        return next == 0;
    case QUIPU_DEMAND_NOT_EMPTY:
        return next > 0;
    default: /* QUIPU_DEMAND_LAST */
        return next > 0 && guard->position == next - 1;
    }
}

static void refuse(const quipu_driver_datastore *datastore,
                   quipu_result *result, int cause, size_t index,
                   quipu_bytes id)
{
    int64_t next = kept_length(datastore, datastore->count, id);

    result->status = QUIPU_CONFLICT;
    result->cause = cause;
    result->index = index;
    result->flags = next > 0 ? QUIPU_RESULT_HAS_LAST : 0;
    result->last_position = next > 0 ? next - 1 : 0;
}

static bool keep(quipu_driver_datastore *datastore, const quipu_item *item,
                 int64_t position)
{
    quipu_item *kept = &datastore->items[datastore->count];
    quipu_bytes *parts[] = { &kept->topic, &kept->state, &kept->sequence_id };
    char *room =
        datastore->count == ITEMS_MAX
            ? NULL
            : datastore->host->allocate(item->topic.size + item->state.size +
                                        item->sequence_id.size);

    if (!room) {
        return false;
    }
    *kept = *item;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        memcpy(room, parts[i]->data, parts[i]->size);
        parts[i]->data = room;
        room += parts[i]->size;
    }
    kept->flags = 0;
    kept->position = position;
    kept->notification_id = (int64_t)++datastore->count;
    return true;
}

/* False: no memory; nothing of the request is stored. */
static bool append_items(quipu_driver_datastore *datastore,
                         const quipu_request *request, quipu_result *result)
{
    size_t before = datastore->count;
    bool fits = true;
    size_t i;

    for (i = 0; fits && i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        int64_t next =
            kept_length(datastore, datastore->count, item->sequence_id);

        if (!(item->flags & QUIPU_ITEM_NEXT) && item->position != next) {
            break;
        }
        fits = keep(datastore, item, next);
        if (result->positions) {
            result->positions[i] = next;
        }
    }
    result->first_notification_id =
        request->item_count > 0 ? (int64_t)before + 1 : 0;
    if (fits && i == request->item_count) {
        return true;
    }
    while (datastore->count > before) {
        datastore->host->release(
            (void *)datastore->items[--datastore->count].topic.data);
    }
    if (fits) {
        refuse(datastore, result, QUIPU_CAUSE_POSITION, i,
               request->items[i].sequence_id);
    }
    return fits;
}

static bool append_one(quipu_driver_datastore *datastore,
                       const quipu_request *request, quipu_result *result)
{
    *result = (quipu_result){ .positions = result->positions };
    for (size_t i = 0; i < request->guard_count; i++) {
        const quipu_guard *guard = &request->guards[i];

        if (!guard_holds(datastore, guard)) {
            refuse(datastore, result, QUIPU_CAUSE_GUARD, i, guard->sequence_id);
            return true;
        }
    }
    return append_items(datastore, request, result);
}

int kept_append(quipu_driver_datastore *datastore,
                const quipu_request *requests, size_t count,
                quipu_result *results, size_t *taken, int64_t deadline,
                quipu_error *error)
{
    size_t done = 0;

    (void)deadline;
    pthread_mutex_lock(&datastore->lock);
    while (done < count &&
           append_one(datastore, &requests[done], &results[done])) {
        done++;
    }
    pthread_mutex_unlock(&datastore->lock);
    *taken = done > 0 ? done : 1;
    return done > 0 ? QUIPU_OK
                    : datastore->host->error_set(error, QUIPU_NO_MEMORY, 0,
                                                 NULL, "no room");
}
