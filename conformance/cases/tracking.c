/* SPDX-License-Identifier: Apache-2.0 */
/* U4: tracking records. */
#include "case.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct tracker {
    quipu_datastore *datastore;
    quipu_records *records;
    const char *consumer;
    quipu_bytes sequence;
    struct quipu_builder *builder;
};

static struct tracker begin(struct quipu_context *ctx)
{
    struct tracker k = { .records = quipu_context_records(ctx, 0) };

    k.datastore = quipu_context_datastore(ctx);
    k.consumer = quipu_context_name(ctx, "consumer");
    k.sequence = quipu_context_sequence(ctx);
    k.builder = quipu_builder_create(ctx, k.records, 2);
    return k;
}

/* Appends `items` items with a tracking record. */
static int track(struct tracker *k, size_t items, const char *log, int64_t id)
{
    quipu_builder_clear(k->builder);
    for (size_t i = 0; i < items; i++) {
        quipu_builder_add_next(k->builder, k->sequence, "x");
    }
    quipu_builder_track(k->builder, k->consumer, log, id);
    return quipu_builder_append(k->builder);
}

static void check_at(const struct tracker *k, const char *log, int64_t id)
{
    quipu_position p;

    OK(quipu_tracking_read(k->datastore, k->consumer, log, &p, ERR));
    CHECK(p.notification_id == id,
          "the tracking record of log \"%s\" is at %" PRId64
          " instead of %" PRId64,
          log, p.notification_id, id);
}

static void absent(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);
    quipu_position p;

    RETURNS(QUIPU_NOT_FOUND,
            quipu_tracking_read(k.datastore, k.consumer, "log", &p, ERR));
}

static void with_items(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);

    OK(track(&k, 2, "log", 3));
    check_at(&k, "log", 3);
    CHECK(quipu_item_list_count(ctx, k.records, k.sequence) == 2,
          "the sequence does not have two items");
    OK(track(&k, 1, "log", 4));
    check_at(&k, "log", 4);
}

static void without_items(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);

    OK(track(&k, 0, "log", 1));
    CHECK(k.builder->result.first_notification_id == 0,
          "an append without items has a notification id");
    check_at(&k, "log", 1);
    OK(track(&k, 0, "log", INT64_MAX));
    check_at(&k, "log", INT64_MAX);
}

static void never_back(struct quipu_context *ctx)
{
    static const int64_t lower[] = { 10, 9, 1 };
    struct tracker k = begin(ctx);

    OK(track(&k, 1, "log", 10));
    for (size_t i = 0; i < 3; i++) {
        for (size_t items = 0; items < 3; items++) {
            RETURNS(QUIPU_ALREADY, track(&k, items, "log", lower[i]));
            CHECK(k.builder->result.cause == QUIPU_CAUSE_TRACKING,
                  "result.cause is %d", k.builder->result.cause);
            check_at(&k, "log", 10);
        }
    }
    CHECK(quipu_item_list_count(ctx, k.records, k.sequence) == 1,
          "an append that returned ALREADY stored items");
    OK(track(&k, 1, "log", 11));
}

static void separate_records(struct quipu_context *ctx)
{
    struct tracker a = begin(ctx);
    struct tracker b = a, c = a, d = a;

    b.consumer = quipu_context_name(ctx, "another");
    OK(track(&a, 0, "x", 5));
    OK(track(&a, 0, "y", 3));
    OK(track(&b, 0, "x", 1));
    OK(track(&b, 0, "X", 2));
    c.consumer = quipu_context_format(ctx, "%sX", b.consumer);
    d.consumer = quipu_context_format(ctx, "%sx", b.consumer);
    OK(track(&c, 0, "x", 7));
    OK(track(&d, 0, "x", 6));
    check_at(&a, "x", 5);
    check_at(&a, "y", 3);
    check_at(&b, "x", 1);
    check_at(&b, "X", 2);
    check_at(&c, "x", 7);
    check_at(&d, "x", 6);
}

/* A record belongs to the datastore, not to the schema of its append. */
static void across_schemas(struct quipu_context *ctx)
{
    struct tracker a = begin(ctx);
    struct tracker b = begin(ctx);

    b.consumer = a.consumer;
    OK(track(&a, 1, "log", 5));
    RETURNS(QUIPU_ALREADY, track(&b, 1, "log", 5));
    OK(track(&b, 1, "log", 6));
    check_at(&a, "log", 6);
}

static void after_guards(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);

    OK(track(&k, 1, "log", 5));
    quipu_builder_clear(k.builder);
    quipu_builder_add_next(k.builder, k.sequence, "x");
    quipu_builder_track(k.builder, k.consumer, "log", 5);
    quipu_builder_guard(k.builder, k.sequence, QUIPU_DEMAND_EMPTY, 0);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(k.builder));
    CHECK(k.builder->result.cause == QUIPU_CAUSE_GUARD, "result.cause is %d",
          k.builder->result.cause);
}

static void before_positions(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);

    OK(track(&k, 1, "log", 5));
    quipu_builder_clear(k.builder);
    quipu_builder_add_at(k.builder, k.sequence, 0, "taken");
    quipu_builder_track(k.builder, k.consumer, "log", 5);
    RETURNS(QUIPU_ALREADY, quipu_builder_append(k.builder));
}

static void failed_guard(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);
    quipu_position p;

    quipu_builder_track(k.builder, k.consumer, "log", 5);
    quipu_builder_guard(k.builder, k.sequence, QUIPU_DEMAND_NOT_EMPTY, 0);
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(k.builder));
    RETURNS(QUIPU_NOT_FOUND,
            quipu_tracking_read(k.datastore, k.consumer, "log", &p, ERR));
}

/* Stores a tracking record with random identity and event id, and reads it. */
static void check_whole_position(struct tracker *k, int64_t notification_id)
{
    quipu_position p;
    quipu_uuid store, event;

    quipu_uuid_random(&store);
    quipu_uuid_random(&event);
    quipu_builder_track(k->builder, k->consumer, "log", notification_id);
    k->builder->tracking.position.store = store;
    k->builder->tracking.position.event_id = event;
    OK(quipu_builder_append(k->builder));
    OK(quipu_tracking_read(k->datastore, k->consumer, "log", &p, ERR));
    CHECK(memcmp(&p.store, &store, 16) == 0,
          "the identity of the store was not stored");
    CHECK(memcmp(&p.event_id, &event, 16) == 0, "the event id was not stored");
}

/* A new record, and one that advances. */
static void whole_position(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);

    check_whole_position(&k, 5);
    check_whole_position(&k, 6);
}

static void any_names(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);
    char longest[256];

    memset(longest, 'x', 255);
    longest[255] = '\0';
    memcpy(longest, ctx->prefix, strlen(ctx->prefix));
    k.consumer = longest;
    OK(track(&k, 0, longest, 2));
    check_at(&k, longest, 2);
    k.consumer =
        quipu_context_format(ctx, "%s'; DROP \"naïve\" %%\\", ctx->prefix);
    OK(track(&k, 0, "☃ 'log'", 3));
    check_at(&k, "☃ 'log'", 3);
}

static void listed(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);
    quipu_trackings *list;
    const quipu_tracking *row;
    char last[512] = "";
    unsigned own = 0;

    OK(track(&k, 0, "b", 2));
    OK(track(&k, 0, "a", 1));
    OK(track(&k, 0, "c", 3));
    OK(quipu_trackings_open(k.datastore, &list, ERR));
    for (;;) {
        char name[600];

        OK(quipu_trackings_next(list, &row, ERR));
        if (!row) {
            break;
        }
        snprintf(name, sizeof(name), "%.*s\x01%.*s", (int)row->consumer.size,
                 (const char *)row->consumer.data, (int)row->log.size,
                 (const char *)row->log.data);
        CHECK(strcmp(last, name) < 0,
              "the records are not in order of consumer and log");
        snprintf(last, sizeof(last), "%.500s", name);
        if (strncmp(name, k.consumer, strlen(k.consumer)) == 0) {
            CHECK(row->position.notification_id == (int64_t)++own,
                  "a record is listed with another position");
        }
    }
    quipu_trackings_close(list);
    CHECK(own == 3, "%u of 3 records are listed", own);
}

static void survives_teardown(struct quipu_context *ctx)
{
    struct tracker k = begin(ctx);
    const quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_records *r;

    OK(quipu_datastore_setup(k.datastore, schema, ERR));
    r = quipu_context_bind(ctx, k.datastore, schema);
    k.builder = quipu_builder_create(ctx, r, 2);
    OK(track(&k, 1, "log", 5));
    quipu_context_unbind(ctx, r);
    OK(quipu_datastore_teardown(k.datastore, schema, ERR));
    check_at(&k, "log", 5);
}

static void empty_append(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    RETURNS(QUIPU_INVALID, quipu_builder_append(b));
}

#define TRACK QUIPU_CAN_TRACK

static const struct quipu_case cases[] = {
    { "U4.no-record-is-not-found",
      "A consumer that never ran differs from one that has processed id 0.",
      absent, TRACK, 0, 0 },
    { "U4.record-is-stored-with-items",
      "The items that a consumer makes and its progress are stored together.",
      with_items, TRACK, 0, 0 },
    { "U4.record-without-items",
      "Most notifications change nothing, and are processed all the same.",
      without_items, TRACK, 0, 0 },
    { "U4.record-never-goes-back",
      "Otherwise two runs of one consumer process a notification twice.",
      never_back, TRACK, 0, 0 },
    { "U4.each-consumer-and-log-has-a-record",
      "A consumer can follow several logs, and a log can have several "
      "consumers.",
      separate_records, TRACK, 0, 0 },
    { "U4.record-belongs-to-the-datastore",
      "A consumer can write to several schemas.", across_schemas, TRACK, 0, 0 },
    { "U4.guards-are-checked-before-tracking",
      "ALREADY means that the work is done, a failed guard that the program "
      "must read again.",
      after_guards, TRACK, 0, 0 },
    { "U4.tracking-is-checked-before-positions",
      "Work that is done already does not conflict.", before_positions, TRACK,
      0, 0 },
    { "U4.failed-guard-leaves-no-record",
      "A tracking record of refused work makes the consumer skip it.",
      failed_guard, TRACK, 0, 0 },
    { "U4.record-keeps-the-whole-position",
      "Without identity and event id a rewound log is not noticed.",
      whole_position, TRACK, 0, 0 },
    { "U4.names-can-be-any-text",
      "Names are data, and never part of a statement.", any_names, TRACK, 0,
      0 },
    { "U4.records-are-listed-in-order",
      "An operator needs to see which consumers lag behind.", listed, TRACK, 0,
      0 },
    { "U4.record-survives-its-schema",
      "A consumer's progress must not be removed together with the schema that "
      "it wrote to.",
      survives_teardown, TRACK, 0, 0 },
    { "U4.empty-append-is-invalid",
      "An empty append is an error of the program, and is reported.",
      empty_append, 0, 0, 0 },
};
QUIPU_FAMILY(tracking);
