/* SPDX-License-Identifier: Apache-2.0 */
/* Items, ids and values as JSON. */
#ifndef QUIPU_TOOLS_ITEMS_JSON_H
#define QUIPU_TOOLS_ITEMS_JSON_H

#include <quipu/quipu.h>

#include <jansson.h>

json_t *quipu_tool_json_id(const quipu_schema *schema, quipu_bytes id);
json_t *quipu_tool_json_uuid(quipu_bytes bytes);
json_t *quipu_tool_json_time(quipu_time time);
json_t *quipu_tool_json_value(const quipu_value *value);
json_t *quipu_tool_json_item(const quipu_schema *schema,
                             const quipu_item *item);

#endif
