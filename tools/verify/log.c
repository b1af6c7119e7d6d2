/* SPDX-License-Identifier: Apache-2.0 */
/* First pass: notification ids, the items of the log, and its head. */
#include "scan.h"
#include "verify.h"

struct pass {
    struct verify *verify;
    int64_t last; /* notification id */
};

/* L1: notification ids are consecutive. */
static void check_id(struct pass *pass, int64_t id,
                     const struct location *location)
{
    if (id == pass->last + 1) {
        return;
    }
    if (id <= pass->last) {
        verify_finding_report(pass->verify, "L1", location,
                              "the item comes after notification id %lld",
                              (long long)pass->last);
    } else if (id == pass->last + 2) {
        verify_finding_report(pass->verify, "L1", location,
                              "the preceding notification id %lld is missing",
                              (long long)id - 1);
    } else {
        verify_finding_report(
            pass->verify, "L1", location,
            "the preceding notification ids %lld to %lld are missing",
            (long long)pass->last + 1, (long long)id - 1);
    }
}

static int visit(void *context, const quipu_item *item, quipu_error *error)
{
    struct pass *pass = context;
    struct verify *verify = pass->verify;
    const struct location location = verify_finding_at(item);

    (void)error;
    check_id(pass, item->notification_id, &location);
    verify_item_check(verify, item);
    verify->items++;
    verify->log_count++;
    verify->log_sum += verify_item_hash(item);
    if (item->notification_id > pass->last) {
        pass->last = item->notification_id;
    }
    if (verify->items % 256 == 0) {
        progress_show(&verify->progress, verify->table, "reading the log",
                      verify->items, verify->head);
    }
    return QUIPU_OK;
}

static void damaged(void *context, int64_t at, const quipu_error *error)
{
    struct pass *pass = context;
    const struct location location = { .notification_id = at };

    check_id(pass, at, &location);
    verify_finding_report(pass->verify, "item", &location, "%s",
                          error->message);
    pass->verify->items++;
    pass->last = at;
}

/*
 * Looks for items above the head.  Items that were appended since the check
 * began are legitimate: they have raised the head, which is therefore read
 * after the cursor is opened, since the cursor's snapshot has no later items.
 */
static int check_above(struct verify *verify, int64_t last, quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT,
                                .gt = verify->head };
    const struct location at_head = { .notification_id = verify->head };
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    quipu_position head;

    if (last < verify->head) {
        verify_finding_report(verify, "L1", &at_head,
                              "this is the head of the log, but the last "
                              "item is %lld",
                              (long long)last);
    }
    int status =
        quipu_records_read_log(verify->records, &query, &cursor, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_records_head(verify->records, &head, error);
    while (status == QUIPU_OK) {
        struct location location;

        status = quipu_cursor_next(cursor, &item, error);
        if (status != QUIPU_OK || !item) {
            break;
        }
        if (item->notification_id > head.notification_id) {
            location = verify_finding_at(item);
            verify_finding_report(verify, "L1", &location,
                                  "the item is above the head of the log, %lld",
                                  (long long)head.notification_id);
        }
    }
    quipu_cursor_close(cursor);
    return status;
}

/* L5: the head's event id is that of the last item. */
static int check_head(struct verify *verify, const quipu_position *head,
                      quipu_error *error)
{
    const struct location location = { .notification_id =
                                           head->notification_id };
    int status = QUIPU_OK;

    if (head->notification_id > 0) {
        status = quipu_records_check_position(verify->records, head, error);
    }
    if (status == QUIPU_CONFLICT || status == QUIPU_NOT_FOUND) {
        verify_finding_report(verify, "L5", &location, "%s", error->message);
        return QUIPU_OK;
    }
    return status == QUIPU_CORRUPT ? QUIPU_OK
                                   : status; /* the scan reports it */
}

int verify_log_check(struct verify *verify, quipu_error *error)
{
    struct pass pass = { .verify = verify };
    struct scan scan = { .records = verify->records,
                         .lower = INT64_MIN,
                         .visit = visit,
                         .damaged = damaged,
                         .context = &pass };
    const struct location none = { 0 };
    quipu_position head;
    int status = quipu_records_head(verify->records, &head, error);

    if (status == QUIPU_UNSUPPORTED) {
        verify->has_log = false;
        verify->head = INT64_MAX;
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return status;
    }
    verify->has_log = true;
    verify->head = head.notification_id;
    scan.upper = verify->head;
    status = check_head(verify, &head, error);
    if (status == QUIPU_OK) {
        status = verify_scan_run(&scan, error);
    }
    if (status == QUIPU_CORRUPT) {
        verify_finding_report(verify, "item", &none,
                              "the log cannot be read beyond notification "
                              "id %lld: %s",
                              (long long)pass.last, error->message);
        return QUIPU_OK;
    }
    return status == QUIPU_OK ? check_above(verify, pass.last, error) : status;
}
