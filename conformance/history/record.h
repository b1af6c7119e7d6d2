/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording: writes the files of a history (history.h describes the format)
 * and manages the folder that holds them.
 *
 * A recorder belongs to one session and is used by one thread.  Each operation
 * is recorded in two steps:
 *
 *   quipu_record_request(); quipu_record_word() ...; quipu_record_invoke();
 *   the call itself
 *   quipu_record_stamp(); quipu_record_word() ...; quipu_record_response();
 *
 * An error while a history is written ends the case (CHECK).
 */
#ifndef QUIPU_HISTORY_RECORD_H
#define QUIPU_HISTORY_RECORD_H

#include <quipu/types.h>

#define QUIPU_RECORD_HEAD 64

struct quipu_recorder {
    int file;
    int64_t epoch;   /* nanoseconds; time zero of the history */
    uint32_t number; /* of the current operation */
    int64_t time;    /* of the response, set by quipu_record_stamp() */
    char *line;      /* the line's words, from byte QUIPU_RECORD_HEAD on */
    size_t size, room;
};

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t quipu_record_clock(void);

/* Writes the file `run`.  `wake` is in milliseconds. */
void quipu_record_run(const char *folder, const char *workload,
                      const char *store, uint64_t seed, int64_t wake);

/* Creates the file of a session. */
void quipu_record_open(struct quipu_recorder *r, const char *folder,
                       uint32_t session, uint32_t process, int64_t epoch);
void quipu_record_close(struct quipu_recorder *r);

/* Begins the line of a request and returns the number of the operation;
 * quipu_record_invoke() writes the line with the current time. */
uint32_t quipu_record_request(struct quipu_recorder *r, const char *call,
                              const char *log);
void quipu_record_invoke(struct quipu_recorder *r);

/* Adds a word to the line, preceded by a space. */
void quipu_record_word(struct quipu_recorder *r, const char *format, ...)
    QUIPU_PRINTF(2, 3);

/* Adds to the last word. */
void quipu_record_append(struct quipu_recorder *r, const char *format, ...)
    QUIPU_PRINTF(2, 3);

/* Takes the time of the response.  Its words may have been added before or are
 * added after it; quipu_record_response() writes the line. */
void quipu_record_stamp(struct quipu_recorder *r);
void quipu_record_response(struct quipu_recorder *r, int status);

/* Drops the words that have been added since quipu_record_invoke(). */
void quipu_record_discard(struct quipu_recorder *r);

/* The current time of the history, in nanoseconds since its epoch. */
int64_t quipu_record_now(const struct quipu_recorder *r);

/* ----------------------------------------------------------------- folders */

/* Environment variable that names the folder below which histories are
 * recorded, and kept if they contain a violation.  If it is not set they are
 * kept in the folder of temporary files; if it is empty they are not kept. */
#define QUIPU_RECORD_FOLDER_VARIABLE "QUIPU_HISTORIES"

/* Creates a folder for one history of this process; a process records one
 * history at a time.  The result is freed by quipu_record_folder_remove() or
 * quipu_record_folder_keep(). */
char *quipu_record_folder_create(void);
void quipu_record_folder_remove(char *folder);

/* Removes the folders of processes that were killed while they recorded. */
void quipu_record_folder_sweep(void);

/* Renames the folder to its final name and prints that name on standard error;
 * removes the folder if histories are not kept. */
void quipu_record_folder_keep(char *folder);

#endif
