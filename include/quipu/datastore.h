/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A datastore: an opened connection URI.
 *
 * Threads: all functions may be called from several threads at once, except
 * `close`.  A datastore belongs to the process that opened it: after fork every
 * call in the child answers INVALID and does nothing, closing included.
 *
 * Besides the codes that each function lists, all may return NO_MEMORY and
 * INTERNAL, INVALID for a NULL argument, and what the store itself may say:
 * BUSY, TIMEOUT, IO, CORRUPT, DENIED.  What an operation is that the driver
 * does not have, is UNSUPPORTED.
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

/* What a program can add to a URI. */
typedef struct quipu_settings {
    uint32_t struct_size;
    uint32_t reserved;
    /* Options beside those in the URI, which may not name them again; here a
     * password need not be part of a text that gets logged. */
    const quipu_option *options;
    size_t option_count;
    /* Options that hold where neither the URI nor the above sets them. */
    const quipu_option *defaults;
    size_t default_count;
} quipu_settings;

/*
 * Opens a store by its URI, `scheme:body?option=value&...`, percent-encoded.
 * The driver is linked in, or loaded by the scheme (see drivers.h).
 *
 * Options that mean the same in every driver:
 *   durability=full|relaxed  what survives a power cut (V3); default full
 *   create=yes|no            create a store that is not there; default yes
 *   readonly=yes|no          change no byte, create nothing; default no
 *   group=COUNT              how many appends of this datastore's threads may
 *                            share a commit (see records.h), 1 to 1024; default
 *                            256, 1: each has its own
 *   timeout=MILLISECONDS     for each call as a whole; default 5000, 0: at
 *                            once or not at all
 *   namespace=NAME           an independent set of schemas in the same store,
 *                            0 to 63 bytes; default none
 * The driver publishes the others; an unknown one is INVALID, and the message
 * lists those known.
 *
 * `settings` may be NULL.  NOT_FOUND (driver or store), UNSUPPORTED (the
 * driver cannot be loaded, or is made for another ABI), INVALID.
 */
QUIPU_API int quipu_datastore_open(const char *uri,
                                   const quipu_settings *settings,
                                   quipu_datastore **datastore,
                                   quipu_error *error);

/*
 * Closes the store, after all records, cursors and listings opened from it;
 * what is then still open is an error of the program: nothing is closed, and
 * the call answers INVALID.  NULL is allowed.
 */
QUIPU_API int quipu_datastore_close(quipu_datastore *datastore,
                                    quipu_error *error);

/* Makes the waits under way on this datastore return, at once or within a
 * second (see records.h). */
QUIPU_API void quipu_datastore_interrupt(quipu_datastore *datastore);

/*
 * Makes a schema's tables if they are not there.  Idempotent, also from several
 * processes at once; needs no rights when all is there (F4).  CONFLICT: they
 * are there with other columns, or are not quipu's.  INVALID.
 * UNKNOWN_OUTCOME: call it again.
 */
QUIPU_API int quipu_datastore_setup(quipu_datastore *datastore,
                                    const quipu_schema *schema,
                                    quipu_error *error);

/* Removes a schema and all its items.  NOT_FOUND, CONFLICT,
 * UNKNOWN_OUTCOME. */
QUIPU_API int quipu_datastore_teardown(quipu_datastore *datastore,
                                       const quipu_schema *schema,
                                       quipu_error *error);

/* What a datastore is.  Texts live as long as the datastore. */
typedef struct quipu_datastore_info {
    uint32_t struct_size;  /* set by the caller */
    uint32_t capabilities; /* enum quipu_capability */
    quipu_uuid identity;
    quipu_limits limits;
    const char *uri;            /* without any password */
    const char *driver;         /* "sqlite" */
    const char *driver_version; /* "1.0.0" */
    const char *library;        /* "SQLite 3.40.1" */
    const char *name_space;
    bool readonly;
    bool relaxed;
} quipu_datastore_info;

QUIPU_API int quipu_datastore_describe(const quipu_datastore *datastore,
                                       quipu_datastore_info *info,
                                       quipu_error *error);

/* ------------------------------------------------------------- listings */

/*
 * The schemas of the store's catalogue, by table name.  `next` lends one, valid
 * until the next call on the listing, or sets *schema NULL after the last.
 */
QUIPU_API int quipu_schemas_open(quipu_datastore *datastore,
                                 quipu_schemas **schemas, quipu_error *error);
QUIPU_API int quipu_schemas_next(quipu_schemas *schemas,
                                 const quipu_schema **schema,
                                 quipu_error *error);
QUIPU_API void quipu_schemas_close(quipu_schemas *schemas);

/* All tracking records, by consumer and log; as above. */
QUIPU_API int quipu_trackings_open(quipu_datastore *datastore,
                                   quipu_trackings **trackings,
                                   quipu_error *error);
QUIPU_API int quipu_trackings_next(quipu_trackings *trackings,
                                   const quipu_tracking **tracking,
                                   quipu_error *error);
QUIPU_API void quipu_trackings_close(quipu_trackings *trackings);

/* The last position of the named log that a consumer has recorded.
 * NOT_FOUND. */
QUIPU_API int quipu_tracking_read(quipu_datastore *datastore,
                                  const char *consumer, const char *log,
                                  quipu_position *position, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
