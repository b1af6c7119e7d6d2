/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handle of an opened store.
 *
 *     quipu_driver_datastore   one opened URI: its connections, its namespace
 *     quipu_driver_schema      a bound schema and its SQL (catalogue/schema.h)
 *     quipu_driver_cursor      a read in pages (read/read.h)
 *
 * Folders, from the bottom up; a file includes headers of its own folder as
 * "file.h" and those of another as "folder/file.h":
 *
 *     net/        hosts, connections, the pool, pipelined statements
 *     sql/        the text of all statements
 *     catalogue/  quipu's own tables, schemas and their item tables
 *     append/     storing items: optimistic pass, strict pass, recovery
 *     read/       cursors, listings, point reads, waiting for the log
 *
 * Threads may share a datastore.  After quipu_postgres_datastore_open has
 * returned, its members are constant, except for `pool` and `notify`, which
 * have locks, and for the atomic ones.
 */
#ifndef POSTGRES_DATASTORE_H
#define POSTGRES_DATASTORE_H

#include "net/conninfo.h"
#include "net/hosts.h"
#include "net/pool.h"
#include "options.h"
#include "read/notify.h"
#include "sql/catalogue_sql.h"

#include <quipu/driver.h>

#include <stdatomic.h>
#include <sys/types.h>

struct quipu_driver_datastore {
    const quipu_host *host;
    struct options options;
    struct conninfo conninfo;
    struct hosts hosts;
    const char *name;         /* the URI as messages show it */
    char *name_space;         /* the namespace's name */
    char *schema;             /* PostgreSQL schema of the tables, or NULL: not
                               * looked up yet */
    int32_t namespace_number; /* 0: not looked up yet */
    quipu_uuid identity;      /* of the store and namespace */
    bool readonly;
    bool relaxed;      /* durability=relaxed: synchronous_commit=off */
    bool shared_flush; /* a property of the namespace (net/flush.h) */
    bool opened;       /* errors have the codes of operations, not of opening */
    pid_t process;
    struct statement sql[CATALOGUE_SQL_COUNT];
    struct pool pool;
    struct notify notify;
    /* Set once a pooler has mixed up prepared statements; no connection
     * prepares any from then on. */
    _Atomic bool no_prepared;
    /* Set once a statement that does the work of SQL_STORED, too, has failed
     * for another reason than a conflict; SQL_STORED is sent from then on. */
    _Atomic bool checks_apart;
    /* Batches still to start with the strict pass (append/append.c). */
    _Atomic uint32_t strict_left;
    /* Time of the last NOTIFY (read/notify.c). */
    _Atomic int64_t notified;
};

/* Opens the store that `how` names, and creates it if asked to.  See
 * quipu_driver.open in <quipu/driver.h>. */
int quipu_postgres_datastore_open(const quipu_host *host, const quipu_open *how,
                                  int64_t deadline,
                                  quipu_driver_datastore **datastore,
                                  quipu_opened *opened, quipu_error *error);
/* Closes the connections and releases the datastore.  In a child process after
 * fork(), leaves the parent's sessions alone. */
void quipu_postgres_datastore_close(quipu_driver_datastore *datastore);

#endif
