/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of fields: their names and sizes. */
#include "event/kind.h"

static const char *const names[] = {
    [QUIPU_KIND_BOOL] = "bool", [QUIPU_KIND_INT] = "int",
    [QUIPU_KIND_UINT] = "uint", [QUIPU_KIND_REAL] = "real",
    [QUIPU_KIND_TEXT] = "text", [QUIPU_KIND_BYTES] = "bytes",
    [QUIPU_KIND_UUID] = "uuid", [QUIPU_KIND_TIME] = "time",
    [QUIPU_KIND_ID] = "id",     [QUIPU_KIND_STRUCT] = "struct",
};

const char *quipu_kind_name(int kind)
{
    if (kind < 0 || (size_t)kind >= sizeof(names) / sizeof(names[0])) {
        return NULL;
    }
    return names[kind];
}

bool quipu_kind_has_size(int kind, size_t size)
{
    switch (kind) {
    case QUIPU_KIND_BOOL:
        return size == sizeof(bool);
    case QUIPU_KIND_INT:
    case QUIPU_KIND_UINT:
        return size == 1 || size == 2 || size == 4 || size == 8;
    case QUIPU_KIND_REAL:
        return size == sizeof(float) || size == sizeof(double);
    case QUIPU_KIND_TEXT:
        return size == sizeof(char *);
    case QUIPU_KIND_BYTES:
        return size == sizeof(quipu_bytes);
    case QUIPU_KIND_UUID:
        return size == sizeof(quipu_uuid);
    case QUIPU_KIND_TIME:
        return size == sizeof(quipu_time);
    case QUIPU_KIND_ID:
        return size == sizeof(quipu_id);
    default:
        return size > 0;
    }
}
