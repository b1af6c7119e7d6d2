/* SPDX-License-Identifier: Apache-2.0 */
/* The disk that can lose power; see disk.h for the method. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS 4096
#define FILES 256
#define PATH_ROOM 1024

/* A write that is not durable; a truncation has no data. */
struct change {
    struct change *next;
    unsigned char *data;
    size_t size;
    off_t offset;
};

/* A file, by number; its durable content is "<image>/.file-<number>". */
struct file {
    dev_t device;
    ino_t inode;
    bool used;
    struct change *changes;
    struct change **last;
};

/* A name, durable or not yet, or durably there but removed since. */
struct name {
    char path[PATH_ROOM]; /* below the folder */
    int file;             /* where it leads now, or -1: removed */
    int durable;          /* where it leads durably, or -1: nowhere */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char folder[PATH_ROOM];
static char image[PATH_ROOM];
static uint64_t random_state;
static struct file files[FILES];
static struct name names[FILES];
static size_t name_count;
static int file_of_fd[FDS]; /* number + 1; -1 - 0: none, FOLDER: the folder */

/* The calls made here for the image go through the same libc names. */
static _Thread_local bool inside;

#define NO_FILE 0
#define FOLDER (-1)

/* A harness that cannot go on must not look like a driver that failed. */
static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "power cut: %s: %s\n", what, strerror(errno));
    _exit(98);
}

static void enter(void)
{
    (void)pthread_mutex_lock(&lock);
    inside = true;
}

static void leave(void)
{
    inside = false;
    (void)pthread_mutex_unlock(&lock);
}

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
 * generators, 2014). */
static uint64_t next_random(void)
{
    uint64_t z = (random_state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

void disk_start(const char *watched, const char *durable, uint64_t seed)
{
    (void)snprintf(folder, sizeof folder, "%s", watched);
    (void)snprintf(image, sizeof image, "%s", durable);
    random_state = seed;
}

bool disk_watches(const char *path)
{
    size_t length = strlen(folder);
    return length > 0 && strncmp(path, folder, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

static const char *below(const char *path)
{
    const char *rest = path + strlen(folder);
    return *rest == '/' ? rest + 1 : rest;
}

static int image_open(int number, int flags)
{
    char path[PATH_ROOM + 32];
    (void)snprintf(path, sizeof path, "%s/.file-%d", image, number);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0) {
        give_up(path);
    }
    return fd;
}

/* Writes all, at an offset, into a durable copy. */
static void put(int fd, const unsigned char *data, size_t size, off_t offset)
{
    while (size > 0) {
        ssize_t n = pwrite(fd, data, size, offset);
        if (n <= 0) {
            give_up("writing a durable copy");
        }
        data += n;
        offset += n;
        size -= (size_t)n;
    }
}

/* What a file held before this process first opened it is durable. */
static void copy_content(int from, int to)
{
    unsigned char buffer[65536];
    off_t offset = 0;
    ssize_t n;
    while ((n = pread(from, buffer, sizeof buffer, offset)) > 0) {
        put(to, buffer, (size_t)n, offset);
        offset += n;
    }
}

static int find_file(const struct stat *info)
{
    for (int i = 0; i < FILES; i++) {
        if (files[i].used && files[i].device == info->st_dev &&
            files[i].inode == info->st_ino) {
            return i;
        }
    }
    return -1;
}

static int add_file(const struct stat *info, const char *path, bool created)
{
    int number = 0;
    while (number < FILES && files[number].used) {
        number++;
    }
    if (number == FILES) {
        give_up("too many files");
    }
    files[number] = (struct file){ .device = info->st_dev,
                                   .inode = info->st_ino,
                                   .used = true };
    files[number].last = &files[number].changes;
    int copy = image_open(number, O_RDWR | O_CREAT | O_TRUNC);
    if (!created) {
        int from = open(path, O_RDONLY | O_CLOEXEC);
        if (from >= 0) {
            copy_content(from, copy);
            (void)close(from);
        }
    }
    (void)close(copy);
    return number;
}

static struct name *find_name(const char *path)
{
    for (size_t i = 0; i < name_count; i++) {
        if (strcmp(names[i].path, below(path)) == 0) {
            return &names[i];
        }
    }
    if (name_count == FILES) {
        give_up("too many names");
    }
    struct name *name = &names[name_count++];
    (void)snprintf(name->path, sizeof name->path, "%s", below(path));
    name->file = name->durable = -1;
    return name;
}

void disk_opened(int fd, const char *path, bool created)
{
    struct stat info;
    if (inside || fd < 0 || fd >= FDS || fstat(fd, &info) != 0) {
        return;
    }
    enter();
    if (S_ISDIR(info.st_mode)) {
        file_of_fd[fd] = FOLDER;
    } else if (S_ISREG(info.st_mode)) {
        /* A new file may have the inode of one that was removed. */
        int number = find_file(&info);
        bool known = number >= 0;
        if (created && number >= 0) {
            files[number].inode = 0;
            number = -1;
        }
        if (number < 0) {
            number = add_file(&info, path, created);
        }
        struct name *name = find_name(path);
        name->file = number;
        /* What was there before this process is durable. */
        if (!created && !known) {
            name->durable = number;
        }
        file_of_fd[fd] = number + 1;
    }
    leave();
}

void disk_closed(int fd)
{
    if (!inside && fd >= 0 && fd < FDS) {
        enter();
        file_of_fd[fd] = NO_FILE;
        leave();
    }
}

bool disk_knows(int fd)
{
    bool known = false;
    if (!inside && fd >= 0 && fd < FDS) {
        enter();
        known = file_of_fd[fd] != NO_FILE;
        leave();
    }
    return known;
}

static void remember(int fd, const void *data, size_t size, off_t offset)
{
    struct change *change = calloc(1, sizeof *change);
    unsigned char *copy = data != NULL ? malloc(size) : NULL;
    if (change == NULL || (data != NULL && copy == NULL)) {
        give_up("remembering a write");
    }
    if (copy != NULL) {
        memcpy(copy, data, size);
    }
    *change = (struct change){ .data = copy, .size = size, .offset = offset };
    enter();
    if (file_of_fd[fd] > 0) {
        struct file *file = &files[file_of_fd[fd] - 1];
        *file->last = change;
        file->last = &change->next;
        change = NULL;
    }
    leave();
    if (change != NULL) { /* closed meanwhile */
        free(change->data);
        free(change);
    }
}

void disk_wrote(int fd, const void *data, size_t size, off_t offset)
{
    if (size > 0) {
        remember(fd, data, size, offset);
    }
}

void disk_truncated(int fd, off_t size)
{
    remember(fd, NULL, 0, size);
}

void disk_removed(const char *path)
{
    enter();
    find_name(path)->file = -1;
    leave();
}

void disk_renamed(const char *from, const char *to)
{
    enter();
    struct name *source = find_name(from);
    find_name(to)->file = source->file;
    source->file = -1;
    leave();
}

static void apply(int copy, const struct change *change)
{
    if (change->data != NULL) {
        put(copy, change->data, change->size, change->offset);
    } else if (ftruncate(copy, change->offset) != 0) {
        give_up("truncating a durable copy");
    }
}

/* Lets each sector of a write arrive or not. */
static void apply_torn(int copy, const struct change *change)
{
    size_t done = 0;
    while (done < change->size) {
        off_t at = change->offset + (off_t)done;
        size_t piece = DISK_SECTOR - (size_t)(at % DISK_SECTOR);
        if (piece > change->size - done) {
            piece = change->size - done;
        }
        if (next_random() % 2 == 0) {
            put(copy, change->data + done, piece, at);
        }
        done += piece;
    }
}

/* What arrives of a change when the power goes. */
static void apply_by_chance(int copy, const struct change *change)
{
    uint64_t fate = next_random() % 3;
    if (fate == 0) {
        return;
    }
    if (fate == 1 && change->data != NULL) {
        apply_torn(copy, change);
    } else {
        apply(copy, change);
    }
}

/* Takes a file's changes off, giving each to `what`. */
static void settle(int number, void (*what)(int copy, const struct change *))
{
    struct file *file = &files[number];
    int copy = image_open(number, O_RDWR);
    while (file->changes != NULL) {
        struct change *change = file->changes;
        file->changes = change->next;
        what(copy, change);
        free(change->data);
        free(change);
    }
    file->last = &file->changes;
    (void)close(copy);
}

void disk_synced(int fd)
{
    enter();
    int number = file_of_fd[fd] - 1;
    if (number >= 0) {
        settle(number, apply);
    }
    for (size_t i = 0; i < name_count; i++) {
        if (file_of_fd[fd] == FOLDER || names[i].file == number) {
            names[i].durable = names[i].file;
        }
    }
    leave();
}

void disk_wrote_durably(int fd, const void *data, size_t size, off_t offset)
{
    enter();
    if (file_of_fd[fd] > 0) {
        int copy = image_open(file_of_fd[fd] - 1, O_RDWR);
        put(copy, data, size, offset);
        (void)close(copy);
    }
    leave();
}

/* Makes the folders above a path in the image. */
static void make_folders(char *path)
{
    for (char *slash = path + strlen(image) + 1;
         (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            give_up(path);
        }
        *slash = '/';
    }
}

/* Gives a durable copy its name in the image. */
static void materialise(const struct name *name)
{
    char from[PATH_ROOM + 32];
    char to[2 * PATH_ROOM + 2];
    int leads = next_random() % 2 == 0 ? name->durable : name->file;
    if (leads < 0) {
        return;
    }
    (void)snprintf(from, sizeof from, "%s/.file-%d", image, leads);
    (void)snprintf(to, sizeof to, "%s/%.*s", image, PATH_ROOM - 1, name->path);
    make_folders(to);
    if (link(from, to) != 0) {
        give_up(to);
    }
}

void disk_cut(void)
{
    enter(); /* for good */
    for (int i = 0; i < FILES; i++) {
        if (files[i].used) {
            settle(i, apply_by_chance);
        }
    }
    for (size_t i = 0; i < name_count; i++) {
        materialise(&names[i]);
    }
    for (int i = 0; i < FILES; i++) {
        if (files[i].used) {
            char path[PATH_ROOM + 32];
            (void)snprintf(path, sizeof path, "%s/.file-%d", image, i);
            (void)unlink(path);
        }
    }
}
