/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the files of a store that lead to another file. */
#include "fixture.h"

#include <sys/stat.h>

static const char *const files[] = { "data.mdb", "data.mdb-quipu", "lock.mdb" };

static void put(const char *name)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fputs("another", file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

static void move(const char *from, const char *to)
{
    assert_int_equal(rename(from, to), 0);
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

static void append_is_refused_while_a_name_leads_elsewhere(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        char folder[32];
        char name[64];
        char away[96];
        quipu_error error = { 0 };
        (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
        (void)snprintf(name, sizeof(name), "%s/%s", folder, files[i]);
        (void)snprintf(away, sizeof(away), "%s.away", name);
        struct place place = fixture_place(folder, NULL);
        fixture_append(place.datastore, place.bound, 1);
        move(name, away);
        expect_refusal(&place, "moved, removed or replaced");
        put(name);
        expect_refusal(&place, "moved, removed or replaced");
        move(away, name);
        assert_ok(append(&place, &error), &error);
        fixture_leave(&place);
        place = fixture_place(folder, NULL);
        assert_int_equal(fixture_count(place.datastore, place.bound), 2);
        fixture_leave(&place);
    }
}

static void append_is_refused_while_the_folder_is_elsewhere(void **state)
{
    (void)state;
    char folder[32];
    quipu_error error = { 0 };
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, NULL);
    move(folder, "renamed");
    expect_refusal(&place, "moved, removed or replaced");
    move("renamed", folder);
    assert_ok(append(&place, &error), &error);
    fixture_leave(&place);
}

static int move_inside(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)error;
    move(context, "away.mdb");
    return QUIPU_OK;
}

static void commit_is_not_acknowledged_if_the_name_was_moved(void **state)
{
    (void)state;
    char folder[32];
    char name[64];
    struct piece piece;
    quipu_error error = { 0 };
    quipu_result result = { 0 };
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    (void)snprintf(name, sizeof(name), "%s/data.mdb", folder);
    struct place place = fixture_place(folder, NULL);
    fixture_piece(&piece, 1, -1, 77);
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_refused(fixture_driver()->transact(place.datastore, &request,
                                              move_inside, name, &result,
                                              FOREVER, &error),
                   QUIPU_UNKNOWN_OUTCOME, &error, "moved, removed or replaced");
    expect_refusal(&place, "moved, removed or replaced");
    fixture_leave(&place);
}

static void wait_ends_if_the_file_was_replaced(void **state)
{
    (void)state;
    char folder[32];
    int64_t head = 0;
    quipu_error error = { 0 };
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, NULL);
    move(folder, "replaced");
    assert_refused(fixture_driver()->wait(place.datastore, place.bound, 1,
                                          fixture_now() + FIXTURE_PATIENCE,
                                          &head, &error),
                   QUIPU_IO, &error, "moved, removed or replaced");
    fixture_leave(&place);
}

static void hard_link_is_refused(void **state)
{
    (void)state;
    char folder[32];
    char name[64];
    char other[64];
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    (void)snprintf(name, sizeof(name), "%s/data.mdb", folder);
    struct place place = fixture_place(folder, NULL);
    assert_int_equal(mkdir("second", 0755), 0);
    (void)snprintf(other, sizeof(other), "second/data.mdb");
    assert_int_equal(link(name, other), 0);
    expect_refusal(&place, "hard link");
    assert_refused(fixture_try_open("second", NULL, &datastore, &error),
                   QUIPU_INVALID, &error, "hard link");
    assert_int_equal(unlink(other), 0);
    assert_ok(append(&place, &error), &error);
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_is_refused_while_a_name_leads_elsewhere),
        cmocka_unit_test(append_is_refused_while_the_folder_is_elsewhere),
        cmocka_unit_test(commit_is_not_acknowledged_if_the_name_was_moved),
        cmocka_unit_test(wait_ends_if_the_file_was_replaced),
        cmocka_unit_test(hard_link_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
