/* SPDX-License-Identifier: Apache-2.0 */
#include "event/field.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* ----------------------------------------------------------------- kinds */

static const char *const kind_names[] = {
    [QUIPU_KIND_BOOL] = "bool",
    [QUIPU_KIND_INT] = "int",
    [QUIPU_KIND_UINT] = "uint",
    [QUIPU_KIND_REAL] = "real",
    [QUIPU_KIND_TEXT] = "text",
    [QUIPU_KIND_BYTES] = "bytes",
    [QUIPU_KIND_UUID] = "uuid",
    [QUIPU_KIND_TIME] = "time",
    [QUIPU_KIND_ID] = "id",
    [QUIPU_KIND_STRUCT] = "struct",
    [QUIPU_KIND_FIXED_TEXT] = "fixed text",
    [QUIPU_KIND_IGNORED] = "ignored",
    [QUIPU_KIND_ALIAS] = "alias",
};

const char *quipu_field_kind_name(int kind)
{
    if (kind < 0 ||
        (size_t)kind >= sizeof(kind_names) / sizeof(kind_names[0])) {
        return NULL;
    }
    return kind_names[kind];
}

/* --------------------------------------------------------------- personal */

const quipu_field *quipu_field_subject(const quipu_field *fields,
                                       const quipu_field *personal)
{
    for (; fields->name; fields++) {
        if (fields->offset == quipu_field_subject_offset(personal)) {
            return fields;
        }
    }
    return NULL;
}

/* ----------------------------------------------------------------- paths */

/* Appends `part` to the `used` bytes of text, cut to the room that is left.
 * Returns the new size. */
static size_t append(char *text, size_t used, const char *part)
{
    size_t room = QUIPU_FIELD_PATH_SIZE - 1 - used;
    size_t size = strlen(part);

    size = quipu_utf8_cut(part, size, size < room ? size : room);
    memcpy(text + used, part, size);
    return used + size;
}

/* Writes a path from its outermost step; returns the size of the text. */
static size_t write_path(const quipu_field_path *path, char *text)
{
    char index[32];
    size_t used = 0;

    if (path->up) {
        used = write_path(path->up, text);
        used = append(text, used, ".");
    }
    used = append(text, used, path->name);
    if (path->indexed) {
        snprintf(index, sizeof(index), "[%zu]", path->index);
        used = append(text, used, index);
    }
    return used;
}

const char *quipu_field_path_format(const quipu_field_path *path,
                                    char text[QUIPU_FIELD_PATH_SIZE])
{
    text[write_path(path, text)] = '\0';
    return text;
}
