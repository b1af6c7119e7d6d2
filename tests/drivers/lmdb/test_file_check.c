/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are not stores of this driver are refused and not changed. */
#include "fixture.h"

#include <sys/stat.h>

#include "btree/lmdb_format.h"
#include "catalogue/store.h"
#include "format/checksum.h"

#define PAGE 4096

/* Returns a folder with a data file of these bytes. */
static const char *plant(const void *data, size_t size)
{
    const char *folder = fixture_file();
    assert_int_equal(mkdir(folder, 0777), 0);
    FILE *stream = fopen(fixture_data(folder), "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(data, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
    return folder;
}

/* Returns the bytes of a store with a few items; the caller frees them. */
static unsigned char *make_store(size_t *size)
{
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    for (uint32_t i = 0; i < 50; i++) {
        fixture_append(place.datastore, place.bound, i);
    }
    fixture_leave(&place);
    unsigned char *bytes = fixture_bytes(fixture_data(folder), size);
    assert_non_null(bytes);
    return bytes;
}

static void file_of_another_kind_is_corrupt(void **state)
{
    (void)state;
    static unsigned char bytes[3 * PAGE] = "this is no database";
    fixture_refuses_untouched(plant(bytes, 19), NULL, QUIPU_CORRUPT,
                              "not an LMDB file");
    fixture_refuses_untouched(plant(bytes, sizeof(bytes)), NULL, QUIPU_CORRUPT,
                              "not an LMDB file");
}

static void environment_of_another_program_is_corrupt(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    MDB_val word = { 5, (void *)"other" };
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0644), 0);
    mdb_env_close(env);
    fixture_refuses_untouched(folder, NULL, QUIPU_CORRUPT,
                              "not a store of quipu");

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0644), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &word, &word, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    fixture_refuses_untouched(folder, NULL, QUIPU_CORRUPT,
                              "not a store of quipu");
}

/* As mdb_dump -a and mdb_load do: the named databases alone. */
static void copy_database(MDB_txn *from, MDB_txn *to, const char *name,
                          unsigned flags)
{
    MDB_dbi source = 0;
    MDB_dbi target = 0;
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    assert_int_equal(mdb_dbi_open(from, name, flags, &source), 0);
    assert_int_equal(mdb_dbi_open(to, name, flags | MDB_CREATE, &target), 0);
    assert_int_equal(mdb_cursor_open(from, source, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        assert_int_equal(mdb_put(to, target, &key, &value, 0), 0);
    }
    mdb_cursor_close(cursor);
}

static MDB_env *open_plain(const char *folder)
{
    MDB_env *env = NULL;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0644), 0);
    return env;
}

static void dump_that_was_loaded_is_explained(void **state)
{
    (void)state;
    char folder[64];
    MDB_txn *from = NULL;
    MDB_txn *to = NULL;
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, NULL);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    const char *loaded = fixture_file();
    assert_int_equal(mkdir(loaded, 0777), 0);
    MDB_env *source = open_plain(folder);
    MDB_env *target = open_plain(loaded);
    assert_int_equal(mdb_txn_begin(source, NULL, MDB_RDONLY, &from), 0);
    assert_int_equal(mdb_txn_begin(target, NULL, 0, &to), 0);
    copy_database(from, to, "quipu.00001.items", MDB_INTEGERKEY);
    copy_database(from, to, "quipu.00001.index", 0);
    copy_database(from, to, "quipu.00001.events", 0);
    mdb_txn_abort(from);
    assert_int_equal(mdb_txn_commit(to), 0);
    mdb_env_close(source);
    mdb_env_close(target);
    fixture_refuses_untouched(loaded, NULL, QUIPU_CORRUPT,
                              "the catalogue of its schemas");
    fixture_refuses_untouched(loaded, NULL, QUIPU_CORRUPT, "mdb_copy");
}

static void path_of_a_file_or_link_is_invalid(void **state)
{
    (void)state;
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    const char *file = fixture_file();
    FILE *stream = fopen(file, "wb");
    assert_non_null(stream);
    assert_int_equal(fclose(stream), 0);
    assert_refused(fixture_try_open(file, NULL, &datastore, &error),
                   QUIPU_INVALID, &error, "no folder");

    const char *folder = fixture_file();
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(symlink("elsewhere", fixture_data(folder)), 0);
    assert_refused(fixture_try_open(folder, NULL, &datastore, &error),
                   QUIPU_INVALID, &error, "a link");
}

static void empty_file_becomes_a_store(void **state)
{
    (void)state;
    struct place place = fixture_place(plant("", 0), NULL);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
}

static void each_truncation_is_detected(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *bytes = make_store(&size);
    assert_true(size >= 8 * PAGE);
    for (size_t cut = 1; cut < size; cut += cut < 200 ? 1 : PAGE / 2 + 1) {
        fixture_refuses_untouched(plant(bytes, cut), NULL, QUIPU_CORRUPT,
                                  cut < 152 ? "not an LMDB file" : "is ");
    }
    free(bytes);
}

/* Each byte of both meta pages in turn. */
static void damaged_meta_pages_are_detected_or_not_used(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned refused = 0;
    unsigned char *bytes = make_store(&size);
    for (size_t page = 0; page < 2; page++) {
        for (size_t at = 0; at < 16 + sizeof(struct lmdb_meta); at++) {
            quipu_driver_datastore *datastore = NULL;
            quipu_error error = { 0 };
            unsigned char *byte = bytes + page * PAGE + at;
            *byte ^= 0x5a;
            const char *folder = plant(bytes, size);
            *byte ^= 0x5a;
            int status = fixture_try_open(folder, NULL, &datastore, &error);
            if (status == QUIPU_OK) {
                fixture_close(datastore);
                continue;
            }
            assert_true(status == QUIPU_CORRUPT || status == QUIPU_UNSUPPORTED);
            refused++;
        }
    }
    free(bytes);
    assert_true(refused > 60);
}

/* Finds the store's record in the bytes of a file. */
static unsigned char *find_record(unsigned char *bytes, size_t size)
{
    const struct store_record record = { .format = STORE_FORMAT,
                                         .next_schema = 2,
                                         .next_namespace = 2 };
    for (size_t at = 0; at + sizeof(record) <= size; at++) {
        if (memcmp(bytes + at + 4, (const char *)&record + 4,
                   sizeof(record) - 4) == 0) {
            return bytes + at;
        }
    }
    fail_msg("there is no record");
    return NULL;
}

static void newer_format_is_unsupported(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *bytes = make_store(&size);
    struct store_record record;
    for (;;) { /* copies in older pages come first */
        unsigned char *at = find_record(bytes, size);
        memcpy(&record, at, sizeof(record));
        record.format = STORE_FORMAT_ALTERED + 1;
        record.checksum = quipu_lmdb_checksum((const char *)&record + 4,
                                              sizeof(record) - 4, 0);
        memcpy(at, &record, sizeof(record));
        const char *folder = plant(bytes, size);
        quipu_driver_datastore *datastore = NULL;
        quipu_error error = { 0 };
        int status = fixture_try_open(folder, NULL, &datastore, &error);
        if (status == QUIPU_OK) {
            fixture_close(datastore);
            continue; /* an old copy, which is no longer in use */
        }
        assert_refused(status, QUIPU_UNSUPPORTED, &error, "newer quipu");
        fixture_refuses_untouched(folder, NULL, QUIPU_UNSUPPORTED, "newer");
        break;
    }
    free(bytes);
}

static void nothing_is_created_without_permission(void **state)
{
    (void)state;
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    const struct opening no = { .flags = QUIPU_OPEN_RELAXED };
    const struct opening readonly = { .flags = QUIPU_OPEN_READONLY |
                                               QUIPU_OPEN_CREATE };
    const char *folder = fixture_file();
    assert_refused(fixture_try_open(folder, &no, &datastore, &error),
                   QUIPU_NOT_FOUND, &error, "create=yes");
    assert_refused(fixture_try_open(folder, &readonly, &datastore, &error),
                   QUIPU_NOT_FOUND, &error, "create=yes");
    assert_int_equal(access(folder, F_OK), -1);
    assert_refused(fixture_try_open("no/such/folder", NULL, &datastore, &error),
                   QUIPU_NOT_FOUND, &error, "no folder");
    assert_int_equal(mkdir(folder, 0777), 0);
    assert_refused(fixture_try_open(folder, &no, &datastore, &error),
                   QUIPU_NOT_FOUND, &error, "no store");
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_of_another_kind_is_corrupt),
        cmocka_unit_test(environment_of_another_program_is_corrupt),
        cmocka_unit_test(dump_that_was_loaded_is_explained),
        cmocka_unit_test(path_of_a_file_or_link_is_invalid),
        cmocka_unit_test(empty_file_becomes_a_store),
        cmocka_unit_test(each_truncation_is_detected),
        cmocka_unit_test(damaged_meta_pages_are_detected_or_not_used),
        cmocka_unit_test(newer_format_is_unsupported),
        cmocka_unit_test(nothing_is_created_without_permission),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
