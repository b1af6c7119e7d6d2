/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datastore: an open connection to a store, by a URI.
 *
 * A store holds any number of schemas, each a table of items, and tracking
 * records.  Its catalogue lists the schemas.  Namespaces separate independent
 * stores in one database.
 *
 * Threads: all functions may be called from several threads at once, except
 * `close` (last, alone) and those of one listing (one thread at a time).  No
 * call of quipu is a cancellation point of pthread_cancel: a thread that is
 * cancelled meanwhile ends after the call.  A function that quipu calls must
 * not end the thread (pthread_exit, longjmp).
 *
 * Fork: a datastore belongs to the process that opened it.  In a child every
 * call returns INVALID and does nothing, closing included.
 *
 * Codes.  Besides the codes that each function lists, a function may return
 * NO_MEMORY, INTERNAL, INVALID for a NULL argument, and the failures of the
 * store: BUSY, TIMEOUT, IO, CORRUPT, DENIED.  An operation that the driver does
 * not have is UNSUPPORTED.  After an error nothing has changed, except as said
 * of UNKNOWN_OUTCOME.
 */
#ifndef QUIPU_DATASTORE_H
#define QUIPU_DATASTORE_H

#include <quipu/driver.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_datastore quipu_datastore;
typedef struct quipu_schemas quipu_schemas;
typedef struct quipu_trackings quipu_trackings;
typedef struct quipu_logs quipu_logs;

/* Options in addition to those of a URI; all is borrowed for the call. */
typedef struct quipu_settings {
    uint32_t struct_size;
    uint32_t reserved;
    /* Options that the URI must not give, too.  A password here is not part of
     * a text that may be logged. */
    const quipu_option *options;
    size_t option_count;
    /* Options that apply if neither the URI nor `options` gives them. */
    const quipu_option *defaults;
    size_t default_count;
} quipu_settings;

/*
 * Opens a store by its URI, `scheme:body?option=value&...`, percent-encoded.
 * The driver of the scheme is linked in, or loaded (see drivers.h).
 *
 * These options mean the same in every driver:
 *   durability=full|relaxed  full: an append survives a power cut (V3);
 *                            default full
 *   create=yes|no            create a store that does not exist; default yes
 *   readonly=yes|no          change no byte, create nothing; default no
 *   group=COUNT              largest number of appends of the datastore's
 *                            threads in one commit (see records.h), 1 to 1024;
 *                            default 256; 1: one commit for each append
 *   timeout=MILLISECONDS     limit for each call as a whole; default 5000;
 *                            0: only work that can be done at once
 *   namespace=NAME           an independent set of schemas in the same store,
 *                            0 to 63 bytes; default none; *: the datastore
 *                            can only list those that there are
 *                            (quipu_logs_open), and creates nothing
 * Each driver publishes further options.
 *
 * `settings` may be NULL.  *datastore is closed by quipu_datastore_close.
 *
 * NOT_FOUND: there is no such driver, or no such store.  UNSUPPORTED: the
 * driver cannot be loaded or is of another ABI, the store's format or file
 * system is not supported, or (namespace=*) the driver lists no namespaces.
 * INVALID: the URI is malformed; an option is unknown (the message lists those
 * known), given twice, or has a wrong value.
 */
QUIPU_API int quipu_datastore_open(const char *uri,
                                   const quipu_settings *settings,
                                   quipu_datastore **datastore,
                                   quipu_error *error);

/* Returns the options above, which mean the same in every driver, with their
 * defaults and a line of help each, by name; a constant.  *count, which may be
 * NULL, is set to their number. */
QUIPU_API const quipu_option_info *quipu_open_options(size_t *count);

/*
 * Closes a store and frees the datastore.  NULL is allowed.  INVALID: records,
 * cursors or listings that were opened from it are still open; nothing is then
 * closed.
 */
QUIPU_API int quipu_datastore_close(quipu_datastore *datastore,
                                    quipu_error *error);

/* Makes the calls of quipu_records_wait that are under way on this datastore
 * return, at once or within a second.  Later calls are not affected.  Must not
 * be called from a signal handler. */
QUIPU_API void quipu_datastore_interrupt(quipu_datastore *datastore);

/*
 * Creates the tables of a schema if they do not exist.  Idempotent, also from
 * several processes at once; needs no rights if all exists (F4).  CONFLICT: the
 * tables exist with other columns, or were not created by quipu.  INVALID: the
 * schema fails quipu_schema_check, or the back end cannot hold a name.
 * UNKNOWN_OUTCOME: call it again.
 */
QUIPU_API int quipu_datastore_setup(quipu_datastore *datastore,
                                    const quipu_schema *schema,
                                    quipu_error *error);

/*
 * Adds further columns to a schema that is set up.  `schema` is the definition
 * that it is to have: the present one, with new columns behind those that it
 * has.  Items that are stored have NULL in the new columns (F5).  Idempotent,
 * also from several processes at once.
 *
 * Records that are open stay usable, in every process: they append NULL to the
 * new columns and read items without them, until they are opened again; only
 * quipu_records_erase may refuse them with NOT_FOUND, since it could not erase
 * the new columns.  To open the schema by its former definition is a CONFLICT
 * from now on.
 *
 * CONFLICT: the definition differs in something else, which the message names;
 * or the table has a column of that name which quipu did not create.  A column
 * for event ids, metadata or times cannot be added, since those of the stored
 * items are in their states.  NOT_FOUND: it is not set up.  DENIED: the
 * datastore was opened readonly.  INVALID: as above.  UNKNOWN_OUTCOME: call it
 * again.
 */
QUIPU_API int quipu_datastore_alter(quipu_datastore *datastore,
                                    const quipu_schema *schema,
                                    quipu_error *error);

/*
 * Removes a schema with all its items.  Tracking records stay.  NOT_FOUND: it
 * is not set up.  CONFLICT: as above.  DENIED: the datastore was opened
 * readonly.  UNKNOWN_OUTCOME: call it again; NOT_FOUND then means that it was
 * removed.
 *
 * Records that were opened before, in any process, are void, also if the schema
 * is set up again: their appends return NOT_FOUND; their reads yield the former
 * items or none, or return NOT_FOUND, which depends on the store.
 */
QUIPU_API int quipu_datastore_teardown(quipu_datastore *datastore,
                                       const quipu_schema *schema,
                                       quipu_error *error);

/*
 * Copies the whole store, with all namespaces, to the file `backup->path`: a
 * state of between two commits, on disk when the call returns (V6).  Other
 * threads and processes read and append meanwhile.  The option timeout limits
 * waiting for them, not the copying.  The file appears under its name when it
 * is complete; after an error nothing has that name that had it not before.
 *
 * UNSUPPORTED: the driver makes no backups; use the tools of the back end, or
 * quipu export or quipu copy.  CONFLICT: the file exists, and the flag
 * QUIPU_BACKUP_REPLACE is not set.  INVALID: it is a file of the store itself,
 * or not the name of a regular file.  NOT_FOUND: its folder does not exist.
 * CORRUPT: the store is damaged.  TIMEOUT: `progress` returned false.
 */
QUIPU_API int quipu_backup_create(quipu_datastore *datastore,
                                  const quipu_backup *backup,
                                  quipu_error *error);

/*
 * Puts a backup in the place of the store that a URI names.  The backup is read
 * and checked before anything is changed.  The store keeps the identity that it
 * had when the backup was made (L5), so positions of consumers that lie behind
 * its end are noticed.  `settings` as of quipu_datastore_open.  If the process
 * ends meanwhile, the URI names the old store, the new one, or a state that
 * cannot be opened until the call is repeated.
 *
 * UNSUPPORTED: the driver has no backups, or the format is a newer one.
 * CONFLICT: there is a store, and QUIPU_BACKUP_REPLACE is not set.  BUSY: some
 * process, this one included, has the store open; a reader may not be noticed,
 * and then keeps the old store.  NOT_FOUND: there is no
 * backup, no folder for the store, or no driver.  INVALID: the URI or an option
 * is wrong, or the backup is that store itself.  CORRUPT: the backup is
 * damaged, or no backup of this driver.  TIMEOUT: `progress` returned false.
 */
QUIPU_API int quipu_backup_restore(const char *uri,
                                   const quipu_settings *settings,
                                   const quipu_backup *backup,
                                   quipu_error *error);

/* The properties of a datastore.  Texts live as long as the datastore. */
typedef struct quipu_datastore_info {
    uint32_t struct_size;  /* set by the caller */
    uint32_t capabilities; /* enum quipu_capability */
    quipu_uuid identity;   /* of the store and namespace (L5) */
    quipu_limits limits;
    const char *uri;            /* without any password */
    const char *driver;         /* "sqlite" */
    const char *driver_version; /* "1.0.0" */
    const char *library;        /* "SQLite 3.40.1" */
    const char *name_space;     /* "": the default */
    bool readonly;
    bool relaxed; /* durability=relaxed */
} quipu_datastore_info;

/* Fills *info, as far as its struct_size reaches. */
QUIPU_API int quipu_datastore_describe(const quipu_datastore *datastore,
                                       quipu_datastore_info *info,
                                       quipu_error *error);

/* ------------------------------------------------------------ appending */

/* One append: items, guards, a tracking record and conditions.  All is borrowed
 * for the call. */
typedef struct quipu_append {
    uint32_t struct_size;
    uint32_t reserved;
    const quipu_item *items; /* of any sequences; ids in this order (L3) */
    size_t item_count;       /* up to quipu_limits.append_items */
    const quipu_guard *guards;
    size_t guard_count;                 /* up to quipu_limits.append_items */
    const quipu_tracking *tracking;     /* or NULL */
    const quipu_conditions *conditions; /* or NULL; see entries.h */
} quipu_append;

/*
 * Commits an append without items and guards: a tracking record, entries, or
 * both.  It concerns no schema, so that a datastore without events can keep
 * what a consumer has processed.  Otherwise as quipu_records_append and
 * quipu_records_transact (records.h), with their codes.  UNSUPPORTED: the store
 * keeps no entries, and therefore takes no append without a schema.  INVALID:
 * the append has items or guards, or, without a function, nothing at all.
 */
QUIPU_API int quipu_datastore_commit(quipu_datastore *datastore,
                                     const quipu_append *append,
                                     quipu_result *result, quipu_error *error);
QUIPU_API int quipu_datastore_transact(quipu_datastore *datastore,
                                       const quipu_append *append,
                                       quipu_work work, void *context,
                                       quipu_result *result,
                                       quipu_error *error);

/* ------------------------------------------------------------- listings */

/*
 * Lists the schemas in the store's catalogue, by table name.  `next` sets
 * *schema to one that is valid until the next call on the listing, or to NULL
 * after the last.  After an error a listing can only be closed.  `close` frees
 * it; NULL is allowed.
 */
QUIPU_API int quipu_schemas_open(quipu_datastore *datastore,
                                 quipu_schemas **schemas, quipu_error *error);
QUIPU_API int quipu_schemas_next(quipu_schemas *schemas,
                                 const quipu_schema **schema,
                                 quipu_error *error);
QUIPU_API void quipu_schemas_close(quipu_schemas *schemas);

/* Lists all tracking records, by consumer and log, in the same way.
 * UNSUPPORTED: the store keeps none. */
QUIPU_API int quipu_trackings_open(quipu_datastore *datastore,
                                   quipu_trackings **trackings,
                                   quipu_error *error);
QUIPU_API int quipu_trackings_next(quipu_trackings *trackings,
                                   const quipu_tracking **tracking,
                                   quipu_error *error);
QUIPU_API void quipu_trackings_close(quipu_trackings *trackings);

/*
 * Lists the logs of all namespaces of the store with their heads, by namespace
 * and table, in the same way; a namespace without schemas has one row.  Each
 * head is at least what it was when the listing was opened.  UNSUPPORTED: the
 * driver lists no namespaces.
 */
QUIPU_API int quipu_logs_open(quipu_datastore *datastore, quipu_logs **logs,
                              quipu_error *error);
QUIPU_API int quipu_logs_next(quipu_logs *logs, const quipu_log **log,
                              quipu_error *error);
QUIPU_API void quipu_logs_close(quipu_logs *logs);

/* Reads the tracking record of a consumer for the log of a name; both are 1 to
 * 255 bytes.  NOT_FOUND: there is none.  INVALID: a name is empty, too long, or
 * not UTF-8.  UNSUPPORTED: the store keeps no tracking records. */
QUIPU_API int quipu_tracking_read(quipu_datastore *datastore,
                                  const char *consumer, const char *log,
                                  quipu_position *position, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
