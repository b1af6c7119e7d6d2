/* SPDX-License-Identifier: Apache-2.0 */
/* Converts bytes from git to text. */
#include "text.h"

#include <quipu/quipu.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns a path in double quotes with octal escapes. */
static char *quote(const char *path)
{
    char *text = malloc(4 * strlen(path) + 3);
    char *to = text;

    if (!text) {
        return NULL;
    }
    *to++ = '"';
    for (const char *from = path; *from != '\0'; from++) {
        const unsigned byte = (unsigned char)*from;

        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\') {
            to += sprintf(to, "\\%03o", byte);
        } else {
            *to++ = *from;
        }
    }
    *to++ = '"';
    *to = '\0';
    return text;
}

char *text_of_path(const char *path)
{
    if (path[0] != '"' && quipu_bytes_is_text(quipu_bytes_of_text(path))) {
        return strdup(path);
    }
    return quote(path);
}

void text_repair(char *text)
{
    if (quipu_bytes_is_text(quipu_bytes_of_text(text))) {
        return;
    }
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text >= 0x80) {
            *text = '?';
        }
    }
}

/* Terminals also obey the C1 control characters, which are c2 80 to c2 9f in
 * UTF-8. */
void text_print(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0';
         at++) {
        if (*at < 0x20 || *at == 0x7f) {
            printf("\\%03o", *at);
        } else if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
            printf("\\%03o\\%03o", at[0], at[1]);
            at++;
        } else {
            putchar(*at);
        }
    }
}
