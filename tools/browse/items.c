/* SPDX-License-Identifier: Apache-2.0 */
/* Items as JSON for the page of quipu browse. */
#include "items.h"

#include "keys.h"
#include "output/item_view.h"
#include "output/jsonl.h"
#include "output/state.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define HEX_MAX ((size_t)4096) /* bytes that are shown as digits */

/* The keys of the command line are used by one thread at a time. */
static pthread_mutex_t keys_lock = PTHREAD_MUTEX_INITIALIZER;

/* --------------------------------------------------------------- integers */

/* Returns what stands for a value: the same, or if it is an integer that a
 * double cannot hold, a new object; NULL: the same. */
static json_t *substitute(const json_t *value)
{
    const json_int_t exact = (json_int_t)1 << 53;
    struct text digits = { 0 };
    json_t *made = NULL;

    if (json_is_integer(value) && (json_integer_value(value) > exact ||
                                   json_integer_value(value) < -exact)) {
        text_print(&digits, "%lld", (long long)json_integer_value(value));
        made = json_pack("{s:s}", "integer", text_content(&digits));
        text_free(&digits);
    }
    return made;
}

/* Replaces the integers within arrays and objects. */
static void replace_integers(json_t *value)
{
    const size_t count = json_array_size(value); /* 0 of what is no array */

    for (size_t i = 0; i < count; i++) {
        json_t *made = substitute(json_array_get(value, i));

        replace_integers(json_array_get(value, i));
        if (made) {
            json_array_set_new(value, i, made);
        }
    }
    for (void *at = json_object_iter(value); at;
         at = json_object_iter_next(value, at)) {
        json_t *made = substitute(json_object_iter_value(at));

        replace_integers(json_object_iter_value(at));
        if (made) {
            json_object_iter_set_new(value, at, made);
        }
    }
}

void items_add_value(struct text *body, json_t *value)
{
    replace_integers(value);
    jsonl_add(body, value);
}

/* ------------------------------------------------------------------ lists */

void items_begin(struct items *items, struct text *body)
{
    *items = (struct items){ .body = body };
    text_print(body, "{\"items\":[");
}

bool items_add(struct items *items, int64_t limit, json_t *element)
{
    if ((int64_t)items->count >= limit || items->body->size > ITEMS_TEXT_MAX) {
        json_decref(element);
        return false;
    }
    text_print(items->body, items->count++ == 0 ? "\n" : ",\n");
    items_add_value(items->body, element);
    return true;
}

void items_end(struct items *items, json_t *further)
{
    struct text members = { 0 };

    items_add_value(&members, further);
    text_print(items->body, "\n],%s\n", text_content(&members) + 1);
    text_free(&members);
}

/* ------------------------------------------------------------------ items */

/* Sets `name` to the hexadecimal digits of the first bytes. */
static void set_hex(json_t *line, const char *name, quipu_bytes bytes)
{
    const size_t size = bytes.size < HEX_MAX ? bytes.size : HEX_MAX;

    jsonl_set(line, name, jsonl_hex(bytes.data, size));
    if (size < bytes.size) {
        jsonl_set(line, "hex_cut", json_true());
    }
}

/* Sets metadata as a column has them: decoded if possible, else the digits. */
static void set_metadata(json_t *line, quipu_bytes metadata)
{
    json_t *decoded = state_read_metadata(metadata);

    json_object_del(line, "metadata");
    json_object_del(line, "metadata_hex");
    if (!json_is_null(decoded)) {
        jsonl_set(line, "metadata", json_incref(decoded));
    } else if (metadata.data) {
        jsonl_set(line, "metadata_hex",
                  jsonl_hex(metadata.data, metadata.size));
    }
    json_decref(decoded);
}

/* Sets the state, which is opened if it was sealed and can be.  Of a state that
 * stays sealed the envelope can be read. */
static void set_opened(json_t *line, quipu_bytes bytes, size_t most)
{
    struct state state = { 0 };

    if (bytes.size > most) {
        jsonl_set(line, "omitted_bytes", json_integer((json_int_t)bytes.size));
        return;
    }
    state_read(bytes, &state);
    if (state.envelope) {
        json_t *time = json_object_get(state.envelope, "time");

        if (time && !json_is_string(json_object_get(line, "time"))) {
            jsonl_set(line, "time", json_incref(time));
        }
        if (state.metadata.data) {
            json_object_del(state.envelope, "metadata");
            json_object_del(state.envelope, "metadata_hex");
            set_metadata(line, state.metadata);
        }
        jsonl_set(line, "envelope", json_incref(state.envelope));
    }
    if (state.fields) {
        jsonl_set(line, "state", json_incref(state.fields));
    } else {
        set_hex(line, "state_hex", bytes);
    }
    state_free(&state);
}

static void set_state(json_t *line, const quipu_item *item, size_t most)
{
    quipu_bytes bytes;
    quipu_state parts;
    quipu_error error;

    jsonl_set(line, "state", json_null());
    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        jsonl_set(line, "erased", json_true());
        return;
    }
    jsonl_set(line, "state_bytes", json_integer((json_int_t)item->state.size));
    pthread_mutex_lock(&keys_lock);
    int status = keys_open_state(item, &bytes, &error);
    const bool is_sealed =
        quipu_state_split(item->state, &parts, NULL) == QUIPU_OK &&
        parts.sealed.data;

    if (is_sealed) {
        jsonl_set(line, status == QUIPU_OK ? "opened" : "sealed",
                  status == QUIPU_OK ? json_true()
                                     : jsonl_string(error.message));
    }
    set_opened(line, bytes, most);
    pthread_mutex_unlock(&keys_lock);
}

static size_t size_of(const quipu_value *value)
{
    return value->kind == QUIPU_VALUE_TEXT || value->kind == QUIPU_VALUE_BYTES
               ? value->as.bytes.size
               : 0;
}

json_t *items_json(const quipu_schema *schema, const quipu_item *item,
                   size_t most)
{
    quipu_value columns[QUIPU_COLUMNS_MAX];
    quipu_item shown = *item;
    json_t *omitted = json_object();

    for (size_t i = 0; i < item->column_count; i++) {
        const size_t size = size_of(&item->columns[i]);

        columns[i] = item->columns[i];
        if (size > most) {
            memset(&columns[i], 0, sizeof(columns[i])); /* NULL */
            jsonl_set(omitted, schema->columns[i].name,
                      json_integer((json_int_t)size));
        }
    }
    shown.columns = columns;
    if (item->metadata.size > most) {
        shown.metadata = (quipu_bytes){ 0 };
    }
    json_t *line = item_json_properties(schema, &shown);

    set_metadata(line, shown.metadata);
    if (item->metadata.size > most) {
        jsonl_set(line, "metadata_bytes",
                  json_integer((json_int_t)item->metadata.size));
    }
    if (json_object_size(omitted) > 0) {
        jsonl_set(line, "omitted_columns", json_incref(omitted));
    }
    json_decref(omitted);
    set_state(line, item, most);
    return line;
}
