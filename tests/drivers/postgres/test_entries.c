/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what an append knows, from a few entries to many. */
#include "fixture.h"

#include "entries.h"

#include "driver/host.h"

#define MANY 3000

static struct entry *get(struct entries *entries, uint32_t section,
                         const uint32_t *id, int64_t number)
{
    struct entry *entry = quipu_postgres_entries_get(
        entries, section, (quipu_bytes){ id, sizeof(*id) }, number);
    assert_non_null(entry);
    return entry;
}

static void entry_is_found_again_however_many_there_are(void **state)
{
    static uint32_t ids[MANY];
    struct entries entries;
    (void)state;
    quipu_postgres_entries_init(&entries, quipu_host_table());
    for (uint32_t i = 0; i < MANY; i++) {
        ids[i] = i;
        struct entry *entry = get(&entries, 0, &ids[i], 0);
        assert_int_equal(entry->last, 0);
        entry->last = (int64_t)i + 1;
    }
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(get(&entries, 0, &ids[i], 0)->last, (int64_t)i + 1);
    }
    assert_int_equal(entries.count, MANY);
    quipu_postgres_entries_finish(&entries);
}

static void each_part_of_the_key_counts(void **state)
{
    static const uint32_t id = 7;
    struct entries entries;
    (void)state;
    quipu_postgres_entries_init(&entries, quipu_host_table());
    get(&entries, 0, &id, 0)->last = 1;
    assert_int_equal(get(&entries, 1, &id, 0)->last, 0);
    assert_int_equal(get(&entries, 0, &id, 1)->last, 0);
    assert_int_equal(get(&entries, 0, &id, -1)->last, 0);
    struct entry *shorter = quipu_postgres_entries_get(
        &entries, 0, (quipu_bytes){ &id, sizeof(id) - 1 }, 0);
    assert_non_null(shorter);
    assert_int_equal(shorter->last, 0);
    assert_int_equal(get(&entries, 0, &id, 0)->last, 1);
    assert_int_equal(entries.count, 5);
    quipu_postgres_entries_finish(&entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entry_is_found_again_however_many_there_are),
        cmocka_unit_test(each_part_of_the_key_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
