/* SPDX-License-Identifier: Apache-2.0 */
/* The first pass: the log, by notification id. */
#include "verify.h"
#include "walk.h"

struct pass {
    struct verify *verify;
    int64_t last; /* notification id */
};

/* Ids follow each other without a gap (L1). */
static void check_id(struct pass *pass, int64_t id, const struct where *where)
{
    if (id == pass->last + 1) {
        return;
    }
    if (id <= pass->last) {
        quipu_tool_verify_found(pass->verify, "L1", where,
                                "it comes after notification id %lld",
                                (long long)pass->last);
    } else if (id == pass->last + 2) {
        quipu_tool_verify_found(pass->verify, "L1", where,
                                "notification id %lld before it is missing",
                                (long long)id - 1);
    } else {
        quipu_tool_verify_found(
            pass->verify, "L1", where,
            "notification ids %lld to %lld before it are missing",
            (long long)pass->last + 1, (long long)id - 1);
    }
}

static int visit(void *context, const quipu_item *item, quipu_error *error)
{
    struct pass *pass = context;
    struct verify *verify = pass->verify;
    const struct where where = quipu_tool_verify_item(item);

    (void)error;
    check_id(pass, item->notification_id, &where);
    quipu_tool_verify_content(verify, item);
    verify->items++;
    verify->log_count++;
    verify->log_sum += quipu_tool_verify_hash(item);
    if (item->notification_id > pass->last) {
        pass->last = item->notification_id;
    }
    if (verify->items % 256 == 0) {
        quipu_tool_progress(&verify->progress, verify->table, "reading the log",
                            verify->items, verify->head);
    }
    return QUIPU_OK;
}

static void broken(void *context, int64_t at, const quipu_error *error)
{
    struct pass *pass = context;
    const struct where where = { .notification_id = at };

    check_id(pass, at, &where);
    quipu_tool_verify_found(pass->verify, "item", &where, "%s", error->message);
    pass->verify->items++;
    pass->last = at;
}

/* Items above the head that the store tells: those that were stored since the
 * check began have raised it, and the cursor has them only. */
static int check_above(struct verify *verify, int64_t last, quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT,
                                .gt = verify->head };
    const struct where at_head = { .notification_id = verify->head };
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    quipu_position head;
    int status;

    if (last < verify->head) {
        quipu_tool_verify_found(verify, "L1", &at_head,
                                "the head of the log, but the last item is "
                                "%lld",
                                (long long)last);
    }
    status = quipu_records_read_log(verify->records, &query, &cursor, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_records_head(verify->records, &head, error);
    while (status == QUIPU_OK) {
        struct where where;

        status = quipu_cursor_next(cursor, &item, error);
        if (status != QUIPU_OK || !item) {
            break;
        }
        if (item->notification_id > head.notification_id) {
            where = quipu_tool_verify_item(item);
            quipu_tool_verify_found(verify, "L1", &where,
                                    "it is above the head of the log, %lld",
                                    (long long)head.notification_id);
        }
    }
    quipu_cursor_close(cursor);
    return status;
}

/* The head's event id is that of the last item. */
static int check_head(struct verify *verify, const quipu_position *head,
                      quipu_error *error)
{
    const struct where where = { .notification_id = head->notification_id };
    int status = QUIPU_OK;

    if (head->notification_id > 0) {
        status = quipu_records_check_position(verify->records, head, error);
    }
    if (status == QUIPU_CONFLICT || status == QUIPU_NOT_FOUND) {
        quipu_tool_verify_found(verify, "L5", &where, "%s", error->message);
        return QUIPU_OK;
    }
    return status == QUIPU_CORRUPT ? QUIPU_OK : status; /* the walk names it */
}

int quipu_tool_verify_log(struct verify *verify, quipu_error *error)
{
    struct pass pass = { .verify = verify };
    struct walk walk = { .records = verify->records,
                         .lower = INT64_MIN,
                         .visit = visit,
                         .broken = broken,
                         .context = &pass };
    const struct where nowhere = { 0 };
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
    walk.upper = verify->head;
    status = check_head(verify, &head, error);
    if (status == QUIPU_OK) {
        status = quipu_tool_walk(&walk, error);
    }
    if (status == QUIPU_CORRUPT) {
        quipu_tool_verify_found(verify, "item", &nowhere,
                                "the log cannot be read beyond notification "
                                "id %lld: %s",
                                (long long)pass.last, error->message);
        return QUIPU_OK;
    }
    return status == QUIPU_OK ? check_above(verify, pass.last, error) : status;
}
