/* SPDX-License-Identifier: Apache-2.0 */
/* Paths to members, as text. */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "event/path.h"

static size_t append(char *text, size_t used, const char *part)
{
    size_t room = QUIPU_PATH_SIZE - 1 - used;
    size_t size = strlen(part);

    size = quipu_utf8_cut(part, size, size < room ? size : room);
    memcpy(text + used, part, size);
    return used + size;
}

static size_t write_path(const quipu_path *path, char *text)
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

const char *quipu_path_format(const quipu_path *path,
                              char text[QUIPU_PATH_SIZE])
{
    text[write_path(path, text)] = '\0';
    return text;
}
