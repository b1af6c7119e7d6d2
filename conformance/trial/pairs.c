/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and judges pairs. */
#include "pairs.h"

#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL 5000  /* bytes of a state: more than a page */
#define LARGE 40000 /* of some */
#define SMALL 32

quipu_records *quipu_pairs_open(struct quipu_trial *t)
{
    quipu_datastore *d = quipu_trial_open(t, NULL);
    const quipu_schema *schema = quipu_schema_sequenced_items();

    OK(quipu_datastore_setup(d, schema, E));
    return quipu_trial_bind(t, d, schema);
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

int quipu_pairs_size(int64_t k)
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

void quipu_pairs_fill(struct quipu_trial *t, struct quipu_batch *b,
                      unsigned writer, int64_t k, int size)
{
    const char *state = state_of(k, size);

    quipu_batch_clear(b);
    for (uint8_t i = 0; i < 2; i++) {
        quipu_uuid *sequence = &ground.sequences[i];

        *sequence = (quipu_uuid){ { (uint8_t)(writer + 1), i } };
        quipu_batch_at(b, (quipu_bytes){ sequence->bytes, 16 }, k, state);
        b->event_ids[i] =
            (quipu_uuid){ { (uint8_t)(writer + 1), i, byte_of(k + 1, 0),
                            byte_of(k + 1, 1), byte_of(k + 1, 2) } };
    }
    if (t->traits & QUIPU_CAN_TRACK) {
        quipu_batch_track(b, consumer_of(writer), "log", k + 1);
    }
}

int64_t quipu_pairs_last(struct quipu_trial *t, struct quipu_batch *b,
                         unsigned writer)
{
    int64_t last = -1;
    int status;

    quipu_pairs_fill(t, b, writer, 0, SMALL);
    status = quipu_records_last(b->records, b->items[0].sequence_id, &last, E);
    if (status != QUIPU_OK && status != QUIPU_NOT_FOUND) {
        return -1;
    }
    return last + 1;
}

static bool is_pair(const struct quipu_seen *seen, int64_t k)
{
    char *rest;
    int64_t number = strtoll(seen->state, &rest, 10);

    return number == k && seen->position == k &&
           seen->state_size == strtoull(rest, NULL, 10);
}

/* Gives how many items there are of a writer. */
static int64_t check_items(const struct quipu_list *log, unsigned writer)
{
    int64_t items = 0;

    for (size_t i = 0; i < log->count; i++) {
        const struct quipu_seen *seen = &log->at[i];

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
                                     consumer_of(writer), "log", &p, E);

    CHECK(status == QUIPU_OK || (status == QUIPU_NOT_FOUND && count == 0),
          "%" PRId64 " appends are there, and the record cannot be read: %s",
          count, E->message);
    CHECK(p.notification_id == count,
          "%" PRId64 " appends are there, and the record says %" PRId64, count,
          p.notification_id);
}

void quipu_pairs_check(struct quipu_trial *t, quipu_records *r,
                       unsigned writers, int64_t counts[])
{
    struct quipu_list log = quipu_list_whole(t, r);
    size_t all = 0;

    for (unsigned i = 0; i < writers; i++) {
        int64_t items = check_items(&log, i);

        counts[i] = items / 2;
        all += (size_t)items;
        if (t->traits & QUIPU_CAN_TRACK) {
            check_record(r, i, counts[i]);
        }
    }
    CHECK(all == log.count, "there are items that nobody appended");
}

void quipu_pairs_go_on(struct quipu_trial *t, quipu_records *r, unsigned writer,
                       int64_t count)
{
    struct quipu_batch *b = quipu_batch_create(t, r, 2);

    if (count > 0) {
        quipu_pairs_fill(t, b, writer, count - 1, quipu_pairs_size(count - 1));
        OK(quipu_batch_append(b));
        CHECK(b->result.flags & QUIPU_RESULT_REPEATED, "not called a repeat");
    }
    quipu_pairs_fill(t, b, writer, count, quipu_pairs_size(count));
    OK(quipu_batch_append(b));
    CHECK(!(b->result.flags & QUIPU_RESULT_REPEATED), "called a repeat");
    CHECK(quipu_pairs_last(t, b, writer) == count + 1,
          "the next append is not there");
}

/* Nothing is there of an append that was refused; false: that cannot be read
 * now. */
static bool check_refused(struct quipu_trial *t, struct quipu_batch *b,
                          unsigned writer, struct quipu_fates *fates)
{
    int64_t count = quipu_pairs_last(t, b, writer);

    CHECK(count <= fates->acknowledged,
          "an append that answered %s is stored: %s",
          quipu_status_name(fates->refusal.code), fates->refusal.message);
    if (count >= 0) {
        fates->refusal.code = QUIPU_OK;
    }
    return count >= 0;
}

int quipu_pairs_append(struct quipu_trial *t, struct quipu_batch *b,
                       unsigned writer, struct quipu_fates *fates)
{
    int64_t k = fates->acknowledged;
    bool doubtful = fates->begun > k;
    int status;

    if (fates->refusal.code && !check_refused(t, b, writer, fates)) {
        return E->code;
    }
    quipu_pairs_fill(t, b, writer, k, SMALL);
    fates->begun = k + 1;
    status = quipu_batch_append(b);
    /* A driver may resolve a doubt itself: then it is a repeat at once. */
    if (status == QUIPU_OK) {
        fates->acknowledged = k + 1;
        fates->doubts += doubtful;
        fates->resolved += doubtful;
    } else if (status != QUIPU_UNKNOWN_OUTCOME && !doubtful) {
        fates->begun = k;
        fates->refusal = *E;
    }
    return status;
}

void quipu_pairs_settle(struct quipu_trial *t, quipu_records *r,
                        unsigned writers, struct quipu_fates fates[])
{
    int64_t *counts = quipu_trial_keep(t, writers * sizeof(*counts));

    quipu_pairs_check(t, r, writers, counts);
    for (unsigned i = 0; i < writers; i++) {
        CHECK(counts[i] >= fates[i].acknowledged,
              "writer %u: %" PRId64 " appends were acknowledged, and %" PRId64
              " are there",
              i, fates[i].acknowledged, counts[i]);
        CHECK(counts[i] <= fates[i].begun,
              "writer %u: more appends than were made", i);
        quipu_trial_count(t, "acknowledged", (uint64_t)fates[i].acknowledged);
        quipu_trial_count(t, "left in doubt", fates[i].doubts);
        quipu_trial_count(t, "resolved", fates[i].resolved);
    }
}
