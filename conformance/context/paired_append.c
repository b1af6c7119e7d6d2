/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and judges pairs. */
#include "paired_append.h"

#include "assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL 5000  /* bytes of a state: more than a page */
#define LARGE 40000 /* of some */
#define SMALL 32

quipu_records *quipu_paired_append_open(struct quipu_context *ctx)
{
    quipu_datastore *d = quipu_context_open(ctx, NULL);
    const quipu_schema *schema = quipu_schema_sequenced_items();

    OK(quipu_datastore_setup(d, schema, ERR));
    return quipu_context_bind(ctx, d, schema);
}

static uint8_t byte_of(int64_t number, unsigned which)
{
    return (uint8_t)((uint64_t)number >> (8 * which));
}

/* What a pair is made of. */
static _Thread_local struct {
    char consumer[24];
    quipu_uuid sequences[2];
    char state[LARGE + 1];
} ground;

static const char *consumer_of(unsigned writer)
{
    snprintf(ground.consumer, sizeof(ground.consumer), "writer %u", writer);
    return ground.consumer;
}

int quipu_paired_append_state_size(int64_t k)
{
    return k % 4 == 3 ? LARGE : USUAL;
}

/* "7 5000 000 ...": the number of the pair, and of the bytes. */
static const char *state_of(int64_t k, int size)
{
    int length = snprintf(ground.state, sizeof(ground.state), "%" PRId64 " %d ",
                          k, size);

    memset(ground.state + length, '0', (size_t)(size - length));
    ground.state[size] = '\0';
    return ground.state;
}

void quipu_paired_append_build(struct quipu_context *ctx,
                               struct quipu_builder *b, unsigned writer,
                               int64_t k, int size)
{
    const char *state = state_of(k, size);

    quipu_builder_clear(b);
    for (uint8_t i = 0; i < 2; i++) {
        quipu_uuid *sequence = &ground.sequences[i];

        *sequence = (quipu_uuid){ { (uint8_t)(writer + 1), i } };
        quipu_builder_add_at(b, (quipu_bytes){ sequence->bytes, 16 }, k, state);
        b->event_ids[i] =
            (quipu_uuid){ { (uint8_t)(writer + 1), i, byte_of(k + 1, 0),
                            byte_of(k + 1, 1), byte_of(k + 1, 2) } };
    }
    if (ctx->traits & QUIPU_CAN_TRACK) {
        quipu_builder_track(b, consumer_of(writer), "log", k + 1);
    }
}

int64_t quipu_paired_append_count(struct quipu_context *ctx,
                                  struct quipu_builder *b, unsigned writer)
{
    int64_t last = -1;
    int status;

    quipu_paired_append_build(ctx, b, writer, 0, SMALL);
    status =
        quipu_records_last(b->records, b->items[0].sequence_id, &last, ERR);
    if (status != QUIPU_OK && status != QUIPU_NOT_FOUND) {
        return -1;
    }
    return last + 1;
}

static bool is_pair(const struct quipu_item_copy *seen, int64_t k)
{
    char *rest;
    int64_t number = strtoll(seen->state, &rest, 10);

    return number == k && seen->position == k &&
           seen->state_size == strtoull(rest, NULL, 10);
}

/* Gives how many items there are of a writer. */
static int64_t check_items(const struct quipu_item_list *log, unsigned writer)
{
    int64_t items = 0;

    for (size_t i = 0; i < log->count; i++) {
        const struct quipu_item_copy *seen = &log->at[i];

        if (seen->sequence.data[0] != writer + 1) {
            continue;
        }
        CHECK(is_pair(seen, items / 2) && seen->sequence.data[1] == items % 2,
              "at id %zu is not what was appended there", i + 1);
        CHECK(items % 2 == 0 || seen[-1].sequence.data[0] == writer + 1,
              "something is inside an append, at id %zu", i + 1);
        items++;
    }
    CHECK(items % 2 == 0, "half an append is there");
    return items;
}

static void check_record(quipu_records *r, unsigned writer, int64_t count)
{
    quipu_position p = { 0 };
    int status = quipu_tracking_read(quipu_records_datastore(r),
                                     consumer_of(writer), "log", &p, ERR);

    CHECK(status == QUIPU_OK || (status == QUIPU_NOT_FOUND && count == 0),
          "%" PRId64 " appends are there, and the record cannot be read: %s",
          count, ERR->message);
    CHECK(p.notification_id == count,
          "%" PRId64 " appends are there, and the record says %" PRId64, count,
          p.notification_id);
}

void quipu_paired_append_check_log(struct quipu_context *ctx, quipu_records *r,
                                   unsigned writers, int64_t counts[])
{
    struct quipu_item_list log = quipu_item_list_check_log(ctx, r);
    size_t all = 0;

    for (unsigned i = 0; i < writers; i++) {
        int64_t items = check_items(&log, i);

        counts[i] = items / 2;
        all += (size_t)items;
        if (ctx->traits & QUIPU_CAN_TRACK) {
            check_record(r, i, counts[i]);
        }
    }
    CHECK(all == log.count, "there are items that nobody appended");
}

void quipu_paired_append_continue(struct quipu_context *ctx, quipu_records *r,
                                  unsigned writer, int64_t count)
{
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    if (count > 0) {
        quipu_paired_append_build(ctx, b, writer, count - 1,
                                  quipu_paired_append_state_size(count - 1));
        OK(quipu_builder_append(b));
        CHECK(b->result.flags & QUIPU_RESULT_REPEATED, "not called a repeat");
    }
    quipu_paired_append_build(ctx, b, writer, count,
                              quipu_paired_append_state_size(count));
    OK(quipu_builder_append(b));
    CHECK(!(b->result.flags & QUIPU_RESULT_REPEATED), "called a repeat");
    CHECK(quipu_paired_append_count(ctx, b, writer) == count + 1,
          "the next append is not there");
}

/* Nothing is there of an append that was refused; false: that cannot be read
 * now. */
static bool check_refused(struct quipu_context *ctx, struct quipu_builder *b,
                          unsigned writer, struct quipu_writer_progress *fates)
{
    int64_t count = quipu_paired_append_count(ctx, b, writer);

    CHECK(count <= fates->acknowledged,
          "an append that answered %s is stored: %s",
          quipu_status_name(fates->refusal.code), fates->refusal.message);
    if (count >= 0) {
        fates->refusal.code = QUIPU_OK;
    }
    return count >= 0;
}

int quipu_paired_append_next(struct quipu_context *ctx, struct quipu_builder *b,
                             unsigned writer,
                             struct quipu_writer_progress *fates)
{
    int64_t k = fates->acknowledged;
    bool doubtful = fates->begun > k;
    int status;

    if (fates->refusal.code && !check_refused(ctx, b, writer, fates)) {
        return ERR->code;
    }
    quipu_paired_append_build(ctx, b, writer, k, SMALL);
    fates->begun = k + 1;
    status = quipu_builder_append(b);
    /* A driver may resolve a doubt itself: then it is a repeat at once. */
    if (status == QUIPU_OK) {
        fates->acknowledged = k + 1;
        fates->doubts += doubtful;
        fates->resolved += doubtful;
    } else if (status != QUIPU_UNKNOWN_OUTCOME && !doubtful) {
        fates->begun = k;
        fates->refusal = *ERR;
    }
    return status;
}

void quipu_paired_append_verify(struct quipu_context *ctx, quipu_records *r,
                                unsigned writers,
                                struct quipu_writer_progress fates[])
{
    int64_t *counts = quipu_context_allocate(ctx, writers * sizeof(*counts));

    quipu_paired_append_check_log(ctx, r, writers, counts);
    for (unsigned i = 0; i < writers; i++) {
        CHECK(counts[i] >= fates[i].acknowledged,
              "writer %u: %" PRId64 " appends were acknowledged, and %" PRId64
              " are there",
              i, fates[i].acknowledged, counts[i]);
        CHECK(counts[i] <= fates[i].begun,
              "writer %u: more appends than were made", i);
        quipu_context_count(ctx, "acknowledged",
                            (uint64_t)fates[i].acknowledged);
        quipu_context_count(ctx, "left in doubt", fates[i].doubts);
        quipu_context_count(ctx, "resolved", fates[i].resolved);
    }
}
