/* SPDX-License-Identifier: Apache-2.0 */
/* Hides a range of a log's notification ids from readers. */
#include "delayed_visibility.h"

#include <pthread.h>

/* Lock order: append_lock, then range_lock. */
static pthread_mutex_t append_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t range_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    quipu_driver_schema *schema; /* NULL: nothing is hidden */
    int64_t from, to;
} hidden;

static void set_range(quipu_driver_schema *schema, int64_t from, int64_t to)
{
    pthread_mutex_lock(&range_lock);
    hidden.schema = schema;
    hidden.from = from;
    hidden.to = to;
    pthread_mutex_unlock(&range_lock);
}

static bool is_active(void)
{
    bool active;

    pthread_mutex_lock(&range_lock);
    active = hidden.schema;
    pthread_mutex_unlock(&range_lock);
    return active;
}

bool delayed_visibility_append(struct append_call *a, size_t seen, int *status)
{
    const quipu_request *request = &a->requests[0];
    const quipu_result *result = &a->results[0];
    bool hides, stored = false;

    pthread_mutex_lock(&append_lock);
    hides = !is_active() && request->item_count > seen;
    if (hides) { /* until the ids are known: all that come */
        set_range(request->schema, mutant_log_head(a) + 1, INT64_MAX);
    }
    *status = mutant_append_all(a);
    if (hides) {
        int64_t first = result->first_notification_id;

        stored = *status == QUIPU_OK && result->status == QUIPU_OK &&
                 !(result->flags & QUIPU_RESULT_REPEATED);
        set_range(stored ? request->schema : NULL, first + (int64_t)seen,
                  first + (int64_t)request->item_count - 1);
    }
    pthread_mutex_unlock(&append_lock);
    return stored;
}

int delayed_visibility_append_for(struct append_call *a, size_t seen,
                                  int64_t nanoseconds)
{
    int status;

    if (delayed_visibility_append(a, seen, &status)) {
        mutant_sleep(nanoseconds);
        delayed_visibility_end();
    }
    return status;
}

bool delayed_visibility_passed(const struct append_call *a)
{
    return mutant_log_head(a) > hidden.to;
}

void delayed_visibility_end(void)
{
    set_range(NULL, 0, 0);
}

void delayed_visibility_snapshot(struct read_call *call)
{
    pthread_mutex_lock(&range_lock);
    if (hidden.schema == call->schema) {
        call->hidden_from = hidden.from;
        call->hidden_to = hidden.to;
    }
    pthread_mutex_unlock(&range_lock);
}

bool delayed_visibility_hides(const struct read_call *call,
                              const quipu_item *item)
{
    return call->log && item->notification_id >= call->hidden_from &&
           item->notification_id <= call->hidden_to;
}
