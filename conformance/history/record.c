/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the files of a history.
 *
 * A line is built behind QUIPU_RECORD_HEAD free bytes; the time, the number and
 * the status are put in front of it when it is written, so that the clock is
 * read as late as possible and each line takes one write().  A session that is
 * killed therefore leaves whole lines, except perhaps the last one.
 */
#include "record.h"

#include "history.h"

#include "context/assertion.h"
#include "context/folder.h"

#include <quipu/error.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t quipu_record_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t quipu_record_now(const struct quipu_recorder *r)
{
    return quipu_record_clock() - r->epoch;
}

static int create(const char *folder, const char *name)
{
    char path[4096];
    int file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    CHECK(file >= 0, "cannot create %s: %s", path, strerror(errno));
    return file;
}

static void put(int file, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, text, size);

        CHECK(written > 0, "cannot write the history: %s", strerror(errno));
        text += written;
        size -= (size_t)written;
    }
}

void quipu_record_run(const char *folder, const char *workload,
                      const char *store, uint64_t seed, int64_t wake)
{
    int file = create(folder, "run");

    CHECK(dprintf(file,
                  "quipu-history %d\nworkload %s\nstore %s\nseed %" PRIu64
                  "\nwake %" PRId64 "\n",
                  QUIPU_HISTORY_VERSION, workload, store, seed, wake) > 0,
          "cannot write the history: %s", strerror(errno));
    close(file);
}

void quipu_record_open(struct quipu_recorder *r, const char *folder,
                       uint32_t session, uint32_t process, int64_t epoch)
{
    char name[32], head[80];
    int size =
        snprintf(head, sizeof(head),
                 "quipu-history %d\nsession %" PRIu32 " process %" PRIu32 "\n",
                 QUIPU_HISTORY_VERSION, session, process);

    snprintf(name, sizeof(name), "session-%" PRIu32, session);
    *r = (struct quipu_recorder){ .file = create(folder, name),
                                  .epoch = epoch,
                                  .room = 4096 };
    r->line = malloc(r->room);
    CHECK(r->line, "out of memory while recording a history");
    r->size = QUIPU_RECORD_HEAD;
    put(r->file, head, (size_t)size);
}

void quipu_record_close(struct quipu_recorder *r)
{
    close(r->file);
    free(r->line);
}

/* ------------------------------------------------------------------- lines */

static void add(struct quipu_recorder *r, const char *format, va_list arguments)
    QUIPU_PRINTF(2, 0);
static void add(struct quipu_recorder *r, const char *format, va_list arguments)
{
    va_list again;
    int size;

    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (r->size + (size_t)size + 4 > r->room) {
        r->room = 2 * (r->room + (size_t)size);
        char *line = realloc(r->line, r->room);
        CHECK(line, "out of memory while recording a history");
        r->line = line;
    }
    r->size += (size_t)vsnprintf(r->line + r->size, r->room - r->size, format,
                                 arguments);
}

void quipu_record_word(struct quipu_recorder *r, const char *format, ...)
{
    va_list arguments;

    quipu_record_append(r, " ");
    va_start(arguments, format);
    add(r, format, arguments);
    va_end(arguments);
}

void quipu_record_append(struct quipu_recorder *r, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(r, format, arguments);
    va_end(arguments);
}

/* Writes the line with its head in one piece. */
static void write_line(struct quipu_recorder *r, const char *head, int size)
{
    char *begin = r->line + QUIPU_RECORD_HEAD - size;

    memcpy(begin, head, (size_t)size);
    r->line[r->size++] = '\n';
    put(r->file, begin, (size_t)(r->line + r->size - begin));
    r->size = QUIPU_RECORD_HEAD;
}

uint32_t quipu_record_request(struct quipu_recorder *r, const char *call,
                              const char *log)
{
    r->size = QUIPU_RECORD_HEAD;
    quipu_record_word(r, "%s %s", call, log);
    return ++r->number;
}

void quipu_record_invoke(struct quipu_recorder *r)
{
    char head[QUIPU_RECORD_HEAD];
    int size = snprintf(head, sizeof(head), "%" PRId64 " %" PRIu32,
                        quipu_record_now(r), r->number);

    write_line(r, head, size);
}

void quipu_record_stamp(struct quipu_recorder *r)
{
    r->time = quipu_record_now(r);
}

void quipu_record_discard(struct quipu_recorder *r)
{
    r->size = QUIPU_RECORD_HEAD;
}

void quipu_record_response(struct quipu_recorder *r, int status)
{
    char head[QUIPU_RECORD_HEAD];
    int size = snprintf(head, sizeof(head), "%" PRId64 " %" PRIu32 " %s",
                        r->time, r->number, quipu_status_name(status));

    write_line(r, head, size);
}

/* ----------------------------------------------------------------- folders */

#define RECORDING "quipu-recording"
#define KEPT "quipu-history"

/* The lock that marks the folder of this process as in use. */
static int lock = -1;

/* The folder below which histories are recorded. */
static const char *parent(void)
{
    const char *wanted = getenv(QUIPU_RECORD_FOLDER_VARIABLE);

    return wanted && *wanted ? wanted : quipu_folder_parent();
}

char *quipu_record_folder_create(void)
{
    char *folder = quipu_folder_make(parent(), RECORDING, &lock);

    CHECK(folder, "cannot create a folder in %s: %s", parent(),
          strerror(errno));
    return folder;
}

void quipu_record_folder_remove(char *folder)
{
    quipu_folder_remove(folder);
    close(lock);
    free(folder);
}

void quipu_record_folder_sweep(void)
{
    quipu_folder_sweep(parent(), RECORDING);
}

void quipu_record_folder_keep(char *folder)
{
    const char *wanted = getenv(QUIPU_RECORD_FOLDER_VARIABLE);
    char *kept;

    if (wanted && !*wanted) {
        quipu_record_folder_remove(folder);
        return;
    }
    CHECK(asprintf(&kept, "%s/" KEPT "%s", parent(), strrchr(folder, '-')) > 0,
          "out of memory for the name of a folder");
    CHECK(rename(folder, kept) == 0, "cannot rename %s to %s: %s", folder, kept,
          strerror(errno));
    close(lock);
    dprintf(STDERR_FILENO,
            "the history is kept in %s; check it with --check-history\n", kept);
    free(kept);
    free(folder);
}
