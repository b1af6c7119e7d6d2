/* SPDX-License-Identifier: Apache-2.0 */
/* Turning to a schema: its head, and the cursors and surveys of its databases.
 */
#include "judge.h"

#include "store.h"

int quipu_lmdb_judge_store_head(struct judge *judge, quipu_error *error)
{
    if (!judge->head_changed || !judge->bound) {
        return QUIPU_OK;
    }
    judge->head_changed = false;
    int code = quipu_lmdb_head_put(judge->txn, judge->bound->slot,
                                   judge->bound->number, judge->head);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "store the head of a log",
                                       error);
}

static int survey_head(struct judge *judge, const quipu_driver_schema *bound,
                       quipu_error *error)
{
    char name[STORE_NAME_MAX];
    struct walk names;
    int code = quipu_lmdb_survey_open(&names, judge->before, &quipu_lmdb_main);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_survey_path(&names,
                                      quipu_lmdb_key_head(name, bound->slot));
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "read the head of a log",
                                       error);
}

/* Items go to the end of theirs. */
static int open_surveys(struct judge *judge)
{
    static const int64_t end = INT64_MAX;
    const quipu_driver_schema *bound = judge->bound;
    const struct view *before = judge->before;
    int code = quipu_lmdb_survey_open(&judge->of_index, before, &bound->index);
    if (code == MDB_SUCCESS) {
        code =
            quipu_lmdb_survey_open(&judge->of_events, before, &bound->events);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_survey_open(&judge->of_items, before, &bound->items);
    }
    return code == MDB_SUCCESS
               ? quipu_lmdb_survey_path(&judge->of_items,
                                        (MDB_val){ sizeof(end), (void *)&end })
               : code;
}

void quipu_lmdb_judge_end(struct judge *judge)
{
    mdb_cursor_close(judge->items);
    mdb_cursor_close(judge->index);
    mdb_cursor_close(judge->events);
    judge->items = judge->index = judge->events = NULL;
}

/* What is put one after the other lies side by side, mostly, and a cursor need
 * not look for it from the root. */
static int open_cursors(struct judge *judge)
{
    const quipu_driver_schema *bound = judge->bound;
    int code = mdb_cursor_open(judge->txn, bound->index.dbi, &judge->index);
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_open(judge->txn, bound->items.dbi, &judge->items);
    }
    return code == MDB_SUCCESS
               ? mdb_cursor_open(judge->txn, bound->events.dbi, &judge->events)
               : code;
}

/* A schema that is bound twice has one head. */
int quipu_lmdb_judge_turn(struct judge *judge, quipu_driver_schema *bound,
                          bool *alive, quipu_error *error)
{
    quipu_driver_schema *before = judge->bound;
    *alive = true;
    if (before && before->slot == bound->slot &&
        before->number == bound->number) {
        judge->bound = bound;
        return QUIPU_OK;
    }
    int status = quipu_lmdb_judge_store_head(judge, error);
    quipu_lmdb_judge_end(judge);
    judge->bound = NULL;
    if (status == QUIPU_OK) {
        status = survey_head(judge, bound, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_lmdb_head_get(judge->datastore, &judge->view, bound,
                                     alive, &judge->head, error);
    }
    if (status != QUIPU_OK || !*alive) {
        return status;
    }
    judge->bound = bound;
    int code = open_surveys(judge);
    if (code == MDB_SUCCESS) {
        code = open_cursors(judge);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_judge_fail(judge, code, "write", error);
}
