/* SPDX-License-Identifier: Apache-2.0 */
/* Findings of `quipu verify`. */
#include "items.h"
#include "items_json.h"
#include "output.h"
#include "text.h"
#include "verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct where quipu_tool_verify_item(const quipu_item *item)
{
    return (struct where){ .notification_id = item->notification_id,
                           .sequence_id = item->sequence_id,
                           .position = &item->position };
}

static void print_finding(const struct verify *verify, const char *rule,
                          const struct where *where, const char *message)
{
    struct text line = { 0 };

    quipu_tool_text_print(&line, "%s: %s", rule, verify->table);
    if (where->notification_id != 0) {
        quipu_tool_text_print(&line, ", notification id %lld",
                              (long long)where->notification_id);
    }
    if (where->sequence_id.data) {
        quipu_tool_text_print(&line, ", sequence ");
        quipu_tool_id_text(&line, verify->schema, where->sequence_id);
    }
    if (where->position) {
        quipu_tool_text_print(&line, ", position %lld",
                              (long long)*where->position);
    }
    quipu_tool_text_print(&line, ": ");
    quipu_tool_text_safe(&line, message, strlen(message));
    puts(quipu_tool_text(&line));
    quipu_tool_text_free(&line);
}

static void json_finding(const struct verify *verify, const char *rule,
                         const struct where *where, const char *message)
{
    json_t *line = json_object();

    quipu_tool_json_set(line, "finding", json_string(rule));
    quipu_tool_json_set(
        line, "schema",
        quipu_tool_json_text(verify->table, strlen(verify->table)));
    if (where->notification_id != 0) {
        quipu_tool_json_set(line, "notification_id",
                            json_integer(where->notification_id));
    }
    if (where->sequence_id.data) {
        quipu_tool_json_set(
            line, "sequence_id",
            quipu_tool_json_id(verify->schema, where->sequence_id));
    }
    if (where->position) {
        quipu_tool_json_set(line, "position", json_integer(*where->position));
    }
    quipu_tool_json_set(line, "message",
                        quipu_tool_json_text(message, strlen(message)));
    quipu_tool_json_line(line);
}

void quipu_tool_verify_found(struct verify *verify, const char *rule,
                             const struct where *where, const char *format, ...)
{
    va_list arguments;
    char *message = NULL;

    va_start(arguments, format);
    if (vasprintf(&message, format, arguments) < 0) {
        message = quipu_tool_allocate(1, 1);
    }
    va_end(arguments);
    quipu_tool_progress_clear(&verify->progress);
    if (verify->args->json) {
        json_finding(verify, rule, where, message);
    } else {
        print_finding(verify, rule, where, message);
    }
    free(message);
    verify->findings++;
}
