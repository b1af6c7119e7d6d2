/* SPDX-License-Identifier: Apache-2.0 */
/* Values of a store as JSON, printed as JSON Lines. */
#include "jsonl.h"
#include "memory.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void jsonl_add(struct text *text, json_t *value)
{
    char *json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (!json) {
        memory_exhausted();
    }
    text_add_escaped_json(text, json);
    free(json);
    json_decref(value);
}

void jsonl_print(json_t *value)
{
    struct text line = { 0 };

    jsonl_add(&line, value);
    text_add(&line, "\n", 1);
    (void)fwrite(line.data, 1, line.size, stdout);
    text_free(&line);
}

void jsonl_set(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0) {
        memory_exhausted();
    }
}

json_t *jsonl_hex(const void *data, size_t size)
{
    struct text hex = { 0 };

    text_add_hex(&hex, data, size);
    json_t *value = json_string(text_content(&hex));
    text_free(&hex);
    return value;
}

json_t *jsonl_text(const void *data, size_t size)
{
    json_t *value = json_stringn(size == 0 ? "" : data, size);

    if (!value) {
        value = json_pack("{s:o}", "hex", jsonl_hex(data, size));
    }
    return value;
}

json_t *jsonl_string(const char *text)
{
    return !text ? json_null() : jsonl_text(text, strlen(text));
}

json_t *jsonl_uuid(quipu_bytes bytes)
{
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    if (!bytes.data) {
        return json_null();
    }
    if (bytes.size != sizeof(uuid.bytes)) {
        return jsonl_hex(bytes.data, bytes.size);
    }
    memcpy(uuid.bytes, bytes.data, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
    return json_string(text);
}

json_t *jsonl_id(const quipu_schema *schema, quipu_bytes id)
{
    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) == 0) {
        return jsonl_uuid(id);
    }
    return jsonl_text(id.data, id.size);
}

json_t *jsonl_time(quipu_time time)
{
    char text[QUIPU_TIME_TEXT_SIZE];

    if (quipu_time_format(time, text, NULL) != QUIPU_OK) {
        return json_integer(time.microseconds);
    }
    return json_string(text);
}

json_t *jsonl_value(const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_BOOL:
        return json_boolean(value->as.integer != 0);
    case QUIPU_VALUE_INT:
        return json_integer(value->as.integer);
    case QUIPU_VALUE_DOUBLE:
        return json_real(value->as.real);
    case QUIPU_VALUE_TEXT:
        return jsonl_text(value->as.bytes.data, value->as.bytes.size);
    case QUIPU_VALUE_BYTES:
        return jsonl_hex(value->as.bytes.data, value->as.bytes.size);
    case QUIPU_VALUE_UUID:
        return jsonl_uuid(value->as.bytes);
    case QUIPU_VALUE_TIME:
        return jsonl_time((quipu_time){ value->as.integer });
    default:
        return json_null();
    }
}
