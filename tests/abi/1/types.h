/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs and drivers share: status codes, bytes, ids, items, schemas.
 *
 * This header is part of the driver ABI (see driver.h).  Three rules hold for
 * every struct in it:
 *
 * - A struct that begins with `struct_size` is passed singly, by pointer, and
 *   may grow at its end.  Its owner sets `struct_size = sizeof(the struct)`.
 * - Every other struct travels in arrays and is frozen.  Its reserved members
 *   must be zero; what is zero today keeps its meaning for ever.
 * - Text is UTF-8 without NUL.  A `const char *` is NUL-terminated besides.
 *
 * Nothing here owns memory: every pointer is borrowed, and the function that
 * takes or gives the struct says for how long.
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
 * What every fallible function returns, as an `int`.  Each code says what the
 * caller can do next.
 */
enum quipu_status {
    QUIPU_OK = 0,
    /* Somebody else was there first, or a guard failed.  Nothing is stored.
     * Read again, decide again. */
    QUIPU_CONFLICT = 1,
    /* The tracking record already stands at or above this notification.
     * Nothing is stored; go on with the next one. */
    QUIPU_ALREADY = 2,
    /* The thing asked for does not exist. */
    QUIPU_NOT_FOUND = 3,
    /* The store is held by others until the deadline.  Nothing is stored;
     * the same call may be made again. */
    QUIPU_BUSY = 4,
    /* The deadline of a read or a wait has passed. */
    QUIPU_TIMEOUT = 5,
    /* This driver, or this build, does not have the operation. */
    QUIPU_UNSUPPORTED = 6,
    /* The request itself is wrong.  Nothing is stored; correct the call. */
    QUIPU_INVALID = 7,
    QUIPU_NO_MEMORY = 8,
    /* The store cannot be reached, read or written.  Nothing is stored. */
    QUIPU_IO = 9,
    /* The commit failed or its answer was lost: the append is stored whole
     * or not at all.  Repeat it unchanged (see QUIPU_RESULT_REPEATED), or
     * look its event ids up. */
    QUIPU_UNKNOWN_OUTCOME = 10,
    /* What the store holds is not what quipu wrote. */
    QUIPU_CORRUPT = 11,
    /* The store refuses access: permissions, credentials, read-only. */
    QUIPU_DENIED = 12,
    /* A bug in quipu or in a driver. */
    QUIPU_INTERNAL = 13
};

/*
 * An error, owned by the caller, typically on its stack.  It needs no
 * initialising and no freeing; a call that succeeds leaves it as it was.
 * Wherever a function takes a `quipu_error *`, NULL is allowed.
 */
typedef struct quipu_error {
    int32_t code;   /* enum quipu_status */
    int32_t native; /* the back end's or the system's own code, or 0 */
    char sqlstate[8];
    char message[1008]; /* one sentence, NUL-terminated, cut if longer */
} quipu_error;

/* ---------------------------------------------------- bytes, ids, time */

/* Borrowed bytes.  `data` NULL means absent; `size` 0 with data means empty. */
typedef struct quipu_bytes {
    const void *data;
    size_t size;
} quipu_bytes;

/* A UUID as its 16 bytes in network order. */
typedef struct quipu_uuid {
    uint8_t bytes[16];
} quipu_uuid;

#define QUIPU_ID_MAX 255

/*
 * An id as a value that nobody needs to free: the 16 raw bytes of a UUID or 1
 * to 255 bytes of text, as the schema says.  `size` 0 means none.
 */
typedef struct quipu_id {
    uint8_t size;
    uint8_t data[QUIPU_ID_MAX];
} quipu_id;

/*
 * A time: microseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
 * Storable are the years 1 to 9999: QUIPU_TIME_MIN to QUIPU_TIME_MAX.
 */
typedef struct quipu_time {
    int64_t microseconds;
} quipu_time;

#define QUIPU_TIME_MIN INT64_C(-62135596800000000)
#define QUIPU_TIME_MAX INT64_C(253402300799999999)

/* -------------------------------------------------------------- values */

/* The kinds of a further column; each is nullable. */
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
    /* Append at the next position: last + 1, or 0 in an empty sequence.
     * `position` is ignored.  Contiguous schemas only. */
    QUIPU_ITEM_NEXT = 1u << 0,
    /* `time` is present. */
    QUIPU_ITEM_TIME = 1u << 1,
    /* Set on reading: state, metadata and further columns were erased. */
    QUIPU_ITEM_ERASED = 1u << 2
};

/*
 * A sequenced item: one event as it is stored.
 *
 * What the schema names no column for (event id, metadata, time, further
 * columns) must be absent when appending, and is absent when reading.
 */
typedef struct quipu_item {
    quipu_bytes sequence_id; /* 16 raw bytes, or 1 to 255 bytes of text */
    int64_t position;
    int64_t notification_id;    /* 1, 2, 3 ...; set by reading, 0 to append */
    quipu_bytes topic;          /* 1 to 255 bytes of text */
    quipu_bytes state;          /* present, perhaps empty */
    quipu_bytes event_id;       /* 16 raw bytes, or absent */
    quipu_bytes metadata;       /* any bytes, or absent */
    quipu_time time;            /* with QUIPU_ITEM_TIME */
    const quipu_value *columns; /* in the schema's order; NULL if none */
    size_t column_count;
    const quipu_bytes *tags; /* reserved: NULL */
    size_t tag_count;        /* reserved: 0 */
    uint32_t flags;          /* enum quipu_item_flag */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_item;

/* ------------------------------------------------------------- schemas */

#define QUIPU_NAME_MAX 63    /* bytes of a table's or column's name */
#define QUIPU_COLUMNS_MAX 64 /* further columns */

typedef struct quipu_column {
    const char *name;
    int32_t kind; /* enum quipu_value_kind, not NULL */
    uint32_t reserved;
    /* The event attribute that the mapper fills it from; NULL: `name`.
     * Drivers ignore it and the catalogue does not keep it. */
    const char *attribute;
    uint64_t reserved2[2];
} quipu_column;

enum quipu_schema_flag {
    /* Sequence ids are text; without it they are UUIDs. */
    QUIPU_SCHEMA_TEXT_IDS = 1u << 0,
    /* Positions are any int64, each taken once; without it, 0, 1, 2 ... */
    QUIPU_SCHEMA_SPARSE = 1u << 1
};

/*
 * The names of a table and of its columns, and what they hold.  A name is 1
 * to 63 bytes of UTF-8; two names that differ only in (ASCII) case collide;
 * names that begin with "quipu_", "sqlite_" or "pg_" are reserved.
 *
 * A NULL column name leaves the column out where the comment allows it.
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
    const char *event_id; /* or NULL: appends cannot be repeated (U3) */
    const char *metadata; /* or NULL */
    const char *time;     /* or NULL */
    const quipu_column *columns;
    size_t column_count;
} quipu_schema;

/* -------------------------------------------------------------- the log */

/*
 * A position in a log that can be kept outside the store.  The store's
 * identity and the event id of the item at that position betray a log that
 * was rewound or exchanged, as by a restored backup.
 */
typedef struct quipu_position {
    int64_t notification_id; /* 0: before the first item */
    quipu_uuid store;        /* all zero: not known */
    quipu_uuid event_id;     /* all zero: not known, or no such column */
} quipu_position;

/* How far a consumer has processed the log of that name. */
typedef struct quipu_tracking {
    quipu_bytes consumer; /* 1 to 255 bytes of text */
    quipu_bytes log;      /* 1 to 255 bytes of text */
    quipu_position position;
    uint64_t reserved[2];
} quipu_tracking;

/* A sequence as listings show it. */
typedef struct quipu_sequence {
    quipu_bytes id;
    int64_t last_position;
    uint64_t reserved[2];
} quipu_sequence;

/* ------------------------------------------------------------ appending */

enum quipu_demand {
    QUIPU_DEMAND_EMPTY = 1,     /* the sequence has no item */
    QUIPU_DEMAND_NOT_EMPTY = 2, /* it has at least one */
    QUIPU_DEMAND_LAST = 3       /* its last item is at `position` */
};

/* A condition on any sequence, judged on the state before the append. */
typedef struct quipu_guard {
    quipu_bytes sequence_id;
    int64_t position; /* for QUIPU_DEMAND_LAST */
    int32_t demand;   /* enum quipu_demand */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_guard;

/* What refused an append, in quipu_result.cause. */
enum quipu_cause {
    QUIPU_CAUSE_NONE = 0,
    QUIPU_CAUSE_EVENT_ID = 1, /* `index`: the item whose event id is taken */
    QUIPU_CAUSE_GUARD = 2,    /* `index`: the guard that failed */
    QUIPU_CAUSE_TRACKING = 3, /* the tracking record stands higher */
    QUIPU_CAUSE_POSITION = 4, /* `index`: the item whose position is taken,
                                 or is not the next one */
    QUIPU_CAUSE_ITEM = 5      /* `index`: the item that is itself invalid */
};

enum quipu_result_flag {
    /* With CONFLICT for a position or a guard: `last_position` is set.
     * Without it the sequence concerned was empty. */
    QUIPU_RESULT_HAS_LAST = 1u << 0,
    /* The append was stored earlier; these are its original ids. */
    QUIPU_RESULT_REPEATED = 1u << 1
};

/*
 * The outcome of one append.  `positions` is set by the caller beforehand,
 * the rest by the call.
 */
typedef struct quipu_result {
    int32_t status; /* enum quipu_status */
    int32_t cause;  /* enum quipu_cause */
    uint32_t flags; /* enum quipu_result_flag */
    uint32_t reserved;
    size_t index; /* of the item or guard that `cause` speaks of */
    int64_t last_position;
    /* The notification id of the first item; the others follow it without
     * a gap.  0 if the append had no items. */
    int64_t first_notification_id;
    /* In: room for one position an item, or NULL.  Out: where each stands. */
    int64_t *positions;
    uint64_t reserved2[2];
} quipu_result;

/* -------------------------------------------------------------- reading */

/*
 * What to read of one sequence or of the log.  Bounds are inclusive; an empty
 * range (lower > upper) or a limit of 0 yields nothing.
 */
typedef struct quipu_range {
    uint32_t struct_size;
    bool descending;
    uint8_t reserved[3];
    int64_t lower; /* of positions or of notification ids; INT64_MIN: none */
    int64_t upper; /* INT64_MAX: none */
    int64_t limit; /* items, counted in reading order; INT64_MAX: none */
} quipu_range;

/* --------------------------------------------------------- capabilities */

/* Guarantees that an opened datastore claims, and the suite verifies.  What
 * needs one that is not claimed is UNSUPPORTED, and no driver is asked. */
enum quipu_capability {
    /* Several processes may use it at once (U1, L4, V1 across them). */
    QUIPU_CAN_SHARE = 1u << 0,
    /* It survives its process; with durability=full a power cut too (V3). */
    QUIPU_CAN_PERSIST = 1u << 1,
    /* It keeps the log (L1 to L5). */
    QUIPU_CAN_LOG = 1u << 2,
    /* It keeps tracking records (U4). */
    QUIPU_CAN_TRACK = 1u << 3,
    /* It runs a function inside an append's transaction. */
    QUIPU_CAN_TRANSACT = 1u << 4
};

/*
 * Where a store begins to refuse; each limit is inclusive.  The bytes of an
 * append are those of its items' ids, topics, states, metadata, and further
 * columns of text, bytes and UUIDs.
 */
typedef struct quipu_limits {
    /* Bytes of one state, metadata or further column, at least 16 MiB. */
    uint64_t state_size;
    uint64_t append_items; /* of one append, and guards; at least 100,000 */
    uint64_t append_size;  /* bytes of one append, at least 256 MiB */
    uint64_t reserved[5];
} quipu_limits;

#ifdef __cplusplus
}
#endif

#endif
