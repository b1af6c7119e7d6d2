/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as text or as JSON Lines, on standard output. */
#include "args.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/text.h"
#include "verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct location verify_finding_at(const quipu_item *item)
{
    return (struct location){ .notification_id = item->notification_id,
                              .sequence_id = item->sequence_id,
                              .position = &item->position };
}

static void print_finding(const struct verify *verify, const char *rule,
                          const struct location *location, const char *message)
{
    struct text line = { 0 };

    text_print(&line, "%s: %s", rule, verify->table);
    if (location->notification_id != 0) {
        text_print(&line, ", notification id %lld",
                   (long long)location->notification_id);
    }
    if (location->sequence_id.data) {
        text_print(&line, ", sequence ");
        text_add_id(&line, verify->schema, location->sequence_id);
    }
    if (location->position) {
        text_print(&line, ", position %lld", (long long)*location->position);
    }
    text_print(&line, ": ");
    text_add_escaped(&line, message, strlen(message));
    puts(text_content(&line));
    text_free(&line);
}

static void json_finding(const struct verify *verify, const char *rule,
                         const struct location *location, const char *message)
{
    json_t *line = json_object();

    jsonl_set(line, "finding", json_string(rule));
    jsonl_set(line, "schema", jsonl_string(verify->table));
    if (location->notification_id != 0) {
        jsonl_set(line, "notification_id",
                  json_integer(location->notification_id));
    }
    if (location->sequence_id.data) {
        jsonl_set(line, "sequence_id",
                  jsonl_id(verify->schema, location->sequence_id));
    }
    if (location->position) {
        jsonl_set(line, "position", json_integer(*location->position));
    }
    jsonl_set(line, "message", jsonl_string(message));
    jsonl_print(line);
}

void verify_finding_report(struct verify *verify, const char *rule,
                           const struct location *location, const char *format,
                           ...)
{
    va_list arguments;
    char *message = NULL;

    va_start(arguments, format);
    if (vasprintf(&message, format, arguments) < 0) {
        memory_exhausted();
    }
    va_end(arguments);
    progress_clear(&verify->progress);
    if (verify->args->json) {
        json_finding(verify, rule, location, message);
    } else {
        print_finding(verify, rule, location, message);
    }
    free(message);
    verify->findings++;
}
