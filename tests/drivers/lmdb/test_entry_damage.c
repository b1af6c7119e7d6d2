/* SPDX-License-Identifier: Apache-2.0 */
/* Entries whose pages or values are damaged: every call ends with a proper
 * status. */
#include "fixture.h"

#include "btree/page.h"

#include "drivers/common/processes.h"

#include <stddef.h>

#define PAGE 4096

static const quipu_bytes none = { NULL, 0 };

/* ------------------------------------------------------------------- damage */

/* Returns the pages of the entries, as a bit for each page of the file that is
 * a leaf or branch with their keys. */
static bool has_key(const unsigned char *page, const char *key)
{
    struct page_entry entry;
    const struct lmdb_page_header header = page_header_of(page);
    if (header.flags != LMDB_LEAF && header.flags != LMDB_BRANCH) {
        return false;
    }
    return page_count(page) > 1 && page_get_entry(page, PAGE, 1, &entry) &&
           entry.node.key_size >= strlen(key) &&
           memcmp(entry.key, key, strlen(key)) == 0;
}

struct damage {
    const char *folder;
    bool deletes; /* otherwise it writes larger values */
};

/* Deletes or replaces each entry, one by one and all at once: no call may end
 * the process. */
static void use_damaged(void *context)
{
    const struct damage *damage = context;
    static char value[9000];
    static quipu_entry_write writes[ENTRY_KEYS];
    static char keys[ENTRY_KEYS][16];
    quipu_driver_datastore *datastore = NULL;
    quipu_result result;
    quipu_error error = { 0 };
    struct listed listed;
    assert_ok(fixture_try_open(damage->folder, &(struct opening){ 0 },
                               &datastore, &error),
              &error);
    int status = entry_try_list(datastore, none, none, &listed, &error);
    int worst = status;
    for (size_t i = 0; i < ENTRY_KEYS; i++) {
        entry_name(keys[i], i);
        writes[i] = (quipu_entry_write){
            .key = entry_bytes(keys[i]),
            .value = { damage->deletes ? NULL : value,
                       damage->deletes ? 0 : sizeof(value) },
            .flags = damage->deletes ? QUIPU_ENTRY_DELETE : 0,
        };
    }
    for (size_t i = 1; i < ENTRY_KEYS; i += 4) {
        status = entry_try_write(datastore, &writes[i], 1, &result, &error);
        worst = status != QUIPU_OK ? status : worst;
    }
    for (size_t i = 0; i < ENTRY_KEYS; i += 40) {
        status = entry_try_write(datastore, &writes[i], 40, &result, &error);
        worst = status != QUIPU_OK ? status : worst;
    }
    fixture_close(datastore);
    _exit(worst == QUIPU_CORRUPT ? 0 : 1);
}

static void make_damaged(const char *folder)
{
    static char value[300];
    struct place place = fixture_place(folder, NULL);
    static char keys[ENTRY_KEYS][16];
    static quipu_entry_write writes[ENTRY_KEYS];
    for (size_t i = 0; i < ENTRY_KEYS; i++) {
        entry_name(keys[i], i);
        writes[i] = (quipu_entry_write){ .key = entry_bytes(keys[i]),
                                         .value = { value, i % 300 } };
    }
    entry_write_all(&place, writes, ENTRY_KEYS);
    fixture_leave(&place);
}

/* Each page of the entries in turn is lost, and is read as zeros, as ones, or
 * as a leaf whose nodes lie outside; the other keys are deleted or replaced. */
static void lost_page_is_corrupt(void **state)
{
    (void)state;
    static unsigned char lost[3][PAGE];
    const struct lmdb_page_header leaf = { .flags = LMDB_LEAF,
                                           .lower = PAGE / 2,
                                           .upper = PAGE / 2 };
    const char *folder = fixture_file();
    size_t size = 0;
    size_t tried = 0;
    memset(lost[1], 0xFF, PAGE);
    memset(lost[2], 0xFF, PAGE);
    memcpy(lost[2], &leaf, sizeof(leaf));
    make_damaged(folder);
    unsigned char *whole = fixture_bytes(fixture_data(folder), &size);
    for (size_t at = 2 * PAGE; at < size; at += PAGE) {
        if (!has_key(whole + at, "key/")) {
            continue;
        }
        for (int way = 0; way < 6; way++) {
            struct damage damage = { folder, way % 2 == 1 };
            int status = 0;
            quipu_error error = { 0 };
            fixture_write(folder, 0, whole, size);
            fixture_write(folder, (long)at, lost[way / 2], PAGE);
            /* A page that the newest state does not use is no damage. */
            if (entry_full_check(folder, &error) == QUIPU_OK) {
                continue;
            }
            tried++;
            pid_t child = start_child(use_damaged, &damage);
            assert_int_equal(waitpid(child, &status, 0), child);
            assert_int_equal(status, 0);
        }
    }
    assert_in_range(tried, 10, 1000);
    free(whole);
}

/* A changed value, a changed key, and a changed number of overflow pages. */
static void damaged_entry_is_corrupt(void **state)
{
    (void)state;
    static char value[9000];
    static char more[9000];
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    quipu_result result;
    struct listed listed;
    size_t size = 0;
    memset(value, 'v', sizeof(value));
    memset(more, 'm', sizeof(more));
    const quipu_entry_write writes[] = {
        entry_write_of("small", "value-of-small"),
        { .key = { "large", 5 }, .value = { value, sizeof(value) } },
        { .key = { "more", 4 }, .value = { more, sizeof(more) } },
    };
    assert_ok(entry_try_write(place.datastore, writes, 3, &result, &error),
              &error);
    fixture_leave(&place);
    unsigned char *whole = fixture_bytes(fixture_data(folder), &size);
    size_t places[4] = { 0 }; /* of the value, its key, the run, its end */
    size_t owner = 0;         /* the entry that has the run */
    for (size_t at = 2 * PAGE; at + 14 <= size; at++) {
        if (memcmp(whole + at, "value-of-small", 14) == 0) {
            places[0] = at;
            places[1] = at - 16 - 1;
        }
    }
    for (size_t at = 2 * PAGE; at < size; at += PAGE) {
        if (page_header_of(whole + at).flags == LMDB_OVERFLOW &&
            places[2] == 0) {
            places[2] = at + offsetof(struct lmdb_page_header, lower);
            places[3] = at + 2 * PAGE;
            owner = whole[at + PAGE] == 'v' ? 1 : 2;
        }
    }
    for (size_t i = 0; i < 4; i++) {
        unsigned char byte = (unsigned char)(whole[places[i]] ^ 4);
        bool refused = false;
        fixture_write(folder, 0, whole, size);
        fixture_write(folder, (long)places[i], &byte, 1);
        assert_ok(fixture_try_open(folder, &(struct opening){ 0 }, &datastore,
                                   &error),
                  &error);
        if (i != 2) { /* a run that is too long can be read */
            assert_int_equal(
                entry_try_list(datastore, none, none, &listed, &error),
                QUIPU_CORRUPT);
        }
        for (size_t k = 0; k < 3; k++) {
            const quipu_entry_write deletion = { .key = writes[k].key,
                                                 .flags = QUIPU_ENTRY_DELETE };
            const int status =
                entry_try_write(datastore, &deletion, 1, &result, &error);
            refused = refused || status == QUIPU_CORRUPT;
            /* It would free pages behind the run. */
            assert_true(i != 2 || k != owner || status == QUIPU_CORRUPT);
        }
        fixture_close(datastore);
        assert_true(refused || i == 1);
    }
    free(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_page_is_corrupt),
        cmocka_unit_test(damaged_entry_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
