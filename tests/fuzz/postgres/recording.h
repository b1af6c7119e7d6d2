/* SPDX-License-Identifier: Apache-2.0 */
/* The answers of a server as recorder.c has written them. */
#ifndef FUZZ_POSTGRES_RECORDING_H
#define FUZZ_POSTGRES_RECORDING_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#define RECORDING_COLUMNS 100

struct value {
    int size; /* -1: NULL */
    char *bytes;
};

/* The answer to a statement. */
struct answer {
    const char *text; /* the statement; equal texts have one address */
    int session;
    bool used;
    char tag[32];
    char state[6]; /* SQLSTATE of an error, or "" */
    int columns, rows;
    Oid types[RECORDING_COLUMNS];
    struct value *values;
    struct answer *next; /* to the same statement */
};

/* Reads a file; ends the program if it cannot. */
void recording_load(const char *path);
/* From here on the answers of a session are preferred. */
void recording_start(int session);
/* The next answer to a statement, as recording_text returns it: of the session,
 * or else of another one.
 * NULL: there is none. */
const struct answer *recording_find(const char *text);
/* The statement as the recording has it; NULL: it lacks it. */
const char *recording_text(const char *text);
/* Any answer, chosen by a number. */
const struct answer *recording_any(unsigned which);
/* The process id that the server has said. */
int recording_pid(void);

#endif
