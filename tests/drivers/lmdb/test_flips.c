/* SPDX-License-Identifier: Apache-2.0 */
/* Bits of the data file are flipped, one at a time: every operation then
 * returns a proper status, ends, and does not end the process.
 *
 * Each run tries the bits that LMDB trusts most, those of meta pages, of the
 * headers of pages, of the flags of entries and of keys, and a sample of the
 * others; under the address sanitizer, with which each takes ten times as long,
 * a sample of both.  With QUIPU_FLIPS=all in the environment it tries every bit
 * of every page, which takes about twenty minutes. */
#include "exercise.h"

#include "btree/page.h"
#include "drivers/common/processes.h"

#include <stddef.h>

#define PAGE 4096
#define STRIDE 149 /* of the sample: a prime */
#ifdef __SANITIZE_ADDRESS__
#define TRUSTED_STRIDE 7 /* of the bits that LMDB trusts: a prime, too */
#endif
#define SECONDS 20 /* that the operations may take */

struct progress {
    size_t bit;     /* the flipped one */
    size_t tried;   /* flips */
    char text[300]; /* of an answer that is not proper */
};

struct flips {
    char folder[64];
    unsigned char *whole; /* the file as it was */
    size_t size;
    unsigned char *chosen; /* for each byte: 1 if LMDB trusts its bits most */
    size_t trusted_stride; /* of those bits */
    size_t stride;         /* of the other bits */
    struct progress *progress; /* shared memory */
};

static void choose(struct flips *flips, size_t at, size_t size)
{
    for (size_t i = at; i < at + size && i < flips->size; i++) {
        flips->chosen[i] = 1;
    }
}

/* Chooses what LMDB trusts most in a page. */
static void choose_in_page(struct flips *flips, size_t at)
{
    const unsigned char *page = flips->whole + at;
    const struct lmdb_page_header header = page_header_of(page);
    struct page_entry entry;
    choose(flips, at, sizeof(header));
    if (header.flags == LMDB_META) {
        choose(flips, at, sizeof(header) + sizeof(struct lmdb_meta));
    }
    if (header.flags != LMDB_LEAF && header.flags != LMDB_BRANCH) {
        return;
    }
    for (unsigned i = 0; i < page_count(page); i++) {
        if (page_get_entry(page, PAGE, i, &entry)) {
            const size_t node = (size_t)(entry.key - page) - sizeof(entry.node);
            choose(flips, at + node + offsetof(struct lmdb_node, flags), 1);
            if (entry.node.key_size == 24) { /* of the index: a sequence id */
                choose(flips, at + node + sizeof(entry.node), 1);
            }
        }
    }
}

static bool is_chosen(const struct flips *flips, size_t bit)
{
    return bit % (flips->chosen[bit / 8] != 0 ? flips->trusted_stride
                                              : flips->stride) ==
           0;
}

/* Flips bits from progress->bit on.  Ends the process with 1 after an answer
 * that is not proper. */
static void flip_on(void *context)
{
    struct flips *flips = context;
    struct progress *progress = flips->progress;
    (void)signal(SIGBUS, SIG_DFL); /* not cmocka's handler, which continues */
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGABRT, SIG_DFL);
    for (; progress->bit < 8 * flips->size; progress->bit++) {
        if (!is_chosen(flips, progress->bit)) {
            continue;
        }
        unsigned char *byte = flips->whole + progress->bit / 8;
        const unsigned char mask = (unsigned char)(1 << progress->bit % 8);
        *byte ^= mask;
        exercise_plant(flips->folder, flips->whole, flips->size);
        *byte ^= mask;
        (void)alarm(SECONDS);
        const char *text = exercise_run(flips->folder);
        (void)alarm(0);
        progress->tried++;
        if (text) {
            (void)snprintf(progress->text, sizeof(progress->text), "%s", text);
            _exit(1);
        }
    }
}

/* Prints the flips that fail, and goes on behind each. */
static unsigned count_failures(struct flips *flips)
{
    struct progress *progress = flips->progress;
    unsigned failures = 0;
    while (progress->bit < 8 * flips->size) {
        int status = 0;
        pid_t child = start_child(flip_on, flips);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status == 0) {
            break;
        }
        print_error("bit %zu of byte %zu of page %zu: %s %d %s\n",
                    progress->bit % 8, progress->bit / 8 % PAGE,
                    progress->bit / 8 / PAGE,
                    WIFSIGNALED(status) ? "signal" : "status",
                    WIFSIGNALED(status) ? WTERMSIG(status) : status,
                    WIFSIGNALED(status) ? "" : progress->text);
        failures++;
        progress->bit++;
    }
    return failures;
}

static void flipped_bit_is_survived(void **state)
{
    (void)state;
    const char *wanted = getenv("QUIPU_FLIPS");
    const bool all = wanted && strcmp(wanted, "all") == 0;
    struct flips flips = { .trusted_stride = 1, .stride = all ? 1 : STRIDE };
#ifdef __SANITIZE_ADDRESS__
    flips.trusted_stride = all ? 1 : TRUSTED_STRIDE;
#endif
    /* Memory, if possible: the file is synced by each append. */
    (void)snprintf(flips.folder, sizeof(flips.folder), "%s%s.%d",
                   access("/dev/shm", W_OK) == 0 ? "////dev/shm/" : "",
                   "quipu-flips", (int)getpid());
    flips.progress = share_memory(sizeof(*flips.progress));
    exercise_make(flips.folder);
    assert_null(exercise_run(flips.folder)); /* undamaged */
    exercise_make(flips.folder);
    flips.whole = fixture_bytes(fixture_data(flips.folder), &flips.size);
    flips.chosen = calloc(1, flips.size);
    assert_non_null(flips.chosen);
    for (size_t at = 0; at < flips.size; at += PAGE) {
        choose_in_page(&flips, at);
    }
    const unsigned failures = count_failures(&flips);
    print_message("%zu flips in %zu pages, %u failures\n",
                  flips.progress->tried, flips.size / PAGE, failures);
    (void)unlink(fixture_data(flips.folder));
    (void)snprintf(flips.progress->text, sizeof(flips.progress->text),
                   "%s/lock.mdb", flips.folder);
    (void)unlink(flips.progress->text);
    (void)rmdir(flips.folder);
    free(flips.chosen);
    free(flips.whole);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flipped_bit_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
