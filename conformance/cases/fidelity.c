/* SPDX-License-Identifier: Apache-2.0 */
/* F1: states are read as they were stored, up to the limits. */
#include "case.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

static void check_state(const quipu_item *item, const void *expected)
{
    const quipu_bytes *state = expected;

    CHECK(item->state.data, "the state was read as absent");
    CHECK(item->state.size == state->size,
          "a state of %zu bytes was read with %zu", state->size,
          item->state.size);
    CHECK(state->size == 0 ||
              memcmp(item->state.data, state->data, state->size) == 0,
          "a state of %zu bytes was read with other bytes", state->size);
}

static void store_state(struct quipu_context *ctx, quipu_records *r,
                        quipu_bytes state)
{
    quipu_bytes s = quipu_context_sequence(ctx);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    quipu_builder_add_next(b, s, "")->state = state;
    OK(quipu_builder_append(b));
    quipu_item_list_check_only(r, s, check_state, &state);
}

static void states(struct quipu_context *ctx)
{
    static const size_t sizes[] = { 0,     1,     2,     15,    16,     255,
                                    256,   1023,  4095,  4096,  4097,   8192,
                                    16383, 32767, 65535, 65536, 1000003 };
    quipu_records *r = quipu_context_records(ctx, 0);
    unsigned char *bytes = quipu_context_allocate(ctx, 1000003);

    for (size_t i = 0; i < 1000003; i++) {
        bytes[i] = (unsigned char)(i * 131 + i / 256);
    }
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        store_state(ctx, r, (quipu_bytes){ bytes, sizes[i] });
    }
}

static void every_byte(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    unsigned char all[256], zeros[300] = { 0 };

    for (unsigned i = 0; i < 256; i++) {
        all[i] = (unsigned char)i;
        store_state(ctx, r, (quipu_bytes){ &all[i], 1 });
    }
    store_state(ctx, r, (quipu_bytes){ all, 256 });
    store_state(ctx, r, (quipu_bytes){ zeros, sizeof(zeros) });
}

/* With a long timeout: large appends take long on a busy machine. */
static quipu_records *records_with_long_timeout(struct quipu_context *ctx)
{
    ctx->main = quipu_context_open(ctx, "timeout=120000");
    return quipu_context_records(ctx, QUIPU_SHAPE_PLAIN);
}

static void large_state(struct quipu_context *ctx)
{
    quipu_records *r = records_with_long_timeout(ctx);
    size_t size = (size_t)16 << 20;
    uint64_t *words = quipu_context_allocate(ctx, size);

    for (size_t i = 0; i < size / 8; i++) {
        words[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    }
    store_state(ctx, r, (quipu_bytes){ words, size });
}

/* A state as large as the driver declares, as far as that is affordable. */
static void largest_state(struct quipu_context *ctx)
{
    quipu_records *r = records_with_long_timeout(ctx);
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    size_t size = (size_t)quipu_context_scale(ctx, 64, 256, 256) << 20;
    uint64_t *words;

    OK(quipu_datastore_describe(ctx->main, &info, ERR));
    size =
        info.limits.state_size < size ? (size_t)info.limits.state_size : size;
    words = quipu_context_allocate(ctx, size + 8);
    for (size_t i = 0; i < size / 8; i++) {
        words[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    }
    store_state(ctx, r, (quipu_bytes){ words, size });
}

static void many_items(struct quipu_context *ctx)
{
    quipu_records *r = records_with_long_timeout(ctx);
    quipu_bytes s[10];
    struct quipu_builder *b = quipu_builder_create(ctx, r, 100000);
    quipu_cursor *cursor;
    const quipu_item *item;

    for (size_t i = 0; i < 100000; i++) {
        if (i < 10) {
            s[i] = quipu_context_sequence(ctx);
        }
        quipu_builder_add_next(b, s[i % 10], "x");
    }
    OK(quipu_builder_append(b));
    OK(quipu_records_read_log(r, NULL, &cursor, ERR));
    for (size_t i = 0; i < 100000; i++) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        CHECK(item && item->notification_id == (int64_t)i + 1 &&
                  item->position == (int64_t)i / 10 &&
                  memcmp(item->event_id.data, &b->event_ids[i], 16) == 0,
              "item %zu is not stored as it was appended", i);
    }
    OK(quipu_cursor_next(cursor, &item, ERR));
    CHECK(!item, "more items are stored than were appended");
    quipu_cursor_close(cursor);
}

/* 256 MiB in 16 items that share their bytes. */
static void large_append(struct quipu_context *ctx)
{
    quipu_records *r = records_with_long_timeout(ctx);
    quipu_bytes s = quipu_context_sequence(ctx);
    size_t size =
        ((size_t)16 << 20) - 4096; /* leaves room for the other members */
    struct quipu_builder *b = quipu_builder_create(ctx, r, 16);
    void *state = quipu_context_allocate(ctx, size);

    for (size_t i = 0; i < 16; i++) {
        quipu_builder_add_next(b, s, "")->state = (quipu_bytes){ state, size };
    }
    OK(quipu_builder_append(b));
    CHECK(quipu_item_list_count(ctx, r, s) == 16,
          "the sequence does not have sixteen items");
}

/* The state is address space without memory: a driver that checks the size
 * first never touches it. */
static void over_limits(struct quipu_context *ctx)
{
    quipu_records *r = quipu_context_records(ctx, 0);
    quipu_bytes s = quipu_context_sequence(ctx);
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);
    void *memory;
    size_t size;

    OK(quipu_datastore_describe(quipu_context_datastore(ctx), &info, ERR));
    CHECK(info.limits.state_size >= UINT64_C(16) << 20,
          "the limit of a state is only %" PRIu64 " bytes",
          info.limits.state_size);
    CHECK(info.limits.append_items >= 100000,
          "the limit of an append is only %" PRIu64 " items",
          info.limits.append_items);
    CHECK(info.limits.append_size >= UINT64_C(256) << 20,
          "the limit of an append is only %" PRIu64 " bytes",
          info.limits.append_size);
    if (info.limits.state_size > UINT64_C(1) << 36) {
        return; /* more than can be mapped */
    }
    size = (size_t)info.limits.state_size + 1;
    memory = mmap(NULL, size, PROT_READ,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED, "cannot map %zu bytes", size);
    quipu_builder_add_next(b, s, "")->state = (quipu_bytes){ memory, size };
    RETURNS(QUIPU_INVALID, quipu_builder_append(b));
    munmap(memory, size);
    CHECK(quipu_item_list_count(ctx, r, s) == 0, "an item was stored");
}

static const struct quipu_case cases[] = {
    { "F1.states-of-many-sizes",
      "States of sizes around pages and powers of two are stored exactly.",
      states, 0, 0, 0 },
    { "F1.states-of-every-byte",
      "A state is bytes, not text: it may contain NUL and 0xFF.", every_byte, 0,
      0, 0 },
    { "F1.state-of-16-mib", "Every store accepts a state of 16 MiB.",
      large_state, 0, 0, 0 },
    { "F1.state-of-the-declared-limit",
      "A state up to the declared limit is stored whole (64 MiB of it are "
      "tried).",
      largest_state, 0, 0, 0 },
    { "F1.append-of-100000-items",
      "Every store accepts 100,000 items in one append.", many_items,
      QUIPU_CAN_LOG, 0, 0 },
    { "F1.append-of-256-mib", "Every store accepts an append of 256 MiB.",
      large_append, QUIPU_TRAIT_HEAVY, 0, 600 },
    { "F1.over-the-limit-is-invalid",
      "A state above the declared limit is an error, and nothing is stored.",
      over_limits, 0, 0, 0 },
};
QUIPU_FAMILY(fidelity);
