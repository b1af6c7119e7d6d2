/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and judges pairs. */
#include "pairs.h"

#include "check.h"

#include <inttypes.h>
#include <stdlib.h>

#define FILLER 5000 /* bytes of a state: more than a page */
#define LARGE 40000 /* of some */

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

static const char *consumer_of(struct quipu_trial *t, unsigned writer)
{
    return quipu_trial_text(t, "writer %u", writer);
}

void quipu_pairs_fill(struct quipu_trial *t, struct quipu_batch *b,
                      unsigned writer, int64_t k)
{
    int filler = k % 4 == 3 ? LARGE : FILLER;

    quipu_batch_clear(b);
    for (uint8_t i = 0; i < 2; i++) {
        quipu_uuid *sequence = quipu_trial_keep(t, sizeof *sequence);

        *sequence = (quipu_uuid){ { (uint8_t)(writer + 1), i } };
        quipu_batch_at(b, (quipu_bytes){ sequence->bytes, 16 }, k,
                       quipu_trial_text(t, "%" PRId64 " %0*d", k, filler, 0));
        b->event_ids[i] =
            (quipu_uuid){ { (uint8_t)(writer + 1), i, byte_of(k + 1, 0),
                            byte_of(k + 1, 1), byte_of(k + 1, 2) } };
    }
    if (t->traits & QUIPU_CAN_TRACK) {
        quipu_batch_track(b, consumer_of(t, writer), "log", k + 1);
    }
}

int64_t quipu_pairs_last(struct quipu_trial *t, struct quipu_batch *b,
                         unsigned writer)
{
    int64_t last = -1;
    int status;

    quipu_pairs_fill(t, b, writer, 0);
    status = quipu_records_last(b->records, b->items[0].sequence_id, &last, E);
    if (status != QUIPU_OK && status != QUIPU_NOT_FOUND) {
        return -1;
    }
    return last + 1;
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
        CHECK(seen->position == items / 2 &&
                  seen->sequence.data[1] == items % 2 &&
                  strtoll(seen->state, NULL, 10) == seen->position &&
                  seen->state_size > FILLER,
              "at id %zu is not what was appended there", i + 1);
        CHECK(items % 2 == 0 || seen[-1].sequence.data[0] == writer + 1,
              "something is inside an append, at id %zu", i + 1);
        items++;
    }
    CHECK(items % 2 == 0, "half an append is there");
    return items;
}

static void check_record(struct quipu_trial *t, quipu_records *r,
                         unsigned writer, int64_t count)
{
    quipu_position p = { 0 };
    int status = quipu_tracking_read(quipu_records_datastore(r),
                                     consumer_of(t, writer), "log", &p, E);

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
            check_record(t, r, i, counts[i]);
        }
    }
    CHECK(all == log.count, "there are items that nobody appended");
}

void quipu_pairs_go_on(struct quipu_trial *t, quipu_records *r, unsigned writer,
                       int64_t count)
{
    struct quipu_batch *b = quipu_batch_create(t, r, 2);

    if (count > 0) {
        quipu_pairs_fill(t, b, writer, count - 1);
        OK(quipu_batch_append(b));
        CHECK(b->result.flags & QUIPU_RESULT_REPEATED, "not called a repeat");
    }
    quipu_pairs_fill(t, b, writer, count);
    OK(quipu_batch_append(b));
    CHECK(!(b->result.flags & QUIPU_RESULT_REPEATED), "called a repeat");
    CHECK(quipu_pairs_last(t, b, writer) == count + 1,
          "the next append is not there");
}
