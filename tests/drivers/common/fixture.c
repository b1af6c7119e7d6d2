/* SPDX-License-Identifier: Apache-2.0 */
/* The common fixture; see fixture.h. */
#include "fixture.h"

#include <dirent.h>
#include <stdatomic.h>

#include "driver/host.h"

const quipu_driver *FIXTURE_ENTRY(void);

const quipu_driver *fixture_driver(void)
{
    return FIXTURE_ENTRY();
}

const char *fixture_file(void)
{
    static char name[32];
    static int number;
    (void)snprintf(name, sizeof(name), "t%d.db", ++number);
    return name;
}

/* --------------------------------------------------------------- opening */

int fixture_try_open(const char *file, const struct opening *how,
                     quipu_driver_datastore **datastore, quipu_error *error)
{
    static const struct opening usual = { 0 };
    const struct opening *o = how ? how : &usual;
    char body[600];
    const quipu_option option = { .name = o->option, .value = o->value };
    (void)snprintf(body, sizeof(body), "%s%s", file[0] == '/' ? "" : "///",
                   file);
    quipu_open open = {
        .struct_size = sizeof(open),
        .flags = o->flags != 0 ? o->flags : QUIPU_OPEN_CREATE,
        .scheme = FIXTURE_SCHEME,
        .body = body,
        .rest = body,
        .options = &option,
        .option_count = o->option ? 1 : 0,
        .name_space = o->name_space ? o->name_space : "",
    };
    quipu_opened opened = { .struct_size = sizeof(opened) };
    return fixture_driver()->open(
        quipu_host_table(), &open,
        o->deadline != 0 ? o->deadline : fixture_now() + FIXTURE_PATIENCE,
        datastore, &opened, error);
}

quipu_driver_datastore *fixture_open(const char *file)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_ok(fixture_try_open(file, NULL, &datastore, &error), &error);
    return datastore;
}

void fixture_close(quipu_driver_datastore *datastore)
{
    fixture_driver()->close(datastore);
}

quipu_schema fixture_schema(const char *table, uint32_t flags)
{
    return (quipu_schema){
        .struct_size = sizeof(quipu_schema),
        .flags = flags,
        .table = table,
        .notification_id = "id",
        .sequence_id = "aggregate_id",
        .position = "aggregate_version",
        .topic = "event_type",
        .state = "state",
        .event_id = "event_id",
    };
}

quipu_driver_schema *fixture_bind(quipu_driver_datastore *datastore,
                                  const quipu_schema *schema)
{
    quipu_driver_schema *bound = NULL;
    quipu_error error = { 0 };
    const quipu_driver *driver = fixture_driver();
    assert_ok(driver->setup(datastore, schema, FOREVER, &error), &error);
    assert_ok(driver->bind(datastore, schema, FOREVER, &bound, &error), &error);
    return bound;
}

/* ------------------------------------------------------------- appending */

void fixture_piece(struct piece *piece, uint32_t sequence, int64_t position,
                   uint32_t event)
{
    memset(piece, 0, sizeof(*piece));
    memcpy(piece->sequence, &sequence, sizeof(sequence));
    memcpy(piece->event, &event, sizeof(event));
    (void)snprintf(piece->state, sizeof(piece->state), "state %u",
                   (unsigned)event);
    piece->item = (quipu_item){
        .sequence_id = { piece->sequence, 16 },
        .position = position,
        .topic = { "topic", 5 },
        .state = { piece->state, strlen(piece->state) },
        .event_id = { piece->event, 16 },
        .flags = position < 0 ? QUIPU_ITEM_NEXT : 0,
    };
}

int fixture_append_all(quipu_driver_datastore *datastore,
                       const quipu_request *requests, size_t count,
                       quipu_result *results, quipu_error *error)
{
    size_t taken = 0;
    int status =
        fixture_driver()->append(datastore, requests, count, results, &taken,
                                 fixture_now() + FIXTURE_PATIENCE, error);
    if (status == QUIPU_OK) {
        assert_int_equal(taken, count);
    } else { /* one that fails alone may be the first of several */
        assert_in_range(taken, 1, count);
    }
    return status;
}

int fixture_try_append(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, uint32_t sequence,
                       quipu_result *result, quipu_error *error)
{
    static atomic_uint events = 1u << 20;
    struct piece piece;
    fixture_piece(&piece, sequence, -1, atomic_fetch_add(&events, 1));
    uint32_t process = (uint32_t)getpid();
    memcpy(piece.event + 8, &process, sizeof(process));
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    return fixture_append_all(datastore, &request, 1, result, error);
}

void fixture_append(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, uint32_t sequence)
{
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    assert_ok(fixture_try_append(datastore, bound, sequence, &result, &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
}

/* --------------------------------------------------------------- reading */

int64_t fixture_head(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound)
{
    quipu_position head = { 0 };
    quipu_error error = { 0 };
    assert_ok(
        fixture_driver()->log_head(datastore, bound, FOREVER, &head, &error),
        &error);
    return head.notification_id;
}

size_t fixture_count(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_range all = { .struct_size = sizeof(all),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    size_t total = 0;
    size_t count = 0;
    assert_ok(
        driver->read_log(datastore, bound, &all, FOREVER, &cursor, &error),
        &error);
    do {
        const void *rows = NULL;
        assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
        const quipu_item *items = rows;
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(items[i].notification_id, ++total);
        }
    } while (count > 0);
    driver->cursor_close(cursor);
    return total;
}

/* ------------------------------------------------------------ files */

unsigned char *fixture_bytes(const char *file, size_t *size)
{
    FILE *stream = fopen(file, "rb");
    *size = 0;
    if (!stream) {
        return NULL;
    }
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    long length = ftell(stream);
    assert_true(length >= 0);
    assert_int_equal(fseek(stream, 0, SEEK_SET), 0);
    unsigned char *bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)length, stream);
    assert_int_equal(*size, length);
    (void)fclose(stream);
    return bytes;
}

/* The number of entries in the folder of a file. */
static size_t count_files(const char *file)
{
    char name[600];
    (void)snprintf(name, sizeof(name), "./%s", file);
    *strrchr(name, '/') = '\0';
    DIR *folder = opendir(name);
    size_t count = 0;
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    (void)closedir(folder);
    return count;
}

void fixture_refuses_untouched(const char *file, const struct opening *how,
                               int status, const char *message)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    size_t before = 0;
    size_t after = 0;
    const char *data = fixture_data(file);
    unsigned char *old = fixture_bytes(data, &before);
    size_t files = count_files(data);
    assert_refused(fixture_try_open(file, how, &datastore, &error), status,
                   &error, message);
    unsigned char *now = fixture_bytes(data, &after);
    assert_int_equal(old != NULL, now != NULL);
    assert_bytes(now, after, old, before);
    assert_int_equal(count_files(data), files);
    free(old);
    free(now);
}
