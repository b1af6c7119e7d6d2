/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E8: the bytes of erased items are in no file of the store.
 *
 * The contents of each item repeat a tag of 8 random bytes, so that any 16 of
 * them in a row contain the tag.  All files below {dir} are searched for it.
 */
#include "item_texts.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAG 8
#define ITEMS 120
#define APPENDS 6
#define LARGE 20000 /* more than a page: SQLite has overflow pages */

/* The tags that a search looks for, and those that it has found. */
static struct {
    char tags[ITEMS][TAG];
    bool found[ITEMS];
} search;

static int search_file(const char *path, const struct stat *info, int type,
                       struct FTW *where)
{
    FILE *file = type == FTW_F ? fopen(path, "re") : NULL;
    char *bytes = malloc((size_t)info->st_size + 1);
    size_t size =
        file && bytes ? fread(bytes, 1, (size_t)info->st_size, file) : 0;

    (void)where;
    for (size_t i = 0; i < ITEMS; i++) {
        search.found[i] =
            search.found[i] ||
            (size > 0 && memmem(bytes, size, search.tags[i], TAG) != NULL);
    }
    free(bytes);
    if (file) {
        (void)fclose(file);
    }
    return 0;
}

/* Searches all files of the store; returns the number of tags from `begin` up
 * to `end` that are found. */
static size_t count_found(struct quipu_context *ctx, size_t begin, size_t end)
{
    size_t count = 0;

    memset(search.found, 0, sizeof(search.found));
    CHECK(nftw(ctx->directory, search_file, 8, FTW_PHYS) == 0,
          "cannot read the files of the store");
    for (size_t i = begin; i < end; i++) {
        count += search.found[i];
    }
    return count;
}

/* Makes `size` bytes of the tag of an item. */
static quipu_bytes repeat_tag(struct quipu_context *ctx, size_t item,
                              size_t size)
{
    char *bytes = quipu_context_allocate(ctx, size);

    for (size_t i = 0; i < size; i++) {
        bytes[i] = search.tags[item][i % TAG];
    }
    return (quipu_bytes){ bytes, size };
}

static void add_item(struct quipu_context *ctx, struct quipu_builder *b,
                     quipu_bytes s, size_t i)
{
    const quipu_schema *schema = quipu_records_schema(b->records);
    quipu_item *item = quipu_builder_add_next(b, s, "");
    quipu_value *values = quipu_context_allocate(
        ctx, (schema->column_count + 1) * sizeof(*values));

    /* Letters, so that a text can have them. */
    for (size_t j = 0; j < TAG; j++) {
        search.tags[i][j] = (char)('a' + quipu_context_random(ctx, 26));
    }
    item->state = repeat_tag(ctx, i, i % 10 == 3 ? LARGE : 24 + 8 * (i % 40));
    item->metadata = repeat_tag(ctx, i, 32);
    for (size_t j = 0; j < schema->column_count; j++) {
        if (schema->columns[j].kind == QUIPU_VALUE_TEXT ||
            schema->columns[j].kind == QUIPU_VALUE_BYTES) {
            values[j] = (quipu_value){ .kind = schema->columns[j].kind,
                                       .as.bytes = repeat_tag(ctx, i, 40) };
        }
    }
    item->columns = values;
    item->column_count = schema->column_count;
}

/* Stores items in several appends, and closes the store in between. */
static quipu_records *store(struct quipu_context *ctx, quipu_bytes s)
{
    quipu_schema *schema =
        quipu_context_schema(ctx, QUIPU_SHAPE_METADATA | QUIPU_SHAPE_COLUMNS);
    quipu_records *r = NULL;

    for (size_t i = 0; i < ITEMS; i++) {
        if (i % (ITEMS / 2) == 0) {
            quipu_context_close_all(ctx);
            quipu_context_setup(ctx, schema);
            r = quipu_context_bind(ctx, quipu_context_datastore(ctx), schema);
        }
        if (i % APPENDS == 0) {
            struct quipu_builder *b = quipu_builder_create(ctx, r, APPENDS);

            for (size_t j = 0; j < APPENDS; j++) {
                add_item(ctx, b, s, i + j);
            }
            OK(quipu_builder_append(b));
        }
    }
    return r;
}

static void scrub_range(quipu_records *records, quipu_bytes s, int64_t lower,
                        int64_t upper)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .flags = QUIPU_ERASURE_SCRUB,
                                    .sequence_id = s,
                                    .lower = lower,
                                    .upper = upper,
                                    .limit = 7 };

    OK(quipu_records_erase(records, &erasure, NULL, ERR));
}

static void scrubbed(struct quipu_context *ctx)
{
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_records *r = store(ctx, s);
    const quipu_erasure last = { .struct_size = sizeof(last),
                                 .sequence_id = s,
                                 .lower = 100,
                                 .upper = 109 };

    CHECK(count_found(ctx, 0, ITEMS) == ITEMS,
          "contents that are stored are not in the files as they are");
    scrub_range(r, s, 0, 49);
    CHECK(count_found(ctx, 0, 50) == 0,
          "the contents of %zu items of 50 are in the files after they were "
          "scrubbed",
          count_found(ctx, 0, 50));
    CHECK(count_found(ctx, 50, ITEMS) == ITEMS - 50,
          "contents that were not erased are not in the files any more");
    quipu_builder_append_many(ctx, quipu_context_records(ctx, 0),
                              quipu_context_sequence(ctx), 3);
    scrub_range(r, s, 70, 79);
    CHECK(count_found(ctx, 70, 80) == 0,
          "contents are in the files after a second scrub");
    /* A scrub concerns earlier erasures, too. */
    OK(quipu_records_erase(r, &last, NULL, ERR));
    scrub_range(r, s, 100, 109);
    CHECK(count_found(ctx, 100, 110) == 0,
          "contents that were erased before are in the files after a scrub");
    quipu_context_close_all(ctx);
    CHECK(count_found(ctx, 0, 50) == 0,
          "contents are in the files again after the store was closed");
}

static const struct quipu_case cases[] = {
    { "E8.no-file-has-erased-bytes",
      "Whoever gets the files must not find there what was erased.", scrubbed,
      QUIPU_CAN_ERASE | QUIPU_CAN_SCRUB | QUIPU_CAN_PERSIST | QUIPU_TRAIT_FILES,
      0, 60 },
};
QUIPU_FAMILY_IN(erasure, scrub);
