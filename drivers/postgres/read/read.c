/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading items, page by page.
 *
 * Each page is one statement, so that no transaction stays open between the
 * steps of a cursor and a slow reader does not hold back the server's vacuum.
 * The next page begins behind the key of the last item.
 *
 * INV1  A cursor shows no item that was stored after it was opened (V4). The
 *       first page is one snapshot. If it is not the last one, later pages
 *       are bounded by the head of the log, which is read after the first
 *       page: in ascending order all items up to that head that the first
 *       page lacks lie behind it. In a sparse schema items may be stored at
 *       positions before the end of the first page, so there the first page
 *       is read again, now bounded by the head. Descending reads of a
 *       contiguous sequence or of the log need no head: later items lie
 *       above their range.
 *       So later pages show nothing that the first page or that head does not
 *       follow in the server's log, and need no flush (net/flush.h).
 * INV2  A page has at most PAGE_ITEMS items and PAGE_BYTES bytes, or a
 *       single larger item. The first pages trust in small items: one that
 *       exceeds its share comes without contents and ends the page, and from
 *       there on the server measures the items of each page, which takes it
 *       a third longer. Pages of the log begin small, since many cursors on
 *       the log take a step from time to time and keep their page.
 * INV3  A page shows items only while the schema that the cursor is bound to is
 *       set up ({bound} in the statements): after a tear-down and another
 *       set-up the table has the items of another schema.  A cursor that has
 *       shown a part of the former items then returns NOT_FOUND, not the end:
 *       the head of the log is looked for once more behind the last page.
 */
#include "read.h"

#include "point_read.h"

#include "net/errors.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <string.h>

#define FIRST_ITEMS 64 /* of the log; then twice as many, up to PAGE_ITEMS */

int quipu_postgres_read_create(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_driver_cursor **cursor, quipu_error *error)
{
    *cursor = datastore->host->allocate(sizeof(**cursor));
    if (!*cursor) {
        return quipu_postgres_error_no_memory(datastore->host, error);
    }
    memset(*cursor, 0, sizeof(**cursor));
    (*cursor)->datastore = datastore;
    (*cursor)->bound = bound;
    return QUIPU_OK;
}

void quipu_postgres_read_close(quipu_driver_cursor *cursor)
{
    const quipu_host *host = cursor->datastore->host;
    PQclear(cursor->reading.page);
    PQclear(cursor->listing.page);
    host->release(cursor->reading.items);
    host->release(cursor->reading.values);
    host->release(cursor->listing.schema_block);
    host->release(cursor->listing.rows);
    host->release(cursor);
}

/* ------------------------------------------------------------------ steps */

/* Makes the range begin behind the page's last item. */
static void advance(struct reading *reading)
{
    const quipu_item *last = &reading->items[reading->count - 1];
    int64_t at = reading->log ? last->notification_id : last->position;
    if (reading->range.limit != INT64_MAX) {
        reading->range.limit -= (int64_t)reading->count;
    }
    if (reading->range.limit == 0 ||
        at == (reading->descending ? INT64_MIN : INT64_MAX)) {
        reading->more = false;
    } else if (reading->descending) {
        reading->range.upper = at - 1;
    } else {
        reading->range.lower = at + 1;
    }
}

/* Fetches the page again if its first item is too large for it. */
static int refill(quipu_driver_cursor *cursor, int64_t deadline,
                  quipu_error *error)
{
    const struct reading *reading = &cursor->reading;
    return reading->count == 0 && reading->more
               ? quipu_postgres_page_fetch(cursor, deadline, error)
               : QUIPU_OK;
}

static int fill(quipu_driver_cursor *cursor, int64_t deadline,
                quipu_error *error)
{
    int status = quipu_postgres_page_fetch(cursor, deadline, error);
    return status == QUIPU_OK ? refill(cursor, deadline, error) : status;
}

/* The last of several pages may end because the schema was torn down (INV3). */
static int check_bound(quipu_driver_cursor *cursor, int64_t deadline,
                       quipu_error *error)
{
    int64_t head = 0;
    return SAFEGUARDED("V4.torn-down-cursor-does-not-end",
                       quipu_postgres_point_read_head(cursor->datastore,
                                                      cursor->bound, deadline,
                                                      &head, error),
                       QUIPU_OK);
}

static int next_page(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    int status = QUIPU_OK;
    if (reading->lent && reading->more) {
        advance(reading);
    }
    if (reading->lent) {
        reading->count = 0;
    }
    if (reading->lent && reading->more) {
        if (reading->page_items < PAGE_ITEMS) {
            reading->page_items *= 2;
        }
        status = fill(cursor, deadline, error);
        if (status == QUIPU_OK && !reading->more) {
            status = check_bound(cursor, deadline, error);
        }
    }
    reading->lent = true;
    *rows = reading->items;
    *count = status == QUIPU_OK ? reading->count : 0;
    return status;
}

/* ---------------------------------------------------------------- opening */

/* Completes the first page, which was fetched, and if another one may follow,
 * reads the head (INV1). */
static int begin(quipu_driver_cursor *cursor, int64_t deadline,
                 quipu_error *error)
{
    struct reading *reading = &cursor->reading;
    int status = refill(cursor, deadline, error);
    bool last = !reading->more || reading->range.limit <= reading->page_items;
    if (status != QUIPU_OK || (last && reading->count > 0 && !reading->large) ||
        !reading->more || (reading->descending && !reading->sparse)) {
        return status;
    }
    status = quipu_postgres_point_read_head(cursor->datastore, cursor->bound,
                                            deadline, &reading->head, error);
    if (status == QUIPU_OK && reading->sparse) {
        status = fill(cursor, deadline, error);
    }
    return status;
}

static void set_range(quipu_driver_cursor *cursor, const quipu_range *range)
{
    struct reading *reading = &cursor->reading;
    cursor->step = next_page;
    reading->descending = range->descending;
    reading->head = INT64_MAX;
    reading->page_items = reading->log ? FIRST_ITEMS : PAGE_ITEMS;
    reading->range = *range;
}

/* Starts the read of a cursor that was just created; closes it on failure. */
static int start(quipu_driver_cursor *made, const quipu_range *range,
                 int64_t deadline, quipu_driver_cursor **cursor,
                 quipu_error *error)
{
    set_range(made, range);
    int status = quipu_postgres_page_fetch(made, deadline, error);
    if (status == QUIPU_OK) {
        status = begin(made, deadline, error);
    }
    if (status != QUIPU_OK) {
        quipu_postgres_read_close(made);
        return status;
    }
    *cursor = made;
    return QUIPU_OK;
}

static void set_sequence(quipu_driver_cursor *cursor, quipu_bytes sequence_id)
{
    cursor->reading.sparse =
        (cursor->bound->schema.flags & QUIPU_SCHEMA_SPARSE) != 0;
    cursor->sequence_id.size = (uint8_t)sequence_id.size;
    if (sequence_id.size > 0) {
        memcpy(cursor->sequence_id.data, sequence_id.data, sequence_id.size);
    }
}

int quipu_postgres_read_sequence(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_bytes sequence_id,
                                 const quipu_range *range, int64_t deadline,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    set_sequence(made, sequence_id);
    return start(made, range, deadline, cursor, error);
}

int quipu_postgres_read_log(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound,
                            const quipu_range *range, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->reading.log = true;
    return start(made, range, deadline, cursor, error);
}

int quipu_postgres_read_filtered(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 const quipu_range *range,
                                 const quipu_filter *filter, int64_t deadline,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->reading.log = true;
    made->reading.filter = filter;
    return start(made, range, deadline, cursor, error);
}

/* A read of the log with one item at most, which SQL_EVENT finds.  Without one
 * the schema may have been torn down. */
int quipu_postgres_read_find_event(quipu_driver_datastore *datastore,
                                   quipu_driver_schema *bound,
                                   quipu_bytes event_id, int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error)
{
    const quipu_range one = { .struct_size = sizeof(one),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = 1 };
    quipu_driver_cursor *made = NULL;
    int status = quipu_postgres_read_create(datastore, bound, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    made->reading.log = made->reading.one = true;
    memcpy(made->reading.event_id.bytes, event_id.data, 16);
    status = start(made, &one, deadline, &made, error);
    if (status == QUIPU_OK && made->reading.count == 0) {
        SAFEGUARD("W5.schema-of-an-event")
        status = check_bound(made, deadline, error);
        if (status != QUIPU_OK) {
            quipu_postgres_read_close(made);
        }
    }
    if (status == QUIPU_OK) {
        *cursor = made;
    }
    return status;
}

/* ------------------------------------------------------ several sequences */

/* The answer to the first query is the number of erasures, and the others are
 * the cursors' first pages. */
struct opening {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    int64_t deadline;
    quipu_driver_cursor **cursors; /* NULL: not created */
    size_t count;
    struct query *queries; /* one more than cursors */
    PGresult **answers;    /* as many */
};

static void put_schema(struct arguments *arguments, const void *context)
{
    const struct opening *opening = context;
    quipu_postgres_binary_add_int4(arguments,
                                   opening->datastore->namespace_number);
    quipu_postgres_binary_add_int8(arguments, opening->bound->number);
}

static int create_all(const struct opening *opening,
                      const quipu_sequence_range *reads, quipu_error *error)
{
    int status = QUIPU_OK;
    for (size_t i = 0; i < opening->count && status == QUIPU_OK; i++) {
        status = quipu_postgres_read_create(opening->datastore, opening->bound,
                                            &opening->cursors[i], error);
        if (status == QUIPU_OK) {
            set_sequence(opening->cursors[i], reads[i].sequence_id);
            set_range(opening->cursors[i], reads[i].range);
            opening->queries[i + 1] =
                quipu_postgres_page_query(opening->cursors[i]);
        }
    }
    return status;
}

/* Fetches the number and the first pages. */
static int fetch_all(const struct opening *opening, int64_t *erasures,
                     quipu_error *error)
{
    opening->queries[0] = (struct query){
        .statement = &opening->datastore->sql[SQL_ERASURES],
        .put = put_schema,
        .context = opening,
        .what = "read the number of erasures",
    };
    int status = quipu_postgres_query_read_many(
        opening->datastore, opening->queries, opening->count + 1,
        opening->deadline, opening->answers, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (PQntuples(opening->answers[0]) == 0) {
        return quipu_postgres_schema_torn_down(opening->datastore,
                                               opening->bound, error);
    }
    *erasures = quipu_postgres_binary_get_int(opening->answers[0], 0, 0);
    for (size_t i = 0; i < opening->count && status == QUIPU_OK; i++) {
        status = quipu_postgres_page_take(opening->cursors[i],
                                          opening->answers[i + 1], error);
        opening->answers[i + 1] = NULL; /* the cursor's */
    }
    return status;
}

/* The same one by one, in a store of an older program that has no table of
 * erasures (point_read.c). */
static int fetch_each(const struct opening *opening, int64_t *erasures,
                      quipu_error *error)
{
    int status = quipu_postgres_point_read_erasures(
        opening->datastore, opening->bound, opening->deadline, erasures, error);
    for (size_t i = 0; i < opening->count && status == QUIPU_OK; i++) {
        status = quipu_postgres_page_fetch(opening->cursors[i],
                                           opening->deadline, error);
    }
    return status;
}

static int open_all(const struct opening *opening,
                    const quipu_sequence_range *reads, int64_t *erasures,
                    quipu_error *error)
{
    quipu_error own = { 0 };
    int status = create_all(opening, reads, &own);
    if (status == QUIPU_OK) {
        status = fetch_all(opening, erasures, &own);
        if (status != QUIPU_OK && strcmp(own.sqlstate, "42P01") == 0) {
            status = fetch_each(opening, erasures, &own);
        }
    }
    for (size_t i = 0; i < opening->count && status == QUIPU_OK; i++) {
        status = begin(opening->cursors[i], opening->deadline, &own);
    }
    return quipu_common_error_pass(status, &own, error);
}

int quipu_postgres_read_sequences(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  const quipu_sequence_range *reads,
                                  size_t count, int64_t deadline,
                                  quipu_driver_cursor **cursors,
                                  int64_t *erasures, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct opening opening = {
        .datastore = datastore,
        .bound = bound,
        .deadline = deadline,
        .cursors = cursors,
        .count = count,
        .queries = host->allocate((count + 1) * sizeof(*opening.queries)),
        .answers = host->allocate((count + 1) * sizeof(PGresult *)),
    };
    int status = QUIPU_NO_MEMORY;
    memset(cursors, 0, count * sizeof(quipu_driver_cursor *));
    if (opening.queries && opening.answers) {
        memset(opening.answers, 0, (count + 1) * sizeof(PGresult *));
        status = open_all(&opening, reads, erasures, error);
        for (size_t i = 0; i <= count; i++) {
            PQclear(opening.answers[i]);
        }
    } else {
        quipu_postgres_error_no_memory(host, error);
    }
    for (size_t i = 0; i < count && status != QUIPU_OK; i++) {
        if (cursors[i]) {
            quipu_postgres_read_close(cursors[i]);
        }
    }
    host->release(opening.queries);
    host->release(opening.answers);
    return status;
}

int quipu_postgres_read_step(quipu_driver_cursor *cursor, int64_t deadline,
                             const void **rows, size_t *count,
                             quipu_error *error)
{
    *count = 0;
    return cursor->step(cursor, deadline, rows, count, error);
}
