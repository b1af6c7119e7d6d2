/* SPDX-License-Identifier: Apache-2.0 */
/* F3 and F4: several schemas in one store, and its catalogue. */
#include "case.h"

#include <stdio.h>
#include <string.h>

static void side_by_side(struct quipu_context *ctx)
{
    static const unsigned shapes[] = {
        0, QUIPU_SHAPE_TEXT, QUIPU_SHAPE_NO_EVENT_ID | QUIPU_SHAPE_TEXT,
        QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME
    };
    quipu_records *r[4];
    quipu_bytes s[4];

    for (size_t i = 0; i < 4; i++) {
        r[i] = quipu_context_records(ctx, shapes[i]);
        s[i] = shapes[i] & QUIPU_SHAPE_TEXT ? quipu_bytes_of_text("s")
                                            : quipu_context_sequence(ctx);
    }
    for (size_t round = 0; round < 5; round++) {
        for (size_t i = 0; i < 4; i++) {
            quipu_builder_append_many(ctx, r[i], s[i], i + 1);
        }
    }
    for (size_t i = 0; i < 4; i++) {
        CHECK(quipu_item_list_check_log(ctx, r[i]).count == 5 * (i + 1),
              "the log of schema %zu has another length than expected", i);
    }
}

static void namespaces(struct quipu_context *ctx)
{
    const char *name = ctx->prefix;
    quipu_datastore *a = quipu_context_datastore(ctx);
    quipu_datastore *b = quipu_context_open(
        ctx, quipu_context_format(ctx, "namespace=%s", name));
    quipu_datastore *c = quipu_context_open(
        ctx, quipu_context_format(ctx, "namespace=%s", name));
    quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_records *in_a, *in_b, *none;

    quipu_context_setup(ctx, schema);
    RETURNS(QUIPU_NOT_FOUND, quipu_records_open(b, schema, &none, ERR));
    OK(quipu_datastore_setup(b, schema, ERR));
    in_a = quipu_context_bind(ctx, a, schema);
    in_b = quipu_context_bind(ctx, b, schema);
    quipu_builder_append_many(ctx, in_a, s, 3);
    quipu_builder_append_many(ctx, in_b, s, 2);
    CHECK(quipu_item_list_check_log(ctx, in_a).count == 3 &&
              quipu_item_list_check_log(ctx, in_b).count == 2,
          "the namespaces share items");
    CHECK(quipu_item_list_count(ctx, quipu_context_bind(ctx, c, schema), s) ==
              2,
          "two datastores of one namespace see different items");
}

static void namespaced_tracking(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_datastore *b = quipu_context_open(
        ctx, quipu_context_format(ctx, "namespace=%s", ctx->prefix));
    struct quipu_builder *batch = quipu_builder_create(ctx, r, 1);
    quipu_position p;

    quipu_builder_track(batch, ctx->prefix, "log", 3);
    OK(quipu_builder_append(batch));
    RETURNS(QUIPU_NOT_FOUND,
            quipu_tracking_read(b, ctx->prefix, "log", &p, ERR));
}

/* Each schema can be opened with what the catalogue returns. */
static void catalogue(struct quipu_context *ctx)
{
    static const unsigned shapes[] = { 0, QUIPU_SHAPE_TEXT, QUIPU_SHAPE_SPARSE,
                                       QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME |
                                           QUIPU_SHAPE_COLUMNS,
                                       QUIPU_SHAPE_NO_EVENT_ID };
    const quipu_schema *mine[5], *row;
    quipu_schemas *list;
    char last[200] = "";
    unsigned found = 0;

    for (size_t i = 0; i < 5; i++) {
        mine[i] =
            quipu_records_schema(quipu_context_records(ctx, shapes[4 - i]));
    }
    OK(quipu_schemas_open(quipu_context_datastore(ctx), &list, ERR));
    for (;;) {
        OK(quipu_schemas_next(list, &row, ERR));
        if (!row) {
            break;
        }
        CHECK(strcmp(last, row->table) < 0,
              "the schemas are not in order of table names");
        snprintf(last, sizeof(last), "%s", row->table);
        for (size_t i = 0; i < 5; i++) {
            if (strcmp(row->table, mine[i]->table) == 0) {
                quipu_records *r;

                OK(quipu_records_open(quipu_context_datastore(ctx), row, &r,
                                      ERR));
                OK(quipu_records_close(r, ERR));
                CHECK(row->flags == mine[i]->flags &&
                          row->column_count == mine[i]->column_count,
                      "the catalogue returns another definition");
                found++;
            }
        }
    }
    quipu_schemas_close(list);
    CHECK(found == 5, "%u of 5 schemas are listed", found);
}

static void presets(struct quipu_context *ctx)
{
    quipu_schema a, b;

    quipu_schema_init(&a, sizeof(a), quipu_schema_stored_events());
    quipu_schema_init(&b, sizeof(b), quipu_schema_sequenced_items());
    a.table = quipu_context_name(ctx, "stored_events");
    b.table = quipu_context_name(ctx, "sequenced_items");
    quipu_builder_check_schema(ctx, quipu_context_datastore(ctx), &a);
    quipu_builder_check_schema(ctx, quipu_context_datastore(ctx), &b);
    OK(quipu_datastore_teardown(quipu_context_datastore(ctx), &a, ERR));
    OK(quipu_datastore_teardown(quipu_context_datastore(ctx), &b, ERR));
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "F3.schemas-side-by-side", "Schemas share a store and nothing else.",
      side_by_side, LOG, 0, 0 },
    { "F3.namespaces-are-separate",
      "One database holds many stores, and none of them sees the schemas of "
      "another.",
      namespaces, LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "F3.namespaces-have-separate-tracking",
      "Consumers of two tenants can have the same name.", namespaced_tracking,
      QUIPU_CAN_TRACK | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "F4.catalogue-lists-the-schemas",
      "A tool that knows only the URI can open every schema.", catalogue, 0, 0,
      0 },
    { "F4.preset-schemas-can-be-set-up",
      "Most programs use one of the two preset schemas.", presets, 0, 0, 0 },
};
QUIPU_FAMILY(schemas);
