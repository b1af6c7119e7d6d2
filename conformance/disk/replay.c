/* SPDX-License-Identifier: Apache-2.0 */
/* Replays a journal up to a power cut. */
#include "replay.h"

#include "platter.h"
#include "trial/check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM 512  /* for files, and for names */
#define PATH 1024 /* for a path */

/* A file; its durable content is "<image>/.file-<number>". */
struct file {
    uint64_t device, inode;
    bool known; /* by its inode, which may be given again */
    bool mapped;
    const struct journal_record **changes; /* that are pending, and stores */
    size_t count, room;
};

/* A name, durable or not yet, or durably there but removed since. */
struct name {
    char path[PATH]; /* below the folder */
    int file;        /* where it leads now, or -1: removed */
    int durable;     /* where it leads durably, or -1: nowhere */
};

struct replay {
    const struct quipu_cut *cut;
    uint64_t random;
    struct file files[ROOM];
    int file_count;
    struct name names[ROOM];
    int name_count;
};

static int open_at(const char *folder, const char *name, int flags)
{
    char path[2 * PATH];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, flags | O_CLOEXEC, 0600);
    CHECK(fd >= 0 || !(flags & O_CREAT), "cannot make %s: %s", path,
          strerror(errno));
    return fd;
}

static int open_copy(const struct replay *r, int file, int flags)
{
    char name[32];

    snprintf(name, sizeof(name), ".file-%d", file);
    return open_at(r->cut->image, name, flags | O_CREAT);
}

static struct name *find_name(struct replay *r, const char *path)
{
    struct name *name;

    for (int i = 0; i < r->name_count; i++) {
        if (strcmp(r->names[i].path, path) == 0) {
            return &r->names[i];
        }
    }
    CHECK(r->name_count < ROOM, "too many names for a power cut");
    name = &r->names[r->name_count++];
    snprintf(name->path, sizeof(name->path), "%s", path);
    name->file = name->durable = -1;
    return name;
}

static int add_file(struct replay *r)
{
    CHECK(r->file_count < ROOM, "too many files for a power cut");
    close(open_copy(r, r->file_count, O_WRONLY));
    return r->file_count++;
}

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

/* ---------------------------------------------------------------- its course
 */

/* A name leads to a file: one from before, a new one, or one known. */
static void open_name(struct replay *r, const struct journal_record *record)
{
    struct name *name = find_name(r, quipu_journal_names(record));
    int known = find_file(r, record);

    if (record->kind == JOURNAL_CREATE && known >= 0) {
        r->files[known].known = false; /* its inode is given again */
        known = -1;
    }
    if (known < 0 && record->kind == JOURNAL_OPEN && name->file >= 0) {
        known = name->file; /* from before, and now its inode is known */
    }
    if (known < 0) {
        known = add_file(r);
    }
    r->files[known].known = true;
    r->files[known].device = record->device;
    r->files[known].inode = record->inode;
    name->file = known;
}

/* Ends what is pending of a file. */
static void settle(struct replay *r, int number, bool durably)
{
    struct file *file = &r->files[number];
    int copy;

    if (file->count == 0) {
        return;
    }
    copy = open_copy(r, number, O_RDWR);
    for (size_t i = 0; i < file->count; i++) {
        if (durably) {
            quipu_platter_apply(copy, file->changes[i]);
        } else {
            quipu_platter_apply_by_chance(&r->random, copy, file->changes[i]);
        }
    }
    file->count = 0;
    close(copy);
}

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
        CHECK(file->changes, "no memory for a power cut");
    }
    file->changes[file->count++] = record;
}

static void change_file(struct replay *r, const struct journal_record *record)
{
    int number = find_file(r, record);
    struct file *file = &r->files[number];

    if (number < 0) {
        return; /* removed by its last user, and opened by another name */
    }
    switch (record->kind) {
    case JOURNAL_SYNC:
        settle(r, number, true);
        sync_names(r, number, NULL);
        break;
    case JOURNAL_SYNC_FAILED:
        settle(r, number, false);
        break;
    case JOURNAL_MAP:
        file->mapped = true;
        break;
    default:
        add_change(file, record);
    }
}

static void happen(struct replay *r, const struct journal_record *record)
{
    const char *name = quipu_journal_names(record);
    struct name *from, *to;

    switch (record->kind) {
    case JOURNAL_OPEN:
    case JOURNAL_CREATE:
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

/* ------------------------------------------------------------------ the cut */

/* Makes the folders above a path. */
static void make_folders(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        CHECK(mkdir(path, 0700) == 0 || errno == EEXIST, "cannot make %s",
              path);
        *slash = '/';
    }
}

/* Gives a durable copy its name in the image. */
static void materialise(struct replay *r, const struct name *name)
{
    char from[PATH + 32], to[2 * PATH];
    int leads = quipu_chance(&r->random, 2) ? name->durable : name->file;

    if (leads < 0) {
        return;
    }
    if (r->files[leads].mapped) {
        int disk = open_at(r->cut->disk, name->path, O_RDONLY);

        if (disk >= 0) {
            int copy = open_copy(r, leads, O_RDWR);

            quipu_platter_mix(&r->random, copy, disk);
            close(copy);
            close(disk);
        }
    }
    snprintf(from, sizeof(from), "%s/.file-%d", r->cut->image, leads);
    snprintf(to, sizeof(to), "%s/%s", r->cut->image, name->path);
    make_folders(to);
    CHECK(link(from, to) == 0, "cannot make %s: %s", to, strerror(errno));
}

/* For nftw, which passes nothing on. */
static struct replay *taking;

static int take_one(const char *path, const struct stat *status, int kind,
                    struct FTW *walk)
{
    struct name *name;
    int from, to;

    (void)status;
    (void)walk;
    if (kind != FTW_F) {
        return 0;
    }
    name = find_name(taking, path + strlen(taking->cut->base) + 1);
    name->file = name->durable = add_file(taking);
    from = open(path, O_RDONLY | O_CLOEXEC);
    to = open_copy(taking, name->file, O_WRONLY);
    CHECK(from >= 0, "cannot read %s", path);
    quipu_platter_copy(from, to);
    close(from);
    close(to);
    return 0;
}

static void end(struct replay *r)
{
    for (int i = 0; i < r->file_count; i++) {
        settle(r, i, false);
    }
    for (int i = 0; i < r->name_count; i++) {
        materialise(r, &r->names[i]);
    }
    for (int i = 0; i < r->file_count; i++) {
        char path[2 * PATH];

        snprintf(path, sizeof(path), "%s/.file-%d", r->cut->image, i);
        unlink(path);
        free(r->files[i].changes);
    }
}

void quipu_journal_cut(const struct quipu_journal *journal,
                       const struct quipu_cut *cut)
{
    struct replay *r = calloc(1, sizeof(*r));

    CHECK(r, "no memory for a power cut");
    CHECK(mkdir(cut->image, 0700) == 0, "cannot make %s", cut->image);
    r->cut = cut;
    r->random = cut->seed;
    if (cut->base) {
        taking = r;
        CHECK(nftw(cut->base, take_one, 16, FTW_PHYS) == 0, "cannot copy %s",
              cut->base);
    }
    for (size_t i = 0; i < cut->end; i++) {
        happen(r, quipu_journal_at(journal, i));
    }
    end(r);
    free(r);
}
