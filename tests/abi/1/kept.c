/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver as somebody wrote it for ABI 1, compiled with the headers of that
 * time: its table ends where the table ended then.  It keeps the items of one
 * schema in memory, without event ids, log or tracking, and is kept as it is.
 */
#include <quipu/driver.h>

#include <pthread.h>
#include <string.h>

enum { ITEMS_MAX = 64, NAMES = 8 };

struct quipu_driver_schema {
    quipu_schema schema;
    char names[NAMES][QUIPU_NAME_MAX + 1];
};

struct quipu_driver_datastore {
    const quipu_host *host;
    pthread_mutex_t lock;
    bool is_set_up;
    quipu_driver_schema table;
    quipu_item items[ITEMS_MAX]; /* each with its bytes in one piece */
    size_t count;
};

struct quipu_driver_cursor {
    quipu_driver_datastore *datastore;
    quipu_bytes id; /* of the sequence; absent when listing sequences */
    quipu_range range;
    size_t end; /* items of the opening */
    bool listing_schemas;
    quipu_sequence row;
    uint8_t room[QUIPU_ID_MAX]; /* for the id */
};

static bool same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

/* How many of the first `end` items are in the sequence: they are 0, 1, 2 ...
 */
static int64_t length(const quipu_driver_datastore *datastore, size_t end,
                      quipu_bytes id)
{
    int64_t found = 0;

    for (size_t i = 0; i < end; i++) {
        found += same(datastore->items[i].sequence_id, id);
    }
    return found;
}

/* ------------------------------------------------- opening and closing */

static int kept_open(const quipu_host *host, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    quipu_driver_datastore *made = host->allocate(sizeof *made);

    (void)how;
    (void)deadline;
    if (!made) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL, "no memory");
    }
    memset(made, 0, sizeof *made);
    made->host = host;
    pthread_mutex_init(&made->lock, NULL);
    opened->identity.bytes[0] = 1;
    opened->limits.state_size = UINT64_C(16) << 20;
    opened->limits.append_items = 100000;
    opened->limits.append_size = UINT64_C(256) << 20;
    *datastore = made;
    return QUIPU_OK;
}

static void kept_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;

    while (datastore->count > 0) {
        host->release((void *)datastore->items[--datastore->count].topic.data);
    }
    pthread_mutex_destroy(&datastore->lock);
    host->release(datastore);
}

static void kept_interrupt(quipu_driver_datastore *datastore)
{
    (void)datastore;
}

static const char *kept_library(void)
{
    return "kept 1";
}

/* -------------------------------------------------------------- schemas */

static int kept_setup(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t deadline,
                      quipu_error *error)
{
    quipu_driver_schema *table = &datastore->table;
    const char *given[] = { schema->table,       schema->notification_id,
                            schema->sequence_id, schema->position,
                            schema->topic,       schema->state };
    const char **kept[] = {
        &table->schema.table,       &table->schema.notification_id,
        &table->schema.sequence_id, &table->schema.position,
        &table->schema.topic,       &table->schema.state
    };

    (void)deadline;
    if (schema->flags & QUIPU_SCHEMA_SPARSE || schema->event_id ||
        schema->metadata || schema->time || schema->column_count > 0) {
        return datastore->host->error_set(error, QUIPU_INVALID, 0, NULL,
                                          "kept keeps the least only");
    }
    table->schema.struct_size = sizeof table->schema;
    table->schema.flags = schema->flags;
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
        strncpy(table->names[i], given[i], QUIPU_NAME_MAX);
        *kept[i] = table->names[i];
    }
    datastore->is_set_up = true;
    return QUIPU_OK;
}

static int kept_bind(quipu_driver_datastore *datastore,
                     const quipu_schema *schema, int64_t deadline,
                     quipu_driver_schema **bound, quipu_error *error)
{
    (void)deadline;
    if (!datastore->is_set_up ||
        strcmp(schema->table, datastore->table.schema.table) != 0) {
        return datastore->host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                                          "no schema \"%s\"", schema->table);
    }
    *bound = &datastore->table;
    return QUIPU_OK;
}

static void kept_unbind(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound)
{
    (void)datastore;
    (void)bound;
}

static int kept_teardown(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error)
{
    quipu_driver_schema *bound;
    int status = kept_bind(datastore, schema, deadline, &bound, error);

    datastore->is_set_up = datastore->is_set_up && status != QUIPU_OK;
    return status;
}

/* ------------------------------------------------------------ appending */

static bool guard_holds(const quipu_driver_datastore *datastore,
                        const quipu_guard *guard)
{
    int64_t next = length(datastore, datastore->count, guard->sequence_id);

    switch (guard->demand) {
    case QUIPU_DEMAND_EMPTY:
        return next == 0;
    case QUIPU_DEMAND_NOT_EMPTY:
        return next > 0;
    default: /* QUIPU_DEMAND_LAST */
        return next > 0 && guard->position == next - 1;
    }
}

static void refuse(const quipu_driver_datastore *datastore,
                   quipu_result *result, int cause, size_t index,
                   quipu_bytes id)
{
    int64_t next = length(datastore, datastore->count, id);

    result->status = QUIPU_CONFLICT;
    result->cause = cause;
    result->index = index;
    result->flags = next > 0 ? QUIPU_RESULT_HAS_LAST : 0;
    result->last_position = next > 0 ? next - 1 : 0;
}

static bool keep(quipu_driver_datastore *datastore, const quipu_item *item,
                 int64_t position)
{
    quipu_item *kept = &datastore->items[datastore->count];
    quipu_bytes *parts[] = { &kept->topic, &kept->state, &kept->sequence_id };
    char *room =
        datastore->count == ITEMS_MAX
            ? NULL
            : datastore->host->allocate(item->topic.size + item->state.size +
                                        item->sequence_id.size);

    if (!room) {
        return false;
    }
    *kept = *item;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        memcpy(room, parts[i]->data, parts[i]->size);
        parts[i]->data = room;
        room += parts[i]->size;
    }
    kept->flags = 0;
    kept->position = position;
    kept->notification_id = (int64_t)++datastore->count;
    return true;
}

/* False: no memory; nothing of the request is stored. */
static bool append_items(quipu_driver_datastore *datastore,
                         const quipu_request *request, quipu_result *result)
{
    size_t before = datastore->count;
    bool fits = true;
    size_t i;

    for (i = 0; fits && i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        int64_t next = length(datastore, datastore->count, item->sequence_id);

        if (!(item->flags & QUIPU_ITEM_NEXT) && item->position != next) {
            break;
        }
        fits = keep(datastore, item, next);
        if (result->positions) {
            result->positions[i] = next;
        }
    }
    result->first_notification_id =
        request->item_count > 0 ? (int64_t)before + 1 : 0;
    if (fits && i == request->item_count) {
        return true;
    }
    while (datastore->count > before) {
        datastore->host->release(
            (void *)datastore->items[--datastore->count].topic.data);
    }
    if (fits) {
        refuse(datastore, result, QUIPU_CAUSE_POSITION, i,
               request->items[i].sequence_id);
    }
    return fits;
}

static bool append_one(quipu_driver_datastore *datastore,
                       const quipu_request *request, quipu_result *result)
{
    *result = (quipu_result){ .positions = result->positions };
    for (size_t i = 0; i < request->guard_count; i++) {
        const quipu_guard *guard = &request->guards[i];

        if (!guard_holds(datastore, guard)) {
            refuse(datastore, result, QUIPU_CAUSE_GUARD, i, guard->sequence_id);
            return true;
        }
    }
    return append_items(datastore, request, result);
}

static int kept_append(quipu_driver_datastore *datastore,
                       const quipu_request *requests, size_t count,
                       quipu_result *results, size_t *taken, int64_t deadline,
                       quipu_error *error)
{
    size_t done = 0;

    (void)deadline;
    pthread_mutex_lock(&datastore->lock);
    while (done < count &&
           append_one(datastore, &requests[done], &results[done])) {
        done++;
    }
    pthread_mutex_unlock(&datastore->lock);
    *taken = done > 0 ? done : 1;
    return done > 0 ? QUIPU_OK
                    : datastore->host->error_set(error, QUIPU_NO_MEMORY, 0,
                                                 NULL, "no room");
}

/* -------------------------------------------------------------- reading */

static int cursor_open(quipu_driver_datastore *datastore,
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    quipu_driver_cursor *made = datastore->host->allocate(sizeof *made);

    if (!made) {
        return datastore->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                          "no memory");
    }
    memset(made, 0, sizeof *made);
    made->datastore = datastore;
    pthread_mutex_lock(&datastore->lock);
    made->end = datastore->count;
    pthread_mutex_unlock(&datastore->lock);
    *cursor = made;
    return QUIPU_OK;
}

static int kept_read_sequence(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, quipu_bytes id,
                              const quipu_range *range, int64_t deadline,
                              quipu_driver_cursor **cursor, quipu_error *error)
{
    int status = cursor_open(datastore, cursor, error);

    (void)bound;
    (void)deadline;
    if (status == QUIPU_OK) {
        quipu_driver_cursor *made = *cursor;
        int64_t last = length(datastore, made->end, id) - 1;

        memcpy(made->room, id.data, id.size);
        made->id = (quipu_bytes){ made->room, id.size };
        made->range = *range;
        made->range.lower = range->lower > 0 ? range->lower : 0;
        made->range.upper = range->upper < last ? range->upper : last;
    }
    return status;
}

static int kept_list_schemas(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    int status = cursor_open(datastore, cursor, error);

    (void)deadline;
    if (status == QUIPU_OK) {
        (*cursor)->listing_schemas = true;
        (*cursor)->range.limit = datastore->is_set_up ? 1 : 0;
    }
    return status;
}

static int kept_list_sequences(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound, quipu_bytes after,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error)
{
    int status = cursor_open(datastore, cursor, error);

    (void)bound;
    (void)deadline;
    if (status == QUIPU_OK && after.data) {
        memcpy((*cursor)->room, after.data, after.size);
        (*cursor)->row.id = (quipu_bytes){ (*cursor)->room, after.size };
    }
    return status;
}

static int order(quipu_bytes a, quipu_bytes b)
{
    int difference = memcmp(a.data, b.data, a.size < b.size ? a.size : b.size);

    return difference ? difference : (a.size > b.size) - (a.size < b.size);
}

/* The lowest id above that of the row lent before. */
static const void *next_sequence(quipu_driver_cursor *cursor)
{
    const quipu_item *items = cursor->datastore->items;
    quipu_bytes best = { NULL, 0 };

    for (size_t i = 0; i < cursor->end; i++) {
        quipu_bytes id = items[i].sequence_id;

        if ((!cursor->row.id.data || order(id, cursor->row.id) > 0) &&
            (!best.data || order(id, best) < 0)) {
            best = id;
        }
    }
    if (!best.data) {
        return NULL;
    }
    cursor->row.id = best;
    cursor->row.last_position =
        length(cursor->datastore, cursor->end, best) - 1;
    return &cursor->row;
}

static const void *next_item(quipu_driver_cursor *cursor)
{
    const quipu_item *items = cursor->datastore->items;
    int64_t position;

    if (cursor->range.limit <= 0 || cursor->range.lower > cursor->range.upper) {
        return NULL;
    }
    cursor->range.limit--;
    position = cursor->range.descending ? cursor->range.upper--
                                        : cursor->range.lower++;
    for (size_t i = 0; i < cursor->end; i++) {
        if (items[i].position == position &&
            same(items[i].sequence_id, cursor->id)) {
            return &items[i];
        }
    }
    return NULL;
}

static int kept_step(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error)
{
    (void)deadline;
    (void)error;
    if (cursor->listing_schemas) {
        *rows =
            cursor->range.limit-- > 0 ? &cursor->datastore->table.schema : NULL;
    } else if (cursor->id.data) {
        *rows = next_item(cursor);
    } else {
        *rows = next_sequence(cursor);
    }
    *count = *rows ? 1 : 0;
    return QUIPU_OK;
}

static void kept_cursor_close(quipu_driver_cursor *cursor)
{
    cursor->datastore->host->release(cursor);
}

static int kept_last_position(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, quipu_bytes id,
                              int64_t deadline, bool *found, int64_t *position,
                              quipu_error *error)
{
    (void)bound;
    (void)deadline;
    (void)error;
    pthread_mutex_lock(&datastore->lock);
    *position = length(datastore, datastore->count, id) - 1;
    pthread_mutex_unlock(&datastore->lock);
    *found = *position >= 0;
    return QUIPU_OK;
}

static const quipu_driver driver = {
    .struct_size = sizeof driver,
    .abi = QUIPU_DRIVER_ABI,
    .name = "kept",
    .version = "1.0.0",
    .library = kept_library,
    .open = kept_open,
    .close = kept_close,
    .interrupt = kept_interrupt,
    .setup = kept_setup,
    .teardown = kept_teardown,
    .bind = kept_bind,
    .unbind = kept_unbind,
    .append = kept_append,
    .read_sequence = kept_read_sequence,
    .list_schemas = kept_list_schemas,
    .list_sequences = kept_list_sequences,
    .step = kept_step,
    .cursor_close = kept_cursor_close,
    .last_position = kept_last_position,
};

QUIPU_DRIVER_ENTRY(kept)
{
    return &driver;
}
