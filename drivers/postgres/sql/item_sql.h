/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that work on the items of one schema; each bound schema has
 * its own, with the names of its table and columns. */
#ifndef POSTGRES_ITEM_SQL_H
#define POSTGRES_ITEM_SQL_H

#include "net/prepared.h"

enum item_sql {
    SQL_INSERT,         /* items whose positions are known */
    SQL_INSERT_CHECKED, /* the same with SQL_STORED, of a table without
                         * triggers and rules */
    SQL_INSERT_NEXT,    /* items some of which go to the next position */
    SQL_INSERT_ONE,     /* one item, with SQL_HEAD_RAISE and SQL_STORED */
    SQL_INSERT_RUN,     /* the same for several items of one sequence */
    SQL_STORED,         /* fails unless all items of an insert are stored */
    SQL_COMPARE,        /* items stored under given event ids */
    SQL_LASTS,          /* last positions of sequences */
    SQL_TAKEN,          /* which of given positions are taken */
    SQL_ERASE_SEQUENCE, /* the first items of a range that are not erased; the
                         * number of those found and of those erased */
    SQL_ERASE_LOG,
    SQL_LAST,        /* last position of one sequence */
    SQL_LAST_ITEM,   /* the last item of one, and the number of erasures */
    SQL_HEAD_EVENT,  /* the head of the log and its event id */
    SQL_EVENT,       /* the item with an event id */
    SQL_SEQUENCES,   /* a page of sequence ids */
    SQL_WHOLE,       /* a sequence from its beginning */
    SQL_SEQUENCE_UP, /* pages of small items ... */
    SQL_SEQUENCE_DOWN,
    SQL_LOG_UP,
    SQL_LOG_DOWN,
    SQL_FILTERED_UP, /* of the log, with topics and prefixes */
    SQL_FILTERED_DOWN,
    SQL_LARGE_SEQUENCE_UP, /* ... and of items of any size, in this order */
    SQL_LARGE_SEQUENCE_DOWN,
    SQL_LARGE_LOG_UP,
    SQL_LARGE_LOG_DOWN,
    SQL_LARGE_FILTERED_UP,
    SQL_LARGE_FILTERED_DOWN,
    ITEM_SQL_COUNT
};

/* Renders the statements of a schema for its item table `table`.  NO_MEMORY;
 * the caller calls finish in any case. */
int quipu_postgres_item_sql_make(const quipu_driver_datastore *datastore,
                                 const quipu_schema *schema, const char *table,
                                 struct statement sql[ITEM_SQL_COUNT],
                                 quipu_error *error);
void quipu_postgres_item_sql_finish(struct statement sql[ITEM_SQL_COUNT],
                                    const quipu_host *host);

#endif
