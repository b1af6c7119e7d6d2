/* SPDX-License-Identifier: Apache-2.0 */
/*
 * F5: further columns that are added to a schema with items, and handles that
 * were opened before.
 *
 * The state of each item names a number and the columns that its writer had.
 * The values of its columns follow from the number, so that each reader can
 * check each item: of the columns that the reader has, those of the writer have
 * their values, and the others NULL.
 */
#include "case.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST QUIPU_COLUMNS_MAX

/* ---------------------------------------------------------- schemas, items */

static const quipu_column *columns_of(struct quipu_context *ctx)
{
    static const int32_t kinds[] = { QUIPU_VALUE_INT, QUIPU_VALUE_TEXT,
                                     QUIPU_VALUE_DOUBLE };
    quipu_column *columns =
        quipu_context_allocate(ctx, MOST * sizeof(*columns));

    for (size_t i = 0; i < MOST; i++) {
        columns[i].name = quipu_context_format(ctx, "Column %zu", i);
        columns[i].kind = kinds[i % 3];
    }
    return columns;
}

/* Returns a new schema with `count` columns, which is not set up yet. */
static quipu_schema *schema_with(struct quipu_context *ctx, unsigned shape,
                                 size_t count)
{
    quipu_schema *schema = quipu_context_schema(ctx, shape);

    schema->columns = columns_of(ctx);
    schema->column_count = count;
    return schema;
}

/* Changes a schema that is set up, and *schema with it, so that it has `count`
 * columns. */
static void alter(quipu_datastore *datastore, quipu_schema *schema,
                  size_t count)
{
    quipu_schema wanted = *schema;
    int status;

    wanted.column_count = count;
    status = quipu_datastore_alter(datastore, &wanted, ERR);
    if (status == QUIPU_UNSUPPORTED) {
        quipu_assertion_inapplicable("the driver adds no columns");
    }
    OK(status);
    schema->column_count = count;
}

/* Appends an item; its number is a part of its state. */
static void append(struct quipu_context *ctx, quipu_records *records,
                   quipu_bytes sequence, int number)
{
    const quipu_schema *schema = quipu_records_schema(records);
    size_t count = schema->column_count;
    struct quipu_builder *b = quipu_builder_create(ctx, records, 1);
    quipu_value *values =
        quipu_context_allocate(ctx, (count + 1) * sizeof(*values));
    quipu_item *item = quipu_builder_add_next(
        b, sequence, quipu_context_format(ctx, "%d of %zu", number, count));

    for (size_t i = 0; i < count; i++) {
        values[i].kind = schema->columns[i].kind;
        if (values[i].kind == QUIPU_VALUE_INT) {
            values[i].as.integer = 100 * number + (int64_t)i;
        } else if (values[i].kind == QUIPU_VALUE_DOUBLE) {
            values[i].as.real = 100.0 * number + (double)i;
        } else {
            values[i].as.bytes = quipu_bytes_of_text(
                quipu_context_format(ctx, "%d.%zu", number, i));
        }
    }
    item->columns = count > 0 ? values : NULL;
    item->column_count = count;
    if (schema->metadata) {
        item->metadata = quipu_bytes_of_text("m");
    }
    if (schema->time) {
        item->flags |= QUIPU_ITEM_TIME;
        item->time.microseconds = number;
    }
    OK(quipu_builder_append(b));
}

static void check_value(const quipu_value *value, int number, size_t i)
{
    char text[40];

    snprintf(text, sizeof(text), "%d.%zu", number, i);
    switch (value->kind) {
    case QUIPU_VALUE_INT:
        CHECK(value->as.integer == 100 * number + (int64_t)i,
              "column %zu of item %d is %" PRId64, i, number,
              value->as.integer);
        break;
    case QUIPU_VALUE_DOUBLE:
        CHECK(value->as.real == 100.0 * number + (double)i,
              "column %zu of item %d is %g", i, number, value->as.real);
        break;
    default:
        CHECK(quipu_bytes_equal(value->as.bytes, quipu_bytes_of_text(text)),
              "column %zu of item %d has other bytes", i, number);
    }
}

/* Checks an item as a reader of the schema has to see it. */
static void check_item(const quipu_schema *schema, const quipu_item *item)
{
    char state[40] = "";
    char *end;
    int number;
    size_t stored;

    CHECK(item->state.size < sizeof(state), "a state is too long");
    memcpy(state, item->state.data, item->state.size);
    number = (int)strtol(state, &end, 10);
    CHECK(end != state && strncmp(end, " of ", 4) == 0,
          "the state \"%s\" is not one that was appended", state);
    stored = strtoul(end + 4, NULL, 10);
    CHECK(item->column_count == schema->column_count,
          "item %d was read with %zu columns instead of %zu", number,
          item->column_count, schema->column_count);
    CHECK(!schema->metadata ||
              quipu_bytes_equal(item->metadata, quipu_bytes_of_text("m")),
          "item %d has other metadata", number);
    CHECK(!schema->time || (item->flags & QUIPU_ITEM_TIME &&
                            item->time.microseconds == number),
          "item %d has another time", number);
    for (size_t i = 0; i < item->column_count; i++) {
        const quipu_value *value = &item->columns[i];

        if (i >= stored) {
            CHECK(value->kind == QUIPU_VALUE_NULL,
                  "column %zu of item %d, which was stored without it, has a "
                  "value of kind %d",
                  i, number, value->kind);
            continue;
        }
        CHECK(value->kind == schema->columns[i].kind,
              "column %zu of item %d has kind %d instead of %d", i, number,
              value->kind, schema->columns[i].kind);
        check_value(value, number, i);
    }
}

static size_t check_cursor(quipu_records *records, quipu_cursor *cursor)
{
    const quipu_item *item = NULL;
    size_t count = 0;

    for (;; count++) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        if (!item) {
            break;
        }
        check_item(quipu_records_schema(records), item);
    }
    quipu_cursor_close(cursor);
    return count;
}

/* Reads the log in both directions, and each sequence of it. */
static void check_items(struct quipu_context *ctx, quipu_records *records,
                        size_t expected)
{
    const quipu_query backwards = { .struct_size = sizeof(backwards),
                                    .flags = QUIPU_QUERY_DESCENDING };
    struct quipu_item_list list = quipu_item_list_check_log(ctx, records);
    quipu_cursor *cursor = NULL;

    CHECK(list.count == expected, "the log has %zu items instead of %zu",
          list.count, expected);
    OK(quipu_records_read_log(records, NULL, &cursor, ERR));
    CHECK(check_cursor(records, cursor) == expected, "the log has changed");
    OK(quipu_records_read_log(records, &backwards, &cursor, ERR));
    CHECK(check_cursor(records, cursor) == expected, "the log has changed");
    for (size_t i = 0; i < list.count; i++) {
        OK(quipu_records_read(records, quipu_id_bytes(&list.at[i].sequence),
                              NULL, &cursor, ERR));
        CHECK(check_cursor(records, cursor) > 0, "a sequence is empty");
    }
}

/* ------------------------------------------------------------ one process */

static void stored_items(struct quipu_context *ctx)
{
    static const unsigned shapes[] = { 0,
                                       QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME |
                                           QUIPU_SHAPE_NAMED,
                                       QUIPU_SHAPE_NO_EVENT_ID };
    quipu_datastore *d = quipu_context_datastore(ctx);

    for (size_t i = 0; i < 3; i++) {
        quipu_schema *schema = schema_with(ctx, shapes[i], 3 * i);
        quipu_bytes s = quipu_context_sequence(ctx);
        size_t counts[] = { 3 * i, 3 * i + 2, 3 * i + 3, MOST };
        int number = 0;

        quipu_context_setup(ctx, schema);
        for (size_t step = 0; step < 4; step++) {
            quipu_records *r;

            if (step > 0) {
                alter(d, schema, counts[step]);
                alter(d, schema, counts[step]);
            }
            r = quipu_context_bind(ctx, d, schema);
            check_items(ctx, r, (size_t)number);
            append(ctx, r, s, number++);
            append(ctx, r, quipu_context_sequence(ctx), number++);
            check_items(ctx, r, (size_t)number);
            quipu_context_unbind(ctx, r);
        }
    }
}

static void former_handles(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = schema_with(ctx, QUIPU_SHAPE_TIME, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_cursor *cursor = NULL;
    quipu_records *r[5];
    int number = 0;

    quipu_context_setup(ctx, schema);
    for (size_t step = 0; step < 5; step++) {
        if (step > 0) {
            alter(d, schema, step);
        }
        r[step] = quipu_context_bind(ctx, d, schema);
        for (size_t i = 0; i <= step; i++) {
            append(ctx, r[i], s, number++);
            append(ctx, r[i], quipu_context_sequence(ctx), number++);
        }
        for (size_t i = 0; i <= step; i++) {
            check_items(ctx, r[i], (size_t)number);
        }
    }
    OK(quipu_records_read(r[1], s, NULL, &cursor, ERR));
    alter(d, schema, 9);
    append(ctx, r[2], s, number++);
    CHECK(check_cursor(r[1], cursor) == 15,
          "a cursor does not go on after the alteration");
}

/* A handle that does not know a column must not leave it when it erases. */
static void erasing(struct quipu_context *ctx)
{
    const quipu_erasure all = { .struct_size = sizeof(all),
                                .lower = INT64_MIN,
                                .upper = INT64_MAX };
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = schema_with(ctx, QUIPU_SHAPE_METADATA, 1);
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    quipu_records *former, *present;
    int64_t erased = 0;
    int status;

    quipu_context_setup(ctx, schema);
    former = quipu_context_bind(ctx, d, schema);
    append(ctx, former, quipu_context_sequence(ctx), 1);
    alter(d, schema, 3);
    present = quipu_context_bind(ctx, d, schema);
    append(ctx, present, quipu_context_sequence(ctx), 2);
    status = quipu_records_erase(former, &all, &erased, ERR);
    if (status == QUIPU_NOT_FOUND) {
        CHECK(erased == 0, "%" PRId64 " items were erased in part", erased);
        check_items(ctx, present, 2);
        check_items(ctx, former, 2);
        status = quipu_records_erase(present, &all, &erased, ERR);
    }
    OK(status);
    CHECK(erased == 2, "%" PRId64 " items were erased instead of 2", erased);
    append(ctx, former, quipu_context_sequence(ctx), 3);
    OK(quipu_records_read_log(present, NULL, &cursor, ERR));
    for (int n = 0; n < 2; n++) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        CHECK(item && item->flags & QUIPU_ITEM_ERASED && !item->metadata.data,
              "an item is not erased");
        for (size_t i = 0; i < 3; i++) {
            CHECK(item->columns[i].kind == QUIPU_VALUE_NULL,
                  "column %zu of item %d keeps its value", i, n + 1);
        }
    }
    OK(quipu_cursor_next(cursor, &item, ERR));
    check_item(schema, item);
    quipu_cursor_close(cursor);
}

/* A repeat of what was stored before is a repeat (U3). */
static void repeats(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = schema_with(ctx, 0, 0);
    quipu_records *former, *present;
    struct quipu_builder *b;
    quipu_value null = { .kind = QUIPU_VALUE_NULL };

    quipu_context_setup(ctx, schema);
    former = quipu_context_bind(ctx, d, schema);
    b = quipu_builder_create(ctx, former, 1);
    quipu_builder_add_next(b, quipu_context_sequence(ctx), "x");
    OK(quipu_builder_append(b));
    alter(d, schema, 1);
    present = quipu_context_bind(ctx, d, schema);
    OK(quipu_builder_append(b));
    CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
          "an append that was stored before the alteration is no repeat");
    b->records = present;
    b->items[0].columns = &null;
    b->items[0].column_count = 1;
    OK(quipu_builder_append(b));
    CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
          "an append that was stored before the alteration is no repeat");
}

/* --------------------------------------------------------------- refusals */

/* Each difference that is no column at the end is refused, and changes
 * nothing. */
static void other_changes(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = schema_with(ctx, 0, 3), *none;
    quipu_column changed[MOST];
    quipu_records *r;

    quipu_context_setup(ctx, schema);
    append(ctx, quipu_context_bind(ctx, d, schema), quipu_context_sequence(ctx),
           1);
    alter(d, schema, 4);
    memcpy(changed, schema->columns, sizeof(changed));
    for (unsigned i = 0; i < 12; i++) {
        quipu_schema wrong = *schema;
        quipu_column wrong_columns[MOST];

        memcpy(wrong_columns, changed, sizeof(changed));
        wrong.columns = wrong_columns;
        wrong.column_count = 5;
        switch (i) {
        case 0:
            wrong.metadata = "metadata";
            break;
        case 1:
            wrong.time = "stored_at";
            break;
        case 2:
            wrong.event_id = NULL;
            break;
        case 3:
            wrong.flags ^= QUIPU_SCHEMA_TEXT_IDS;
            break;
        case 4:
            wrong.flags ^= QUIPU_SCHEMA_SPARSE;
            break;
        case 5:
            wrong.state = "data";
            break;
        case 6:
            wrong.column_count = 3;
            break;
        case 7:
            wrong_columns[2].kind = QUIPU_VALUE_BYTES;
            break;
        case 8: /* in the middle */
            wrong_columns[1] = changed[4];
            wrong_columns[4] = changed[1];
            break;
        case 9:
            wrong_columns[3].name = "another";
            break;
        case 10:
            wrong.sequence_id = "another";
            break;
        default:
            wrong.column_count = 0;
        }
        RETURNS(QUIPU_CONFLICT, quipu_datastore_alter(d, &wrong, ERR));
        CHECK(strlen(ERR->message) > 0, "there is no message for change %u", i);
        check_items(ctx, quipu_context_bind(ctx, d, schema), 1);
    }
    none = schema_with(ctx, 0, 1);
    RETURNS(QUIPU_NOT_FOUND, quipu_datastore_alter(d, none, ERR));
    none = schema_with(ctx, QUIPU_SHAPE_NO_EVENT_ID, 1);
    quipu_context_setup(ctx, none);
    {
        quipu_schema wrong = *none;

        wrong.event_id = "event_id";
        RETURNS(QUIPU_CONFLICT, quipu_datastore_alter(d, &wrong, ERR));
    }
    r = quipu_context_bind(ctx, d, none);
    check_items(ctx, r, 0);
}

static void former_definition(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = schema_with(ctx, 0, 1);
    quipu_schema former = *schema, next;
    quipu_records *r;

    quipu_context_setup(ctx, schema);
    next = *schema;
    next.column_count = 2;
    RETURNS(QUIPU_CONFLICT, quipu_records_open(d, &next, &r, ERR));
    RETURNS(QUIPU_CONFLICT, quipu_datastore_setup(d, &next, ERR));
    alter(d, schema, 2);
    RETURNS(QUIPU_CONFLICT, quipu_records_open(d, &former, &r, ERR));
    RETURNS(QUIPU_CONFLICT, quipu_datastore_setup(d, &former, ERR));
    OK(quipu_datastore_setup(d, &next, ERR));
    OK(quipu_datastore_teardown(d, schema, ERR));
    *schema = former;
    quipu_context_setup(ctx, schema);
    r = quipu_context_bind(ctx, d, schema);
    append(ctx, r, quipu_context_sequence(ctx), 1);
    check_items(ctx, r, 1);
}

static void readonly(struct quipu_context *ctx)
{
    quipu_schema *schema = schema_with(ctx, 0, 1);
    quipu_schema wanted = *schema;
    quipu_datastore *d;

    wanted.column_count = 2;
    quipu_context_setup(ctx, schema);
    d = quipu_context_open(ctx, "readonly=yes");
    RETURNS(QUIPU_DENIED, quipu_datastore_alter(d, &wanted, ERR));
    quipu_context_bind(ctx, d, schema);
}

/* --------------------------------------------------------- other schemas */

static void other_schemas(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_datastore *e = quipu_context_open(
        ctx, quipu_context_format(ctx, "namespace=%s", ctx->prefix));
    quipu_schema *schema = schema_with(ctx, 0, 1);
    quipu_schema *beside = schema_with(ctx, 0, 1);
    quipu_schema namesake = *schema;
    quipu_records *a, *b, *c;

    quipu_context_setup(ctx, schema);
    quipu_context_setup(ctx, beside);
    OK(quipu_datastore_setup(e, &namesake, ERR));
    a = quipu_context_bind(ctx, d, beside);
    b = quipu_context_bind(ctx, e, &namesake);
    append(ctx, a, quipu_context_sequence(ctx), 1);
    append(ctx, b, quipu_context_sequence(ctx), 2);
    alter(d, schema, 3);
    c = quipu_context_bind(ctx, d, schema);
    append(ctx, c, quipu_context_sequence(ctx), 3);
    a = quipu_context_bind(ctx, d, beside);
    b = quipu_context_bind(ctx, e, &namesake);
    append(ctx, a, quipu_context_sequence(ctx), 4);
    append(ctx, b, quipu_context_sequence(ctx), 5);
    check_items(ctx, a, 2);
    check_items(ctx, b, 2);
    check_items(ctx, c, 1);

    /* The namesake gets the same columns, and one more. */
    alter(e, &namesake, 4);
    b = quipu_context_bind(ctx, e, &namesake);
    append(ctx, b, quipu_context_sequence(ctx), 6);
    check_items(ctx, b, 3);
    check_items(ctx, quipu_context_bind(ctx, d, schema), 1);
    OK(quipu_datastore_teardown(e, &namesake, ERR));
    append(ctx, c, quipu_context_sequence(ctx), 7);
    check_items(ctx, c, 2);
}

/* ---------------------------------------------------------- beside appends */

#define WRITERS 6
#define ADDED 6 /* columns in one round */

struct appending {
    struct quipu_context *ctx;
    quipu_datastore *datastore;
    quipu_schema *schema;
    quipu_records *records[WRITERS];
    unsigned appends;
    _Atomic int number;
    atomic_uint at_work;
};

/* Thread 0 adds columns; the others append by the definitions that they know,
 * two of them by those that come meanwhile. */
static void append_or_alter(void *context, unsigned i)
{
    struct appending *all = context;

    if (i == 0) {
        quipu_schema mine = *all->schema;

        for (size_t n = 0; n < ADDED; n++) {
            quipu_context_sleep(2000);
            alter(all->datastore, &mine, mine.column_count + 1);
        }
        atomic_fetch_sub(&all->at_work, 1);
        return;
    }
    for (unsigned n = 0; n < all->appends || atomic_load(&all->at_work); n++) {
        quipu_records *r = all->records[i];

        append(all->ctx, r, quipu_context_sequence(all->ctx),
               atomic_fetch_add(&all->number, 1));
    }
}

static void beside_appends(struct quipu_context *ctx)
{
    struct appending all = { .ctx = ctx,
                             .datastore = quipu_context_datastore(ctx),
                             .schema = schema_with(ctx, 0, 0),
                             .appends = 30 };

    quipu_context_setup(ctx, all.schema);
    for (unsigned round = 0; round < quipu_context_scale(ctx, 2, 6, 10);
         round++) {
        /* Each second writer has the former definition of the round before. */
        for (unsigned i = 1; i < WRITERS; i++) {
            if (round == 0 || i % 2 == 0) {
                all.records[i] =
                    quipu_context_bind(ctx, all.datastore, all.schema);
            }
        }
        atomic_store(&all.at_work, 1);
        quipu_workers_run_threads(WRITERS, append_or_alter, &all);
        all.schema->column_count += ADDED;
    }
    check_items(ctx, quipu_context_bind(ctx, all.datastore, all.schema),
                (size_t)all.number);
    check_items(ctx, all.records[1], (size_t)all.number);
}

/* ------------------------------------------------------- several processes */

struct race {
    quipu_schema *schema;
    atomic_uint added; /* by processes that each wanted another column */
};

/* All processes add the same columns. */
static void add_same(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema mine = *race->schema;

    alter(d, &mine, 2);
    append(ctx, quipu_context_bind(ctx, d, &mine), quipu_context_sequence(ctx),
           (int)i);
}

/* Each process adds a column of its own at the same place. */
static void add_other(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema mine = *race->schema;
    quipu_column columns[3];
    int status;

    memcpy(columns, mine.columns, sizeof(columns));
    columns[2].name = quipu_context_format(ctx, "own %u", i);
    mine.columns = columns;
    mine.column_count = 3;
    status = quipu_datastore_alter(d, &mine, ERR);
    CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT,
          "an alteration returns %s: %s", quipu_status_name(status),
          ERR->message);
    if (status == QUIPU_OK) {
        atomic_fetch_add(&race->added, 1);
        append(ctx, quipu_context_bind(ctx, d, &mine),
               quipu_context_sequence(ctx), 100);
    }
}

static void run_processes(struct quipu_context *ctx, struct race *race,
                          quipu_workers_body *body)
{
    struct quipu_workers workers;

    quipu_context_close_all(ctx);
    workers = quipu_workers_start(ctx, 4, body, race);
    quipu_workers_release(&workers);
    quipu_workers_join(&workers);
}

static void by_processes(struct quipu_context *ctx)
{
    struct race *race = quipu_workers_share_memory(sizeof(*race));
    quipu_schemas *list = NULL;
    const quipu_schema *row = NULL;
    quipu_datastore *d;

    race->schema = schema_with(ctx, 0, 0);
    quipu_context_setup(ctx, race->schema);
    run_processes(ctx, race, add_same);
    race->schema->column_count = 2;
    run_processes(ctx, race, add_other);
    CHECK(atomic_load(&race->added) == 1,
          "%u of four different columns at one place were added",
          atomic_load(&race->added));
    d = quipu_context_datastore(ctx);
    OK(quipu_schemas_open(d, &list, ERR));
    for (;;) {
        OK(quipu_schemas_next(list, &row, ERR));
        CHECK(row, "the schema is not listed");
        if (strcmp(row->table, race->schema->table) == 0) {
            break;
        }
    }
    CHECK(row->column_count == 3, "the catalogue has %zu columns instead of 3",
          row->column_count);
    check_items(ctx, quipu_context_bind(ctx, d, row), 5);
    OK(quipu_datastore_setup(d, row, ERR));
    quipu_schemas_close(list);
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "F5.stored-items-have-null",
      "A program of today reads the events of ten years ago, which lack its "
      "columns.",
      stored_items, LOG, 0, 0 },
    { "F5.former-handles-go-on",
      "A service that runs while an operator adds a column goes on until it is "
      "replaced.",
      former_handles, LOG, 0, 0 },
    { "F5.former-handles-erase-all-or-nothing",
      "Personal data may be in a column that the program which erases them "
      "does not know.",
      erasing, LOG | QUIPU_CAN_ERASE, 0, 0 },
    { "F5.repeats-of-former-appends",
      "An append whose outcome was unknown is repeated after the alteration.",
      repeats, LOG, 0, 0 },
    { "F5.only-columns-at-the-end",
      "Whatever would change the meaning of stored items is refused.",
      other_changes, LOG, 0, 0 },
    { "F5.former-definition-conflicts",
      "A program that does not know a column would leave it empty for ever.",
      former_definition, LOG, 0, 0 },
    { "F5.readonly-alters-nothing", "A reader changes no byte of the store.",
      readonly, QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "F5.other-schemas-are-unchanged",
      "A tenant whose program is not upgraded yet keeps its schema.",
      other_schemas, LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "F5.beside-appends",
      "Nobody stops a busy service for a column, and one commit may have items "
      "of both definitions.",
      beside_appends, LOG, 0, 0 },
    { "F5.several-processes-at-once",
      "The processes of a new version start at the same time, and each adds "
      "the column.",
      by_processes, LOG | QUIPU_CAN_SHARE, 0, 0 },
};
QUIPU_FAMILY(altering);
