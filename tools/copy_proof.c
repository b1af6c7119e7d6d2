/* SPDX-License-Identifier: Apache-2.0 */
/* The proof that two stores hold the same: all is read again from both. */
#include "compare.h"
#include "copy.h"

#include <inttypes.h>

static int prove_schema(struct copy *copy, const struct copy_schema *schema,
                        quipu_error *error)
{
    const struct comparison comparison = { .from = schema->from,
                                           .to = schema->to.records,
                                           .head = schema->head,
                                           .progress = &copy->progress };
    quipu_position head;
    int status;

    if (!schema->open) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the schema '%s' was not copied", schema->table);
    }
    status = quipu_tool_compare_logs(&comparison, error);
    if (status == QUIPU_OK) {
        status = quipu_records_head(schema->to.records, &head, error);
    }
    if (status == QUIPU_OK && head.notification_id != schema->head) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the log of '%s' ends at %" PRId64
                               " where it should end at %" PRId64
                               ": another program stores there, too",
                               schema->table, head.notification_id,
                               schema->head);
    }
    return status;
}

static int prove_trackings(struct copy *copy, quipu_error *error)
{
    struct tracking_list there = { 0 };
    int status = quipu_tool_tracking_read(copy->to, &there, error);

    if (status == QUIPU_OK) {
        status = quipu_tool_tracking_compare(
            &copy->trackings, &there,
            copy->args->schema_count > 0 ? TRACKING_MORE : 0, error);
    }
    quipu_tool_tracking_finish(&there);
    return status;
}

int quipu_tool_copy_prove(struct copy *copy, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < copy->from.count; i++) {
        status = prove_schema(copy, &copy->schemas[i], error);
    }
    return status == QUIPU_OK && copy->tracked ? prove_trackings(copy, error)
                                               : status;
}
