/* SPDX-License-Identifier: Apache-2.0 */
/* The fixture of the LMDB driver's tests (fixture.h). */
#include "fixture.h"

#include "btree/full_check.h"
#include "driver/host.h"

#include <errno.h>

const char *fixture_data(const char *file)
{
    static char name[600];
    (void)snprintf(name, sizeof(name), "%s/data.mdb", file);
    return name;
}

int fixture_work(void *native, void *context, quipu_error *error)
{
    MDB_dbi mine = 0;
    MDB_val key = { 3, (void *)"key" };
    MDB_val value = { 5, (void *)"value" };
    (void)context;
    (void)error;
    int code = mdb_dbi_open(native, "mine", MDB_CREATE, &mine);
    if (code == MDB_SUCCESS) {
        code = mdb_put(native, mine, &key, &value, 0);
    }
    return code == MDB_SUCCESS ? QUIPU_OK
           : code == ENOMEM    ? QUIPU_NO_MEMORY
                               : QUIPU_IO;
}

struct place fixture_place(const char *folder, const struct opening *how)
{
    struct place place = { NULL, NULL };
    quipu_error error = { 0 };
    quipu_schema schema = fixture_schema("events", 0);
    struct opening opening = how ? *how : (struct opening){ 0 };
    if (getenv("FIXTURE_MDBCURSOR") && !opening.option) {
        opening.option = "mdbcursor";
        opening.value = "yes";
    }
    assert_ok(fixture_try_open(folder, &opening, &place.datastore, &error),
              &error);
    place.bound = fixture_bind(place.datastore, &schema);
    return place;
}

void fixture_leave(struct place *place)
{
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_close(place->datastore);
}

static const quipu_range all = { .struct_size = sizeof(all),
                                 .lower = INT64_MIN,
                                 .upper = INT64_MAX,
                                 .limit = INT64_MAX };

int fixture_scan(struct place *place, size_t *count, quipu_error *error)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    size_t got = 1;
    *count = 0;
    int status = driver->read_log(place->datastore, place->bound, &all, FOREVER,
                                  &cursor, error);
    if (status != QUIPU_OK) {
        return status;
    }
    while (status == QUIPU_OK && got > 0) {
        const void *rows = NULL;
        status = driver->step(cursor, FOREVER, &rows, &got, error);
        *count += status == QUIPU_OK ? got : 0;
    }
    driver->cursor_close(cursor);
    return status;
}

quipu_driver_cursor *fixture_lend(struct place *place)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    const void *rows = NULL;
    size_t count = 0;
    assert_ok(driver->read_log(place->datastore, place->bound, &all, FOREVER,
                               &cursor, &error),
              &error);
    assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
    assert_true(count > 0);
    return cursor;
}

int fixture_append_large(struct place *place, size_t size, quipu_error *error)
{
    static uint32_t events = 1u << 28;
    struct piece piece;
    quipu_result result = { 0 };
    fixture_piece(&piece, 7, -1, events++);
    char *state = calloc(1, size + 1);
    assert_non_null(state);
    piece.item.state = (quipu_bytes){ state, size };
    const quipu_request request = { .schema = place->bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    size_t taken = 0;
    int status =
        fixture_driver()->append(place->datastore, &request, 1, &result, &taken,
                                 fixture_now() + SECOND / 10, error);
    free(state);
    return status;
}

void fixture_write(const char *folder, long offset, const void *data,
                   size_t size)
{
    FILE *stream = fopen(fixture_data(folder), "r+b");
    assert_non_null(stream);
    assert_int_equal(fseek(stream, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(data, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
}

/* ------------------------------------------------------------------ writing */

quipu_bytes entry_bytes(const char *text)
{
    return (quipu_bytes){ text, strlen(text) };
}

quipu_entry_write entry_write_of(const char *key, const char *value)
{
    return (quipu_entry_write){ .key = entry_bytes(key),
                                .value = entry_bytes(value) };
}

quipu_entry_write entry_deletion_of(const char *key)
{
    return (quipu_entry_write){ .key = entry_bytes(key),
                                .flags = QUIPU_ENTRY_DELETE };
}

quipu_entry_write entry_expecting(quipu_entry_write write, int64_t revision)
{
    write.flags |= QUIPU_ENTRY_EXPECT;
    write.revision = revision;
    return write;
}

int entry_try_write(quipu_driver_datastore *datastore,
                    const quipu_entry_write *writes, size_t count,
                    quipu_result *result, quipu_error *error)
{
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = writes,
                                          .entry_count = count };
    const quipu_request request = { .condition = &conditions };
    *result = (quipu_result){ 0 };
    return fixture_append_all(datastore, &request, 1, result, error);
}

void entry_write(struct place *place, quipu_entry_write write)
{
    quipu_result result;
    quipu_error error = { 0 };
    assert_ok(entry_try_write(place->datastore, &write, 1, &result, &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
}

void entry_write_all(struct place *place, const quipu_entry_write *writes,
                     size_t count)
{
    quipu_result result;
    quipu_error error = { 0 };
    assert_ok(entry_try_write(place->datastore, writes, count, &result, &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
}

/* ------------------------------------------------------------------ reading */

static void take_row(struct listed *listed, const quipu_entry *row)
{
    char key[16] = { 0 };
    assert_true(row->key.size < sizeof(key));
    memcpy(key, row->key.data, row->key.size);
    if (listed->count++ == 0) {
        memcpy(listed->key, key, sizeof(key));
        listed->revision = row->revision;
        listed->size = row->value.size;
    } else if (strcmp(key, listed->last) <= 0) {
        listed->ascending = false;
    }
    memcpy(listed->last, key, sizeof(key));
}

int entry_try_list(quipu_driver_datastore *datastore, quipu_bytes prefix,
                   quipu_bytes from, struct listed *listed, quipu_error *error)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    size_t count = 1;
    *listed = (struct listed){ .ascending = true };
    int status =
        driver->list_entries(datastore, prefix, from, FOREVER, &cursor, error);
    if (status != QUIPU_OK) {
        return status;
    }
    while (status == QUIPU_OK && count > 0) {
        const void *rows = NULL;
        status = driver->step(cursor, FOREVER, &rows, &count, error);
        for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
            take_row(listed, (const quipu_entry *)rows + i);
        }
    }
    driver->cursor_close(cursor);
    return status;
}

int entry_full_check(const char *folder, quipu_error *error)
{
    const struct full_check check = { .host = quipu_host_table(),
                                      .path = fixture_data(folder),
                                      .name = folder,
                                      .remedy = "restore it" };
    return quipu_lmdb_full_check_run(&check, error);
}

void entry_leave_sound(struct place *place, const char *folder)
{
    quipu_error error = { 0 };
    fixture_leave(place);
    assert_ok(entry_full_check(folder, &error), &error);
}

void entry_name(char key[16], size_t index)
{
    (void)snprintf(key, 16, "key/%08x", (unsigned)index * 2654435761U);
}
