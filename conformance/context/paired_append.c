/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes paired appends, and verifies what is stored of them.
 *
 * Ids: byte 0 of a sequence id is the writer + 1, byte 1 which of its two
 * sequences; an event id has k + 1 in the three bytes behind these.  A state is
 * "<k> <size> " and zeros up to its size.
 */
#include "paired_append.h"

#include "assertion.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sizes of states in bytes. */
#define USUAL 5000  /* more than a page */
#define LARGE 40000 /* overflow pages */
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

/* Memory that the thread's current append refers to. */
static _Thread_local struct {
    char consumer[24];
    char key[24];
    quipu_uuid sequences[2];
    char state[LARGE + 1];
} current;

static const char *consumer_of(unsigned writer)
{
    snprintf(current.consumer, sizeof(current.consumer), "writer %u", writer);
    return current.consumer;
}

static const char *key_of(unsigned writer)
{
    snprintf(current.key, sizeof(current.key), "writers/%u", writer);
    return current.key;
}

int quipu_paired_append_state_size(int64_t k)
{
    return k % 4 == 3 ? LARGE : USUAL;
}

/* Returns the state of append k: "7 5000 000...". */
static const char *state_of(int64_t k, int size)
{
    int length = snprintf(current.state, sizeof(current.state),
                          "%" PRId64 " %d ", k, size);

    memset(current.state + length, '0', (size_t)(size - length));
    current.state[size] = '\0';
    return current.state;
}

void quipu_paired_append_build(struct quipu_context *ctx,
                               struct quipu_builder *b, unsigned writer,
                               int64_t k, int size)
{
    const char *state = state_of(k, size);

    quipu_builder_clear(b);
    for (uint8_t i = 0; i < 2; i++) {
        quipu_uuid *sequence = &current.sequences[i];

        *sequence = (quipu_uuid){ { (uint8_t)(writer + 1), i } };
        quipu_builder_add_at(b, (quipu_bytes){ sequence->bytes, 16 }, k, state);
        b->event_ids[i] =
            (quipu_uuid){ { (uint8_t)(writer + 1), i, byte_of(k + 1, 0),
                            byte_of(k + 1, 1), byte_of(k + 1, 2) } };
    }
    if (ctx->traits & QUIPU_CAN_TRACK) {
        quipu_builder_track(b, consumer_of(writer), "log", k + 1);
    }
    if (ctx->traits & QUIPU_CAN_ENTRIES) {
        quipu_builder_entry(b, key_of(writer), state, 0, 0);
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

static bool is_expected(const struct quipu_item_copy *copy, int64_t k)
{
    char *rest;
    int64_t number = strtoll(copy->state, &rest, 10);

    return number == k && copy->position == k &&
           copy->state_size == strtoull(rest, NULL, 10);
}

/* Checks a writer's items, and returns their number. */
static int64_t check_items(const struct quipu_item_list *log, unsigned writer)
{
    int64_t items = 0;

    for (size_t i = 0; i < log->count; i++) {
        const struct quipu_item_copy *copy = &log->at[i];

        if (copy->sequence.data[0] != writer + 1) {
            continue;
        }
        CHECK(
            is_expected(copy, items / 2) && copy->sequence.data[1] == items % 2,
            "the item with notification id %zu is not the one appended", i + 1);
        CHECK(items % 2 == 0 || copy[-1].sequence.data[0] == writer + 1,
              "another item is between the two of one append, at "
              "notification id %zu",
              i + 1);
        items++;
    }
    CHECK(items % 2 == 0, "half of an append is stored");
    return items;
}

/* Returns the notification id of a writer's tracking record; 0: none. */
static int64_t read_record(quipu_records *r, unsigned writer)
{
    quipu_position p = { 0 };
    int status = quipu_tracking_read(quipu_records_datastore(r),
                                     consumer_of(writer), "log", &p, ERR);

    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
          "the tracking record of writer %u cannot be read: %s", writer,
          ERR->message);
    return p.notification_id;
}

/* Checks that the entry of a writer is as its last append has written it. */
static void check_entry(quipu_records *r, unsigned writer, int64_t count)
{
    quipu_entry *entry = NULL;
    int status = quipu_entry_read(quipu_records_datastore(r), key_of(writer),
                                  &entry, ERR);
    char text[48] = "-1 0";
    char *rest;

    CHECK(status == QUIPU_OK || (status == QUIPU_NOT_FOUND && count == 0),
          "%" PRId64 " appends are stored, but the entry cannot be read: %s",
          count, ERR->message);
    if (entry) {
        snprintf(text, sizeof(text), "%.*s",
                 (int)(entry->value.size < 40 ? entry->value.size : 40),
                 (const char *)entry->value.data);
    }
    CHECK(strtoll(text, &rest, 10) == count - 1,
          "%" PRId64
          " appends are stored, but the entry is that of number %.20s",
          count, text);
    CHECK(!entry || (entry->value.size == strtoull(rest, NULL, 10) &&
                     entry->revision >= count),
          "%" PRId64
          " appends are stored, but the entry has %zu bytes and revision "
          "%" PRId64,
          count, entry->value.size, entry->revision);
    quipu_entry_destroy(entry);
}

static bool have_moved(quipu_records *r, unsigned writers,
                       const int64_t records[])
{
    for (unsigned i = 0; i < writers; i++) {
        if (read_record(r, i) != records[i]) {
            return true;
        }
    }
    return false;
}

/* The last append of a writer that was killed may be stored during this check,
 * since a server goes on with what it has received.  So the log is read again
 * if a tracking record has moved meanwhile, which happens once for a writer. */
void quipu_paired_append_check_log(struct quipu_context *ctx, quipu_records *r,
                                   unsigned writers, int64_t counts[])
{
    const bool tracks = ctx->traits & QUIPU_CAN_TRACK;
    int64_t *records = quipu_context_allocate(ctx, writers * sizeof(*records));
    struct quipu_item_list log;
    size_t all = 0;

    do {
        for (unsigned i = 0; tracks && i < writers; i++) {
            records[i] = read_record(r, i);
        }
        log = quipu_item_list_check_log(ctx, r);
    } while (tracks && have_moved(r, writers, records));
    for (unsigned i = 0; i < writers; i++) {
        int64_t items = check_items(&log, i);

        counts[i] = items / 2;
        all += (size_t)items;
        CHECK(!tracks || records[i] == counts[i],
              "%" PRId64
              " appends are stored, but the tracking record is at %" PRId64,
              counts[i], records[i]);
        if (ctx->traits & QUIPU_CAN_ENTRIES) {
            check_entry(r, i, counts[i]);
        }
    }
    CHECK(all == log.count, "the log has items that no writer appended");
}

void quipu_paired_append_continue(struct quipu_context *ctx, quipu_records *r,
                                  unsigned writer, int64_t count)
{
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    if (count > 0) {
        quipu_paired_append_build(ctx, b, writer, count - 1,
                                  quipu_paired_append_state_size(count - 1));
        OK(quipu_builder_append(b));
        CHECK(b->result.flags & QUIPU_RESULT_REPEATED,
              "a repeated append is not reported as a repeat");
    }
    quipu_paired_append_build(ctx, b, writer, count,
                              quipu_paired_append_state_size(count));
    OK(quipu_builder_append(b));
    CHECK(!(b->result.flags & QUIPU_RESULT_REPEATED),
          "a new append is reported as a repeat");
    CHECK(quipu_paired_append_count(ctx, b, writer) == count + 1,
          "the next append is not stored");
}

/* Checks that nothing is stored of an append that failed.  Returns false if the
 * store cannot be read now. */
static bool check_refused(struct quipu_context *ctx, struct quipu_builder *b,
                          unsigned writer,
                          struct quipu_writer_progress *progress)
{
    int64_t count = quipu_paired_append_count(ctx, b, writer);

    CHECK(count <= progress->acknowledged,
          "an append that returned %s is stored: %s",
          quipu_status_name(progress->refusal.code), progress->refusal.message);
    if (count >= 0) {
        progress->refusal.code = QUIPU_OK;
    }
    return count >= 0;
}

int quipu_paired_append_next(struct quipu_context *ctx, struct quipu_builder *b,
                             unsigned writer,
                             struct quipu_writer_progress *progress)
{
    int64_t k = progress->acknowledged;
    bool in_doubt = progress->begun > k;
    int status;

    if (progress->refusal.code && !check_refused(ctx, b, writer, progress)) {
        return ERR->code;
    }
    quipu_paired_append_build(ctx, b, writer, k, SMALL);
    progress->begun = k + 1;
    status = quipu_builder_append(b);
    /* A driver may find out itself whether an append in doubt was stored. */
    if (status == QUIPU_OK) {
        progress->acknowledged = k + 1;
        progress->doubts += in_doubt;
        progress->resolved += in_doubt;
    } else if (status != QUIPU_UNKNOWN_OUTCOME && !in_doubt) {
        progress->begun = k;
        progress->refusal = *ERR;
    }
    return status;
}

void quipu_paired_append_verify(struct quipu_context *ctx, quipu_records *r,
                                unsigned writers,
                                struct quipu_writer_progress progress[])
{
    int64_t *counts = quipu_context_allocate(ctx, writers * sizeof(*counts));

    quipu_paired_append_check_log(ctx, r, writers, counts);
    for (unsigned i = 0; i < writers; i++) {
        CHECK(counts[i] >= progress[i].acknowledged,
              "writer %u: %" PRId64 " appends were acknowledged, but %" PRId64
              " are stored",
              i, progress[i].acknowledged, counts[i]);
        CHECK(counts[i] <= progress[i].begun,
              "writer %u: more appends are stored than were made", i);
        quipu_context_count(ctx, "acknowledged",
                            (uint64_t)progress[i].acknowledged);
        quipu_context_count(ctx, "left in doubt", progress[i].doubts);
        quipu_context_count(ctx, "resolved", progress[i].resolved);
    }
}
