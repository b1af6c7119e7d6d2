/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a data file before LMDB opens it (file_check.h).
 *
 * The file is mapped for reading and read by page_cursor.c: the meta pages, the
 * path to the store's record, and, if the file is shorter than the meta page
 * says, the whole free list.  LMDB need not write pages that it allocated and
 * gave up in one transaction, so a file may lack free pages at its end, and
 * nothing else.
 *
 * Other processes may write meanwhile, and no reader slot keeps their pages in
 * place: LMDB reuses a page of a state from two transactions later on.  So
 *
 * INV1  Nothing that was read from the map is trusted: page.h, INV2.
 * INV2  A page is read only inside the bytes that were mapped.  If the file has
 *       grown since, the attempt is repeated.
 * INV3  A fault counts only if it is found ATTEMPTS times, or in a state that
 * is still current: otherwise a page has been reused.
 */
#include "btree/file_check.h"

#include "btree/btree.h"
#include "btree/page.h"
#include "catalogue/store.h"
#include "error.h"
#include "format/checksum.h"
#include "txn/map.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS 10

/* Sizes beyond LMDB's own are found to be sizes all the same, so that the file
 * is not called damaged. */
#define PAGE_SIZE_LEAST 256
#define PAGE_SIZE_MOST 65536

enum file_status {
    FILE_OK,
    FILE_FOREIGN, /* not LMDB's */
    FILE_VERSION, /* of another data version of LMDB */
    FILE_PAGES,   /* of a page size that LMDB 0.9 does not write */
    FILE_DAMAGED,
    FILE_CUT,      /* pages in use lie beyond its end */
    FILE_NO_STORE, /* LMDB's, but without a store's record */
    FILE_LOADED,   /* the same, with the databases of a store */
    FILE_GROWN,    /* since it was mapped */
    FILE_ERROR     /* a system call failed: errno */
};

/* The mapped file. */
struct file {
    int fd;
    struct map map;        /* only the members that page.c reads */
    size_t size;           /* bytes of the file and of the map */
    struct lmdb_meta meta; /* the newer one */
    struct snapshot snapshot;
    struct store_record store;
};

/* --------------------------------------------------------------- mapping */

static enum file_status map_file(struct file *file)
{
    struct stat info;
    if (fstat(file->fd, &info) != 0) {
        return FILE_ERROR;
    }
    file->size = (size_t)info.st_size;
    if (file->size < sizeof(struct lmdb_page_header) + sizeof(file->meta)) {
        return FILE_FOREIGN;
    }
    void *base = mmap(NULL, file->size, PROT_READ, MAP_SHARED, file->fd, 0);
    if (base == MAP_FAILED) {
        return FILE_ERROR;
    }
    file->map.base = base;
    file->map.fd = -1;         /* so that quipu_lmdb_map_extends fails: INV2 */
    file->map.size = SIZE_MAX; /* the file may lack free pages */
    return FILE_OK;
}

static void unmap_file(struct file *file)
{
    if (file->map.base) {
        (void)munmap((void *)file->map.base, file->size);
        file->map.base = NULL;
    }
}

/* ------------------------------------------------------------- meta pages */

static bool is_page_size(uint32_t size)
{
    return size >= PAGE_SIZE_LEAST && size <= PAGE_SIZE_MOST &&
           (size & (size - 1)) == 0;
}

static enum file_status read_meta(const struct file *file, uint64_t number,
                                  struct lmdb_meta *meta)
{
    size_t at = number * file->map.page_size;
    struct lmdb_page_header header;
    if (at + sizeof(header) + sizeof(*meta) > file->size) {
        return FILE_CUT;
    }
    header = page_header_of(file->map.base + at);
    memcpy(meta, file->map.base + at + sizeof(header), sizeof(*meta));
    if (meta->magic != LMDB_MAGIC || (header.flags & LMDB_META) == 0) {
        return FILE_FOREIGN;
    }
    if (meta->version != LMDB_DATA_VERSION) {
        return FILE_VERSION;
    }
    return is_page_size(meta->free.pad) && meta->last >= 1 &&
                   meta->last < INT64_MAX / PAGE_SIZE_MOST
               ? FILE_OK
               : FILE_DAMAGED;
}

/* Picks the newer meta page.  Only its trees are checked: after a commit that
 * failed, LMDB leaves the trees of that commit in the older page, with the
 * number of the commit before. */
static enum file_status pick_meta(struct file *file)
{
    struct lmdb_meta both[2];
    file->map.page_size = 0;
    enum file_status status = read_meta(file, 0, &both[0]);
    if (status != FILE_OK) {
        return status;
    }
    file->map.page_size = both[0].free.pad;
    status = read_meta(file, 1, &both[1]);
    if (status != FILE_OK) {
        return status == FILE_FOREIGN ? FILE_DAMAGED : status;
    }
    uint64_t even = both[0].txnid;
    uint64_t odd = both[1].txnid;
    bool in_turn = even % 2 == 0 && (odd % 2 == 1 || odd == 0) &&
                   (even > odd ? even - odd : odd - even) <= 1;
    file->meta = even > odd ? both[0] : both[1];
    if (!in_turn || both[1].free.pad != both[0].free.pad ||
        !lmdb_tree_is_sound(&file->meta.main, file->meta.last, 0) ||
        !lmdb_tree_is_sound(&file->meta.free, file->meta.last,
                            LMDB_TREE_INTEGERS)) {
        return FILE_DAMAGED;
    }
    return file->map.page_size >= LMDB_PAGE_MIN &&
                   file->map.page_size <= LMDB_PAGE_MAX
               ? FILE_OK
               : FILE_PAGES;
}

/* The meta page may have been written after the file was mapped, and the file
 * have grown before that (INV2). */
static enum file_status check_size(const struct file *file)
{
    struct stat info;
    if (fstat(file->fd, &info) != 0) {
        return FILE_ERROR;
    }
    return (size_t)info.st_size > file->size ? FILE_GROWN : FILE_OK;
}

/* ------------------------------------------------------- the store's record */

/* mdb_dump writes the named databases, and leaves out the records beside them,
 * so that mdb_load makes a file with databases of quipu and no catalogue. */
static bool has_databases(const struct file *file)
{
    static const char *const names[] = { "quipu.00001.items", "quipu.t.1" };
    MDB_val value;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const MDB_val key = { strlen(names[i]), (void *)names[i] };
        if (btree_lookup(&file->snapshot, &quipu_lmdb_store_main, key,
                         &value) == MDB_SUCCESS) {
            return true;
        }
    }
    return false;
}

static enum file_status read_store(struct file *file)
{
    MDB_val value;
    int code = btree_lookup(&file->snapshot, &quipu_lmdb_store_main,
                            store_key(), &value);
    if (code == MDB_NOTFOUND) {
        return has_databases(file) ? FILE_LOADED : FILE_NO_STORE;
    }
    if (code != MDB_SUCCESS || value.mv_size != sizeof(file->store)) {
        return FILE_DAMAGED;
    }
    memcpy(&file->store, value.mv_data, sizeof(file->store));
    return file->store.checksum ==
                   checksum_of_record(&file->store, sizeof(file->store), 0)
               ? FILE_OK
               : FILE_DAMAGED;
}

/* -------------------------------------------------------- the file's length */

/* Adds to *beyond the pages of a free list that lie beyond the file's end. */
static enum file_status count_list(const struct file *file,
                                   const MDB_val *value, uint64_t *beyond)
{
    const uint64_t end = file->size / file->map.page_size;
    const unsigned char *at = value->mv_data;
    uint64_t number;
    uint64_t count;
    if (value->mv_size < sizeof(count)) {
        return FILE_DAMAGED;
    }
    memcpy(&count, at, sizeof(count));
    if (count > value->mv_size / sizeof(count) - 1) {
        return FILE_DAMAGED;
    }
    while (count-- > 0) {
        at += sizeof(number);
        memcpy(&number, at, sizeof(number));
        *beyond += number >= end && number <= file->meta.last;
    }
    return FILE_OK;
}

/* All pages beyond the end of the file must be free. */
static enum file_status check_end(const struct file *file)
{
    static const int64_t zero = 0;
    const uint64_t end = file->size / file->map.page_size;
    struct btree_cursor cursor;
    uint64_t beyond = 0;
    MDB_val key = { sizeof(zero), (void *)&zero };
    MDB_val value;
    enum file_status status = FILE_OK;
    if (end > file->meta.last) {
        return FILE_OK;
    }
    quipu_lmdb_page_cursor_open_tree(&cursor, &file->snapshot,
                                     &file->snapshot.free, TREE_FREE);
    int code = btree_seek(&cursor, key);
    while (code == MDB_SUCCESS && status == FILE_OK) {
        code = btree_entry(&cursor, &key, &value);
        if (code == MDB_SUCCESS) {
            status = count_list(file, &value, &beyond);
            code = btree_step(&cursor, false);
        }
    }
    if (status != FILE_OK || (code != MDB_NOTFOUND && code != MDB_SUCCESS)) {
        return FILE_DAMAGED;
    }
    return beyond == file->meta.last + 1 - end ? FILE_OK : FILE_CUT;
}

/* ---------------------------------------------------------------- attempts */

static enum file_status check_once(struct file *file)
{
    enum file_status status = map_file(file);
    if (status == FILE_OK) {
        status = pick_meta(file);
    }
    if (status == FILE_OK) {
        status = check_size(file);
    }
    if (status == FILE_OK) {
        atomic_store(&file->map.end, file->size / file->map.page_size);
        file->snapshot = (struct snapshot){ .strict = false };
        if (quipu_lmdb_snapshot_set(&file->snapshot, &file->map, &file->meta,
                                    file->meta.txnid) != MDB_SUCCESS) {
            status = FILE_DAMAGED;
        }
    }
    if (status == FILE_OK) {
        status = read_store(file);
    }
    if (status == FILE_OK) {
        status = check_end(file);
    }
    return status;
}

/* Returns true if the file has another state than `before` by now (INV3). */
static bool has_changed(struct file *file, const struct lmdb_meta *before)
{
    bool changed = map_file(file) == FILE_OK && pick_meta(file) == FILE_OK &&
                   file->meta.txnid != before->txnid;
    unmap_file(file);
    return changed;
}

static enum file_status check_file(struct file *file)
{
    enum file_status status = FILE_OK;
    for (int i = 0; i < ATTEMPTS; i++) {
        status = check_once(file);
        int number = errno;
        const struct lmdb_meta meta = file->meta;
        unmap_file(file);
        errno = number;
        if (status == FILE_OK || status == FILE_ERROR ||
            (status != FILE_DAMAGED && status != FILE_GROWN &&
             !has_changed(file, &meta))) {
            break;
        }
    }
    return status;
}

/* ------------------------------------------------------------------ answers */

static int answer(const struct file_check *check, enum file_status status,
                  quipu_error *error)
{
    static const char *const words[] = {
        [FILE_FOREIGN] = "is not an LMDB file; name another folder",
        [FILE_DAMAGED] = "is damaged; restore it from a backup",
        [FILE_CUT] = "is cut off; restore it from a backup",
        [FILE_LOADED] = ("lacks the catalogue of its schemas, which mdb_dump "
                         "leaves out; copy the original with quipu copy or "
                         "mdb_copy, or export and import it"),
        [FILE_NO_STORE] = ("is an LMDB file but not a store of quipu; name "
                           "another folder"),
    };
    switch (status) {
    case FILE_OK:
        return QUIPU_OK;
    case FILE_ERROR:
        return quipu_lmdb_error_set(check->host, check->path, errno,
                                    "read the pages", error);
    case FILE_GROWN:
        return check->host->error_set(
            error, QUIPU_BUSY, 0, NULL,
            "\"%s\" grew at each attempt to check it; open it again",
            check->path);
    case FILE_VERSION:
        return check->host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" was made by another version of LMDB; export it with a "
            "quipu that uses that version (quipu export), and import it here",
            check->path);
    case FILE_PAGES:
        return check->host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" has pages of a size that LMDB 0.9 does not write (%d to %d "
            "bytes); export it with the quipu that wrote it (quipu export), "
            "and import it here",
            check->path, LMDB_PAGE_MIN, LMDB_PAGE_MAX);
    default:
        return check->host->error_set(error, QUIPU_CORRUPT, 0, NULL,
                                      "\"%s\" %s", check->path, words[status]);
    }
}

int quipu_lmdb_file_check_run(struct file_check *check, quipu_error *error)
{
    struct file file = { .fd = open(check->path, O_RDONLY | O_CLOEXEC) };
    if (file.fd < 0) {
        return quipu_common_error_set_system(check->host, check->path, errno,
                                             "open", error);
    }
    int status = answer(check, check_file(&file), error);
    (void)close(file.fd);
    if (status != QUIPU_OK) {
        return status;
    }
    if (file.store.format < STORE_FORMAT ||
        file.store.format > STORE_FORMAT_ALTERED) {
        return check->host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" has format %lu, and this driver knows %d to %d; use a "
            "newer quipu",
            check->path, (unsigned long)file.store.format, STORE_FORMAT,
            STORE_FORMAT_ALTERED);
    }
    check->page_size = file.map.page_size;
    check->used = (size_t)(file.meta.last + 1) * file.map.page_size;
    return QUIPU_OK;
}
