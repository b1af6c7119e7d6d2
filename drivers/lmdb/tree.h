/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of LMDB's trees in the map, each looked at before it is used. */
#ifndef LMDB_DRIVER_TREE_H
#define LMDB_DRIVER_TREE_H

#include "walk.h"

/* A page of a tree, or NULL if it cannot be one. */
const unsigned char *quipu_lmdb_tree_page(const struct view *view,
                                          uint64_t number);
/* The value of an entry that has it on pages of its own; an LMDB code. */
int quipu_lmdb_tree_big(const struct view *view, const struct entry *entry,
                        MDB_val *value);

#endif
