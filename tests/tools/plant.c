/* SPDX-License-Identifier: Apache-2.0 */
/* Makes stores with known content for the tests of the quipu command:
 *
 *     plant plain URI SEQUENCES ITEMS   the stored-events preset
 *     plant more URI COUNT [SEQUENCE]   as many items more in a sequence
 *                                       (default: 0)
 *     plant wide URI FIRST COUNT        items with values in all columns of the
 *                                       preset as the store has it
 *     plant odd URI                     text ids, all columns, hostile names
 *     plant versions URI                event types of several versions
 *     plant rich URI                    values at the ends of their kinds
 *     plant sparse URI                  positions of any kind
 *     plant track URI [MORE]            two tracking records, so much higher
 *     plant columns URI                 the preset's name, other positions
 *     plant entry URI KEY [VALUE]       an entry; without a value, deleted
 *     plant project URI NUMBER [TARGET] the projection "things@1", which parks
 *                                       items whose state has that number
 *     plant group URI MEMBER            the group "shared@1" of 8 partitions;
 *                                       the member ends like a killed one
 *     plant timers URI                  two timers in the preset, one in
 *                                       another schema, one that is set aside
 *     plant consume URI CONSUMER COUNT  a subscription; 0: until it fails
 *     plant sealed URI KEYS COUNT       events whose states are encrypted
 *     plant erase URI FIRST LAST        erases the items with these
 *                                       notification ids
 *     plant sections URI SIZE ROUNDS    reads the full sections, so many times,
 *                                       and prints the seconds and the number
 *                                       of sections
 */
#include <quipu/quipu.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const quipu_uuid name_space = { "sixteen bytes..." };

static void need(int status, const quipu_error *error)
{
    if (status != QUIPU_OK) {
        fprintf(stderr, "plant: %s: %s\n", quipu_status_name(status),
                error->message);
        exit(1);
    }
}

static int number_of(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

/* Returns an id that is a function of both numbers. */
static quipu_uuid id_of(int sequence, int64_t position)
{
    char name[64];
    quipu_uuid uuid;

    snprintf(name, sizeof(name), "%d/%lld", sequence, (long long)position);
    quipu_uuid_of_name(&uuid, &name_space, name, strlen(name));
    return uuid;
}

static quipu_bytes bytes_of_uuid(const quipu_uuid *uuid)
{
    return (quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) };
}

static void append(quipu_records *records, const quipu_item *items,
                   size_t count)
{
    const quipu_append request = { .struct_size = sizeof(request),
                                   .items = items,
                                   .item_count = count };
    quipu_result result = { 0 };
    quipu_error error;

    need(quipu_records_append(records, &request, &result, &error), &error);
}

static quipu_records *open_schema(quipu_datastore *datastore,
                                  const quipu_schema *schema)
{
    quipu_records *records = NULL;
    quipu_error error;

    need(quipu_datastore_setup(datastore, schema, &error), &error);
    need(quipu_records_open(datastore, schema, &records, &error), &error);
    return records;
}

/* Appends one item with the state {"n": position}. */
static void append_plain(quipu_records *records, int sequence, int64_t position)
{
    const quipu_uuid id = id_of(sequence, -1);
    const quipu_uuid event_id = id_of(sequence, position);
    char state[] = "\x81\xa1n\xd1\0\0";
    quipu_item item = { .sequence_id = bytes_of_uuid(&id),
                        .position = position,
                        .topic = quipu_bytes_of_text("Thing.Happened"),
                        .state = { state, 6 },
                        .event_id = bytes_of_uuid(&event_id) };

    state[4] = (char)(position >> 8);
    state[5] = (char)(position & 0xff);
    append(records, &item, 1);
}

static void plant_plain(quipu_datastore *datastore, char **arguments)
{
    quipu_records *records =
        open_schema(datastore, quipu_schema_stored_events());
    const int sequences = number_of(arguments[0]);
    const int items = number_of(arguments[1]);

    for (int position = 0; position < items; position++) {
        for (int sequence = 0; sequence < sequences; sequence++) {
            append_plain(records, sequence, position);
        }
    }
    quipu_records_close(records, NULL);
}

static void plant_more(quipu_datastore *datastore, char **arguments)
{
    quipu_records *records =
        open_schema(datastore, quipu_schema_stored_events());
    const int sequence = arguments[1] ? number_of(arguments[1]) : 0;
    const quipu_uuid id = id_of(sequence, -1);
    int64_t last = -1;
    quipu_error error;
    int status = quipu_records_last(records, bytes_of_uuid(&id), &last, &error);

    if (status != QUIPU_NOT_FOUND) {
        need(status, &error);
    }
    for (int i = 0; i < number_of(arguments[0]); i++) {
        append_plain(records, sequence, ++last);
    }
    quipu_records_close(records, NULL);
}

/* Copies the definition that the store has of the preset's name. */
static void find_definition(quipu_datastore *datastore, quipu_schema *schema,
                            quipu_column columns[QUIPU_COLUMNS_MAX])
{
    quipu_schemas *listing = NULL;
    const quipu_schema *row = NULL;
    quipu_error error;

    *schema = *quipu_schema_stored_events();
    need(quipu_schemas_open(datastore, &listing, &error), &error);
    do {
        need(quipu_schemas_next(listing, &row, &error), &error);
    } while (row && strcmp(row->table, schema->table) != 0);
    schema->column_count = row ? row->column_count : 0;
    schema->columns = columns;
    for (size_t i = 0; i < schema->column_count; i++) {
        columns[i] = (quipu_column){ .name = strdup(row->columns[i].name),
                                     .kind = row->columns[i].kind };
    }
    quipu_schemas_close(listing);
}

/* Numbers and texts get a value, columns of other kinds NULL. */
static void plant_wide(quipu_datastore *datastore, char **arguments)
{
    quipu_column columns[QUIPU_COLUMNS_MAX];
    quipu_value values[QUIPU_COLUMNS_MAX] = { { .kind = QUIPU_VALUE_NULL } };
    const int first = number_of(arguments[0]);
    quipu_schema schema;

    find_definition(datastore, &schema, columns);
    quipu_records *records = open_schema(datastore, &schema);
    for (int i = first; i < first + number_of(arguments[1]); i++) {
        const quipu_uuid id = id_of(1000 + i, -1);
        const quipu_uuid event_id = id_of(1000 + i, 0);
        const quipu_item item = { .sequence_id = bytes_of_uuid(&id),
                                  .topic = quipu_bytes_of_text("Thing.Wide"),
                                  .state = { "\x80", 1 },
                                  .event_id = bytes_of_uuid(&event_id),
                                  .columns = values,
                                  .column_count = schema.column_count };

        for (size_t k = 0; k < schema.column_count; k++) {
            if (columns[k].kind == QUIPU_VALUE_INT) {
                values[k].kind = QUIPU_VALUE_INT;
                values[k].as.integer = i;
            } else if (columns[k].kind == QUIPU_VALUE_TEXT) {
                values[k].kind = QUIPU_VALUE_TEXT;
                values[k].as.bytes = quipu_bytes_of_text(columns[k].name);
            }
        }
        append(records, &item, 1);
    }
    quipu_records_close(records, NULL);
    for (size_t i = 0; i < schema.column_count; i++) {
        free((char *)columns[i].name);
    }
}

/* Stores events of two versions, and one whose envelope cannot be read. */
static void plant_versions(quipu_datastore *datastore, char **arguments)
{
    static const struct {
        const char *topic;
        const char *state;
        size_t size;
    } events[] = {
        { "Thing.Changed", "\x80", 1 },
        { "Thing.Changed", "\xc1\1\x81\2\2\x80", 6 },
        { "Thing.Ended", "\x80", 1 },
        { "Thing.Changed", "\xc1\1\x81\2\2\x80", 6 },
        { "Thing.Changed", "\xc1\1\x81\x7e\2\x80", 6 },
    };
    quipu_records *records =
        open_schema(datastore, quipu_schema_stored_events());
    const quipu_uuid id = id_of(0, -1);

    (void)arguments;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        const quipu_uuid event_id = id_of(0, (int64_t)i);
        const quipu_item item = { .sequence_id = bytes_of_uuid(&id),
                                  .position = (int64_t)i,
                                  .topic = quipu_bytes_of_text(events[i].topic),
                                  .state = { events[i].state, events[i].size },
                                  .event_id = bytes_of_uuid(&event_id) };

        append(records, &item, 1);
    }
    quipu_records_close(records, NULL);
}

static const quipu_column odd_columns[] = {
    { .name = "yes", .kind = QUIPU_VALUE_BOOL },
    { .name = "number", .kind = QUIPU_VALUE_INT },
    { .name = "real", .kind = QUIPU_VALUE_DOUBLE },
    { .name = "words", .kind = QUIPU_VALUE_TEXT },
    { .name = "raw", .kind = QUIPU_VALUE_BYTES },
    { .name = "uuid", .kind = QUIPU_VALUE_UUID },
    { .name = "moment", .kind = QUIPU_VALUE_TIME },
};

#define ODD_COUNT 7

static void fill_odd(quipu_value values[ODD_COUNT])
{
    memset(values, 0, ODD_COUNT * sizeof(*values));
    for (int i = 0; i < ODD_COUNT; i++) {
        values[i].kind = odd_columns[i].kind;
    }
    values[0].as.integer = 1;
    values[1].as.integer = INT64_MIN;
    values[2].as.real = 0.5;
    values[3].as.bytes = quipu_bytes_of_text("tab\there");
    values[4].as.bytes = (quipu_bytes){ "\0\xff", 2 };
    values[5].as.bytes = bytes_of_uuid(&name_space);
    values[6].as.integer = 0;
}

/* Stores two items; the second has a null in every column and an invalid state.
 */
static void plant_odd(quipu_datastore *datastore, char **arguments)
{
    const quipu_schema schema = { .struct_size = sizeof(schema),
                                  .flags = QUIPU_SCHEMA_TEXT_IDS,
                                  .table = "odd; DROP TABLE \"x\" --",
                                  .notification_id = "select",
                                  .sequence_id = "na\xc3\xafve",
                                  .position = "from",
                                  .topic = "where",
                                  .state = "group by",
                                  .metadata = "meta",
                                  .time = "when",
                                  .columns = odd_columns,
                                  .column_count = ODD_COUNT };
    quipu_records *records = open_schema(datastore, &schema);
    quipu_value values[ODD_COUNT];
    quipu_value nulls[ODD_COUNT];
    /* An escape sequence, and a character that changes the direction of
     * writing. */
    static const char name[] = { 0x1b, '[',        '3',        '1',
                                 'm',  'r',        'e',        'd',
                                 '\n', (char)0xe2, (char)0x80, (char)0xae };
    const quipu_bytes id = { name, sizeof(name) };
    const quipu_item items[2] = {
        { .sequence_id = id,
          .position = 0,
          .topic = quipu_bytes_of_text("\xc2\x9b"
                                       "2J\x07"),
          .state = { "\x81\xa1k\xcb\x7f\xf0\0\0\0\0\0\0", 12 },
          .metadata = quipu_bytes_of_text("m\xc3\xa9ta"),
          .time = { 1 },
          .flags = QUIPU_ITEM_TIME,
          .columns = values,
          .column_count = ODD_COUNT },
        { .sequence_id = id,
          .position = 1,
          .topic = quipu_bytes_of_text("plain"),
          .state = { "\xc1\xc1", 2 },
          .columns = nulls,
          .column_count = ODD_COUNT },
    };

    (void)arguments;
    fill_odd(values);
    memset(nulls, 0, sizeof(nulls));
    append(records, items, 2);
    quipu_records_close(records, NULL);
}

#define RICH_COUNT 12

/* Sets each kind of column to its extremes, and to numbers that readers round.
 */
static void fill_rich(quipu_value values[ODD_COUNT], int row)
{
    static const int64_t integers[] = { INT64_MIN,
                                        INT64_MAX,
                                        INT64_C(9007199254740992),
                                        INT64_C(9007199254740993),
                                        INT64_C(-9007199254740993),
                                        0 };
    static const double reals[] = { -0.0,   0.1,
                                    5e-324, 1.7976931348623157e308,
                                    1e22,   -1 / 3.0 };
    static const char *const words[] = {
        "",         "\"\\/\b\f\n\r\t", "\xf0\x9f\xaa\xa2",
        "\x7f\x01", "\xe2\x80\xa8",    "AA=="
    };
    static const int64_t times[] = {
        QUIPU_TIME_MIN, QUIPU_TIME_MAX, -1, 951782400000000, 1, 0
    };

    fill_odd(values);
    values[0].as.integer = row % 2;
    values[1].as.integer = integers[row % 6];
    values[2].as.real = reals[row % 6];
    values[3].as.bytes = quipu_bytes_of_text(words[row % 6]);
    values[4].as.bytes.size = (size_t)row % 3;
    values[6].as.integer = times[row % 6];
    if (row >= 6) {
        memset(&values[row % ODD_COUNT], 0, sizeof(*values));
    }
}

static void plant_rich(quipu_datastore *datastore, char **arguments)
{
    const quipu_schema schema = { .struct_size = sizeof(schema),
                                  .flags = QUIPU_SCHEMA_TEXT_IDS |
                                           QUIPU_SCHEMA_SPARSE,
                                  .table = "rich",
                                  .notification_id = "id",
                                  .sequence_id = "sequence",
                                  .position = "position",
                                  .topic = "topic",
                                  .state = "state",
                                  .event_id = "event",
                                  .metadata = "metadata",
                                  .time = "happened",
                                  .columns = odd_columns,
                                  .column_count = ODD_COUNT };
    quipu_records *records = open_schema(datastore, &schema);
    quipu_value values[ODD_COUNT];
    uint8_t bytes[256];
    char topic[255];

    (void)arguments;
    memset(topic, 'x', sizeof(topic));
    for (int i = 0; i < 256; i++) {
        bytes[i] = (uint8_t)i;
    }
    for (int row = 0; row < RICH_COUNT; row++) {
        const quipu_uuid event_id = id_of(-1, row);
        quipu_item item = {
            .sequence_id = quipu_bytes_of_text(row % 2 == 0 ? "even" : "odd"),
            .position = row % 3 == 0 ? INT64_MAX - row : INT64_MIN + row,
            .topic = { topic, (size_t)(row == 0 ? 255 : row) },
            .state = { bytes, (size_t)(row == 1 ? 256 : row % 5) },
            .event_id = bytes_of_uuid(&event_id),
            .columns = values,
            .column_count = ODD_COUNT
        };

        fill_rich(values, row);
        if (row % 3 != 0) { /* row 1: present, but empty */
            item.metadata = (quipu_bytes){ bytes, row == 1 ? 0 : 256 };
        }
        if (row % 4 != 0) {
            item.flags = QUIPU_ITEM_TIME;
            item.time.microseconds = values[6].as.integer;
        }
        append(records, &item, 1);
    }
    quipu_records_close(records, NULL);
}

static void plant_sparse(quipu_datastore *datastore, char **arguments)
{
    static const int64_t positions[] = { INT64_MIN, -7, 0, 1000, INT64_MAX };
    const quipu_uuid id = id_of(0, -1);
    quipu_schema schema;

    (void)arguments;
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_sequenced_items());
    schema.flags |= QUIPU_SCHEMA_SPARSE;
    schema.table = "sparse";
    schema.event_id = NULL;
    quipu_records *records = open_schema(datastore, &schema);
    /* Not in the order of the positions. */
    for (int i = 4; i >= 0; i--) {
        const quipu_item item = { .sequence_id = bytes_of_uuid(&id),
                                  .position = positions[i],
                                  .topic = quipu_bytes_of_text("Measured"),
                                  .state = { "\x80", 1 } };

        append(records, &item, 1);
    }
    quipu_records_close(records, NULL);
}

static void plant_track(quipu_datastore *datastore, char **arguments)
{
    quipu_records *records =
        open_schema(datastore, quipu_schema_stored_events());
    const int more = !arguments[0] ? 0 : number_of(arguments[0]);

    for (int i = 0; i < 2; i++) {
        const quipu_tracking tracking = {
            .consumer = quipu_bytes_of_text(i == 0 ? "mail\x07" : "report"),
            .log = quipu_bytes_of_text("things"),
            .position = { .notification_id = 2 + i + more }
        };
        const quipu_append request = { .struct_size = sizeof(request),
                                       .tracking = &tracking };
        quipu_error error;

        need(quipu_records_append(records, &request, NULL, &error), &error);
    }
    quipu_records_close(records, NULL);
}

static void plant_columns(quipu_datastore *datastore, char **arguments)
{
    quipu_schema schema;

    (void)arguments;
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_SPARSE;
    quipu_records_close(open_schema(datastore, &schema), NULL);
}

static void plant_entry(quipu_datastore *datastore, char **arguments)
{
    const bool deletes = !arguments[1];
    const quipu_entry_write write = {
        .key = quipu_bytes_of_text(arguments[0]),
        .value = quipu_bytes_of_text(arguments[1]),
        .flags = deletes ? QUIPU_ENTRY_DELETE : 0,
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };
    quipu_error error;

    need(quipu_datastore_commit(datastore, &append, NULL, &error), &error);
}

/* -------------------------------------------------------------- consumers */

struct thing {
    quipu_event base;
    int64_t n;
};
static const quipu_field thing_fields[] = { QUIPU_FIELD(struct thing, n),
                                            { 0 } };
static const quipu_event_type thing = { .topic = "Thing.Happened",
                                        .size = sizeof(struct thing),
                                        .fields = thing_fields };
static const quipu_event_type *const things[] = { &thing };
static const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                       .types = things,
                                       .type_count = 1 };

static int project_thing(void *native, void *context, const quipu_event *event,
                         const quipu_item *item, quipu_error *error)
{
    const int *refused = context;

    (void)native;
    (void)item;
    return ((const struct thing *)event)->n == *refused
               ? quipu_error_set(error, QUIPU_NOT_FOUND, "no such \aaccount")
               : QUIPU_OK;
}

static void plant_project(quipu_datastore *datastore, char **arguments)
{
    static const quipu_projection_handler handlers[] = {
        { .event = &thing, .apply = project_thing }, { 0 }
    };
    static const quipu_projection_type type = { .name = "things",
                                                .version = 1,
                                                .handlers = handlers };
    int refused = number_of(arguments[0]);
    quipu_projection_options options = {
        .struct_size = sizeof(options),
        .on_failure = QUIPU_FAILURE_PARK_SEQUENCE,
        .attempts = 1,
        .context = &refused,
    };
    quipu_projection *projection;
    quipu_store *store;
    bool caught_up = false;
    quipu_error error;

    if (arguments[1]) {
        need(quipu_datastore_open(arguments[1], NULL, &options.target, &error),
             &error);
    }
    need(quipu_store_open(datastore, quipu_schema_stored_events(), &mapping,
                          &store, &error),
         &error);
    need(quipu_projection_open(store, &type, &options, &projection, &error),
         &error);
    while (!caught_up) {
        need(quipu_projection_step(projection, &caught_up, &error), &error);
    }
    need(quipu_projection_close(projection, &error), &error);
    need(quipu_store_close(store, &error), &error);
    if (options.target) {
        need(quipu_datastore_close(options.target, &error), &error);
    }
}

static int ignore_thing(void *native, void *context, const quipu_event *event,
                        const quipu_item *item, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)event;
    (void)item;
    (void)error;
    return QUIPU_OK;
}

static void plant_group(quipu_datastore *datastore, char **arguments)
{
    static const quipu_projection_handler handlers[] = {
        { .event = &thing, .apply = ignore_thing }, { 0 }
    };
    static const quipu_projection_type type = { .name = "shared",
                                                .version = 1,
                                                .handlers = handlers };
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 8,
                                        .member = arguments[0] };
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .group = &group };
    quipu_projection *projection;
    quipu_store *store;
    bool caught_up = false;
    quipu_error error;

    need(quipu_store_open(datastore, quipu_schema_stored_events(), &mapping,
                          &store, &error),
         &error);
    need(quipu_projection_open(store, &type, &options, &projection, &error),
         &error);
    while (!caught_up) {
        need(quipu_projection_step(projection, &caught_up, &error), &error);
    }
    _exit(0);
}

/* Prints the notification id of each item, and the failure that ends it. */
static void plant_consume(quipu_datastore *datastore, char **arguments)
{
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = arguments[0] };
    quipu_records *records =
        open_schema(datastore, quipu_schema_stored_events());
    const int count = number_of(arguments[1]);
    quipu_subscription *subscription;
    const quipu_item *item = NULL;
    quipu_error error;
    int status = QUIPU_OK;

    need(quipu_subscription_open(records, &options, &subscription, &error),
         &error);
    for (int i = 0; status == QUIPU_OK && (count == 0 || i < count); i++) {
        status = quipu_subscription_next(subscription, &item, -1, &error);
        if (status == QUIPU_OK) {
            printf("%lld\n", (long long)item->notification_id);
            (void)fflush(stdout);
            status = quipu_subscription_acknowledge(subscription, &error);
        }
    }
    (void)quipu_subscription_close(subscription, NULL);
    need(status, &error);
    quipu_records_close(records, NULL);
}

/* ----------------------------------------------------------------- timers */

/* Sets a timer of the sequence with that number; its event has the id of an
 * item of append_plain, or one of its own if `position` is negative. */
static void set_timer(quipu_store *store, int sequence, const char *name,
                      int64_t due, int64_t position)
{
    const quipu_uuid id = id_of(sequence, -1);
    struct thing event = { .n = 7 };
    quipu_id originator;
    quipu_unit *unit;
    quipu_error error;

    quipu_id_of_uuid(&originator, &id);
    quipu_event_init(&event.base, &thing, &originator, 0);
    if (position >= 0) {
        event.base.event_id = id_of(sequence, position);
    }
    need(quipu_unit_create(store, &unit, &error), &error);
    need(quipu_unit_timer_set(unit, name, (quipu_time){ due }, &event.base,
                              &error),
         &error);
    need(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
}

static void plant_timers(quipu_datastore *datastore, char **arguments)
{
    const int64_t future = INT64_C(4102444800000000); /* 2100-01-01 */
    quipu_timer_runner *runner;
    quipu_schema other;
    quipu_store *store;
    quipu_error error;

    (void)arguments;
    need(quipu_store_open(datastore, quipu_schema_stored_events(), &mapping,
                          &store, &error),
         &error);
    set_timer(store, 0, "second", future + 1, -1);
    set_timer(store, 1, "fir\ast", future, -1);
    set_timer(store, 1, "refused", 1, 0);
    need(quipu_timer_runner_open(store, NULL, &runner, &error), &error);
    need(quipu_timer_runner_step(runner, NULL, &error), &error);
    need(quipu_timer_runner_close(runner, &error), &error);
    need(quipu_store_close(store, &error), &error);
    quipu_schema_init(&other, sizeof(other), quipu_schema_stored_events());
    other.table = "others";
    need(quipu_datastore_setup(datastore, &other, &error), &error);
    need(quipu_store_open(datastore, &other, &mapping, &store, &error), &error);
    set_timer(store, 0, "other", future + 2, -1);
    need(quipu_store_close(store, &error), &error);
}

/* ---------------------------------------------------------------- sealed */

struct sealed_noted {
    quipu_event base;
    const char *text;
};
static const quipu_field sealed_fields[] = {
    QUIPU_FIELD(struct sealed_noted, text),
    { 0 },
};
static const quipu_event_type sealed_type =
    QUIPU_EVENT_TYPE(struct sealed_noted, "Sealed.Noted", sealed_fields);
static const quipu_event_type *const sealed_types[] = { &sealed_type };

static void plant_sealed(quipu_datastore *datastore, char **arguments)
{
    const quipu_schema *schema = quipu_schema_stored_events();
    quipu_keyring *ring = NULL;
    quipu_store *store = NULL;
    quipu_error error;

    need(quipu_keyring_open(arguments[0], &ring, &error), &error);
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .keys = quipu_keyring_keys(ring),
                                    .whole = true };
    const quipu_mapping sealed = { .struct_size = sizeof(sealed),
                                   .types = sealed_types,
                                   .type_count = 1,
                                   .sealing = &sealing };

    need(quipu_datastore_setup(datastore, schema, &error), &error);
    need(quipu_store_open(datastore, schema, &sealed, &store, &error), &error);
    for (int i = 0; i < number_of(arguments[1]); i++) {
        const quipu_uuid uuid = id_of(0, -1);
        quipu_id id = { .size = sizeof(uuid) };
        struct sealed_noted event;
        const quipu_event *one = &event.base;
        char text[32];

        memcpy(id.data, uuid.bytes, sizeof(uuid));
        snprintf(text, sizeof(text), "canary %d", i);
        quipu_event_init(&event.base, &sealed_type, &id, i);
        event.text = text;
        need(quipu_store_append(store, &one, 1, NULL, &error), &error);
    }
    need(quipu_store_close(store, &error), &error);
    quipu_keyring_close(ring);
}

static void plant_erase(quipu_datastore *datastore, char **arguments)
{
    quipu_records *records =
        open_schema(datastore, quipu_schema_stored_events());
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .lower = number_of(arguments[0]),
                                    .upper = number_of(arguments[1]) };
    quipu_error error;

    need(quipu_records_erase(records, &erasure, NULL, &error), &error);
    quipu_records_close(records, NULL);
}

/* Reads the full sections in order, and returns their number. */
static int read_sections(quipu_records *records, uint32_t size)
{
    char name[64];
    bool final = true;
    int count = 0;

    snprintf(name, sizeof(name), "1,%u", (unsigned)size);
    while (final) {
        quipu_section *section = NULL;
        quipu_error error;

        need(quipu_section_open(records, name, size, &section, &error), &error);
        final = section->final;
        if (final) {
            snprintf(name, sizeof(name), "%s", section->next);
            count++;
        }
        quipu_section_close(section);
    }
    return count;
}

static void plant_sections(quipu_datastore *datastore, char **arguments)
{
    quipu_records *records =
        open_schema(datastore, quipu_schema_stored_events());
    struct timespec begin, end;
    int count = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int round = 0; round < number_of(arguments[1]); round++) {
        count += read_sections(records, (uint32_t)number_of(arguments[0]));
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.9f %d\n",
           (double)(end.tv_sec - begin.tv_sec) +
               (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
           count);
    quipu_records_close(records, NULL);
}

static const struct {
    const char *name;
    int arguments; /* at most */
    void (*run)(quipu_datastore *datastore, char **arguments);
} kinds[] = {
    { "versions", 0, plant_versions }, { "plain", 2, plant_plain },
    { "more", 2, plant_more },         { "odd", 0, plant_odd },
    { "rich", 0, plant_rich },         { "sparse", 0, plant_sparse },
    { "track", 1, plant_track },       { "columns", 0, plant_columns },
    { "project", 2, plant_project },   { "entry", 2, plant_entry },
    { "group", 1, plant_group },       { "consume", 2, plant_consume },
    { "timers", 0, plant_timers },     { "sealed", 2, plant_sealed },
    { "wide", 2, plant_wide },         { "erase", 2, plant_erase },
    { "sections", 2, plant_sections },
};

int main(int argc, char **argv)
{
    quipu_datastore *datastore = NULL;
    quipu_error error;

    for (size_t i = 0; argc > 2 && i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (strcmp(kinds[i].name, argv[1]) == 0 &&
            argc - 3 <= kinds[i].arguments) {
            need(quipu_datastore_open(argv[2], NULL, &datastore, &error),
                 &error);
            kinds[i].run(datastore, argv + 3);
            need(quipu_datastore_close(datastore, &error), &error);
            return 0;
        }
    }
    fputs("plant: see the beginning of plant.c\n", stderr);
    return 2;
}
