/* SPDX-License-Identifier: Apache-2.0 */
/* States from JSON: the map of the members, and the envelope before it. */
#include "append/state_writer.h"
#include "append/msgpack.h"
#include "output/moment.h"
#include "output/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32 /* of nested objects and arrays */
#define BYTES_MAX ((size_t)16 << 20)

struct writer {
    struct text *state;
    int depth;
    quipu_error *error;
};

static int write_value(struct writer *writer, const char *name,
                       const json_t *value);

static int refuse(struct writer *writer, const char *name, const char *why)
{
    return quipu_error_set(writer->error, QUIPU_INVALID, "member '%.200s': %s",
                           name, why);
}

static int digit(char letter)
{
    return isdigit((unsigned char)letter)
               ? letter - '0'
               : tolower((unsigned char)letter) - 'a' + 10;
}

static int write_hex(struct writer *writer, const char *name, const char *text)
{
    const size_t length = strlen(text);
    struct text bytes = { 0 };

    if (length % 2 != 0 || length / 2 > BYTES_MAX ||
        strspn(text, "0123456789abcdefABCDEF") != length) {
        return refuse(writer, name,
                      "\"hex\" is not a text of pairs of hexadecimal digits");
    }
    for (size_t i = 0; i < length; i += 2) {
        const char byte = (char)(digit(text[i]) * 16 + digit(text[i + 1]));

        text_add(&bytes, &byte, 1);
    }
    msgpack_add_bin(writer->state, text_content(&bytes), bytes.size);
    text_free(&bytes);
    return QUIPU_OK;
}

/* ------------------------------------------------------ values of JSON */

/* Writes a value for which JSON has no form.  Sets *written if the object
 * stands for one. */
static int write_special(struct writer *writer, const char *name,
                         json_t *object, bool *written)
{
    void *first = json_object_iter(object);
    const char *kind = first ? json_object_iter_key(first) : "";
    const char *text =
        first ? json_string_value(json_object_iter_value(first)) : NULL;
    quipu_uuid uuid;
    quipu_time time;

    *written = json_object_size(object) == 1 && text &&
               (strcmp(kind, "hex") == 0 || strcmp(kind, "uuid") == 0 ||
                strcmp(kind, "time") == 0);
    if (!*written) {
        return QUIPU_OK;
    }
    if (kind[0] == 'h') {
        return write_hex(writer, name, text);
    }
    if (kind[0] == 'u') {
        if (quipu_uuid_parse(&uuid, text, NULL) != QUIPU_OK) {
            return refuse(writer, name, "\"uuid\" is not a UUID");
        }
        msgpack_add_bin(writer->state, uuid.bytes, sizeof(uuid.bytes));
        return QUIPU_OK;
    }
    if (moment_parse(text, "time", &time, NULL) != QUIPU_OK) {
        return refuse(writer, name,
                      "\"time\" is not a time such as 2026-12-01T09:30:00Z");
    }
    msgpack_add_time(writer->state, time);
    return QUIPU_OK;
}

static int write_map(struct writer *writer, json_t *object)
{
    const char *key;
    json_t *value;
    size_t count = 0;
    int status = QUIPU_OK;

    json_object_foreach(object, key, value)
    {
        count += json_is_null(value) ? 0 : 1;
    }
    msgpack_add_map(writer->state, count);
    json_object_foreach(object, key, value)
    {
        if (status == QUIPU_OK && !json_is_null(value)) {
            msgpack_add_str(writer->state, key, strlen(key));
            status = write_value(writer, key, value);
        }
    }
    return status;
}

static int write_array(struct writer *writer, const char *name,
                       const json_t *array)
{
    const size_t count = json_array_size(array);
    int status = QUIPU_OK;

    msgpack_add_array(writer->state, count);
    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status = write_value(writer, name, json_array_get(array, i));
    }
    return status;
}

static int write_object(struct writer *writer, const char *name, json_t *object)
{
    bool written = false;
    int status = write_special(writer, name, object, &written);

    return status == QUIPU_OK && !written ? write_map(writer, object) : status;
}

static int write_value(struct writer *writer, const char *name,
                       const json_t *value)
{
    int status = QUIPU_OK;

    if (++writer->depth > DEPTH_MAX) {
        return refuse(writer, name, "the objects and arrays nest too deep");
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        status = write_object(writer, name, (json_t *)value);
        break;
    case JSON_ARRAY:
        status = write_array(writer, name, value);
        break;
    case JSON_STRING:
        msgpack_add_str(writer->state, json_string_value(value),
                        json_string_length(value));
        break;
    case JSON_INTEGER:
        msgpack_add_int(writer->state, json_integer_value(value));
        break;
    case JSON_REAL:
        msgpack_add_double(writer->state, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        msgpack_add_bool(writer->state, json_is_true(value));
        break;
    default: /* an array has no place for it; a map has left it out */
        status = refuse(writer, name, "an array cannot contain null");
    }
    writer->depth--;
    return status;
}

/* ------------------------------------------------------------- envelope */

static void write_envelope(struct writer *writer,
                           const struct state_envelope *envelope)
{
    static const char mark[] = "\xc1\x01"; /* and the version */
    const bool has_id = !quipu_uuid_is_nil(&envelope->event_id);
    const bool has_time = envelope->time.microseconds != 0;
    const bool has_metadata = envelope->metadata.data;
    struct text *state = writer->state;

    if (!has_id && !has_time && !has_metadata) {
        return;
    }
    text_add(state, mark, 2);
    msgpack_add_map(state,
                    (size_t)has_id + (size_t)has_time + (size_t)has_metadata);
    if (has_id) {
        msgpack_add_int(state, QUIPU_STATE_EVENT_ID);
        msgpack_add_bin(state, envelope->event_id.bytes,
                        sizeof(envelope->event_id.bytes));
    }
    if (has_time) {
        msgpack_add_int(state, QUIPU_STATE_TIME);
        msgpack_add_time(state, envelope->time);
    }
    if (has_metadata) {
        msgpack_add_int(state, QUIPU_STATE_METADATA);
        msgpack_add_bin(state, envelope->metadata.data,
                        envelope->metadata.size);
    }
}

int state_writer_write(struct text *state,
                       const struct state_envelope *envelope,
                       const json_t *members, quipu_error *error)
{
    struct writer writer = { .state = state, .error = error };

    write_envelope(&writer, envelope);
    int status = write_map(&writer, (json_t *)members);

    if (status == QUIPU_OK) {
        const quipu_bytes bytes = { state->data, state->size };

        status = quipu_state_check(bytes, error);
        error->code = status == QUIPU_OK ? QUIPU_OK : QUIPU_INVALID;
    }
    return status == QUIPU_OK ? QUIPU_OK : QUIPU_INVALID;
}
