/* SPDX-License-Identifier: Apache-2.0 */
/* A query's bounds and limit as the one inclusive range that drivers read. */
#ifndef QUIPU_CORE_RECORDS_QUERY_H
#define QUIPU_CORE_RECORDS_QUERY_H

#include <quipu/records.h>

/* Fills *range from *query (NULL: all, ascending).  *empty tells that nothing
 * can match, and that no driver need be asked.  INVALID. */
int quipu_query_range(const quipu_query *given, quipu_range *range, bool *empty,
                      quipu_error *error);

#endif
