/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver contract: what a storage driver implements.
 *
 * A driver is a shared object, `<scheme>.so`, that exports one symbol (see
 * QUIPU_DRIVER_ENTRY), links nothing of quipu, and includes this header only.
 * It stays loaded until the process ends.  The guarantees behind the words of
 * the comments below are numbered in docs/guarantees.md (U1, S1, L1 ...).
 *
 * What the core has checked before it calls a driver, so that no driver needs
 * to: text is UTF-8 without NUL and within its length; ids have the size that
 * the schema's kind asks for; QUIPU_ITEM_NEXT appears in contiguous schemas
 * only; event ids are present exactly where the schema has a column for them;
 * what else it has no column for is absent; values are of their column's kind,
 * finite, and in range; names and counts are within the limits of types.h and
 * sizes within `quipu_limits`; reserved members are zero; a range is not empty;
 * `struct_size` is right.
 *
 * Threads.  All operations of one datastore may be called from several threads
 * at once, except `close` (last, alone) and those of one cursor (one thread
 * at a time, any thread).  A driver not ready for that takes a mutex of its
 * own around all but `wait` and `interrupt`.  A driver calls nothing of the
 * core but the host's functions, and those it may call from any thread.
 *
 * Memory.  What one side allocates, that side frees.  Arguments are borrowed
 * for the call; a schema, too.  What a cursor lends is borrowed until the next
 * call on that cursor.  Out-parameters are set on QUIPU_OK only, unless said
 * otherwise.
 *
 * Deadlines are absolute, in nanoseconds of CLOCK_MONOTONIC; INT64_MAX means
 * none.  Work that can finish at once is done even when the deadline is past.
 *
 * Codes.  Every operation lists the codes that it may return; the conformance
 * suite refuses any other.  A driver that returns one other than QUIPU_OK has
 * called the host's `error_set`.  No message shows a password.
 */
#ifndef QUIPU_DRIVER_H
#define QUIPU_DRIVER_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised only when a member that exists changes its meaning. */
#define QUIPU_DRIVER_ABI 1

/* Each driver defines these three; the core never looks inside. */
typedef struct quipu_driver_datastore quipu_driver_datastore;
typedef struct quipu_driver_schema quipu_driver_schema;
typedef struct quipu_driver_cursor quipu_driver_cursor;

/* ---------------------------------------------------------------- host */

enum quipu_level {
    QUIPU_LEVEL_WARNING = 1, /* the operator should know */
    QUIPU_LEVEL_NOTICE = 2,  /* the operator may like to know */
    QUIPU_LEVEL_TRACE = 3    /* for the author of a driver */
};

/* What the core lends to a driver, from `open` until the process ends. */
typedef struct quipu_host {
    uint32_t struct_size;
    uint32_t abi;
    /* As malloc, realloc and free; NULL when memory is short. */
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *memory, size_t size);
    void (*release)(void *memory);
    /* Fills *error (NULL is allowed) and returns `status`.  `native` is the
     * back end's code or 0, `sqlstate` five characters or NULL.  Never
     * allocates, never fails; a message that is too long is cut. */
    int (*error_set)(quipu_error *error, int status, int native,
                     const char *sqlstate, const char *format, ...)
        QUIPU_PRINTF(5, 6);
    /* Says something to whoever listens (enum quipu_level). */
    void (*message)(int level, const char *format, ...) QUIPU_PRINTF(2, 3);
} quipu_host;

/* ------------------------------------------------------------- options */

enum quipu_option_type {
    QUIPU_OPTION_TEXT = 1,
    QUIPU_OPTION_BOOL = 2, /* "1", "true", "yes", "on" and their opposites */
    QUIPU_OPTION_SIZE = 3, /* bytes, decimal, with k, m, g or t for 2^10 ... */
    QUIPU_OPTION_COUNT = 4 /* a decimal number, not negative */
};

/* One row of a driver's published table of options. */
typedef struct quipu_option_info {
    const char *name;
    const char *fallback; /* the default, as text, or NULL */
    const char *help;     /* one line */
    int32_t type;         /* enum quipu_option_type */
    uint32_t reserved;
    uint64_t reserved2;
} quipu_option_info;

/* One option of a URI, percent-decoded.  The core has checked that the table
 * knows the name and that the value has its type. */
typedef struct quipu_option {
    const char *name;
    const char *value;
    uint64_t reserved[2];
} quipu_option;

enum quipu_open_flag {
    QUIPU_OPEN_READONLY = 1u << 0, /* changes no byte of the store */
    QUIPU_OPEN_CREATE = 1u << 1,   /* the store may be created */
    QUIPU_OPEN_RELAXED = 1u << 2   /* durability=relaxed (V3) */
};

/* How to open a datastore. */
typedef struct quipu_open {
    uint32_t struct_size;
    uint32_t flags;     /* enum quipu_open_flag */
    const char *scheme; /* as the URI spells it, without the colon */
    /* Between "scheme:" and "?", percent-encoded as it came. */
    const char *body;
    /* All after "scheme:" without quipu's own options, percent-encoded as it
     * came, for drivers that pass the whole on. */
    const char *rest;
    const quipu_option *options; /* without quipu's own */
    size_t option_count;
    const char *name_space; /* 0 to 63 bytes; "" is the default one */
} quipu_open;

/* What an opened datastore says of itself. */
typedef struct quipu_opened {
    uint32_t struct_size;  /* set by the core */
    uint32_t capabilities; /* enum quipu_capability */
    quipu_uuid identity;   /* of the store and namespace (L5) */
    quipu_limits limits;
} quipu_opened;

/* ------------------------------------------------------------ appending */

/* One append: judged as a whole, stored as a whole (U2). */
typedef struct quipu_request {
    quipu_driver_schema *schema;
    const quipu_item *items;
    size_t item_count;
    const quipu_guard *guards;
    size_t guard_count;
    const quipu_tracking *tracking; /* one record, or NULL */
    const void *condition;          /* reserved: NULL */
    uint32_t flags;                 /* reserved: 0 */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_request;

/*
 * The caller's part of a transaction.  `native` is the back end's own handle
 * (sqlite3 *, PGconn *, MDB_txn *) inside the transaction.  Any status but
 * QUIPU_OK rolls it back and becomes the operation's.  It may run again after
 * a rolled back attempt, must neither begin nor end a transaction, and must
 * not call quipu on that datastore.
 */
typedef int (*quipu_work)(void *native, void *context, quipu_error *error);

/* ----------------------------------------------------------- the driver */

enum quipu_driver_flag {
    /* Options that the table does not know go on to the back end, and the
     * driver reports those that nobody knows. */
    QUIPU_DRIVER_PASSES_OPTIONS = 1u << 0
};

/*
 * The driver's table.  Members marked [optional] may be NULL; the core then
 * answers QUIPU_UNSUPPORTED.  Codes are listed beside OK and, for all of them,
 * NO_MEMORY and INTERNAL.  (tests/conformance/context compares these lists with
 * what the core lets pass and what the suite does.)
 */
typedef struct quipu_driver {
    uint32_t struct_size;
    uint32_t abi;   /* QUIPU_DRIVER_ABI */
    uint32_t flags; /* enum quipu_driver_flag */
    uint32_t option_count;
    const char *name;    /* of the driver: "sqlite" */
    const char *version; /* of the driver: "1.0.0" */
    const quipu_option_info *options;
    /* The back end's name and version as it runs: "SQLite 3.40.1". */
    const char *(*library)(void);

    /*
     * Opens the store.  A store that does not exist is created with
     * QUIPU_OPEN_CREATE, else NOT_FOUND.  Something that is no store of this
     * driver, is damaged, or has a newer format is left as it is, to the byte
     * (F4).  Codes: BUSY, INVALID (body or option), IO, CORRUPT, DENIED,
     * NOT_FOUND, UNSUPPORTED (format or file system).
     */
    int (*open)(const quipu_host *host, const quipu_open *how, int64_t deadline,
                quipu_driver_datastore **datastore, quipu_opened *opened,
                quipu_error *error);

    /* Ends all.  Its cursors and schemas are closed and unbound before. */
    void (*close)(quipu_driver_datastore *datastore);

    /*
     * Wakes the waits under way on this datastore; each returns OK with the
     * head as it is.  Later waits are not concerned.  Async-signal-unsafe;
     * any thread.
     */
    void (*interrupt)(quipu_driver_datastore *datastore);

    /*
     * Makes the schema's tables and enters it in the catalogue; does nothing
     * and needs no rights if they are there.  Codes: CONFLICT (the catalogue
     * has it with other columns, or a table that quipu did not make has the
     * name), BUSY, DENIED, IO, CORRUPT, UNKNOWN_OUTCOME, INVALID (a name that
     * the back end cannot hold, or that differs from one that is there in case
     * only).
     */
    int (*setup)(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error);

    /*
     * Removes the schema with all its items.  Tracking stays.  Codes: NOT_FOUND
     * (no such schema), BUSY, DENIED, IO, CORRUPT, UNKNOWN_OUTCOME, CONFLICT
     * (as `setup`).  What is still bound to it, anywhere, is then void: appends
     * answer NOT_FOUND; reads find what was there, or nothing, or answer that.
     */
    int (*teardown)(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_error *error);

    /*
     * Prepares the work with a schema.  Codes: NOT_FOUND (not set up), CONFLICT
     * (set up with other columns, and the message names the first that
     * differs), BUSY, DENIED, IO, CORRUPT.
     */
    int (*bind)(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t deadline, quipu_driver_schema **bound,
                quipu_error *error);
    void (*unbind)(quipu_driver_datastore *datastore,
                   quipu_driver_schema *bound);

    /*
     * Appends requests 0 .. *taken - 1, 1 <= *taken <= count, as if one after
     * the other, with one durable commit.  If it returns OK, results[i].status
     * is what became of request i: OK, CONFLICT (cause and index always tell
     * of what), ALREADY, or INVALID.  Else its code holds for all that were
     * taken.  Codes: BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down, and
     * nothing is stored), UNKNOWN_OUTCOME.  *taken is always set.
     *
     * Of one request are judged, in this order: event ids (U3), guards (S3)
     * on the state before it, tracking (U4), then its items one by one (S1, S2,
     * U1).  A refused request leaves no trace and uses no notification id.
     */
    int (*append)(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error);

    /*
     * [optional] Judges and stores one request, which may be empty, runs `work`
     * in the same transaction if the request is accepted, and commits both.
     * *result as above.  Codes: those of `work`, BUSY, DENIED, IO, CORRUPT,
     * NOT_FOUND, UNKNOWN_OUTCOME.
     */
    int (*transact)(quipu_driver_datastore *datastore,
                    const quipu_request *request, quipu_work work,
                    void *context, quipu_result *result, int64_t deadline,
                    quipu_error *error);

    /*
     * Opens a cursor over the items of one sequence, by position (S4), or of
     * the log, by notification id [log: optional].  It yields what was
     * visible now (V4).  Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND
     * (torn down).
     */
    int (*read_sequence)(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         const quipu_range *range, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error);
    int (*read_log)(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, const quipu_range *range,
                    int64_t deadline, quipu_driver_cursor **cursor,
                    quipu_error *error);

    /*
     * Opens a cursor over the catalogue, by table name (quipu_schema).  This
     * one and the next two yield what is there when they come by.  Codes:
     * TIMEOUT, BUSY, DENIED, IO, CORRUPT.
     */
    int (*list_schemas)(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error);

    /*
     * Over a schema's sequences whose id is above `after` (absent: all), by id
     * in byte order (quipu_sequence).  Codes: TIMEOUT, BUSY, DENIED, IO,
     * CORRUPT, NOT_FOUND (torn down).
     */
    int (*list_sequences)(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error);

    /* [optional] Over the tracking records, by consumer and log
     * (quipu_tracking).  Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT. */
    int (*list_tracking)(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error);

    /*
     * Lends the next rows, in an array of as many as are at hand: at least
     * one, or 0 after the last, again and again.  They are quipu_item,
     * quipu_sequence or quipu_tracking, after what opened the cursor; a
     * quipu_schema comes alone.  After an error only `cursor_close` is called.
     * Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down).
     */
    int (*step)(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error);
    void (*cursor_close)(quipu_driver_cursor *cursor);

    /* The last position of a sequence; *found false if it is empty.  Codes:
     * TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down). */
    int (*last_position)(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         int64_t deadline, bool *found, int64_t *position,
                         quipu_error *error);

    /* [optional] The log's head: its last notification id (0 if there is
     * none), that item's event id, and the identity.  Codes: TIMEOUT, BUSY,
     * DENIED, IO, CORRUPT, NOT_FOUND (torn down). */
    int (*log_head)(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error);

    /* [optional] Waits until the log's head is above `after`, and sets *head;
     * with -1 it is at once.  It may return OK earlier, with the head as it is
     * (L4).  Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn
     * down). */
    int (*wait)(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                int64_t after, int64_t deadline, int64_t *head,
                quipu_error *error);

    /* [optional] Reads the tracking record of (consumer, log).  Codes:
     * NOT_FOUND, TIMEOUT, BUSY, DENIED, IO, CORRUPT. */
    int (*read_tracking)(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error);
} quipu_driver;

/*
 * Defines the one symbol of a driver:
 *
 *     QUIPU_DRIVER_ENTRY(memory)
 *     {
 *         return &driver;
 *     }
 *
 * It may be called any number of times and keeps no state.  Compiled with
 * QUIPU_DRIVER_STATIC the symbol is quipu_driver_entry_<name>, for programs
 * that link the driver in and hand it to quipu_drivers_add.
 */
#ifdef QUIPU_DRIVER_STATIC
#define QUIPU_DRIVER_ENTRY(name)                                \
    const struct quipu_driver *quipu_driver_entry_##name(void); \
    const struct quipu_driver *quipu_driver_entry_##name(void)
#else
#define QUIPU_DRIVER_ENTRY(name)                                   \
    QUIPU_API const struct quipu_driver *quipu_driver_entry(void); \
    QUIPU_API const struct quipu_driver *quipu_driver_entry(void)
#endif

typedef const struct quipu_driver *(*quipu_driver_entry_fn)(void);

#ifdef __cplusplus
}
#endif

#endif
