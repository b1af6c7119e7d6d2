/* SPDX-License-Identifier: Apache-2.0 */
/* F4: set-up and tear-down. */
#include "case.h"

#include <string.h>

static void setup_twice(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_COLUMNS);
    quipu_records *plain = quipu_context_records(ctx, 0);

    for (unsigned i = 0; i < 3; i++) {
        OK(quipu_datastore_setup(quipu_context_datastore(ctx),
                                 quipu_records_schema(r), ERR));
        OK(quipu_datastore_setup(quipu_context_datastore(ctx),
                                 quipu_records_schema(plain), ERR));
        OK(quipu_builder_append_next(ctx, plain, quipu_context_sequence(ctx)));
    }
    CHECK(quipu_item_list_check_log(ctx, plain).count == 3,
          "set-up has removed items");
}

/* Each way in which a schema can differ from the one that is set up. */
static void other_columns(struct quipu_context *ctx)
{
    quipu_column other_kind[7], other_name[7], another[8];
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = quipu_context_schema(
        ctx, QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME | QUIPU_SHAPE_COLUMNS);
    quipu_records *r;

    memcpy(other_kind, schema->columns, sizeof(other_kind));
    memcpy(other_name, schema->columns, sizeof(other_name));
    memcpy(another, schema->columns, sizeof(other_kind));
    another[7] = (quipu_column){ .name = "more", .kind = QUIPU_VALUE_INT };
    other_kind[4].kind = QUIPU_VALUE_TEXT;
    other_name[6].name = "at";
    quipu_context_setup(ctx, schema);
    for (unsigned i = 0; i < 13; i++) {
        quipu_schema wrong = *schema;

        switch (i) {
        case 0:
            wrong.state = "data";
            break;
        case 1:
            wrong.event_id = NULL;
            break;
        case 2:
            wrong.metadata = NULL;
            break;
        case 3:
            wrong.time = NULL;
            break;
        case 4:
            wrong.flags |= QUIPU_SCHEMA_SPARSE;
            break;
        case 5:
            wrong.flags |= QUIPU_SCHEMA_TEXT_IDS;
            break;
        case 6:
            wrong.column_count = 6;
            break;
        case 7:
            wrong.columns = other_kind;
            break;
        case 8:
            wrong.notification_id = "number";
            break;
        case 9:
            wrong.sequence_id = schema->position;
            wrong.position = schema->sequence_id;
            break;
        case 10:
            wrong.columns = other_name;
            break;
        case 11:
            wrong.columns = another;
            wrong.column_count = 8;
            break;
        default:
            wrong.time = "at";
        }
        RETURNS(QUIPU_CONFLICT, quipu_records_open(d, &wrong, &r, ERR));
        CHECK(strlen(ERR->message) > 0, "there is no message for difference %u",
              i);
        RETURNS(QUIPU_CONFLICT, quipu_datastore_setup(d, &wrong, ERR));
    }
    r = quipu_context_bind(ctx, d,
                           schema); /* the stored definition is unchanged */
}

static void not_set_up(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_records *r;

    RETURNS(QUIPU_NOT_FOUND,
            quipu_records_open(quipu_context_datastore(ctx), schema, &r, ERR));
    RETURNS(QUIPU_NOT_FOUND, quipu_datastore_teardown(
                                 quipu_context_datastore(ctx), schema, ERR));
}

static void torn_down(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_records *r, *other = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);

    OK(quipu_builder_append_next(ctx, other, s));
    for (unsigned i = 0; i < 3; i++) {
        quipu_context_setup(ctx, schema);
        r = quipu_context_bind(ctx, d, schema);
        CHECK(quipu_item_list_count_log(ctx, r) == 0, "a new schema has items");
        quipu_builder_append_many(ctx, r, s, 4);
        CHECK(quipu_item_list_check_log(ctx, r).count == 4,
              "the log does not have four items");
        quipu_context_unbind(ctx, r);
        OK(quipu_datastore_teardown(d, schema, ERR));
        RETURNS(QUIPU_NOT_FOUND, quipu_records_open(d, schema, &r, ERR));
    }
    CHECK(quipu_item_list_check_log(ctx, other).count == 1,
          "another schema has lost items");
}

static bool is_ok_or_not_found(int status)
{
    return status == QUIPU_OK || status == QUIPU_NOT_FOUND;
}

/* Reads a cursor, if opening it has succeeded. */
static void check_cursor(int status, quipu_cursor *cursor)
{
    const quipu_item *item = NULL;
    unsigned count = 0;

    while (status == QUIPU_OK &&
           (status = quipu_cursor_next(cursor, &item, ERR)) == QUIPU_OK &&
           item) {
        count++;
    }
    CHECK(is_ok_or_not_found(status) && count <= 2,
          "a read of a schema that was torn down returns %u items and %s: %s",
          count, quipu_status_name(status), ERR->message);
    quipu_cursor_close(cursor);
}

static void check_sequences(quipu_records *r)
{
    const quipu_sequence *sequence = NULL;
    quipu_sequences *sequences = NULL;
    unsigned count = 0;
    int status = quipu_sequences_open(r, (quipu_bytes){ 0 }, &sequences, ERR);

    while (status == QUIPU_OK &&
           (status = quipu_sequences_next(sequences, &sequence, ERR)) ==
               QUIPU_OK &&
           sequence) {
        count++;
    }
    CHECK(is_ok_or_not_found(status) && count <= 1,
          "of a schema that was torn down %u sequences are listed, and the "
          "status is %s: %s",
          count, quipu_status_name(status), ERR->message);
    quipu_sequences_close(sequences);
}

/* Reads may return the old items, or none, or NOT_FOUND. */
static void check_reads(struct quipu_context *ctx, quipu_records *r,
                        quipu_bytes s)
{
    quipu_cursor *cursor = NULL;
    quipu_position head;
    int64_t number = 0;
    int status = quipu_records_read(r, s, NULL, &cursor, ERR);

    check_cursor(status, cursor);
    check_sequences(r);
    CHECK(is_ok_or_not_found(quipu_records_last(r, s, &number, ERR)),
          "last: %s", ERR->message);
    if (!(ctx->traits & QUIPU_CAN_LOG)) {
        return;
    }
    cursor = NULL;
    status = quipu_records_read_log(r, NULL, &cursor, ERR);
    check_cursor(status, cursor);
    CHECK(is_ok_or_not_found(quipu_records_head(r, &head, ERR)), "head: %s",
          ERR->message);
    status = quipu_records_wait(r, 2, 0, &number, ERR);
    CHECK(is_ok_or_not_found(status) || status == QUIPU_TIMEOUT, "wait: %s",
          ERR->message);
}

/* Open records stay usable for closing only: an append must fail. */
static void torn_down_while_bound(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_records *r;

    quipu_context_setup(ctx, schema);
    r = quipu_context_bind(ctx, d, schema);
    quipu_builder_append_many(ctx, r, s, 2);
    OK(quipu_datastore_teardown(d, schema, ERR));
    RETURNS(QUIPU_NOT_FOUND, quipu_builder_append_next(ctx, r, s));
    RETURNS(QUIPU_NOT_FOUND, quipu_builder_append_at(ctx, r, s, 2));
    check_reads(ctx, r, s);
    quipu_context_unbind(ctx, r);
}

/* --------------------------------------------------- set-up, concurrently */

static void setup_and_use(struct quipu_context *ctx, void *shared, unsigned i)
{
    const quipu_schema *const *schemas = shared;

    for (size_t k = 0; k < 4; k++) {
        quipu_datastore *d = quipu_context_datastore(ctx);
        quipu_records *r;

        OK(quipu_datastore_setup(d, schemas[(i + k) % 4], ERR));
        r = quipu_context_bind(ctx, d, schemas[(i + k) % 4]);
        OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    }
}

static void setup_by_processes(struct quipu_context *ctx)
{
    const quipu_schema **schemas =
        quipu_workers_share_memory(4 * sizeof(*schemas));
    struct quipu_workers workers;

    for (size_t k = 0; k < 4; k++) {
        schemas[k] = quipu_context_schema(ctx, 0);
    }
    workers = quipu_workers_start(ctx, 4, setup_and_use, schemas);
    quipu_workers_release(&workers); /* the store itself does not exist yet */
    quipu_workers_join(&workers);
    for (size_t k = 0; k < 4; k++) {
        quipu_context_setup(ctx, schemas[k]);
        CHECK(quipu_item_list_check_log(
                  ctx, quipu_context_bind(ctx, ctx->main, schemas[k]))
                      .count == 4,
              "the log does not have one item of each process");
    }
}

struct setters {
    quipu_datastore *datastores[8];
    const quipu_schema *schema;
};

static void setup_in_thread(void *context, unsigned i)
{
    struct setters *s = context;

    OK(quipu_datastore_setup(s->datastores[i], s->schema, ERR));
}

static void setup_by_threads(struct quipu_context *ctx)
{
    struct setters s;

    for (unsigned i = 0; i < 8; i++) {
        s.datastores[i] = quipu_context_datastore(ctx);
        if (i > 3 && (ctx->traits & QUIPU_TRAIT_MULTI_OPEN)) {
            s.datastores[i] = quipu_context_open(ctx, NULL);
        }
    }
    for (unsigned round = 0; round < 10; round++) {
        s.schema = quipu_context_schema(ctx, 0);
        quipu_workers_run_threads(8, setup_in_thread, &s);
        quipu_builder_check_schema(ctx, quipu_context_datastore(ctx), s.schema);
        OK(quipu_datastore_teardown(quipu_context_datastore(ctx), s.schema,
                                    ERR));
    }
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "F4.set-up-is-idempotent",
      "Every program sets up its schemas when it starts.", setup_twice, LOG, 0,
      0 },
    { "F4.set-up-by-four-processes",
      "All instances of a program can start at the same time on a new store.",
      setup_by_processes, LOG | QUIPU_CAN_SHARE, 0, 0 },
    { "F4.set-up-by-eight-threads",
      "Several threads of a program can set up the same schema.",
      setup_by_threads, 0, 0, 0 },
    { "F4.different-definition-conflicts",
      "A schema with another definition is found when it is opened, and not "
      "when the first event is lost.",
      other_columns, 0, 0, 0 },
    { "F4.not-set-up-is-not-found", "Binding a schema does not create it.",
      not_set_up, 0, 0, 0 },
    { "F4.teardown-removes-all",
      "A schema that is set up again is empty, and its log begins at 1.",
      torn_down, LOG, 0, 0 },
    { "F4.torn-down-while-bound",
      "A schema that was torn down accepts no events, and reports that.",
      torn_down_while_bound, 0, 0, 0 },
};
QUIPU_FAMILY(setup);
