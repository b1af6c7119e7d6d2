/* SPDX-License-Identifier: Apache-2.0 */
/* quipu info: describes a store and its schemas, as text or as JSON. */
#include "info.h"
#include "args.h"
#include "output/jsonl.h"
#include "output/output.h"
#include "output/text.h"
#include "schema_names.h"
#include "store.h"

#include <stdio.h>

/* A capability of a driver. */
struct capability {
    uint32_t bit;
    const char *word;    /* in JSON */
    const char *meaning; /* in text */
};

static const struct capability capabilities[] = {
    { QUIPU_CAN_SHARE, "share",
      "several processes may use it at the same time" },
    { QUIPU_CAN_PERSIST, "persist", "its items survive the process" },
    { QUIPU_CAN_LOG, "log", "it keeps the log of all items" },
    { QUIPU_CAN_TRACK, "track", "it keeps tracking records" },
    { QUIPU_CAN_TRANSACT, "transact",
      "it runs a function inside an append's transaction" },
    { QUIPU_CAN_BACKUP, "backup", "it can be copied while it is written" },
    { QUIPU_CAN_ENTRIES, "entries",
      "it keeps key-value entries and checks conditions" },
    { QUIPU_CAN_ERASE, "erase", "the contents of its items can be erased" },
    { QUIPU_CAN_SCRUB, "scrub", "what is erased is in none of its files" },
    { QUIPU_CAN_SHARE_FLUSH, "share_flush",
      "appends of several processes share a sync of the disk" },
    { 0, NULL, NULL }
};

/* ----------------------------------------------------------------- text */

/* Prints a number of bytes, in MiB if it is a multiple of 1 MiB. */
static void print_size(struct text *line, uint64_t size)
{
    if (size == UINT64_MAX) {
        text_print(line, "any size");
    } else if (size > 0 && size % (1 << 20) == 0) {
        text_print(line, "%llu MiB", (unsigned long long)(size >> 20));
    } else {
        text_print(line, "%llu bytes", (unsigned long long)size);
    }
}

static void print_limits(const quipu_limits *limits)
{
    struct text line = { 0 };

    text_print(&line, "a state: ");
    print_size(&line, limits->state_size);
    text_print(&line, "; an append: %llu items, ",
               (unsigned long long)limits->append_items);
    print_size(&line, limits->append_size);
    output_field("limits", text_content(&line));
    text_free(&line);
}

static void print_datastore(const quipu_datastore_info *info)
{
    char identity[QUIPU_UUID_TEXT_SIZE];
    struct text line = { 0 };
    const char *title = "capabilities";

    quipu_uuid_format(&info->identity, identity);
    text_print(&line, "%s %s", info->driver, info->driver_version);
    output_field("uri", info->uri);
    output_field("driver", text_content(&line));
    output_field("library", info->library);
    output_field("identity", identity);
    if (info->name_space && info->name_space[0] != '\0') {
        output_field("namespace", info->name_space);
    }
    for (const struct capability *each = capabilities; each->bit != 0; each++) {
        if ((info->capabilities & each->bit) != 0) {
            output_field(title, each->meaning);
            title = "";
        }
    }
    print_limits(&info->limits);
    text_free(&line);
}

static void print_columns(const quipu_schema *schema)
{
    const char *word = NULL;
    struct text line = { 0 };

    for (int i = 0; i < SCHEMA_NAMES_COLUMNS; i++) {
        const char *name = schema_names_column(schema, i, &word);

        if (name) {
            text_clear(&line);
            text_print(&line, "%s (%s)", name, word);
            output_field(i == 0 ? "  columns" : "", text_content(&line));
        }
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        text_clear(&line);
        text_print(&line, "%s (further, %s)", schema->columns[i].name,
                   schema_names_kind(schema->columns[i].kind));
        output_field("", text_content(&line));
    }
    text_free(&line);
}

static int print_head(quipu_records *records, quipu_error *error)
{
    char event_id[QUIPU_UUID_TEXT_SIZE];
    struct text line = { 0 };
    quipu_position head;
    const int status = quipu_records_head(records, &head, error);

    if (status == QUIPU_UNSUPPORTED) {
        output_field("  head", "(the driver keeps no log)");
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        text_print(&line, "%lld", (long long)head.notification_id);
        if (!quipu_uuid_is_nil(&head.event_id)) {
            quipu_uuid_format(&head.event_id, event_id);
            text_print(&line, ", event id %s", event_id);
        }
        output_field("  head", text_content(&line));
    }
    text_free(&line);
    return status;
}

static int print_schema(const struct store_schema *schema, quipu_error *error)
{
    putchar('\n');
    output_field("schema", schema->table);
    if (!schema->records) {
        output_field("  unusable", schema->error.message);
        return QUIPU_OK;
    }
    const quipu_schema *described = quipu_records_schema(schema->records);
    output_field("  sequence ids",
                 (described->flags & QUIPU_SCHEMA_TEXT_IDS) != 0 ? "text"
                                                                 : "UUID");
    output_field("  positions", (described->flags & QUIPU_SCHEMA_SPARSE) != 0
                                    ? "sparse (any, each taken once)"
                                    : "contiguous (0, 1, 2 ...)");
    print_columns(described);
    return print_head(schema->records, error);
}

static int print_trackings(quipu_datastore *datastore, quipu_error *error)
{
    quipu_trackings *trackings = NULL;
    const quipu_tracking *tracking = NULL;
    struct text line = { 0 };
    const char *title = "tracking";
    int status = quipu_trackings_open(datastore, &trackings, error);

    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    while (status == QUIPU_OK) {
        status = quipu_trackings_next(trackings, &tracking, error);
        if (status != QUIPU_OK || !tracking) {
            break;
        }
        text_clear(&line);
        text_add_escaped(&line, tracking->consumer.data,
                         tracking->consumer.size);
        text_print(&line, " has processed ");
        text_add_escaped(&line, tracking->log.data, tracking->log.size);
        text_print(&line, " up to %lld",
                   (long long)tracking->position.notification_id);
        printf("%s%-14s  %s\n", title[0] == '\0' ? "" : "\n", title,
               text_content(&line));
        title = "";
    }
    quipu_trackings_close(trackings);
    text_free(&line);
    return status;
}

/* Prints the description as text.  If a schema cannot be opened, its error is
 * printed in its place. */
static int print_text(const struct store *store,
                      const quipu_datastore_info *info, quipu_error *error)
{
    int status = QUIPU_OK;

    print_datastore(info);
    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        status = print_schema(&store->schemas[i], error);
    }
    if (status == QUIPU_OK) {
        status = print_trackings(store->datastore, error);
    }
    return status;
}

/* ----------------------------------------------------------------- JSON */

static void set_text(json_t *object, const char *name, const char *text)
{
    jsonl_set(object, name, jsonl_string(text));
}

static void set_number(json_t *object, const char *name, uint64_t number)
{
    jsonl_set(object, name,
              number > INT64_MAX ? json_null()
                                 : json_integer((json_int_t)number));
}

static json_t *json_of_uuid(const quipu_uuid *uuid)
{
    const quipu_bytes bytes = { uuid->bytes, sizeof(uuid->bytes) };

    return quipu_uuid_is_nil(uuid) ? json_null() : jsonl_uuid(bytes);
}

static json_t *json_of_datastore(const quipu_datastore_info *info)
{
    json_t *line = json_object();
    json_t *list = json_array();
    json_t *limits = json_object();

    for (const struct capability *each = capabilities; each->bit != 0; each++) {
        if ((info->capabilities & each->bit) != 0) {
            json_array_append_new(list, json_string(each->word));
        }
    }
    set_number(limits, "state_size", info->limits.state_size);
    set_number(limits, "append_items", info->limits.append_items);
    set_number(limits, "append_size", info->limits.append_size);
    set_text(line, "uri", info->uri);
    set_text(line, "driver", info->driver);
    set_text(line, "driver_version", info->driver_version);
    set_text(line, "library", info->library);
    jsonl_set(line, "identity", json_of_uuid(&info->identity));
    set_text(line, "namespace", info->name_space);
    jsonl_set(line, "capabilities", list);
    jsonl_set(line, "limits", limits);
    return line;
}

static int set_head(json_t *object, quipu_records *records, quipu_error *error)
{
    quipu_position head;
    const int status = quipu_records_head(records, &head, error);

    if (status == QUIPU_UNSUPPORTED) {
        jsonl_set(object, "head", json_null());
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        jsonl_set(object, "head", json_integer(head.notification_id));
        jsonl_set(object, "head_event_id", json_of_uuid(&head.event_id));
    }
    return status;
}

static int add_schema(json_t *list, const struct store_schema *schema,
                      quipu_error *error)
{
    json_t *object = json_object();

    json_array_append_new(list, object);
    set_text(object, "table", schema->table);
    if (!schema->records) {
        set_text(object, "error", schema->error.message);
        return QUIPU_OK;
    }
    const quipu_schema *described = quipu_records_schema(schema->records);
    set_text(object, "ids",
             (described->flags & QUIPU_SCHEMA_TEXT_IDS) != 0 ? "text" : "uuid");
    jsonl_set(object, "contiguous",
              json_boolean((described->flags & QUIPU_SCHEMA_SPARSE) == 0));
    jsonl_set(object, "columns", schema_names_columns_json(described));
    jsonl_set(object, "further_columns", schema_names_further_json(described));
    return set_head(object, schema->records, error);
}

static int add_trackings(json_t *list, quipu_datastore *datastore,
                         quipu_error *error)
{
    quipu_trackings *trackings = NULL;
    const quipu_tracking *tracking = NULL;
    int status = quipu_trackings_open(datastore, &trackings, error);

    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    while (status == QUIPU_OK) {
        json_t *object = NULL;

        status = quipu_trackings_next(trackings, &tracking, error);
        if (status != QUIPU_OK || !tracking) {
            break;
        }
        object = json_object();
        jsonl_set(object, "consumer",
                  jsonl_text(tracking->consumer.data, tracking->consumer.size));
        jsonl_set(object, "log",
                  jsonl_text(tracking->log.data, tracking->log.size));
        jsonl_set(object, "notification_id",
                  json_integer(tracking->position.notification_id));
        json_array_append_new(list, object);
    }
    quipu_trackings_close(trackings);
    return status;
}

int info_json(const struct store *store, json_t **object, quipu_error *error)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    int status = quipu_datastore_describe(store->datastore, &info, error);

    if (status != QUIPU_OK) {
        return status;
    }
    json_t *line = json_of_datastore(&info);
    json_t *schemas = json_array();

    jsonl_set(line, "schemas", schemas);
    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        status = add_schema(schemas, &store->schemas[i], error);
    }
    if (status != QUIPU_OK) {
        json_decref(line);
        return status;
    }
    *object = line;
    return QUIPU_OK;
}

/* Prints the description as one JSON object. */
static int print_json(const struct store *store, quipu_error *error)
{
    json_t *trackings = json_array();
    json_t *line = NULL;
    int status = info_json(store, &line, error);

    if (status == QUIPU_OK) {
        status = add_trackings(trackings, store->datastore, error);
    }
    if (status == QUIPU_OK) {
        jsonl_set(line, "tracking", json_incref(trackings));
        jsonl_print(line);
    } else {
        json_decref(line);
    }
    json_decref(trackings);
    return status;
}

/* ------------------------------------------------------------- command */

static enum outcome describe(const struct args *args, const struct store *store)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_error error;
    int status = quipu_datastore_describe(store->datastore, &info, &error);

    if (status == QUIPU_OK) {
        status = args->json ? print_json(store, &error)
                            : print_text(store, &info, &error);
    }
    if (status != QUIPU_OK) {
        output_error(&error);
        return FINDING;
    }
    for (size_t i = 0; i < store->count; i++) {
        if (!store->schemas[i].records) {
            return FINDING; /* the description has the error */
        }
    }
    return DONE;
}

static enum outcome run(const struct args *args)
{
    struct store store;
    enum outcome outcome = store_open(args, &store);

    if (outcome == DONE) {
        outcome = describe(args, &store);
        store_close(&store);
    }
    return outcome;
}

const struct command info_command = {
    .name = "info",
    .arguments = "URI",
    .summary = "describe a store and its schemas",
    .help =
        "Prints the driver of the store, its capabilities and limits; for\n"
        "each schema the names of its columns, the kind of its ids and the\n"
        "head of its log; and the tracking records.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_COLOR | OPTION_NO_PAGER | OPTION_JSON |
               OPTION_HELP,
    .run = run,
};
