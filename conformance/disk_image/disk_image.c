/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the disk image that a power cut can leave.
 *
 * Method.  quipu-faults.so has recorded every operation on the files below a
 * folder, by all processes, in one order.  The records before the cut are
 * replayed: the content of each file, and the folder's names, are kept in two
 * versions, the one that processes saw and the durable one.  A sync makes the
 * two equal.  At the cut each operation that is not durable yet is applied,
 * dropped or torn by random choice, and the result is written to a new folder.
 * SQLite's src/test6.c (crash tests) and dm-log-writes of Linux work alike.
 *
 * Assumptions about the file system and the disk:
 *
 *   INV1  A write or truncation is pending until its file is synced; pending
 *         operations reach the disk in any combination.  Those that do are
 *         applied in their order.
 *   INV2  A sector (512 bytes) is written as a whole or not at all: a torn
 *         write leaves each of its sectors old or new.  A write that extends
 *         the file may also end at any byte.
 *   INV3  A new name becomes durable by the first sync of its file or of its
 *         folder, as on ext4, XFS and Btrfs.  Removals and renames become
 *         durable by the next sync of the folder.  Until then each name is
 *         found in its old or its new state; but a file that had a durable
 *         name, and was not removed, has one: file systems that do not rename
 *         in one step add the new name before they remove the old one.
 *   INV4  After a failed sync the pending operations of that file have had
 *         their random result, and no later sync changes it (Linux marks the
 *         pages clean: "fsyncgate").
 *   INV5  Of a file that is mapped for writing, any sector may have reached
 *         the disk in the state in which it was at the end of the journal,
 *         because stores to memory are not recorded.  msync is recorded, and
 *         makes its range durable.
 *
 * Not modelled: a disk that acknowledges a flush and drops it (the mutants do
 * that with QUIPU_FAULT_LIE), corruption of sectors at rest, and reordering of
 * a write past a sync of another file.
 *
 * Exhaustiveness.  The caller chooses the cuts: power.c cuts before each sync,
 * and at random records.  At one cut the number of images is exponential in the
 * number of pending operations, so images are sampled: each call makes one,
 * chosen by `seed`.
 *
 * Files are numbered; file N has its durable content in "<image>/.file-N" until
 * the end, when the files get their names.
 */
#include "disk_image.h"

#include "context/assertion.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define ROOM 512  /* number of files, and of names */
#define PATH 1024 /* bytes of a path */

struct file {
    uint64_t device, inode;
    bool known;  /* the inode is valid: its number can be used again */
    bool mapped; /* for writing: INV5 */
    const struct journal_record **changes; /* pending, in their order */
    size_t count, room;
};

struct name {
    char path[PATH]; /* relative to the folder */
    int file;        /* current file, or -1: removed */
    int durable;     /* durable file, or -1: no such name on the disk */
    int chosen;      /* at the cut: one of these two */
};

struct replay {
    const struct quipu_power_cut *cut;
    uint64_t random;
    struct file files[ROOM];
    int file_count;
    struct name names[ROOM];
    int name_count;
};

/* Returns a random number below n > 0, by splitmix64 (Steele, Lea, Flood: Fast
 * splittable pseudorandom number generators, 2014). */
static uint64_t random_below(uint64_t *state, uint64_t n)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % n;
}

/* ------------------------------------------------------- content of a file */

static void write_at(int fd, const unsigned char *data, size_t size,
                     off_t offset)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, data, size, offset);

        CHECK(n > 0, "cannot write the disk image: %s", strerror(errno));
        data += n;
        offset += n;
        size -= (size_t)n;
    }
}

/* Copies a whole file; holes stay holes. */
static void copy_file(int from, int to)
{
    unsigned char buffer[65536];
    off_t end = lseek(from, 0, SEEK_END), at = 0;
    ssize_t n;

    CHECK(ftruncate(to, end) == 0, "cannot write the disk image: %s",
          strerror(errno));
    while (at < end && (at = lseek(from, at, SEEK_DATA)) >= 0) {
        off_t hole = lseek(from, at, SEEK_HOLE);

        for (; at < hole && (n = pread(from, buffer, sizeof(buffer), at)) > 0;
             at += n) {
            write_at(to, buffer, (size_t)n, at);
        }
    }
}

static void apply(int copy, const struct journal_record *change)
{
    if (change->kind == JOURNAL_TRUNCATE) {
        CHECK(ftruncate(copy, change->offset) == 0,
              "cannot truncate a file of the disk image: %s", strerror(errno));
    } else {
        write_at(copy, quipu_journal_data(change), (size_t)change->data_size,
                 change->offset);
    }
}

/* Applies a random selection of a write's sectors: INV2. */
static void apply_sectors(uint64_t *random, int copy,
                          const struct journal_record *change)
{
    for (size_t done = 0; done < change->data_size;) {
        off_t at = change->offset + (off_t)done;
        size_t piece = SECTOR - (size_t)(at % SECTOR);

        if (piece > change->data_size - done) {
            piece = (size_t)change->data_size - done;
        }
        if (random_below(random, 2)) {
            write_at(copy, quipu_journal_data(change) + done, piece, at);
        }
        done += piece;
    }
}

/* Applies the beginning of a write: up to a sector boundary where the file
 * existed, up to any byte where the write extends it. */
static void apply_beginning(uint64_t *random, int copy,
                            const struct journal_record *change)
{
    off_t old_end = lseek(copy, 0, SEEK_END);
    size_t size = (size_t)random_below(random, change->data_size + 1);
    off_t end = change->offset + (off_t)size;

    if (end < old_end) {
        end -= end % SECTOR;
    }
    if (end > change->offset) {
        write_at(copy, quipu_journal_data(change),
                 (size_t)(end - change->offset), change->offset);
    }
}

/* Applies, drops or tears a pending operation.  JOURNAL_STORE is durable, and
 * is among the pending operations only to keep its place in the order. */
static void apply_at_random(uint64_t *random, int copy,
                            const struct journal_record *change)
{
    uint64_t choice = random_below(random, 6);

    if (change->kind == JOURNAL_STORE || choice < 2) {
        apply(copy, change);
    } else if (change->kind != JOURNAL_WRITE || choice < 4) {
        return;
    } else if (choice == 4) {
        apply_sectors(random, copy, change);
    } else {
        apply_beginning(random, copy, change);
    }
}

/* Copies a random selection of sectors of a mapped file: INV5. */
static void mix_sectors(uint64_t *random, int copy, int disk)
{
    unsigned char sector[SECTOR];
    ssize_t n;

    for (off_t at = 0; (n = pread(disk, sector, SECTOR, at)) > 0; at += n) {
        if (random_below(random, 2)) {
            write_at(copy, sector, (size_t)n, at);
        }
    }
}

/* --------------------------------------------------------- files and names */

static int open_at(const char *folder, const char *name, int flags)
{
    char path[2 * PATH];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, flags | O_CLOEXEC, 0600);
    CHECK(fd >= 0 || !(flags & O_CREAT), "cannot create %s: %s", path,
          strerror(errno));
    return fd;
}

static int open_copy(const struct replay *r, int file, int flags)
{
    char name[32];

    snprintf(name, sizeof(name), ".file-%d", file);
    return open_at(r->cut->image, name, flags | O_CREAT);
}

/* Returns the entry of a name, which is added if it is new. */
static struct name *find_name(struct replay *r, const char *path)
{
    struct name *name;

    for (int i = 0; i < r->name_count; i++) {
        if (strcmp(r->names[i].path, path) == 0) {
            return &r->names[i];
        }
    }
    CHECK(r->name_count < ROOM, "the journal has more than %d names", ROOM);
    name = &r->names[r->name_count++];
    snprintf(name->path, sizeof(name->path), "%s", path);
    name->file = name->durable = -1;
    return name;
}

static int add_file(struct replay *r)
{
    CHECK(r->file_count < ROOM, "the journal has more than %d files", ROOM);
    close(open_copy(r, r->file_count, O_WRONLY));
    return r->file_count++;
}

/* Returns the number of the file with the record's inode, or -1. */
static int find_file(const struct replay *r,
                     const struct journal_record *record)
{
    for (int i = 0; i < r->file_count; i++) {
        if (r->files[i].known && r->files[i].inode == record->inode &&
            r->files[i].device == record->device) {
            return i;
        }
    }
    return -1;
}

/* ------------------------------------------------------ replay of a record */

/* A process has opened a name: of a file from the base, of a new one, or of one
 * that is known already. */
static void open_name(struct replay *r, const struct journal_record *record)
{
    bool nameless = record->names_size == 0;
    struct name *name =
        nameless ? NULL : find_name(r, quipu_journal_names(record));
    int number = find_file(r, record);

    if (record->kind == JOURNAL_CREATE && number >= 0) {
        r->files[number].known = false; /* its inode number is used again */
        number = -1;
    }
    if (number < 0 && record->kind == JOURNAL_OPEN && name && name->file >= 0) {
        number = name->file; /* from the base: its inode is known only now */
    }
    if (number < 0) {
        number = add_file(r);
    }
    r->files[number].known = true;
    r->files[number].device = record->device;
    r->files[number].inode = record->inode;
    if (name) {
        name->file = number;
    }
}

/* Applies the pending operations of a file: all of them if it is synced, else a
 * random selection. */
static void flush_pending(struct replay *r, int number, bool synced)
{
    struct file *file = &r->files[number];
    int copy;

    if (file->count == 0) {
        return;
    }
    copy = open_copy(r, number, O_RDWR);
    for (size_t i = 0; i < file->count; i++) {
        if (synced) {
            apply(copy, file->changes[i]);
        } else {
            apply_at_random(&r->random, copy, file->changes[i]);
        }
    }
    file->count = 0;
    close(copy);
}

/* Returns true if the name is directly in the folder, not deeper. */
static bool is_in(const struct name *name, const char *folder)
{
    size_t length = strlen(folder);
    const char *rest = name->path + length;

    if (length == 0) {
        return !strchr(name->path, '/');
    }
    return strncmp(name->path, folder, length) == 0 && *rest == '/' &&
           !strchr(rest + 1, '/');
}

/* Makes the names in a folder durable, or, if `folder` is NULL, those of a
 * file: INV3. */
static void sync_names(struct replay *r, int file, const char *folder)
{
    for (int i = 0; i < r->name_count; i++) {
        struct name *name = &r->names[i];

        if (folder ? is_in(name, folder) : name->file == file) {
            name->durable = name->file;
        }
    }
}

static void add_change(struct file *file, const struct journal_record *record)
{
    if (file->count == file->room) {
        file->room = file->room > 0 ? 2 * file->room : 64;
        file->changes =
            reallocarray(file->changes, file->room, sizeof(*file->changes));
        CHECK(file->changes, "out of memory for the disk image");
    }
    file->changes[file->count++] = record;
}

static void change_file(struct replay *r, const struct journal_record *record)
{
    int number = find_file(r, record);
    struct file *file = &r->files[number];

    if (number < 0) {
        return; /* it was removed, and its inode number used again */
    }
    switch (record->kind) {
    case JOURNAL_SYNC:
        flush_pending(r, number, true);
        sync_names(r, number, NULL);
        break;
    case JOURNAL_SYNC_FAILED:
        flush_pending(r, number, false); /* INV4 */
        break;
    case JOURNAL_MAP:
        file->mapped = true;
        break;
    default:
        add_change(file, record);
    }
}

static void replay_record(struct replay *r, const struct journal_record *record)
{
    const char *name = quipu_journal_names(record);
    struct name *from, *to;

    switch (record->kind) {
    case JOURNAL_OPEN:
    case JOURNAL_CREATE:
    case JOURNAL_LINK:
        open_name(r, record);
        break;
    case JOURNAL_SYNC_FOLDER:
        sync_names(r, -1, name);
        break;
    case JOURNAL_REMOVE:
        find_name(r, name)->file = -1;
        break;
    case JOURNAL_RENAME:
        from = find_name(r, name);
        to = find_name(r, name + strlen(name) + 1);
        to->file = from->file;
        from->file = -1;
        break;
    case JOURNAL_MARK:
        break;
    default:
        change_file(r, record);
    }
}

/* ---------------------------------------------------------------- the cut */

/* Creates the folders above a path. */
static void make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST, "cannot create %s: %s",
              path, strerror(errno));
        *slash = '/';
    }
}

/* Returns true if one of the names is that of the file now, or, if `chosen`,
 * in the image. */
static bool has_name(const struct replay *r, int file, bool chosen)
{
    for (int i = 0; i < r->name_count; i++) {
        const struct name *name = &r->names[i];

        if ((chosen ? name->chosen : name->file) == file) {
            return true;
        }
    }
    return false;
}

/* Chooses for each name its old or its new file: INV3. */
static void choose_names(struct replay *r)
{
    for (int i = 0; i < r->name_count; i++) {
        struct name *name = &r->names[i];

        name->chosen = random_below(&r->random, 2) ? name->durable : name->file;
    }
    for (int i = 0; i < r->name_count; i++) {
        struct name *name = &r->names[i];

        if (name->durable >= 0 && has_name(r, name->durable, false) &&
            !has_name(r, name->durable, true)) {
            name->chosen = name->durable;
        }
    }
}

/* Gives a name its file in the image. */
static void write_name(struct replay *r, const struct name *name)
{
    char from[PATH + 32], to[2 * PATH];
    int file = name->chosen;

    if (file < 0) {
        return;
    }
    if (r->files[file].mapped) {
        int disk = open_at(r->cut->disk, name->path, O_RDONLY);

        if (disk >= 0) {
            int copy = open_copy(r, file, O_RDWR);

            mix_sectors(&r->random, copy, disk);
            close(copy);
            close(disk);
        }
    }
    snprintf(from, sizeof(from), "%s/.file-%d", r->cut->image, file);
    snprintf(to, sizeof(to), "%s/%s", r->cut->image, name->path);
    make_folders(to);
    CHECK(link(from, to) == 0, "cannot create %s: %s", to, strerror(errno));
}

/* Argument of load_file: nftw has no parameter for one. */
static struct replay *loading;

/* Adds a file of the base folder. */
static int load_file(const char *path, const struct stat *status, int kind,
                     struct FTW *walk)
{
    struct name *name;
    int from, to;

    (void)status;
    (void)walk;
    if (kind != FTW_F) {
        return 0;
    }
    name = find_name(loading, path + strlen(loading->cut->base) + 1);
    name->file = name->durable = add_file(loading);
    from = open(path, O_RDONLY | O_CLOEXEC);
    to = open_copy(loading, name->file, O_WRONLY);
    CHECK(from >= 0, "cannot open %s: %s", path, strerror(errno));
    copy_file(from, to);
    close(from);
    close(to);
    return 0;
}

static void write_image(struct replay *r)
{
    for (int i = 0; i < r->file_count; i++) {
        flush_pending(r, i, false);
    }
    choose_names(r);
    for (int i = 0; i < r->name_count; i++) {
        write_name(r, &r->names[i]);
    }
    for (int i = 0; i < r->file_count; i++) {
        char path[2 * PATH];

        snprintf(path, sizeof(path), "%s/.file-%d", r->cut->image, i);
        unlink(path);
        free(r->files[i].changes);
    }
}

void quipu_disk_image_make(const struct quipu_journal *journal,
                           const struct quipu_power_cut *cut)
{
    struct replay *r = calloc(1, sizeof(*r));

    CHECK(r, "out of memory for the disk image");
    CHECK(mkdir(cut->image, 0700) == 0, "cannot create %s: %s", cut->image,
          strerror(errno));
    r->cut = cut;
    r->random = cut->seed;
    if (cut->base) {
        loading = r;
        CHECK(nftw(cut->base, load_file, 16, FTW_PHYS) == 0,
              "cannot read the folder %s: %s", cut->base, strerror(errno));
    }
    for (size_t i = 0; i < cut->end; i++) {
        replay_record(r, quipu_journal_at(journal, i));
    }
    write_image(r);
    free(r);
}
