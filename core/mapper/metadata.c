/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata: a small map from text to text, kept in the order of the names, and
 * the bytes for it in an event.
 *
 *   INV1  The values are ordered by name, and no name occurs twice; so equal
 *         maps are equal bytes, and a repeated append is recognised.
 */
#include <quipu/metadata.h>

#include <stdlib.h>
#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "encoding/encoder.h"
#include "encoding/reader.h"

struct value {
    char *name; /* owned, like its text */
    char *text;
};

struct quipu_metadata {
    struct value values[QUIPU_METADATA_VALUES_MAX]; /* INV1 */
    size_t count;
    quipu_encoder encoder; /* of its bytes */
};

/* --------------------------------------------------- creating, destroying */

int quipu_metadata_create(quipu_metadata **metadata, quipu_error *error)
{
    if (!metadata) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "creating metadata: the argument is NULL");
    }
    quipu_metadata *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    quipu_encoder_init(&created->encoder);
    *metadata = created;
    return QUIPU_OK;
}

static void release(struct value *value)
{
    quipu_release(value->name);
    quipu_release(value->text);
}

void quipu_metadata_destroy(quipu_metadata *metadata)
{
    if (!metadata) {
        return;
    }
    for (size_t i = 0; i < metadata->count; i++) {
        release(&metadata->values[i]);
    }
    quipu_encoder_finish(&metadata->encoder);
    quipu_release(metadata);
}

/* ------------------------------------------------------------------ values */

/* Returns the place of a name, or where it would be; *found tells which. */
static size_t find(const quipu_metadata *metadata, const char *name,
                   bool *found)
{
    size_t i = 0;
    int order = -1;

    while (i < metadata->count &&
           (order = strcmp(metadata->values[i].name, name)) < 0) {
        i++;
    }
    *found = i < metadata->count && order == 0;
    return i;
}

static int refuse(const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "metadata: %s", why);
}

static int check(const quipu_metadata *metadata, const char *name,
                 const char *value, quipu_error *error)
{
    size_t size = name ? strlen(name) : 0;

    if (!metadata || !name) {
        return refuse("an argument is NULL", error);
    }
    if (size == 0 || size > QUIPU_FIELD_NAME_MAX ||
        !quipu_utf8_valid((quipu_bytes){ name, size })) {
        return refuse("a name must be 1 to 255 bytes of UTF-8", error);
    }
    size = value ? strlen(value) : 0;
    if (size > QUIPU_METADATA_VALUE_MAX ||
        !quipu_utf8_valid((quipu_bytes){ value, size })) {
        return refuse("a value must be up to 65,535 bytes of UTF-8", error);
    }
    return QUIPU_OK;
}

static void remove_value(quipu_metadata *metadata, size_t at)
{
    release(&metadata->values[at]);
    metadata->count--;
    memmove(&metadata->values[at], &metadata->values[at + 1],
            (metadata->count - at) * sizeof(metadata->values[0]));
}

/* Inserts a value whose name is not there yet. */
static int insert(quipu_metadata *metadata, size_t at, const char *name,
                  const char *text, quipu_error *error)
{
    if (metadata->count == QUIPU_METADATA_VALUES_MAX) {
        return refuse("there are at most 64 values", error);
    }
    struct value value = { quipu_text_copy(name), quipu_text_copy(text) };

    if (!value.name || !value.text) {
        release(&value);
        return quipu_error_no_memory(error);
    }
    memmove(&metadata->values[at + 1], &metadata->values[at],
            (metadata->count - at) * sizeof(metadata->values[0]));
    metadata->values[at] = value;
    metadata->count++;
    return QUIPU_OK;
}

int quipu_metadata_set(quipu_metadata *metadata, const char *name,
                       const char *value, quipu_error *error)
{
    bool found;
    int status = check(metadata, name, value, error);

    if (status != QUIPU_OK) {
        return status;
    }
    size_t at = find(metadata, name, &found);

    if (!value) {
        if (found) {
            remove_value(metadata, at);
        }
        return QUIPU_OK;
    }
    if (!found) {
        return insert(metadata, at, name, value, error);
    }
    char *text = quipu_text_copy(value);

    if (!text) {
        return quipu_error_no_memory(error);
    }
    quipu_release(metadata->values[at].text);
    metadata->values[at].text = text;
    return QUIPU_OK;
}

const char *quipu_metadata_get(const quipu_metadata *metadata, const char *name)
{
    bool found = false;
    size_t at = metadata && name ? find(metadata, name, &found) : 0;

    return found ? metadata->values[at].text : NULL;
}

size_t quipu_metadata_count(const quipu_metadata *metadata)
{
    return metadata ? metadata->count : 0;
}

const char *quipu_metadata_name(const quipu_metadata *metadata, size_t index)
{
    return index < quipu_metadata_count(metadata) ? metadata->values[index].name
                                                  : NULL;
}

/* ---------------------------------------------------------------- metadata */

/* Reads one text; the caller releases *text, which is NULL if there is no
 * memory.  Returns false if the value is no text. */
static bool read_text(quipu_reader *reader, char **text)
{
    quipu_token token;

    *text = NULL;
    if (quipu_reader_next(reader, &token) != QUIPU_READ_OK ||
        token.kind != QUIPU_TOKEN_STR || !quipu_utf8_valid(token.bytes)) {
        return false;
    }
    *text = quipu_text_copy_bytes(token.bytes.data, token.bytes.size);
    return true;
}

/* Reads one pair.  *sound: it is a pair of texts. */
static int read_value(quipu_reader *reader, quipu_metadata *metadata,
                      bool *sound, quipu_error *error)
{
    char *name = NULL;
    char *text = NULL;
    int status = QUIPU_OK;

    *sound = read_text(reader, &name) && read_text(reader, &text);
    if (*sound && (!name || !text)) {
        status = quipu_error_no_memory(error);
    } else if (*sound) {
        status = quipu_metadata_set(metadata, name, text, error);
        *sound = status != QUIPU_INVALID;
    }
    quipu_release(name);
    quipu_release(text);
    return *sound ? status : QUIPU_OK;
}

/* *sound: the bytes are a map from text to text. */
static int read_values(quipu_bytes bytes, quipu_metadata *metadata, bool *sound,
                       quipu_error *error)
{
    quipu_reader reader = quipu_reader_of(bytes);
    quipu_token map;
    int status = QUIPU_OK;

    *sound =
        bytes.size == 0 || (quipu_reader_next(&reader, &map) == QUIPU_READ_OK &&
                            map.kind == QUIPU_TOKEN_MAP);
    for (uint32_t i = 0;
         *sound && status == QUIPU_OK && bytes.size > 0 && i < map.count; i++) {
        status = read_value(&reader, metadata, sound, error);
    }
    *sound = *sound && reader.at == reader.end;
    return status;
}

int quipu_metadata_read(quipu_bytes bytes, quipu_metadata **metadata,
                        quipu_error *error)
{
    bool sound = true;
    quipu_metadata *created = NULL;
    int status = metadata ? quipu_metadata_create(&created, error)
                          : refuse("an argument is NULL", error);

    if (status == QUIPU_OK) {
        status = read_values(bytes, created, &sound, error);
    }
    if (status == QUIPU_OK && !sound) {
        status = quipu_error_set(error, QUIPU_CORRUPT,
                                 "the metadata of the event are no MessagePack "
                                 "map from text to text");
    }
    if (status != QUIPU_OK) {
        quipu_metadata_destroy(created);
        return status;
    }
    *metadata = created;
    return QUIPU_OK;
}

int quipu_metadata_caused_by(const quipu_event *event,
                             quipu_metadata **metadata, quipu_error *error)
{
    char id[QUIPU_UUID_TEXT_SIZE];
    quipu_metadata *created = NULL;

    if (!event || !metadata) {
        return refuse("an argument is NULL", error);
    }
    int status = quipu_metadata_read(event->metadata, &created, error);

    if (status == QUIPU_CORRUPT) {
        status = quipu_metadata_create(&created, error);
    }
    quipu_uuid_format(&event->event_id, id);
    if (status == QUIPU_OK &&
        !quipu_metadata_get(created, QUIPU_METADATA_CORRELATION_ID)) {
        status = quipu_metadata_set(created, QUIPU_METADATA_CORRELATION_ID, id,
                                    error);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_metadata_set(created, QUIPU_METADATA_CAUSATION_ID, id, error);
    }
    if (status != QUIPU_OK) {
        quipu_metadata_destroy(created);
        return status;
    }
    *metadata = created;
    return QUIPU_OK;
}

int quipu_metadata_encode(quipu_metadata *metadata, quipu_bytes *bytes,
                          quipu_error *error)
{
    quipu_encoder *encoder;
    int status;

    if (!metadata || !bytes) {
        return refuse("an argument is NULL", error);
    }
    if (metadata->count == 0) {
        *bytes = (quipu_bytes){ NULL, 0 };
        return QUIPU_OK;
    }
    encoder = &metadata->encoder;
    quipu_encoder_begin(encoder, "metadata", error);
    msgpack_pack_map(&encoder->packer, metadata->count);
    for (size_t i = 0; i < metadata->count; i++) {
        const struct value *value = &metadata->values[i];

        quipu_encoder_put_text(encoder, value->name, strlen(value->name));
        quipu_encoder_put_text(encoder, value->text, strlen(value->text));
    }
    status = quipu_encoder_status(encoder);
    if (status == QUIPU_OK) {
        *bytes = (quipu_bytes){ encoder->data, encoder->size };
    }
    return status;
}
