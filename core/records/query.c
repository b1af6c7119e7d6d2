/* SPDX-License-Identifier: Apache-2.0 */
/* A query's bounds and limit as the one inclusive range that drivers read. */
#include "records/query.h"

#include <inttypes.h>

#include <quipu/error.h>

#include "base/structs.h"

#define FLAGS                                                              \
    (QUIPU_QUERY_GT | QUIPU_QUERY_GTE | QUIPU_QUERY_LT | QUIPU_QUERY_LTE | \
     QUIPU_QUERY_LIMIT | QUIPU_QUERY_DESCENDING)

static int check(const quipu_query *query, quipu_error *error)
{
    if (query->flags & ~(uint32_t)FLAGS) {
        return quipu_error_set(
            error, QUIPU_INVALID, "the query has the unknown flag 0x%lx",
            (unsigned long)(query->flags & ~(uint32_t)FLAGS));
    }
    if ((query->flags & QUIPU_QUERY_LIMIT) && query->limit < 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the query's limit is %" PRId64
                               "; it must be at least 0",
                               query->limit);
    }
    return QUIPU_OK;
}

/* Nothing is above INT64_MAX: then the range has no room, and `false`. */
static bool bound_below(const quipu_query *query, quipu_range *range)
{
    if ((query->flags & QUIPU_QUERY_GTE) && query->gte > range->lower) {
        range->lower = query->gte;
    }
    if (query->flags & QUIPU_QUERY_GT) {
        if (query->gt == INT64_MAX) {
            return false;
        }
        if (query->gt >= range->lower) {
            range->lower = query->gt + 1;
        }
    }
    return true;
}

static bool bound_above(const quipu_query *query, quipu_range *range)
{
    if ((query->flags & QUIPU_QUERY_LTE) && query->lte < range->upper) {
        range->upper = query->lte;
    }
    if (query->flags & QUIPU_QUERY_LT) {
        if (query->lt == INT64_MIN) {
            return false;
        }
        if (query->lt <= range->upper) {
            range->upper = query->lt - 1;
        }
    }
    return true;
}

int quipu_query_range(const quipu_query *given, quipu_range *range, bool *empty,
                      quipu_error *error)
{
    quipu_query query = { .struct_size = sizeof(query) };
    if (given) {
        int status =
            quipu_struct_take(&query, sizeof(query), given, "query", error);
        if (status == QUIPU_OK) {
            status = check(&query, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
    }
    *range = (quipu_range){
        .struct_size = sizeof(*range),
        .descending = (query.flags & QUIPU_QUERY_DESCENDING) != 0,
        .lower = INT64_MIN,
        .upper = INT64_MAX,
        .limit = query.flags & QUIPU_QUERY_LIMIT ? query.limit : INT64_MAX
    };
    *empty = !bound_below(&query, range) || !bound_above(&query, range) ||
             range->lower > range->upper || range->limit == 0;
    return QUIPU_OK;
}
