/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names the items on which the log and the sequences disagree.  Each item of
 * one is looked up in the other, which takes far longer than reading; it is
 * done only after the sums of both passes have differed.
 */
#include "scan.h"
#include "verify.h"

#include <string.h>

struct compared {
    const quipu_item *item; /* that was read first */
    bool equal;
};

/* An item that is erased meanwhile is the same item, without its contents. */
static int compare(void *context, const quipu_item *item, quipu_error *error)
{
    struct compared *compared = context;
    const quipu_item *first = compared->item;
    const bool erased_since = (item->flags & QUIPU_ITEM_ERASED) != 0 &&
                              (first->flags & QUIPU_ITEM_ERASED) == 0;

    (void)error;
    compared->equal =
        erased_since
            ? verify_item_place_hash(item) == verify_item_place_hash(first)
            : verify_item_hash(item) == verify_item_hash(first);
    return QUIPU_OK;
}

/* Returns an id that sorts a little below `id`, from which a listing reaches
 * `id` after a few sequences; absent if there is none. */
static quipu_bytes before(quipu_bytes id, bool is_text, quipu_id *room)
{
    quipu_bytes bytes = { 0 };

    if (quipu_id_of_bytes(room, id, NULL) != QUIPU_OK) {
        return bytes;
    }
    if (is_text) {
        /* A proper prefix sorts before the text. */
        do {
            room->size--;
        } while (room->size > 0 && (room->data[room->size] & 0xc0) == 0x80);
        return room->size > 0 ? quipu_id_bytes(room) : bytes;
    }
    for (size_t i = room->size; i > 0; i--) {
        if (room->data[i - 1]-- != 0) {
            return quipu_id_bytes(room);
        }
    }
    return bytes; /* the id was the lowest one, all zeros */
}

static int is_listed(const struct verify *verify, quipu_bytes id, bool *listed,
                     quipu_error *error)
{
    quipu_id room;
    quipu_sequences *listing = NULL;
    const quipu_sequence *sequence = NULL;
    int status = quipu_sequences_open(
        verify->records,
        before(id, (verify->schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0, &room),
        &listing, error);

    *listed = false;
    while (status == QUIPU_OK && !*listed) {
        status = quipu_sequences_next(listing, &sequence, error);
        if (status != QUIPU_OK || !sequence) {
            break;
        }
        *listed = quipu_bytes_equal(sequence->id, id);
        if (!*listed && sequence->id.size > 0 &&
            memcmp(sequence->id.data, id.data,
                   sequence->id.size < id.size ? sequence->id.size : id.size) >
                0) {
            break;
        }
    }
    quipu_sequences_close(listing);
    return status == QUIPU_CORRUPT ? QUIPU_OK : status;
}

/* Checks that an item of the log is in its sequence, and that the sequence is
 * listed. */
static int visit_log(void *context, const quipu_item *item, quipu_error *error)
{
    struct verify *verify = context;
    struct compared compared = { .item = item };
    const struct scan scan = { .records = verify->records,
                               .sequence_id = item->sequence_id,
                               .lower = item->position,
                               .visit = compare,
                               .context = &compared };
    const struct location location = verify_finding_at(item);
    bool found = false;
    bool listed = true;

    if (!verify_item_id_valid(verify, item->sequence_id)) {
        return QUIPU_OK; /* reported before */
    }
    int status = verify_scan_one(&scan, &found, error);

    if (status == QUIPU_OK && found) {
        status = is_listed(verify, item->sequence_id, &listed, error);
    }
    if (status == QUIPU_CORRUPT) {
        return QUIPU_OK; /* reported before */
    }
    if (status == QUIPU_OK && (!found || !compared.equal || !listed)) {
        verify_finding_report(
            verify, "agreement", &location,
            !found    ? "the item is in the log, but not in its sequence"
            : !listed ? "the item's sequence is not listed"
                      : "the log and the sequence give different items");
    }
    return status;
}

/* Checks that an item of a sequence is in the log. */
static int visit_sequence(void *context, const quipu_item *item,
                          quipu_error *error)
{
    struct verify *verify = context;
    struct compared compared = { .item = item };
    const struct scan scan = { .records = verify->records,
                               .lower = item->notification_id,
                               .visit = compare,
                               .context = &compared };
    const struct location location = verify_finding_at(item);
    bool found = false;

    if (item->notification_id > verify->head) {
        return QUIPU_OK;
    }
    int status = verify_scan_one(&scan, &found, error);
    if (status == QUIPU_CORRUPT) {
        return QUIPU_OK;
    }
    if (status == QUIPU_OK && (!found || !compared.equal)) {
        verify_finding_report(verify, "agreement", &location,
                              found ? "the log has another item at its "
                                      "notification id"
                                    : "the item is in its sequence, but not in "
                                      "the log");
    }
    return status;
}

static int scan_sequences(struct verify *verify, quipu_error *error)
{
    const quipu_bytes all = { 0 };
    quipu_sequences *listing = NULL;
    const quipu_sequence *sequence = NULL;
    int status = quipu_sequences_open(verify->records, all, &listing, error);

    while (status == QUIPU_OK) {
        struct scan scan = { .records = verify->records,
                             .lower = INT64_MIN,
                             .upper = INT64_MAX,
                             .visit = visit_sequence,
                             .context = verify };

        status = quipu_sequences_next(listing, &sequence, error);
        if (status != QUIPU_OK || !sequence) {
            break;
        }
        if (!verify_item_id_valid(verify, sequence->id)) {
            continue;
        }
        scan.sequence_id = sequence->id;
        status = verify_scan_run(&scan, error);
        status = status == QUIPU_CORRUPT ? QUIPU_OK : status;
    }
    quipu_sequences_close(listing);
    return status == QUIPU_CORRUPT ? QUIPU_OK : status;
}

int verify_agreement_check(struct verify *verify, quipu_error *error)
{
    const struct scan scan = { .records = verify->records,
                               .lower = INT64_MIN,
                               .upper = verify->head,
                               .visit = visit_log,
                               .context = verify };

    if (!verify->has_log || (verify->log_count == verify->sequence_count &&
                             verify->log_sum == verify->sequence_sum)) {
        return QUIPU_OK;
    }
    int status = verify_scan_run(&scan, error);
    status = status == QUIPU_CORRUPT ? QUIPU_OK : status;
    return status == QUIPU_OK ? scan_sequences(verify, error) : status;
}
