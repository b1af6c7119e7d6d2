/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a struct as a MessagePack map, and the rules of evolution.
 *
 * A state outlives the program that wrote it: types gain, lose and change
 * members, and old states are never rewritten.  The map names its fields, and
 * reading compares it with the table of today.  A change that these rules do
 * not cover takes a version of the type, whose casts (cast.c) change the map
 * before it is read here.
 *
 *   E1  A field of the table that the map lacks takes its default; without one
 *       it is absent, if it is optional or nullable; a personal array has no
 *       elements, and a personal struct the members that an empty map gives it;
 *       otherwise the state is CORRUPT.  Nil counts as lacking.
 *   E2  A key that the table lacks is skipped with its value.  So a program
 *       may drop a field, and an older program reads a newer state.
 *   E3  A value of another type is accepted if the member can hold it exactly
 *       (decoder.c); otherwise it is CORRUPT and never rounded or cut.
 *   E4  A field of the table that the map has twice is CORRUPT.  A key that is
 *       an alias of a field is that field.
 *   E5  The two attributes that are the item's key are not written, and skipped
 *       where a state has them, because it was written with another mapping:
 *       the item decides.
 *   E6  The order of the keys is not significant.  Writing follows the table,
 *       so equal events give equal bytes.  Reading first tries the field after
 *       the one that it read last, so in the usual case it does not search.
 *
 * A state may also be hostile.  The reader bounds counts by the bytes left, an
 * array's memory is bounded by that count times the size of an element, and
 * recursion is bounded by the depth of the table, which field_table.h limits:
 * unknown values are skipped without recursion.
 */
#include <string.h>

#include <quipu/error.h>

#include "base/error.h"
#include "event/member.h"
#include "mapper/members.h"
#include "mapper/personal.h"

/* Returns true if the field is one of the two that are the item's key.  `key`
 * is NULL for nested structs, which cannot hold them. */
static bool is_key(const quipu_field *field, const quipu_item_key *key)
{
    return key && (field == key->sequence_id || field == key->position);
}

/* Returns true if a map can have an entry for the field that is read. */
static bool is_stored(const quipu_field *field, const quipu_item_key *key)
{
    return quipu_member_is_stored(field) && !is_key(field, key);
}

/* --------------------------------------------------------------- encoding */

static int encode_members(quipu_encoder *encoder, const quipu_field *fields,
                          const quipu_item_key *key, const char *members,
                          const quipu_field_path *up);

static int encode_value(quipu_encoder *encoder, const quipu_field *field,
                        const char *from, const quipu_field_path *path)
{
    if (field->kind == QUIPU_KIND_STRUCT) {
        return encode_members(encoder, field->fields, NULL, from, path);
    }
    return quipu_encoder_put_value(encoder, field, from, path);
}

static int encode_array(quipu_encoder *encoder, const quipu_field *field,
                        const char *members, quipu_field_path *path)
{
    const char *array = quipu_member_load_pointer(members + field->offset);
    size_t count = quipu_member_load_count(field, members);
    int status = quipu_encoder_check_size(encoder, count, path);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!array && count > 0) {
        return quipu_encoder_refuse(encoder, path,
                                    "is NULL, but its count is not 0");
    }
    msgpack_pack_array(&encoder->packer, count);
    path->indexed = true;
    for (path->index = 0; path->index < count && status == QUIPU_OK;
         path->index++) {
        status = encode_value(encoder, field, array + path->index * field->size,
                              path);
    }
    return status;
}

/* Returns true if the map has an entry for the field. */
static bool is_written(const quipu_field *field, const quipu_item_key *key,
                       const char *members)
{
    return is_stored(field, key) && quipu_member_present(field, members);
}

static int encode_members(quipu_encoder *encoder, const quipu_field *fields,
                          const quipu_item_key *key, const char *members,
                          const quipu_field_path *up)
{
    quipu_field_path path = { .up = up };
    size_t count = 0;
    int status = QUIPU_OK;

    for (const quipu_field *field = fields; field && field->name; field++) {
        count += is_written(field, key, members);
    }
    msgpack_pack_map(&encoder->packer, count);
    for (const quipu_field *field = fields;
         field && field->name && status == QUIPU_OK; field++) {
        if (!is_written(field, key, members)) {
            continue;
        }
        path.name = field->name;
        path.indexed = false;
        quipu_encoder_put_text(encoder, field->name, strlen(field->name));
        const size_t start = encoder->size;

        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            status = encode_array(encoder, field, members, &path);
        } else {
            status =
                encode_value(encoder, field, members + field->offset, &path);
        }
        if (status == QUIPU_OK && encoder->personal &&
            quipu_field_is_personal(field)) {
            status =
                quipu_personal_seal(encoder->personal, encoder, start, field);
        }
    }
    return status;
}

int quipu_members_encode(quipu_encoder *encoder, const quipu_field *fields,
                         const quipu_item_key *key, const void *members)
{
    return encode_members(encoder, fields, key, (const char *)members, NULL);
}

/* --------------------------------------------------------------- decoding */

/* The struct that a map is being read into. */
struct target {
    const quipu_field *fields;
    const quipu_item_key *key; /* NULL: a nested struct */
    char *members;
    const quipu_field_path *path; /* NULL: the outermost */
    bool is_missing; /* it is in a personal struct that the state lacks */
    size_t next;     /* index of the field that is expected next (E6) */
    /* Bit set of the fields that the map has had. */
    uint64_t seen[QUIPU_FIELDS_MAX / 64];
};

static int decode_map(quipu_decoder *decoder, struct target *target,
                      const quipu_token *map);

static int decode_struct(quipu_decoder *decoder, const quipu_field *field,
                         const quipu_token *token, char *to,
                         const quipu_field_path *path)
{
    struct target target = { .fields = field->fields,
                             .members = to,
                             .path = path };

    if (token->kind != QUIPU_TOKEN_MAP) {
        return quipu_decoder_refuse_kind(decoder, path, "a map", token);
    }
    return decode_map(decoder, &target, token);
}

static int decode_value(quipu_decoder *decoder, const quipu_field *field,
                        const quipu_token *token, char *to,
                        const quipu_field_path *path)
{
    if (field->kind == QUIPU_KIND_STRUCT) {
        return decode_struct(decoder, field, token, to, path);
    }
    return quipu_decoder_value(decoder, field, token, to, path);
}

/* Each element is zeroed when it is read and not before: elements that a count
 * claims and the state does not have cost address space, but no memory. */
static int decode_elements(quipu_decoder *decoder, const quipu_field *field,
                           size_t count, char *array, quipu_field_path *path)
{
    quipu_token token;
    int status = QUIPU_OK;

    path->indexed = true;
    for (path->index = 0; path->index < count && status == QUIPU_OK;
         path->index++) {
        char *element = array + path->index * field->size;

        memset(element, 0, field->size);
        status = quipu_decoder_next(decoder, path, &token);
        if (status == QUIPU_OK) {
            status = decode_value(decoder, field, &token, element, path);
        }
    }
    return status;
}

static int decode_array(quipu_decoder *decoder, const quipu_field *field,
                        const quipu_token *token, char *members,
                        quipu_field_path *path)
{
    char *array;

    if (token->kind != QUIPU_TOKEN_ARRAY) {
        return quipu_decoder_refuse_kind(decoder, path, "an array", token);
    }
    if (token->count == 0) {
        return QUIPU_OK;
    }
    if (token->count > SIZE_MAX / field->size) {
        return quipu_error_no_memory(decoder->error);
    }
    array = quipu_arena_allocate(decoder->arena, token->count * field->size);
    if (!array) {
        return quipu_error_no_memory(decoder->error);
    }
    quipu_member_store_pointer(members + field->offset, array);
    quipu_member_store_count(field, members, token->count);
    return decode_elements(decoder, field, token->count, array, path);
}

static int set_missing(const quipu_decoder *decoder, const quipu_field *field,
                       const struct target *target);

/* Sets all members of a struct that the map lacks. */
static int set_missing_struct(const quipu_decoder *decoder,
                              const quipu_field *field, char *to,
                              const quipu_field_path *path)
{
    const struct target nested = {
        .fields = field->fields, .members = to, .path = path, .is_missing = true
    };
    int status = QUIPU_OK;

    for (const quipu_field *f = field->fields; f->name && status == QUIPU_OK;
         f++) {
        if (is_stored(f, NULL)) {
            status = set_missing(decoder, f, &nested);
        }
    }
    return status;
}

/* Sets a field that the map lacks (E1). */
static int set_missing(const quipu_decoder *decoder, const quipu_field *field,
                       const struct target *target)
{
    const quipu_field_path path = { .up = target->path, .name = field->name };

    if (field->fallback) {
        memcpy(target->members + field->offset, field->fallback, field->size);
        if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
            target->members[field->extra] = true;
        }
        return QUIPU_OK;
    }
    if (field->flags & (QUIPU_FIELD_HAS_PRESENCE | QUIPU_FIELD_MAY_BE_NULL)) {
        return QUIPU_OK;
    }
    if (quipu_field_is_personal(field) && field->flags & QUIPU_FIELD_IS_ARRAY) {
        return QUIPU_OK;
    }
    if (field->kind == QUIPU_KIND_STRUCT &&
        (quipu_field_is_personal(field) || target->is_missing)) {
        return set_missing_struct(decoder, field,
                                  target->members + field->offset, &path);
    }
    return quipu_decoder_refuse(decoder, &path,
                                "is missing, and has no default");
}

/* Reads the value of a field. */
static int decode_field(quipu_decoder *decoder, const struct target *target,
                        const quipu_field *field)
{
    quipu_field_path path = { .up = target->path, .name = field->name };
    quipu_token token;
    int status = quipu_decoder_next(decoder, &path, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!is_stored(field, target->key)) {
        return quipu_decoder_skip(decoder, &path, &token);
    }
    if (token.kind == QUIPU_TOKEN_NIL) {
        return set_missing(decoder, field, target);
    }
    if (field->flags & QUIPU_FIELD_IS_ARRAY) {
        return decode_array(decoder, field, &token, target->members, &path);
    }
    if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
        target->members[field->extra] = true;
    }
    return decode_value(decoder, field, &token, target->members + field->offset,
                        &path);
}

static bool has_name(const quipu_field *field, quipu_bytes key)
{
    const char *name = field->name;
    const char *bytes = key.data;
    size_t i = 0;

    while (i < key.size && name[i] != '\0' && name[i] == bytes[i]) {
        i++;
    }
    return i == key.size && name[i] == '\0';
}

/* Sets *index to that of the field which a key of the map names; returns false
 * if there is none (E4, E6). */
static bool find_field(struct target *target, quipu_bytes key, size_t *index)
{
    const quipu_field *fields = target->fields;
    size_t i = target->next;

    if (!fields) {
        return false;
    }
    if (!fields[i].name || !has_name(&fields[i], key)) {
        i = 0;
        while (fields[i].name && !has_name(&fields[i], key)) {
            i++;
        }
        if (!fields[i].name) {
            return false;
        }
    }
    target->next = i + 1;
    while (fields[target->next].kind == QUIPU_KIND_ALIAS) {
        target->next++;
    }
    while (fields[i].kind == QUIPU_KIND_ALIAS) {
        i--;
    }
    *index = i;
    return true;
}

static bool is_seen(const struct target *target, size_t index)
{
    return target->seen[index / 64] >> index % 64 & 1;
}

/* Reads one key and its value. */
static int decode_entry(quipu_decoder *decoder, struct target *target)
{
    quipu_token token;
    size_t index;
    int status = quipu_decoder_next(decoder, target->path, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (token.kind != QUIPU_TOKEN_STR) {
        return quipu_decoder_refuse(decoder, target->path,
                                    "has a key that is not text");
    }
    if (!find_field(target, token.bytes, &index)) {
        status = quipu_decoder_next(decoder, target->path, &token);
        return status == QUIPU_OK
                   ? quipu_decoder_skip(decoder, target->path, &token)
                   : status;
    }
    if (is_seen(target, index)) {
        const quipu_field_path path = { .up = target->path,
                                        .name = target->fields[index].name };

        return quipu_decoder_refuse(decoder, &path, "occurs twice");
    }
    target->seen[index / 64] |= UINT64_C(1) << index % 64;
    return decode_field(decoder, target, &target->fields[index]);
}

/* Sets all fields that the map has not had. */
static int set_unseen(const quipu_decoder *decoder, const struct target *target)
{
    int status = QUIPU_OK;

    for (size_t i = 0;
         target->fields && target->fields[i].name && status == QUIPU_OK; i++) {
        const quipu_field *field = &target->fields[i];

        if (!is_seen(target, i) && is_stored(field, target->key)) {
            status = set_missing(decoder, field, target);
        }
    }
    return status;
}

static int decode_map(quipu_decoder *decoder, struct target *target,
                      const quipu_token *map)
{
    int status = QUIPU_OK;

    for (uint32_t i = 0; i < map->count && status == QUIPU_OK; i++) {
        status = decode_entry(decoder, target);
    }
    return status == QUIPU_OK ? set_unseen(decoder, target) : status;
}

int quipu_members_decode(quipu_decoder *decoder, const quipu_field *fields,
                         const quipu_item_key *key, void *members)
{
    struct target target = { .fields = fields,
                             .key = key,
                             .members = (char *)members };
    quipu_token token;
    int status = quipu_decoder_next(decoder, NULL, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (token.kind != QUIPU_TOKEN_MAP) {
        return quipu_decoder_refuse_kind(decoder, NULL, "a map", &token);
    }
    status = decode_map(decoder, &target, &token);
    if (status == QUIPU_OK && decoder->reader.at != decoder->reader.end) {
        return quipu_decoder_refuse(decoder, NULL, "has bytes after its map");
    }
    return status;
}
