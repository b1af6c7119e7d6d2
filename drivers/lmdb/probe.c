/* SPDX-License-Identifier: Apache-2.0 */
/* The first look at a data file. */
#include "probe.h"

#include "check.h"
#include "pages.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TRIES 10

/* Reads the store's record where it stands in the file. */
static enum pages_status look_for_store(struct pages *pages,
                                        struct store_record *store)
{
    const void *value = NULL;
    size_t size = 0;
    enum pages_status status =
        quipu_lmdb_pages_find(pages, "quipu", &value, &size);
    if (status != PAGES_OK) {
        return status;
    }
    if (size != sizeof(*store)) {
        return PAGES_DAMAGED;
    }
    memcpy(store, value, size);
    return store->check ==
                   quipu_lmdb_check((const char *)value + sizeof(store->check),
                                    size - sizeof(store->check), 0)
               ? PAGES_OK
               : PAGES_DAMAGED;
}

static enum pages_status look(struct pages *pages, int fd,
                              unsigned char *buffer, struct store_record *store)
{
    enum pages_status status = quipu_lmdb_pages_open(pages, fd, buffer);
    if (status == PAGES_OK) {
        status = look_for_store(pages, store);
    }
    return status == PAGES_OK ? quipu_lmdb_pages_check_end(pages) : status;
}

/* LMDB gives a page of a transaction out again two transactions later: what was
 * found wrong may be a page that has changed meanwhile. */
static bool has_moved(const struct pages *pages, int fd, unsigned char *buffer)
{
    struct pages now;
    return quipu_lmdb_pages_open(&now, fd, buffer) == PAGES_OK &&
           now.meta.txnid != pages->meta.txnid;
}

static enum pages_status look_again(struct pages *pages, int fd,
                                    unsigned char *buffer,
                                    struct store_record *store)
{
    enum pages_status status = look(pages, fd, buffer, store);
    for (int i = 1; i < TRIES && status != PAGES_OK && status != PAGES_ERROR;
         i++) {
        if (status != PAGES_DAMAGED && !has_moved(pages, fd, buffer)) {
            break;
        }
        status = look(pages, fd, buffer, store);
    }
    return status;
}

static int tell(const quipu_host *host, const char *path,
                enum pages_status status, quipu_error *error)
{
    static const char *const words[] = {
        [PAGES_FOREIGN] = "is no LMDB file; name another folder",
        [PAGES_DAMAGED] = "is damaged; restore it from a backup",
        [PAGES_CUT] = "is cut off; restore it from a backup",
        [PAGES_NOT_HERE] = ("is an LMDB file but no store of quipu; name "
                            "another folder"),
    };
    switch (status) {
    case PAGES_OK:
        return QUIPU_OK;
    case PAGES_ERROR:
        return quipu_common_error_set_system(host, path, errno, "read", error);
    case PAGES_VERSION:
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "\"%s\" was made by another version of LMDB; copy it with that "
            "version's mdb_dump and load it with mdb_load",
            path);
    default:
        return host->error_set(error, QUIPU_CORRUPT, 0, NULL, "\"%s\" %s", path,
                               words[status]);
    }
}

static int probe(const quipu_host *host, const char *path, int fd,
                 unsigned char *buffer, struct probe *found, quipu_error *error)
{
    struct pages pages;
    struct store_record store = { .format = 0 };
    int status =
        tell(host, path, look_again(&pages, fd, buffer, &store), error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (store.format != STORE_FORMAT) {
        return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                               "\"%s\" has format %lu, and this driver knows "
                               "%d; use a newer quipu",
                               path, (unsigned long)store.format, STORE_FORMAT);
    }
    found->page = pages.page;
    found->used = (size_t)(pages.meta.last + 1) * pages.page;
    return QUIPU_OK;
}

int quipu_lmdb_probe(const quipu_host *host, const char *path,
                     struct probe *found, quipu_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return quipu_common_error_set_system(host, path, errno, "open", error);
    }
    unsigned char *buffer = host->allocate(PAGE_MOST);
    int status = buffer ? probe(host, path, fd, buffer, found, error)
                        : quipu_lmdb_no_memory(host, error);
    host->release(buffer);
    (void)close(fd);
    return status;
}
