/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions.  Everything that the driver returns is read, byte by byte, so
 * that a sanitizer sees each of them. */
#include "tour.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver/host.h"

#include "datastore.h" /* of the driver */

#define BATCH 3

const quipu_driver *quipu_driver_entry_postgres(void);

struct store {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *plain, *sparse;
};

static struct {
    int64_t time;
    int part;
    const quipu_driver *driver;
    struct store store;
    struct store shared; /* between sessions */
    volatile unsigned sum;
} tour;

static int64_t deadline(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec + tour.time;
}

static void touch(quipu_bytes bytes)
{
    const unsigned char *at = bytes.data;
    for (size_t i = 0; i < bytes.size; i++) {
        tour.sum += at[i];
    }
}

/* A status must come with its error; its text ends within the struct. */
static void check(int status, const quipu_error *error)
{
    if (status == QUIPU_OK) {
        return;
    }
    if (error->code != status || status < 0 || status > QUIPU_INTERNAL ||
        strnlen(error->message, sizeof(error->message)) ==
            sizeof(error->message)) {
        (void)fprintf(stderr, "tour: status %d, error %d\n", status,
                      error->code);
        abort();
    }
}

/* ------------------------------------------------------------- open, set up */

static quipu_schema make_schema(bool sparse)
{
    static const quipu_column columns[] = {
        { .name = "b", .kind = QUIPU_VALUE_BOOL },
        { .name = "i", .kind = QUIPU_VALUE_INT },
        { .name = "d", .kind = QUIPU_VALUE_DOUBLE },
        { .name = "t", .kind = QUIPU_VALUE_TEXT },
        { .name = "y", .kind = QUIPU_VALUE_BYTES },
        { .name = "u", .kind = QUIPU_VALUE_UUID },
        { .name = "w", .kind = QUIPU_VALUE_TIME },
    };
    return (quipu_schema){
        .struct_size = sizeof(quipu_schema),
        .table = sparse ? "sparse" : "plain",
        .notification_id = "id",
        .sequence_id = "sequence",
        .position = "position",
        .topic = "topic",
        .state = "state",
        .event_id = "event_id",
        .metadata = "metadata",
        .time = "time",
        .columns = columns,
        .column_count = sizeof(columns) / sizeof(columns[0]),
        .flags = sparse ? QUIPU_SCHEMA_SPARSE | QUIPU_SCHEMA_TEXT_IDS : 0u
    };
}

static int open_store(void)
{
    static const quipu_option options[] = {
        { .name = "schema", .value = "fuzz" },
        { .name = "notify", .value = "no" }
    };
    const quipu_open how = { .struct_size = sizeof(how),
                             .flags = QUIPU_OPEN_CREATE,
                             .scheme = "postgresql",
                             .body = "///",
                             .rest = "///",
                             .options = options,
                             .option_count = 2,
                             .name_space = "space" };
    quipu_opened opened = { .struct_size = sizeof(opened) };
    quipu_error error = { 0 };
    int status = tour.driver->open(quipu_host_table(), &how, deadline(),
                                   &tour.store.datastore, &opened, &error);
    check(status, &error);
    return status;
}

static int bind_schema(bool sparse, quipu_driver_schema **bound)
{
    const quipu_schema schema = make_schema(sparse);
    quipu_error error = { 0 };
    int status =
        tour.driver->setup(tour.store.datastore, &schema, deadline(), &error);
    check(status, &error);
    if (status == QUIPU_OK) {
        status = tour.driver->bind(tour.store.datastore, &schema, deadline(),
                                   bound, &error);
        check(status, &error);
    }
    return status;
}

/* --------------------------------------------------------------- appending */

/* Items with all columns; the numbers make ids and positions. */
struct made {
    quipu_item items[BATCH];
    quipu_value values[BATCH][7];
    unsigned char events[BATCH][16];
    char large[5000];
};

static const unsigned char uuid[16] = { 1, 2, 3 };

static void make_items(struct made *made, bool sparse, int64_t position,
                       unsigned event)
{
    memset(made, 0, sizeof(*made));
    for (int i = 0; i < BATCH; i++) {
        quipu_value *values = made->values[i];
        made->events[i][0] = (unsigned char)(event + (unsigned)i);
        made->events[i][15] = sparse ? 1 : 0;
        for (int j = 0; j < 7; j++) {
            values[j].kind =
                i == 1 ? QUIPU_VALUE_NULL : make_schema(sparse).columns[j].kind;
            values[j].as.bytes = (quipu_bytes){ "text", 4 };
        }
        values[0].as.integer = values[1].as.integer = values[6].as.integer = 1;
        values[2].as.real = 1.5;
        values[5].as.bytes = (quipu_bytes){ uuid, 16 };
        made->items[i] = (quipu_item){
            .sequence_id = { sparse ? (const void *)"sequence" : uuid,
                             sparse ? 8 : 16 },
            .position = position < 0 ? position : position + i,
            .topic = { "topic", 5 },
            .state = { made->large, i == 2 ? sizeof(made->large) : 3 },
            .event_id = { made->events[i], 16 },
            .metadata = { i == 0 ? "metadata" : NULL, i == 0 ? 8 : 0 },
            .flags = QUIPU_ITEM_TIME | (position < 0 ? QUIPU_ITEM_NEXT : 0u),
            .columns = values,
            .column_count = 7
        };
    }
}

static void append(const quipu_request *requests, size_t count)
{
    int64_t positions[2][BATCH] = { { 0 } };
    quipu_result results[2] = { { .positions = positions[0] },
                                { .positions = positions[1] } };
    size_t taken = 0;
    quipu_error error = { 0 };
    int status = tour.driver->append(tour.store.datastore, requests, count,
                                     results, &taken, deadline(), &error);
    check(status, &error);
    if (taken < 1 || taken > count) {
        abort();
    }
    for (size_t i = 0; i < taken; i++) {
        tour.sum += (unsigned)results[i].status +
                    (unsigned)results[i].first_notification_id;
    }
}

static void append_one(bool sparse, int64_t position, unsigned event)
{
    struct made made;
    make_items(&made, sparse, position, event);
    const quipu_request request = { .schema = sparse ? tour.store.sparse
                                                     : tour.store.plain,
                                    .items = made.items,
                                    .item_count = BATCH };
    append(&request, 1);
}

static void append_batch(void)
{
    struct made first, second;
    make_items(&first, false, -1, 40);
    make_items(&second, true, 900, 50);
    const quipu_guard guard = { .sequence_id = first.items[0].sequence_id,
                                .demand = QUIPU_DEMAND_NOT_EMPTY };
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id = 7 } };
    const quipu_request requests[] = {
        { .schema = tour.store.plain,
          .items = first.items,
          .item_count = BATCH,
          .guards = &guard,
          .guard_count = 1,
          .tracking = &tracking },
        { .schema = tour.store.sparse,
          .items = second.items,
          .item_count = BATCH },
    };
    append(requests, 2);
    append(requests, 2); /* a repeat */
}

static int work(void *connection, void *context, quipu_error *error)
{
    (void)connection;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

static void transact(void)
{
    struct made made;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    make_items(&made, false, -1, 60);
    const quipu_request request = { .schema = tour.store.plain,
                                    .items = made.items,
                                    .item_count = 1 };
    check(tour.driver->transact(tour.store.datastore, &request, work, NULL,
                                &result, deadline(), &error),
          &error);
}

/* ------------------------------------------------------------------ reading */

static void touch_item(const quipu_item *item)
{
    touch(item->sequence_id);
    touch(item->topic);
    touch(item->state);
    touch(item->event_id);
    touch(item->metadata);
    for (size_t i = 0; i < item->column_count; i++) {
        const quipu_value *value = &item->columns[i];
        if (value->kind == QUIPU_VALUE_TEXT ||
            value->kind == QUIPU_VALUE_BYTES ||
            value->kind == QUIPU_VALUE_UUID) {
            touch(value->as.bytes);
        }
    }
}

enum rows {
    ROWS_ITEMS,
    ROWS_SCHEMAS,
    ROWS_SEQUENCES,
    ROWS_TRACKING,
    ROWS_LOGS,
    ROWS_ENTRIES
};

static void touch_row(enum rows what, const void *rows, size_t index)
{
    if (what == ROWS_ITEMS) {
        touch_item((const quipu_item *)rows + index);
    } else if (what == ROWS_SCHEMAS) {
        const quipu_schema *schema = rows;
        tour.sum += (unsigned)strlen(schema->table);
        for (size_t i = 0; i < schema->column_count; i++) {
            tour.sum += (unsigned)strlen(schema->columns[i].name);
        }
    } else if (what == ROWS_SEQUENCES) {
        touch(((const quipu_sequence *)rows)[index].id);
    } else if (what == ROWS_LOGS) {
        const quipu_log *log = (const quipu_log *)rows + index;
        tour.sum += (unsigned)strlen(log->name_space);
        tour.sum += log->table ? (unsigned)strlen(log->table) : 0;
    } else if (what == ROWS_ENTRIES) {
        touch(((const quipu_entry *)rows)[index].key);
        touch(((const quipu_entry *)rows)[index].value);
    } else {
        const quipu_tracking *record = (const quipu_tracking *)rows + index;
        touch(record->consumer);
        touch(record->log);
    }
}

/* A listing ends, however the rows are repeated; a read of the log may have any
 * number of items and is cut off. */
static void drain(int opened, quipu_driver_cursor *cursor, enum rows what,
                  const quipu_error *cause)
{
    quipu_error error = { 0 };
    check(opened, cause);
    for (int steps = 0; opened == QUIPU_OK && steps < 50; steps++) {
        const void *rows = NULL;
        size_t count = 0;
        int status =
            tour.driver->step(cursor, deadline(), &rows, &count, &error);
        check(status, &error);
        for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
            touch_row(what, rows, i);
        }
        if (status != QUIPU_OK || count == 0) {
            break;
        }
    }
    if (opened == QUIPU_OK) {
        tour.driver->cursor_close(cursor);
    }
}

static void read_items(int variant)
{
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    bool sparse = (variant & 8) != 0;
    quipu_driver_schema *bound = sparse ? tour.store.sparse : tour.store.plain;
    const quipu_range range = { .lower = (variant & 1) ? 0 : INT64_MIN,
                                .upper = INT64_MAX,
                                .limit = (variant & 2) ? 1 : INT64_MAX,
                                .descending = (variant & 4) != 0 };
    const quipu_bytes id = { sparse ? (const void *)"sequence" : uuid,
                             sparse ? 8 : 16 };
    int status = tour.driver->read_sequence(
        tour.store.datastore, bound, id, &range, deadline(), &cursor, &error);
    drain(status, cursor, ROWS_ITEMS, &error);
    error = (quipu_error){ 0 };
    status = tour.driver->read_log(tour.store.datastore, bound, &range,
                                   deadline(), &cursor, &error);
    drain(status, cursor, ROWS_ITEMS, &error);
}

static void list(void)
{
    const quipu_driver *driver = tour.driver;
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    int status = driver->list_sequences(tour.store.datastore, tour.store.sparse,
                                        (quipu_bytes){ NULL, 0 }, deadline(),
                                        &cursor, &error);
    drain(status, cursor, ROWS_SEQUENCES, &error);
    error = (quipu_error){ 0 };
    status = driver->list_tracking(tour.store.datastore, deadline(), &cursor,
                                   &error);
    drain(status, cursor, ROWS_TRACKING, &error);
    error = (quipu_error){ 0 };
    status =
        driver->list_logs(tour.store.datastore, deadline(), &cursor, &error);
    drain(status, cursor, ROWS_LOGS, &error);
    error = (quipu_error){ 0 };
    status =
        driver->list_schemas(tour.store.datastore, deadline(), &cursor, &error);
    drain(status, cursor, ROWS_SCHEMAS, &error);
    error = (quipu_error){ 0 };
    status = driver->list_sequences(tour.store.datastore, tour.store.plain,
                                    (quipu_bytes){ uuid, 16 }, deadline(),
                                    &cursor, &error);
    drain(status, cursor, ROWS_SEQUENCES, &error);
}

static void read_points(void)
{
    const quipu_driver *driver = tour.driver;
    quipu_error error = { 0 };
    quipu_position position = { 0 };
    bool found = false;
    int64_t last = 0;
    check(driver->last_position(tour.store.datastore, tour.store.plain,
                                (quipu_bytes){ uuid, 16 }, deadline(), &found,
                                &last, &error),
          &error);
    check(driver->log_head(tour.store.datastore, tour.store.plain, deadline(),
                           &position, &error),
          &error);
    check(driver->read_tracking(
              tour.store.datastore, (quipu_bytes){ "consumer", 8 },
              (quipu_bytes){ "log", 3 }, deadline(), &position, &error),
          &error);
    check(driver->wait(tour.store.datastore, tour.store.plain, 0, deadline(),
                       &last, &error),
          &error);
}

/* An append without items, which writes, deletes and checks entries and moves a
 * tracking record from where it is. */
static void append_entries(int64_t revision, int64_t from)
{
    const quipu_entry_write entries[] = {
        { .key = { "first", 5 }, .value = { "value", 5 } },
        { .key = { "second", 6 },
          .value = { "", 0 },
          .flags = QUIPU_ENTRY_EXPECT,
          .revision = revision },
        { .key = { "third", 5 }, .flags = QUIPU_ENTRY_DELETE },
        { .key = { "fourth", 6 },
          .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT },
    };
    const quipu_conditions conditions = {
        .struct_size = sizeof(conditions),
        .flags = QUIPU_CONDITIONS_TRACKING_FROM,
        .entries = entries,
        .entry_count = 4,
        .tracking_from = from,
    };
    const quipu_tracking tracking = { .consumer = { "reader", 6 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        from + 3 } };
    const quipu_request request = { .tracking = &tracking,
                                    .condition = &conditions };

    append(&request, 1);
}

static void use_entries(void)
{
    const quipu_driver *driver = tour.driver;
    const quipu_bytes topic = { "Topic", 5 };
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_range range = { .lower = INT64_MIN,
                                .upper = INT64_MAX,
                                .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };

    append_entries(0, 0);
    append_entries(1, 3);
    append_entries(9, 6); /* refused */
    int status = driver->list_entries(
        tour.store.datastore, (quipu_bytes){ NULL, 0 },
        (quipu_bytes){ NULL, 0 }, deadline(), &cursor, &error);
    drain(status, cursor, ROWS_ENTRIES, &error);
    error = (quipu_error){ 0 };
    status = driver->find_event(tour.store.datastore, tour.store.plain,
                                (quipu_bytes){ uuid, 16 }, deadline(), &cursor,
                                &error);
    drain(status, cursor, ROWS_ITEMS, &error);
    error = (quipu_error){ 0 };
    status =
        driver->read_filtered(tour.store.datastore, tour.store.plain, &range,
                              &filter, deadline(), &cursor, &error);
    drain(status, cursor, ROWS_ITEMS, &error);
}

/* ------------------------------------------------------------------ erasing */

static void see(void *context, const quipu_item *item)
{
    (void)context;
    touch_item(item);
}

/* Looks at the last items of a sequence, and of one that is empty. */
static void look_at_last(void)
{
    static const void *const ids[] = { uuid, "no such sequence" };
    int64_t count = 0;

    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
        quipu_error error = { 0 };

        check(tour.driver->last_item(tour.store.datastore, tour.store.plain,
                                     (quipu_bytes){ ids[i], 16 }, deadline(),
                                     see, NULL, &count, &error),
              &error);
    }
}

/* Reads two sequences together, one of which is empty. */
static void read_together(void)
{
    static const quipu_range all = { .struct_size = sizeof(all),
                                     .lower = INT64_MIN,
                                     .upper = INT64_MAX,
                                     .limit = INT64_MAX };
    const quipu_sequence_range reads[] = {
        { { uuid, 16 }, &all },
        { { "no such sequence", 16 }, &all },
    };
    quipu_driver_cursor *cursors[2] = { NULL, NULL };
    int64_t count = 0;
    quipu_error error = { 0 };
    int status = tour.driver->read_sequences(
        tour.store.datastore, tour.store.plain, reads, 2, deadline(), cursors,
        &count, &error);

    if (status != QUIPU_OK) {
        check(status, &error);
        return;
    }
    for (int i = 0; i < 2; i++) {
        drain(status, cursors[i], ROWS_ITEMS, &error);
    }
}

/* Erases some items of the log, and of a sequence of which nothing is left. */
static void erase(void)
{
    const quipu_driver *driver = tour.driver;
    const quipu_range range = { .lower = INT64_MIN,
                                .upper = INT64_MAX,
                                .limit = INT64_MAX };
    quipu_erasure erasure = { .struct_size = sizeof(erasure),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = 2 };
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    int64_t count = 0;

    for (int i = 0; i < 2; i++) {
        check(driver->erase(tour.store.datastore, tour.store.plain, &erasure,
                            deadline(), &count, &error),
              &error);
        erasure.sequence_id = (quipu_bytes){ "no such sequence", 16 };
        error = (quipu_error){ 0 };
    }
    check(driver->erasures(tour.store.datastore, tour.store.plain, deadline(),
                           &count, &error),
          &error);
    error = (quipu_error){ 0 };
    int status = driver->read_log(tour.store.datastore, tour.store.plain,
                                  &range, deadline(), &cursor, &error);
    drain(status, cursor, ROWS_ITEMS, &error);
    look_at_last();
    read_together();
}

/* ----------------------------------------------------------------- sessions */

static void set_up(void)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        quipu_driver_schema *bound = NULL;
        if ((tour.part == TOUR_WHOLE || tour.part % 2 == sparse) &&
            bind_schema(sparse == 1, &bound) == QUIPU_OK) {
            tour.driver->unbind(tour.store.datastore, bound);
        }
    }
}

static void tear_down(void)
{
    for (int sparse = 0; sparse < 2; sparse++) {
        const quipu_schema schema = make_schema(sparse == 1);
        quipu_error error = { 0 };
        if (tour.part == TOUR_WHOLE || tour.part % 2 == sparse) {
            check(tour.driver->teardown(tour.store.datastore, &schema,
                                        deadline(), &error),
                  &error);
        }
    }
}

static void run_session(enum tour_session session)
{
    switch (session) {
    case SESSION_SETUP:
        set_up();
        break;
    case SESSION_APPEND:
        append_one(false, 0, 10);
        break;
    case SESSION_APPEND_NEXT:
        append_one(false, -1, 20);
        break;
    case SESSION_APPEND_CONFLICT:
        append_one(false, 0, 30);
        break;
    case SESSION_APPEND_REPEAT:
        append_one(false, 0, 10);
        break;
    case SESSION_APPEND_SPARSE:
        append_one(true, 100, 10);
        append_one(true, 100, 70);
        break;
    case SESSION_APPEND_BATCH:
        append_batch();
        break;
    case SESSION_TRANSACT:
        transact();
        break;
    case SESSION_READ:
    case SESSION_READ_LARGE: /* with states that exceed their share */
        for (int i = 0; i < TOUR_PARTS; i++) {
            if (tour.part == TOUR_WHOLE || tour.part == i) {
                read_items(session == SESSION_READ ? i | 2 : i & ~2);
            }
        }
        break;
    case SESSION_LIST:
        list();
        break;
    case SESSION_POINT_READS:
        read_points();
        break;
    case SESSION_ENTRIES:
        use_entries();
        break;
    case SESSION_ERASE:
        erase();
        break;
    default:
        tear_down();
        break;
    }
}

/* ---------------------------------------------------------------- the store */

static int make_store(void)
{
    int status = open_store();
    if (status == QUIPU_OK) {
        status = bind_schema(false, &tour.store.plain);
    }
    return status == QUIPU_OK ? bind_schema(true, &tour.store.sparse) : status;
}

static void close_store(void)
{
    const struct store *store = &tour.store;
    if (store->plain) {
        tour.driver->unbind(store->datastore, store->plain);
    }
    if (store->sparse) {
        tour.driver->unbind(store->datastore, store->sparse);
    }
    if (store->datastore) {
        tour.driver->close(store->datastore);
    }
}

/* Takes the shared store, with a new connection. */
static void take_store(void)
{
    struct connection *connection = NULL;
    quipu_error error = { 0 };
    tour.store = tour.shared;
    quipu_driver_datastore *datastore = tour.store.datastore;
    if (quipu_postgres_pool_borrow(datastore, deadline(), &connection,
                                   &error) != QUIPU_OK) {
        (void)fputs("tour: cannot connect, though all answers were true\n",
                    stderr);
        abort();
    }
    quipu_postgres_pool_return(datastore, connection);
}

/* Closes the connections and forgets what a session has left behind.  No
 * connection may still be lent. */
static void put_store_back(void)
{
    quipu_driver_datastore *datastore = tour.store.datastore;
    quipu_error error = { 0 };
    size_t idle = 0;
    for (const struct connection *connection = datastore->pool.idle; connection;
         connection = connection->next) {
        idle++;
    }
    if (datastore->pool.count != idle) {
        (void)fputs("tour: a connection was not returned\n", stderr);
        abort();
    }
    quipu_postgres_notify_finish(datastore);
    quipu_postgres_pool_finish(datastore);
    memset(&datastore->notify, 0, sizeof(datastore->notify));
    memset(&datastore->pool, 0, sizeof(datastore->pool));
    atomic_store(&datastore->no_prepared, false);
    atomic_store(&datastore->checks_apart, false);
    atomic_store(&datastore->strict_left, 0);
    atomic_store(&datastore->notified, 0);
    if (quipu_postgres_pool_init(datastore, &error) != QUIPU_OK ||
        quipu_postgres_notify_init(datastore, &error) != QUIPU_OK) {
        abort();
    }
    tour.shared = tour.store;
}

void tour_share_store(int64_t time)
{
    tour.time = time;
    tour.driver = quipu_driver_entry_postgres();
    tour.store = (struct store){ 0 };
    if (make_store() != QUIPU_OK) {
        (void)fputs("tour: no store, though all answers were true\n", stderr);
        abort();
    }
    put_store_back();
}

void tour_run(enum tour_session session, int part, int64_t time,
              void (*begin)(void))
{
    tour.time = time;
    tour.part = part;
    tour.driver = quipu_driver_entry_postgres();
    tour.store = (struct store){ 0 };
    if (session == SESSION_OPEN) {
        begin();
        (void)open_store();
        close_store();
    } else if (tour.shared.datastore) {
        take_store();
        begin();
        run_session(session);
        put_store_back();
    } else {
        if (session == SESSION_SETUP ? open_store() == QUIPU_OK
                                     : make_store() == QUIPU_OK) {
            begin();
            run_session(session);
        }
        close_store();
    }
}
