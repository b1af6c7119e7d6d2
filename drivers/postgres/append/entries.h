/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key-value entries of a batch.
 *
 * quipu_entries has a row for each entry that exists: namespace, key,
 * revision, value.  The row with the empty key, which no entry has, holds the
 * revision floor of its namespace: the largest revision of an entry that was
 * deleted. A key without a row gets the floor plus 1 as its revision (K3), so
 * that a deleted entry leaves nothing in the table.
 *
 * All appends lock what they refer to before they look at revisions, in this
 * order, behind the heads of the schemas (INV4 of append.c):
 *
 *     slots     Advisory locks of the transaction, by number.  They stand for
 *               keys that have no row which could be locked.  The slot of a
 *               key is a hash of it; a namespace has ENTRY_SLOTS of them, so
 *               that an append with many keys does not fill the server's table
 *               of locks.  Exclusive if a request may add the entry, shared if
 *               it only requires that there is none.
 *     rows      By key: FOR UPDATE if a request writes the entry, FOR SHARE if
 *               requests only check it.
 *     tracking  By consumer and log.
 *     floor     Only by appends that delete an entry.
 *
 * INV1  An entry is added only by a transaction that holds its slot
 *       exclusively until its end.  The statement that locks rows begins after
 *       the slots were locked; a key that it does not find has no row until
 *       the end of the transaction, if its slot was locked at all.
 * INV2  An entry is changed or deleted only by a transaction that has locked
 *       its row FOR UPDATE.  If the lock statement has to wait for a row, it
 *       reads the newest version of it (READ COMMITTED).  So what it returns
 *       holds until the end of the transaction (K4, K7).  A key whose slot was
 *       not locked, and that it does not find, counts as missing: no request
 *       of the batch adds it or is accepted because it is missing.
 * INV3  The floor is read by a later statement.  A key that has no row under
 *       the lock of its slot was deleted by transactions that had committed
 *       before that statement, and each had raised the floor: its next
 *       revision is above all that it had (K3).
 */
#ifndef POSTGRES_ENTRIES_H
#define POSTGRES_ENTRIES_H

#include "batch.h"

#include "net/pipeline.h"

#define ENTRY_SLOTS 64

/* An entry that requests mention. */
struct entry {
    quipu_bytes key;
    bool is_written;      /* a request writes or deletes it */
    bool may_add;         /* a request writes it without expecting a revision */
    bool may_miss;        /* a request requires that there is none */
    bool was_found;       /* it is stored, */
    int64_t was_revision; /* with this revision */
    bool found;           /* the same behind the accepted requests */
    int64_t revision;
    quipu_bytes value; /* of the last accepted write */
    bool changed;      /* an accepted request wrote or deleted it */
};

/* Fills batch->entries, by key.  NO_MEMORY. */
int quipu_postgres_entries_collect(struct batch *batch, quipu_error *error);
/* The entry of a key, which a request mentions. */
struct entry *quipu_postgres_entries_find(const struct batch *batch,
                                          quipu_bytes key);

/* Sends the statements that lock slots and rows, and read the floor.  Those
 * for slots and floor are not needed always: they return false, and send
 * nothing. */
bool quipu_postgres_entries_send_slots(struct batch *batch,
                                       struct connection *connection);
void quipu_postgres_entries_send_lock(struct batch *batch,
                                      struct connection *connection);
bool quipu_postgres_entries_send_floor(struct batch *batch,
                                       struct connection *connection);
/* Take the answers.  Return what is wrong with the rows, or NULL. */
const char *quipu_postgres_entries_take_lock(struct batch *batch,
                                             const PGresult *result);
const char *quipu_postgres_entries_take_floor(struct batch *batch,
                                              const PGresult *result);

/* Adds the writes of an accepted request. */
void quipu_postgres_entries_accept(struct batch *batch,
                                   const quipu_request *request);

/* Sends the statements that store what was accepted; returns the number of
 * answers that are due. */
unsigned quipu_postgres_entries_send_writes(struct batch *batch,
                                            struct connection *connection);
/* Checks the `nth` of `count` answers, which may be an error.  DENIED: the
 * table did not take the rows. */
int quipu_postgres_entries_check_answer(const struct batch *batch,
                                        const struct lease *lease, unsigned nth,
                                        unsigned count, const PGresult *result);

#endif
