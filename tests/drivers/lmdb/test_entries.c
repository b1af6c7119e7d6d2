/* SPDX-License-Identifier: Apache-2.0 */
/* Entries in the pages of LMDB: their revisions, large values, deletions that
 * merge pages, listings, and stores of older programs. */
#include "fixture.h"

#include "catalogue/store.h"
#include "lmdb_driver.h"
#include "txn/read_txn.h"

#include <sys/stat.h>

#define PAGE 4096

static const quipu_bytes none = { NULL, 0 };

static void refuse_one(struct place *place, quipu_entry_write write,
                       bool has_last, int64_t revision)
{
    quipu_result result;
    quipu_error error = { 0 };
    assert_ok(entry_try_write(place->datastore, &write, 1, &result, &error),
              &error);
    assert_int_equal(result.status, QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_ENTRY);
    assert_int_equal((result.flags & QUIPU_RESULT_HAS_LAST) != 0, has_last);
    assert_int_equal(result.last_position, revision);
}

static struct listed list(struct place *place, const char *prefix,
                          const char *from)
{
    struct listed listed;
    quipu_error error = { 0 };
    assert_ok(entry_try_list(place->datastore,
                             prefix ? entry_bytes(prefix) : none,
                             from ? entry_bytes(from) : none, &listed, &error),
              &error);
    assert_true(listed.ascending);
    return listed;
}

static int64_t revision_of(struct place *place, const char *key)
{
    struct listed listed = list(place, key, NULL);
    return listed.count > 0 && strcmp(listed.key, key) == 0 ? listed.revision
                                                            : 0;
}

/* Returns the entries of the main database whose name begins with a prefix. */
static size_t count_names(struct place *place, const char *prefix)
{
    struct snapshot snapshot;
    struct btree_cursor cursor;
    MDB_val key;
    MDB_val value;
    size_t count = 0;
    assert_ok(
        quipu_lmdb_read_txn_begin(place->datastore, FOREVER, &snapshot, NULL),
        NULL);
    assert_int_equal(btree_open(&cursor, &snapshot, &quipu_lmdb_store_main), 0);
    int code = btree_seek(&cursor, (MDB_val){ strlen(prefix), (void *)prefix });
    while (code == MDB_SUCCESS) {
        assert_int_equal(btree_entry(&cursor, &key, &value), 0);
        count += key.mv_size > strlen(prefix) &&
                 memcmp(key.mv_data, prefix, strlen(prefix)) == 0;
        code = btree_step(&cursor, false);
    }
    btree_close(&cursor);
    quipu_lmdb_read_txn_end(place->datastore, &snapshot);
    return count;
}

/* -------------------------------------------------------------- revisions */

static void revision_never_comes_twice(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    entry_write(&place, entry_write_of("a", "1"));
    entry_write(&place, entry_write_of("a", "2"));
    entry_write(&place, entry_write_of("a", "3"));
    assert_int_equal(revision_of(&place, "a"), 3);
    entry_write(&place, entry_write_of("b", "1"));
    assert_int_equal(revision_of(&place, "b"), 1);
    entry_write(&place, entry_deletion_of("a"));
    entry_write(&place, entry_deletion_of("a")); /* there is none any more */
    assert_int_equal(revision_of(&place, "a"), 0);
    entry_write(&place, entry_write_of("b", "2"));
    assert_int_equal(revision_of(&place, "b"), 2);
    entry_leave_sound(&place, folder);
    place = fixture_place(folder, NULL);
    entry_write(&place, entry_deletion_of("b"));
    entry_write(&place, entry_write_of("a", "4"));
    entry_write(&place, entry_write_of("b", "3"));
    assert_int_equal(revision_of(&place, "a"), 4);
    assert_int_equal(revision_of(&place, "b"), 4);
    entry_leave_sound(&place, folder);
}

static void deletion_and_creation_in_one_group_raise_the_revision(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    const quipu_entry_write writes[] = {
        entry_write_of("a", "1"), entry_deletion_of("a"),
        entry_write_of("a", "2"), entry_expecting(entry_deletion_of("a"), 2),
        entry_expecting(entry_write_of("a", "3"), 0)
    };
    enum { COUNT = sizeof(writes) / sizeof(writes[0]) };
    quipu_conditions conditions[COUNT];
    quipu_request requests[COUNT];
    quipu_result results[COUNT] = { { 0 } };
    quipu_error error = { 0 };
    for (size_t i = 0; i < COUNT; i++) {
        conditions[i] = (quipu_conditions){ .struct_size = sizeof(*conditions),
                                            .entries = &writes[i],
                                            .entry_count = 1 };
        requests[i] = (quipu_request){ .condition = &conditions[i] };
    }
    assert_ok(
        fixture_append_all(place.datastore, requests, COUNT, results, &error),
        &error);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(results[i].status, QUIPU_OK);
    }
    assert_int_equal(revision_of(&place, "a"), 3);
    entry_leave_sound(&place, folder);
}

static void expectation_that_fails_is_a_conflict(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    quipu_entry_write check = { .key = entry_bytes("a"),
                                .flags = QUIPU_ENTRY_CHECK };
    refuse_one(&place, entry_expecting(entry_write_of("a", "1"), 1), false, 0);
    entry_write(&place, entry_expecting(entry_write_of("a", "1"), 0));
    refuse_one(&place, entry_expecting(entry_write_of("a", "2"), 0), true, 1);
    refuse_one(&place, entry_expecting(entry_deletion_of("a"), 2), true, 1);
    refuse_one(&place, entry_expecting(check, 2), true, 1);
    entry_write(&place, entry_expecting(check, 1));
    assert_int_equal(revision_of(&place, "a"), 1);
    entry_write(&place, entry_expecting(entry_write_of("a", "2"), 1));
    assert_int_equal(revision_of(&place, "a"), 2);
    entry_leave_sound(&place, folder);
}

/* The last item has the position of another: the index refuses it only when
 * the entries of the requests before it are written. */
static void strict_pass_writes_entries_once(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    struct piece pieces[2];
    const quipu_entry_write write = entry_write_of("a", "1");
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    quipu_result results[3] = { { 0 } };
    quipu_error error = { 0 };
    fixture_piece(&pieces[0], 1, -1, 5);
    fixture_piece(&pieces[1], 2, -1, 5);
    const quipu_request requests[] = {
        { .schema = place.bound,
          .items = &pieces[0].item,
          .item_count = 1,
          .condition = &conditions },
        { .condition = &conditions },
        { .schema = place.bound,
          .items = &pieces[1].item,
          .item_count = 1,
          .condition = &conditions },
    };
    assert_ok(fixture_append_all(place.datastore, requests, 3, results, &error),
              &error);
    assert_int_equal(results[0].status, QUIPU_OK);
    assert_int_equal(results[1].status, QUIPU_OK);
    assert_int_equal(results[2].status, QUIPU_CONFLICT);
    assert_int_equal(results[2].cause, QUIPU_CAUSE_EVENT_ID);
    assert_int_equal(revision_of(&place, "a"), 2);
    /* A repeat writes no entry (K2). */
    assert_ok(fixture_append_all(place.datastore, requests, 1, results, &error),
              &error);
    assert_true((results[0].flags & QUIPU_RESULT_REPEATED) != 0);
    assert_int_equal(revision_of(&place, "a"), 2);
    entry_leave_sound(&place, folder);
}

/* ---------------------------------------------------------------- databases */

static void store_without_entries_stays_as_it_was(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    const quipu_tracking tracking = { .consumer = { "c", 1 },
                                      .log = { "l", 1 },
                                      .position = { .notification_id = 1 } };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .flags =
                                              QUIPU_CONDITIONS_TRACKING_FROM };
    const quipu_request request = { .tracking = &tracking,
                                    .condition = &conditions };
    fixture_append(place.datastore, place.bound, 1);
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_int_equal(list(&place, NULL, NULL).count, 0);
    assert_int_equal(count_names(&place, "quipu.e."), 0);
    assert_int_equal(count_names(&place, "quipu.r."), 0);
    entry_write(&place, entry_write_of("a", "1"));
    assert_int_equal(count_names(&place, "quipu.e."), 1);
    entry_leave_sound(&place, folder);
}

static void handle_finds_entries_that_another_one_has_created(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    const struct opening readonly = { .flags = QUIPU_OPEN_READONLY,
                                      .option = getenv("FIXTURE_MDBCURSOR")
                                                    ? "mdbcursor"
                                                    : NULL,
                                      .value = "yes" };
    struct place writer = fixture_place(folder, NULL);
    struct place other = fixture_place(folder, NULL);
    struct place reader = { NULL, NULL };
    quipu_error error = { 0 };
    assert_ok(fixture_try_open(folder, &readonly, &reader.datastore, &error),
              &error);
    assert_int_equal(list(&reader, NULL, NULL).count, 0);
    entry_write(&writer, entry_write_of("a", "1"));
    assert_int_equal(list(&reader, NULL, NULL).count, 1);
    refuse_one(&other, entry_expecting(entry_write_of("a", "2"), 0), true, 1);
    fixture_close(reader.datastore);
    fixture_leave(&other);
    entry_leave_sound(&writer, folder);
}

static void namespaces_have_entries_of_their_own(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    const struct opening second = { .flags = QUIPU_OPEN_CREATE,
                                    .name_space = "second" };
    struct place place = fixture_place(folder, NULL);
    struct place other = fixture_place(folder, &second);
    entry_write(&place, entry_write_of("a", "1"));
    entry_write(&place, entry_write_of("a", "2"));
    entry_write(&place, entry_deletion_of("a"));
    assert_int_equal(list(&other, NULL, NULL).count, 0);
    entry_write(&other, entry_write_of("a", "1"));
    assert_int_equal(revision_of(&other, "a"), 1);
    assert_int_equal(list(&place, NULL, NULL).count, 0);
    fixture_leave(&other);
    entry_leave_sound(&place, folder);
}

/* ------------------------------------------------------------------ listing */

static void listing_honours_prefix_and_bound(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    char keys[200][16];
    quipu_entry_write writes[200];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "%c/%03d", 'a' + i % 3, i);
        writes[i] = entry_write_of(keys[i], keys[i]);
    }
    entry_write_all(&place, writes, 200);
    entry_write(&place, entry_write_of("b", "x"));
    assert_int_equal(list(&place, NULL, NULL).count, 201);
    struct listed listed = list(&place, "b/", NULL);
    assert_int_equal(listed.count, 67);
    assert_string_equal(listed.key, "b/001");
    assert_int_equal(list(&place, "b", NULL).count, 68);
    listed = list(&place, "b/", "b/190");
    assert_int_equal(listed.count, 4);
    assert_string_equal(listed.key, "b/190");
    assert_int_equal(list(&place, "b/", "a").count, 67);
    assert_int_equal(list(&place, "b/", "c").count, 0);
    assert_int_equal(list(&place, "d", NULL).count, 0);
    entry_leave_sound(&place, folder);
}

/* Each step seeks again, so it sees what was written since, and its rows stay
 * valid. */
static void listing_holds_nothing_between_steps(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(folder, NULL);
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    const void *rows = NULL;
    size_t count = 0;
    char keys[200][16];
    quipu_entry_write writes[200];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "k%03d", i);
        writes[i] = entry_write_of(keys[i], "value");
    }
    entry_write_all(&place, writes, 200);
    assert_ok(driver->list_entries(place.datastore, none, none, FOREVER,
                                   &cursor, &error),
              &error);
    assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
    assert_in_range(count, 1, 100);
    const quipu_entry *last = (const quipu_entry *)rows + count - 1;
    for (int i = 0; i < 199; i++) {
        writes[i] = entry_deletion_of(keys[i]);
    }
    entry_write_all(&place, writes, 199);
    assert_memory_equal(last->value.data, "value", 5);
    assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
    assert_int_equal(count, 1);
    assert_memory_equal(((const quipu_entry *)rows)->key.data, "k199", 4);
    assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
    assert_int_equal(count, 0);
    driver->cursor_close(cursor);
    entry_leave_sound(&place, folder);
}

/* ------------------------------------------------------------- large values */

static void large_values_replace_each_other(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0,    1,     2000,  2100, 9000, 4080,
                                    4081, 4064,  4065,  100,  9000, 300000,
                                    9000, 70000, 20000, 2010, 2020, 2030 };
    static char value[300000];
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
    quipu_entry_write writes[COUNT];
    quipu_conditions conditions[COUNT];
    quipu_request requests[COUNT];
    quipu_result results[COUNT] = { { 0 } };
    quipu_error error = { 0 };
    int64_t revision = 0;
    for (size_t i = 0; i < COUNT; i++) {
        writes[i] = (quipu_entry_write){ .key = { "large", 5 },
                                         .value = { value, sizes[i] } };
        conditions[i] = (quipu_conditions){ .struct_size = sizeof(*conditions),
                                            .entries = &writes[i],
                                            .entry_count = 1 };
        requests[i] = (quipu_request){ .condition = &conditions[i] };
        entry_write(&place, writes[i]);
        struct listed listed = list(&place, NULL, NULL);
        assert_int_equal(listed.size, sizes[i]);
        assert_int_equal(listed.revision, ++revision);
    }
    /* In one transaction, with every number of them. */
    for (size_t i = 1; i <= COUNT; i++) {
        assert_ok(
            fixture_append_all(place.datastore, requests, i, results, &error),
            &error);
        struct listed listed = list(&place, NULL, NULL);
        assert_int_equal(listed.size, sizes[i - 1]);
        revision += (int64_t)i;
        assert_int_equal(listed.revision, revision);
    }
    entry_write(&place, entry_deletion_of("large"));
    assert_int_equal(list(&place, NULL, NULL).count, 0);
    entry_write(&place, writes[5]);
    assert_int_equal(list(&place, NULL, NULL).revision, revision + 1);
    entry_leave_sound(&place, folder);
}

/* ---------------------------------------------------------------- deletions */

/* A model of the store beside it. */
struct model {
    char keys[ENTRY_KEYS][16];
    int64_t revisions[ENTRY_KEYS]; /* 0: no entry */
    int64_t floor;
    size_t count;
};

static void apply(struct model *model, size_t index, bool deletion)
{
    int64_t *revision = &model->revisions[index];
    if (!deletion) {
        model->count += *revision == 0;
        *revision = *revision > 0 ? *revision + 1 : model->floor + 1;
    } else if (*revision > 0) {
        model->floor = *revision > model->floor ? *revision : model->floor;
        *revision = 0;
        model->count--;
    }
}

static void assert_model(struct place *place, const struct model *model)
{
    assert_int_equal(list(place, NULL, NULL).count, model->count);
    for (size_t i = 0; i < ENTRY_KEYS; i++) {
        assert_int_equal(revision_of(place, model->keys[i]),
                         model->revisions[i]);
    }
}

static size_t value_size(unsigned random)
{
    return random % 40 == 0 ? 6000 : random % 400;
}

/* A linear congruential generator (Knuth's MMIX), so that a seed gives the same
 * numbers everywhere. */
static uint64_t random_state;

static unsigned next_random(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) +
                   UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33);
}

static void random_writes_and_deletions_agree_with_a_model(void **state)
{
    (void)state;
    static char value[6000];
    static struct model model;
    const unsigned seed = (unsigned)getpid();
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    static quipu_entry_write writes[ENTRY_KEYS];
    print_message("seed %u\n", seed);
    random_state = seed;
    memset(&model, 0, sizeof(model));
    for (size_t i = 0; i < ENTRY_KEYS; i++) {
        entry_name(model.keys[i], i);
    }
    for (int round = 0; round < 60; round++) {
        static const size_t counts[] = { 1, 3, 40, ENTRY_KEYS / 2 };
        const size_t wanted = counts[next_random() % 4];
        const unsigned deletions = 2 + next_random() % 7; /* of ten */
        quipu_result result;
        quipu_error error = { 0 };
        size_t count = 0;
        size_t index = next_random() % ENTRY_KEYS;
        for (; count < wanted; count++, index = (index + 7) % ENTRY_KEYS) {
            const bool deletion = next_random() % 10 < deletions;
            writes[count] = (quipu_entry_write){
                .key = entry_bytes(model.keys[index]),
                .value = { deletion ? NULL : value,
                           deletion ? 0 : value_size(next_random()) },
                .flags = deletion ? QUIPU_ENTRY_DELETE : 0,
            };
            apply(&model, index, deletion);
        }
        assert_ok(
            entry_try_write(place.datastore, writes, count, &result, &error),
            &error);
        if (round % 10 == 9) {
            assert_model(&place, &model);
            entry_leave_sound(&place, folder);
            place = fixture_place(folder, NULL);
        }
    }
    entry_leave_sound(&place, folder);
}

static void store_whose_entries_come_and_go_does_not_grow(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    size_t size = 0;
    char key[24];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof(key), "lease/%d", i);
        entry_write(&place, entry_write_of(key, "value"));
        entry_write(&place, entry_deletion_of(key));
        if (i == 30) {
            free(fixture_bytes(fixture_data(folder), &size));
        }
    }
    size_t end = 0;
    free(fixture_bytes(fixture_data(folder), &end));
    assert_in_range(end, size, size + 8 * PAGE);
    entry_leave_sound(&place, folder);
}

/* -------------------------------------------------------------- old stores */

/* Writes the data file that old_store.in describes. */
static void write_old_store(const char *folder)
{
    FILE *text = fopen(OLD_STORE, "r");
    char line[200];
    size_t size = 0;
    unsigned char *whole = NULL;
    assert_non_null(text);
    while (fgets(line, sizeof(line), text)) {
        char *end = NULL;
        if (line[0] == '#') {
            continue;
        }
        const size_t number = (size_t)strtoull(line, &end, 10);
        if (!whole) {
            size = number;
            whole = calloc(1, size);
            assert_non_null(whole);
            continue;
        }
        for (size_t i = 0; i < 32; i++) {
            const char digits[] = { end[1 + 2 * i], end[2 + 2 * i], '\0' };
            whole[number + i] = (unsigned char)strtoul(digits, NULL, 16);
        }
    }
    (void)fclose(text);
    assert_int_equal(mkdir(folder, 0755), 0);
    FILE *data = fopen(fixture_data(folder), "w");
    assert_non_null(data);
    assert_int_equal(fwrite(whole, 1, size, data), size);
    assert_int_equal(fclose(data), 0);
    free(whole);
}

static void store_of_an_older_quipu_takes_entries(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    quipu_error error = { 0 };
    quipu_position position;
    write_old_store(folder);
    assert_ok(entry_full_check(folder, &error), &error);
    struct place place = fixture_place(folder, NULL);
    assert_int_equal(fixture_count(place.datastore, place.bound), 3);
    assert_int_equal(list(&place, NULL, NULL).count, 0);
    entry_write(&place, entry_write_of("a", "1"));
    entry_write(&place, entry_deletion_of("a"));
    entry_write(&place, entry_write_of("a", "2"));
    assert_int_equal(revision_of(&place, "a"), 2);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 4);
    assert_ok(fixture_driver()->read_tracking(
                  place.datastore, (quipu_bytes){ "consumer", 8 },
                  (quipu_bytes){ "log", 3 }, FOREVER, &position, &error),
              &error);
    assert_int_equal(position.notification_id, 2);
    entry_leave_sound(&place, folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revision_never_comes_twice),
        cmocka_unit_test(deletion_and_creation_in_one_group_raise_the_revision),
        cmocka_unit_test(expectation_that_fails_is_a_conflict),
        cmocka_unit_test(strict_pass_writes_entries_once),
        cmocka_unit_test(store_without_entries_stays_as_it_was),
        cmocka_unit_test(handle_finds_entries_that_another_one_has_created),
        cmocka_unit_test(namespaces_have_entries_of_their_own),
        cmocka_unit_test(listing_honours_prefix_and_bound),
        cmocka_unit_test(listing_holds_nothing_between_steps),
        cmocka_unit_test(large_values_replace_each_other),
        cmocka_unit_test(random_writes_and_deletions_agree_with_a_model),
        cmocka_unit_test(store_whose_entries_come_and_go_does_not_grow),
        cmocka_unit_test(store_of_an_older_quipu_takes_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
