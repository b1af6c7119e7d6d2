/* SPDX-License-Identifier: Apache-2.0 */
/* Records what a session asks and what it is told; see history.h for the
 * format.  For one thread.  What cannot be written ends the case. */
#ifndef QUIPU_RECORD_H
#define QUIPU_RECORD_H

#include <quipu/types.h>

#define QUIPU_RECORD_HEAD 64

struct quipu_recorder {
    int file;
    int64_t epoch;   /* nanoseconds; the time zero of the history */
    uint32_t number; /* of the operation under way */
    int64_t time;
    char *line; /* its words after a head of so many bytes */
    size_t size, room;
};

/* The nanoseconds of CLOCK_MONOTONIC. */
int64_t quipu_record_clock(void);

/* Writes what was run. */
void quipu_record_run(const char *folder, const char *workload,
                      const char *store, uint64_t seed, int64_t wake);

void quipu_record_open(struct quipu_recorder *r, const char *folder,
                       uint32_t session, uint32_t process, int64_t epoch);
void quipu_record_close(struct quipu_recorder *r);

/* Begins to say what is asked; words follow; `go` writes it, before the call.
 * Gives the operation's number. */
uint32_t quipu_record_ask(struct quipu_recorder *r, const char *call,
                          const char *log);
void quipu_record_go(struct quipu_recorder *r);

/* Adds a word, with the space before it. */
void quipu_record_word(struct quipu_recorder *r, const char *format, ...)
    QUIPU_PRINTF(2, 3);

/* Adds to the last word. */
void quipu_record_more(struct quipu_recorder *r, const char *format, ...)
    QUIPU_PRINTF(2, 3);

/* Takes the time of the answer; words follow, or came already; `done` writes
 * it. */
void quipu_record_stamp(struct quipu_recorder *r);
void quipu_record_done(struct quipu_recorder *r, int status);
/* Takes back the words since `go`. */
void quipu_record_forget(struct quipu_recorder *r);

/* The time now, as the history counts it. */
int64_t quipu_record_now(const struct quipu_recorder *r);

#endif
