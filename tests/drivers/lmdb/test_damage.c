/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever page of a store is damaged: reading tells, and does not crash. */
#include "fixture.h"

#include "drivers/shared/processes.h"

#define PAGE 4096
#define SECTOR 512
#define ITEMS 200

struct damage {
    unsigned char *whole; /* the file as it was */
    size_t size;
    const char *folder;
    size_t at; /* from here on so many bytes are others */
    size_t length;
    const unsigned char *others;
};

static const char *make_store(void)
{
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    for (uint32_t i = 0; i < ITEMS; i++) {
        fixture_append(place.datastore, place.bound, i % 40);
    }
    fixture_leave(&place);
    return folder;
}

static bool is_told(int status)
{
    return status == QUIPU_OK || status == QUIPU_CORRUPT ||
           status == QUIPU_NOT_FOUND || status == QUIPU_UNSUPPORTED;
}

/* Opens the damaged store and reads all there is, each answer a proper one. */
static void read_all(void *context)
{
    const struct damage *damage = context;
    (void)signal(SIGBUS, SIG_DFL); /* not cmocka's, which goes on */
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGABRT, SIG_DFL);
    const quipu_driver *driver = fixture_driver();
    const quipu_schema schema = fixture_schema("events", 0);
    struct place place = { NULL, NULL };
    quipu_error error = { 0 };
    struct piece piece;
    quipu_position head;
    bool found = false;
    int64_t last = 0;
    size_t count = 0;
    fixture_piece(&piece, 1, 0, 0);
    int status =
        fixture_try_open(damage->folder, NULL, &place.datastore, &error);
    if (status == QUIPU_OK) {
        status = driver->bind(place.datastore, &schema, FOREVER, &place.bound,
                              &error);
    }
    if (status != QUIPU_OK) {
        _exit(is_told(status) ? 0 : 1);
    }
    status = fixture_scan(&place, &count, &error);
    bool told = is_told(status) && (status != QUIPU_OK || count == ITEMS);
    told = told && is_told(driver->last_position(
                       place.datastore, place.bound, piece.item.sequence_id,
                       FOREVER, &found, &last, &error));
    told = told && is_told(driver->log_head(place.datastore, place.bound,
                                            FOREVER, &head, &error));
    _exit(told ? 0 : 2);
}

static void damage_and_read(struct damage *damage)
{
    fixture_write(damage->folder, (long)damage->at, damage->others,
                  damage->length);
    expect_success(start_child(read_all, damage));
    fixture_write(damage->folder, 0, damage->whole, damage->size);
}

static void damage_each(size_t length, int byte)
{
    unsigned char others[PAGE];
    struct damage damage = { .folder = make_store(),
                             .length = length,
                             .others = others };
    memset(others, byte, sizeof others);
    damage.whole = fixture_bytes(fixture_data(damage.folder), &damage.size);
    assert_true(damage.size > 10 * (size_t)PAGE);
    for (damage.at = 0; damage.at < damage.size; damage.at += length) {
        damage_and_read(&damage);
    }
    free(damage.whole);
}

static void a_lost_page_is_told(void **state)
{
    (void)state;
    damage_each(PAGE, 0);
}

/* As flash memory leaves it that was erased. */
static void an_overwritten_page_is_told(void **state)
{
    (void)state;
    damage_each(PAGE, 0xff);
}

static void a_lost_sector_is_told(void **state)
{
    (void)state;
    damage_each(SECTOR, 0);
}

static void an_overwritten_sector_is_told(void **state)
{
    (void)state;
    damage_each(SECTOR, 0xff);
}

/* A write that went to another place: each page in turn is some other page. */
static void a_page_in_another_s_place_is_told(void **state)
{
    (void)state;
    struct damage damage = { .folder = make_store(), .length = PAGE };
    damage.whole = fixture_bytes(fixture_data(damage.folder), &damage.size);
    for (damage.at = 0; damage.at < damage.size; damage.at += PAGE) {
        size_t from = (damage.at + 5 * PAGE) % damage.size;
        damage.others = damage.whole + from;
        damage_and_read(&damage);
    }
    free(damage.whole);
}

/* The state of an item in the file, as often as it is there. */
static unsigned damage_states(const char *folder, const char *state)
{
    size_t size = 0;
    unsigned count = 0;
    unsigned char *bytes = fixture_bytes(fixture_data(folder), &size);
    assert_non_null(bytes);
    for (size_t at = 0; at + strlen(state) <= size; at++) {
        if (memcmp(bytes + at, state, strlen(state)) == 0) {
            fixture_write(folder, (long)at, "X", 1);
            count++;
        }
    }
    free(bytes);
    return count;
}

static void a_damaged_value_is_named(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    quipu_error error = { 0 };
    size_t count = 0;
    for (uint32_t i = 0; i < 100; i++) {
        struct piece piece;
        quipu_result result = { 0 };
        fixture_piece(&piece, i % 10, -1, 5000 + i);
        const quipu_request request = { .schema = place.bound,
                                        .items = &piece.item,
                                        .item_count = 1 };
        assert_ok(
            fixture_append_all(place.datastore, &request, 1, &result, &error),
            &error);
    }
    fixture_leave(&place);
    assert_true(damage_states(folder, "state 5076") >= 1);

    place = fixture_place(folder, NULL);
    assert_refused(fixture_scan(&place, &count, &error), QUIPU_CORRUPT, &error,
                   "item 77 ");
    assert_contains(error.message, "damaged");
    assert_contains(error.message, "backup");
    assert_int_equal(count, 64); /* what the page before held */
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_page_is_told),
        cmocka_unit_test(an_overwritten_page_is_told),
        cmocka_unit_test(a_lost_sector_is_told),
        cmocka_unit_test(an_overwritten_sector_is_told),
        cmocka_unit_test(a_page_in_another_s_place_is_told),
        cmocka_unit_test(a_damaged_value_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
