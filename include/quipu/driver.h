/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver contract: the interface that a storage driver implements.
 *
 * A driver is a shared object, `<scheme>.so`, that exports one symbol (see
 * QUIPU_DRIVER_ENTRY), links nothing of quipu, and includes this header only.
 * It stays loaded until the process ends.  The guarantees that the comments
 * below cite are numbered in docs/guarantees.md (U1, S1, L1 ...).
 *
 * Checks.  The core checks the following before it calls a driver, so that no
 * driver needs to.  Text is UTF-8 without NUL and within its length.  Ids have
 * the size of the schema's kind of ids.  QUIPU_ITEM_NEXT appears in contiguous
 * schemas only.  Event ids are present exactly if the schema has a column for
 * them, and no other member is present without its column.  Values are of their
 * column's kind, finite, and in range.  Names and counts are within the limits
 * of types.h, and sizes within `quipu_limits`.  Reserved members are zero.
 * Ranges are not empty.  `struct_size` is that of the core.  Conditions appear
 * only where QUIPU_CAN_ENTRIES is declared.  No key appears twice in a request,
 * flags of entries are consistent, and `tracking_from` appears with a tracking
 * record only.  QUIPU_ITEM_ERASED appears only where QUIPU_CAN_ERASE is
 * declared, in items with an empty state, absent metadata, and NULL in each
 * further column.
 *
 * Threads.  All operations of one datastore may be called from several threads
 * at once, except `close` (last, alone) and those of one cursor (one thread
 * at a time, any thread).  A driver whose library does not allow that holds a
 * mutex of its own during every operation but `wait` and `interrupt`.  A driver
 * calls no function of the core except the host's, and may call these from any
 * thread.
 *
 * Memory.  Each side frees the memory that it allocated.  Arguments, schemas
 * included, are borrowed for the call.  Rows that a cursor lends are borrowed
 * until the next call on that cursor.  Out-parameters are set on QUIPU_OK only,
 * unless the operation says otherwise.
 *
 * Deadlines are absolute, in nanoseconds of CLOCK_MONOTONIC; INT64_MAX means
 * none.  Work that can finish at once is done even if the deadline has passed.
 *
 * Codes.  Every operation lists the codes that it may return; the core replaces
 * any other by INTERNAL, and the conformance suite fails the driver.  A driver
 * that returns a code other than QUIPU_OK has called the host's `error_set`
 * before.  No message shows a password.
 */
#ifndef QUIPU_DRIVER_H
#define QUIPU_DRIVER_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised only when a member that exists changes its meaning. */
#define QUIPU_DRIVER_ABI 1

/* Each driver defines these three types; the core uses pointers to them only.
 */
typedef struct quipu_driver_datastore quipu_driver_datastore;
typedef struct quipu_driver_schema quipu_driver_schema;
typedef struct quipu_driver_cursor quipu_driver_cursor;

/* ---------------------------------------------------------------- host */

enum quipu_level {
    QUIPU_LEVEL_WARNING = 1, /* the operator has to act, or should know */
    QUIPU_LEVEL_NOTICE = 2,  /* of interest to an operator */
    QUIPU_LEVEL_TRACE = 3    /* for authors of drivers */
};

/* Functions of the core that a driver may call, from its first `open` until the
 * process ends, in any thread. */
typedef struct quipu_host {
    uint32_t struct_size;
    uint32_t abi;
    /* As malloc, realloc and free.  NULL: no memory. */
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *memory, size_t size);
    void (*release)(void *memory);
    /* Fills *error (NULL is allowed) and returns `status`.  `native` is the
     * back end's code or 0, `sqlstate` five characters or NULL.  Never
     * allocates, never fails; a message that is too long is cut. */
    int (*error_set)(quipu_error *error, int status, int native,
                     const char *sqlstate, const char *format, ...)
        QUIPU_PRINTF(5, 6);
    /* Sends a message to the program's listener (`level`: enum quipu_level), by
     * default warnings to standard error. */
    void (*message)(int level, const char *format, ...) QUIPU_PRINTF(2, 3);
    /* The members from here on are missing in older versions of quipu: see
     * QUIPU_HOST_HAS. */
    /* Decodes "%41" to "A" in place, as a path in a body needs; the result need
     * not be UTF-8.  Returns NULL, or the fault in words that fit after "has "
     * (a '%' without two hexadecimal digits, or %00); the text is then
     * undefined. */
    const char *(*decode_percent)(char *text);
    /* The value of an option of type QUIPU_OPTION_BOOL: true for 1, true, yes
     * and on, in any case. */
    bool (*option_bool)(const char *value);
    /* The value of an option of type QUIPU_OPTION_SIZE or QUIPU_OPTION_COUNT;
     * INT64_MAX if it is larger, -1 if the text is no such value. */
    int64_t (*option_number)(const char *value);
} quipu_host;

/* True if the core is new enough to have a member of quipu_host. */
#define QUIPU_HOST_HAS(host, member) \
    ((host)->struct_size >=          \
     offsetof(quipu_host, member) + sizeof((host)->member))

/* ------------------------------------------------------------- options */

enum quipu_option_type {
    QUIPU_OPTION_TEXT = 1,
    QUIPU_OPTION_BOOL = 2, /* 1, true, yes, on or 0, false, no, off */
    QUIPU_OPTION_SIZE = 3, /* bytes below 2^64; unit k, m, g, t: 2^10 ... */
    QUIPU_OPTION_COUNT = 4 /* a decimal number from 0 to 2^64 - 1 */
};

/* One option that a driver publishes. */
typedef struct quipu_option_info {
    const char *name;
    const char *fallback; /* the default, as text, or NULL */
    const char *help;     /* one line */
    int32_t type;         /* enum quipu_option_type */
    uint32_t reserved;
    uint64_t reserved2;
} quipu_option_info;

/* One option of a URI, percent-decoded.  The core has checked that the driver
 * publishes the name, and that the value is of its type. */
typedef struct quipu_option {
    const char *name;
    const char *value;
    uint64_t reserved[2];
} quipu_option;

enum quipu_open_flag {
    QUIPU_OPEN_READONLY = 1u << 0, /* change no byte of the store */
    QUIPU_OPEN_CREATE = 1u << 1,   /* create the store if it does not exist */
    QUIPU_OPEN_RELAXED = 1u << 2,  /* durability=relaxed (V3) */
    /* For `list_logs` only, given to drivers that have it: no namespace is
     * looked for, nor created.  Of the other operations with a datastore the
     * core calls step, cursor_close, interrupt and close. */
    QUIPU_OPEN_ALL_NAMESPACES = 1u << 3
};

/* The arguments with which a datastore is opened. */
typedef struct quipu_open {
    uint32_t struct_size;
    uint32_t flags;     /* enum quipu_open_flag */
    const char *scheme; /* of the URI, without the colon */
    /* The part between "scheme:" and "?", still percent-encoded. */
    const char *body;
    /* The part after "scheme:" without the core's own options, still
     * percent-encoded, for drivers that pass a URI on to their library. */
    const char *rest;
    const quipu_option *options; /* without the core's own */
    size_t option_count;
    const char *name_space; /* 0 to 63 bytes; "" is the default namespace */
} quipu_open;

/* The properties of an opened datastore. */
typedef struct quipu_opened {
    uint32_t struct_size;  /* set by the core */
    uint32_t capabilities; /* enum quipu_capability */
    quipu_uuid identity;   /* of the store and namespace (L5) */
    quipu_limits limits;
} quipu_opened;

/* -------------------------------------------------------------- backups */

enum quipu_backup_flag {
    /* Replaces what has the name of the copy.  Without it, CONFLICT. */
    QUIPU_BACKUP_REPLACE = 1u << 0
};

/* How a store is copied to a file, or back; borrowed for the call. */
typedef struct quipu_backup {
    uint32_t struct_size;
    uint32_t flags;   /* enum quipu_backup_flag */
    const char *path; /* of the file, as the system calls take it */
    /* NULL, or called between two parts of the work with the bytes that are
     * copied and those that there are.  If it returns false, the call ends with
     * TIMEOUT and leaves nothing.  It must not call quipu. */
    bool (*progress)(void *context, uint64_t done, uint64_t all);
    void *context;
} quipu_backup;

/* ------------------------------------------------------------ appending */

/* One append: its preconditions are checked, and it is stored, as a whole
 * (U2). */
typedef struct quipu_request {
    quipu_driver_schema *schema; /* NULL: no items and no guards (only with
                                    QUIPU_CAN_ENTRIES) */
    const quipu_item *items;
    size_t item_count;
    const quipu_guard *guards;
    size_t guard_count;
    const quipu_tracking *tracking; /* one record, or NULL */
    const void *condition;          /* quipu_conditions, or NULL */
    uint32_t flags;                 /* reserved: 0 */
    uint32_t reserved;
    uint64_t reserved2[2];
} quipu_request;

/*
 * A function of the program that runs in the transaction of an append.
 * `native` is the back end's own handle (sqlite3 *, PGconn *, MDB_txn *),
 * inside the transaction.  Any status but QUIPU_OK rolls the transaction back
 * and becomes the status of the operation.  The function may run more than
 * once, if an attempt is rolled back and repeated.  It must neither begin nor
 * end a transaction, and must not call quipu on that datastore.
 */
typedef int (*quipu_work)(void *native, void *context, quipu_error *error);

/* ----------------------------------------------------------- the driver */

enum quipu_driver_flag {
    /* Options that the driver does not publish are passed to it, too.  It
     * passes them to the back end, and reports those that are unknown there. */
    QUIPU_DRIVER_PASSES_OPTIONS = 1u << 0
};

/*
 * The table of a driver's operations.  Members marked [optional] may be NULL;
 * the core then returns QUIPU_UNSUPPORTED.  The lists of codes leave out OK,
 * NO_MEMORY and INTERNAL, which every operation may return.  (A test compares
 * the lists with the codes that the core and the conformance suite accept.)
 */
typedef struct quipu_driver {
    uint32_t struct_size;
    uint32_t abi;   /* QUIPU_DRIVER_ABI */
    uint32_t flags; /* enum quipu_driver_flag */
    uint32_t option_count;
    const char *name;                 /* of the driver: "sqlite" */
    const char *version;              /* of the driver: "1.0.0" */
    const quipu_option_info *options; /* option_count elements, or NULL */
    /* Returns the name and version of the back end's library that is loaded:
     * "SQLite 3.40.1".  Static text. */
    const char *(*library)(void);

    /*
     * Opens the store.  If it does not exist, it is created with
     * QUIPU_OPEN_CREATE; otherwise the call returns NOT_FOUND.  Not a byte is
     * changed of anything that is no store of this driver, is damaged, or has a
     * newer format (F4).  Codes: BUSY, INVALID (body or option), IO, CORRUPT,
     * DENIED, NOT_FOUND, UNSUPPORTED (format or file system).
     */
    int (*open)(const quipu_host *host, const quipu_open *how, int64_t deadline,
                quipu_driver_datastore **datastore, quipu_opened *opened,
                quipu_error *error);

    /* Closes the store.  The core closes all cursors and unbinds all schemas
     * before. */
    void (*close)(quipu_driver_datastore *datastore);

    /*
     * Wakes the calls of `wait` that are under way on this datastore; each
     * returns OK with the current head.  Later calls are not affected.  Any
     * thread; not async-signal-safe.
     */
    void (*interrupt)(quipu_driver_datastore *datastore);

    /*
     * Creates the schema's tables and adds the schema to the catalogue; does
     * nothing and needs no rights if they exist.  Codes: CONFLICT (the
     * catalogue has it with other columns, or a table of that name was not
     * created by quipu), BUSY, DENIED, IO, CORRUPT, UNKNOWN_OUTCOME, INVALID
     * (the back end cannot hold a name, or a name differs from an existing one
     * in case only).
     */
    int (*setup)(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error);

    /*
     * Removes the schema with all its items; tracking records stay.  Codes:
     * NOT_FOUND (no such schema), BUSY, DENIED, IO, CORRUPT, UNKNOWN_OUTCOME,
     * CONFLICT (as `setup`).  Bindings to the schema, in any process, become
     * void: appends return NOT_FOUND; reads yield the former items or none, or
     * return NOT_FOUND.
     */
    int (*teardown)(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_error *error);

    /*
     * Binds a schema: prepares appends and reads of it, until `unbind`.  Codes:
     * NOT_FOUND (not set up), CONFLICT (set up with other columns; the message
     * names the first that differs), BUSY, DENIED, IO, CORRUPT.
     */
    int (*bind)(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t deadline, quipu_driver_schema **bound,
                quipu_error *error);
    void (*unbind)(quipu_driver_datastore *datastore,
                   quipu_driver_schema *bound);

    /*
     * Executes requests 0 .. *taken - 1, 1 <= *taken <= count, with the effect
     * of one after the other, in one durable commit.  If it returns OK,
     * results[i].status is the status of request i: OK, CONFLICT (with cause
     * and index), ALREADY, or INVALID (the back end cannot store an item).
     * Otherwise the code holds for all requests taken, and nothing is stored,
     * or after UNKNOWN_OUTCOME all or nothing.  *taken is always set, after an
     * error to the number of requests that it concerns; the core passes the
     * others again.  Codes: BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down),
     * UNKNOWN_OUTCOME.
     *
     * The preconditions of a request are checked in this order: event ids (U3),
     * guards (S3) and entries (K4) against the state before the request,
     * tracking (U4, T1), and the positions of its items one by one (S1, S2,
     * U1).  A request whose preconditions do not hold changes nothing and uses
     * no notification id; nor does a repeat, which writes no entry either (K2).
     *
     * An item with QUIPU_ITEM_ERASED is checked and numbered as any other, and
     * stored as erased (E7).  When event ids are checked (U3), an item that is
     * stored as erased is equal to every item of its sequence, topic and event
     * id (E2); an item with QUIPU_ITEM_ERASED is equal only to one that is
     * stored as erased.
     *
     * A driver that finds out by itself what became of a commit that was not
     * answered adds QUIPU_RESULT_IN_DOUBT to the flags of its requests, however
     * each has ended.
     */
    int (*append)(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error);

    /*
     * [optional] Executes one request, which may be empty, and if its
     * preconditions hold, runs `work` in the same transaction, and commits
     * both.  `work` does not run for a request that is refused or a repeat.
     * *result as above.  Codes: those of `work`, BUSY, DENIED, IO, CORRUPT,
     * NOT_FOUND, UNKNOWN_OUTCOME, INVALID (`work` began or ended a transaction,
     * or changed a setting that outlives it; nothing is stored).
     */
    int (*transact)(quipu_driver_datastore *datastore,
                    const quipu_request *request, quipu_work work,
                    void *context, quipu_result *result, int64_t deadline,
                    quipu_error *error);

    /*
     * Opens a cursor over the items of one sequence in order of position (S4),
     * or [optional] of the log in order of notification id.  It yields the
     * items that are visible at the time of this call (V4).  Codes: TIMEOUT,
     * BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down).
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
     * Opens a cursor over the catalogue (rows: quipu_schema), by table name.
     * The listings of this operation and the next two are no snapshots: each
     * row is read when the cursor reaches it.  Codes:
     * TIMEOUT, BUSY, DENIED, IO, CORRUPT.
     */
    int (*list_schemas)(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error);

    /*
     * Opens a cursor over the sequences of a schema (rows: quipu_sequence)
     * whose id is above `after` (absent: all), by id in byte order.  Codes:
     * TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down).
     */
    int (*list_sequences)(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error);

    /* [optional] Opens a cursor over the tracking records (rows:
     * quipu_tracking), by consumer and log.  Codes: TIMEOUT, BUSY, DENIED, IO,
     * CORRUPT. */
    int (*list_tracking)(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error);

    /*
     * Lends the next rows as an array of any length from 1 on that suits the
     * driver; after the last row, *count is 0, also when called again.  The
     * rows are quipu_item, quipu_sequence, quipu_tracking, quipu_entry or
     * quipu_log, depending on the operation that opened the cursor; a
     * quipu_schema is lent alone.  After an error the core calls only
     * `cursor_close`.  Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND
     * (torn down).
     */
    int (*step)(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error);
    void (*cursor_close)(quipu_driver_cursor *cursor);

    /* Reads the last position of a sequence; sets *found to false if it is
     * empty.  Codes:
     * TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down). */
    int (*last_position)(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         int64_t deadline, bool *found, int64_t *position,
                         quipu_error *error);

    /* [optional] Reads the head of the log: the last notification id (0 if the
     * log is empty), the event id of that item, and the identity.  Codes:
     * TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down). */
    int (*log_head)(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error);

    /* [optional] Waits until the head of the log is above `after`, and sets
     * *head.  With -1 it returns at once.  It may always return OK earlier,
     * with the current head (L4).  Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT,
     * NOT_FOUND (torn down). */
    int (*wait)(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                int64_t after, int64_t deadline, int64_t *head,
                quipu_error *error);

    /* [optional] Reads the tracking record of (consumer, log).  Codes:
     * NOT_FOUND, TIMEOUT, BUSY, DENIED, IO, CORRUPT. */
    int (*read_tracking)(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error);

    /*
     * [optional] Copies the store, with all namespaces, to a file: a state that
     * it has between two commits (V6).  Writers and readers go on meanwhile.
     * The file gets its name when it is complete and on disk, and has been read
     * and found sound; it may be read by nobody that may not read the store.
     * The deadline limits waiting for others, not the copying.  Codes: CONFLICT
     * (the file exists), INVALID (it is a file of the store, or cannot be a
     * file), NOT_FOUND (its folder), TIMEOUT, BUSY (the file is in use),
     * DENIED, IO, CORRUPT (the store is damaged).
     */
    int (*backup)(quipu_driver_datastore *datastore, const quipu_backup *backup,
                  int64_t deadline, quipu_error *error);

    /*
     * [optional] Puts the copy that `backup` made in the place of the store
     * that `target` names.  The copy is checked before anything is changed.  A
     * process that ends at any moment leaves the old store, the new one, or a
     * state that `open` refuses with the way out.  The deadline as above.
     * Codes: CONFLICT (there is a store), BUSY (a writer has it open),
     * NOT_FOUND (no copy, or no folder for the store), INVALID (body or
     * option), UNSUPPORTED (format), TIMEOUT, DENIED, IO, CORRUPT (the copy is
     * damaged or no store).
     */
    int (*restore)(const quipu_host *host, const quipu_open *target,
                   const quipu_backup *backup, int64_t deadline,
                   quipu_error *error);

    /*
     * [optional] Opens a cursor over the key-value entries (rows: quipu_entry)
     * whose key begins with `prefix` (absent: all) and is not below `from`
     * (absent: all), by key in byte order.  It is no snapshot; a read that
     * begins after a commit finds what was committed (K1).  Codes: TIMEOUT,
     * BUSY, DENIED, IO, CORRUPT.
     */
    int (*list_entries)(quipu_driver_datastore *datastore, quipu_bytes prefix,
                        quipu_bytes from, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error);

    /*
     * [optional] As read_log in ascending or descending order, but the cursor
     * may leave out items that do not pass the filter, which is borrowed until
     * `cursor_close`.  It leaves out no item that passes; the core checks every
     * item that it yields.  NULL: the core uses read_log.  Codes: TIMEOUT,
     * BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down).
     */
    int (*read_filtered)(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, const quipu_range *range,
                         const quipu_filter *filter, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error);

    /*
     * [optional] Opens a cursor over the item that has an event id of 16 bytes:
     * one item, or none.  Only for schemas with a column for event ids.
     * Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down).
     */
    int (*find_event)(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, quipu_bytes event_id,
                      int64_t deadline, quipu_driver_cursor **cursor,
                      quipu_error *error);

    /*
     * [optional] Erases, in one commit, the contents of the first `limit` items
     * of the range that are not erased, in order of position or of notification
     * id: state, metadata and further columns; all else stays (E1 to E5).  Sets
     * *erased to their number; if it is below `limit`, none is left.  A cursor
     * then yields these items with QUIPU_ITEM_ERASED, an empty state (with
     * `data`), absent metadata, and NULL in each further column; one that was
     * opened before yields each item as it was or erased, never half of it.  If
     * there is nothing to erase, nothing is written.
     *
     * With QUIPU_ERASURE_SCRUB (only with QUIPU_CAN_SCRUB) the call returns OK
     * when the contents that this call or any before it has erased are in no
     * file of the store (E8); also if there is nothing to erase.  BUSY can then
     * mean that the items are erased, and readers kept the bytes in a file.
     *
     * Codes: BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down), UNKNOWN_OUTCOME
     * (call it again).
     */
    int (*erase)(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                 const quipu_erasure *erasure, int64_t deadline,
                 int64_t *erased, quipu_error *error);

    /* [optional] Reads the number of commits of `erase` that have erased items
     * of the schema since it was set up (E9).  Required with QUIPU_CAN_ERASE.
     * Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down). */
    int (*erasures)(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    int64_t *commits, quipu_error *error);

    /*
     * [optional] Adds the further columns that `schema` has behind those of the
     * schema of its table in the catalogue, in one transaction; does nothing if
     * there are none.  Stored items get NULL in them (F5).  Bindings of the
     * former definition, in any process, go on: their items get NULL in the new
     * columns, and are read without them; both kinds of bindings may come in
     * one call of `append`.  Only `erase` may refuse a binding of the former
     * definition with NOT_FOUND, and leaves no new column.  Codes: NOT_FOUND
     * (not set up), CONFLICT (another difference, or a column of that name that
     * the driver did not create), BUSY, DENIED, IO, CORRUPT, UNKNOWN_OUTCOME,
     * INVALID (the back end cannot hold a name).
     */
    int (*alter)(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error);

    /*
     * [optional] Reads the last item of a sequence, and the number of erasures
     * as `erasures` does (0 without QUIPU_CAN_ERASE), which must not be of a
     * later moment than the item.  Calls `see` once with the item, which is
     * borrowed for that call, and has all its columns as a cursor yields them;
     * not at all if the sequence is empty.  NULL: the core uses `erasures` and
     * `read_sequence`.  Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND
     * (torn down).
     */
    int (*last_item)(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound, quipu_bytes sequence_id,
                     int64_t deadline, quipu_see see, void *context,
                     int64_t *erasures, quipu_error *error);

    /*
     * [optional] Opens a cursor over each of `count` sequences, 1 to 64, as
     * `read_sequence` does, in as few round trips to the store as it can, and
     * reads the number of erasures as `erasures` does (0 without
     * QUIPU_CAN_ERASE), which must not be of a later moment than any of the
     * cursors.  The cursors need not be of one moment.  After a failure none is
     * open.  NULL: the core uses `erasures` and `read_sequence`.  Codes:
     * TIMEOUT, BUSY, DENIED, IO, CORRUPT, NOT_FOUND (torn down).
     */
    int (*read_sequences)(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound,
                          const quipu_sequence_range *reads, size_t count,
                          int64_t deadline, quipu_driver_cursor **cursors,
                          int64_t *erasures, quipu_error *error);

    /*
     * [optional] Opens a cursor over the logs of all namespaces (rows:
     * quipu_log), by namespace and table in byte order; a namespace without
     * schemas has one row.  It is no snapshot: a head is at least what it was
     * when `list_logs` was called.  Codes: TIMEOUT, BUSY, DENIED, IO, CORRUPT.
     */
    int (*list_logs)(quipu_driver_datastore *datastore, int64_t deadline,
                     quipu_driver_cursor **cursor, quipu_error *error);
} quipu_driver;

/*
 * Defines the one symbol that a driver exports:
 *
 *     QUIPU_DRIVER_ENTRY(memory)
 *     {
 *         return &driver;
 *     }
 *
 * The function may be called any number of times, from any thread, and returns
 * the same table each time.  Compiled with QUIPU_DRIVER_STATIC the symbol is
 * quipu_driver_entry_<name>, for programs that link the driver in and pass it
 * to quipu_drivers_add.
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
