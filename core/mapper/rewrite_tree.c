/* SPDX-License-Identifier: Apache-2.0 */
#include "mapper/rewrite_tree.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/status.h"
#include "base/utf8.h"
#include "event/field.h"

#define CAPACITY_MIN 8
/* Levels of maps and arrays: an array at each level of a field table. */
#define DEPTH_MAX (2 * (QUIPU_FIELD_DEPTH_MAX + 1))

/* ---------------------------------------------------------------- failing */

void quipu_rewrite_tree_fail(struct quipu_rewrite_tree *tree, int status,
                             const char *name, const char *why)
{
    if (tree->failure.code == QUIPU_OK) {
        (void)quipu_error_set(&tree->failure, status, "member %.255s %s",
                              name ? name : "without a name", why);
    }
}

void quipu_rewrite_tree_no_memory(struct quipu_rewrite_tree *tree)
{
    if (tree->failure.code == QUIPU_OK) {
        (void)quipu_error_no_memory(&tree->failure);
    }
}

/* Notes a failure of the bytes of the state. */
static void fail_corrupt(struct quipu_rewrite_tree *tree, const char *why)
{
    if (tree->failure.code == QUIPU_OK) {
        (void)quipu_error_set(&tree->failure, QUIPU_CORRUPT, "the state %s",
                              why);
    }
}

/* ---------------------------------------------------------------- entries */

/* Reads an entry, of a map with its key. */
static bool read_entry(struct quipu_rewrite_tree *tree, bool has_key,
                       quipu_reader *reader, struct quipu_rewrite_entry *entry)
{
    const uint8_t *start;
    quipu_token token;
    int read = QUIPU_READ_OK;

    if (has_key) {
        read = quipu_reader_next(reader, &token);
        if (read == QUIPU_READ_OK && token.kind != QUIPU_TOKEN_STR) {
            fail_corrupt(tree, "has a key that is not text");
            return false;
        }
        entry->name = token.bytes;
    }
    start = reader->at;
    if (read == QUIPU_READ_OK) {
        read = quipu_reader_next(reader, &token);
    }
    if (read == QUIPU_READ_OK) {
        read = quipu_reader_skip(reader, &token);
    }
    if (read != QUIPU_READ_OK) {
        fail_corrupt(tree, read == QUIPU_READ_CUT
                               ? "is truncated"
                               : "contains a byte that is not MessagePack");
        return false;
    }
    *entry->value =
        (quipu_rewrite){ .tree = tree,
                         .encoded = { start, (size_t)(reader->at - start) } };
    return true;
}

bool quipu_rewrite_tree_allocate(quipu_rewrite *value, size_t count)
{
    quipu_arena *arena = value->tree->arena;
    struct quipu_rewrite_entry *entries =
        quipu_arena_allocate_array(arena, count + !count, sizeof(*entries));
    quipu_rewrite *values =
        quipu_arena_allocate_array(arena, count + !count, sizeof(*values));

    if (!entries || !values) {
        quipu_rewrite_tree_no_memory(value->tree);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        entries[i].value = &values[i];
    }
    value->entries = entries;
    value->count = count;
    value->capacity = count;
    return true;
}

bool quipu_rewrite_tree_open(quipu_rewrite *value, enum quipu_rewrite_form form)
{
    const int wanted =
        form == QUIPU_REWRITE_MAP ? QUIPU_TOKEN_MAP : QUIPU_TOKEN_ARRAY;
    quipu_reader reader = quipu_reader_of(value->encoded);
    quipu_token token;

    if (value->form != QUIPU_REWRITE_ENCODED) {
        return value->form == form;
    }
    if (quipu_reader_next(&reader, &token) != QUIPU_READ_OK ||
        token.kind != wanted ||
        !quipu_rewrite_tree_allocate(value, token.count)) {
        return false;
    }
    for (size_t i = 0; i < value->count; i++) {
        if (!read_entry(value->tree, form == QUIPU_REWRITE_MAP, &reader,
                        &value->entries[i])) {
            return false;
        }
    }
    value->form = form;
    value->encoded = (quipu_bytes){ .data = reader.at,
                                    .size = (size_t)(reader.end - reader.at) };
    return true;
}

struct quipu_rewrite_entry *quipu_rewrite_tree_find(const quipu_rewrite *map,
                                                    const char *name)
{
    const quipu_bytes wanted = quipu_bytes_of_text(name);
    struct quipu_rewrite_entry *found = NULL;

    for (size_t i = 0; i < map->count; i++) {
        struct quipu_rewrite_entry *entry = &map->entries[i];

        if (quipu_bytes_equal(entry->name, wanted)) {
            if (found) {
                quipu_rewrite_tree_fail(map->tree, QUIPU_CORRUPT, name,
                                        "occurs twice");
            }
            found = found ? found : entry;
        }
    }
    return found;
}

void quipu_rewrite_tree_remove(quipu_rewrite *map,
                               struct quipu_rewrite_entry *entry)
{
    size_t behind = (size_t)(map->entries + map->count - (entry + 1));

    memmove(entry, entry + 1, behind * sizeof(*entry));
    map->count--;
}

static bool reserve(quipu_rewrite *map)
{
    size_t capacity = map->capacity ? 2 * map->capacity : CAPACITY_MIN;
    struct quipu_rewrite_entry *grown;

    if (map->count < map->capacity) {
        return true;
    }
    grown =
        quipu_arena_allocate_array(map->tree->arena, capacity, sizeof(*grown));
    if (!grown) {
        quipu_rewrite_tree_no_memory(map->tree);
        return false;
    }
    if (map->count > 0) {
        memcpy(grown, map->entries, map->count * sizeof(*grown));
    }
    map->entries = grown;
    map->capacity = capacity;
    return true;
}

quipu_rewrite *quipu_rewrite_tree_add(quipu_rewrite *map, const char *name,
                                      quipu_rewrite *value)
{
    struct quipu_rewrite_tree *tree = map->tree;
    const size_t size = strlen(name);
    char *copy;

    if (size == 0 || size > QUIPU_FIELD_NAME_MAX ||
        !quipu_utf8_valid((quipu_bytes){ name, size })) {
        quipu_rewrite_tree_fail(
            tree, QUIPU_INVALID, name,
            "has a name that is not 1 to 255 bytes of UTF-8");
        return &tree->spare;
    }
    copy = quipu_arena_copy(tree->arena, name, size);
    if (!value) {
        value = quipu_arena_allocate_array(tree->arena, 1, sizeof(*value));
    }
    if (!copy || !value || !reserve(map)) {
        quipu_rewrite_tree_no_memory(tree);
        return &tree->spare;
    }
    value->tree = tree;
    map->entries[map->count++] =
        (struct quipu_rewrite_entry){ { copy, size }, value };
    return value;
}

quipu_rewrite *quipu_rewrite_tree_value(const quipu_rewrite *members,
                                        const char *name)
{
    const struct quipu_rewrite_entry *entry;

    if (!members || !name) {
        return (quipu_rewrite *)members;
    }
    entry = members->form == QUIPU_REWRITE_MAP
                ? quipu_rewrite_tree_find(members, name)
                : NULL;
    return entry ? entry->value : NULL;
}

quipu_rewrite *quipu_rewrite_tree_slot(quipu_rewrite *members, const char *name)
{
    struct quipu_rewrite_tree *tree = members->tree;
    quipu_rewrite *value = quipu_rewrite_tree_value(members, name);

    if (value == &tree->root) {
        quipu_rewrite_tree_fail(tree, QUIPU_INVALID, name,
                                "is to replace the map of all members");
        return &tree->spare;
    }
    if (!value && members->form != QUIPU_REWRITE_MAP) {
        quipu_rewrite_tree_fail(tree, QUIPU_INVALID, name,
                                "is set in a value that is not a map");
        return &tree->spare;
    }
    return value ? value : quipu_rewrite_tree_add(members, name, NULL);
}

/* --------------------------------------------------------- the whole tree */

static void write_value(struct quipu_rewrite_tree *tree,
                        const quipu_rewrite *value, int depth)
{
    quipu_encoder *encoder = &tree->encoder;

    if (value->form == QUIPU_REWRITE_ENCODED) {
        quipu_encoder_put_raw(encoder, value->encoded.data,
                              value->encoded.size);
        return;
    }
    if (depth > DEPTH_MAX) {
        quipu_rewrite_tree_fail(tree, QUIPU_INVALID, NULL,
                                "nests deeper than a field table can");
        return;
    }
    if (value->form == QUIPU_REWRITE_MAP) {
        msgpack_pack_map(&encoder->packer, value->count);
    } else {
        msgpack_pack_array(&encoder->packer, value->count);
    }
    for (size_t i = 0; i < value->count; i++) {
        const struct quipu_rewrite_entry *entry = &value->entries[i];

        if (value->form == QUIPU_REWRITE_MAP) {
            quipu_encoder_put_text(encoder, entry->name.data, entry->name.size);
        }
        write_value(tree, entry->value, depth + 1);
    }
}

int quipu_rewrite_tree_begin(struct quipu_rewrite_tree *tree,
                             quipu_arena *arena, quipu_bytes members)
{
    *tree = (struct quipu_rewrite_tree){ .arena = arena };
    quipu_status_begin(&tree->failure);
    quipu_encoder_init(&tree->encoder);
    tree->spare = (quipu_rewrite){ .tree = tree, .form = QUIPU_REWRITE_MAP };
    tree->root = (quipu_rewrite){ .tree = tree, .encoded = members };
    if (!quipu_rewrite_tree_open(&tree->root, QUIPU_REWRITE_MAP)) {
        fail_corrupt(tree, "is not a map");
    } else if (tree->root.encoded.size > 0) {
        fail_corrupt(tree, "has bytes after its map");
    }
    return tree->failure.code;
}

int quipu_rewrite_tree_encode(struct quipu_rewrite_tree *tree,
                              quipu_bytes *members)
{
    quipu_error error;

    quipu_encoder_begin(&tree->encoder, "", &error);
    write_value(tree, &tree->root, 0);
    if (tree->failure.code == QUIPU_OK) {
        *members = (quipu_bytes){ NULL, tree->encoder.size };
        if (!tree->encoder.failed) {
            members->data = quipu_arena_copy(tree->arena, tree->encoder.data,
                                             tree->encoder.size);
        }
        if (!members->data) {
            quipu_rewrite_tree_no_memory(tree);
        }
    }
    return tree->failure.code;
}

void quipu_rewrite_tree_end(struct quipu_rewrite_tree *tree)
{
    quipu_encoder_finish(&tree->encoder);
}
