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

#define PREPARED_MAX 512   /* kept on a session before it is closed */
#define PREPARED_ROOM 1024 /* slots; a power of two above PREPARED_MAX */

struct statement {
    const char *text;
    char *memory; /* owned: `text`, or NULL if that is a constant */
    Oid *types;   /* owned: of the parameters */
    int count;
    const char *shape;  /* of the answer (shape.h) */
    char *shape_memory; /* owned: `shape`, or NULL if that is a constant */
    uint64_t key;       /* hash of text and types; never 0 */
    char name[48];
};

/* The keys of a session's prepared statements: an open hash table. */
struct prepared {
    uint64_t keys[PREPARED_ROOM];
    size_t count; /* taken slots, forgotten ones included */
};

/* Computes key and name from text and types. */
void quipu_postgres_prepared_name(struct statement *statement);
/* Enters a key.  Returns true if it was not there: the statement has to be
 * prepared first. */
bool quipu_postgres_prepared_add(struct prepared *prepared, uint64_t key);
/* Removes a key whose preparation failed. */
void quipu_postgres_prepared_remove(struct prepared *prepared, uint64_t key);

#endif
