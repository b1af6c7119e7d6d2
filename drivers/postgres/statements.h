/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that there are. */
#ifndef POSTGRES_DRIVER_STATEMENTS_H
#define POSTGRES_DRIVER_STATEMENTS_H

/* The statements of no schema, and those of one. */
enum common {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SETTINGS,
    SQL_NOTIFY,
    SQL_BUMP,
    SQL_LOCK,
    SQL_PRESENT,
    SQL_ALL_THERE,
    SQL_TRACK,
    SQL_TRACKED,
    SQL_TRACKING_READ,
    SQL_TRACKING_LIST,
    SQL_SCHEMA_FIND,
    SQL_SCHEMA_NEXT,
    SQL_SCHEMA_COLUMNS,
    SQL_TABLE_COLUMNS,
    SQL_HEAD,
    SQL_NAMESPACE_FIND,
    SQL_NAMESPACE_ADD,
    SQL_NAMESPACE_COUNT,
    SQL_SIMILAR_NAME,
    SQL_TABLE_FIND,
    SQL_TABLE_ADD,
    SQL_TABLE_COUNT,
    SQL_TABLE_REMOVE,
    SQL_TABLE_EXISTS,
    SQL_SCHEMA_ADD,
    SQL_COLUMNS_ADD,
    SQL_HEAD_ADD,
    SQL_SCHEMA_REMOVE,
    SQL_COLUMNS_REMOVE,
    SQL_HEAD_REMOVE,
    SQL_COMMON_COUNT
};

enum own {
    SQL_INSERT,      /* all positions are known */
    SQL_INSERT_NEXT, /* some are the next ones; tells where the items are */
    SQL_COMPARE,     /* what is under event ids, and whether it is the same */
    SQL_LASTS,       /* where sequences end */
    SQL_TAKEN,       /* which positions are taken */
    SQL_LAST,        /* where one sequence ends */
    SQL_HEAD_EVENT,  /* the head and its event id */
    SQL_WHOLE,       /* a sequence from its beginning */
    SQL_SEQUENCES,   /* the next ids of sequences */
    SQL_SEQUENCE_UP, /* the four pages, and the same of big items */
    SQL_SEQUENCE_DOWN,
    SQL_LOG_UP,
    SQL_LOG_DOWN,
    SQL_BIG_SEQUENCE_UP,
    SQL_BIG_SEQUENCE_DOWN,
    SQL_BIG_LOG_UP,
    SQL_BIG_LOG_DOWN,
    SQL_OWN_COUNT
};

#endif
