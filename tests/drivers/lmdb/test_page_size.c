/* SPDX-License-Identifier: Apache-2.0 */
/* Stores that were created on machines with other page sizes: LMDB takes the
 * size of the machine that creates a file, and the kernel aligns maps to that
 * of the machine that reads it. */
#include "fixture.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lmdb_driver.h"

#define ITEMS 150
#define LARGE 100000 /* bytes of a state: it needs overflow pages */
#define OPENINGS 100
#define MAP_LARGE ((size_t)1 << 32) /* LMDB's map of the store */
#define ALIGNED ((size_t)2 << 20)   /* more than 4096 * OPENINGS */

static atomic_long
    page_size;              /* that the machine pretends to have; 0: its own */
static atomic_size_t shift; /* of LMDB's map from a multiple of ALIGNED */

/* LMDB asks for the page size by this function alone. */
QUIPU_API long sysconf(int name)
{
    static long (*next)(int);
    const long pretended = atomic_load(&page_size);
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "sysconf");
        memcpy((void *)&next, &found, sizeof(found));
    }
    return name == _SC_PAGESIZE && pretended > 0 ? pretended : next(name);
}

/* The kernel may align large maps to more than a page; the test moves them. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
QUIPU_API void *mmap(void *address, size_t size, int protection, int flags,
                     int fd, off_t offset)
{
    static void *(*next)(void *, size_t, int, int, int, off_t);
    const size_t distance = atomic_load(&shift);
    if (!next) {
        void *found = dlsym(RTLD_NEXT, "mmap");
        memcpy((void *)&next, &found, sizeof(found));
    }
    if (fd >= 0 && size >= MAP_LARGE && distance > 0) {
        const size_t whole = size + 2 * ALIGNED;
        unsigned char *room =
            next(NULL, whole, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert_true(room != MAP_FAILED);
        unsigned char *to =
            room - (uintptr_t)room % ALIGNED + ALIGNED + distance;
        assert_int_equal(munmap(room, (size_t)(to - room)), 0);
        assert_int_equal(munmap(to + size, whole - (size_t)(to - room) - size),
                         0);
        address = to;
        flags |= MAP_FIXED;
    }
    return next(address, size, protection, flags, fd, offset);
}

/* Creates a store on a machine with pages of that size. */
static const char *make_store(long size)
{
    quipu_error error = { 0 };
    const char *folder = fixture_file();
    atomic_store(&page_size, size);
    struct place place = fixture_place(folder, NULL);
    for (uint32_t i = 0; i < ITEMS; i++) {
        fixture_append(place.datastore, place.bound, i % 40);
    }
    assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    fixture_leave(&place);
    atomic_store(&page_size, 0);
    return folder;
}

/* Opens the store, reads all of it, and appends an item; returns true if the
 * map lay at an address that is not a multiple of the store's pages. */
static bool use_store(const char *folder, size_t size, size_t items)
{
    size_t count = 0;
    quipu_error error = { 0 };
    struct place place = fixture_place(folder, NULL);
    const struct map *map = &place.datastore->environment->map;
    const bool odd = (uintptr_t)map->base % size != 0;
    assert_int_equal(map->page_size, size);
    assert_ok(fixture_scan(&place, &count, &error), &error);
    assert_int_equal(count, items);
    fixture_append(place.datastore, place.bound, (uint32_t)items % 40);
    fixture_leave(&place);
    return odd;
}

/* Each opening has its map at another distance from a multiple of the store's
 * pages. */
static void open_often(const char *folder, size_t size, bool larger)
{
    unsigned odd = 0;
    for (size_t i = 0; i < OPENINGS; i++) {
        atomic_store(&shift, i * 4096);
        odd += use_store(folder, size, ITEMS + 1 + i);
    }
    atomic_store(&shift, 0);
    assert_true(larger ? odd >= OPENINGS / 2 : odd == 0);
}

static void store_of_larger_pages_works(void **state)
{
    (void)state;
    for (long size = 8192; size <= 32768; size *= 2) {
        open_often(make_store(size), (size_t)size, true);
    }
}

/* A machine with pages of 64 KiB creates files of 32 KiB, LMDB's largest. */
static void store_of_the_largest_machine_pages_works(void **state)
{
    (void)state;
    open_often(make_store(65536), 32768, true);
}

static void store_of_smaller_pages_works(void **state)
{
    (void)state;
    const char *folder = make_store(4096);
    for (long size = 16384; size <= 65536; size *= 4) {
        atomic_store(&page_size, size);
        for (size_t i = 0; i < 10; i++) {
            (void)use_store(folder, 4096, ITEMS + 1 + i);
        }
        atomic_store(&page_size, 0);
        folder = make_store(4096);
    }
}

static void map_of_larger_pages_grows(void **state)
{
    (void)state;
    static const struct opening small = { .option = "mapsize",
                                          .value = "256k" };
    const char *folder = make_store(32768);
    quipu_error error = { 0 };
    struct place place = fixture_place(folder, &small);
    for (size_t i = 0; i < 100; i++) {
        assert_ok(fixture_append_large(&place, LARGE, &error), &error);
    }
    assert_int_equal(fixture_count(place.datastore, place.bound),
                     ITEMS + 1 + 100);
    fixture_leave(&place);
}

/* Returns a store whose meta pages name that page size. */
static const char *make_foreign(uint32_t size)
{
    const char *folder = make_store(4096);
    unsigned char pages[2 * 65536] = { 0 };
    size_t whole = 0;
    unsigned char *bytes = fixture_bytes(fixture_data(folder), &whole);
    for (size_t i = 0; i < 2; i++) {
        unsigned char *to = pages + i * size;
        memcpy(to, bytes + i * 4096, 16 + sizeof(struct lmdb_meta));
        memcpy(to + 16 + offsetof(struct lmdb_meta, free.pad), &size,
               sizeof(size));
    }
    free(bytes);
    fixture_write(folder, 0, pages, sizeof(pages));
    return folder;
}

static void page_size_that_lmdb_does_not_write_is_unsupported(void **state)
{
    (void)state;
    fixture_refuses_untouched(make_foreign(65536), NULL, QUIPU_UNSUPPORTED,
                              "quipu export");
    fixture_refuses_untouched(make_foreign(1024), NULL, QUIPU_UNSUPPORTED,
                              "4096 to 32768");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(store_of_larger_pages_works),
        cmocka_unit_test(store_of_the_largest_machine_pages_works),
        cmocka_unit_test(store_of_smaller_pages_works),
        cmocka_unit_test(map_of_larger_pages_grows),
        cmocka_unit_test(page_size_that_lmdb_does_not_write_is_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
