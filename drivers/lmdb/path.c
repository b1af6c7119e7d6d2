/* SPDX-License-Identifier: Apache-2.0 */
/* From the body of a URI to the names of a folder and of the file in it. */
#include "path.h"

#include "lmdb_driver.h"

#include "common/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LONGEST (PATH_MAX - 64) /* with a file's name it is a path, too */

int quipu_lmdb_path_of_body(const quipu_host *host, const char *body,
                            char **path, quipu_error *error)
{
    if (strncmp(body, "///", 3) != 0 || body[3] == '\0') {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"lmdb:%s\" names no folder; write "
                               "lmdb:///relative or lmdb:////absolute/folder",
                               body);
    }
    char *text = quipu_common_text_copy(host, body + 3);
    if (!text) {
        return quipu_lmdb_no_memory(host, error);
    }
    if (!quipu_common_text_decode_percent(text)) {
        host->release(text);
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"lmdb:%s\" has a %% without two hexadecimal "
                               "digits, or %%00; write %%25 for it",
                               body);
    }
    *path = text;
    return QUIPU_OK;
}

char *quipu_lmdb_path_join(const quipu_host *host, const char *first,
                           const char *second)
{
    size_t size = strlen(first);
    char *joined = host->allocate(size + strlen(second) + 1);
    if (joined) {
        memcpy(joined, first, size);
        memcpy(joined + size, second, strlen(second) + 1);
    }
    return joined;
}

static int make_folder(const quipu_host *host, const char *path, bool *made,
                       quipu_error *error)
{
    *made = mkdir(path, 0777) == 0;
    if (*made || errno == EEXIST) {
        return QUIPU_OK;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "\"%s\": there is no folder to make it in; make "
                               "that first",
                               path);
    }
    return quipu_common_error_set_system(host, path, errno, "make the folder",
                                         error);
}

static int find_folder(const quipu_host *host, const char *path,
                       char real[PATH_MAX], quipu_error *error)
{
    struct stat info;
    if (!realpath(path, real) || stat(real, &info) != 0) {
        int number = errno;
        if (number == ENOENT || number == ENOTDIR) {
            return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                                   "\"%s\" is not there; create=yes makes it",
                                   path);
        }
        return quipu_common_error_set_system(host, path, number, "find", error);
    }
    if (!S_ISDIR(info.st_mode)) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"%s\" is no folder; name the folder that the "
                               "store's files are in",
                               path);
    }
    return QUIPU_OK;
}

/* LMDB's locks are beside the file: by a link it would have others. */
static int refuse_link(const quipu_host *host, const char *file,
                       quipu_error *error)
{
    struct stat info;
    if (lstat(file, &info) == 0 && !S_ISREG(info.st_mode)) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"%s\" is a link, or no file; name the folder "
                               "that the file itself is in",
                               file);
    }
    return QUIPU_OK;
}

int quipu_lmdb_path_resolve(const quipu_host *host, const char *path,
                            bool create, char **real, char **file, bool *made,
                            quipu_error *error)
{
    char buffer[PATH_MAX];
    *made = false;
    if (strlen(path) > LONGEST) {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "the name of the folder is too long (at most %d "
                               "bytes): \"%s\"",
                               LONGEST, path);
    }
    int status = create ? make_folder(host, path, made, error) : QUIPU_OK;
    if (status == QUIPU_OK) {
        status = find_folder(host, path, buffer, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    *real = quipu_common_text_copy(host, buffer);
    *file = quipu_lmdb_path_join(host, buffer, "/data.mdb");
    return !*real || !*file ? quipu_lmdb_no_memory(host, error)
                            : refuse_link(host, *file, error);
}
