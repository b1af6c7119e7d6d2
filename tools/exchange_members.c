/* SPDX-License-Identifier: Apache-2.0 */
/* Members of an object. */
#include "exchange_values.h"

#include <string.h>

const json_t *quipu_tool_member(const json_t *line, const char *name)
{
    const json_t *value = json_object_get(line, name);

    return json_is_null(value) ? NULL : value;
}

int quipu_tool_check_members(const json_t *line, const char *const known[],
                             quipu_error *error)
{
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)line, name, value)
    {
        size_t i = 0;

        while (known[i] && strcmp(known[i], name) != 0) {
            i++;
        }
        if (!known[i]) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "there is no member '%s' in this version",
                                   name);
        }
    }
    return QUIPU_OK;
}

int quipu_tool_optional_integer(const json_t *line, const char *name,
                                int64_t *number, quipu_error *error)
{
    const json_t *value = quipu_tool_member(line, name);

    return !value ? QUIPU_OK
                  : quipu_tool_value_read_integer(value, name, number, error);
}

int quipu_tool_optional_uuid(const json_t *line, const char *name,
                             quipu_uuid *uuid, quipu_error *error)
{
    const json_t *value = quipu_tool_member(line, name);

    memset(uuid, 0, sizeof(*uuid));
    return !value ? QUIPU_OK
                  : quipu_tool_value_read_uuid(value, name, uuid, error);
}
