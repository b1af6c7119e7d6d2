/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to requests for sections of the log. */
#include "sections.h"

#include "exchange/exchange.h"
#include "keys.h"
#include "output/jsonl.h"
#include "output/output.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "/sections/"

/* The keys of the command line are used by one thread at a time. */
static pthread_mutex_t keys_lock = PTHREAD_MUTEX_INITIALIZER;

/* ----------------------------------------------------------------- sections */

static void add_item(const struct sections_source *source,
                     const quipu_item *item, struct text *body)
{
    const quipu_schema *schema = quipu_records_schema(source->records);
    quipu_item shown = *item;
    quipu_error error;

    if (!source->opened) {
        jsonl_add(body, exchange_encode_item(schema, schema->table, item));
        return;
    }
    pthread_mutex_lock(&keys_lock);
    /* After a failure the state is handed out as it is stored. */
    (void)keys_open_state(item, &shown.state, &error);
    jsonl_add(body, exchange_encode_item(schema, schema->table, &shown));
    pthread_mutex_unlock(&keys_lock);
}

/* One line for the properties of the section, and one for each item. */
static void add_section(const struct sections_source *source,
                        const quipu_section *section, struct text *body)
{
    const quipu_uuid *store = &section->head.store;
    json_t *object = json_object();

    jsonl_set(object, "format", json_integer(SECTIONS_FORMAT));
    jsonl_set(object, "store",
              jsonl_uuid((quipu_bytes){ store->bytes, sizeof(store->bytes) }));
    jsonl_set(object, "schema",
              jsonl_string(quipu_records_schema(source->records)->table));
    jsonl_set(object, "section", jsonl_string(section->name));
    jsonl_set(object, "previous", jsonl_string(section->previous));
    jsonl_set(object, "next", jsonl_string(section->next));
    jsonl_set(object, "final", json_boolean(section->final));
    jsonl_add(body, object);
    body->size--; /* its closing brace */
    text_print(body, ",\"items\":[");
    for (size_t i = 0; i < section->count; i++) {
        text_print(body, i == 0 ? "\n" : ",\n");
        add_item(source, &section->items[i], body);
    }
    text_print(body, "\n]}\n");
}

/* Weak comparison, RFC 9110: W/ and the other tags of the list are passed over.
 * An entity tag of this server has no character with a meaning in the list. */
static bool is_known(const char *known, const char *etag)
{
    return known && (strcmp(known, "*") == 0 || strstr(known, etag));
}

static void answer_section(const struct sections_source *source,
                           const quipu_section *section, const char *known,
                           struct answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    (void)snprintf(answer->etag, sizeof(answer->etag), "\"%d-%s%s\"",
                   SECTIONS_FORMAT, section->tag, source->mark);
    answer->max_age = section->final ? source->max_age : 0;
    if (is_known(known, answer->etag)) {
        answer->status = 304;
        return;
    }
    answer->status = 200;
    add_section(source, section, &answer->body);
}

/* Returns the name of a section that a path may have, or NULL. */
static const char *name_of(const char *path)
{
    if (strncmp(path, FOLDER, strlen(FOLDER)) != 0) {
        return NULL;
    }
    const char *name = path + strlen(FOLDER);

    return strcmp(name, "current") == 0 ||
                   name[strspn(name, "0123456789,")] == '\0'
               ? name
               : NULL;
}

void sections_answer(void *context, const struct request *request,
                     struct answer *answer)
{
    const struct sections_source *source = context;
    const char *name = name_of(request->path);
    quipu_section *section = NULL;
    quipu_error error;

    if (!name) {
        char message[128];

        (void)snprintf(message, sizeof(message),
                       "there is no such resource; see " FOLDER
                       "1,%u and " FOLDER "current",
                       (unsigned)source->size);
        answer_refuse(404, QUIPU_NOT_FOUND, message, answer);
        return;
    }
    if (quipu_section_open(source->records, name, source->size, &section,
                           &error) != QUIPU_OK) {
        answer_failure(&error, answer);
        return;
    }
    answer_success();
    answer_section(source, section, request->known, answer);
    quipu_section_close(section);
}
