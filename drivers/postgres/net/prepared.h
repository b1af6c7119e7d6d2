/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements and their preparation on a session.
 *
 * A prepared statement is named after a hash of its text and its parameter
 * types.  A session on which the name is prepared, by any program, therefore
 * has the same statement, which makes the names safe behind a pooler that
 * supports them.
 */
#ifndef POSTGRES_PREPARED_H
#define POSTGRES_PREPARED_H

#include <quipu/driver.h>

#include <libpq-fe.h>

#define PREPARED_MAX 512   /* kept on a session; others take their places */
#define PREPARED_ROOM 1024 /* slots; a power of two above PREPARED_MAX */
#define PREPARED_FULL 768  /* slots; more in use make the search slow */

struct statement {
    const char *text;
    char *memory; /* owned: `text`, or NULL if that is a constant */
    Oid *types;   /* owned: of the parameters */
    int count;
    const char *shape;  /* of the answer (shape.h) */
    char *shape_memory; /* owned: `shape`, or NULL if that is a constant */
    uint64_t key;       /* hash of text and types; never 0 */
    uint64_t other;     /* another hash: the name consists of both */
    char name[48];
};

struct prepared_slot {
    uint64_t key;
    uint64_t other;
    uint64_t used; /* when, in uses of the table */
};

/* A session's prepared statements: an open hash table. */
struct prepared {
    struct prepared_slot slots[PREPARED_ROOM];
    size_t count;  /* statements */
    size_t taken;  /* slots, those of removed statements included */
    uint64_t uses; /* a counter */
};

/* Computes key and name from text and types. */
void quipu_postgres_prepared_name(struct statement *statement);
/* Enters a statement.  Returns true if it was not there: it has to be prepared
 * first. */
bool quipu_postgres_prepared_add(struct prepared *prepared,
                                 const struct statement *statement);
/* Removes the statement that was not used for the longest time, if there are
 * PREPARED_MAX; `name` gets its name, or "". */
void quipu_postgres_prepared_evict(struct prepared *prepared, char name[48]);
/* Removes a key whose preparation failed. */
void quipu_postgres_prepared_remove(struct prepared *prepared, uint64_t key);

#endif
