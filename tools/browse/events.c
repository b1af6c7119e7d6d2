/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events: the log, one sequence, and one item.
 *
 * Each answer is bounded: in items, in bytes of text, and for a log that is
 * searched by a filter in the notification ids that are looked at, so that a
 * topic which is rare does not hold a thread for the length of the log.  The
 * answer says how far it has come, and the page asks for the rest.
 */
#include "browser.h"

#include "browse/items.h"
#include "browse/parameters.h"
#include "output/jsonl.h"

#include <string.h>
#include <time.h>

#define LIMIT 50
#define LIMIT_MAX 200
#define SEARCHED_MAX 100000 /* notification ids of one answer */
#define WAIT_SECONDS_MAX 25
#define WAIT_SLICE 500 /* milliseconds */

/* The part of a sequence or of a log that is asked for. */
struct part {
    int64_t after;  /* exclusive */
    int64_t before; /* exclusive */
    bool has_after;
    bool has_before;
    bool descending;
    int64_t limit;
};

static int read_part(const struct request *request, int64_t least,
                     struct part *part, quipu_error *error)
{
    *part = (struct part){ .limit = LIMIT };
    int status = parameters_number(request, "after", least, INT64_MAX,
                                   &part->after, &part->has_after, error);

    if (status == QUIPU_OK) {
        status = parameters_number(request, "before", least, INT64_MAX,
                                   &part->before, &part->has_before, error);
    }
    if (status == QUIPU_OK) {
        status = parameters_number(request, "limit", 1, LIMIT_MAX, &part->limit,
                                   NULL, error);
    }
    return status == QUIPU_OK
               ? parameters_order(request, &part->descending, error)
               : status;
}

/* Adds the items of a cursor and closes it.  *more: there are further ones;
 * *last (NULL is allowed): notification id of the last one that was added. */
static int add_items(const quipu_schema *schema, quipu_cursor *cursor,
                     int64_t limit, struct items *items, bool *more,
                     int64_t *last, quipu_error *error)
{
    const quipu_item *item = NULL;
    int status = quipu_cursor_next(cursor, &item, error);

    while (status == QUIPU_OK && item && !*more) {
        *more =
            !items_add(items, limit, items_json(schema, item, ITEMS_LIST_MAX));
        if (!*more) {
            if (last) {
                *last = item->notification_id;
            }
            status = quipu_cursor_next(cursor, &item, error);
        }
    }
    quipu_cursor_close(cursor);
    return status;
}

/* ---------------------------------------------------------------- sequence */

int events_sequence(struct browser *browser, const struct request *request,
                    struct text *body, quipu_error *error)
{
    quipu_records *records = NULL;
    quipu_cursor *cursor = NULL;
    int64_t last = 0;
    bool more = false;
    struct items items;
    struct part part;
    quipu_id id;
    int status = parameters_records(request, browser->store, &records, error);

    if (status == QUIPU_OK) {
        status = parameters_id(request, "id", quipu_records_schema(records),
                               &id, error);
    }
    if (status == QUIPU_OK) {
        status = read_part(request, INT64_MIN, &part, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_records_last(records, quipu_id_bytes(&id), &last, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_LIMIT |
                 (part.descending ? QUIPU_QUERY_DESCENDING : 0) |
                 (part.has_after ? QUIPU_QUERY_GT : 0) |
                 (part.has_before ? QUIPU_QUERY_LT : 0),
        .gt = part.after,
        .lt = part.before,
        .limit = part.limit + 1,
    };

    status = quipu_records_read(records, quipu_id_bytes(&id), &query, &cursor,
                                error);
    items_begin(&items, body);
    if (status == QUIPU_OK) {
        status = add_items(quipu_records_schema(records), cursor, part.limit,
                           &items, &more, NULL, error);
    }
    items_end(&items, json_pack("{s:I, s:b}", "last_position", (json_int_t)last,
                                "more", more));
    return status;
}

/* ----------------------------------------------------------------- waiting */

static int64_t milliseconds_now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Waits until the log has an item above `after`, the time is over, the client
 * has gone or the server ends. */
static int wait_for_item(struct browser *browser, const struct request *request,
                         quipu_records *records, int64_t after, int64_t seconds,
                         quipu_error *error)
{
    const int64_t end = milliseconds_now() + seconds * 1000;
    int status = QUIPU_TIMEOUT;

    while (status == QUIPU_TIMEOUT && milliseconds_now() < end &&
           !atomic_load(&browser->ending) && !request_is_gone(request)) {
        int64_t head = 0;

        status = quipu_records_wait(records, after, WAIT_SLICE, &head, error);
    }
    return status == QUIPU_TIMEOUT ? QUIPU_OK : status;
}

/* Waits if not too many requests do so already; *waited tells. */
static int wait_bounded(struct browser *browser, const struct request *request,
                        quipu_records *records, int64_t after, bool *waited,
                        quipu_error *error)
{
    int64_t seconds = 0;
    int status = parameters_number(request, "wait", 0, WAIT_SECONDS_MAX,
                                   &seconds, NULL, error);

    *waited = false;
    if (status != QUIPU_OK || seconds == 0) {
        return status;
    }
    if (atomic_fetch_add(&browser->waiting, 1) < BROWSER_WAITING_MAX) {
        *waited = true;
        status =
            wait_for_item(browser, request, records, after, seconds, error);
    }
    atomic_fetch_sub(&browser->waiting, 1);
    return status;
}

/* --------------------------------------------------------------------- log */

struct filter {
    quipu_filter filter;
    quipu_match match;
    quipu_bytes topic;
    quipu_bytes prefix;
};

/* *filter points into itself. */
static int read_filter(const struct request *request, struct filter *filter,
                       quipu_error *error)
{
    const char *topic = NULL;
    const char *prefix = NULL;
    int status = parameters_text(request, "topic", &topic, error);

    memset(filter, 0, sizeof(*filter));
    filter->filter.struct_size = sizeof(filter->filter);
    if (status == QUIPU_OK) {
        status = parameters_text(request, "prefix", &prefix, error);
    }
    if (topic) {
        filter->topic = quipu_bytes_of_text(topic);
        filter->match =
            (quipu_match){ .topics = &filter->topic, .topic_count = 1 };
        filter->filter.matches = &filter->match;
        filter->filter.match_count = 1;
    }
    if (prefix) {
        filter->prefix = quipu_bytes_of_text(prefix);
        filter->filter.prefixes = &filter->prefix;
        filter->filter.prefix_count = 1;
    }
    return status;
}

/* The notification ids of an answer: those above `after` and up to `upper`, of
 * which it has looked at all from one end to `through`. */
struct scan {
    int64_t after;
    int64_t upper;
    int64_t through;
    bool more; /* there are others beyond `through` */
};

static void make_scan(const struct part *part, const struct filter *filter,
                      int64_t head, struct scan *scan)
{
    scan->after = part->after;
    scan->upper =
        part->has_before && part->before <= head ? part->before - 1 : head;
    scan->more = false;
    if ((filter->filter.match_count > 0 || filter->filter.prefix_count > 0) &&
        scan->upper - scan->after > SEARCHED_MAX) {
        scan->more = true;
        if (part->descending) {
            scan->after = scan->upper - SEARCHED_MAX;
        } else {
            scan->upper = scan->after + SEARCHED_MAX;
        }
    }
    if (part->descending) {
        scan->through = scan->after + 1;
    } else {
        scan->through = scan->upper > scan->after ? scan->upper : scan->after;
    }
}

static int add_log(quipu_records *records, const struct part *part,
                   const struct filter *filter, struct scan *scan,
                   struct items *items, quipu_error *error)
{
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_LIMIT | QUIPU_QUERY_GT | QUIPU_QUERY_LTE |
                 (part->descending ? QUIPU_QUERY_DESCENDING : 0),
        .gt = scan->after,
        .lte = scan->upper,
        .limit = part->limit + 1,
    };
    quipu_cursor *cursor = NULL;
    int64_t last = 0;
    bool more = false;
    int status = quipu_records_read_filtered(records, &query, &filter->filter,
                                             &cursor, error);

    if (status == QUIPU_OK) {
        status = add_items(quipu_records_schema(records), cursor, part->limit,
                           items, &more, &last, error);
    }
    if (more) {
        scan->more = true;
        scan->through = last;
    }
    return status;
}

int events_log(struct browser *browser, const struct request *request,
               struct text *body, quipu_error *error)
{
    quipu_records *records = NULL;
    quipu_position head = { .notification_id = 0 };
    struct filter filter;
    struct items items;
    bool waited = false;
    struct part part = { .limit = LIMIT };
    struct scan scan;
    int status = parameters_records(request, browser->store, &records, error);

    if (status == QUIPU_OK) {
        status = read_part(request, 0, &part, error);
    }
    if (status == QUIPU_OK) {
        status = read_filter(request, &filter, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_records_head(records, &head, error);
    }
    if (status == QUIPU_OK && part.after == head.notification_id) {
        status =
            wait_bounded(browser, request, records, part.after, &waited, error);
        if (status == QUIPU_OK) {
            status = quipu_records_head(records, &head, error);
        }
    }
    if (status != QUIPU_OK) {
        return status;
    }
    make_scan(&part, &filter, head.notification_id, &scan);
    items_begin(&items, body);
    status = add_log(records, &part, &filter, &scan, &items, error);
    items_end(&items, json_pack("{s:I, s:I, s:b, s:b}", "head",
                                (json_int_t)head.notification_id, "through",
                                (json_int_t)scan.through, "more", scan.more,
                                "waited", waited));
    return status;
}

/* -------------------------------------------------------------------- item */

/* Opens a cursor over the item that `notification`, `event`, or `id` and
 * `position` name. */
static int open_item(const struct request *request, quipu_records *records,
                     quipu_cursor **cursor, quipu_error *error)
{
    quipu_query query = { .struct_size = sizeof(query),
                          .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE };
    const char *event = NULL;
    bool given = false;
    quipu_uuid uuid;
    quipu_id id;
    int status = parameters_text(request, "event", &event, error);

    if (status == QUIPU_OK && event) {
        status = quipu_uuid_parse(&uuid, event, error);
        return status == QUIPU_OK
                   ? quipu_records_find_event(records, &uuid, cursor, error)
                   : status;
    }
    if (status == QUIPU_OK) {
        status = parameters_number(request, "notification", 1, INT64_MAX,
                                   &query.gte, &given, error);
    }
    if (status == QUIPU_OK && given) {
        query.lte = query.gte;
        return quipu_records_read_log(records, &query, cursor, error);
    }
    if (status == QUIPU_OK) {
        status = parameters_id(request, "id", quipu_records_schema(records),
                               &id, error);
    }
    if (status == QUIPU_OK) {
        status = parameters_number(request, "position", INT64_MIN, INT64_MAX,
                                   &query.gte, &given, error);
    }
    if (status == QUIPU_OK && !given) {
        status = quipu_error_set(error, QUIPU_INVALID, "position is missing");
    }
    query.lte = query.gte;
    return status == QUIPU_OK ? quipu_records_read(records, quipu_id_bytes(&id),
                                                   &query, cursor, error)
                              : status;
}

/* Sets `name` to the position of the item before or after one in its sequence,
 * or to null. */
static int set_neighbour(quipu_records *records, const quipu_id *id,
                         int64_t position, bool before, json_t *line,
                         quipu_error *error)
{
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags =
            QUIPU_QUERY_LIMIT |
            (before ? QUIPU_QUERY_LT | QUIPU_QUERY_DESCENDING : QUIPU_QUERY_GT),
        .gt = position,
        .lt = position,
        .limit = 1,
    };
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int status =
        quipu_records_read(records, quipu_id_bytes(id), &query, &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
        jsonl_set(line, before ? "previous" : "next",
                  item ? json_integer(item->position) : json_null());
        quipu_cursor_close(cursor);
    }
    return status;
}

static void copy_id(quipu_bytes bytes, quipu_id *id)
{
    memset(id, 0, sizeof(*id));
    id->size = (uint8_t)bytes.size;
    memcpy(id->data, bytes.data, bytes.size);
}

int events_item(struct browser *browser, const struct request *request,
                struct text *body, quipu_error *error)
{
    quipu_records *records = NULL;
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    json_t *line = NULL;
    int64_t position = 0;
    quipu_id id;
    int status = parameters_records(request, browser->store, &records, error);

    if (status == QUIPU_OK) {
        status = open_item(request, records, &cursor, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
    }
    if (status == QUIPU_OK && !item) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "the store has no such event");
    }
    if (status == QUIPU_OK && item) {
        line =
            items_json(quipu_records_schema(records), item, ITEMS_SINGLE_MAX);
        position = item->position;
        copy_id(item->sequence_id, &id);
    }
    quipu_cursor_close(cursor);
    if (status == QUIPU_OK) {
        status = set_neighbour(records, &id, position, true, line, error);
    }
    if (status == QUIPU_OK) {
        status = set_neighbour(records, &id, position, false, line, error);
    }
    if (status == QUIPU_OK) {
        items_add_value(body, line);
    } else {
        json_decref(line);
    }
    return status;
}
