/* SPDX-License-Identifier: Apache-2.0 */
/* Words for capabilities, columns and kinds. */
#include "info.h"

const struct capability quipu_tool_capabilities[] = {
    { QUIPU_CAN_SHARE, "share", "several processes may use it at once" },
    { QUIPU_CAN_PERSIST, "persist", "it survives its process" },
    { QUIPU_CAN_LOG, "log", "it keeps the log of all items" },
    { QUIPU_CAN_TRACK, "track", "it keeps tracking records" },
    { QUIPU_CAN_TRANSACT, "transact",
      "it runs a function inside an append's transaction" },
    { 0, NULL, NULL }
};

const char *quipu_tool_info_column(const quipu_schema *schema, int column,
                                   const char **word)
{
    const struct {
        const char *word;
        const char *name;
    } columns[INFO_COLUMN_COUNT] = {
        { "notification_id", schema->notification_id },
        { "sequence_id", schema->sequence_id },
        { "position", schema->position },
        { "topic", schema->topic },
        { "state", schema->state },
        { "event_id", schema->event_id },
        { "metadata", schema->metadata },
        { "time", schema->time },
    };

    *word = columns[column].word;
    return columns[column].name;
}

const char *quipu_tool_info_kind(int32_t kind)
{
    static const char *const words[] = { "?",    "bool",  "int",  "double",
                                         "text", "bytes", "uuid", "time" };

    return words[kind > QUIPU_VALUE_NULL && kind <= QUIPU_VALUE_TIME ? kind
                                                                     : 0];
}
