/* SPDX-License-Identifier: Apache-2.0 */
/* Names the items on which log and sequences disagree: slow, and needed only
 * when the sums over all items differ. */
#include "verify.h"
#include "walk.h"

#include <string.h>

struct compared {
    const quipu_item *item;
    bool equal;
};

static int compare(void *context, const quipu_item *item, quipu_error *error)
{
    struct compared *compared = context;

    (void)error;
    compared->equal =
        quipu_tool_verify_hash(item) == quipu_tool_verify_hash(compared->item);
    return QUIPU_OK;
}

/* An id below `id`, as close as is easily said; absent: there is none. */
static quipu_bytes before(quipu_bytes id, bool is_text, quipu_id *room)
{
    quipu_bytes bytes = { 0 };

    if (quipu_id_of_bytes(room, id, NULL) != QUIPU_OK) {
        return bytes;
    }
    if (is_text) {
        /* Without its last character it sorts before itself. */
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
    return bytes; /* all its bits were zero */
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

/* An item of the log is in its sequence, and that is listed. */
static int visit_log(void *context, const quipu_item *item, quipu_error *error)
{
    struct verify *verify = context;
    struct compared compared = { .item = item };
    const struct where where = quipu_tool_verify_item(item);
    bool found = false;
    bool listed = true;
    int status = QUIPU_OK;

    if (!quipu_tool_verify_is_id(verify, item->sequence_id)) {
        return QUIPU_OK; /* named before */
    }
    status =
        quipu_tool_walk_one(verify->records, item->sequence_id, item->position,
                            compare, &compared, &found, error);

    if (status == QUIPU_OK && found) {
        status = is_listed(verify, item->sequence_id, &listed, error);
    }
    if (status == QUIPU_CORRUPT) {
        return QUIPU_OK; /* named before */
    }
    if (status == QUIPU_OK && (!found || !compared.equal || !listed)) {
        quipu_tool_verify_found(
            verify, "agreement", &where,
            !found    ? "it is in the log, but not in its sequence"
            : !listed ? "its sequence is not listed"
                      : "the log and the sequence give different items");
    }
    return status;
}

/* An item of a sequence is in the log; if it differs there, that was said. */
static int visit_sequence(void *context, const quipu_item *item,
                          quipu_error *error)
{
    static const quipu_bytes log = { 0 };
    struct verify *verify = context;
    struct compared compared = { .item = item };
    const struct where where = quipu_tool_verify_item(item);
    bool found = false;
    int status = QUIPU_OK;

    if (item->notification_id > verify->head) {
        return QUIPU_OK;
    }
    status = quipu_tool_walk_one(verify->records, log, item->notification_id,
                                 compare, &compared, &found, error);
    if (status == QUIPU_CORRUPT) {
        return QUIPU_OK;
    }
    if (status == QUIPU_OK && (!found || !compared.equal)) {
        quipu_tool_verify_found(verify, "agreement", &where,
                                found ? "the log has another item at its "
                                        "notification id"
                                      : "it is in its sequence, but not in "
                                        "the log");
    }
    return status;
}

static int walk_sequences(struct verify *verify, quipu_error *error)
{
    const quipu_bytes all = { 0 };
    quipu_sequences *listing = NULL;
    const quipu_sequence *sequence = NULL;
    int status = quipu_sequences_open(verify->records, all, &listing, error);

    while (status == QUIPU_OK) {
        struct walk walk = { .records = verify->records,
                             .lower = INT64_MIN,
                             .upper = INT64_MAX,
                             .visit = visit_sequence,
                             .context = verify };

        status = quipu_sequences_next(listing, &sequence, error);
        if (status != QUIPU_OK || !sequence) {
            break;
        }
        if (!quipu_tool_verify_is_id(verify, sequence->id)) {
            continue;
        }
        walk.sequence_id = sequence->id;
        status = quipu_tool_walk(&walk, error);
        status = status == QUIPU_CORRUPT ? QUIPU_OK : status;
    }
    quipu_sequences_close(listing);
    return status == QUIPU_CORRUPT ? QUIPU_OK : status;
}

int quipu_tool_verify_agreement(struct verify *verify, quipu_error *error)
{
    const struct walk walk = { .records = verify->records,
                               .lower = INT64_MIN,
                               .upper = verify->head,
                               .visit = visit_log,
                               .context = verify };
    int status = QUIPU_OK;

    if (!verify->has_log || (verify->log_count == verify->sequence_count &&
                             verify->log_sum == verify->sequence_sum)) {
        return QUIPU_OK;
    }
    status = quipu_tool_walk(&walk, error);
    status = status == QUIPU_CORRUPT ? QUIPU_OK : status;
    return status == QUIPU_OK ? walk_sequences(verify, error) : status;
}
