/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UUIDs by libuuid: random (version 4), by name (version 5), as text.
 *
 * Time-ordered ones (version 7), which quipu creates by default, are in
 * uuid_ordered.c, since libuuid gained them only lately.
 */
#include <quipu/id.h>

#include <string.h>
#include <uuid/uuid.h>

#include "base/error.h"

_Static_assert(sizeof(uuid_t) == sizeof(quipu_uuid), "both are 16 bytes");

void quipu_uuid_random(quipu_uuid *uuid)
{
    uuid_generate_random(uuid->bytes);
}

void quipu_uuid_of_name(quipu_uuid *uuid, const quipu_uuid *name_space,
                        const void *name, size_t size)
{
    uuid_generate_sha1(uuid->bytes, name_space->bytes, name ? name : "", size);
}

int quipu_uuid_parse(quipu_uuid *uuid, const char *text, quipu_error *error)
{
    uuid_t parsed;

    if (!text || uuid_parse(text, parsed) != 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "\"%.40s\" is not a UUID, such as "
                               "123e4567-e89b-42d3-a456-426614174000",
                               text ? text : "");
    }
    memcpy(uuid->bytes, parsed, sizeof(uuid->bytes));
    return QUIPU_OK;
}

void quipu_uuid_format(const quipu_uuid *uuid, char text[QUIPU_UUID_TEXT_SIZE])
{
    uuid_unparse_lower(uuid->bytes, text);
}

bool quipu_uuid_is_nil(const quipu_uuid *uuid)
{
    return uuid_is_null(uuid->bytes) == 1;
}
