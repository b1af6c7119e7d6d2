/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions by which casts read and change the members of a stored state
 * (evolve.h), over the tree of rewrite_tree.h.
 *
 * A value is read and written as a member of its kind would be, by the codec of
 * the members.
 */
#include <quipu/evolve.h>

#include <quipu/id.h>

#include "base/status.h"
#include "base/utf8.h"
#include "mapper/rewrite_tree.h"

/* ------------------------------------------------------------------ reading */

/* Reads the token of a value that is neither a map nor an array. */
static bool read_token(const quipu_rewrite *members, const char *name,
                       quipu_token *token)
{
    const quipu_rewrite *value = quipu_rewrite_tree_value(members, name);
    quipu_reader reader;

    if (!value || value->form != QUIPU_REWRITE_ENCODED) {
        return false;
    }
    reader = quipu_reader_of(value->encoded);
    return quipu_reader_next(&reader, token) == QUIPU_READ_OK;
}

/* Reads a value as a member of that kind and size would. */
static bool get(const quipu_rewrite *members, const char *name, int kind,
                size_t size, void *value)
{
    const quipu_field field = { .kind = kind, .size = size };
    const quipu_field_path path = { .name = "" };
    const quipu_decoder decoder = { .arena = NULL };
    quipu_token token;

    return read_token(members, name, &token) &&
           quipu_decoder_value(&decoder, &field, &token, value, &path) ==
               QUIPU_OK;
}

bool quipu_rewrite_bool(const quipu_rewrite *members, const char *name,
                        bool *value)
{
    return get(members, name, QUIPU_KIND_BOOL, sizeof(*value), value);
}

bool quipu_rewrite_int(const quipu_rewrite *members, const char *name,
                       int64_t *value)
{
    return get(members, name, QUIPU_KIND_INT, sizeof(*value), value);
}

bool quipu_rewrite_uint(const quipu_rewrite *members, const char *name,
                        uint64_t *value)
{
    return get(members, name, QUIPU_KIND_UINT, sizeof(*value), value);
}

bool quipu_rewrite_real(const quipu_rewrite *members, const char *name,
                        double *value)
{
    return get(members, name, QUIPU_KIND_REAL, sizeof(*value), value);
}

bool quipu_rewrite_uuid(const quipu_rewrite *members, const char *name,
                        quipu_uuid *value)
{
    return get(members, name, QUIPU_KIND_UUID, sizeof(*value), value);
}

bool quipu_rewrite_time(const quipu_rewrite *members, const char *name,
                        quipu_time *value)
{
    return get(members, name, QUIPU_KIND_TIME, sizeof(*value), value);
}

bool quipu_rewrite_id(const quipu_rewrite *members, const char *name,
                      quipu_id *value)
{
    return get(members, name, QUIPU_KIND_ID, sizeof(*value), value);
}

bool quipu_rewrite_bytes(const quipu_rewrite *members, const char *name,
                         quipu_bytes *value)
{
    return get(members, name, QUIPU_KIND_BYTES, sizeof(*value), value);
}

bool quipu_rewrite_text(const quipu_rewrite *members, const char *name,
                        quipu_bytes *value)
{
    quipu_token token;

    if (!read_token(members, name, &token) || token.kind != QUIPU_TOKEN_STR ||
        !quipu_utf8_valid(token.bytes)) {
        return false;
    }
    *value = token.bytes;
    return true;
}

bool quipu_rewrite_has(const quipu_rewrite *members, const char *name)
{
    const quipu_rewrite *value = quipu_rewrite_tree_value(members, name);
    quipu_token token;

    return value &&
           (value->form != QUIPU_REWRITE_ENCODED ||
            (read_token(value, NULL, &token) && token.kind != QUIPU_TOKEN_NIL));
}

/* ----------------------------------------------------------------- changing */

static quipu_encoder *begin_value(quipu_rewrite *members, quipu_error *error)
{
    quipu_encoder *encoder = &members->tree->encoder;

    quipu_status_begin(error);
    quipu_encoder_begin(encoder, "", error);
    return encoder;
}

/* Makes what has been encoded the value of a member. */
static void set_encoded(quipu_rewrite *members, const char *name)
{
    struct quipu_rewrite_tree *tree = members->tree;
    const quipu_encoder *encoder = &tree->encoder;
    const void *copy =
        encoder->failed
            ? NULL
            : quipu_arena_copy(tree->arena, encoder->data, encoder->size);

    if (!copy) {
        quipu_rewrite_tree_no_memory(tree);
        return;
    }
    *quipu_rewrite_tree_slot(members, name) =
        (quipu_rewrite){ .tree = tree, .encoded = { copy, encoder->size } };
}

/* Sets a value that is a member of that kind and size. */
static void set(quipu_rewrite *members, const char *name, int kind, size_t size,
                const void *value)
{
    const quipu_field field = { .kind = kind, .size = size };
    const quipu_field_path path = { .name = name ? name : "without a name" };
    quipu_error error;
    quipu_encoder *encoder = begin_value(members, &error);
    int status = quipu_encoder_put_value(encoder, &field, value, &path);

    if (status == QUIPU_OK) {
        set_encoded(members, name);
    } else if (members->tree->failure.code == QUIPU_OK) {
        members->tree->failure = error;
    }
}

void quipu_rewrite_set_bool(quipu_rewrite *members, const char *name,
                            bool value)
{
    set(members, name, QUIPU_KIND_BOOL, sizeof(value), &value);
}

void quipu_rewrite_set_int(quipu_rewrite *members, const char *name,
                           int64_t value)
{
    set(members, name, QUIPU_KIND_INT, sizeof(value), &value);
}

void quipu_rewrite_set_uint(quipu_rewrite *members, const char *name,
                            uint64_t value)
{
    set(members, name, QUIPU_KIND_UINT, sizeof(value), &value);
}

void quipu_rewrite_set_real(quipu_rewrite *members, const char *name,
                            double value)
{
    set(members, name, QUIPU_KIND_REAL, sizeof(value), &value);
}

void quipu_rewrite_set_uuid(quipu_rewrite *members, const char *name,
                            const quipu_uuid *value)
{
    set(members, name, QUIPU_KIND_UUID, sizeof(*value), value);
}

void quipu_rewrite_set_time(quipu_rewrite *members, const char *name,
                            quipu_time value)
{
    set(members, name, QUIPU_KIND_TIME, sizeof(value), &value);
}

void quipu_rewrite_set_id(quipu_rewrite *members, const char *name,
                          const quipu_id *value)
{
    set(members, name, QUIPU_KIND_ID, sizeof(*value), value);
}

void quipu_rewrite_set_bytes(quipu_rewrite *members, const char *name,
                             quipu_bytes value)
{
    set(members, name, QUIPU_KIND_BYTES, sizeof(value), &value);
}

void quipu_rewrite_set_text(quipu_rewrite *members, const char *name,
                            quipu_bytes value)
{
    quipu_error error;

    if (!value.data || value.size > UINT32_MAX || !quipu_utf8_valid(value)) {
        quipu_rewrite_tree_fail(members->tree, QUIPU_INVALID, name,
                                "is set to no UTF-8");
        return;
    }
    quipu_encoder_put_text(begin_value(members, &error), value.data,
                           value.size);
    set_encoded(members, name);
}

void quipu_rewrite_remove(quipu_rewrite *members, const char *name)
{
    struct quipu_rewrite_entry *entry =
        name && members->form == QUIPU_REWRITE_MAP
            ? quipu_rewrite_tree_find(members, name)
            : NULL;

    if (entry) {
        quipu_rewrite_tree_remove(members, entry);
    }
}

void quipu_rewrite_move(quipu_rewrite *from, const char *name,
                        quipu_rewrite *to, const char *new_name)
{
    struct quipu_rewrite_entry *entry =
        name && from->form == QUIPU_REWRITE_MAP
            ? quipu_rewrite_tree_find(from, name)
            : NULL;

    if (!entry) {
        return;
    }
    quipu_rewrite *value = entry->value;

    if (new_name && to->form != QUIPU_REWRITE_MAP) {
        quipu_rewrite_tree_fail(to->tree, QUIPU_INVALID, name,
                                "is moved to a value that is not "
                                "a map");
        return;
    }
    if (new_name && quipu_rewrite_tree_find(to, new_name)) {
        quipu_rewrite_tree_fail(to->tree, QUIPU_INVALID, new_name,
                                "exists already");
        return;
    }
    quipu_rewrite_tree_remove(from, entry);
    if (new_name) {
        (void)quipu_rewrite_tree_add(to, new_name, value);
    } else {
        *quipu_rewrite_tree_slot(to, NULL) = *value;
    }
}

/* ---------------------------------------------------------- maps and arrays */

quipu_rewrite *quipu_rewrite_map(quipu_rewrite *members, const char *name)
{
    quipu_rewrite *value = quipu_rewrite_tree_value(members, name);

    return value && quipu_rewrite_tree_open(value, QUIPU_REWRITE_MAP) ? value
                                                                      : NULL;
}

quipu_rewrite *quipu_rewrite_set_map(quipu_rewrite *members, const char *name)
{
    quipu_rewrite *value = quipu_rewrite_tree_slot(members, name);

    *value =
        (quipu_rewrite){ .tree = members->tree, .form = QUIPU_REWRITE_MAP };
    return value;
}

size_t quipu_rewrite_count(quipu_rewrite *members, const char *name)
{
    quipu_rewrite *value = quipu_rewrite_tree_value(members, name);

    return value && quipu_rewrite_tree_open(value, QUIPU_REWRITE_ARRAY)
               ? value->count
               : 0;
}

quipu_rewrite *quipu_rewrite_element(quipu_rewrite *members, const char *name,
                                     size_t index)
{
    quipu_rewrite *element;

    if (index >= quipu_rewrite_count(members, name)) {
        return NULL;
    }
    element = quipu_rewrite_tree_value(members, name)->entries[index].value;
    (void)quipu_rewrite_tree_open(element, QUIPU_REWRITE_MAP);
    return element;
}

void quipu_rewrite_set_array(quipu_rewrite *members, const char *name,
                             size_t count)
{
    static const uint8_t nil[] = { 0xC0 };
    quipu_rewrite array = { .tree = members->tree,
                            .form = QUIPU_REWRITE_ARRAY };

    if (count > UINT32_MAX) {
        quipu_rewrite_tree_fail(members->tree, QUIPU_INVALID, name,
                                "has more than 2^32 elements");
        return;
    }
    if (!quipu_rewrite_tree_allocate(&array, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        *array.entries[i].value =
            (quipu_rewrite){ .tree = members->tree, .encoded = { nil, 1 } };
    }
    *quipu_rewrite_tree_slot(members, name) = array;
}
