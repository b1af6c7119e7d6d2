/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids as values: 1 to 255 bytes stored in the struct itself, so that an id
 * needs no memory of its own and can be copied by assignment.
 *
 * Only the bytes up to `size` are defined; comparisons and copies never look
 * at the rest.
 */
#include <quipu/id.h>

#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

void quipu_id_of_uuid(quipu_id *id, const quipu_uuid *uuid)
{
    id->size = sizeof(uuid->bytes);
    memcpy(id->data, uuid->bytes, sizeof(uuid->bytes));
}

int quipu_id_of_text(quipu_id *id, const char *text, quipu_error *error)
{
    quipu_bytes bytes = quipu_bytes_of_text(text);

    if (!quipu_utf8_valid(bytes)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a text id must be UTF-8 without NUL");
    }
    return quipu_id_of_bytes(id, bytes, error);
}

int quipu_id_of_bytes(quipu_id *id, quipu_bytes bytes, quipu_error *error)
{
    if (!bytes.data || bytes.size == 0) {
        return quipu_error_set(error, QUIPU_INVALID, "an id must not be empty");
    }
    if (bytes.size > QUIPU_ID_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "an id has at most %d bytes, not %zu",
                               QUIPU_ID_MAX, bytes.size);
    }
    id->size = (uint8_t)bytes.size;
    memcpy(id->data, bytes.data, bytes.size);
    return QUIPU_OK;
}

quipu_bytes quipu_id_bytes(const quipu_id *id)
{
    return (quipu_bytes){ .data = id->size > 0 ? id->data : NULL,
                          .size = id->size };
}

bool quipu_id_equal(const quipu_id *a, const quipu_id *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}
