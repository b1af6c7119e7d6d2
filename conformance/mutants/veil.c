/* SPDX-License-Identifier: Apache-2.0 */
/* The veil: items that are stored and numbered, and not yet to be seen. */
#include "mutant.h"

#include <pthread.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; /* of appends */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the veil */
static struct {
    quipu_driver_schema *schema;
    int64_t from, to;
} veil;

static void set(quipu_driver_schema *schema, int64_t from, int64_t to)
{
    pthread_mutex_lock(&lock);
    veil.schema = schema;
    veil.from = from;
    veil.to = to;
    pthread_mutex_unlock(&lock);
}

static bool is_up(void)
{
    bool up;

    pthread_mutex_lock(&lock);
    up = veil.schema;
    pthread_mutex_unlock(&lock);
    return up;
}

static int64_t head_of(const struct append *a)
{
    quipu_position head = { 0 };

    mutant_reference()->log_head(a->datastore, a->requests[0].schema, INT64_MAX,
                                 &head, NULL);
    return head.notification_id;
}

bool mutant_veil_append(struct append *a, size_t seen, int *status)
{
    const quipu_request *request = &a->requests[0];
    const quipu_result *result = &a->results[0];
    bool mine, hidden = false;

    pthread_mutex_lock(&turn);
    mine = !is_up() && request->item_count > seen;
    if (mine) {
        set(request->schema, head_of(a) + 1, INT64_MAX);
    }
    *status = mutant_pass(a);
    if (mine) {
        int64_t first = result->first_notification_id;

        hidden = *status == QUIPU_OK && result->status == QUIPU_OK &&
                 !(result->flags & QUIPU_RESULT_REPEATED);
        set(hidden ? request->schema : NULL, first + (int64_t)seen,
            first + (int64_t)request->item_count - 1);
    }
    pthread_mutex_unlock(&turn);
    return hidden;
}

bool mutant_veil_passed(const struct append *a)
{
    return head_of(a) > veil.to;
}

void mutant_unveil(void)
{
    set(NULL, 0, 0);
}

void mutant_veil_look(struct reading *reading)
{
    pthread_mutex_lock(&lock);
    if (veil.schema == reading->schema) {
        reading->veiled_from = veil.from;
        reading->veiled_to = veil.to;
    }
    pthread_mutex_unlock(&lock);
}

bool mutant_veiled(const struct reading *reading, const quipu_item *item)
{
    return reading->log && item->notification_id >= reading->veiled_from &&
           item->notification_id <= reading->veiled_to;
}
