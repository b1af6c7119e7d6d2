/* SPDX-License-Identifier: Apache-2.0 */
/* Checks ids, text and bytes. */
#include "records/check.h"

#include <quipu/error.h>

#include "base/utf8.h"

int quipu_check_wrong(struct quipu_place place, const char *member,
                      const char *why, quipu_error *error)
{
    if (!place.array) {
        return quipu_error_set(error, QUIPU_INVALID, "%s %s", member, why);
    }
    return quipu_error_set(error, QUIPU_INVALID, "%s[%zu]: %s %s", place.array,
                           place.index, member, why);
}

int quipu_check_text(quipu_bytes text, struct quipu_place place,
                     const char *member, quipu_error *error)
{
    if (!text.data) {
        return quipu_check_wrong(place, member, "is absent", error);
    }
    if (text.size == 0 || text.size > QUIPU_ID_MAX) {
        return quipu_check_wrong(
            place, member,
            text.size == 0 ? "is empty" : "is longer than 255 bytes", error);
    }
    if (!quipu_utf8_valid(text)) {
        return quipu_check_wrong(place, member, "is not UTF-8 without NUL",
                                 error);
    }
    return QUIPU_OK;
}

int quipu_check_sequence_id(const quipu_schema *schema, quipu_bytes id,
                            struct quipu_place place, const char *member,
                            quipu_error *error)
{
    if (schema->flags & QUIPU_SCHEMA_TEXT_IDS) {
        return quipu_check_text(id, place, member, error);
    }
    if (!id.data) {
        return quipu_check_wrong(place, member, "is absent", error);
    }
    if (id.size != sizeof(quipu_uuid)) {
        return quipu_check_wrong(place, member, "is not the 16 bytes of a UUID",
                                 error);
    }
    return QUIPU_OK;
}

int quipu_check_bytes(quipu_bytes bytes, uint64_t limit,
                      struct quipu_place place, const char *member,
                      quipu_error *error)
{
    if (!bytes.data && bytes.size > 0) {
        return quipu_check_wrong(place, member, "has a size but no data",
                                 error);
    }
    if (bytes.size > limit) {
        return quipu_check_wrong(place, member,
                                 "is larger than this store holds", error);
    }
    return QUIPU_OK;
}
