/* SPDX-License-Identifier: Apache-2.0 */
/* The second pass: every sequence, by position. */
#include "verify.h"
#include "walk.h"

#include <string.h>

/* One sequence on its way through. */
struct pass {
    struct verify *verify;
    quipu_bytes id;
    int64_t listed_last; /* as the listing tells */
    bool any;            /* an item was seen */
    int64_t last;        /* position */
    int64_t last_id;     /* notification id */
    bool above;          /* the first item above listed_last was seen */
};

static bool is_contiguous(const struct verify *verify)
{
    return (verify->schema->flags & QUIPU_SCHEMA_SPARSE) == 0;
}

/* Each position once (U1), in order (S4), and if contiguous 0, 1, 2 (S1). */
static void check_position(struct pass *pass, int64_t position,
                           const struct where *where)
{
    const int64_t expected = pass->any ? pass->last + 1 : 0;

    if (pass->any && position == pass->last) {
        quipu_tool_verify_found(pass->verify, "U1", where,
                                "the position is taken twice");
    } else if (pass->any && position < pass->last) {
        quipu_tool_verify_found(pass->verify, "S4", where,
                                "it comes after position %lld",
                                (long long)pass->last);
    } else if (is_contiguous(pass->verify) && position != expected) {
        quipu_tool_verify_found(
            pass->verify, "S1", where,
            position < 0 ? "the position is negative"
                         : "the positions from %lld up to it are missing",
            (long long)expected);
    }
}

static void check_sequence_id(struct pass *pass, const quipu_item *item,
                              const struct where *where)
{
    if (!quipu_bytes_equal(item->sequence_id, pass->id)) {
        const struct where listed = { .notification_id = where->notification_id,
                                      .sequence_id = pass->id,
                                      .position = where->position };

        quipu_tool_verify_found(pass->verify, "S4", &listed,
                                "reading the sequence gives an item of another "
                                "one");
    }
}

/* An item above the end that the listing told must be newer than the check. */
static void check_above(struct pass *pass, const quipu_item *item,
                        const struct where *where)
{
    if (item->position > pass->listed_last && !pass->above) {
        pass->above = true;
        if (item->notification_id <= pass->verify->head) {
            quipu_tool_verify_found(pass->verify, "head", where,
                                    "the sequence is listed as ending at %lld",
                                    (long long)pass->listed_last);
        }
    }
}

static int visit(void *context, const quipu_item *item, quipu_error *error)
{
    struct pass *pass = context;
    struct verify *verify = pass->verify;
    const struct where where = quipu_tool_verify_item(item);

    (void)error;
    check_position(pass, item->position, &where);
    check_sequence_id(pass, item, &where);
    check_above(pass, item, &where);
    if (verify->has_log && is_contiguous(verify) && pass->any &&
        item->notification_id <= pass->last_id) {
        quipu_tool_verify_found(verify, "L1", &where,
                                "the position before it has notification id "
                                "%lld, which is not lower",
                                (long long)pass->last_id);
    }
    if (!verify->has_log) {
        quipu_tool_verify_content(verify, item);
        verify->items++;
    }
    if (item->notification_id <= verify->head) {
        verify->sequence_count++;
        verify->sequence_sum += quipu_tool_verify_hash(item);
    }
    pass->any = true;
    pass->last = item->position;
    pass->last_id = item->notification_id;
    if (verify->sequence_count % 256 == 0) {
        quipu_tool_progress(&verify->progress, verify->table,
                            "reading the sequences", verify->sequence_count,
                            verify->items);
    }
    return QUIPU_OK;
}

static void broken(void *context, int64_t at, const quipu_error *error)
{
    struct pass *pass = context;
    const struct where where = { .sequence_id = pass->id, .position = &at };

    check_position(pass, at, &where);
    quipu_tool_verify_found(pass->verify, "item", &where, "%s", error->message);
    pass->any = true;
    pass->last = at;
}

/* The last position that the store answers for the sequence: at least the last
 * that was read, and if it is higher by now, an item is there. */
static int nothing(void *context, const quipu_item *item, quipu_error *error)
{
    (void)context;
    (void)item;
    (void)error;
    return QUIPU_OK;
}

static int check_end(struct pass *pass, quipu_error *error)
{
    const struct where where = { .sequence_id = pass->id };
    int64_t last = 0;
    bool found = pass->any;
    int status =
        quipu_records_last(pass->verify->records, pass->id, &last, error);

    if (pass->any ? pass->last < pass->listed_last : true) {
        quipu_tool_verify_found(pass->verify, "head", &where,
                                "the sequence is listed as ending at %lld, "
                                "where it has no item",
                                (long long)pass->listed_last);
    }
    if (status == QUIPU_NOT_FOUND) {
        if (pass->any) {
            quipu_tool_verify_found(pass->verify, "head", &where,
                                    "the store knows no last position, but "
                                    "there are items");
        }
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (pass->any && last > pass->last) {
        status = quipu_tool_walk_one(pass->verify->records, pass->id, last,
                                     nothing, NULL, &found, error);
        status = status == QUIPU_CORRUPT ? QUIPU_OK : status;
    }
    if (status == QUIPU_OK && pass->any && (last < pass->last || !found)) {
        quipu_tool_verify_found(pass->verify, "head", &where,
                                "the store tells %lld as last position, but "
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
    const struct walk walk = { .records = verify->records,
                               .sequence_id = sequence->id,
                               .lower = INT64_MIN,
                               .upper = INT64_MAX,
                               .visit = visit,
                               .broken = broken,
                               .context = &pass };
    const struct where where = { .sequence_id = sequence->id };
    int status = QUIPU_OK;

    verify->sequences++;
    if (!quipu_tool_verify_is_id(verify, sequence->id)) {
        quipu_tool_verify_found(verify, "F2", &where,
                                "such a sequence is listed, but cannot be "
                                "read: no sequence can have this id");
        return QUIPU_OK;
    }
    status = quipu_tool_walk(&walk, error);
    if (status == QUIPU_CORRUPT) {
        quipu_tool_verify_found(verify, "item", &where,
                                "the sequence cannot be read: %s",
                                error->message);
        return QUIPU_OK;
    }
    return status == QUIPU_OK ? check_end(&pass, error) : status;
}

/* Sequences are listed once each, in byte order (F2). */
static void check_order(struct verify *verify, quipu_id *before, quipu_bytes id)
{
    const struct where where = { .sequence_id = id };
    const size_t shorter = before->size < id.size ? before->size : id.size;
    const int order = memcmp(before->data, id.data, shorter);

    if (before->size > 0 &&
        (order > 0 || (order == 0 && before->size >= id.size))) {
        quipu_tool_verify_found(verify, "F2", &where,
                                "the sequence is listed out of order");
    }
    quipu_id_of_bytes(before, id, NULL);
}

int quipu_tool_verify_sequences(struct verify *verify, quipu_error *error)
{
    const quipu_bytes all = { 0 };
    const struct where nowhere = { 0 };
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
        quipu_tool_verify_found(verify, "item", &nowhere,
                                "the sequences cannot be listed to the end: %s",
                                error->message);
        return QUIPU_OK;
    }
    return status;
}
