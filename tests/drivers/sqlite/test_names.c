/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a database and of the files beside it that lead to another file, or
 * that are taken by one. */
#include "drivers/common/processes.h"
#include "quipu_test_skip.h"

#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct place {
    char file[64];
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

/* A store in a folder of its own, with one item. */
static struct place begin(const char *folder)
{
    struct place place;
    const quipu_schema schema = fixture_schema("events", 0);
    assert_int_equal(mkdir(folder, 0755), 0);
    (void)snprintf(place.file, sizeof(place.file), "%s/x.db", folder);
    place.datastore = fixture_open(place.file);
    place.bound = fixture_bind(place.datastore, &schema);
    fixture_append(place.datastore, place.bound, 1);
    return place;
}

static void end(struct place *place)
{
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_close(place->datastore);
}

static int append(struct place *place, quipu_error *error)
{
    quipu_result result = { 0 };
    return fixture_try_append(place->datastore, place->bound, 1, &result,
                              error);
}

static void expect_refusal(struct place *place, const char *message)
{
    quipu_error error = { 0 };
    const int64_t head = fixture_head(place->datastore, place->bound);
    for (int i = 0; i < 20; i++) {
        assert_refused(append(place, &error), QUIPU_IO, &error, message);
    }
    assert_int_equal(fixture_head(place->datastore, place->bound), head);
}

static void put(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static void move(const char *from, const char *to)
{
    assert_int_equal(rename(from, to), 0);
}

static void append_is_refused_while_a_name_leads_elsewhere(void **state)
{
    (void)state;
    static const char *const suffixes[] = { "", "-wal", "-shm", "-quipu" };
    for (int i = 0; i < 4; i++) {
        char folder[32];
        char name[128];
        char away[160];
        quipu_error error = { 0 };
        (void)snprintf(folder, sizeof(folder), "moved%d", i);
        struct place place = begin(folder);
        (void)snprintf(name, sizeof(name), "%s%s", place.file, suffixes[i]);
        (void)snprintf(away, sizeof(away), "%s.away", name);
        move(name, away);
        expect_refusal(&place, "moved, removed or replaced");
        put(name, "another", 7);
        expect_refusal(&place, "moved, removed or replaced");
        move(away, name);
        assert_ok(append(&place, &error), &error);
        end(&place);
        place.datastore = fixture_open(place.file);
        const quipu_schema schema = fixture_schema("events", 0);
        place.bound = fixture_bind(place.datastore, &schema);
        assert_int_equal(fixture_count(place.datastore, place.bound), 2);
        end(&place);
    }
}

static void append_is_refused_while_the_folder_is_elsewhere(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    struct place place = begin("folder");
    move("folder", "renamed");
    expect_refusal(&place, "moved, removed or replaced");
    move("renamed", "folder");
    assert_ok(append(&place, &error), &error);
    end(&place);
}

static void move_inside(const char *file)
{
    char away[96];
    (void)snprintf(away, sizeof(away), "%s.away", file);
    move(file, away);
}

static int move_in_transaction(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)error;
    move_inside(context);
    return QUIPU_OK;
}

static void commit_is_not_acknowledged_if_the_name_was_moved(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    quipu_result result = { 0 };
    struct piece piece;
    struct place place = begin("during");
    fixture_piece(&piece, 1, -1, 77);
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_refused(fixture_driver()->transact(place.datastore, &request,
                                              move_in_transaction, place.file,
                                              &result, FOREVER, &error),
                   QUIPU_UNKNOWN_OUTCOME, &error, "moved, removed or replaced");
    expect_refusal(&place, "moved, removed or replaced");
    end(&place);
}

/* The other process is the one of a new database of that name. */
static void closing_leaves_the_files_of_another_database(void **state)
{
    (void)state;
    struct place place = begin("left");
    move("left/x.db", "left/y.db");
    move("left/x.db-wal", "left/y.db-wal");
    put("left/x.db", "another", 7);
    put("left/x.db-wal", "another", 7);
    end(&place);
    assert_int_equal(access("left/x.db-wal", F_OK), 0);
    assert_int_equal(access("left/y.db-wal", F_OK), 0);
}

/* The commits are in the removed WAL alone. */
static void closing_saves_the_commits_of_a_removed_wal(void **state)
{
    (void)state;
    struct place place = begin("saved");
    const quipu_schema schema = fixture_schema("events", 0);
    assert_int_equal(unlink("saved/x.db-wal"), 0);
    expect_refusal(&place, "x.db-wal");
    end(&place);
    place.datastore = fixture_open(place.file);
    place.bound = fixture_bind(place.datastore, &schema);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    end(&place);
}

static void wait_ends_if_the_file_was_replaced(void **state)
{
    (void)state;
    int64_t head = 0;
    quipu_error error = { 0 };
    struct place place = begin("waiting");
    move("waiting/x.db", "waiting/y.db");
    assert_refused(fixture_driver()->wait(place.datastore, place.bound, 1,
                                          fixture_now() + FIXTURE_PATIENCE,
                                          &head, &error),
                   QUIPU_IO, &error, "moved, removed or replaced");
    end(&place);
}

static void refuse_opening(const char *file, const char *message)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    const struct opening readonly = { .flags = QUIPU_OPEN_READONLY };
    assert_refused(fixture_try_open(file, NULL, &datastore, &error),
                   QUIPU_INVALID, &error, message);
    assert_refused(fixture_try_open(file, &readonly, &datastore, &error),
                   QUIPU_INVALID, &error, message);
}

static void hard_link_is_refused(void **state)
{
    (void)state;
    const struct opening immutable = { .flags = QUIPU_OPEN_READONLY,
                                       .option = "immutable",
                                       .value = "yes" };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    struct place place = begin("linked");
    assert_int_equal(link("linked/x.db", "linked/y.db"), 0);
    expect_refusal(&place, "hard link");
    assert_int_equal(unlink("linked/y.db"), 0);
    assert_ok(append(&place, &error), &error);
    end(&place);
    assert_int_equal(link("linked/x.db", "linked/y.db"), 0);
    refuse_opening("linked/x.db", "hard link");
    refuse_opening("linked/y.db", "hard link");
    assert_ok(fixture_try_open("linked/y.db", &immutable, &datastore, &error),
              &error);
    fixture_close(datastore);
}

static void mount_of_a_single_file_is_refused(void **state)
{
    (void)state;
    struct place place = begin("mounted");
    end(&place);
    put("mounted/y.db", "", 0);
    if (mount("mounted/x.db", "mounted/y.db", NULL, MS_BIND, NULL) != 0) {
        quipu_test_skip("it needs the right to mount a file");
    }
    refuse_opening("mounted/y.db", "mount of a single file");
}

/* Even if the test fails: a folder with a mount cannot be removed. */
static int unmount(void **state)
{
    (void)state;
    (void)umount2("mounted/y.db", MNT_DETACH);
    return 0;
}

static void dangling_link_leads_to_the_files_beside_the_target(void **state)
{
    (void)state;
    assert_int_equal(mkdir("real", 0755), 0);
    assert_int_equal(symlink("real/x.db", "link2.db"), 0);
    assert_int_equal(symlink("link2.db", "link.db"), 0);
    quipu_driver_datastore *datastore = fixture_open("link.db");
    assert_int_equal(access("real/x.db-quipu", F_OK), 0);
    assert_int_equal(access("link.db-quipu", F_OK), -1);
    assert_int_equal(access("link2.db-quipu", F_OK), -1);
    quipu_driver_datastore *other = fixture_open("real/x.db");
    fixture_close(other);
    fixture_close(datastore);
}

static void links_in_a_circle_are_refused(void **state)
{
    (void)state;
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_int_equal(symlink("circle2", "circle1"), 0);
    assert_int_equal(symlink("circle1", "circle2"), 0);
    assert_int_not_equal(fixture_try_open("circle1", NULL, &datastore, &error),
                         QUIPU_OK);
}

/* SQLite would overwrite or remove them. */
static void file_with_the_name_of_one_of_sqlites_is_left_alone(void **state)
{
    (void)state;
    static const char *const suffixes[] = { "-wal", "-shm", "-journal",
                                            "-quipu" };
    for (int i = 0; i < 4; i++) {
        for (int there = 0; there < 2; there++) {
            char base[32];
            char name[64];
            size_t size = 0;
            size_t after = 0;
            quipu_driver_datastore *datastore = NULL;
            quipu_error error = { 0 };
            (void)snprintf(base, sizeof(base), "shop%d%d", i, there);
            (void)snprintf(name, sizeof(name), "%s%s", base, suffixes[i]);
            fixture_close(fixture_open(name));
            unsigned char *before = fixture_bytes(name, &size);
            if (there) {
                put(base, "", 0);
            }
            assert_refused(fixture_try_open(base, NULL, &datastore, &error),
                           QUIPU_INVALID, &error, name);
            assert_int_equal(access(base, F_OK), there ? 0 : -1);
            unsigned char *same = fixture_bytes(name, &after);
            assert_int_equal(size, after);
            assert_memory_equal(before, same, size);
            free(before);
            free(same);
        }
    }
}

static void name_of_a_file_beside_a_store_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = { "beside-wal", "beside-shm",
                                         "beside-journal", "beside-quipu" };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    quipu_driver_datastore *store = fixture_open("beside");
    for (int i = 0; i < 4; i++) {
        assert_refused(fixture_try_open(names[i], NULL, &datastore, &error),
                       QUIPU_INVALID, &error, "beside");
    }
    fixture_close(store);
    for (int i = 0; i < 4; i++) {
        assert_refused(fixture_try_open(names[i], NULL, &datastore, &error),
                       QUIPU_INVALID, &error, "beside");
    }
}

/* Without QUIPU_OPEN_CREATE no file is made, not even one that is removed
 * again: other programs could meet it. */
static void missing_file_is_not_made_for_a_moment(void **state)
{
    const struct opening how = { .flags = QUIPU_OPEN_RELAXED };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    char event[512];
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    (void)state;
    assert_int_equal(mkdir("watched", 0755), 0);
    assert_true(inotify_add_watch(watch, "watched", IN_CREATE) >= 0);
    assert_refused(fixture_try_open("watched/x.db", &how, &datastore, &error),
                   QUIPU_NOT_FOUND, &error, "create=yes creates it");
    assert_int_equal(read(watch, event, sizeof(event)), -1);
    put("watched/x.db", "", 0); /* which is noticed */
    assert_true(read(watch, event, sizeof(event)) > 0);
    (void)close(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_is_refused_while_a_name_leads_elsewhere),
        cmocka_unit_test(append_is_refused_while_the_folder_is_elsewhere),
        cmocka_unit_test(commit_is_not_acknowledged_if_the_name_was_moved),
        cmocka_unit_test(closing_leaves_the_files_of_another_database),
        cmocka_unit_test(closing_saves_the_commits_of_a_removed_wal),
        cmocka_unit_test(wait_ends_if_the_file_was_replaced),
        cmocka_unit_test(hard_link_is_refused),
        cmocka_unit_test_teardown(mount_of_a_single_file_is_refused, unmount),
        cmocka_unit_test(dangling_link_leads_to_the_files_beside_the_target),
        cmocka_unit_test(links_in_a_circle_are_refused),
        cmocka_unit_test(file_with_the_name_of_one_of_sqlites_is_left_alone),
        cmocka_unit_test(name_of_a_file_beside_a_store_is_refused),
        cmocka_unit_test(missing_file_is_not_made_for_a_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
