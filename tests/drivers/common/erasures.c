/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of erasing that every driver has to pass; see erasures.h. */
#include "erasures.h"

#include <pthread.h>

#define ITEMS 24
#define SEQUENCES 3
#define COLUMNS 2
#define TEXT 64 /* bytes of what a row keeps of a part of an item */
#define THREADS 4
#define LARGE ((size_t)3 << 20)

static const quipu_column columns[COLUMNS] = {
    { .name = "kind", .kind = QUIPU_VALUE_TEXT },
    { .name = "amount", .kind = QUIPU_VALUE_INT },
};

/* ---------------------------------------------------------------- helpers */

static quipu_erasure erasure_of(quipu_bytes sequence_id)
{
    return (quipu_erasure){ .struct_size = sizeof(quipu_erasure),
                            .sequence_id = sequence_id,
                            .lower = INT64_MIN,
                            .upper = INT64_MAX,
                            .limit = 1000 };
}

quipu_erasure erasures_of_sequence(quipu_bytes sequence_id)
{
    return erasure_of(sequence_id);
}

quipu_erasure erasures_of_log(void)
{
    return erasure_of((quipu_bytes){ NULL, 0 });
}

int64_t erasures_erase(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, const quipu_erasure *erasure)
{
    quipu_error error = { 0 };
    int64_t erased = -1;
    assert_ok(fixture_driver()->erase(datastore, bound, erasure,
                                      fixture_now() + FIXTURE_PATIENCE, &erased,
                                      &error),
              &error);
    assert_in_range(erased, 0, erasure->limit);
    return erased;
}

int64_t erasures_erase_all(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound,
                           const quipu_erasure *erasure)
{
    int64_t sum = 0;
    int64_t erased = 1;
    while (erased > 0) {
        erased = erasures_erase(datastore, bound, erasure);
        sum += erased;
    }
    return sum;
}

int64_t erasures_commits(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound)
{
    quipu_error error = { 0 };
    int64_t commits = -1;
    assert_ok(
        fixture_driver()->erasures(datastore, bound, FOREVER, &commits, &error),
        &error);
    return commits;
}

static bool is_erased(const quipu_item *item)
{
    return (item->flags & QUIPU_ITEM_ERASED) != 0;
}

static void assert_without_contents(const quipu_item *item)
{
    assert_non_null(item->state.data);
    assert_int_equal(item->state.size, 0);
    assert_null(item->metadata.data);
    for (size_t i = 0; i < item->column_count; i++) {
        assert_int_equal(item->columns[i].kind, QUIPU_VALUE_NULL);
    }
}

static const quipu_range whole = { .struct_size = sizeof(whole),
                                   .lower = INT64_MIN,
                                   .upper = INT64_MAX,
                                   .limit = INT64_MAX };

/* Calls a function with each row of a cursor, and closes it. */
static size_t for_each(quipu_driver_cursor *cursor,
                       void (*take)(const quipu_item *item, void *context),
                       void *context)
{
    quipu_error error = { 0 };
    size_t sum = 0;
    size_t count = 1;
    while (count > 0) {
        const void *rows = NULL;
        assert_ok(
            fixture_driver()->step(cursor, FOREVER, &rows, &count, &error),
            &error);
        const quipu_item *items = rows;
        for (size_t i = 0; i < count; i++) {
            take(&items[i], context);
        }
        sum += count;
    }
    fixture_driver()->cursor_close(cursor);
    return sum;
}

static quipu_driver_cursor *open_log(quipu_driver_datastore *datastore,
                                     quipu_driver_schema *bound)
{
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    assert_ok(fixture_driver()->read_log(datastore, bound, &whole, FOREVER,
                                         &cursor, &error),
              &error);
    return cursor;
}

static void count_erased(const quipu_item *item, void *context)
{
    size_t *count = context;
    if (is_erased(item)) {
        assert_without_contents(item);
        ++*count;
    } else {
        assert_true(item->state.size > 0);
    }
}

size_t erasures_count(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound)
{
    size_t count = 0;
    (void)for_each(open_log(datastore, bound), count_erased, &count);
    return count;
}

/* ------------------------------------------------- a store of known items */

/* The forms of a schema. */
struct form {
    uint32_t flags;
    bool event_ids;
    bool rich; /* with metadata, a time and further columns */
};

static const struct form forms[] = {
    { 0, true, false },
    { 0, true, true },
    { 0, false, false },
    { QUIPU_SCHEMA_TEXT_IDS, true, true },
    { QUIPU_SCHEMA_SPARSE, true, true },
    { QUIPU_SCHEMA_SPARSE | QUIPU_SCHEMA_TEXT_IDS, false, true },
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

static quipu_schema schema_of(const struct form *form)
{
    quipu_schema schema = fixture_schema("events", form->flags);
    schema.event_id = form->event_ids ? "event_id" : NULL;
    if (form->rich) {
        schema.metadata = "metadata";
        schema.time = "at";
        schema.columns = columns;
        schema.column_count = COLUMNS;
    }
    return schema;
}

/* An item with the memory for its parts. */
struct sample {
    char sequence[17];
    char event[17];
    char state[TEXT];
    char kind[TEXT];
    quipu_value values[COLUMNS];
    quipu_item item;
};

static void make_sample(struct sample *sample, const struct form *form,
                        uint32_t number)
{
    const uint32_t sequence = number % SEQUENCES;
    const bool text = (form->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    const bool sparse = (form->flags & QUIPU_SCHEMA_SPARSE) != 0;
    const int64_t nth = number / SEQUENCES;
    (void)snprintf(sample->sequence, sizeof(sample->sequence), "sequence %07u",
                   (unsigned)sequence);
    (void)snprintf(sample->event, sizeof(sample->event), "event %010u",
                   (unsigned)number);
    (void)snprintf(sample->state, sizeof(sample->state), "what %u said",
                   (unsigned)number);
    (void)snprintf(sample->kind, sizeof(sample->kind), "kind %u",
                   (unsigned)number);
    sample->values[0] = (quipu_value){
        .kind = QUIPU_VALUE_TEXT,
        .as.bytes = { sample->kind, strlen(sample->kind) },
    };
    sample->values[1] =
        (quipu_value){ .kind = QUIPU_VALUE_INT, .as.integer = number };
    sample->item = (quipu_item){
        .sequence_id = { sample->sequence, text ? 12 + sequence : 16 },
        .position = sparse ? 7 * (nth - 3) : nth,
        .topic = { number % 2 == 0 ? "even" : "odd", number % 2 == 0 ? 4 : 3 },
        .state = { sample->state, strlen(sample->state) },
        .event_id = { form->event_ids ? sample->event : NULL,
                      form->event_ids ? 16 : 0 },
    };
    if (form->rich) {
        sample->item.metadata = (quipu_bytes){ "metadata", 8 };
        sample->item.time.microseconds = 1000 + number;
        sample->item.flags |= QUIPU_ITEM_TIME;
        sample->item.columns = sample->values;
        sample->item.column_count = COLUMNS;
    }
}

static int append(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                  const quipu_item *item, quipu_result *result)
{
    const quipu_request request = { .schema = bound,
                                    .items = item,
                                    .item_count = 1 };
    quipu_error error = { 0 };
    *result = (quipu_result){ 0 };
    assert_ok(fixture_append_all(datastore, &request, 1, result, &error),
              &error);
    return result->status;
}

struct store {
    char name[32];
    const struct form *form;
    quipu_schema schema;
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    bool erased[ITEMS]; /* the items that have to be */
};

static void open_store(struct store *store, const struct form *form)
{
    quipu_result result;
    *store = (struct store){ .form = form, .schema = schema_of(form) };
    (void)snprintf(store->name, sizeof(store->name), "%s", fixture_file());
    *strchr(store->name, '.') = '_'; /* may be a name in SQL, too */
    store->datastore = erasures_open(store->name, QUIPU_OPEN_CREATE);
    store->bound = fixture_bind(store->datastore, &store->schema);
    for (uint32_t i = 0; i < ITEMS; i++) {
        struct sample sample;
        make_sample(&sample, form, i);
        assert_ok(append(store->datastore, store->bound, &sample.item, &result),
                  NULL);
        assert_int_equal(result.first_notification_id, i + 1);
    }
}

static void close_store(struct store *store)
{
    fixture_driver()->unbind(store->datastore, store->bound);
    fixture_close(store->datastore);
}

static void reopen(struct store *store)
{
    close_store(store);
    store->datastore = erasures_open(store->name, 0);
    store->bound = fixture_bind(store->datastore, &store->schema);
}

/* An item is as it was appended, or erased. */
static void assert_item(const quipu_item *item, void *context)
{
    const struct store *store = context;
    const uint32_t number = (uint32_t)item->notification_id - 1;
    struct sample sample;
    assert_in_range(number, 0, ITEMS - 1);
    make_sample(&sample, store->form, number);
    const quipu_item *was = &sample.item;
    assert_bytes(item->sequence_id.data, item->sequence_id.size,
                 was->sequence_id.data, was->sequence_id.size);
    assert_true(item->position == was->position);
    assert_bytes(item->topic.data, item->topic.size, was->topic.data,
                 was->topic.size);
    assert_bytes(item->event_id.data, item->event_id.size, was->event_id.data,
                 was->event_id.size);
    assert_true(item->time.microseconds == was->time.microseconds);
    assert_int_equal(item->column_count, was->column_count);
    if (store->erased[number]) {
        assert_int_equal(item->flags, was->flags | QUIPU_ITEM_ERASED);
        assert_without_contents(item);
        return;
    }
    assert_int_equal(item->flags, was->flags);
    assert_bytes(item->state.data, item->state.size, was->state.data,
                 was->state.size);
    assert_bytes(item->metadata.data, item->metadata.size, was->metadata.data,
                 was->metadata.size);
    if (was->column_count > 0) {
        assert_bytes(item->columns[0].as.bytes.data,
                     item->columns[0].as.bytes.size, sample.kind,
                     strlen(sample.kind));
        assert_true(item->columns[1].as.integer == number);
    }
}

static void assert_sequences(struct store *store)
{
    const quipu_driver *driver = fixture_driver();
    quipu_error error = { 0 };
    for (uint32_t i = 0; i < SEQUENCES; i++) {
        struct sample sample;
        quipu_range range = whole;
        bool found = false;
        int64_t last = 0;
        for (int down = 0; down < 2; down++) {
            quipu_driver_cursor *cursor = NULL;
            make_sample(&sample, store->form, ITEMS - SEQUENCES + i);
            range.descending = down == 1;
            assert_ok(driver->read_sequence(store->datastore, store->bound,
                                            sample.item.sequence_id, &range,
                                            FOREVER, &cursor, &error),
                      &error);
            assert_int_equal(for_each(cursor, assert_item, store),
                             ITEMS / SEQUENCES);
        }
        assert_ok(driver->last_position(store->datastore, store->bound,
                                        sample.item.sequence_id, FOREVER,
                                        &found, &last, &error),
                  &error);
        assert_true(found);
        assert_true(last == sample.item.position);
    }
}

/* Reads with a filter, and by event id. */
static void assert_looked_up(struct store *store)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_bytes topic = { "even", 4 };
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    quipu_range range = whole;
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    range.lower = 1;
    if (driver->read_filtered) {
        assert_ok(driver->read_filtered(store->datastore, store->bound, &range,
                                        &filter, FOREVER, &cursor, &error),
                  &error);
        assert_true(for_each(cursor, assert_item, store) >= ITEMS / 2);
    }
    for (uint32_t i = 0; store->form->event_ids && i < ITEMS; i++) {
        struct sample sample;
        make_sample(&sample, store->form, i);
        assert_ok(driver->find_event(store->datastore, store->bound,
                                     sample.item.event_id, FOREVER, &cursor,
                                     &error),
                  &error);
        assert_int_equal(for_each(cursor, assert_item, store), 1);
    }
}

/* All reads yield what store->erased says, and the ends are as they were. */
static void assert_store(struct store *store)
{
    assert_int_equal(
        for_each(open_log(store->datastore, store->bound), assert_item, store),
        ITEMS);
    assert_int_equal(fixture_head(store->datastore, store->bound), ITEMS);
    assert_sequences(store);
    assert_looked_up(store);
}

/* ------------------------------------------------------------------ tests */

/* Erases positions of a sequence, from the `from`-th to the `to`-th item. */
static int64_t erase_part(struct store *store, uint32_t sequence, int64_t from,
                          int64_t to, int64_t limit)
{
    struct sample sample;
    const bool sparse = (store->form->flags & QUIPU_SCHEMA_SPARSE) != 0;
    make_sample(&sample, store->form, sequence);
    quipu_erasure erasure = erasure_of(sample.item.sequence_id);
    erasure.lower = sparse ? 7 * (from - 3) : from;
    erasure.upper = sparse ? 7 * (to - 3) : to;
    erasure.limit = limit;
    const int64_t erased =
        erasures_erase(store->datastore, store->bound, &erasure);
    for (int64_t i = from, left = erased; i <= to && left > 0; i++) {
        bool *is = &store->erased[i * SEQUENCES + sequence];
        left -= !*is;
        *is = true;
    }
    return erased;
}

static int64_t erase_ids(struct store *store, int64_t lower, int64_t upper)
{
    quipu_erasure erasure = erasures_of_log();
    erasure.lower = lower;
    erasure.upper = upper;
    const int64_t erased =
        erasures_erase(store->datastore, store->bound, &erasure);
    for (int64_t i = lower < 1 ? 0 : lower - 1; i < upper && i < ITEMS; i++) {
        store->erased[i] = true;
    }
    return erased;
}

static void range_is_erased_in_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        struct store store;
        open_store(&store, &forms[i]);
        assert_store(&store);
        assert_int_equal(erase_part(&store, 1, 2, 5, 3), 3);
        assert_store(&store);
        assert_int_equal(erase_part(&store, 1, 2, 5, 3), 1);
        assert_store(&store);
        assert_int_equal(erase_part(&store, 1, 2, 5, 3), 0);
        assert_int_equal(erase_part(&store, 1, 1, 2, 1000), 1);
        assert_int_equal(erase_part(&store, 2, 7, 7, 1000), 1);
        assert_store(&store);
        assert_int_equal(erase_ids(&store, 4, 4), 1);
        assert_int_equal(erase_ids(&store, 9, 12), 3);
        assert_store(&store);
        reopen(&store);
        assert_store(&store);
        assert_int_equal(erase_ids(&store, INT64_MIN, INT64_MAX), ITEMS - 10);
        assert_store(&store);
        assert_int_equal(erase_ids(&store, INT64_MIN, INT64_MAX), 0);
        close_store(&store);
    }
}

/* Each schema has a number of its own; a new one of the same name begins with
 * 0, and a schema that was torn down has none. */
static void commits_are_counted(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    const quipu_schema other_schema = fixture_schema("other", 0);
    struct store store;
    quipu_error error = { 0 };
    int64_t commits = 0;
    open_store(&store, &forms[0]);
    quipu_driver_schema *other = fixture_bind(store.datastore, &other_schema);
    assert_int_equal(erasures_commits(store.datastore, store.bound), 0);
    assert_int_equal(erase_part(&store, 1, 0, 5, 4), 4);
    assert_int_equal(erasures_commits(store.datastore, store.bound), 1);
    assert_int_equal(erase_part(&store, 1, 0, 5, 4), 2);
    assert_int_equal(erase_part(&store, 1, 0, 5, 4), 0);
    assert_int_equal(erasures_commits(store.datastore, store.bound), 2);
    assert_int_equal(erasures_commits(store.datastore, other), 0);
    driver->unbind(store.datastore, other);
    reopen(&store);
    assert_int_equal(erasures_commits(store.datastore, store.bound), 2);
    assert_ok(driver->teardown(store.datastore, &store.schema, FOREVER, &error),
              &error);
    assert_status(driver->erasures(store.datastore, store.bound, FOREVER,
                                   &commits, &error),
                  QUIPU_NOT_FOUND);
    quipu_driver_schema *again = fixture_bind(store.datastore, &store.schema);
    assert_int_equal(erasures_commits(store.datastore, again), 0);
    driver->unbind(store.datastore, again);
    close_store(&store);
}

static void range_may_hold_nothing(void **state)
{
    (void)state;
    struct store store;
    open_store(&store, &forms[0]);
    quipu_erasure erasure = erasure_of((quipu_bytes){ "no such sequence", 16 });
    assert_int_equal(erasures_erase(store.datastore, store.bound, &erasure), 0);
    assert_int_equal(erase_ids(&store, ITEMS + 1, INT64_MAX), 0);
    assert_int_equal(erase_ids(&store, INT64_MIN, 0), 0);
    assert_int_equal(erase_part(&store, 1, 8, 100, 1), 0);
    assert_store(&store);
    close_store(&store);
}

static bool is_repeat(const quipu_result *result)
{
    return (result->flags & QUIPU_RESULT_REPEATED) != 0;
}

/* Positions and event ids of erased items stay taken, and a repeat of an append
 * is one. */
static void places_and_ids_stay_taken(void **state)
{
    (void)state;
    struct store store;
    struct sample sample;
    quipu_result result;
    open_store(&store, &forms[0]);
    assert_int_equal(erase_ids(&store, 1, ITEMS), ITEMS);
    make_sample(&sample, store.form, 10);
    assert_ok(append(store.datastore, store.bound, &sample.item, &result),
              NULL);
    assert_true(is_repeat(&result));
    assert_int_equal(result.first_notification_id, 11);
    sample.item.state = (quipu_bytes){ "other", 5 };
    assert_ok(append(store.datastore, store.bound, &sample.item, &result),
              NULL);
    assert_true(is_repeat(&result));
    sample.item.topic = (quipu_bytes){ "other", 5 };
    assert_status(append(store.datastore, store.bound, &sample.item, &result),
                  QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_EVENT_ID);
    make_sample(&sample, store.form, 10);
    sample.item.event_id = (quipu_bytes){ "another event id", 16 };
    assert_status(append(store.datastore, store.bound, &sample.item, &result),
                  QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_POSITION);
    assert_true(result.last_position == ITEMS / SEQUENCES - 1);
    sample.item.flags |= QUIPU_ITEM_NEXT;
    assert_ok(append(store.datastore, store.bound, &sample.item, &result),
              NULL);
    assert_int_equal(result.first_notification_id, ITEMS + 1);
    close_store(&store);
}

static void make_erased(struct sample *sample, const struct form *form,
                        uint32_t number)
{
    make_sample(sample, form, number);
    sample->item.flags |= QUIPU_ITEM_ERASED;
    sample->item.state = (quipu_bytes){ "", 0 };
    sample->item.metadata = (quipu_bytes){ NULL, 0 };
    for (size_t i = 0; i < COLUMNS; i++) {
        sample->values[i] = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    }
}

/* A copy of a store appends items that are erased. */
static void appended_item_can_be_erased(void **state)
{
    (void)state;
    for (size_t i = 0; i < FORMS; i++) {
        struct store store;
        struct sample sample;
        quipu_result result;
        open_store(&store, &forms[i]);
        make_erased(&sample, store.form, ITEMS);
        assert_ok(append(store.datastore, store.bound, &sample.item, &result),
                  NULL);
        assert_int_equal(result.first_notification_id, ITEMS + 1);
        make_erased(&sample, store.form, ITEMS + 1);
        sample.item.columns = NULL;
        sample.item.column_count = 0;
        assert_ok(append(store.datastore, store.bound, &sample.item, &result),
                  NULL);
        assert_int_equal(erasures_count(store.datastore, store.bound), 2);
        if (store.form->event_ids) {
            assert_ok(
                append(store.datastore, store.bound, &sample.item, &result),
                NULL);
            assert_true(is_repeat(&result));
            make_erased(&sample, store.form, 3); /* stored with its state */
            assert_status(
                append(store.datastore, store.bound, &sample.item, &result),
                QUIPU_CONFLICT);
        }
        const quipu_erasure all = erasures_of_log();
        assert_int_equal(erasures_erase_all(store.datastore, store.bound, &all),
                         ITEMS);
        assert_int_equal(erasures_count(store.datastore, store.bound),
                         ITEMS + 2);
        close_store(&store);
    }
}

static void take_either(const quipu_item *item, void *context)
{
    struct store *store = context;
    store->erased[item->notification_id - 1] = is_erased(item);
    assert_item(item, store);
}

static void open_cursor_yields_each_item_as_it_was_or_erased(void **state)
{
    (void)state;
    struct store store;
    open_store(&store, &forms[1]);
    quipu_driver_cursor *cursor = open_log(store.datastore, store.bound);
    assert_int_equal(erase_ids(&store, 1, ITEMS), ITEMS);
    assert_int_equal(for_each(cursor, take_either, &store), ITEMS);
    close_store(&store);
}

static void readonly_store_is_not_erased(void **state)
{
    (void)state;
    struct store store;
    quipu_error error = { 0 };
    int64_t erased = 0;
    const quipu_erasure all = erasures_of_log();
    open_store(&store, &forms[0]);
    close_store(&store);
    store.datastore = erasures_open(store.name, QUIPU_OPEN_READONLY);
    store.bound = fixture_bind(store.datastore, &store.schema);
    assert_refused(fixture_driver()->erase(store.datastore, store.bound, &all,
                                           FOREVER, &erased, &error),
                   QUIPU_DENIED, &error, "readonly");
    assert_store(&store);
    close_store(&store);
}

/* Another schema of that name, set up meanwhile, is not erased either. */
static void schema_that_was_torn_down_is_not_found(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    struct store store;
    quipu_result result;
    quipu_error error = { 0 };
    int64_t erased = 0;
    const quipu_erasure all = erasures_of_log();
    open_store(&store, &forms[0]);
    assert_ok(driver->teardown(store.datastore, &store.schema, FOREVER, &error),
              &error);
    assert_refused(driver->erase(store.datastore, store.bound, &all, FOREVER,
                                 &erased, &error),
                   QUIPU_NOT_FOUND, &error, "torn down");
    quipu_driver_schema *again = fixture_bind(store.datastore, &store.schema);
    struct sample sample;
    make_sample(&sample, store.form, 0);
    assert_ok(append(store.datastore, again, &sample.item, &result), NULL);
    assert_refused(driver->erase(store.datastore, store.bound, &all, FOREVER,
                                 &erased, &error),
                   QUIPU_NOT_FOUND, &error, "torn down");
    assert_int_equal(erasures_count(store.datastore, again), 0);
    driver->unbind(store.datastore, again);
    close_store(&store);
}

static void large_items_are_erased(void **state)
{
    (void)state;
    struct store store;
    quipu_result result;
    open_store(&store, &forms[1]);
    char *large = malloc(LARGE);
    assert_non_null(large);
    memset(large, 'x', LARGE);
    for (uint32_t i = 0; i < 4; i++) {
        struct sample sample;
        make_sample(&sample, store.form, ITEMS + i);
        sample.item.state = (quipu_bytes){ large, LARGE - i };
        sample.item.metadata = (quipu_bytes){ large, 5000 };
        assert_ok(append(store.datastore, store.bound, &sample.item, &result),
                  NULL);
    }
    quipu_erasure erasure = erasures_of_log();
    erasure.lower = ITEMS + 2;
    erasure.upper = ITEMS + 3;
    assert_int_equal(erasures_erase(store.datastore, store.bound, &erasure), 2);
    assert_int_equal(erasures_count(store.datastore, store.bound), 2);
    reopen(&store);
    assert_int_equal(erasures_count(store.datastore, store.bound), 2);
    free(large);
    close_store(&store);
}

/* ---------------------------------------------------------------- threads */

struct eraser {
    struct store *store;
    pthread_t thread;
    quipu_erasure erasure;
    int64_t sum;
    int status;
};

static void *erase_on(void *context)
{
    struct eraser *eraser = context;
    int64_t erased = 1;
    while (eraser->status == QUIPU_OK && erased > 0) {
        eraser->status = fixture_driver()->erase(
            eraser->store->datastore, eraser->store->bound, &eraser->erasure,
            fixture_now() + FIXTURE_PATIENCE, &erased, NULL);
        eraser->sum += eraser->status == QUIPU_OK ? erased : 0;
    }
    return NULL;
}

/* Each item is told by one of several calls at the same time, and none says
 * that nothing is left while something is. */
static void erasers_share_a_range(void **state)
{
    (void)state;
    struct store store;
    struct eraser erasers[THREADS];
    int64_t sum = 0;
    open_store(&store, &forms[1]);
    for (size_t i = 0; i < THREADS; i++) {
        erasers[i] =
            (struct eraser){ .store = &store, .erasure = erasures_of_log() };
        erasers[i].erasure.limit = 2;
        assert_int_equal(
            pthread_create(&erasers[i].thread, NULL, erase_on, &erasers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(erasers[i].thread, NULL);
        assert_ok(erasers[i].status, NULL);
        sum += erasers[i].sum;
    }
    assert_int_equal(sum, ITEMS);
    memset(store.erased, true, sizeof(store.erased));
    assert_store(&store);
    close_store(&store);
}

int erasures_run_tests(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_is_erased_in_every_form),
        cmocka_unit_test(commits_are_counted),
        cmocka_unit_test(range_may_hold_nothing),
        cmocka_unit_test(places_and_ids_stay_taken),
        cmocka_unit_test(appended_item_can_be_erased),
        cmocka_unit_test(open_cursor_yields_each_item_as_it_was_or_erased),
        cmocka_unit_test(readonly_store_is_not_erased),
        cmocka_unit_test(schema_that_was_torn_down_is_not_found),
        cmocka_unit_test(large_items_are_erased),
        cmocka_unit_test(erasers_share_a_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
