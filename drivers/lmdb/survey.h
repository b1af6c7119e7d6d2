/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Surveys: before LMDB writes somewhere, a walk goes there and looks at each
 * page on the way, entry by entry.  LMDB ends the process where it meets a page
 * that cannot be, and a transaction that writes cannot be undone from there.
 *
 * What follows answers LMDB's codes, MDB_SUCCESS and MDB_CORRUPTED.
 */
#ifndef LMDB_DRIVER_SURVEY_H
#define LMDB_DRIVER_SURVEY_H

#include "lmdb_driver.h"

/* The state in the file that a writing transaction begins with, whatever it has
 * written since.  Looks at the tree of free pages, too, where LMDB goes first.
 */
int quipu_lmdb_survey_begin(struct environment *environment, MDB_txn *txn,
                            struct view *before);

/* Prepares to survey a database; where there is none yet, nothing is amiss. */
int quipu_lmdb_survey_open(struct walk *walk, const struct view *before,
                           const struct database *database);
/* Surveys the way to a key and to the one before it. */
int quipu_lmdb_survey_path(struct walk *walk, MDB_val key);
/* The same for a key that is to be deleted: LMDB may join its pages with those
 * beside them. */
int quipu_lmdb_survey_deletion(struct walk *walk, MDB_val key);
/* Surveys all of it. */
int quipu_lmdb_survey_all(struct walk *walk);

#endif
