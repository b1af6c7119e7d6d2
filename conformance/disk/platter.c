/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives on a disk. */
#include "platter.h"

#include "trial/check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SECTOR 512

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014). */
uint64_t quipu_chance(uint64_t *state, uint64_t n)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % n;
}

static void put(int fd, const unsigned char *data, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, data, size, offset);

        CHECK(n > 0, "cannot write what a power cut leaves: %s",
              strerror(errno));
        data += n;
        offset += n;
        size -= (size_t)n;
    }
}

/* Holes stay holes. */
void quipu_platter_copy(int from, int to)
{
    unsigned char buffer[65536];
    off_t end = lseek(from, 0, SEEK_END), at = 0;
    ssize_t n;

    CHECK(ftruncate(to, end) == 0, "cannot copy a file");
    while (at < end && (at = lseek(from, at, SEEK_DATA)) >= 0) {
        off_t hole = lseek(from, at, SEEK_HOLE);

        for (; at < hole && (n = pread(from, buffer, sizeof(buffer), at)) > 0;
             at += n) {
            put(to, buffer, (size_t)n, at);
        }
    }
}

void quipu_platter_apply(int copy, const struct journal_record *change)
{
    if (change->kind == JOURNAL_TRUNCATE) {
        CHECK(ftruncate(copy, change->offset) == 0, "cannot truncate a file");
    } else {
        put(copy, quipu_journal_data(change), change->data_size,
            change->offset);
    }
}

/* Lets each sector of a write arrive or not. */
static void apply_sectors(uint64_t *chance, int copy,
                          const struct journal_record *change)
{
    for (size_t done = 0; done < change->data_size;) {
        off_t at = change->offset + (off_t)done;
        size_t piece = SECTOR - (size_t)(at % SECTOR);

        if (piece > change->data_size - done) {
            piece = change->data_size - done;
        }
        if (quipu_chance(chance, 2)) {
            put(copy, quipu_journal_data(change) + done, piece, at);
        }
        done += piece;
    }
}

/* Lets the beginning arrive: to the byte beyond the old end of the file. */
static void apply_beginning(uint64_t *chance, int copy,
                            const struct journal_record *change)
{
    off_t old = lseek(copy, 0, SEEK_END);
    size_t size = (size_t)quipu_chance(chance, change->data_size + 1);
    off_t end = change->offset + (off_t)size;

    if (end < old) {
        end -= end % SECTOR;
    }
    if (end > change->offset) {
        put(copy, quipu_journal_data(change), (size_t)(end - change->offset),
            change->offset);
    }
}

void quipu_platter_apply_by_chance(uint64_t *chance, int copy,
                                   const struct journal_record *change)
{
    uint64_t fate = quipu_chance(chance, 6);

    if (change->kind == JOURNAL_STORE || fate < 2) {
        quipu_platter_apply(copy, change);
    } else if (change->kind != JOURNAL_WRITE || fate < 4) {
        return;
    } else if (fate == 4) {
        apply_sectors(chance, copy, change);
    } else {
        apply_beginning(chance, copy, change);
    }
}

/* Any sector may have come to the disk from the map, at any time. */
void quipu_platter_mix(uint64_t *chance, int copy, int disk)
{
    unsigned char sector[SECTOR];
    ssize_t n;

    for (off_t at = 0; (n = pread(disk, sector, SECTOR, at)) > 0; at += n) {
        if (quipu_chance(chance, 2)) {
            put(copy, sector, (size_t)n, at);
        }
    }
}
