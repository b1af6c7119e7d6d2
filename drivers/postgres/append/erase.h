/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing: the driver operation erase.
 *
 * An item is erased if its state is NULL, which no append stores for another
 * one; metadata and the schema's own columns are NULL then, too.  The row
 * stays, with its keys.
 *
 * INV1  One statement finds the first items of the range that are not erased,
 *       locks them and sets their columns to NULL.  Each commit erases all that
 *       it reports, or nothing (E4).
 * INV2  It locks no head, so appends do not wait for it, unless they have the
 *       event id or the position of an item that it erases.  Positions,
 *       notification ids and heads do not change (E2).
 * INV3  The transaction that erases something raises the format of the store,
 *       so that a driver that does not know erased items refuses it.
 *
 * Tables of older programs require a state, and their stores do not count
 * erasures.  The first erasure removes that constraint and adds the table
 * quipu_erasures.
 */
#ifndef POSTGRES_ERASE_H
#define POSTGRES_ERASE_H

#include "datastore.h"

/* Codes as in the driver contract. */
int quipu_postgres_erase(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound,
                         const quipu_erasure *erasure, int64_t deadline,
                         int64_t *erased, quipu_error *error);

#endif
