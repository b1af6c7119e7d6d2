/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: from the body of a URI to the canonical name of the database file.
 *
 * SQLite and the driver place files beside the database ("-wal", "-shm",
 * "-journal", "-quipu"). So every name of a file, through links or from another
 * folder, must lead to the same canonical name before anything is opened. */
#include "common/error.h"
#include "sqlite.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* SQLite's limit is 512 bytes with a suffix such as "-journal". */
#define PATH_LONGEST 500
#define NAME_LONGEST 240
#define LINKS_MOST 40 /* the kernel's limit */

int quipu_sqlite_path_parse(const quipu_host *host, const char *body,
                            char **path, quipu_error *error)
{
    *path = NULL;
    if (strncmp(body, "///", 3) != 0 || body[3] == '\0') {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "the sqlite URI names no file; write sqlite:///relative.db, "
            "sqlite:////absolute/path.db or sqlite:///:memory:");
    }
    if (strcmp(body + 3, ":memory:") == 0) {
        return QUIPU_OK;
    }
    char *text = quipu_common_text_copy(host, body + 3);
    if (!text) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    const char *fault = host->decode_percent(text);
    if (fault) {
        host->release(text);
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"sqlite:%s\" has %s; write another path", body,
                               fault);
    }
    *path = text;
    return QUIPU_OK;
}

static int check_kind(const quipu_host *host, const char *path,
                      const char *real, quipu_error *error)
{
    struct stat info;
    if (stat(real, &info) != 0) {
        return quipu_common_error_set_system(host, path, errno, "look at",
                                             error);
    }
    if (!S_ISREG(info.st_mode)) {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s\" is not a regular file; name the database file itself",
            path);
    }
    return QUIPU_OK;
}

static int too_long(const quipu_host *host, const char *path,
                    quipu_error *error)
{
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "the name of the file is too long (at most %d bytes "
                           "with its folders, %d without): \"%s\"",
                           PATH_LONGEST, NAME_LONGEST, path);
}

/* Finds the canonical name of a path's folder; `name` is the part of the path
 * behind the last slash. */
static int find_folder(const quipu_host *host, const char *path,
                       const char *name, char real[PATH_MAX],
                       quipu_error *error)
{
    char folder[PATH_MAX] = ".";
    size_t size = (size_t)(name - path);
    if (size > 0) {
        memcpy(folder, path, size);
        folder[size] = '\0';
    }
    if (realpath(folder, real)) {
        return QUIPU_OK;
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        return host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "\"%s\": the folder \"%s\" does not exist; create it first", path,
            folder);
    }
    return quipu_common_error_set_system(host, path, errno,
                                         "find the folder of", error);
}

/* Joins a folder's canonical name, in `real`, and the name of a file in it. */
static int append_name(const quipu_host *host, const char *path,
                       const char *name, char real[PATH_MAX],
                       quipu_error *error)
{
    const size_t size = strlen(real);
    int more = snprintf(real + size, PATH_MAX - size, "%s%s",
                        real[size - 1] == '/' ? "" : "/", name);

    return more < 0 || (size_t)more >= PATH_MAX - size
               ? too_long(host, path, error)
               : QUIPU_OK;
}

/* For a file that does not exist: the folder's canonical name and the file's
 * own. If that is the name of a symbolic link, `link` is set to the path that
 * it leads to, and otherwise to "". */
static int resolve_missing(const quipu_host *host, const char *path,
                           char real[PATH_MAX], char link[PATH_MAX],
                           quipu_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    char target[PATH_MAX] = "";

    *link = '\0';
    if (*name == '\0') {
        return host->error_set(error, QUIPU_INVALID, 0, NULL,
                               "\"%s\" is not the name of a file", path);
    }
    if (strlen(path) >= PATH_MAX || strlen(name) > NAME_LONGEST) {
        return too_long(host, path, error);
    }
    int status = find_folder(host, path, name, real, error);
    if (status != QUIPU_OK) {
        return status;
    }
    ssize_t size = readlink(path, target, sizeof(target) - 1);
    if (size <= 0) {
        return append_name(host, path, name, real, error);
    }
    if (target[0] == '/') {
        memcpy(link, target, PATH_MAX);
        return QUIPU_OK;
    }
    memcpy(link, real, PATH_MAX);
    return append_name(host, path, target, link, error);
}

/* Follows links to a file that does not exist, so that the files beside it are
 * beside the real one when it has been created. */
static int resolve_links(const quipu_host *host, const char *path,
                         char real[PATH_MAX], quipu_error *error)
{
    char links[2][PATH_MAX];
    const char *at = path;

    for (int i = 0; i < LINKS_MOST; i++) {
        char *next = links[i % 2];
        int status = resolve_missing(host, at, real, next, error);

        if (status != QUIPU_OK || *next == '\0') {
            return status;
        }
        at = next;
    }
    return host->error_set(error, QUIPU_INVALID, 0, NULL,
                           "\"%s\" is a symbolic link that leads to no file",
                           path);
}

int quipu_sqlite_path_resolve(const quipu_host *host, const char *path,
                              char **real, bool *exists, quipu_error *error)
{
    char buffer[PATH_MAX];
    int status = QUIPU_OK;
    *exists = realpath(path, buffer);
    if (*exists) {
        status = check_kind(host, path, buffer, error);
    } else if (errno == ENOENT || errno == ENAMETOOLONG || errno == ENOTDIR) {
        status = resolve_links(host, path, buffer, error);
    } else {
        status =
            quipu_common_error_set_system(host, path, errno, "find", error);
    }
    if (status == QUIPU_OK && strlen(buffer) > PATH_LONGEST) {
        status = too_long(host, path, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    char *copy = quipu_common_text_copy(host, buffer);
    if (!copy) {
        return quipu_sqlite_error_no_memory(host, error);
    }
    *real = copy;
    return QUIPU_OK;
}

char *quipu_sqlite_path_immutable_uri(const quipu_host *host, const char *path)
{
    static const char hex[] = "0123456789abcdef";
    struct text text = { .host = host };
    quipu_common_text_add(&text, "file:");
    for (; *path != '\0'; path++) {
        char piece[4] = { *path };
        if (strchr("%?#", *path)) {
            piece[0] = '%';
            piece[1] = hex[(unsigned char)*path >> 4];
            piece[2] = hex[(unsigned char)*path & 15];
        }
        quipu_common_text_add(&text, piece);
    }
    quipu_common_text_add(&text, "?immutable=1");
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}
