/* SPDX-License-Identifier: Apache-2.0 */
/* What stands behind the opaque types of datastore.h and records.h. */
#ifndef QUIPU_CORE_RECORDS_HANDLES_H
#define QUIPU_CORE_RECORDS_HANDLES_H

#include <stdatomic.h>

#include <quipu/records.h>

#include "base/error.h"
#include "records/process.h"
#include "records/queue.h"

/* All but the queue and the two counters is as it was when the datastore was
 * opened. */
struct quipu_datastore {
    const quipu_driver *driver;
    quipu_driver_datastore *handle;
    unsigned generation; /* of the process that it belongs to */
    uint32_t flags;      /* enum quipu_open_flag */
    int64_t timeout;     /* milliseconds, as the option */
    quipu_opened opened;
    char *uri; /* without any password */
    char *name_space;
    struct quipu_queue *queue; /* NULL: each append is a commit of its own */
    atomic_size_t children;    /* records and listings that are open */
    atomic_uint interrupted;   /* how often */
};

struct quipu_records {
    quipu_datastore *datastore;
    quipu_driver_schema *bound;
    quipu_schema *schema;   /* a copy of its own */
    atomic_size_t children; /* cursors and listings that are open */
};

/*
 * What each call on a handle checks first: that it is there, and that it
 * belongs to this process.  INVALID; then nothing of the driver may be
 * touched.
 */
int quipu_datastore_enter(const quipu_datastore *datastore, quipu_error *error);
int quipu_records_enter(const quipu_records *records, quipu_error *error);

/* Whether a handle belongs to this process, for what cannot answer. */
static inline bool quipu_datastore_is_ours(const quipu_datastore *datastore)
{
    return datastore->generation == quipu_process_generation();
}

/* DENIED for a datastore that was opened readonly. */
int quipu_datastore_writable(const quipu_datastore *datastore,
                             quipu_error *error);

/* INVALID, naming the argument that may not be NULL. */
static inline int quipu_argument_missing(const char *name, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "%s is NULL", name);
}

/* INVALID, saying how many children keep a handle open. */
int quipu_children_open(const char *what, size_t children, quipu_error *error);

#endif
