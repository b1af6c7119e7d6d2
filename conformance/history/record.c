/* SPDX-License-Identifier: Apache-2.0 */
/* Records what a session asks and what it is told. */
#include "record.h"

#include "history.h"

#include "context/assertion.h"

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
    CHECK(file >= 0, "%s: %s", path, strerror(errno));
    return file;
}

static void put(int file, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, text, size);

        CHECK(written > 0, "the history cannot be written: %s",
              strerror(errno));
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
          "the history cannot be written: %s", strerror(errno));
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
    CHECK(r->line, "no memory to record a history");
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
{
    va_list again;
    int size;

    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (r->size + (size_t)size + 4 > r->room) {
        r->room = 2 * (r->room + (size_t)size);
        r->line = realloc(r->line, r->room);
        CHECK(r->line, "no memory to record a history");
    }
    r->size += (size_t)vsnprintf(r->line + r->size, r->room - r->size, format,
                                 arguments);
}

void quipu_record_word(struct quipu_recorder *r, const char *format, ...)
{
    va_list arguments;

    quipu_record_more(r, " ");
    va_start(arguments, format);
    add(r, format, arguments);
    va_end(arguments);
}

void quipu_record_more(struct quipu_recorder *r, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add(r, format, arguments);
    va_end(arguments);
}

/* Writes the line in one piece: whoever is killed leaves whole lines. */
static void send(struct quipu_recorder *r, const char *head, int size)
{
    char *begin = r->line + QUIPU_RECORD_HEAD - size;

    memcpy(begin, head, (size_t)size);
    r->line[r->size++] = '\n';
    put(r->file, begin, (size_t)(r->line + r->size - begin));
    r->size = QUIPU_RECORD_HEAD;
}

uint32_t quipu_record_ask(struct quipu_recorder *r, const char *call,
                          const char *log)
{
    r->size = QUIPU_RECORD_HEAD;
    quipu_record_word(r, "%s %s", call, log);
    return ++r->number;
}

void quipu_record_go(struct quipu_recorder *r)
{
    char head[QUIPU_RECORD_HEAD];
    int size = snprintf(head, sizeof(head), "%" PRId64 " %" PRIu32,
                        quipu_record_now(r), r->number);

    send(r, head, size);
}

void quipu_record_stamp(struct quipu_recorder *r)
{
    r->time = quipu_record_now(r);
}

void quipu_record_forget(struct quipu_recorder *r)
{
    r->size = QUIPU_RECORD_HEAD;
}

void quipu_record_done(struct quipu_recorder *r, int status)
{
    char head[QUIPU_RECORD_HEAD];
    int size = snprintf(head, sizeof(head), "%" PRId64 " %" PRIu32 " %s",
                        r->time, r->number, quipu_status_name(status));

    send(r, head, size);
}
