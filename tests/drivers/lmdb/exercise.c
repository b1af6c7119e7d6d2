/* SPDX-License-Identifier: Apache-2.0 */
/* All operations of the driver on a store that may be damaged (exercise.h). */
#include "exercise.h"

#include <fcntl.h>

#define SEQUENCES 9
#define ITEMS 90
#define KEYS 40
#define ROWS_MAX 100000 /* of a listing or a read that ends */

static const struct opening relaxed = { .flags = QUIPU_OPEN_CREATE |
                                                 QUIPU_OPEN_RELAXED };

static quipu_schema events(void)
{
    return fixture_schema("events", 0);
}

static void track(struct place *place, int64_t id, quipu_error *error)
{
    quipu_result result = { 0 };
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id = id } };
    const quipu_request request = { .schema = place->bound,
                                    .tracking = &tracking };
    (void)fixture_append_all(place->datastore, &request, 1, &result, error);
}

/* Erases items of the log. */
static int erase(struct place *place, int64_t lower, int64_t upper,
                 quipu_error *error)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .lower = lower,
                                    .upper = upper,
                                    .limit = INT64_MAX };
    int64_t erased = 0;
    return fixture_driver()->erase(place->datastore, place->bound, &erasure,
                                   FOREVER, &erased, error);
}

/* ----------------------------------------------------------------- entries */

/* Writes of entries "k000" ... in one request.  `size` is that of the values;
 * 0: the entries are deleted. */
struct writes {
    char keys[KEYS][8];
    quipu_entry_write entries[KEYS];
    quipu_conditions conditions;
    quipu_request request;
};

static void fill_writes(struct writes *writes, uint32_t first, uint32_t count,
                        size_t size)
{
    static const char value[20000];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(writes->keys[i], sizeof(writes->keys[i]), "k%03u",
                       (unsigned)(first + i) % 1000);
        writes->entries[i] = (quipu_entry_write){
            .key = { writes->keys[i], 4 },
            .value = { size > 0 ? value : NULL, size },
            .flags = size > 0 ? 0 : QUIPU_ENTRY_DELETE,
        };
    }
    writes->conditions =
        (quipu_conditions){ .struct_size = sizeof(writes->conditions),
                            .entries = writes->entries,
                            .entry_count = count };
    writes->request = (quipu_request){ .condition = &writes->conditions };
}

static int write_entries(struct place *place, uint32_t first, uint32_t count,
                         size_t size, quipu_error *error)
{
    static struct writes writes;
    quipu_result result = { 0 };
    fill_writes(&writes, first, count, size);
    return fixture_append_all(place->datastore, &writes.request, 1, &result,
                              error);
}

/* ------------------------------------------------------------------- making */

static void make_entries(struct place *place)
{
    quipu_error error = { 0 };
    assert_ok(write_entries(place, 0, KEYS, 300, &error), &error);
    assert_ok(write_entries(place, 20, 2, 9000, &error), &error);
    assert_ok(write_entries(place, 10, 2, 0, &error), &error);
}

void exercise_make(const char *folder)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_schema gone = fixture_schema("gone", 0);
    quipu_error error = { 0 };
    struct place place = fixture_place(folder, &relaxed);
    quipu_driver_schema *other = fixture_bind(place.datastore, &gone);
    for (uint32_t i = 0; i < ITEMS; i++) {
        fixture_append(place.datastore, place.bound, i % SEQUENCES);
        fixture_append(place.datastore, other, i % SEQUENCES);
    }
    assert_ok(fixture_append_large(&place, 9000, &error), &error);
    assert_ok(fixture_append_large(&place, 9000, &error), &error);
    assert_ok(erase(&place, 5, 20, &error), &error);
    assert_ok(erase(&place, ITEMS + 2, ITEMS + 2, &error), &error);
    track(&place, 7, &error);
    make_entries(&place);
    driver->unbind(place.datastore, other);
    assert_ok(driver->teardown(place.datastore, &gone, FOREVER, &error),
              &error);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
}

void exercise_plant(const char *folder, const void *data, size_t size)
{
    int fd = open(fixture_data(folder), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, data, size, 0), size);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(close(fd), 0);
}

/* ------------------------------------------------------------------ answers */

static char text[300];

/* Nobody tears the schema down, so nothing else than these may be missing. */
static bool may_be_missing(const char *operation)
{
    static const char *const operations[] = { "bind", "teardown", "find_event",
                                              "read_tracking" };
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        if (strcmp(operation, operations[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Returns true if the status is one that a damaged store may give. */
static bool is_proper(const char *operation, int status,
                      const quipu_error *error)
{
    const bool proper =
        status == QUIPU_OK || status == QUIPU_CORRUPT ||
        status == QUIPU_UNSUPPORTED || status == QUIPU_CONFLICT ||
        status == QUIPU_ALREADY ||
        (status == QUIPU_NOT_FOUND && may_be_missing(operation)) ||
        /* a damaged name of a schema may differ from another in case only */
        (status == QUIPU_INVALID && strcmp(operation, "setup") == 0);
    if (!proper) {
        (void)snprintf(text, sizeof(text), "%s: %d, %.200s", operation, status,
                       error->message);
    }
    return proper;
}

/* Steps to the end.  `status` is that of the opening. */
static bool steps(const char *operation, int status,
                  quipu_driver_cursor *cursor, quipu_error *error)
{
    const quipu_driver *driver = fixture_driver();
    size_t sum = 0;
    size_t count = 1;
    if (status != QUIPU_OK) {
        return is_proper(operation, status, error);
    }
    while (status == QUIPU_OK && count > 0 && sum < ROWS_MAX) {
        const void *rows = NULL;
        status = driver->step(cursor, FOREVER, &rows, &count, error);
        sum += count;
    }
    driver->cursor_close(cursor);
    if (sum >= ROWS_MAX) {
        (void)snprintf(text, sizeof(text), "%s does not end", operation);
        return false;
    }
    return is_proper(operation, status, error);
}

/* --------------------------------------------------------------- operations */

/* Reads the items that a filter passes, and one by its event id. */
static bool reads_some(struct place *place)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_range range = { .struct_size = sizeof(range),
                                .lower = 1,
                                .upper = INT64_MAX,
                                .limit = INT64_MAX };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .partition_count = 3,
                                  .partitions = 2 };
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    struct piece piece;
    int status = driver->read_filtered(place->datastore, place->bound, &range,
                                       &filter, FOREVER, &cursor, &error);
    bool proper = steps("read_filtered", status, cursor, &error);
    fixture_piece(&piece, 1, -1, 1);
    status = driver->find_event(place->datastore, place->bound,
                                piece.item.event_id, FOREVER, &cursor, &error);
    return steps("find_event", status, cursor, &error) && proper;
}

static bool reads(struct place *place)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_datastore *datastore = place->datastore;
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    quipu_position position;
    struct piece piece;
    bool found = false;
    int64_t last = 0;
    bool proper = true;
    for (uint32_t i = 0; proper && i < 4; i++) {
        const quipu_range range = { .struct_size = sizeof(range),
                                    .lower = INT64_MIN,
                                    .upper = INT64_MAX,
                                    .limit = INT64_MAX,
                                    .descending = i % 2 == 1 };
        fixture_piece(&piece, i, 0, 0);
        int status = driver->read_log(datastore, place->bound, &range, FOREVER,
                                      &cursor, &error);
        proper = steps("read_log", status, cursor, &error);
        status = driver->read_sequence(datastore, place->bound,
                                       piece.item.sequence_id, &range, FOREVER,
                                       &cursor, &error);
        proper = proper && steps("read_sequence", status, cursor, &error) &&
                 is_proper("last_position",
                           driver->last_position(
                               datastore, place->bound, piece.item.sequence_id,
                               FOREVER, &found, &last, &error),
                           &error);
    }
    return proper && reads_some(place) &&
           is_proper("log_head",
                     driver->log_head(datastore, place->bound, FOREVER,
                                      &position, &error),
                     &error) &&
           is_proper("read_tracking",
                     driver->read_tracking(
                         datastore, (quipu_bytes){ "consumer", 8 },
                         (quipu_bytes){ "log", 3 }, FOREVER, &position, &error),
                     &error);
}

static bool lists(struct place *place)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_datastore *datastore = place->datastore;
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    int status = driver->list_schemas(datastore, FOREVER, &cursor, &error);
    bool proper = steps("list_schemas", status, cursor, &error);
    status = driver->list_tracking(datastore, FOREVER, &cursor, &error);
    proper = steps("list_tracking", status, cursor, &error) && proper;
    status = driver->list_entries(datastore, (quipu_bytes){ NULL, 0 },
                                  (quipu_bytes){ NULL, 0 }, FOREVER, &cursor,
                                  &error);
    proper = steps("list_entries", status, cursor, &error) && proper;
    status = driver->list_sequences(datastore, place->bound,
                                    (quipu_bytes){ NULL, 0 }, FOREVER, &cursor,
                                    &error);
    return steps("list_sequences", status, cursor, &error) && proper;
}

/* Appends a request that is accepted, one whose second item is refused, a
 * repeat of a stored item, a tracking record, and a large item. */
static bool appends(struct place *place, uint32_t sequence)
{
    struct piece pieces[5];
    quipu_item items[5];
    quipu_result results[4] = { { 0 } };
    quipu_error error = { 0 };
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        100 + sequence } };
    for (uint32_t i = 0; i < 5; i++) {
        fixture_piece(&pieces[i], sequence, i == 3 ? 9000 : -1,
                      i == 4 ? 0 : 70000 + 4 * sequence + i);
        items[i] = pieces[i].item;
    }
    size_t taken = 0;
    const quipu_request requests[4] = {
        { .schema = place->bound, .items = items, .item_count = 2 },
        { .schema = place->bound, .items = items + 2, .item_count = 2 },
        { .schema = place->bound, .items = items + 4, .item_count = 1 },
        { .schema = place->bound, .tracking = &tracking },
    };
    int status = fixture_driver()->append(place->datastore, requests, 4,
                                          results, &taken, FOREVER, &error);
    assert_int_equal(taken, 4);
    return is_proper("append", status, &error) &&
           is_proper("append", fixture_append_large(place, 20000, &error),
                     &error);
}

/* Writes entries in the place of small and large ones, and deletes some: at
 * first so that pages are not merged, then so that they are. */
static bool changes_entries(struct place *place)
{
    static const struct {
        uint32_t first;
        uint32_t count;
        size_t size;
    } plan[] = { { 5, 1, 300 }, { 20, 1, 9000 },   { 21, 1, 100 },
                 { 30, 1, 0 },  { 200, 2, 15000 }, { 200, 1, 0 },
                 { 31, 9, 0 },  { 0, KEYS, 0 },    { 0, 3, 500 } };
    enum { PLAN = sizeof(plan) / sizeof(plan[0]) };
    static const size_t ends[] = { 6, 7, PLAN };
    static struct writes writes[PLAN];
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 } };
    quipu_request requests[PLAN];
    quipu_result results[PLAN] = { { 0 } };
    quipu_error error = { 0 };
    bool proper = true;
    for (size_t i = 0; i < PLAN; i++) {
        fill_writes(&writes[i], plan[i].first, plan[i].count, plan[i].size);
        requests[i] = writes[i].request;
    }
    /* The last one also removes the tracking record. */
    writes[PLAN - 1].conditions.flags =
        QUIPU_CONDITIONS_TRACKING_FROM | QUIPU_CONDITIONS_TRACKING_REWIND;
    writes[PLAN - 1].conditions.tracking_from = 108;
    requests[PLAN - 1].tracking = &tracking;
    for (size_t i = 0, first = 0; proper && i < 3; first = ends[i++]) {
        proper = is_proper("append of entries",
                           fixture_append_all(place->datastore,
                                              requests + first, ends[i] - first,
                                              results + first, &error),
                           &error);
    }
    return proper;
}

/* Erases a sequence, and parts of the log, with what was erased before. */
static bool erases(struct place *place)
{
    struct piece piece;
    quipu_error error = { 0 };
    int64_t erased = 0;
    fixture_piece(&piece, 2, 0, 0);
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .sequence_id = piece.item.sequence_id,
                                    .lower = INT64_MIN,
                                    .upper = INT64_MAX,
                                    .limit = 20 };
    return is_proper("erase",
                     fixture_driver()->erase(place->datastore, place->bound,
                                             &erasure, FOREVER, &erased,
                                             &error),
                     &error) &&
           is_proper("erase", erase(place, 1, 40, &error), &error) &&
           is_proper("erase", erase(place, 80, INT64_MAX, &error), &error);
}

static bool changes(struct place *place)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_schema mine = events();
    const quipu_schema other = fixture_schema("others", 0);
    quipu_error error = { 0 };
    bool proper = true;
    for (uint32_t i = 0; proper && i < SEQUENCES + 1; i += 4) {
        proper = appends(place, i);
    }
    return proper && changes_entries(place) && erases(place) &&
           is_proper("setup",
                     driver->setup(place->datastore, &other, FOREVER, &error),
                     &error) &&
           is_proper("teardown",
                     driver->teardown(place->datastore, &mine, FOREVER, &error),
                     &error);
}

const char *exercise_run(const char *folder)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_schema schema = events();
    struct place place = { NULL, NULL };
    quipu_error error = { 0 };
    int status = fixture_try_open(folder, &relaxed, &place.datastore, &error);
    if (status != QUIPU_OK) {
        return is_proper("open", status, &error) ? NULL : text;
    }
    status =
        driver->bind(place.datastore, &schema, FOREVER, &place.bound, &error);
    bool proper = is_proper("bind", status, &error);
    if (status == QUIPU_OK) {
        proper = reads(&place) && lists(&place) && changes(&place);
        driver->unbind(place.datastore, place.bound);
    }
    fixture_close(place.datastore);
    return proper ? NULL : text;
}
