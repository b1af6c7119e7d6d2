/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a URI as the path of a file. */
#include "sqlite.h"

#include <string.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place; false for a '%' without two digits, or %00. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '%') {
            *to++ = *from;
            continue;
        }
        int high = digit(from[1]);
        int low = high >= 0 ? digit(from[2]) : -1;
        if (low < 0 || high * 16 + low == 0) {
            return false;
        }
        *to++ = (char)(high * 16 + low);
        from += 2;
    }
    *to = '\0';
    return true;
}

int quipu_sqlite_path_of_body(const quipu_host *host, const char *body,
                              char **path, quipu_error *error)
{
    *path = NULL;
    if (strncmp(body, "///", 3) != 0 || body[3] == '\0') {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"sqlite:%s\" names no file; write sqlite:///relative.db, "
            "sqlite:////absolute/path.db or sqlite:///:memory:",
            body);
    }
    if (strcmp(body + 3, ":memory:") == 0) {
        return QUIPU_OK;
    }
    *path = quipu_sqlite_text_copy(host, body + 3);
    if (*path == NULL) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for a path");
    }
    if (!decode(*path)) {
        host->release(*path);
        *path = NULL;
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"sqlite:%s\" has a %% without two "
                               "hexadecimal digits; write %%25 for it",
                               body);
    }
    return QUIPU_OK;
}
