/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of line does to the store. */
#include "import.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static int begin(struct import *import, const json_t *line, quipu_error *error)
{
    int status = QUIPU_OK;

    if (import->begun) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a second export begins here; import one after "
                               "the other");
    }
    status = quipu_tool_exchange_read_begin(line, &import->from, error);
    import->begun = status == QUIPU_OK;
    return status;
}

static struct import_schema *find(const struct import *import,
                                  const char *table)
{
    for (size_t i = 0; table && i < import->count; i++) {
        if (strcmp(import->schemas[i].table, table) == 0) {
            return &import->schemas[i];
        }
    }
    return NULL;
}

/* --------------------------------------------------------------- schemas */

static int open_writer(struct import *import, quipu_schema *schema,
                       struct writer *writer, quipu_error *error)
{
    quipu_records *records = NULL;
    int status;

    if (import->args->as) {
        schema->table = import->args->as;
    }
    status = quipu_datastore_setup(import->datastore, schema, error);
    if (status == QUIPU_OK) {
        status = quipu_records_open(import->datastore, schema, &records, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_writer_init(writer, records, error);
        if (status != QUIPU_OK) {
            quipu_tool_writer_finish(writer);
        }
    }
    return status;
}

static int add_schema(struct import *import, quipu_schema *schema, int64_t head,
                      quipu_error *error)
{
    struct import_schema added = { .head = head };
    int status = QUIPU_OK;

    if (find(import, schema->table)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema '%s' is defined twice",
                               schema->table);
    }
    added.wanted = quipu_tool_args_want(import->args, schema->table);
    added.table = quipu_tool_text_copy(schema->table);
    if (added.wanted) {
        status = open_writer(import, schema, &added.writer, error);
    }
    if (status != QUIPU_OK) {
        free(added.table);
        return status;
    }
    import->schemas = quipu_tool_resize(import->schemas, import->count + 1,
                                        sizeof(*import->schemas));
    import->schemas[import->count++] = added;
    return QUIPU_OK;
}

static int take_schema(struct import *import, const json_t *line,
                       quipu_error *error)
{
    struct arena arena = { 0 };
    quipu_schema schema;
    int64_t head = 0;
    int status =
        quipu_tool_exchange_read_schema(line, &arena, &schema, &head, error);

    if (status == QUIPU_OK) {
        status = add_schema(import, &schema, head, error);
    }
    quipu_tool_arena_clear(&arena);
    return status;
}

/* ----------------------------------------------------------------- items */

static int put_item(struct import *import, struct import_schema *schema,
                    const json_t *line, quipu_error *error)
{
    struct arena arena = { 0 };
    quipu_item item;
    int status = quipu_tool_exchange_read_item(
        line, &arena, quipu_records_schema(schema->writer.records), &item,
        error);

    if (status == QUIPU_OK) {
        status =
            quipu_tool_writer_put(&schema->writer, &item, import->line, error);
        import->wrong = schema->writer.origin;
    }
    quipu_tool_arena_clear(&arena);
    return status;
}

static int take_item(struct import *import, const json_t *line,
                     quipu_error *error)
{
    const char *table = json_string_value(json_object_get(line, "schema"));
    struct import_schema *schema = find(import, table);

    if (!schema) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema '%s' of this item is not defined in "
                               "a line before",
                               !table ? "" : table);
    }
    import->items++;
    quipu_tool_progress(&import->progress, table, "importing",
                        schema->writer.written + schema->writer.present,
                        schema->head);
    return schema->wanted ? put_item(import, schema, line, error) : QUIPU_OK;
}

/* -------------------------------------------------------------- tracking */

static int take_tracking(struct import *import, const json_t *line,
                         quipu_error *error)
{
    quipu_tracking tracking;
    int status = quipu_tool_exchange_read_tracking(line, &tracking, error);

    if (status == QUIPU_OK) {
        import->tracking_lines++;
        if (quipu_tool_args_want_tracking(import->args)) {
            quipu_tool_tracking_add(&import->trackings, &tracking);
        }
    }
    return status;
}

int quipu_tool_import_flush(struct import *import, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < import->count; i++) {
        struct writer *writer = &import->schemas[i].writer;

        if (import->schemas[i].wanted) {
            status = quipu_tool_writer_flush(writer, error);
            import->wrong = writer->origin;
        }
    }
    return status;
}

/* Tracking records are kept by the store, but written through a schema. */
static quipu_records *any_records(const struct import *import)
{
    for (size_t i = 0; i < import->count; i++) {
        if (import->schemas[i].wanted) {
            return import->schemas[i].writer.records;
        }
    }
    return NULL;
}

static int store_trackings(struct import *import, quipu_error *error)
{
    struct tracking_list *list = &import->trackings;
    quipu_records *records = any_records(import);
    int status = QUIPU_OK;

    if (list->count > 0 && !records) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "tracking records cannot be stored without a "
                               "schema, and the input has none");
    }
    quipu_tool_tracking_move(list, &import->from, &import->to);
    for (size_t i = 0; status == QUIPU_OK && i < list->count; i++) {
        status = quipu_tool_tracking_store(records, &list->records[i], error);
    }
    return status;
}

static int end(struct import *import, const json_t *line, quipu_error *error)
{
    int64_t items = import->items;
    int64_t trackings = import->tracking_lines;
    int status = quipu_tool_exchange_read_end(line, &items, &trackings, error);

    if (status == QUIPU_OK &&
        (items != import->items || trackings != import->tracking_lines)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "there were %lld items and %lld tracking "
                               "records, but the input ends with %lld and "
                               "%lld: lines are missing",
                               (long long)import->items,
                               (long long)import->tracking_lines,
                               (long long)items, (long long)trackings);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_import_flush(import, error);
    }
    if (status == QUIPU_OK) {
        status = store_trackings(import, error);
    }
    import->ended = status == QUIPU_OK;
    return status;
}

int quipu_tool_import_line(struct import *import, const json_t *line,
                           quipu_error *error)
{
    static const struct {
        const char *type;
        int (*take)(struct import *import, const json_t *line,
                    quipu_error *error);
    } kinds[] = { { "item", take_item },
                  { "schema", take_schema },
                  { "tracking", take_tracking },
                  { "end", end },
                  { "quipu-export", begin } };
    const char *type = json_string_value(json_object_get(line, "type"));
    size_t kind = 0;

    import->wrong = import->line;
    if (!type || (!import->begun && strcmp(type, "quipu-export") != 0)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               import->begun
                                   ? "the line has no 'type'"
                                   : "this is no export: the first line's "
                                     "'type' is not \"quipu-export\"");
    }
    if (import->ended) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "there is more behind the end");
    }
    while (kind < sizeof(kinds) / sizeof(*kinds) &&
           strcmp(kinds[kind].type, type) != 0) {
        kind++;
    }
    if (kind == sizeof(kinds) / sizeof(*kinds)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "there is no line of type '%s' in this version",
                               type);
    }
    return kinds[kind].take(import, line, error);
}
