/* SPDX-License-Identifier: Apache-2.0 */
/* Storing the rows and tracking records of a batch. */
#include "insert.h"

#include "net/errors.h"

#include "common/safeguard.h"

#include <string.h>

#define TRACKING_ANSWERS 2

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

/* The one item of a batch has no array. */
static void add_scalar(const struct batch *batch, struct arguments *arguments,
                       size_t field)
{
    quipu_postgres_binary_scalar_begin(arguments);
    quipu_postgres_batch_put_field(arguments, batch->rows[0].item, field);
    quipu_postgres_binary_scalar_end(arguments);
}

/* Topics, states and the columns behind them, in the order of {all} in
 * sql/template.c: arrays, or those of the one item. */
static void add_contents(const struct batch *batch, uint32_t index,
                         struct arguments *arguments, bool one)
{
    const quipu_schema *schema = &batch->schemas[index].bound->schema;
    const struct {
        bool exists;
        enum type type;
    } fixed[] = {
        [FIELD_TOPIC] = { true, TYPE_TEXT },
        [FIELD_STATE] = { true, TYPE_BYTEA },
        [FIELD_EVENT_ID] = { schema->event_id != NULL, TYPE_UUID },
        [FIELD_METADATA] = { schema->metadata != NULL, TYPE_BYTEA },
        [FIELD_TIME] = { schema->time != NULL, TYPE_TIMESTAMPTZ },
    };
    for (size_t field = FIELD_TOPIC;
         field < FIELD_COLUMN + schema->column_count; field++) {
        bool further = field >= FIELD_COLUMN;
        if (!further && !fixed[field].exists) {
            continue;
        }
        if (one) {
            add_scalar(batch, arguments, field);
        } else {
            add_field(batch, index, arguments, field,
                      further
                          ? type_of(schema->columns[field - FIELD_COLUMN].kind)
                          : fixed[field].type);
        }
    }
}

/* The parameters from $7 on. */
static void add_rows(const struct batch *batch, uint32_t index,
                     struct arguments *arguments)
{
    const struct schema_batch *part = &batch->schemas[index];
    add_field(batch, index, arguments, FIELD_SEQUENCE,
              quipu_postgres_batch_id_type(part));
    add_field(batch, index, arguments, FIELD_POSITION, TYPE_INT8);
    if (part->has_relative) {
        add_bases(batch, index, arguments);
    }
    add_contents(batch, index, arguments, false);
}

/* ------------------------------------------------------------------ sending */

/* $1 and $2 of all statements here but those that remove a tracking record. */
static void begin_arguments(const struct batch *batch, uint32_t schema,
                            struct arguments *arguments)
{
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_int4(arguments,
                                   batch->datastore->namespace_number);
    quipu_postgres_binary_add_int8(
        arguments,
        schema == NO_SCHEMA ? 0 : batch->schemas[schema].bound->number);
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
        connection, &schema->bound->sql[schema->is_checked ? SQL_INSERT_CHECKED
                                        : schema->has_relative ? SQL_INSERT_NEXT
                                                               : SQL_INSERT]);
    if (schema->is_checked) {
        return;
    }
    begin_arguments(batch, index, arguments);
    quipu_postgres_binary_add_int8(arguments, (int64_t)schema->items);
    quipu_postgres_pipeline_send(connection, &schema->bound->sql[SQL_STORED]);
}

static void send_run(struct batch *batch, struct connection *connection)
{
    const struct schema_batch *schema = &batch->schemas[0];
    struct arguments *arguments = &connection->arguments;
    int64_t first = batch->rows[0].position;
    bool one = schema->items == 1;
    begin_arguments(batch, 0, arguments);
    quipu_postgres_binary_add_bytes(arguments,
                                    batch->rows[0].item->sequence_id);
    if (schema->sparse || first == 0) {
        quipu_postgres_binary_add_bytes(arguments, (quipu_bytes){ NULL, 0 });
    } else {
        quipu_postgres_binary_add_int8(arguments, first - 1);
    }
    quipu_postgres_binary_add_int8(arguments, first);
    if (!one) {
        quipu_postgres_binary_add_int8(arguments, (int64_t)schema->items);
    }
    add_contents(batch, 0, arguments, one);
    quipu_postgres_pipeline_send(
        connection, &schema->bound->sql[one ? SQL_INSERT_ONE : SQL_INSERT_RUN]);
}

static void send_removal(struct batch *batch, const quipu_tracking *record,
                         struct connection *connection)
{
    static const enum catalogue_sql statements[TRACKING_ANSWERS] = {
        SQL_TRACKING_REMOVE, SQL_TRACKING_REMOVED
    };
    struct arguments *arguments = &connection->arguments;
    for (size_t i = 0; i < TRACKING_ANSWERS; i++) {
        quipu_postgres_binary_begin(arguments);
        quipu_postgres_binary_add_int4(arguments,
                                       batch->datastore->namespace_number);
        quipu_postgres_binary_add_bytes(arguments, record->consumer);
        quipu_postgres_binary_add_bytes(arguments, record->log);
        quipu_postgres_pipeline_send(connection,
                                     &batch->datastore->sql[statements[i]]);
    }
}

static void send_tracking(struct batch *batch,
                          const struct tracking_update *update,
                          struct connection *connection)
{
    struct arguments *arguments = &connection->arguments;
    const quipu_tracking *last = update->last;
    bool bare = update->schema == NO_SCHEMA;
    if (last->position.notification_id == 0) { /* T2 */
        send_removal(batch, last, connection);
        return;
    }
    begin_arguments(batch, update->schema, arguments);
    quipu_postgres_binary_add_bytes(arguments, last->consumer);
    quipu_postgres_binary_add_bytes(arguments, last->log);
    quipu_postgres_binary_add_int8(arguments, last->position.notification_id);
    quipu_postgres_binary_add_bytes(
        arguments, (quipu_bytes){ last->position.store.bytes, 16 });
    quipu_postgres_binary_add_bytes(
        arguments, (quipu_bytes){ last->position.event_id.bytes, 16 });
    quipu_postgres_binary_add_int8(arguments, update->below);
    quipu_postgres_pipeline_send(
        connection,
        &batch->datastore->sql[bare ? SQL_TRACKING_PUT : SQL_TRACKING_WRITE]);
    begin_arguments(batch, update->schema, arguments);
    quipu_postgres_binary_add_bytes(arguments, last->consumer);
    quipu_postgres_binary_add_bytes(arguments, last->log);
    quipu_postgres_binary_add_int8(arguments, last->position.notification_id);
    quipu_postgres_pipeline_send(
        connection, &batch->datastore->sql[bare ? SQL_TRACKING_PUT_STORED
                                                : SQL_TRACKING_STORED]);
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

static unsigned count_answers(const struct schema_batch *schema)
{
    return schema->items == 0 || schema->is_run ? 1
           : schema->is_checked                 ? 2
                                                : 3;
}

/* Returns true if a batch has items of one sequence at known positions and
 * nothing else, and nothing is expected but that the sequence ends before them:
 * what SQL_INSERT_RUN can do. */
static bool is_run(const struct batch *batch)
{
    const struct schema_batch *schema = &batch->schemas[0];
    const struct sequence *sequence = batch->sequences;
    if (batch->schema_count != 1 || batch->row_count == 0 ||
        schema->has_relative || batch->tracking_count != 0) {
        return false;
    }
    if (schema->sparse) {
        return batch->row_count == 1 &&
               SAFEGUARDED("S3.guard-of-a-sparse-sequence",
                           count_expectations(batch, 0) == 0, true);
    }
    int64_t first = batch->rows[0].position;
    return SAFEGUARDED("S3.guard-of-another-sequence",
                       batch->sequence_count == 1, true) &&
           (first == 0 ? sequence->expected == QUIPU_DEMAND_EMPTY
                       : sequence->expected == QUIPU_DEMAND_LAST &&
                             sequence->expected_last == first - 1);
}

bool quipu_postgres_insert_choose(struct batch *batch, bool checked)
{
    bool run = checked && is_run(batch);
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        struct schema_batch *schema = &batch->schemas[i];
        schema->is_run = run;
        schema->is_checked = checked && !run && !schema->has_relative;
    }
    return run;
}

unsigned quipu_postgres_insert_send(struct batch *batch,
                                    struct connection *connection)
{
    unsigned answers = 0;
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        struct schema_batch *schema = &batch->schemas[i];
        if (schema->is_run) {
            send_run(batch, connection);
            answers++;
        } else if (is_written(batch, schema)) {
            send_schema(batch, i, connection);
            answers += count_answers(schema);
        }
    }
    sort_tracking(batch);
    for (size_t i = 0; i < batch->tracking_count; i++) {
        if (batch->tracking[i].write) {
            send_tracking(batch, &batch->tracking[i], connection);
            answers += TRACKING_ANSWERS;
        }
    }
    return answers;
}

/* ---------------------------------------------------------------- receiving */

/* The subject of an answer. */
enum part {
    PART_HEAD,
    PART_ITEMS,
    PART_STORED,
    PART_TRACKING,
    PART_TRACKING_STORED
};

/* The subject of the `nth` of the answers; *index gets that of the schema
 * batch. */
static enum part part_of(const struct batch *batch, unsigned nth,
                         uint32_t *index)
{
    for (*index = 0; *index < batch->schema_count; (*index)++) {
        const struct schema_batch *schema = &batch->schemas[*index];
        if (!is_written(batch, schema)) {
            continue;
        }
        if (nth < count_answers(schema)) {
            return schema->is_run ? PART_ITEMS : (enum part)(PART_HEAD + nth);
        }
        nth -= count_answers(schema);
    }
    return (enum part)(PART_TRACKING + nth % TRACKING_ANSWERS);
}

bool quipu_postgres_insert_is_checked(const struct batch *batch, unsigned nth)
{
    uint32_t index = 0;
    return part_of(batch, nth, &index) == PART_ITEMS &&
           (batch->schemas[index].is_checked || batch->schemas[index].is_run);
}

bool quipu_postgres_insert_lacks_head(const struct batch *batch)
{
    return batch->schema_count == 1 && batch->schemas[0].is_run &&
           !batch->schemas[0].exists;
}

/* The row of a schema that has a notification id, or NULL.  Rows of the only
 * schema of a batch are in the order of their ids. */
static struct row *find_row(struct batch *batch, uint32_t index, int64_t nth)
{
    if (nth < 1 || nth > (int64_t)batch->schemas[index].items) {
        return NULL;
    }
    if (batch->schema_count == 1) {
        return &batch->rows[nth - 1];
    }
    for (size_t i = (size_t)nth - 1; i < batch->row_count; i++) {
        struct row *row = &batch->rows[i];
        if (row->schema == index && row->nth == nth) {
            return row;
        }
    }
    return NULL;
}

/* Takes the positions that SQL_INSERT_NEXT returns.  Its lines are matched by
 * their notification ids, since SQL promises no order.  If a trigger has
 * suppressed or changed rows, SQL_STORED fails afterwards. */
static void take_positions(struct batch *batch, uint32_t index,
                           const PGresult *result)
{
    struct schema_batch *schema = &batch->schemas[index];
    for (int line = 0; line < PQntuples(result); line++) {
        int64_t id = quipu_postgres_binary_get_int(result, line, 0);
        struct row *row = find_row(batch, index, id - schema->head);
        if (row && !row->is_placed) {
            row->position = quipu_postgres_binary_get_int(result, line, 1);
            row->is_placed = true;
            schema->placed++;
        }
    }
}

/* The notification ids of a run, which follow one another. */
static const char *take_ids(struct schema_batch *schema, const PGresult *result)
{
    int count = PQntuples(result);
    int64_t first = INT64_MAX;
    for (int i = 0; i < count; i++) {
        int64_t id = quipu_postgres_binary_get_int(result, i, 0);
        first = id < first ? id : first;
    }
    schema->exists = count > 0;
    schema->head = first - 1;
    return count > 0 && (size_t)count != schema->items
               ? "it has another number of items"
               : NULL;
}

/* Without a head (the schema was torn down) SQL_STORED fails. */
static const char *take_head(struct schema_batch *schema,
                             const PGresult *result)
{
    schema->exists = PQntuples(result) == 1;
    if (!schema->exists) {
        return NULL;
    }
    schema->head =
        quipu_postgres_binary_get_int(result, 0, 0) - (int64_t)schema->items;
    return schema->head < 0 ? "the head is below the number of items" : NULL;
}

const char *quipu_postgres_insert_take_answer(struct batch *batch, unsigned nth,
                                              const PGresult *result)
{
    uint32_t index = 0;
    enum part part = part_of(batch, nth, &index);
    struct schema_batch *schema = &batch->schemas[index];
    if (part == PART_HEAD) {
        return take_head(schema, result);
    }
    if (schema->is_run) {
        return take_ids(schema, result);
    }
    if (part == PART_ITEMS && schema->has_relative && schema->exists) {
        take_positions(batch, index, result);
    }
    bool missing = part == (schema->is_checked ? PART_ITEMS : PART_STORED) &&
                   (!schema->exists ||
                    (schema->has_relative && schema->placed < schema->items));
    return missing ? "the head or a position is missing" : NULL;
}

/* The head was read under its lock, so the raised one is known. */
int quipu_postgres_insert_check_answer(const struct batch *batch,
                                       const struct lease *lease, unsigned nth,
                                       const PGresult *result)
{
    uint32_t index = 0;
    enum part part = part_of(batch, nth, &index);
    const struct schema_batch *schema = &batch->schemas[index];
    bool failed = PQresultStatus(result) == PGRES_FATAL_ERROR;
    const char *table = NULL;
    if (part == PART_HEAD && !failed) {
        int64_t raised = schema->head + (int64_t)schema->items;
        bool is_raised = PQntuples(result) == 1 &&
                         quipu_postgres_binary_get_int(result, 0, 0) == raised;
        table = is_raised ? NULL : "quipu_heads";
    } else if (failed && quipu_postgres_error_has_state(result, "22012")) {
        table = part == PART_STORED            ? schema->bound->table
                : part == PART_TRACKING_STORED ? "quipu_tracking"
                                               : NULL;
    }
    return table ? quipu_postgres_error_not_stored(lease->datastore, "append",
                                                   table, lease->error)
                 : QUIPU_OK;
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
