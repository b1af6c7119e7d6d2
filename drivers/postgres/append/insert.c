/* SPDX-License-Identifier: Apache-2.0 */
/* Storing the rows and tracking records of a batch. */
#include "insert.h"

#include <string.h>

/* ------------------------------------------------------------- expectations */

/* In a sparse schema most sequences have no expectation, and no row refers to
 * one by its number. */
static bool is_expectation(const struct batch *batch, uint32_t schema,
                           const struct sequence *sequence)
{
    return sequence->schema == schema && sequence->number != 0 &&
           (!batch->schemas[schema].sparse || sequence->expected != 0);
}

static size_t count_expectations(const struct batch *batch, uint32_t schema)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->sequence_count; i++) {
        count += is_expectation(batch, schema, &batch->sequences[i]);
    }
    return count;
}

/* $4, $5 and $6 of SQL_INSERT. */
static void add_expectations(const struct batch *batch, uint32_t schema,
                             struct arguments *arguments)
{
    size_t count = count_expectations(batch, schema);
    enum { ID, EXPECTED, LAST, PARTS };
    for (int part = ID; part < PARTS; part++) {
        quipu_postgres_binary_array_begin(
            arguments,
            part == ID ? quipu_postgres_batch_id_type(&batch->schemas[schema])
            : part == EXPECTED ? TYPE_INT4
                               : TYPE_INT8,
            count);
        for (size_t i = 0; i < batch->sequence_count; i++) {
            const struct sequence *sequence = &batch->sequences[i];
            if (!is_expectation(batch, schema, sequence)) {
                continue;
            }
            if (part == ID) {
                quipu_postgres_binary_put_bytes(arguments, sequence->id);
            } else if (part == EXPECTED) {
                quipu_postgres_binary_put_int4(arguments, sequence->expected);
            } else {
                quipu_postgres_binary_put_int8(arguments,
                                               sequence->expected_last);
            }
        }
        quipu_postgres_binary_array_end(arguments);
    }
}

/* --------------------------------------------------------------------- rows */

static enum type type_of(int kind)
{
    static const enum type types[] = {
        [QUIPU_VALUE_BOOL] = TYPE_BOOL,        [QUIPU_VALUE_INT] = TYPE_INT8,
        [QUIPU_VALUE_DOUBLE] = TYPE_FLOAT8,    [QUIPU_VALUE_TEXT] = TYPE_TEXT,
        [QUIPU_VALUE_BYTES] = TYPE_BYTEA,      [QUIPU_VALUE_UUID] = TYPE_UUID,
        [QUIPU_VALUE_TIME] = TYPE_TIMESTAMPTZ,
    };
    return types[kind];
}

/* An array with one part of all rows of a schema. */
static void add_field(const struct batch *batch, uint32_t schema,
                      struct arguments *arguments, size_t field, enum type type)
{
    quipu_postgres_binary_array_begin(arguments, type,
                                      batch->schemas[schema].items);
    for (size_t i = 0; i < batch->row_count; i++) {
        const struct row *row = &batch->rows[i];
        if (row->schema != schema) {
            continue;
        }
        if (field == FIELD_POSITION) { /* the row's, not the item's */
            quipu_postgres_binary_put_int8(arguments, row->position);
        } else {
            quipu_postgres_batch_put_field(arguments, row->item, field);
        }
    }
    quipu_postgres_binary_array_end(arguments);
}

static void add_bases(const struct batch *batch, uint32_t schema,
                      struct arguments *arguments)
{
    quipu_postgres_binary_array_begin(arguments, TYPE_INT4,
                                      batch->schemas[schema].items);
    for (size_t i = 0; i < batch->row_count; i++) {
        if (batch->rows[i].schema == schema) {
            quipu_postgres_binary_put_int4(arguments, batch->rows[i].base);
        }
    }
    quipu_postgres_binary_array_end(arguments);
}

/* The parameters from $7 on, in the order of {all} in sql/template.c. */
static void add_rows(const struct batch *batch, uint32_t index,
                     struct arguments *arguments)
{
    const struct schema_batch *part = &batch->schemas[index];
    const quipu_schema *schema = &part->bound->schema;
    add_field(batch, index, arguments, FIELD_SEQUENCE,
              quipu_postgres_batch_id_type(part));
    add_field(batch, index, arguments, FIELD_POSITION, TYPE_INT8);
    if (part->has_relative) {
        add_bases(batch, index, arguments);
    }
    add_field(batch, index, arguments, FIELD_TOPIC, TYPE_TEXT);
    add_field(batch, index, arguments, FIELD_STATE, TYPE_BYTEA);
    if (schema->event_id) {
        add_field(batch, index, arguments, FIELD_EVENT_ID, TYPE_UUID);
    }
    if (schema->metadata) {
        add_field(batch, index, arguments, FIELD_METADATA, TYPE_BYTEA);
    }
    if (schema->time) {
        add_field(batch, index, arguments, FIELD_TIME, TYPE_TIMESTAMPTZ);
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        add_field(batch, index, arguments, FIELD_COLUMN + i,
                  type_of(schema->columns[i].kind));
    }
}

/* ------------------------------------------------------------------ sending */

/* $1 and $2 of all statements here. */
static void begin_arguments(const struct batch *batch, uint32_t schema,
                            struct arguments *arguments)
{
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_int4(arguments,
                                   batch->datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments,
                                   batch->schemas[schema].bound->number);
}

static void send_schema(struct batch *batch, uint32_t index,
                        struct connection *connection)
{
    const struct schema_batch *schema = &batch->schemas[index];
    struct arguments *arguments = &connection->arguments;
    begin_arguments(batch, index, arguments);
    quipu_postgres_binary_add_int8(arguments, (int64_t)schema->items);
    quipu_postgres_pipeline_send(connection,
                                 &batch->datastore->sql[SQL_HEAD_RAISE]);
    if (schema->items == 0) {
        return;
    }
    begin_arguments(batch, index, arguments);
    quipu_postgres_binary_add_int8(arguments, (int64_t)schema->items);
    add_expectations(batch, index, arguments);
    add_rows(batch, index, arguments);
    quipu_postgres_pipeline_send(
        connection, &schema->bound->sql[schema->has_relative ? SQL_INSERT_NEXT
                                                             : SQL_INSERT]);
}

static void send_tracking(struct batch *batch,
                          const struct tracking_update *update,
                          struct connection *connection)
{
    struct arguments *arguments = &connection->arguments;
    const quipu_tracking *last = update->last;
    begin_arguments(batch, update->schema, arguments);
    quipu_postgres_binary_add_bytes(arguments, last->consumer);
    quipu_postgres_binary_add_bytes(arguments, last->log);
    quipu_postgres_binary_add_int8(arguments, last->position.notification_id);
    quipu_postgres_binary_add_bytes(
        arguments, (quipu_bytes){ last->position.store.bytes, 16 });
    quipu_postgres_binary_add_bytes(
        arguments, (quipu_bytes){ last->position.event_id.bytes, 16 });
    quipu_postgres_binary_add_int8(arguments, update->below);
    quipu_postgres_pipeline_send(connection,
                                 &batch->datastore->sql[SQL_TRACKING_WRITE]);
}

static int compare(quipu_bytes a, quipu_bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_keys(const quipu_tracking *a, const quipu_tracking *b)
{
    int order = compare(a->consumer, b->consumer);
    return order != 0 ? order : compare(a->log, b->log);
}

/* All batches write, and thereby lock, the records in the same order, so that
 * they cannot wait for each other (INV4 of append.c). */
static void sort_tracking(struct batch *batch)
{
    for (size_t i = 1; i < batch->tracking_count; i++) {
        struct tracking_update update = batch->tracking[i];
        size_t j = i;
        for (; j > 0 &&
               compare_keys(batch->tracking[j - 1].last, update.last) > 0;
             j--) {
            batch->tracking[j] = batch->tracking[j - 1];
        }
        batch->tracking[j] = update;
    }
}

/* Returns true if a schema's head is to be written: with rows to store, or if a
 * request repeats one that may have been committed with relaxed durability.  A
 * transaction that changes nothing would not be flushed to disk. */
static bool is_written(const struct batch *batch,
                       const struct schema_batch *schema)
{
    return schema->items > 0 || (schema->has_repeats && !batch->accepted);
}

unsigned quipu_postgres_insert_send(struct batch *batch,
                                    struct connection *connection)
{
    unsigned answers = 0;
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        const struct schema_batch *schema = &batch->schemas[i];
        if (is_written(batch, schema)) {
            send_schema(batch, i, connection);
            answers += schema->items > 0 ? 2 : 1;
        }
    }
    sort_tracking(batch);
    for (size_t i = 0; i < batch->tracking_count; i++) {
        if (batch->tracking[i].write) {
            send_tracking(batch, &batch->tracking[i], connection);
            answers++;
        }
    }
    return answers;
}

/* ---------------------------------------------------------------- receiving */

/* Takes the positions that SQL_INSERT_NEXT returns.  Its rows are matched by
 * their notification ids, since SQL promises no order. */
static void take_positions(struct batch *batch, uint32_t index,
                           const PGresult *result)
{
    const struct schema_batch *schema = &batch->schemas[index];
    for (size_t i = 0; i < batch->row_count; i++) {
        struct row *row = &batch->rows[i];
        int line = (int)row->nth - 1;
        if (row->schema == index && line < PQntuples(result) &&
            quipu_postgres_binary_get_int(result, line, 0) ==
                schema->head + row->nth) {
            row->position = quipu_postgres_binary_get_int(result, line, 1);
        }
    }
}

static void take_head(struct schema_batch *schema, const PGresult *result)
{
    schema->exists = PQntuples(result) == 1;
    if (schema->exists) {
        schema->head = quipu_postgres_binary_get_int(result, 0, 0) -
                       (int64_t)schema->items;
    }
}

void quipu_postgres_insert_take_answer(struct batch *batch, unsigned nth,
                                       PGresult *result)
{
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        struct schema_batch *schema = &batch->schemas[i];
        unsigned answers = schema->items > 0 ? 2 : 1;
        if (!is_written(batch, schema)) {
            continue;
        }
        if (nth >= answers) {
            nth -= answers;
            continue;
        }
        if (nth == 0) {
            take_head(schema, result);
        } else if (schema->has_relative) {
            take_positions(batch, i, result);
        }
        return;
    }
    /* A tracking record's: not written if the schema has no head. */
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        if (batch->schemas[i].items == 0) {
            batch->schemas[i].exists = strcmp(PQcmdTuples(result), "1") == 0;
        }
    }
}

void quipu_postgres_insert_set_results(struct batch *batch)
{
    const struct row *row = batch->rows;
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_request *request = &batch->requests[i];
        quipu_result *result = &batch->results[i];
        if (request->item_count > 0) {
            result->first_notification_id =
                batch->schemas[row->schema].head + row->nth;
        }
        for (size_t j = 0; j < request->item_count; j++, row++) {
            if (result->positions) {
                result->positions[j] = row->position;
            }
        }
    }
}
