/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key rings: keys of the store in memory, from an array or from a file.
 *
 * A ring does not change after it was made, so threads share it without a lock.
 * The bytes of the file and the keys are wiped before their memory is freed;
 * messages name the file and the line, and nothing of what the line contains.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quipu/memory.h>
#include <quipu/sealing.h>

#include "base/error.h"
#include "base/memory.h"
#include "sealing/wipe.h"

/* Bytes of the largest file, of more than 10,000 keys. */
#define FILE_MAX ((size_t)1 << 20)

struct quipu_keyring {
    quipu_keys provider;
    size_t count;
    quipu_key keys[];
};

/* --------------------------------------------------------------- provider */

static int refuse_subject(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "a key ring has the keys of the store, and none of "
                           "subjects, which a vault keeps");
}

static int get_current(void *context, quipu_bytes subject, quipu_key *key,
                       quipu_error *error)
{
    const quipu_keyring *ring = context;

    if (subject.data) {
        return refuse_subject(error);
    }
    *key = ring->keys[0];
    return QUIPU_OK;
}

static int find(void *context, quipu_bytes subject,
                const uint8_t id[QUIPU_KEY_ID_SIZE], quipu_key *key,
                quipu_error *error)
{
    const quipu_keyring *ring = context;

    if (subject.data) {
        return refuse_subject(error);
    }
    for (size_t i = 0; i < ring->count; i++) {
        if (memcmp(ring->keys[i].id, id, QUIPU_KEY_ID_SIZE) == 0) {
            *key = ring->keys[i];
            return QUIPU_OK;
        }
    }
    return quipu_error_set(error, QUIPU_NOT_FOUND, "the key ring lacks it");
}

/* --------------------------------------------------------------- creating */

/* Says what is wrong with the key at `index`, or returns NULL. */
static const char *find_fault(const quipu_key *keys, size_t index)
{
    static const uint8_t zeros[QUIPU_KEY_SECRET_SIZE];

    if (memcmp(keys[index].secret, zeros, sizeof(zeros)) == 0) {
        return "has a secret of zeros";
    }
    for (size_t i = 0; i < index; i++) {
        if (memcmp(keys[i].id, keys[index].id, QUIPU_KEY_ID_SIZE) == 0) {
            return "has the id of another one";
        }
    }
    return NULL;
}

int quipu_keyring_create(const quipu_key *keys, size_t count,
                         quipu_keyring **ring, quipu_error *error)
{
    if (!keys || count == 0 || !ring) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a key ring needs at least one key");
    }
    for (size_t i = 0; i < count; i++) {
        const char *fault = find_fault(keys, i);

        if (fault) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "key %zu of the key ring %s", i, fault);
        }
    }
    quipu_keyring *created =
        count < SIZE_MAX / sizeof(*keys) - 1
            ? quipu_allocate_zeroed(sizeof(*created) + count * sizeof(*keys))
            : NULL;

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->provider = (quipu_keys){
        .struct_size = sizeof(created->provider),
        .current = get_current,
        .find = find,
        .context = created,
    };
    created->count = count;
    memcpy(created->keys, keys, count * sizeof(*keys));
    *ring = created;
    return QUIPU_OK;
}

const quipu_keys *quipu_keyring_keys(const quipu_keyring *ring)
{
    return &ring->provider;
}

void quipu_keyring_close(quipu_keyring *ring)
{
    if (!ring) {
        return;
    }
    quipu_wipe(ring->keys, ring->count * sizeof(ring->keys[0]));
    quipu_release(ring);
}

/* ------------------------------------------------------ the text of a file */

/* The text that has not been read yet, and the keys before it. */
struct parser {
    const char *path;
    const char *at;
    const char *end;
    size_t line;
    quipu_key *keys;
    size_t count;
    quipu_error *error;
};

static int refuse_line(const struct parser *parser, const char *why)
{
    return quipu_error_set(parser->error, QUIPU_INVALID,
                           "key file %s: line %zu %s", parser->path,
                           parser->line, why);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Reads 2 * size digits at *at, and moves *at behind them. */
static bool read_hex(const char **at, const char *end, uint8_t *bytes,
                     size_t size)
{
    if ((size_t)(end - *at) < 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        int high = digit_of((*at)[0]);
        int low = digit_of((*at)[1]);

        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = (uint8_t)(high << 4 | low);
        *at += 2;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at)) {
        at++;
    }
    return at;
}

/* Reads the key of the line from `at` to `end`, if it has one. */
static int read_line(struct parser *parser, const char *at, const char *end)
{
    quipu_key *key = &parser->keys[parser->count];

    at = skip_blanks(at, end);
    if (at == end || *at == '#') {
        return QUIPU_OK;
    }
    if (!read_hex(&at, end, key->id, sizeof(key->id)) || at == end ||
        !is_blank(*at)) {
        return refuse_line(parser, "does not begin with the id of a key, which "
                                   "is 32 hexadecimal digits, and a blank");
    }
    at = skip_blanks(at, end);
    if (!read_hex(&at, end, key->secret, sizeof(key->secret)) ||
        skip_blanks(at, end) != end) {
        return refuse_line(parser, "does not end with a secret, which is 64 "
                                   "hexadecimal digits");
    }
    const char *fault = find_fault(parser->keys, parser->count);

    parser->count++;
    return fault ? refuse_line(parser, fault) : QUIPU_OK;
}

static int read_lines(struct parser *parser)
{
    int status = QUIPU_OK;

    while (status == QUIPU_OK && parser->at < parser->end) {
        const char *line = parser->at;
        const char *end = memchr(line, '\n', (size_t)(parser->end - line));

        end = end ? end : parser->end;
        parser->line++;
        status = read_line(parser, line, end);
        parser->at = end < parser->end ? end + 1 : end;
    }
    return status;
}

static int parse(const char *path, const char *text, size_t size,
                 quipu_keyring **ring, quipu_error *error)
{
    /* A line has at least a digit for each half of a byte of its key. */
    const size_t most = size / (2 * sizeof(quipu_key)) + 1;
    struct parser parser = {
        .path = path,
        .at = text,
        .end = text + size,
        .keys = quipu_allocate_array(most, sizeof(quipu_key)),
        .error = error,
    };

    if (!parser.keys) {
        return quipu_error_no_memory(error);
    }
    int status = read_lines(&parser);

    if (status == QUIPU_OK && parser.count == 0) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "key file %s contains no key", path);
    }
    if (status == QUIPU_OK) {
        status = quipu_keyring_create(parser.keys, parser.count, ring, error);
    }
    quipu_wipe(parser.keys, most * sizeof(quipu_key));
    quipu_release(parser.keys);
    return status;
}

/* ---------------------------------------------------------------- the file */

static int refuse_system(const char *path, int code, quipu_error *error)
{
    char text[QUIPU_SYSTEM_TEXT_SIZE];
    int status = QUIPU_IO;

    if (code == ENOENT || code == ENOTDIR) {
        status = QUIPU_NOT_FOUND;
    } else if (code == EACCES || code == EPERM) {
        status = QUIPU_DENIED;
    }
    return quipu_error_set_native(error, status, code, NULL,
                                  "key file %s cannot be read: %s", path,
                                  quipu_error_system_text(code, text));
}

/* A file of root may be read by a group, as the files with which container
 * systems hand secrets to a process that is not root. */
static int check_file(const char *path, const struct stat *file,
                      quipu_error *error)
{
    const mode_t others =
        file->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;

    if (!S_ISREG(file->st_mode)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "key file %s is not a regular file", path);
    }
    if (file->st_uid != 0 && file->st_uid != geteuid()) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "key file %s belongs to another user, who can "
                               "change it",
                               path);
    }
    if (file->st_mode & others) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "key file %s has mode %04o, so other users have "
                               "access to it; use chmod 0600",
                               path, (unsigned)(file->st_mode & 07777));
    }
    if (file->st_size < 0 || (size_t)file->st_size > FILE_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "key file %s is larger than 1 MiB", path);
    }
    return QUIPU_OK;
}

/* Reads up to `size` bytes; returns their number, or -1. */
static ssize_t read_bytes(int file, char *text, size_t size)
{
    size_t got = 0;

    while (got < size) {
        ssize_t more = read(file, text + got, size - got);

        if (more < 0 && errno == EINTR) {
            continue;
        }
        if (more < 0) {
            return -1;
        }
        if (more == 0) {
            break;
        }
        got += (size_t)more;
    }
    return (ssize_t)got;
}

static int read_file(const char *path, int file, quipu_keyring **ring,
                     quipu_error *error)
{
    struct stat about;

    if (fstat(file, &about) != 0) {
        return refuse_system(path, errno, error);
    }
    int status = check_file(path, &about, error);

    if (status != QUIPU_OK) {
        return status;
    }
    const size_t size = (size_t)about.st_size;
    char *text = quipu_allocate(size);

    if (!text) {
        return quipu_error_no_memory(error);
    }
    ssize_t got = read_bytes(file, text, size);

    status = got < 0 ? refuse_system(path, errno, error)
                     : parse(path, text, (size_t)got, ring, error);
    quipu_wipe(text, size);
    quipu_release(text);
    return status;
}

int quipu_keyring_open(const char *path, quipu_keyring **ring,
                       quipu_error *error)
{
    if (!path || !ring) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_keyring_open: an argument is NULL");
    }
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (file < 0) {
        return refuse_system(path, errno, error);
    }
    int status = read_file(path, file, ring, error);

    (void)close(file);
    return status;
}
