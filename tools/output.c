/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, the end of the output, and JSON Lines. */
#include "output.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum outcome quipu_tool_fail(const quipu_error *error)
{
    struct text safe = { 0 };

    quipu_tool_text_safe(&safe, error->message, strlen(error->message));
    (void)fflush(stdout); /* first what was found before */
    fprintf(stderr, "quipu: %s\n", quipu_tool_text(&safe));
    quipu_tool_text_free(&safe);
    return error->code == QUIPU_INVALID ? USAGE : FINDING;
}

enum outcome quipu_tool_finish(enum outcome outcome)
{
    int reason; /* 0: it was lost with an earlier write */

    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return outcome;
    }
    reason = errno;
    fprintf(stderr, "quipu: cannot write the output%s%s\n",
            reason == 0 ? "" : ": ", reason == 0 ? "" : strerror(reason));
    return FINDING;
}

void quipu_tool_field(const char *name, const char *value)
{
    struct text safe = { 0 };

    quipu_tool_text_safe(&safe, value, strlen(value));
    printf("%-14s  %s\n", name, quipu_tool_text(&safe));
    quipu_tool_text_free(&safe);
}

void quipu_tool_title(const char *title)
{
    static bool first = true;
    struct text safe = { 0 };

    quipu_tool_text_safe(&safe, title, strlen(title));
    printf("%s%s:\n", first ? "" : "\n", quipu_tool_text(&safe));
    quipu_tool_text_free(&safe);
    first = false;
}

void quipu_tool_json_set(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, value) != 0) {
        fputs("quipu: out of memory\n", stderr);
        exit(FINDING);
    }
}

json_t *quipu_tool_json_hex(const void *data, size_t size)
{
    struct text hex = { 0 };
    json_t *value = NULL;

    quipu_tool_text_hex(&hex, data, size);
    value = json_string(quipu_tool_text(&hex));
    quipu_tool_text_free(&hex);
    return value;
}

json_t *quipu_tool_json_text(const void *data, size_t size)
{
    json_t *value = json_stringn(size == 0 ? "" : data, size);

    if (!value) {
        value = json_pack("{s:o}", "hex", quipu_tool_json_hex(data, size));
    }
    return value;
}

void quipu_tool_json_line(json_t *value)
{
    struct text line = { 0 };
    char *json = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (!json) {
        fputs("quipu: out of memory\n", stderr);
        exit(FINDING);
    }
    quipu_tool_text_safe_json(&line, json);
    quipu_tool_text_add(&line, "\n", 1);
    (void)fwrite(line.data, 1, line.size, stdout);
    quipu_tool_text_free(&line);
    free(json);
    json_decref(value);
}
