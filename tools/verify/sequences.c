/* SPDX-License-Identifier: Apache-2.0 */
/* Second pass: positions, order and ends of all sequences. */
#include "scan.h"
#include "verify.h"

#include <string.h>

/* State of the scan of one sequence. */
struct pass {
    struct verify *verify;
    quipu_bytes id;
    int64_t listed_last; /* last position according to the listing */
    bool any;            /* an item was visited */
    int64_t last;        /* position */
    int64_t last_id;     /* notification id */
    bool above;          /* an item above listed_last was visited */
};

static bool is_contiguous(const struct verify *verify)
{
    return (verify->schema->flags & QUIPU_SCHEMA_SPARSE) == 0;
}

/* U1: no position twice.  S4: positions in order.  S1: 0, 1, 2 ... unless the
 * schema is sparse. */
static void check_position(struct pass *pass, int64_t position,
                           const struct location *location)
{
    const int64_t expected = pass->any ? pass->last + 1 : 0;

    if (pass->any && position == pass->last) {
        verify_finding_report(pass->verify, "U1", location,
                              "the position is taken twice");
    } else if (pass->any && position < pass->last) {
        verify_finding_report(pass->verify, "S4", location,
                              "the item comes after position %lld",
                              (long long)pass->last);
    } else if (is_contiguous(pass->verify) && position != expected) {
        verify_finding_report(
            pass->verify, "S1", location,
            position < 0 ? "the position is negative"
                         : "the preceding positions from %lld on are missing",
            (long long)expected);
    }
}

static void check_sequence_id(struct pass *pass, const quipu_item *item,
                              const struct location *location)
{
    if (!quipu_bytes_equal(item->sequence_id, pass->id)) {
        const struct location listed = { .notification_id =
                                             location->notification_id,
                                         .sequence_id = pass->id,
                                         .position = location->position };

        verify_finding_report(pass->verify, "S4", &listed,
                              "reading the sequence yields an item of another "
                              "sequence");
    }
}

/* An item above the last position of the listing must have been appended since
 * the check began. */
static void check_above(struct pass *pass, const quipu_item *item,
                        const struct location *location)
{
    if (item->position > pass->listed_last && !pass->above) {
        pass->above = true;
        if (item->notification_id <= pass->verify->head) {
            verify_finding_report(
                pass->verify, "head", location,
                "the sequence is listed with the last position %lld",
                (long long)pass->listed_last);
        }
    }
}

static int visit(void *context, const quipu_item *item, quipu_error *error)
{
    struct pass *pass = context;
    struct verify *verify = pass->verify;
    const struct location location = verify_finding_at(item);

    (void)error;
    check_position(pass, item->position, &location);
    check_sequence_id(pass, item, &location);
    check_above(pass, item, &location);
    if (verify->has_log && is_contiguous(verify) && pass->any &&
        item->notification_id <= pass->last_id) {
        verify_finding_report(verify, "L1", &location,
                              "the preceding position has notification id "
                              "%lld, which is not lower",
                              (long long)pass->last_id);
    }
    if (!verify->has_log) {
        verify_item_check(verify, item);
        verify->items++;
    }
    if (item->notification_id <= verify->head) {
        verify->sequence_count++;
        verify->sequence_sum += verify_item_hash(item);
    }
    pass->any = true;
    pass->last = item->position;
    pass->last_id = item->notification_id;
    if (verify->sequence_count % 256 == 0) {
        progress_show(&verify->progress, verify->table, "reading the sequences",
                      verify->sequence_count, verify->items);
    }
    return QUIPU_OK;
}

static void damaged(void *context, int64_t at, const quipu_error *error)
{
    struct pass *pass = context;
    const struct location location = { .sequence_id = pass->id,
                                       .position = &at };

    check_position(pass, at, &location);
    verify_finding_report(pass->verify, "item", &location, "%s",
                          error->message);
    pass->any = true;
    pass->last = at;
}

static int ignore(void *context, const quipu_item *item, quipu_error *error)
{
    (void)context;
    (void)item;
    (void)error;
    return QUIPU_OK;
}

/*
 * Compares the end of the sequence that the scan has reached with the listing
 * and with quipu_records_last.  Items may be appended meanwhile: the last
 * position may be higher than the scan's, but then an item must be there.
 */
static int check_end(struct pass *pass, quipu_error *error)
{
    const struct location location = { .sequence_id = pass->id };
    int64_t last = 0;
    bool found = pass->any;
    int status =
        quipu_records_last(pass->verify->records, pass->id, &last, error);

    if (!pass->any || pass->last < pass->listed_last) {
        verify_finding_report(pass->verify, "head", &location,
                              "the sequence is listed with the last position "
                              "%lld, but has no item there",
                              (long long)pass->listed_last);
    }
    if (status == QUIPU_NOT_FOUND) {
        if (pass->any) {
            verify_finding_report(pass->verify, "head", &location,
                                  "the store has no last position of the "
                                  "sequence, but it has items");
        }
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (pass->any && last > pass->last) {
        const struct scan scan = { .records = pass->verify->records,
                                   .sequence_id = pass->id,
                                   .lower = last,
                                   .visit = ignore };

        status = verify_scan_one(&scan, &found, error);
        status = status == QUIPU_CORRUPT ? QUIPU_OK : status;
    }
    if (status == QUIPU_OK && pass->any && (last < pass->last || !found)) {
        verify_finding_report(pass->verify, "head", &location,
                              "the store returns %lld as last position, but "
                              "the last item is at %lld",
                              (long long)last, (long long)pass->last);
    }
    return status;
}

static int check_sequence(struct verify *verify, const quipu_sequence *sequence,
                          quipu_error *error)
{
    struct pass pass = { .verify = verify,
                         .id = sequence->id,
                         .listed_last = sequence->last_position };
    const struct scan scan = { .records = verify->records,
                               .sequence_id = sequence->id,
                               .lower = INT64_MIN,
                               .upper = INT64_MAX,
                               .visit = visit,
                               .damaged = damaged,
                               .context = &pass };
    const struct location location = { .sequence_id = sequence->id };

    verify->sequences++;
    if (!verify_item_id_valid(verify, sequence->id)) {
        verify_finding_report(verify, "F2", &location,
                              "the listing has an id that no sequence can "
                              "have");
        return QUIPU_OK;
    }
    int status = verify_scan_run(&scan, error);
    if (status == QUIPU_CORRUPT) {
        verify_finding_report(verify, "item", &location,
                              "the sequence cannot be read: %s",
                              error->message);
        return QUIPU_OK;
    }
    return status == QUIPU_OK ? check_end(&pass, error) : status;
}

/* F2: each sequence is listed once, in byte order. */
static void check_order(struct verify *verify, quipu_id *before, quipu_bytes id)
{
    const struct location location = { .sequence_id = id };
    const size_t shorter = before->size < id.size ? before->size : id.size;
    const int order = memcmp(before->data, id.data, shorter);

    if (before->size > 0 &&
        (order > 0 || (order == 0 && before->size >= id.size))) {
        verify_finding_report(verify, "F2", &location,
                              "the sequence is listed out of order");
    }
    quipu_id_of_bytes(before, id, NULL);
}

int verify_sequences_check(struct verify *verify, quipu_error *error)
{
    const quipu_bytes all = { 0 };
    const struct location none = { 0 };
    quipu_sequences *listing = NULL;
    const quipu_sequence *sequence = NULL;
    quipu_id before = { 0 };
    int status = quipu_sequences_open(verify->records, all, &listing, error);

    if (status == QUIPU_OK) {
        status = quipu_sequences_next(listing, &sequence, error);
    }
    while (status == QUIPU_OK && sequence) {
        check_order(verify, &before, sequence->id);
        status = check_sequence(verify, sequence, error);
        if (status != QUIPU_OK) {
            break;
        }
        status = quipu_sequences_next(listing, &sequence, error);
    }
    quipu_sequences_close(listing);
    if (status == QUIPU_CORRUPT) {
        verify_finding_report(verify, "item", &none,
                              "the sequences cannot be listed to the end: %s",
                              error->message);
        return QUIPU_OK;
    }
    return status;
}
