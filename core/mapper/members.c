/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes a MessagePack map into the members of a struct. */
#include <string.h>

#include <quipu/error.h>

#include "base/error.h"
#include "event/access.h"
#include "event/fields.h"
#include "mapper/decoder.h"
#include "mapper/members.h"

/* A struct while its map is read. */
struct target {
    const quipu_field *fields;
    quipu_omitted omitted;
    char *members;
    const quipu_path *path; /* NULL: the outermost */
    size_t next; /* the field that comes next if the map is in our order */
    uint64_t seen[QUIPU_FIELDS_MAX / 64];
};

static int decode_map(quipu_decoder *decoder, struct target *target,
                      const quipu_token *map);

static int decode_struct(quipu_decoder *decoder, const quipu_field *field,
                         const quipu_token *token, char *to,
                         const quipu_path *path)
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
                        const quipu_path *path)
{
    if (field->kind == QUIPU_KIND_STRUCT) {
        return decode_struct(decoder, field, token, to, path);
    }
    return quipu_decode_scalar(decoder, field, token, to, path);
}

/* The elements are zeroed one by one, as they come: what a count only claims
 * costs address space, no memory. */
static int decode_elements(quipu_decoder *decoder, const quipu_field *field,
                           size_t count, char *array, quipu_path *path)
{
    quipu_token token;
    char *element;
    int status = QUIPU_OK;

    path->indexed = true;
    for (path->index = 0; path->index < count && status == QUIPU_OK;
         path->index++) {
        element = array + path->index * field->size;
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
                        quipu_path *path)
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
    quipu_pointer_store(members + field->offset, array);
    quipu_count_store(field, members, token->count);
    return decode_elements(decoder, field, token->count, array, path);
}

/* What a field becomes that the state does not have. */
static int set_missing(const quipu_decoder *decoder, const quipu_field *field,
                       const struct target *target)
{
    const quipu_path path = { .up = target->path, .name = field->name };

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
    return quipu_decoder_refuse(decoder, &path,
                                "is missing, and has no default");
}

static int decode_field(quipu_decoder *decoder, const struct target *target,
                        const quipu_field *field)
{
    quipu_path path = { .up = target->path, .name = field->name };
    quipu_token token;
    int status = quipu_decoder_next(decoder, &path, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (field == target->omitted.first || field == target->omitted.second) {
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
    return field->name && strlen(field->name) == key.size &&
           memcmp(field->name, key.data, key.size) == 0;
}

/* The field of a key, or NULL.  The one that is due is tried first. */
static const quipu_field *find_field(struct target *target, quipu_bytes key)
{
    const quipu_field *fields = target->fields;
    size_t i;

    if (!fields) {
        return NULL;
    }
    if (!has_name(&fields[target->next], key)) {
        for (i = 0; fields[i].name && !has_name(&fields[i], key); i++) {
        }
        if (!fields[i].name) {
            return NULL;
        }
        target->next = i;
    }
    return &fields[target->next++];
}

static bool is_seen(const struct target *target, size_t index)
{
    return target->seen[index / 64] >> index % 64 & 1;
}

static int decode_entry(quipu_decoder *decoder, struct target *target)
{
    const quipu_field *field;
    quipu_path path = { .up = target->path };
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
    field = find_field(target, token.bytes);
    if (!field) {
        status = quipu_decoder_next(decoder, target->path, &token);
        return status == QUIPU_OK
                   ? quipu_decoder_skip(decoder, target->path, &token)
                   : status;
    }
    index = (size_t)(field - target->fields);
    if (is_seen(target, index)) {
        path.name = field->name;
        return quipu_decoder_refuse(decoder, &path, "is there twice");
    }
    target->seen[index / 64] |= UINT64_C(1) << index % 64;
    return decode_field(decoder, target, field);
}

static int set_unseen(const quipu_decoder *decoder, const struct target *target)
{
    const quipu_field *field;
    size_t i;
    int status = QUIPU_OK;

    for (i = 0; target->fields && target->fields[i].name && status == QUIPU_OK;
         i++) {
        field = &target->fields[i];
        if (!is_seen(target, i) && field != target->omitted.first &&
            field != target->omitted.second) {
            status = set_missing(decoder, field, target);
        }
    }
    return status;
}

static int decode_map(quipu_decoder *decoder, struct target *target,
                      const quipu_token *map)
{
    uint32_t i;
    int status = QUIPU_OK;

    for (i = 0; i < map->count && status == QUIPU_OK; i++) {
        status = decode_entry(decoder, target);
    }
    return status == QUIPU_OK ? set_unseen(decoder, target) : status;
}

int quipu_decode_members(quipu_bytes state, const quipu_subject *subject,
                         const quipu_field *fields, quipu_omitted omitted,
                         quipu_arena *arena, void *members, quipu_error *error)
{
    const uint8_t *data = state.data;
    quipu_decoder decoder = { .reader = { data, data + state.size },
                              .subject = subject,
                              .arena = arena,
                              .error = error };
    struct target target = { .fields = fields,
                             .omitted = omitted,
                             .members = members };
    quipu_token token;
    int status = quipu_decoder_next(&decoder, NULL, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (token.kind != QUIPU_TOKEN_MAP) {
        return quipu_decoder_refuse_kind(&decoder, NULL, "a map", &token);
    }
    status = decode_map(&decoder, &target, &token);
    if (status == QUIPU_OK && decoder.reader.at != decoder.reader.end) {
        return quipu_decoder_refuse(&decoder, NULL,
                                    "goes on after its map has ended");
    }
    return status;
}
