/* SPDX-License-Identifier: Apache-2.0 */
/* Items from the rows of a result, which lends their bytes. */
#ifndef POSTGRES_DRIVER_ROWS_H
#define POSTGRES_DRIVER_ROWS_H

#include "postgres.h"

/* Reads a row; *whole false: the item is too big for its page, and only its
 * place is told.  `values` has room for the further columns. */
void quipu_postgres_get_item(const PGresult *result, int row,
                             const quipu_driver_schema *bound, quipu_item *item,
                             quipu_value *values, bool *whole);

/* Reads a tracking record's position from a row's first columns. */
void quipu_postgres_get_position(const PGresult *result, int row,
                                 quipu_position *position);

#endif
