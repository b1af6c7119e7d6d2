/* SPDX-License-Identifier: Apache-2.0 */
/* A tour of all operations of a driver; see tour.h. */
#include "tour.h"

static const quipu_column columns[] = {
    { .name = "paid", .kind = QUIPU_VALUE_BOOL },
    { .name = "amount", .kind = QUIPU_VALUE_INT },
    { .name = "weight", .kind = QUIPU_VALUE_DOUBLE },
    { .name = "kind", .kind = QUIPU_VALUE_TEXT },
    { .name = "raw", .kind = QUIPU_VALUE_BYTES },
    { .name = "cause", .kind = QUIPU_VALUE_UUID },
    { .name = "due", .kind = QUIPU_VALUE_TIME },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))
#define ITEMS 3

struct tour {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    quipu_driver_schema *sparse;
    quipu_error *error;
};

static quipu_schema rich_schema(void)
{
    quipu_schema schema = fixture_schema("rich", 0);
    schema.metadata = "metadata";
    schema.time = "at";
    schema.columns = columns;
    schema.column_count = COLUMNS;
    return schema;
}

static int bind(struct tour *tour, const quipu_schema *schema,
                quipu_driver_schema **bound)
{
    const quipu_driver *driver = fixture_driver();
    int status = driver->setup(tour->datastore, schema, FOREVER, tour->error);
    return status != QUIPU_OK ? status
                              : driver->bind(tour->datastore, schema, FOREVER,
                                             bound, tour->error);
}

static void fill_values(quipu_value values[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        values[i] = (quipu_value){ .kind = columns[i].kind };
    }
    values[0].as.integer = 1;
    values[1].as.integer = INT64_MIN;
    values[2].as.real = 0.5;
    values[3].as.bytes = (quipu_bytes){ "text", 4 };
    values[4].as.bytes = (quipu_bytes){ "\0", 1 };
    values[5].as.bytes = (quipu_bytes){ "0123456789abcdef", 16 };
    values[6].as.integer = QUIPU_TIME_MAX;
}

/* Appends to two sequences, with a guard and tracking, and a sparse item. */
static int append(struct tour *tour)
{
    static uint32_t events = 1;
    struct piece pieces[ITEMS];
    struct piece sparse;
    quipu_item items[ITEMS];
    quipu_value values[COLUMNS];
    quipu_value none[COLUMNS] = { { .kind = QUIPU_VALUE_NULL } };
    fill_values(values);
    for (uint32_t i = 0; i < ITEMS; i++) {
        fixture_piece(&pieces[i], 1 + i % 2, -1, ++events);
        items[i] = pieces[i].item;
        items[i].metadata = (quipu_bytes){ i == 0 ? NULL : "", 0 };
        items[i].flags |= i == 0 ? 0 : QUIPU_ITEM_TIME;
        items[i].columns = i == 0 ? none : values;
        items[i].column_count = COLUMNS;
    }
    events++;
    fixture_piece(&sparse, 1, (int64_t)events, events);
    const quipu_guard guard = { .sequence_id = { "no such sequence", 16 },
                                .demand = QUIPU_DEMAND_EMPTY };
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        (int64_t)events } };
    const quipu_request requests[] = {
        { .schema = tour->bound,
          .items = items,
          .item_count = ITEMS,
          .guards = &guard,
          .guard_count = 1,
          .tracking = &tracking },
        { .schema = tour->sparse, .items = &sparse.item, .item_count = 1 },
        { .schema = tour->bound, .items = items, .item_count = ITEMS },
    };
    quipu_result results[3] = { { 0 } };
    int status =
        fixture_append_all(tour->datastore, requests, 3, results, tour->error);
    if (status == QUIPU_OK) {
        assert_int_equal(results[0].status, QUIPU_OK);
        assert_int_equal(results[1].status, QUIPU_OK);
        assert_int_equal(results[2].flags, QUIPU_RESULT_REPEATED);
    }
    return status;
}

/* Writes, checks and deletes entries, and rewinds a tracking record, without a
 * schema. The store keeps one entry. */
static int write_entries(struct tour *tour)
{
    const quipu_tracking back = { .consumer = { "rewound", 7 },
                                  .log = { "log", 3 } };
    const quipu_entry_write first[] = {
        { .key = { "kept", 4 }, .value = { "value", 5 } },
        { .key = { "passing", 7 },
          .value = { "", 0 },
          .flags = QUIPU_ENTRY_EXPECT },
    };
    const quipu_entry_write second[] = {
        { .key = { "passing", 7 }, .flags = QUIPU_ENTRY_DELETE },
        { .key = { "never", 5 },
          .flags = QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK },
    };
    const quipu_conditions conditions[] = {
        { .entries = first, .entry_count = 2 },
        { .flags =
              QUIPU_CONDITIONS_TRACKING_FROM | QUIPU_CONDITIONS_TRACKING_REWIND,
          .entries = second,
          .entry_count = 2 },
    };
    const quipu_request requests[] = {
        { .condition = &conditions[0] },
        { .tracking = &back, .condition = &conditions[1] },
    };
    quipu_result results[2] = { { 0 } };
    if (!fixture_driver()->list_entries) {
        return QUIPU_OK;
    }
    int status =
        fixture_append_all(tour->datastore, requests, 2, results, tour->error);
    if (status == QUIPU_OK) {
        assert_int_equal(results[0].status, QUIPU_OK);
        assert_int_equal(results[1].status, QUIPU_OK);
    }
    return status;
}

/* Erases what one sequence has, and appends an item that is erased. */
static int erase(struct tour *tour)
{
    static uint32_t events = UINT32_C(1) << 30;
    struct piece piece;
    quipu_result result = { 0 };
    int64_t erased = 0;
    if (!fixture_driver()->erase) {
        return QUIPU_OK;
    }
    events++;
    fixture_piece(&piece, 1, (int64_t)events, events);
    piece.item.flags |= QUIPU_ITEM_ERASED;
    piece.item.state.size = 0;
    const quipu_request request = { .schema = tour->sparse,
                                    .items = &piece.item,
                                    .item_count = 1 };
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .sequence_id = piece.item.sequence_id,
                                    .lower = 0,
                                    .upper = 1,
                                    .limit = 2 };
    int status =
        fixture_append_all(tour->datastore, &request, 1, &result, tour->error);
    return status == QUIPU_OK
               ? fixture_driver()->erase(tour->datastore, tour->bound, &erasure,
                                         FOREVER, &erased, tour->error)
               : status;
}

static int drain(struct tour *tour, int opened, quipu_driver_cursor **cursor)
{
    size_t count = 1;
    int status = opened;
    while (status == QUIPU_OK && count > 0) {
        const void *rows = NULL;
        status = fixture_driver()->step(*cursor, FOREVER, &rows, &count,
                                        tour->error);
    }
    if (opened == QUIPU_OK) {
        fixture_driver()->cursor_close(*cursor);
    }
    return status;
}

static int read_items(struct tour *tour)
{
    const quipu_driver *driver = fixture_driver();
    quipu_range all = { .struct_size = sizeof(all),
                        .lower = INT64_MIN,
                        .upper = INT64_MAX,
                        .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    struct piece piece;
    fixture_piece(&piece, 1, 0, 0);
    int status = QUIPU_OK;
    for (int i = 0; status == QUIPU_OK && i < 2; i++) {
        all.descending = i > 0;
        status = drain(tour,
                       driver->read_log(tour->datastore, tour->bound, &all,
                                        FOREVER, &cursor, tour->error),
                       &cursor);
        if (status == QUIPU_OK) {
            status = drain(tour,
                           driver->read_sequence(tour->datastore, tour->bound,
                                                 piece.item.sequence_id, &all,
                                                 FOREVER, &cursor, tour->error),
                           &cursor);
        }
    }
    return status;
}

static int read_lists(struct tour *tour)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    int status = drain(
        tour,
        driver->list_schemas(tour->datastore, FOREVER, &cursor, tour->error),
        &cursor);
    if (status == QUIPU_OK) {
        status = drain(tour,
                       driver->list_sequences(tour->datastore, tour->bound,
                                              (quipu_bytes){ 0 }, FOREVER,
                                              &cursor, tour->error),
                       &cursor);
    }
    if (status == QUIPU_OK) {
        status = drain(tour,
                       driver->list_tracking(tour->datastore, FOREVER, &cursor,
                                             tour->error),
                       &cursor);
    }
    return status;
}

/* Those reads that a driver may lack. */
static int read_others(struct tour *tour)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_bytes all = { NULL, 0 };
    const quipu_bytes topic = { "topic", 5 };
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_range range = { .struct_size = sizeof(range),
                                .lower = 1,
                                .upper = INT64_MAX,
                                .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    struct piece piece;
    int status = QUIPU_OK;
    fixture_piece(&piece, 1, 0, 2);
    if (driver->list_entries) {
        status = drain(tour,
                       driver->list_entries(tour->datastore, all, all, FOREVER,
                                            &cursor, tour->error),
                       &cursor);
    }
    if (status == QUIPU_OK && driver->read_filtered) {
        status =
            drain(tour,
                  driver->read_filtered(tour->datastore, tour->bound, &range,
                                        &filter, FOREVER, &cursor, tour->error),
                  &cursor);
    }
    if (status == QUIPU_OK && driver->find_event) {
        status = drain(tour,
                       driver->find_event(tour->datastore, tour->bound,
                                          piece.item.event_id, FOREVER, &cursor,
                                          tour->error),
                       &cursor);
    }
    return status;
}

static int read_ends(struct tour *tour)
{
    const quipu_driver *driver = fixture_driver();
    struct piece piece;
    bool found = false;
    int64_t last = 0;
    quipu_position head;
    fixture_piece(&piece, 1, 0, 0);
    int status = driver->last_position(tour->datastore, tour->bound,
                                       piece.item.sequence_id, FOREVER, &found,
                                       &last, tour->error);
    if (status == QUIPU_OK) {
        assert_true(found);
        status = driver->log_head(tour->datastore, tour->bound, FOREVER, &head,
                                  tour->error);
    }
    if (status == QUIPU_OK) {
        assert_true(head.notification_id >= ITEMS);
        status = driver->wait(tour->datastore, tour->bound, 0, FOREVER, &last,
                              tour->error);
    }
    if (status == QUIPU_OK) {
        status = driver->read_tracking(
            tour->datastore, (quipu_bytes){ "consumer", 8 },
            (quipu_bytes){ "log", 3 }, FOREVER, &head, tour->error);
    }
    return status;
}

/* Sets a schema up, adds a column to it, and tears it down.  A tour that ended
 * between may have left it with the column. */
static int pass_through(struct tour *tour)
{
    static const quipu_column column = { .name = "added",
                                         .kind = QUIPU_VALUE_TEXT };
    const quipu_driver *driver = fixture_driver();
    quipu_schema passing = fixture_schema("passing", 0);
    int status = driver->setup(tour->datastore, &passing, FOREVER, tour->error);
    if (status == QUIPU_OK || status == QUIPU_CONFLICT) {
        passing.columns = &column;
        passing.column_count = 1;
        status = driver->alter(tour->datastore, &passing, FOREVER, tour->error);
    }
    return status != QUIPU_OK ? status
                              : driver->teardown(tour->datastore, &passing,
                                                 FOREVER, tour->error);
}

static int transact_and_teardown(struct tour *tour)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_request request = { .schema = tour->bound };
    quipu_result result = { 0 };
    int status = driver->transact(tour->datastore, &request, fixture_work, NULL,
                                  &result, FOREVER, tour->error);
    return status == QUIPU_OK ? pass_through(tour) : status;
}

static int visit(struct tour *tour)
{
    static int (*const steps[])(struct tour *) = {
        append,     write_entries, erase,     read_items,
        read_lists, read_others,   read_ends, transact_and_teardown,
    };
    quipu_schema rich = rich_schema();
    quipu_schema sparse = fixture_schema("sparse", QUIPU_SCHEMA_SPARSE);
    int status = bind(tour, &rich, &tour->bound);
    if (status == QUIPU_OK) {
        status = bind(tour, &sparse, &tour->sparse);
    }
    for (size_t i = 0;
         status == QUIPU_OK && i < sizeof(steps) / sizeof(steps[0]); i++) {
        status = steps[i](tour);
    }
    return status;
}

int tour_take(const char *file, const char *name_space, quipu_error *error)
{
    const struct opening how = { .name_space = name_space };
    struct tour tour = { .error = error };
    int status = fixture_try_open(file, &how, &tour.datastore, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = visit(&tour);
    if (tour.bound) {
        fixture_driver()->unbind(tour.datastore, tour.bound);
    }
    if (tour.sparse) {
        fixture_driver()->unbind(tour.datastore, tour.sparse);
    }
    fixture_close(tour.datastore);
    return status;
}

void tour_prepare(const char *file)
{
    quipu_error error = { 0 };
    assert_ok(tour_take(file, "", &error), &error);
}

void tour_check(const char *file)
{
    quipu_schema rich = rich_schema();
    quipu_driver_datastore *datastore = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(datastore, &rich);
    assert_int_equal(fixture_count(datastore, bound) % ITEMS, 0);
    assert_int_equal(fixture_count(datastore, bound),
                     fixture_head(datastore, bound));
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}
