/* SPDX-License-Identifier: Apache-2.0 */
/* What filling a cursor's page with the log and with a sequence share. */
#ifndef LMDB_DRIVER_FILL_H
#define LMDB_DRIVER_FILL_H

#include "cursor.h"

/* Puts the item of a value in the page.  CORRUPT. */
int quipu_lmdb_fill_add(quipu_driver_cursor *cursor, const MDB_val *value,
                        int64_t id, quipu_error *error);
/* Moves the range behind the page, which ends at that place of it. */
void quipu_lmdb_fill_end(struct reading *reading, int64_t at);

/* Tells what LMDB's code means, and for an item what it lacks. */
int quipu_lmdb_fill_fail(const quipu_driver_cursor *cursor, int code,
                         quipu_error *error);
int quipu_lmdb_fill_fail_item(const quipu_driver_cursor *cursor, int code,
                              int64_t id, quipu_error *error);

#endif
