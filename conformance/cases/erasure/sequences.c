/* SPDX-License-Identifier: Apache-2.0 */
/* S4, V4, E9: several sequences that are read by one call, with the number of
 * erasures, as a repository gets several aggregates. */
#include "item_texts.h"

#include <inttypes.h>
#include <string.h>

#define SEQUENCES 6
#define READS 9
#define LARGE 200000 /* bytes */
#define MANY 1500    /* items: more than drivers read at a time */

/* A schema with sequences of which the first one is empty. */
struct place {
    struct quipu_context *ctx;
    quipu_records *records;
    quipu_bytes sequences[SEQUENCES];
};

static void add(const struct place *p, quipu_bytes sequence, int64_t position,
                size_t size)
{
    struct quipu_builder *b = quipu_builder_create(p->ctx, p->records, 1);
    char *state = quipu_context_allocate(p->ctx, size + 1);
    quipu_item *item = quipu_builder_add_at(b, sequence, position, "");

    memset(state, 'x', size);
    quipu_item_texts_fill(p->ctx, quipu_records_schema(p->records), item,
                          position & 7);
    item->state = (quipu_bytes){ state, size };
    OK(quipu_builder_append(b));
}

static struct place make_place(struct quipu_context *ctx, unsigned shape)
{
    struct place p = { ctx,
                       quipu_context_records(ctx, shape),
                       { { NULL, 0 } } };

    for (size_t i = 0; i < SEQUENCES; i++) {
        p.sequences[i] = shape & QUIPU_SHAPE_TEXT
                             ? quipu_bytes_of_text(
                                   quipu_context_format(ctx, "sequence%zu", i))
                             : quipu_context_sequence(ctx);
    }
    for (int64_t n = 0; n < 5; n++) {
        for (size_t i = 1; i < SEQUENCES; i++) {
            add(&p, p.sequences[i], n, i == 3 && n == 2 ? LARGE : 10 * i);
        }
    }
    return p;
}

static quipu_query query(uint32_t flags, int64_t bound, int64_t limit)
{
    return (quipu_query){ .struct_size = sizeof(quipu_query),
                          .flags = flags,
                          .gt = bound,
                          .gte = bound,
                          .lt = bound,
                          .lte = bound,
                          .limit = limit };
}

/* Opens the cursors, and checks the number of erasures. */
static void open_many(const struct place *p,
                      const quipu_sequence_query *queries, size_t count,
                      quipu_cursor **cursors, int64_t erasures)
{
    int64_t number = -1;

    OK(quipu_records_read_many(p->records, queries, count, cursors, &number,
                               ERR));
    CHECK(number == erasures,
          "the sequences come with %" PRId64 " erasures of %" PRId64, number,
          erasures);
}

/* Checks that a cursor yields the items of a list. */
static void check_items(const struct place *p, quipu_cursor *cursor,
                        const struct quipu_item_texts *expected, size_t index)
{
    const struct quipu_item_texts all = quipu_item_texts_drain(p->ctx, cursor);

    CHECK(all.count == expected->count,
          "of sequence %zu, read with others, there are %zu items of %zu",
          index, all.count, expected->count);
    for (size_t i = 0; i < all.count; i++) {
        CHECK(strcmp(all.at[i].place, expected->at[i].place) == 0 &&
                  strcmp(all.at[i].contents, expected->at[i].contents) == 0,
              "of sequence %zu, read with others, item %zu is %s %s", index, i,
              all.at[i].place, all.at[i].contents);
    }
}

/* Reads a sequence by a call of its own. */
static struct quipu_item_texts read_alone(const struct place *p,
                                          const quipu_sequence_query *query)
{
    quipu_cursor *cursor;

    OK(quipu_records_read(p->records, query->sequence_id, query->query, &cursor,
                          ERR));
    return quipu_item_texts_drain(p->ctx, cursor);
}

/* Checks that the sequences are read as each is alone. */
static void check_many(const struct place *p,
                       const quipu_sequence_query *queries, size_t count,
                       int64_t erasures)
{
    quipu_cursor *cursors[READS];

    open_many(p, queries, count, cursors, erasures);
    for (size_t i = count; i > 0; i--) {
        const struct quipu_item_texts expected = read_alone(p, &queries[i - 1]);

        check_items(p, cursors[i - 1], &expected, i - 1);
    }
}

/* Each with a range of its own, one of them empty, and one sequence twice. */
static void ranges(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        const struct place p = make_place(ctx, quipu_item_texts_shapes[i]);
        const quipu_query down = query(QUIPU_QUERY_DESCENDING, 0, 0);
        const quipu_query two = query(QUIPU_QUERY_LIMIT, 0, 2);
        const quipu_query from = query(QUIPU_QUERY_GTE, 2, 0);
        const quipu_query below =
            query(QUIPU_QUERY_LT | QUIPU_QUERY_DESCENDING, 3, 0);
        const quipu_query none = query(QUIPU_QUERY_GT, INT64_MAX, 0);
        const quipu_sequence_query queries[READS] = {
            { p.sequences[0], NULL },   { p.sequences[1], NULL },
            { p.sequences[3], NULL },   { p.sequences[2], &down },
            { p.sequences[1], &two },   { p.sequences[4], &from },
            { p.sequences[5], &below }, { p.sequences[5], &none },
            { p.sequences[3], &down },
        };

        check_many(&p, queries, READS, 0);
        check_many(&p, queries + 2, 1, 0);
        check_many(&p, queries + 7, 1, 0);
        check_many(&p, queries, 0, 0);
    }
}

/* More sequences than a driver opens together. */
static void crowd(struct quipu_context *ctx)
{
    enum { CROWD = 300 };
    const struct place p = make_place(ctx, QUIPU_SHAPE_PLAIN);
    quipu_sequence_query *queries =
        quipu_context_allocate(ctx, CROWD * sizeof(*queries));
    quipu_cursor **cursors =
        quipu_context_allocate(ctx, CROWD * sizeof(quipu_cursor *));

    for (size_t i = 0; i < CROWD; i++) {
        queries[i] = (quipu_sequence_query){ p.sequences[i % SEQUENCES], NULL };
    }
    open_many(&p, queries, CROWD, cursors, 0);
    for (size_t i = 0; i < CROWD; i++) {
        const struct quipu_item_texts expected = read_alone(&p, &queries[i]);

        check_items(&p, cursors[i], &expected, i);
    }
}

/* More items than are read at a time, and what is appended meanwhile. */
static void snapshots(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        const struct place p = make_place(ctx, quipu_item_texts_shapes[i]);
        quipu_sequence_query queries[SEQUENCES];
        struct quipu_item_texts expected[SEQUENCES];
        quipu_cursor *cursors[SEQUENCES];
        struct quipu_builder *b = quipu_builder_create(ctx, p.records, MANY);

        for (int64_t n = 5; n < MANY; n++) {
            quipu_item *item =
                quipu_builder_add_at(b, p.sequences[4], n, "many");

            quipu_item_texts_fill(ctx, quipu_records_schema(p.records), item,
                                  n & 7);
        }
        OK(quipu_builder_append(b));
        for (size_t j = 0; j < SEQUENCES; j++) {
            queries[j] = (quipu_sequence_query){ p.sequences[j], NULL };
            expected[j] = read_alone(&p, &queries[j]);
        }
        open_many(&p, queries, SEQUENCES, cursors, 0);
        for (size_t j = 0; j < SEQUENCES; j++) {
            add(&p, p.sequences[j], j == 4 ? MANY : j == 0 ? 0 : 5, 10);
        }
        for (size_t j = 0; j < SEQUENCES; j++) {
            check_items(&p, cursors[j], &expected[j], j);
        }
    }
}

static void erased(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        const struct place p = make_place(ctx, quipu_item_texts_shapes[i]);
        quipu_sequence_query queries[SEQUENCES];

        for (size_t j = 0; j < SEQUENCES; j++) {
            queries[j] = (quipu_sequence_query){ p.sequences[j], NULL };
        }
        for (int64_t n = 0; n < 3; n++) {
            const quipu_erasure one = { .struct_size = sizeof(one),
                                        .sequence_id = p.sequences[n + 2],
                                        .lower = n,
                                        .upper = n + 1 };

            check_many(&p, queries, SEQUENCES, n);
            OK(quipu_records_erase(p.records, &one, NULL, ERR));
        }
        check_many(&p, queries, SEQUENCES, 3);
    }
}

/* None of the new schema's items may be shown. */
static void torn_down(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_PLAIN);
    quipu_datastore *d = quipu_context_datastore(ctx);
    const quipu_sequence_query queries[2] = {
        { quipu_context_sequence(ctx), NULL },
        { quipu_context_sequence(ctx), NULL },
    };
    quipu_cursor *cursors[2];
    quipu_records *r, *again;
    int64_t number = 0;

    quipu_context_setup(ctx, schema);
    r = quipu_context_bind(ctx, d, schema);
    OK(quipu_datastore_teardown(d, schema, ERR));
    quipu_context_setup(ctx, schema);
    again = quipu_context_bind(ctx, d, schema);
    quipu_builder_append_many(ctx, again, queries[0].sequence_id, 5);
    int status = quipu_records_read_many(r, queries, 2, cursors, &number, ERR);

    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
          "reading sequences of a schema that was torn down: %s",
          quipu_status_name(status));
    for (size_t i = 0; i < 2; i++) {
        CHECK(status == QUIPU_OK || !cursors[i],
              "reading sequences fails, and a cursor is open");
        CHECK(status != QUIPU_OK ||
                  quipu_item_texts_drain(ctx, cursors[i]).count == 0,
              "items of a new schema of the same name are shown");
    }
}

static const struct quipu_case cases[] = {
    { "S4.sequences-together",
      "A program that gets many aggregates reads their sequences together.",
      ranges, 0, 0, 0 },
    { "S4.many-sequences-together",
      "A program that gets very many aggregates names them all at once.", crowd,
      0, 0, 0 },
    { "V4.sequences-together",
      "A program reads the events of one aggregate while others grow.",
      snapshots, 0, 0, 0 },
    { "E9.sequences-together",
      "A snapshot is used only at the number of erasures at which it was made.",
      erased, QUIPU_CAN_ERASE, 0, 0 },
    { "V4.sequences-of-a-schema-torn-down",
      "A handle of the former schema must not read the new one's items.",
      torn_down, 0, 0, 0 },
};
QUIPU_FAMILY_IN(erasure, sequences);
