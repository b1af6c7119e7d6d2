/* SPDX-License-Identifier: Apache-2.0 */
/* F2: names of tables and columns, and the order of listings. */
#include "case.h"

#include <inttypes.h>
#include <string.h>

static void rename_all(struct quipu_schema *schema, const char *names[6])
{
    schema->notification_id = names[0];
    schema->sequence_id = names[1];
    schema->position = names[2];
    schema->topic = names[3];
    schema->state = names[4];
    schema->event_id = names[5];
}

/* With a unique suffix, so that no table of a shared store is used. */
static void quoted_names(struct quipu_context *ctx)
{
    static const char *names[][6] = {
        { "select", "from", "where", "order", "group", "index" },
        { "\"quoted\"", "'single'", "`back`", "[square]", "a\\b", "a\"\"b" },
        { "naïve; DROP TABLE x; --", "a b", " lead", "trail ", "%s", "?1" },
        { "☃", "é", "e\xcc\x81", "a.b", "$1", ":name" },
        { "1", "-", "/*", "*/", "null", "limit" },
    };
    quipu_datastore *d = quipu_context_datastore(ctx);

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        for (size_t table = 0; table < 6; table++) {
            quipu_schema *schema = quipu_context_schema(ctx, 0);

            schema->table = quipu_context_format(ctx, "%s %s", names[i][table],
                                                 schema->table);
            rename_all(schema, names[i]);
            quipu_builder_check_schema(ctx, d, schema);
            OK(quipu_datastore_teardown(d, schema, ERR));
        }
    }
}

static void quoted_tables(struct quipu_context *ctx)
{
    static const char *names[] = { "select", "\"quoted\"",
                                   "naïve; DROP TABLE x; --", "table" };
    quipu_datastore *d = quipu_context_open(
        ctx, quipu_context_format(ctx, "namespace=%s", ctx->prefix));

    for (size_t i = 0; i < 4; i++) {
        quipu_schema *schema = quipu_context_schema(ctx, 0);

        schema->table = names[i];
        quipu_builder_check_schema(ctx, d, schema);
        OK(quipu_datastore_teardown(d, schema, ERR));
    }
}

/* The second of two names that differ only in case is refused, and the first
 * schema stays usable. */
static void case_of_tables(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema = quipu_context_schema(ctx, 0);
    quipu_schema *other = quipu_context_schema(ctx, 0);
    quipu_records *r;

    schema->table = quipu_context_name(ctx, "Caps");
    other->table = quipu_context_format(
        ctx, "%.*scaps", (int)strlen(schema->table) - 4, schema->table);
    quipu_context_setup(ctx, schema);
    RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, other, ERR));
    r = quipu_context_bind(ctx, d, schema);
    OK(quipu_builder_append_next(ctx, r, quipu_context_sequence(ctx)));
    RETURNS(QUIPU_NOT_FOUND, quipu_records_open(d, other, &r, ERR));
}

static void longest_names(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, 0);
    char *table = quipu_context_allocate(ctx, 64);
    char names[6][64];
    const char *pointers[6];

    memset(table, 't', 63);
    memcpy(table, ctx->prefix, strlen(ctx->prefix));
    schema->table = table;
    for (size_t i = 0; i < 6; i++) {
        memset(names[i], 'c', 63);
        names[i][62] = (char)('a' + i);
        names[i][63] = '\0';
        pointers[i] = names[i];
    }
    rename_all(schema, pointers);
    quipu_builder_check_schema(ctx, quipu_context_datastore(ctx), schema);
    OK(quipu_datastore_teardown(quipu_context_datastore(ctx), schema, ERR));
}

static void wrong_schemas(struct quipu_context *ctx)
{
    static const char *const wrong[] = {
        "",
        "quipu_x",
        "sqlite_x",
        "pg_x",
        "\xff",
        "1234567890123456789012345678901234567890123456789012345678901234",
        "POSITION" /* equals the column `position` but for case */
    };
    static const quipu_column kind[] = { { .name = "x", .kind = 0 } };
    static const quipu_column twice[] = {
        { .name = "x", .kind = QUIPU_VALUE_INT },
        { .name = "X", .kind = QUIPU_VALUE_INT }
    };
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_schema *schema;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        schema = quipu_context_schema(ctx, 0);
        schema->topic = wrong[i];
        RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, schema, ERR));
        schema = quipu_context_schema(ctx, 0);
        schema->table = wrong[i];
        if (i + 1 < sizeof(wrong) / sizeof(*wrong)) {
            RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, schema, ERR));
        }
    }
    schema = quipu_context_schema(ctx, 0);
    schema->state = NULL;
    RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, schema, ERR));
    schema = quipu_context_schema(ctx, 0);
    schema->topic = "rowid"; /* SQLite reserves it, so all drivers refuse it */
    RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, schema, ERR));
    schema = quipu_context_schema(ctx, 0);
    schema->flags = 1u << 31;
    RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, schema, ERR));
    schema = quipu_context_schema(ctx, 0);
    schema->columns = kind;
    schema->column_count = 1;
    RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, schema, ERR));
    schema->columns = twice;
    schema->column_count = 2;
    RETURNS(QUIPU_INVALID, quipu_datastore_setup(d, schema, ERR));
}

/* --------------------------------------------------- order of listings */

static void check_listing(struct quipu_context *ctx, quipu_records *r,
                          const quipu_bytes *ids, size_t count)
{
    (void)ctx;
    for (size_t from = 0; from <= count; from++) {
        quipu_bytes after = from > 0 ? ids[from - 1] : (quipu_bytes){ NULL, 0 };
        quipu_sequences *list;
        const quipu_sequence *row;

        OK(quipu_sequences_open(r, after, &list, ERR));
        for (size_t i = from; i < count; i++) {
            OK(quipu_sequences_next(list, &row, ERR));
            CHECK(row, "the list ends before sequence %zu", i);
            CHECK(quipu_bytes_equal(row->id, ids[i]),
                  "sequence %zu is not listed in byte order", i);
            CHECK(row->last_position == (int64_t)(i % 3),
                  "sequence %zu is listed with the last position %" PRId64, i,
                  row->last_position);
        }
        OK(quipu_sequences_next(list, &row, ERR));
        CHECK(!row, "the list has more sequences than there are");
        quipu_sequences_close(list);
    }
}

static void text_order(struct quipu_context *ctx)
{
    static const char *const sorted[] = { " ",
                                          "!",
                                          "0",
                                          "10",
                                          "2",
                                          "A",
                                          "Aa",
                                          "B",
                                          "Z",
                                          "_",
                                          "a",
                                          "a ",
                                          "a-b",
                                          "aB",
                                          "aa",
                                          "ab",
                                          "b",
                                          "z",
                                          "~",
                                          "é",
                                          "ÿ",
                                          "Ā",
                                          "☃",
                                          "\xef\xbf\xbd",
                                          "\xf0\x9f\x98\x80" };
    enum { COUNT = sizeof(sorted) / sizeof(*sorted) };
    quipu_records *r = quipu_context_records(ctx, QUIPU_SHAPE_TEXT);
    quipu_bytes ids[COUNT];

    for (size_t i = 0; i < COUNT; i++) {
        size_t k =
            i * 7 % COUNT; /* 25 and 7 are coprime: all, in another order */

        ids[k] = quipu_bytes_of_text(sorted[k]);
        quipu_builder_append_many(ctx, r, ids[k], k % 3 + 1);
    }
    check_listing(ctx, r, ids, COUNT);
}

static void uuid_order(struct quipu_context *ctx)
{
    static const uint8_t firsts[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_uuid uuids[12] = { 0 };
    quipu_bytes ids[12];

    for (size_t i = 0; i < 12; i++) {
        uuids[i].bytes[0] = firsts[i / 2];
        uuids[i].bytes[15] = i % 2 ? 0xff : 0;
        ids[i] = (quipu_bytes){ uuids[i].bytes, 16 };
    }
    for (size_t i = 0; i < 12; i++) {
        size_t k = i * 5 % 12;

        quipu_builder_append_many(ctx, r, ids[k], k % 3 + 1);
    }
    check_listing(ctx, r, ids, 12);
}

/* A refused append must not leave its sequence in the list. */
static void refused_not_listed(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);
    quipu_sequences *list;
    const quipu_sequence *row;

    quipu_builder_add_at(b, s, 0, "good");
    quipu_builder_add_at(b, s, 5, "bad");
    RETURNS(QUIPU_CONFLICT, quipu_builder_append(b));
    OK(quipu_sequences_open(r, (quipu_bytes){ NULL, 0 }, &list, ERR));
    OK(quipu_sequences_next(list, &row, ERR));
    CHECK(!row, "a sequence without items is listed");
    quipu_sequences_close(list);
}

static const struct quipu_case cases[] = {
    { "F2.names-are-quoted",
      "Reserved words, quotes and whole statements are valid names.",
      quoted_names, 0, 0, 0 },
    { "F2.table-names-are-quoted",
      "The table names in the documentation's examples work.", quoted_tables, 0,
      0, 0 },
    { "F2.table-names-that-differ-only-in-case-are-invalid",
      "Some back ends fold case, and every store can be copied to every other "
      "one.",
      case_of_tables, 0, 0, 0 },
    { "F2.names-of-63-bytes",
      "A name that was truncated could collide with another one.",
      longest_names, 0, 0, 0 },
    { "F2.wrong-schemas-are-invalid",
      "A schema that one store cannot hold is refused by all, because programs "
      "move between stores.",
      wrong_schemas, 0, 0, 0 },
    { "F2.text-ids-are-listed-in-byte-order",
      "The order depends on neither locale nor case, so that all stores list "
      "alike.",
      text_order, 0, 0, 0 },
    { "F2.uuids-are-listed-in-byte-order",
      "Bytes above 0x7F are not compared as negative numbers.", uuid_order, 0,
      0, 0 },
    { "F2.empty-sequences-are-not-listed",
      "A sequence exists once it has an item.", refused_not_listed, 0, 0, 0 },
};
QUIPU_FAMILY(names);
