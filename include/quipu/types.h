/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types that programs and drivers share: status codes, bytes, ids, items,
 * schemas, and the arguments and results of appending and reading.
 *
 * This header is part of the driver ABI (see driver.h).  These rules hold for
 * every struct in it:
 *
 * - A struct that begins with `struct_size` is passed singly, by pointer, and
 *   may grow at its end in later versions.  Its owner sets
 *   `struct_size = sizeof(the struct)`.
 * - Every other struct is passed in arrays and is frozen.  Its reserved members
 *   must be zero; a later version gives them a meaning in which zero is what
 *   they mean today.
 * - Text is UTF-8 (RFC 3629) without NUL.  A `const char *` is terminated by a
 *   NUL in addition.
 * - No struct owns memory.  Every pointer is borrowed; the function that takes
 *   or returns the struct says for how long.
 *
 * Guarantees are cited by their numbers in docs/guarantees.md (U3, L5 ...).
 */
#ifndef QUIPU_TYPES_H
#define QUIPU_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define QUIPU_API __attribute__((visibility("default")))
#define QUIPU_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define QUIPU_API
#define QUIPU_PRINTF(f, a)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------ statuses */

/*
 * The status that every function that can fail returns, as an `int`.  Programs
 * decide by the code what to do next; docs/errors.md has a table.
 */
enum quipu_status {
    QUIPU_OK = 0,
    /* A precondition does not hold: another append was faster, or a guard
     * failed.  Nothing is stored.  Read again and decide again. */
    QUIPU_CONFLICT = 1,
    /* The consumer has processed this notification or a later one already, by
     * its tracking record.  Nothing is stored.  Continue with the next. */
    QUIPU_ALREADY = 2,
    /* The requested object does not exist. */
    QUIPU_NOT_FOUND = 3,
    /* Others held the store until the deadline.  Nothing is stored.  The same
     * call can be made again. */
    QUIPU_BUSY = 4,
    /* The deadline of a read or a wait passed. */
    QUIPU_TIMEOUT = 5,
    /* This driver, or this build, does not have the operation. */
    QUIPU_UNSUPPORTED = 6,
    /* An argument is wrong.  Nothing is stored.  Correct the call. */
    QUIPU_INVALID = 7,
    /* There is no memory.  Nothing is stored. */
    QUIPU_NO_MEMORY = 8,
    /* The store cannot be reached, read or written.  Nothing is stored. */
    QUIPU_IO = 9,
    /* The commit failed or its outcome was lost: the append is stored as a
     * whole or not at all.  Make the same call again (see
     * QUIPU_RESULT_REPEATED), or look an event id up
     * (quipu_records_find_event). */
    QUIPU_UNKNOWN_OUTCOME = 10,
    /* The store's contents are damaged, or were not written by quipu. */
    QUIPU_CORRUPT = 11,
    /* Access is refused: permissions, credentials, opened readonly. */
    QUIPU_DENIED = 12,
    /* A bug in quipu or in a driver. */
    QUIPU_INTERNAL = 13
};

/*
 * A description of a failure, owned by the caller, typically on its stack.  It
 * needs no initialization and no release; a call that succeeds leaves it
 * unchanged.  Wherever a function takes a `quipu_error *`, NULL is allowed.
 */
typedef struct quipu_error {
    int32_t code;       /* enum quipu_status, as the function returned it */
    int32_t native;     /* code of the back end or of the system, or 0 */
    char sqlstate[8];   /* SQLSTATE of five characters, or "" */
    char message[1008]; /* one sentence of UTF-8 for a person; cut if longer */
} quipu_error;

/* ---------------------------------------------------- bytes, ids, time */

/* Borrowed bytes.  `data` NULL (with `size` 0) means absent; `data` with `size`
 * 0 means empty. */
typedef struct quipu_bytes {
    const void *data;
    size_t size;
} quipu_bytes;

/* A UUID as 16 bytes in network order. */
typedef struct quipu_uuid {
    uint8_t bytes[16];
} quipu_uuid;

#define QUIPU_ID_MAX 255 /* bytes of an id or of a topic */

/*
 * An id as a value, without memory of its own: the 16 bytes of a UUID, or 1 to
 * 255 bytes of text, as the schema says.  `size` 0 means none.
 */
typedef struct quipu_id {
    uint8_t size;
    uint8_t data[QUIPU_ID_MAX];
} quipu_id;

/*
 * A time in microseconds since 1970-01-01T00:00:00Z, without leap seconds.
 * A store holds the years 1 to 9999: QUIPU_TIME_MIN to QUIPU_TIME_MAX.
 */
typedef struct quipu_time {
    int64_t microseconds;
} quipu_time;

#define QUIPU_TIME_MIN INT64_C(-62135596800000000)
#define QUIPU_TIME_MAX INT64_C(253402300799999999)

/* -------------------------------------------------------------- values */

/* The kinds of values in further columns.  A column of any kind may be NULL. */
enum quipu_value_kind {
    QUIPU_VALUE_NULL = 0,
    QUIPU_VALUE_BOOL = 1,
    QUIPU_VALUE_INT = 2,
    QUIPU_VALUE_DOUBLE = 3, /* finite */
    QUIPU_VALUE_TEXT = 4,
    QUIPU_VALUE_BYTES = 5,
    QUIPU_VALUE_UUID = 6, /* `bytes` of size 16 */
    QUIPU_VALUE_TIME = 7  /* `integer`, as quipu_time.microseconds */
};

/* One value of a further column.  Bytes are borrowed. */
typedef struct quipu_value {
    int32_t kind; /* enum quipu_value_kind */
    uint32_t reserved;
    union {
        int64_t integer;   /* BOOL (0 or 1), INT, TIME */
        double real;       /* DOUBLE */
        quipu_bytes bytes; /* TEXT, BYTES, UUID */
    } as;
} quipu_value;

/* --------------------------------------------------------------- items */

enum quipu_item_flag {
    /* When appending: the store chooses the next position, last + 1, or 0 in an
     * empty sequence (S2).  `position` is ignored.  In contiguous schemas
     * only. */
    QUIPU_ITEM_NEXT = 1u << 0,
    /* `time` is present. */
    QUIPU_ITEM_TIME = 1u << 1,
    /* State, metadata and further columns have been erased: the state is empty,
     * metadata are absent, and each further column is NULL (E1).  When
     * appending: the item is stored as erased, with the same contents (E7);
     * only with QUIPU_CAN_ERASE. */
    QUIPU_ITEM_ERASED = 1u << 2
};

/*
 * An item: the stored form of one event, at one position of one sequence.
 *
 * A member for which the schema names no column (event id, metadata, time,
 * further columns) must be absent when appending, and is absent when reading.
 * All bytes are borrowed: from the caller for an append, from the cursor until
 * its next step when reading.
 */
typedef struct quipu_item {
    quipu_bytes sequence_id; /* 16 bytes of a UUID, or 1 to 255 of text */
    int64_t position;        /* in its sequence; contiguous schemas: from 0 */
    int64_t notification_id; /* in the log, from 1; 0 when appending */
    quipu_bytes topic;       /* 1 to 255 bytes of text */
    quipu_bytes state;       /* present, perhaps empty */
    quipu_bytes event_id;    /* 16 bytes of a UUID, or absent */
    quipu_bytes metadata;    /* any bytes, or absent */
    quipu_time time;         /* with QUIPU_ITEM_TIME */
    const quipu_value *columns; /* in the schema's order; NULL if none */
    size_t column_count;
    const quipu_bytes *tags; /* reserved: NULL */
    size_t tag_count;        /* reserved: 0 */
    uint32_t flags;          /* enum quipu_item_flag */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_item;

/* A function that is shown an item, which is borrowed for the call.  It must
 * not call quipu. */
typedef void (*quipu_see)(void *context, const quipu_item *item);

/* ------------------------------------------------------------- schemas */

#define QUIPU_NAME_MAX 63    /* bytes of the name of a table or column */
#define QUIPU_COLUMNS_MAX 64 /* further columns of a schema */

/* A further column: one that holds an attribute of events beside the state. */
typedef struct quipu_column {
    const char *name;
    int32_t kind; /* enum quipu_value_kind, not NULL */
    uint32_t reserved;
    /* The attribute of the event from which the mapper fills the column; NULL:
     * the attribute `name`.  Drivers ignore it, and catalogues do not keep
     * it. */
    const char *attribute;
    uint64_t reserved2[2];
} quipu_column;

enum quipu_schema_flag {
    /* Sequence ids are text.  Without this flag they are UUIDs. */
    QUIPU_SCHEMA_TEXT_IDS = 1u << 0,
    /* Positions are any 64-bit numbers, each taken at most once.  Without this
     * flag they are 0, 1, 2 ... without gaps (S1). */
    QUIPU_SCHEMA_SPARSE = 1u << 1
};

/*
 * A schema: the names of one table and of its columns, and the kinds of their
 * contents.  A name has 1 to 63 bytes of UTF-8.  Column names must differ in
 * more than the case of ASCII letters.  Names that begin with "quipu_",
 * "sqlite_" or "pg_" are reserved, and names of system columns ("oid", "rowid"
 * ...) cannot be used.
 *
 * A NULL name leaves the column out, where the comment allows it.
 */
typedef struct quipu_schema {
    uint32_t struct_size;
    uint32_t flags; /* enum quipu_schema_flag */
    const char *table;
    const char *notification_id;
    const char *sequence_id;
    const char *position;
    const char *topic;
    const char *state;
    const char *event_id;        /* or NULL: appends are not repeatable (U3) */
    const char *metadata;        /* or NULL */
    const char *time;            /* or NULL */
    const quipu_column *columns; /* further columns, or NULL */
    size_t column_count;         /* up to QUIPU_COLUMNS_MAX */
} quipu_schema;

/* -------------------------------------------------------------- the log */

/*
 * A position in a log, in a form that can be kept outside the store.  By the
 * identity of the store and the event id of the item at that position, a log
 * that was rewound or replaced, as by a restored backup, is detected (L5).
 */
typedef struct quipu_position {
    int64_t notification_id; /* 0: before the first item */
    quipu_uuid store;        /* identity of the store; all zero: unknown */
    quipu_uuid event_id;     /* all zero: unknown, or no such column */
} quipu_position;

/* A tracking record: the last notification that a consumer has processed of the
 * log of that name (U4). */
typedef struct quipu_tracking {
    quipu_bytes consumer; /* 1 to 255 bytes of text */
    quipu_bytes log;      /* 1 to 255 bytes of text */
    quipu_position position;
    uint64_t reserved[2];
} quipu_tracking;

/* ------------------------------------------------------ logs of a store */

/* The log of a schema of any namespace of a store, or a namespace that has no
 * schemas. */
typedef struct quipu_log {
    const char *name_space; /* "" is the default namespace */
    const char *table;      /* of the schema; NULL: there is none */
    int64_t head;           /* last notification id; 0: the log is empty */
    uint64_t reserved[3];
} quipu_log;

/* ------------------------------------------------- key-value entries */

#define QUIPU_KEY_MAX 480 /* bytes of the key of an entry */

/*
 * A key-value entry: a small record beside the log, which can be written and
 * deleted.  Its revision grows with each write of its key, by 1 as long as the
 * entry exists, and never comes twice, also if the entry is deleted and written
 * again (K3).  So (key, revision) names one value for ever.
 */
typedef struct quipu_entry {
    quipu_bytes key;   /* 1 to 480 bytes of text */
    quipu_bytes value; /* up to quipu_limits.state_size, perhaps empty */
    int64_t revision;  /* at least 1 */
    uint64_t reserved[2];
} quipu_entry;

enum quipu_entry_flag {
    /* The entry must be at `revision`; 0: it must not exist (K4). */
    QUIPU_ENTRY_EXPECT = 1u << 0,
    /* Deletes the entry, if it exists.  `value` is absent. */
    QUIPU_ENTRY_DELETE = 1u << 1,
    /* Changes nothing; only the expectation counts, until the commit (K7).
     * With EXPECT; `value` is absent. */
    QUIPU_ENTRY_CHECK = 1u << 2
};

/* The write of an entry, as a part of an append. */
typedef struct quipu_entry_write {
    quipu_bytes key;
    quipu_bytes value; /* present, perhaps empty; see the flags */
    int64_t revision;  /* with QUIPU_ENTRY_EXPECT; otherwise 0 */
    uint32_t flags;    /* enum quipu_entry_flag */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_entry_write;

enum quipu_conditions_flag {
    /* The tracking record must be at `tracking_from`; 0: there must be none
     * (T1). */
    QUIPU_CONDITIONS_TRACKING_FROM = 1u << 0,
    /* With TRACKING_FROM: the new position of the tracking record may be below
     * the old one; at 0 the record is removed (T2). */
    QUIPU_CONDITIONS_TRACKING_REWIND = 1u << 1
};

/* Further conditions of an append, and the entries that it writes. */
typedef struct quipu_conditions {
    uint32_t struct_size;
    uint32_t flags;                   /* enum quipu_conditions_flag */
    const quipu_entry_write *entries; /* no key twice */
    size_t entry_count;               /* up to quipu_limits.append_items */
    int64_t tracking_from;
} quipu_conditions;

/* A sequence, as listings yield it. */
typedef struct quipu_sequence {
    quipu_bytes id;
    int64_t last_position;
    uint64_t reserved[2];
} quipu_sequence;

/* ------------------------------------------------------------ appending */

/* The kinds of expectation of an append guard. */
enum quipu_demand {
    QUIPU_DEMAND_EMPTY = 1,     /* the sequence has no item */
    QUIPU_DEMAND_NOT_EMPTY = 2, /* the sequence has at least one item */
    QUIPU_DEMAND_LAST = 3       /* the sequence's last item is at `position` */
};

/* An append guard: an expectation on any sequence, checked against the state
 * before the append (S3). */
typedef struct quipu_guard {
    quipu_bytes sequence_id;
    int64_t position; /* for QUIPU_DEMAND_LAST */
    int32_t demand;   /* enum quipu_demand */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_guard;

/* The precondition that did not hold, in quipu_result.cause. */
enum quipu_cause {
    QUIPU_CAUSE_NONE = 0,
    QUIPU_CAUSE_EVENT_ID = 1, /* `index`: the item whose event id is taken */
    QUIPU_CAUSE_GUARD = 2,    /* `index`: the guard that failed */
    QUIPU_CAUSE_TRACKING = 3, /* the tracking record is not above the stored,
                                 or that is not at `tracking_from` */
    QUIPU_CAUSE_POSITION = 4, /* `index`: the item whose position is taken,
                                 or is not the next one */
    QUIPU_CAUSE_ITEM = 5,     /* `index`: the item that is itself invalid */
    QUIPU_CAUSE_ENTRY = 6     /* `index`: the entry whose revision is not as
                                 expected */
};

enum quipu_result_flag {
    /* With CONFLICT: `last_position` is set, for a position or a guard to the
     * last position of the sequence, for an entry to its revision, for a
     * tracking record to its notification id.  Without this flag, the sequence
     * was empty, or there was no such entry or record. */
    QUIPU_RESULT_HAS_LAST = 1u << 0,
    /* The append is a repeat: it was stored by an earlier call, and these are
     * the positions and ids of that call (U3). */
    QUIPU_RESULT_REPEATED = 1u << 1,
    /* The answer to a commit of the append was lost, and the driver has found
     * out what became of it, which the status says.  A driver that cannot find
     * out returns UNKNOWN_OUTCOME. */
    QUIPU_RESULT_IN_DOUBT = 1u << 2
};

/*
 * The result of one append.  The caller sets `positions`, and zeroes the rest,
 * before the call; the call sets the rest.
 */
typedef struct quipu_result {
    int32_t status; /* enum quipu_status */
    int32_t cause;  /* enum quipu_cause */
    uint32_t flags; /* enum quipu_result_flag */
    uint32_t reserved;
    size_t index; /* of the item, guard or entry that `cause` refers to */
    int64_t last_position; /* with QUIPU_RESULT_HAS_LAST */
    /* The notification id of the first item; the others follow it without a gap
     * (L3).  0 if the append has no items, or the store keeps no log. */
    int64_t first_notification_id;
    /* In: an array with one element for each item, or NULL.  Out: the positions
     * of the items. */
    int64_t *positions;
    uint64_t reserved2[2];
} quipu_result;

/* -------------------------------------------------------------- reading */

/*
 * The range of one sequence or of the log that a driver is to read.  Bounds are
 * inclusive.  The core passes no empty range (lower > upper) and no limit of 0.
 */
typedef struct quipu_range {
    uint32_t struct_size;
    bool descending;
    uint8_t reserved[3];
    int64_t lower; /* position or notification id; INT64_MIN: no bound */
    int64_t upper; /* INT64_MAX: no bound */
    int64_t limit; /* items, counted in reading order; INT64_MAX: no limit */
} quipu_range;

/* The range of one of several sequences. */
typedef struct quipu_sequence_range {
    quipu_bytes sequence_id;
    const quipu_range *range;
} quipu_sequence_range;

/* An item fits if it has one of the topics. */
typedef struct quipu_match {
    const quipu_bytes *topics; /* whole topics; NULL: any topic */
    size_t topic_count;
    const quipu_bytes *tags; /* reserved: NULL */
    size_t tag_count;        /* reserved: 0 */
    uint64_t reserved[4];
} quipu_match;

#define QUIPU_PARTITIONS_MAX 64
#define QUIPU_FILTER_TEXTS_MAX 1000 /* matches, topics, prefixes: each */

/*
 * A filter on the items of a log: an item passes if it fits one of the matches,
 * its sequence id begins with one of the prefixes, and its sequence is in one
 * of the partitions; a condition that is not set passes every item.
 *
 * The partition of a sequence is h modulo partition_count.  For a UUID, h is
 * the number that its last four bytes are in network order; for text it is the
 * FNV-1a hash of 64 bits, its upper and lower half combined by exclusive or.
 * No version, driver or machine computes another one (W3).
 */
typedef struct quipu_filter {
    uint32_t struct_size;
    uint32_t partition_count; /* 1 to 64; 0: not set */
    uint64_t partitions;      /* bit i: partition i passes; not 0 if set */
    const quipu_match *matches;
    size_t match_count;
    const quipu_bytes *prefixes; /* of text ids, 1 to 255 bytes */
    size_t prefix_count;
} quipu_filter;

/* ------------------------------------------------------------- erasing */

enum quipu_erasure_flag {
    /* Finished only when the erased bytes are in no file of the store (E8). */
    QUIPU_ERASURE_SCRUB = 1u << 0
};

/* The items that are to lose their contents: a range of one sequence, or of the
 * log.  Bounds are inclusive. */
typedef struct quipu_erasure {
    uint32_t struct_size;
    uint32_t flags;          /* enum quipu_erasure_flag */
    quipu_bytes sequence_id; /* absent: the log */
    int64_t lower;           /* position or notification id */
    int64_t upper;
    int64_t limit; /* items of one commit, at least 1 */
} quipu_erasure;

/* --------------------------------------------------------- capabilities */

/* Guarantees that an opened datastore declares, and the conformance suite
 * verifies.  If a call needs one that is not declared, the core returns
 * UNSUPPORTED without calling the driver. */
enum quipu_capability {
    /* Several processes may use the store at once (U1, L4, V1 across them). */
    QUIPU_CAN_SHARE = 1u << 0,
    /* The store survives its process, and with durability=full a power cut
     * (V3). */
    QUIPU_CAN_PERSIST = 1u << 1,
    /* The store keeps a log of each schema (L1 to L5). */
    QUIPU_CAN_LOG = 1u << 2,
    /* The store keeps tracking records (U4). */
    QUIPU_CAN_TRACK = 1u << 3,
    /* A function can run inside the transaction of an append. */
    QUIPU_CAN_TRANSACT = 1u << 4,
    /* The store can be copied to a file while it is written, and put back from
     * one (V6). */
    QUIPU_CAN_BACKUP = 1u << 5,
    /* The store keeps key-value entries (K1 to K7), checks tracking records for
     * their old position (T1, T2), and takes appends without a schema. */
    QUIPU_CAN_ENTRIES = 1u << 6,
    /* The contents of items can be erased (E1 to E7). */
    QUIPU_CAN_ERASE = 1u << 7,
    /* Erased contents are in no file of the store afterwards (E8). */
    QUIPU_CAN_SCRUB = 1u << 8,
    /* Appends of several processes share a sync of the disk, and reads wait for
     * one; no guarantee differs (docs/postgresql.md). */
    QUIPU_CAN_SHARE_FLUSH = 1u << 9
};

/*
 * The limits of a store; each is inclusive.  The bytes of an append are those
 * of its items' sequence ids, event ids, topics, states, metadata, and further
 * columns of text, bytes and UUIDs, and those of its entries' keys and values.
 */
typedef struct quipu_limits {
    /* Bytes of one state, metadata, further column or value of an entry; at
     * least 16 MiB. */
    uint64_t state_size;
    /* Items of one append, guards of one append, and entries of one append; at
     * least 100,000. */
    uint64_t append_items;
    /* Bytes of one append; at least 256 MiB. */
    uint64_t append_size;
    uint64_t reserved[5];
} quipu_limits;

#ifdef __cplusplus
}
#endif

#endif
