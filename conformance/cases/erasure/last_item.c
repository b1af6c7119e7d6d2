/* SPDX-License-Identifier: Apache-2.0 */
/* S4, E1, E9, V4: the last item of a sequence with the number of erasures,
 * which a cache asks for to find out whether it is up to date. */
#include "item_texts.h"

#include <inttypes.h>
#include <string.h>

#define SEQUENCES 2
#define LARGE 200000 /* bytes */

/* The last item, as it was shown. */
struct shown {
    struct quipu_context *ctx;
    unsigned count;
    struct quipu_item_text text;
    int64_t erasures;
};

static void see(void *context, const quipu_item *item)
{
    struct shown *shown = context;

    shown->count++;
    shown->text = quipu_item_text_of(shown->ctx, item);
}

static struct shown look(struct quipu_context *ctx, quipu_records *records,
                         quipu_bytes sequence)
{
    struct shown shown = { .ctx = ctx, .erasures = -1 };

    OK(quipu_records_last_item(records, sequence, see, &shown, &shown.erasures,
                               ERR));
    CHECK(shown.count <= 1, "%u last items are shown", shown.count);
    return shown;
}

/* Checks that the last item is the one that a cursor yields last. */
static void check_last(struct quipu_context *ctx, quipu_records *records,
                       quipu_bytes sequence, int64_t erasures)
{
    const struct quipu_item_texts all =
        quipu_item_texts_read(ctx, records, sequence);
    const struct shown shown = look(ctx, records, sequence);
    const struct quipu_item_text *last =
        all.count > 0 ? &all.at[all.count - 1] : NULL;

    CHECK(shown.erasures == erasures,
          "the last item comes with %" PRId64 " erasures of %" PRId64,
          shown.erasures, erasures);
    CHECK((shown.count == 1) == (all.count > 0),
          "of %zu items %u are shown as the last", all.count, shown.count);
    CHECK(!last || (strcmp(shown.text.place, last->place) == 0 &&
                    strcmp(shown.text.contents, last->contents) == 0),
          "the last item is shown as %s %s", shown.text.place,
          shown.text.contents);
}

static void add(struct quipu_context *ctx, quipu_records *records,
                quipu_bytes sequence, int64_t position, size_t size)
{
    struct quipu_builder *b = quipu_builder_create(ctx, records, 1);
    char *state = quipu_context_allocate(ctx, size + 1);
    quipu_item *item = quipu_builder_add_at(b, sequence, position, "");

    memset(state, 'x', size);
    quipu_item_texts_fill(ctx, quipu_records_schema(records), item,
                          position & 7);
    item->state = (quipu_bytes){ state, size };
    OK(quipu_builder_append(b));
}

static void name_sequences(struct quipu_context *ctx, unsigned shape,
                           quipu_bytes s[SEQUENCES])
{
    for (size_t i = 0; i < SEQUENCES; i++) {
        s[i] = shape & QUIPU_SHAPE_TEXT
                   ? quipu_bytes_of_text(
                         quipu_context_format(ctx, "sequence%zu", i))
                   : quipu_context_sequence(ctx);
    }
}

/* In a sparse sequence the last item need not be the newest. */
static void last_item(struct quipu_context *ctx)
{
    static const size_t sizes[] = { 10, 0, LARGE, 1, 5000 };
    static const int64_t sparse[] = { -7, 90, 3, INT64_MAX, 8 };

    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        quipu_records *r =
            quipu_context_records(ctx, quipu_item_texts_shapes[i]);
        const bool is_sparse = quipu_item_texts_shapes[i] & QUIPU_SHAPE_SPARSE;
        quipu_bytes s[SEQUENCES];

        name_sequences(ctx, quipu_item_texts_shapes[i], s);
        check_last(ctx, r, s[0], 0);
        for (int64_t n = 0; n < 5; n++) {
            for (size_t j = 0; j < SEQUENCES; j++) {
                add(ctx, r, s[j], is_sparse ? sparse[n] : n, sizes[n]);
                check_last(ctx, r, s[0], 0);
            }
        }
        check_last(ctx, r, s[1], 0);
    }
}

static void erase(quipu_records *records, quipu_bytes sequence, int64_t lower,
                  int64_t upper)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .sequence_id = sequence,
                                    .lower = lower,
                                    .upper = upper };

    OK(quipu_records_erase(records, &erasure, NULL, ERR));
}

static void erased(struct quipu_context *ctx)
{
    for (size_t i = 0; i < QUIPU_ITEM_TEXTS_SHAPES; i++) {
        quipu_schema *schema =
            quipu_context_schema(ctx, quipu_item_texts_shapes[i]);
        quipu_records *r,
            *other = quipu_context_records(ctx, quipu_item_texts_shapes[i]);
        quipu_bytes s[SEQUENCES];

        quipu_context_setup(ctx, schema);
        r = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
        name_sequences(ctx, quipu_item_texts_shapes[i], s);
        add(ctx, other, s[0], 0, 10);
        for (int64_t n = 0; n < 3; n++) {
            add(ctx, r, s[0], n, 10);
        }
        check_last(ctx, r, s[0], 0);
        erase(r, s[0], 0, 0);
        check_last(ctx, r, s[0], 1);
        erase(r, s[0], 0, 0); /* nothing is left to erase */
        check_last(ctx, r, s[1], 1);
        erase(r, s[0], 2, 2);
        check_last(ctx, r, s[0], 2);
        add(ctx, r, s[0], 3, 10);
        check_last(ctx, r, s[0], 2);
        check_last(ctx, other, s[0], 0);
        if (ctx->traits & QUIPU_TRAIT_MULTI_OPEN) {
            check_last(
                ctx,
                quipu_context_bind(ctx, quipu_context_open(ctx, NULL), schema),
                s[0], 2);
        }
    }
}

/* A process that has looked before anything was erased must see that another
 * one erases. */
static void erased_by_others(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_PLAIN);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_records *one, *two;

    quipu_context_setup(ctx, schema);
    one = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
    two = quipu_context_bind(ctx, quipu_context_open(ctx, NULL), schema);
    quipu_builder_append_many(ctx, one, s, 3);
    check_last(ctx, one, s, 0);
    check_last(ctx, one, s, 0);
    erase(two, s, 1, 2);
    check_last(ctx, one, s, 1);
    erase(two, s, 0, 0);
    check_last(ctx, one, s, 2);
}

/* The former schema's items may still be shown, but none of the new one's. */
static void torn_down(struct quipu_context *ctx)
{
    quipu_schema *schema = quipu_context_schema(ctx, QUIPU_SHAPE_PLAIN);
    quipu_datastore *d = quipu_context_datastore(ctx);
    quipu_bytes s = quipu_context_sequence(ctx);
    struct shown shown = { .ctx = ctx };
    quipu_records *r, *again;
    int64_t number = 0;

    quipu_context_setup(ctx, schema);
    r = quipu_context_bind(ctx, d, schema);
    quipu_builder_append_many(ctx, r, s, 3);
    check_last(ctx, r, s, 0);
    OK(quipu_datastore_teardown(d, schema, ERR));
    for (int i = 0; i < 2; i++) {
        int status = quipu_records_last_item(r, s, see, &shown, &number, ERR);

        CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
              "the last item of a schema that was torn down: %s",
              quipu_status_name(status));
        CHECK(shown.count == 0 || shown.text.position == 2,
              "the last item of a new schema of the same name is shown");
        if (i == 0) {
            quipu_context_setup(ctx, schema);
            again = quipu_context_bind(ctx, d, schema);
            quipu_builder_append_many(ctx, again, s, 5);
            check_last(ctx, again, s, 0);
        }
    }
}

static const struct quipu_case cases[] = {
    { "S4.last-item",
      "A cache that is told of another last item serves an old state, or is "
      "never used.",
      last_item, 0, 0, 0 },
    { "E1.erased-last-item",
      "A cache that does not notice an erasure goes on telling what was "
      "erased.",
      erased, QUIPU_CAN_ERASE, 0, 0 },
    { "E9.last-item-erased-by-others",
      "The command `quipu erase` runs beside the program that has the cache.",
      erased_by_others, QUIPU_CAN_ERASE | QUIPU_TRAIT_MULTI_OPEN, 0, 0 },
    { "V4.last-item-of-a-schema-torn-down",
      "A handle of the former schema must not read the new one's items.",
      torn_down, 0, 0, 0 },
};
QUIPU_FAMILY_IN(erasure, last_item);
