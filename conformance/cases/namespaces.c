/* SPDX-License-Identifier: Apache-2.0 */
/* F3: the list of all namespaces of a store, with the heads of their logs. */
#include "case.h"

#include <inttypes.h>
#include <string.h>

#define ROWS 32
#define LIST_ONLY "namespace=*&create=no"

/* The rows of one case, whose namespaces begin with its prefix; a shared store
 * may have others. */
struct rows {
    struct {
        const char *name_space;
        const char *table; /* or NULL */
        int64_t head;
    } at[ROWS];
    size_t count;
};

/* A driver without the operation declares that by a NULL pointer. */
static quipu_logs *open_logs(quipu_datastore *datastore)
{
    quipu_logs *logs = NULL;
    int status = quipu_logs_open(datastore, &logs, ERR);

    if (status == QUIPU_UNSUPPORTED) {
        quipu_assertion_inapplicable("the driver lists no namespaces");
    }
    OK(status);
    return logs;
}

static int compare(const quipu_log *log, const char *name_space,
                   const char *table)
{
    const int order = strcmp(log->name_space, name_space);

    return order != 0 ? order : strcmp(log->table ? log->table : "", table);
}

static struct rows list(struct quipu_context *ctx, quipu_datastore *datastore)
{
    struct rows rows = { .count = 0 };
    const char *name_space = NULL, *table = NULL;
    const quipu_log *log = NULL;
    quipu_logs *logs = open_logs(datastore);

    OK(quipu_logs_next(logs, &log, ERR));
    while (log) {
        CHECK(!name_space || compare(log, name_space, table) > 0,
              "the log \"%s\" of the namespace \"%s\" is not in byte order",
              log->table ? log->table : "", log->name_space);
        name_space = quipu_context_format(ctx, "%s", log->name_space);
        table = log->table ? quipu_context_format(ctx, "%s", log->table) : "";
        if (strncmp(name_space, ctx->prefix, strlen(ctx->prefix)) == 0) {
            CHECK(rows.count < ROWS, "too many logs are listed");
            rows.at[rows.count].name_space = name_space;
            rows.at[rows.count].table = log->table ? table : NULL;
            rows.at[rows.count++].head = log->head;
        }
        OK(quipu_logs_next(logs, &log, ERR));
    }
    quipu_logs_close(logs);
    return rows;
}

static void expect(const struct rows *rows, size_t at, const char *name_space,
                   const char *table, int64_t head)
{
    CHECK(at < rows->count, "%zu logs are listed", rows->count);
    CHECK(strcmp(rows->at[at].name_space, name_space) == 0 &&
              !rows->at[at].table == !table &&
              (!table || strcmp(rows->at[at].table, table) == 0) &&
              rows->at[at].head == head,
          "listed is \"%s\", \"%s\" with head %" PRId64
          " instead of \"%s\", \"%s\" with head %" PRId64,
          rows->at[at].name_space,
          rows->at[at].table ? rows->at[at].table : "(none)", rows->at[at].head,
          name_space, table ? table : "(none)", head);
}

static quipu_datastore *open_namespace(struct quipu_context *ctx,
                                       const char *name_space)
{
    return quipu_context_open(
        ctx, quipu_context_format(ctx, "namespace=%s", name_space));
}

static quipu_records *add_schema(struct quipu_context *ctx,
                                 quipu_datastore *datastore,
                                 quipu_schema *schema, const char *table)
{
    schema->table = table;
    OK(quipu_datastore_setup(datastore, schema, ERR));
    return quipu_context_bind(ctx, datastore, schema);
}

/* One namespace has two schemas, one has none, and one has a schema of the same
 * name; names that others begin with come first. */
static void heads(struct quipu_context *ctx)
{
    const char *a = quipu_context_format(ctx, "%sa", ctx->prefix);
    const char *b = quipu_context_format(ctx, "%sab", ctx->prefix);
    const char *c = quipu_context_format(ctx, "%sc", ctx->prefix);
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_datastore *in_c = open_namespace(ctx, c);
    quipu_datastore *in_a = open_namespace(ctx, a);
    quipu_datastore *all;
    quipu_records *one, *two, *other;
    struct rows rows;

    open_namespace(ctx, b);
    (void)list(ctx, in_a); /* or skips the case */
    all = quipu_context_open(ctx, LIST_ONLY);
    rows = list(ctx, all);
    CHECK(rows.count == 3, "%zu namespaces are listed, of 3", rows.count);
    expect(&rows, 0, a, NULL, 0);
    expect(&rows, 1, b, NULL, 0);
    expect(&rows, 2, c, NULL, 0);
    two = add_schema(ctx, in_a, schema, "events2");
    one = add_schema(ctx, in_a, schema, "events");
    other = add_schema(ctx, in_c, schema, "events");
    rows = list(ctx, in_a);
    expect(&rows, 0, a, "events", 0);
    expect(&rows, 1, a, "events2", 0);
    expect(&rows, 3, c, "events", 0);
    for (int64_t n = 1; n <= 3; n++) {
        quipu_builder_append_many(ctx, one, s, 1);
        quipu_builder_append_many(ctx, two, s, 2);
        quipu_builder_append_many(ctx, other, s, 3);
        rows = list(ctx, all);
        CHECK(rows.count == 4, "%zu logs are listed, of 4", rows.count);
        expect(&rows, 0, a, "events", n);
        expect(&rows, 1, a, "events2", 2 * n);
        expect(&rows, 2, b, NULL, 0);
        expect(&rows, 3, c, "events", 3 * n);
    }
    OK(quipu_datastore_teardown(in_c, schema, ERR));
    rows = list(ctx, in_a);
    CHECK(rows.count == 4, "%zu logs are listed, of 4", rows.count);
    expect(&rows, 3, c, NULL, 0);
}

/* Opening a store to list its namespaces makes none, also not the store. */
static void none(struct quipu_context *ctx)
{
    quipu_datastore *in_a = open_namespace(ctx, ctx->prefix);
    quipu_schemas *schemas = NULL;
    struct rows rows = list(ctx, in_a); /* or skips the case */
    quipu_datastore *all = quipu_context_open(ctx, "namespace=*");

    rows = list(ctx, all);
    CHECK(rows.count == 1, "%zu namespaces are listed, of 1", rows.count);
    RETURNS(QUIPU_INVALID, quipu_schemas_open(all, &schemas, ERR));
    rows = list(ctx, in_a);
    expect(&rows, 0, ctx->prefix, NULL, 0);
}

static const struct quipu_case cases[] = {
    { "F3.namespaces-are-listed-with-heads",
      "A program of many tenants finds out which of them have new events.",
      heads, QUIPU_CAN_LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "F3.listing-makes-no-namespace",
      "A tool that looks at a store must not add to it.", none,
      QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
};
QUIPU_FAMILY(namespaces);
