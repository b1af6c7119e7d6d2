/* SPDX-License-Identifier: Apache-2.0 */
/* What is no store of this driver is told, and left as it is to the byte. */
#include "fixture.h"

#include <sys/stat.h>

#include "check.h"
#include "pages.h"
#include "store.h"

#define PAGE 4096

/* A folder with a data file of those bytes. */
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

/* The bytes of a store with a few items, to be freed. */
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

static void foreign_files_are_corrupt(void **state)
{
    (void)state;
    static unsigned char bytes[3 * PAGE] = "this is no database";
    fixture_refuses_untouched(plant(bytes, 19), NULL, QUIPU_CORRUPT,
                              "no LMDB file");
    fixture_refuses_untouched(plant(bytes, sizeof(bytes)), NULL, QUIPU_CORRUPT,
                              "no LMDB file");
}

static void other_programs_environments_are_corrupt(void **state)
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
    fixture_refuses_untouched(folder, NULL, QUIPU_CORRUPT, "no store of quipu");

    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0644), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &word, &word, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    fixture_refuses_untouched(folder, NULL, QUIPU_CORRUPT, "no store of quipu");
}

static void another_kind_of_file_is_invalid(void **state)
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

static void an_empty_file_becomes_a_store(void **state)
{
    (void)state;
    struct place place = fixture_place(plant("", 0), NULL);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
}

static void each_cut_of_the_file_is_found(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *bytes = make_store(&size);
    assert_true(size >= 8 * PAGE);
    for (size_t cut = 1; cut < size; cut += cut < 200 ? 1 : PAGE / 2 + 1) {
        fixture_refuses_untouched(plant(bytes, cut), NULL, QUIPU_CORRUPT,
                                  cut < 152 ? "no LMDB file" : "is ");
    }
    free(bytes);
}

/* Each byte of the two first pages that LMDB relies upon. */
static void damaged_headers_are_found_or_do_not_matter(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned refused = 0;
    unsigned char *bytes = make_store(&size);
    for (size_t page = 0; page < 2; page++) {
        for (size_t at = 0; at < 16 + sizeof(struct meta); at++) {
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

/* Finds the store's record in a file's bytes. */
static unsigned char *find_record(unsigned char *bytes, size_t size)
{
    const struct store_record record = { .format = STORE_FORMAT,
                                         .next_schema = 2,
                                         .next_space = 2 };
    for (size_t at = 0; at + sizeof(record) <= size; at++) {
        if (memcmp(bytes + at + 4, (const char *)&record + 4,
                   sizeof(record) - 4) == 0) {
            return bytes + at;
        }
    }
    fail_msg("there is no record");
    return NULL;
}

static void a_newer_format_is_unsupported(void **state)
{
    (void)state;
    size_t size = 0;
    unsigned char *bytes = make_store(&size);
    struct store_record record;
    for (;;) { /* older copies, too */
        unsigned char *at = find_record(bytes, size);
        memcpy(&record, at, sizeof(record));
        record.format = STORE_FORMAT + 1;
        record.check =
            quipu_lmdb_check((const char *)&record + 4, sizeof(record) - 4, 0);
        memcpy(at, &record, sizeof(record));
        const char *folder = plant(bytes, size);
        quipu_driver_datastore *datastore = NULL;
        quipu_error error = { 0 };
        int status = fixture_try_open(folder, NULL, &datastore, &error);
        if (status == QUIPU_OK) {
            fixture_close(datastore);
            continue; /* that was no longer in use */
        }
        assert_refused(status, QUIPU_UNSUPPORTED, &error, "newer quipu");
        fixture_refuses_untouched(folder, NULL, QUIPU_UNSUPPORTED, "newer");
        break;
    }
    free(bytes);
}

static void nothing_is_created_where_it_may_not_be(void **state)
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
        cmocka_unit_test(foreign_files_are_corrupt),
        cmocka_unit_test(other_programs_environments_are_corrupt),
        cmocka_unit_test(another_kind_of_file_is_invalid),
        cmocka_unit_test(an_empty_file_becomes_a_store),
        cmocka_unit_test(each_cut_of_the_file_is_found),
        cmocka_unit_test(damaged_headers_are_found_or_do_not_matter),
        cmocka_unit_test(a_newer_format_is_unsupported),
        cmocka_unit_test(nothing_is_created_where_it_may_not_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
