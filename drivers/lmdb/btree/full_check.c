/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a whole data file (full_check.h).
 *
 * The file is mapped.  First comes the check that precedes each opening
 * (file_check.c).  Then each tree is read from its first entry to its last: the
 * free list, the main database, and the databases of quipu that the main one
 * names.  Those of an application are not known to be like quipu's, and are
 * left out.
 *
 *   - Every page and entry must be sound (page.h; the snapshot is strict).
 *   - A tree must have as many entries as its description says, so that a page
 *     that is sound but old does not pass.
 *   - The ids of items must be 1, 2, 3 ..., and each item must have the
 *     checksum that its value begins with.  So must each entry.
 *
 * A tree cannot have more entries than fit in the file, so a damaged tree whose
 * branches share pages does not keep the check from ending.
 */
#include "btree/full_check.h"

#include "btree/btree.h"
#include "btree/file_check.h"
#include "btree/page.h"
#include "error.h"
#include "format/checksum.h"
#include "format/entry_format.h"
#include "txn/map.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROCEED_ENTRIES 4096 /* between two calls of `proceed` */
#define STOPPED (-1)         /* beside LMDB's codes, which begin at -30799 */

struct whole_file {
    const struct full_check *check;
    struct map map;
    size_t size;
    struct lmdb_meta meta;
    struct snapshot snapshot;
    uint64_t read; /* entries, of all trees */
};

/* Checks one entry of a tree; returns LMDB's code. */
typedef int (*check_entry)(struct whole_file *file, uint64_t index,
                           const MDB_val *key, const MDB_val *value);

static int accept_entry(struct whole_file *file, uint64_t index,
                        const MDB_val *key, const MDB_val *value)
{
    (void)file;
    (void)index;
    (void)key;
    (void)value;
    return MDB_SUCCESS;
}

static int check_item(struct whole_file *file, uint64_t index,
                      const MDB_val *key, const MDB_val *value)
{
    int64_t id = 0;
    uint32_t checksum = 0;

    (void)file;
    if (key->mv_size != sizeof(id) || value->mv_size < sizeof(checksum)) {
        return MDB_CORRUPTED;
    }
    memcpy(&id, key->mv_data, sizeof(id));
    memcpy(&checksum, value->mv_data, sizeof(checksum));
    return id == (int64_t)index + 1 &&
                   checksum == checksum_of_record(value->mv_data,
                                                  value->mv_size, (uint64_t)id)
               ? MDB_SUCCESS
               : MDB_CORRUPTED;
}

static int check_key_value(struct whole_file *file, uint64_t index,
                           const MDB_val *key, const MDB_val *value)
{
    quipu_entry entry;

    (void)file;
    (void)index;
    return quipu_lmdb_entry_format_read(key, value, &entry) ? MDB_SUCCESS
                                                            : MDB_CORRUPTED;
}

static bool proceed(struct whole_file *file)
{
    return ++file->read % PROCEED_ENTRIES != 0 || !file->check->proceed ||
           file->check->proceed(file->check->context);
}

/* Reads all entries of a tree. */
static int check_tree(struct whole_file *file, const struct lmdb_tree *tree,
                      enum tree_kind kind, check_entry check)
{
    static const int64_t zero = 0;
    const bool integers = kind == TREE_FREE || kind == TREE_ITEMS;
    const MDB_val first = { integers ? sizeof(zero) : 0, (void *)&zero };
    const uint64_t most = file->size / sizeof(struct lmdb_node);
    struct btree_cursor cursor;
    uint64_t count = 0;
    MDB_val key;
    MDB_val value;

    if (kind != TREE_FREE &&
        !lmdb_tree_is_sound(tree, file->meta.last,
                            integers ? LMDB_TREE_INTEGERS : 0)) {
        return MDB_CORRUPTED;
    }
    quipu_lmdb_page_cursor_open_tree(&cursor, &file->snapshot, tree, kind);
    int code = btree_seek(&cursor, first);

    while (code == MDB_SUCCESS && count <= most) {
        code = btree_entry(&cursor, &key, &value);
        if (code == MDB_SUCCESS) {
            code = check(file, count++, &key, &value);
        }
        if (code == MDB_SUCCESS) {
            code = proceed(file) ? btree_step(&cursor, false) : STOPPED;
        }
    }
    if (code == STOPPED) {
        return code;
    }
    return code == MDB_NOTFOUND && count == tree->entries ? MDB_SUCCESS
                                                          : MDB_CORRUPTED;
}

/* Returns the kind of a database of quipu: "items", "index" or "events" for
 * "quipu.00001.items" ..., "t" for "quipu.t.1", "e" for "quipu.e.1", NULL for
 * another name. */
static const char *kind_of(const char *name)
{
    static const char prefix[] = "quipu.";
    static const char digits[] = "0123456789";
    const char *at = name + sizeof(prefix) - 1;

    if (strncmp(name, prefix, sizeof(prefix) - 1) != 0) {
        return NULL;
    }
    if (strncmp(at, "t.", 2) == 0 || strncmp(at, "e.", 2) == 0) {
        const char *kind = *at == 't' ? "t" : "e";

        at += 2;
        return *at && at[strspn(at, digits)] == '\0' ? kind : NULL;
    }
    const size_t count = strspn(at, digits);

    return count > 0 && at[count] == '.' ? at + count + 1 : NULL;
}

/* Reads the database that an entry of the main database names, if it is one of
 * quipu's. */
static int check_named(struct whole_file *file, uint64_t index,
                       const MDB_val *key, const MDB_val *value)
{
    char name[DATABASE_NAME_MAX];
    struct lmdb_tree tree;

    (void)index;
    if (value->mv_size != sizeof(tree) || key->mv_size >= sizeof(name)) {
        return MDB_SUCCESS;
    }
    memcpy(name, key->mv_data, key->mv_size);
    name[key->mv_size] = '\0';
    memcpy(&tree, value->mv_data, sizeof(tree));
    const char *kind = kind_of(name);

    if (!kind) {
        return MDB_SUCCESS;
    }
    if (strcmp(kind, "items") == 0) {
        return check_tree(file, &tree, TREE_ITEMS, check_item);
    }
    if (strcmp(kind, "e") == 0) {
        return check_tree(file, &tree, TREE_ENTRIES, check_key_value);
    }
    return strcmp(kind, "index") == 0 || strcmp(kind, "events") == 0 ||
                   strcmp(kind, "t") == 0
               ? check_tree(file, &tree, TREE_KEYS, accept_entry)
               : MDB_SUCCESS;
}

static int check_trees(struct whole_file *file)
{
    int code = check_tree(file, &file->meta.free, TREE_FREE, accept_entry);

    return code == MDB_SUCCESS
               ? check_tree(file, &file->meta.main, TREE_MAIN, check_named)
               : code;
}

/* ------------------------------------------------------------------- file */

/* Maps the file and finds the newer meta page; file_check_run has accepted
 * both. Returns 0 or an errno. */
static int map_file(struct whole_file *file, size_t page_size)
{
    struct stat info;
    int fd = open(file->check->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        return errno;
    }
    int code = fstat(fd, &info) == 0 ? 0 : errno;
    void *base = MAP_FAILED;

    if (code == 0) {
        file->size = (size_t)info.st_size;
        base = mmap(NULL, file->size, PROT_READ, MAP_SHARED, fd, 0);
        code = base == MAP_FAILED ? errno : 0;
    }
    (void)close(fd);
    if (code == 0) {
        file->map.base = base;
        file->map.fd = -1;
        file->map.size = SIZE_MAX;
        file->map.page_size = page_size;
        atomic_store(&file->map.end, file->size / page_size);
    }
    return code;
}

static int check_mapped(struct whole_file *file)
{
    struct lmdb_meta odd;

    quipu_lmdb_snapshot_read_meta(&file->map, 0, &file->meta);
    quipu_lmdb_snapshot_read_meta(&file->map, 1, &odd);
    if (odd.txnid > file->meta.txnid) {
        file->meta = odd;
    }
    int code = quipu_lmdb_snapshot_set(&file->snapshot, &file->map, &file->meta,
                                       file->meta.txnid);

    file->snapshot.strict = true;
    return code == MDB_SUCCESS ? check_trees(file) : code;
}

int quipu_lmdb_full_check_run(const struct full_check *check,
                              quipu_error *error)
{
    const quipu_host *host = check->host;
    struct whole_file file = { .check = check };
    struct file_check first = { .host = host, .path = check->path };
    int status = quipu_lmdb_file_check_run(&first, error);

    if (status != QUIPU_OK) {
        return status;
    }
    int code = map_file(&file, first.page_size);

    if (code != 0) {
        return quipu_common_error_set_system(host, check->path, code, "map",
                                             error);
    }
    code = check_mapped(&file);
    (void)munmap((void *)file.map.base, file.size);
    if (code == STOPPED) {
        return host->error_set(error, QUIPU_TIMEOUT, 0, NULL,
                               "the copying of \"%s\" was stopped; nothing has "
                               "changed",
                               check->name);
    }
    return code == MDB_SUCCESS ? QUIPU_OK
                               : host->error_set(error, QUIPU_CORRUPT, code,
                                                 NULL, "\"%s\" is damaged; %s",
                                                 check->name, check->remedy);
}
