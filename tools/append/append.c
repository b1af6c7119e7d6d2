/* SPDX-License-Identifier: Apache-2.0 */
/* quipu append: stores one event, whose members are JSON. */
#include "append/state_writer.h"
#include "args.h"
#include "exchange/value.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/moment.h"
#include "output/output.h"
#include "output/text.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The event, and what its item points to. */
struct event {
    const struct args *args;
    json_t *members;
    json_t *columns; /* the members that have columns of their own */
    quipu_id sequence_id;
    quipu_uuid event_id;
    quipu_time time;
    quipu_metadata *metadata; /* if they are JSON */
    quipu_bytes metadata_bytes;
    struct text state;
    struct arena arena;
    quipu_item item;
};

/* ----------------------------------------------------------------- input */

/* Reads the text of the members from standard input. */
static int read_input(struct text *text, quipu_error *error)
{
    char buffer[4096];
    size_t size;

    if (isatty(STDIN_FILENO)) {
        fputs("quipu: reading the members as JSON; end them with Ctrl-D\n",
              stderr);
    }
    while ((size = fread(buffer, 1, sizeof(buffer), stdin)) > 0) {
        text_add(text, buffer, size);
    }
    return ferror(stdin)
               ? quipu_error_set(error, QUIPU_IO, "cannot read the input: %s",
                                 strerror(errno))
               : QUIPU_OK;
}

static int read_members(struct event *event, quipu_error *error)
{
    const char *given = event->args->fourth;
    struct text text = { 0 };
    json_error_t wrong = { .text = "" };
    int status = QUIPU_OK;

    if (given && strcmp(given, "-") != 0) {
        text_add(&text, given, strlen(given));
    } else {
        status = read_input(&text, error);
    }
    if (status == QUIPU_OK) {
        event->members = json_loadb(text_content(&text), text.size,
                                    JSON_REJECT_DUPLICATES, &wrong);
        if (!json_is_object(event->members)) {
            status = quipu_error_set(
                error, QUIPU_INVALID,
                "the members of the event are no JSON object such as "
                "'{\"cents\": 5}'%s%s",
                wrong.text[0] == '\0' ? "" : ": ", wrong.text);
        }
    }
    text_free(&text);
    return status;
}

static bool all_texts(json_t *object)
{
    const char *key;
    json_t *value;

    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value)) {
            return false;
        }
    }
    return true;
}

/* Reads --metadata: an object of texts is stored as quipu_metadata are, any
 * other text as it is. */
static int read_metadata(struct event *event, quipu_error *error)
{
    const char *text = event->args->metadata;
    const char *key;
    json_t *value;
    int status = QUIPU_OK;

    if (!text) {
        return QUIPU_OK;
    }
    event->metadata_bytes = quipu_bytes_of_text(text);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(object) && all_texts(object)) {
        status = quipu_metadata_create(&event->metadata, error);
        json_object_foreach(object, key, value)
        {
            if (status == QUIPU_OK) {
                status = quipu_metadata_set(event->metadata, key,
                                            json_string_value(value), error);
            }
        }
        if (status == QUIPU_OK) {
            status = quipu_metadata_encode(event->metadata,
                                           &event->metadata_bytes, error);
        }
    }
    json_decref(object);
    return status;
}

static int read_options(struct event *event, quipu_error *error)
{
    const struct args *args = event->args;
    int status = QUIPU_OK;

    quipu_uuid_random(&event->event_id);
    event->time = quipu_time_now();
    if (args->event_id) {
        status = quipu_uuid_parse(&event->event_id, args->event_id, error);
    }
    if (status == QUIPU_OK && args->time) {
        status = moment_parse(args->time, "time", &event->time, error);
    }
    if (status == QUIPU_OK) {
        status = read_metadata(event, error);
    }
    return status == QUIPU_OK ? read_members(event, error) : status;
}

/* ------------------------------------------------------------------ item */

/* Moves the members that have columns of their own into these. */
static int take_columns(struct event *event, const quipu_schema *schema,
                        quipu_error *error)
{
    quipu_value *values = memory_arena_allocate(
        &event->arena, schema->column_count * sizeof(*values) + 1);
    int status = QUIPU_OK;

    event->columns = json_object();
    for (size_t i = 0; status == QUIPU_OK && i < schema->column_count; i++) {
        const char *name = schema->columns[i].name;
        json_t *value = json_object_get(event->members, name);

        if (value) { /* the column may point into it */
            jsonl_set(event->columns, name, json_incref(value));
            (void)json_object_del(event->members, name);
        }
        status = exchange_value_read_column(
            json_object_get(event->columns, name), &schema->columns[i],
            &event->arena, &values[i], error);
    }
    event->item.columns = schema->column_count == 0 ? NULL : values;
    event->item.column_count = schema->column_count;
    return status;
}

/* Makes the item.  Attributes for which the schema has no column go into the
 * envelope of the state. */
static int make_item(struct event *event, const quipu_schema *schema,
                     quipu_error *error)
{
    const struct args *args = event->args;
    const quipu_bytes id = { event->event_id.bytes,
                             sizeof(event->event_id.bytes) };
    struct state_envelope envelope = { 0 };
    quipu_item *item = &event->item;

    item->sequence_id = quipu_id_bytes(&event->sequence_id);
    item->position = args->position;
    item->flags = (args->given & OPTION_POSITION) != 0 ? 0 : QUIPU_ITEM_NEXT;
    item->topic = quipu_bytes_of_text(args->third);
    if (schema->event_id) {
        item->event_id = id;
    } else {
        envelope.event_id = event->event_id;
    }
    if (schema->time) {
        item->time = event->time;
        item->flags |= QUIPU_ITEM_TIME;
    } else {
        envelope.time = event->time;
    }
    if (schema->metadata) {
        item->metadata = event->metadata_bytes;
    } else {
        envelope.metadata = event->metadata_bytes;
    }
    int status = take_columns(event, schema, error);

    if (status == QUIPU_OK) {
        status =
            state_writer_write(&event->state, &envelope, event->members, error);
    }
    item->state = (quipu_bytes){ event->state.data, event->state.size };
    return status;
}

/* ---------------------------------------------------------------- append */

static void print(const struct event *event, const quipu_schema *schema,
                  const quipu_result *result)
{
    const quipu_item *item = &event->item;
    char event_id[QUIPU_UUID_TEXT_SIZE];
    struct text id = { 0 };

    quipu_uuid_format(&event->event_id, event_id);
    if (event->args->json) {
        json_t *line = json_object();

        jsonl_set(line, "schema", jsonl_string(schema->table));
        jsonl_set(line, "notification_id",
                  json_integer(result->first_notification_id));
        jsonl_set(line, "sequence_id", jsonl_id(schema, item->sequence_id));
        jsonl_set(line, "position", json_integer(result->positions[0]));
        jsonl_set(line, "event_id", json_string(event_id));
        jsonl_set(line, "repeated",
                  json_boolean(result->flags & QUIPU_RESULT_REPEATED));
        jsonl_print(line);
        return;
    }
    text_add_id(&id, schema, item->sequence_id);
    printf("%s: notification id %lld, position %lld of sequence %s\n",
           (result->flags & QUIPU_RESULT_REPEATED) != 0 ? "stored already"
                                                        : "stored",
           (long long)result->first_notification_id,
           (long long)result->positions[0], text_content(&id));
    text_free(&id);
}

static int append(const struct event *event, quipu_records *records,
                  quipu_error *error)
{
    const quipu_append request = { .struct_size = sizeof(request),
                                   .items = &event->item,
                                   .item_count = 1 };
    int64_t position = 0;
    quipu_result result = { .positions = &position };
    int status = quipu_records_append(records, &request, &result, error);

    if (status == QUIPU_OK) {
        print(event, quipu_records_schema(records), &result);
    } else if (status == QUIPU_UNKNOWN_OUTCOME) {
        char event_id[QUIPU_UUID_TEXT_SIZE];
        char time[QUIPU_TIME_TEXT_SIZE] = "";

        quipu_uuid_format(&event->event_id, event_id);
        (void)quipu_time_format(event->time, time, NULL);
        fprintf(stderr,
                "quipu: to store the event once, run the command again with "
                "--event-id %s --time %s\n",
                event_id, time);
    }
    return status;
}

static enum outcome refuse(const char *message)
{
    fprintf(stderr, "quipu: %s\n", message);
    return USAGE;
}

static enum outcome append_event(const struct args *args,
                                 const struct store *store)
{
    struct event event = { .args = args };
    quipu_error error;

    if (store->count != 1) {
        return refuse("the store does not have exactly one schema; name one "
                      "with --schema");
    }
    quipu_records *records = store->schemas[0].records;
    const quipu_schema *schema = quipu_records_schema(records);

    if ((schema->flags & QUIPU_SCHEMA_SPARSE) != 0 &&
        (args->given & OPTION_POSITION) == 0) {
        return refuse("the schema is sparse, so that the store chooses no "
                      "position; give one with --position");
    }
    int status =
        store_parse_id(schema, args->second, &event.sequence_id, &error);

    if (status == QUIPU_OK) {
        status = read_options(&event, &error);
    }
    if (status == QUIPU_OK) {
        status = make_item(&event, schema, &error);
    }
    if (status == QUIPU_OK) {
        status = append(&event, records, &error);
    }
    quipu_metadata_destroy(event.metadata);
    json_decref(event.members);
    json_decref(event.columns);
    text_free(&event.state);
    memory_arena_clear(&event.arena);
    return status == QUIPU_OK ? DONE : output_error(&error);
}

static enum outcome run(const struct args *args)
{
    return store_change(args, append_event);
}

const struct command append_command = {
    .name = "append",
    .arguments = "URI SEQUENCE TOPIC [JSON]",
    .summary = "store one event",
    .help =
        "Stores an event at the end of a sequence, which begins with it if it\n"
        "does not exist yet. JSON is an object with the members of the event,\n"
        "by default from standard input; {\"hex\": \"00ff\"}, {\"uuid\": ...}\n"
        "and {\"time\": ...} stand for bytes, a UUID and a time. Members that\n"
        "have a column of their own go there. The event types of programs\n"
        "are not known here: an event that they cannot read stops them.",
    .argument_count = 3,
    .optional_count = 1,
    .options = OPTION_SCHEMA | OPTION_POSITION | OPTION_EVENT_ID | OPTION_TIME |
               OPTION_METADATA | OPTION_LOCAL | OPTION_JSON | OPTION_HELP,
    .run = run,
};
