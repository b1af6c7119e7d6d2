/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging by doing: what can be refused by what is stored is put where it would
 * be refused.  Event ids go into their index first, which tells whether they
 * are known; items go in one by one; and when something refuses the request,
 * what it has put is taken out again.  That is rare, and so the usual request
 * looks up nothing that it does not write.
 */
#ifndef LMDB_DRIVER_JUDGE_H
#define LMDB_DRIVER_JUDGE_H

#include "key.h"
#include "survey.h"

struct judge {
    quipu_driver_datastore *datastore;
    MDB_txn *txn;
    struct view view; /* of it */
    quipu_driver_schema *bound;
    MDB_cursor *items, *index, *events; /* of the schema */
    /* What LMDB is about to go through. */
    const struct view *before;
    struct walk of_items, of_index, of_events, of_tracked;
    int64_t head; /* of its log, requests of this append included */
    bool head_changed;
    int code; /* of LMDB, when it failed */
};

/* Turns to a request's schema; *alive false: it was torn down. */
int quipu_lmdb_judge_turn(struct judge *judge, quipu_driver_schema *bound,
                          bool *alive, quipu_error *error);
/* Writes the head of the schema that it turned to last. */
int quipu_lmdb_judge_store_head(struct judge *judge, quipu_error *error);
/* Closes its cursors. */
void quipu_lmdb_judge_end(struct judge *judge);

/* Stores the request's items, or refuses it (result) where a position is taken,
 * and then nothing of it is left. */
int quipu_lmdb_judge_store(struct judge *judge, const quipu_request *request,
                           quipu_result *result, quipu_error *error);

/*
 * Puts the request's event ids, and judges by them.  *decided: they settle it,
 * as a repeat or a conflict (result), and nothing of them is left.
 */
int quipu_lmdb_judge_event_ids(struct judge *judge,
                               const quipu_request *request,
                               quipu_result *result, bool *decided,
                               quipu_error *error);
/* Takes the first `count` out again. */
int quipu_lmdb_judge_forget(struct judge *judge, const quipu_request *request,
                            size_t count, quipu_error *error);

/* Guards and tracking, on the state before. */
int quipu_lmdb_judge_conditions(struct judge *judge,
                                const quipu_request *request,
                                quipu_result *result, quipu_error *error);

/* Deletes an entry that this append has put; an LMDB code. */
int quipu_lmdb_judge_delete(struct judge *judge, struct walk *survey,
                            const struct database *database, MDB_val key);

/* The end of a sequence by now. */
int quipu_lmdb_judge_last(struct judge *judge, struct key *key, bool *found,
                          int64_t *position, quipu_error *error);

/* A refusal that says where the sequence ends (U1). */
int quipu_lmdb_judge_refuse(struct judge *judge, quipu_result *result,
                            int cause, size_t index, quipu_bytes sequence_id,
                            quipu_error *error);

/* Keeps LMDB's code, and says what it means. */
int quipu_lmdb_judge_fail(struct judge *judge, int code, const char *what,
                          quipu_error *error);

#endif
