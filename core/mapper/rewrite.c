/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a stored state that casts read and change.
 *
 * A value stays encoded until a cast asks for its members or elements: then its
 * head is read, and its entries become values that are encoded themselves.  So
 * a member that no cast touches is copied byte by byte, whatever it contains,
 * and is not copied into a tree.
 *
 *   INV1  The root is a map, and a value is in one place of the tree: moving it
 *         takes it out first.  So the tree has no cycle, even if a value is
 *         moved into a map within itself; it is then no part of the tree.
 *   INV2  Handles stay valid: values are allocated in the arena and never move
 *         or shrink.
 *   INV3  After a failure changes go on without effect: functions that have to
 *         return a value return the spare one, which is in no tree.
 *
 * Casts run over one tree: the members are read into it once, each cast in its
 * turn changes it, and the result is encoded once, for the field table to be
 * applied to.  A cast is a function of the program: a failure is reported with
 * the item and the version, which the function does not know.
 */
#include "mapper/rewrite.h"

#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/status.h"
#include "base/utf8.h"
#include "event/field.h"
#include "event/traits.h"

#define CAPACITY_MIN 8
/* Room for a reason, without the item. */
#define WHY_SIZE 800
/* Levels of maps and arrays: an array at each level of a field table. */
#define DEPTH_MAX (2 * (QUIPU_FIELD_DEPTH_MAX + 1))

/* ---------------------------------------------------------------- failing */

/* Notes a failure, if it is the first. */
static void fail(struct quipu_rewrite_tree *tree, int status, const char *name,
                 const char *why)
{
    if (tree->failure.code == QUIPU_OK) {
        (void)quipu_error_set(&tree->failure, status, "member %.255s %s",
                              name ? name : "without a name", why);
    }
}

static void fail_no_memory(struct quipu_rewrite_tree *tree)
{
    if (tree->failure.code == QUIPU_OK) {
        (void)quipu_error_no_memory(&tree->failure);
    }
}

/* The same for the bytes of the state. */
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

/* Allocates entries with their values, which are empty. */
static bool allocate(quipu_rewrite *value, size_t count)
{
    quipu_arena *arena = value->tree->arena;
    struct quipu_rewrite_entry *entries =
        quipu_arena_allocate_array(arena, count + !count, sizeof(*entries));
    quipu_rewrite *values =
        quipu_arena_allocate_array(arena, count + !count, sizeof(*values));

    if (!entries || !values) {
        fail_no_memory(value->tree);
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

/* Reads the entries of an encoded value.  Returns false if it is no map, or no
 * array, or after a failure. */
static bool open_value(quipu_rewrite *value, enum quipu_rewrite_form form)
{
    const int wanted =
        form == QUIPU_REWRITE_MAP ? QUIPU_TOKEN_MAP : QUIPU_TOKEN_ARRAY;
    quipu_reader reader = quipu_reader_of(value->encoded);
    quipu_token token;

    if (value->form != QUIPU_REWRITE_ENCODED) {
        return value->form == form;
    }
    if (quipu_reader_next(&reader, &token) != QUIPU_READ_OK ||
        token.kind != wanted || !allocate(value, token.count)) {
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

/* Returns the entry of that name, or NULL. */
static struct quipu_rewrite_entry *find(const quipu_rewrite *map,
                                        const char *name)
{
    const quipu_bytes wanted = quipu_bytes_of_text(name);
    struct quipu_rewrite_entry *found = NULL;

    for (size_t i = 0; i < map->count; i++) {
        struct quipu_rewrite_entry *entry = &map->entries[i];

        if (quipu_bytes_equal(entry->name, wanted)) {
            if (found) {
                fail(map->tree, QUIPU_CORRUPT, name, "occurs twice");
            }
            found = found ? found : entry;
        }
    }
    return found;
}

static void remove_entry(quipu_rewrite *map, struct quipu_rewrite_entry *entry)
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
        fail_no_memory(map->tree);
        return false;
    }
    if (map->count > 0) {
        memcpy(grown, map->entries, map->count * sizeof(*grown));
    }
    map->entries = grown;
    map->capacity = capacity;
    return true;
}

/* Adds an entry, with a new value or with `value`. */
static quipu_rewrite *add(quipu_rewrite *map, const char *name,
                          quipu_rewrite *value)
{
    struct quipu_rewrite_tree *tree = map->tree;
    const size_t size = strlen(name);
    char *copy;

    if (size == 0 || size > QUIPU_FIELD_NAME_MAX ||
        !quipu_utf8_valid((quipu_bytes){ name, size })) {
        fail(tree, QUIPU_INVALID, name,
             "has a name that is not 1 to 255 bytes of UTF-8");
        return &tree->spare;
    }
    copy = quipu_arena_copy(tree->arena, name, size);
    if (!value) {
        value = quipu_arena_allocate_array(tree->arena, 1, sizeof(*value));
    }
    if (!copy || !value || !reserve(map)) {
        fail_no_memory(tree);
        return &tree->spare;
    }
    value->tree = tree;
    map->entries[map->count++] =
        (struct quipu_rewrite_entry){ { copy, size }, value };
    return value;
}

/* Returns the value of a member, or the value itself; NULL if there is none. */
static quipu_rewrite *value_of(const quipu_rewrite *members, const char *name)
{
    const struct quipu_rewrite_entry *entry;

    if (!members || !name) {
        return (quipu_rewrite *)members;
    }
    entry = members->form == QUIPU_REWRITE_MAP ? find(members, name) : NULL;
    return entry ? entry->value : NULL;
}

/* Returns the value that is to be set; the spare one after a failure. */
static quipu_rewrite *slot_of(quipu_rewrite *members, const char *name)
{
    struct quipu_rewrite_tree *tree = members->tree;
    quipu_rewrite *value = value_of(members, name);

    if (value == &tree->root) {
        fail(tree, QUIPU_INVALID, name, "is to replace the map of all members");
        return &tree->spare;
    }
    if (!value && members->form != QUIPU_REWRITE_MAP) {
        fail(tree, QUIPU_INVALID, name, "is set in a value that is not a map");
        return &tree->spare;
    }
    return value ? value : add(members, name, NULL);
}

/* ---------------------------------------------------------------- reading */

/* Reads the token of a value that is neither a map nor an array. */
static bool read_token(const quipu_rewrite *members, const char *name,
                       quipu_token *token)
{
    const quipu_rewrite *value = value_of(members, name);
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
    const quipu_rewrite *value = value_of(members, name);
    quipu_token token;

    return value &&
           (value->form != QUIPU_REWRITE_ENCODED ||
            (read_token(value, NULL, &token) && token.kind != QUIPU_TOKEN_NIL));
}

/* --------------------------------------------------------------- changing */

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
        fail_no_memory(tree);
        return;
    }
    *slot_of(members, name) =
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
        fail(members->tree, QUIPU_INVALID, name, "is set to no UTF-8");
        return;
    }
    quipu_encoder_put_text(begin_value(members, &error), value.data,
                           value.size);
    set_encoded(members, name);
}

void quipu_rewrite_remove(quipu_rewrite *members, const char *name)
{
    struct quipu_rewrite_entry *entry =
        name && members->form == QUIPU_REWRITE_MAP ? find(members, name) : NULL;

    if (entry) {
        remove_entry(members, entry);
    }
}

void quipu_rewrite_move(quipu_rewrite *from, const char *name,
                        quipu_rewrite *to, const char *new_name)
{
    struct quipu_rewrite_entry *entry =
        name && from->form == QUIPU_REWRITE_MAP ? find(from, name) : NULL;

    if (!entry) {
        return;
    }
    quipu_rewrite *value = entry->value;

    if (new_name && to->form != QUIPU_REWRITE_MAP) {
        fail(to->tree, QUIPU_INVALID, name,
             "is moved to a value that is not "
             "a map");
        return;
    }
    if (new_name && find(to, new_name)) {
        fail(to->tree, QUIPU_INVALID, new_name, "exists already");
        return;
    }
    remove_entry(from, entry);
    if (new_name) {
        (void)add(to, new_name, value);
    } else {
        *slot_of(to, NULL) = *value;
    }
}

/* -------------------------------------------------------- maps and arrays */

quipu_rewrite *quipu_rewrite_map(quipu_rewrite *members, const char *name)
{
    quipu_rewrite *value = value_of(members, name);

    return value && open_value(value, QUIPU_REWRITE_MAP) ? value : NULL;
}

quipu_rewrite *quipu_rewrite_set_map(quipu_rewrite *members, const char *name)
{
    quipu_rewrite *value = slot_of(members, name);

    *value =
        (quipu_rewrite){ .tree = members->tree, .form = QUIPU_REWRITE_MAP };
    return value;
}

size_t quipu_rewrite_count(quipu_rewrite *members, const char *name)
{
    quipu_rewrite *value = value_of(members, name);

    return value && open_value(value, QUIPU_REWRITE_ARRAY) ? value->count : 0;
}

quipu_rewrite *quipu_rewrite_element(quipu_rewrite *members, const char *name,
                                     size_t index)
{
    quipu_rewrite *element;

    if (index >= quipu_rewrite_count(members, name)) {
        return NULL;
    }
    element = value_of(members, name)->entries[index].value;
    (void)open_value(element, QUIPU_REWRITE_MAP);
    return element;
}

void quipu_rewrite_set_array(quipu_rewrite *members, const char *name,
                             size_t count)
{
    static const uint8_t nil[] = { 0xC0 };
    quipu_rewrite array = { .tree = members->tree,
                            .form = QUIPU_REWRITE_ARRAY };

    if (count > UINT32_MAX) {
        fail(members->tree, QUIPU_INVALID, name, "has more than 2^32 elements");
        return;
    }
    if (!allocate(&array, count)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        *array.entries[i].value =
            (quipu_rewrite){ .tree = members->tree, .encoded = { nil, 1 } };
    }
    *slot_of(members, name) = array;
}

/* --------------------------------------------------------------- the tree */

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
        fail(tree, QUIPU_INVALID, NULL, "nests deeper than a field table can");
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

int quipu_rewrite_begin(struct quipu_rewrite_tree *tree, quipu_arena *arena,
                        quipu_bytes members)
{
    *tree = (struct quipu_rewrite_tree){ .arena = arena };
    quipu_status_begin(&tree->failure);
    quipu_encoder_init(&tree->encoder);
    tree->spare = (quipu_rewrite){ .tree = tree, .form = QUIPU_REWRITE_MAP };
    tree->root = (quipu_rewrite){ .tree = tree, .encoded = members };
    if (!open_value(&tree->root, QUIPU_REWRITE_MAP)) {
        fail_corrupt(tree, "is not a map");
    } else if (tree->root.encoded.size > 0) {
        fail_corrupt(tree, "has bytes after its map");
    }
    return tree->failure.code;
}

int quipu_rewrite_encode(struct quipu_rewrite_tree *tree, quipu_bytes *members)
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
            fail_no_memory(tree);
        }
    }
    return tree->failure.code;
}

void quipu_rewrite_end(struct quipu_rewrite_tree *tree)
{
    quipu_encoder_finish(&tree->encoder);
}

/* ------------------------------------------------------------------ casts */

static int refuse_newer(const quipu_decoder *decoder,
                        const quipu_event_traits *traits, uint32_t version)
{
    char why[WHY_SIZE];

    (void)snprintf(why, sizeof(why),
                   "it is of version %lu, and its event type in this program "
                   "is of version %lu; read it with a program that knows "
                   "version %lu",
                   (unsigned long)version, (unsigned long)traits->version,
                   (unsigned long)version);
    return quipu_decoder_refuse_item(decoder, QUIPU_UNSUPPORTED, why);
}

/* Reports a failure of the cast from that version. */
static int explain(const quipu_decoder *decoder, uint32_t version, int status,
                   const quipu_error *cause)
{
    char why[WHY_SIZE];

    if (status == QUIPU_NO_MEMORY) {
        return quipu_error_no_memory(decoder->error);
    }
    (void)snprintf(why, sizeof(why), "the cast from version %lu: %.700s",
                   (unsigned long)version,
                   quipu_status_explained(cause) ? cause->message
                                                 : "it has set no error");
    return quipu_decoder_refuse_item(
        decoder,
        status == QUIPU_UNSUPPORTED ? QUIPU_UNSUPPORTED : QUIPU_CORRUPT, why);
}

static int run_one(struct quipu_rewrite_tree *tree,
                   const quipu_decoder *decoder,
                   const quipu_event_traits *traits, uint32_t version)
{
    quipu_error cause;

    quipu_status_begin(&cause);
    int status = quipu_traits_cast(traits, version)(&tree->root, &cause);

    if (status != QUIPU_OK) {
        return explain(decoder, version, status, &cause);
    }
    return tree->failure.code == QUIPU_OK
               ? QUIPU_OK
               : explain(decoder, version, tree->failure.code, &tree->failure);
}

static int run_all(struct quipu_rewrite_tree *tree, quipu_decoder *decoder,
                   const quipu_event_traits *traits, uint32_t version)
{
    const quipu_bytes members = {
        decoder->reader.at, (size_t)(decoder->reader.end - decoder->reader.at)
    };
    quipu_bytes result = { 0 };
    int status = quipu_rewrite_begin(tree, decoder->arena, members);

    if (status != QUIPU_OK) {
        return explain(decoder, version, status, &tree->failure);
    }
    for (; version < traits->version && status == QUIPU_OK; version++) {
        status = run_one(tree, decoder, traits, version);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_rewrite_encode(tree, &result);
    if (status != QUIPU_OK) {
        return explain(decoder, version - 1, status, &tree->failure);
    }
    decoder->reader = quipu_reader_of(result);
    return QUIPU_OK;
}

int quipu_rewrite_cast(quipu_decoder *decoder, const quipu_event_traits *traits,
                       uint32_t version)
{
    struct quipu_rewrite_tree tree;
    int status;

    if (version == traits->version) {
        return QUIPU_OK;
    }
    if (version > traits->version) {
        return refuse_newer(decoder, traits, version);
    }
    status = run_all(&tree, decoder, traits, version);
    quipu_rewrite_end(&tree);
    return status;
}
