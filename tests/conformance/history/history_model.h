/* SPDX-License-Identifier: Apache-2.0 */
/* A model of a store, which executes one operation at a time, and random
 * sessions on it.  Their histories are correct; test_damage.c damages them. */
#ifndef HISTORY_MODEL_H
#define HISTORY_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_SESSIONS 4
#define MODEL_SEQUENCES 3
#define MODEL_OPERATIONS 160
#define MODEL_ITEMS 4

enum model_kind { MODEL_APPEND, MODEL_READ, MODEL_LOG, MODEL_LAST, MODEL_HEAD };

struct model_entry {
    int64_t id, position;
    unsigned sequence, session, number, index;
    unsigned hash;
};

struct model_operation {
    enum model_kind kind;
    unsigned session, number;
    int64_t begin, instant, end;
    const char *status; /* NULL: no response */
    unsigned sequence;  /* of a read; of an append's guard */
    bool guarded;
    int64_t guard; /* the last position that the guard expects; -1: empty */
    size_t count;  /* items of an append, entries of a read */
    struct model_entry items[MODEL_ITEMS]; /* position -1: next */
    struct model_entry *entries;
    bool descending;
    int64_t from, limit;
    int64_t result; /* first id, last position (-1: none), head */
    const char *cause;
    size_t index;
};

struct model {
    uint64_t random;
    struct model_operation operations[MODEL_OPERATIONS];
    size_t count;
    struct model_entry log[MODEL_OPERATIONS * MODEL_ITEMS];
    size_t head;
    int64_t lengths[MODEL_SEQUENCES];
    int64_t known[MODEL_SESSIONS][MODEL_SEQUENCES];
    int64_t time; /* after every operation */
};

uint64_t model_random(struct model *m, uint64_t n);

/* Runs the sessions.  The same seed gives the same history. */
void model_run(struct model *m, uint64_t seed);
void model_finish(struct model *m);

/* Writes the lines of each session, and the final read as the last session.
 * The caller frees each string; NULL ends the array. */
void model_write(const struct model *m, char *sessions[MODEL_SESSIONS + 2]);

#endif
