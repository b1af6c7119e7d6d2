/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A storage driver that keeps everything in memory: the model for authors of
 * drivers.
 *
 *     memory:        a new, private store for each datastore
 *     memory:NAME    one store for all datastores of the process with that
 *                    name; it is freed when the last of them is closed
 *
 * This file has the table of operations, at its end, and opening and closing.
 * schema.c has the catalogue; append.c checks and stores requests; cursor.c,
 * log.c and tracking.c read; table.c and map.c contain the items, and entries.c
 * the key-value entries.
 */
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The named stores of this process. */
static struct {
    pthread_mutex_t lock;
    struct store *first;
} registry = { PTHREAD_MUTEX_INITIALIZER, NULL };

/* Deadlines are times of the monotonic clock, so waiting has to use it too. */
static void init_changed(pthread_cond_t *changed)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Creates a store; NULL: no memory. */
static struct store *store_create(const quipu_host *host, const char *name)
{
    size_t size = strlen(name) + 1;
    struct store *store = host->allocate(sizeof(*store));
    char *copy = host->allocate(size);
    quipu_uuid identity;

    if (!store || !copy || getentropy(&identity, sizeof(identity)) != 0) {
        host->release(copy);
        host->release(store);
        return NULL;
    }
    memset(store, 0, sizeof(*store));
    store->host = host;
    store->identity = identity;
    store->name = memcpy(copy, name, size);
    pthread_mutex_init(&store->lock, NULL);
    init_changed(&store->changed);
    return store;
}

static void store_destroy(struct store *store)
{
    const quipu_host *host = store->host;

    for (quipu_driver_schema *table = store->tables, *next; table;
         table = next) {
        next = table->next;
        memory_table_release(table);
    }
    for (struct tracking_record *track = store->tracking_records, *next; track;
         track = next) {
        next = track->next;
        host->release(track);
    }
    memory_entries_finish(store);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->lock);
    host->release(store->name);
    host->release(store);
}

/*
 * Returns the store of a name, or a new one, and counts the caller as its user.
 * NULL: there is none and it may not be created (*missing is true), or there is
 * no memory.
 */
static struct store *store_acquire(const quipu_host *host, const char *name,
                                   bool create, bool *missing)
{
    struct store *store = NULL;

    pthread_mutex_lock(&registry.lock);
    if (*name) {
        store = registry.first;
        while (store && strcmp(store->name, name) != 0) {
            store = store->next;
        }
    }
    *missing = !store && !create;
    if (!store && create) {
        store = store_create(host, name);
        if (store) {
            store->next = registry.first;
            registry.first = store;
        }
    }
    if (store) {
        store->users++;
    }
    pthread_mutex_unlock(&registry.lock);
    return store;
}

/* Ends a use of a store; the last one destroys it. */
static void store_release(struct store *store)
{
    struct store **link = &registry.first;

    pthread_mutex_lock(&registry.lock);
    if (--store->users == 0) {
        while (*link != store) {
            link = &(*link)->next;
        }
        *link = store->next;
        store_destroy(store);
    }
    pthread_mutex_unlock(&registry.lock);
}

/* Makes the name of the store in the registry, "NAMESPACE/BODY"; "" for a
 * private one.  Each namespace is a store of its own.  NULL: no memory. */
static char *name_of(const quipu_host *host, const quipu_open *how)
{
    size_t size = strlen(how->name_space) + strlen(how->body) + 2;
    char *name = host->allocate(size);

    if (name) {
        *name = '\0';
        if (*how->body) {
            (void)snprintf(name, size, "%s/%s", how->name_space, how->body);
        }
    }
    return name;
}

static int memory_open(const quipu_host *host, const quipu_open *how,
                       int64_t deadline, quipu_driver_datastore **datastore,
                       quipu_opened *opened, quipu_error *error)
{
    bool readonly = how->flags & QUIPU_OPEN_READONLY;
    bool create = (how->flags & QUIPU_OPEN_CREATE) && !readonly;
    quipu_driver_datastore *made = host->allocate(sizeof(*made));
    char *name = name_of(host, how);
    bool missing = false;

    (void)deadline;
    if (made) {
        memset(made, 0, sizeof(*made));
    }
    if (made && name) {
        made->store = store_acquire(host, name, create, &missing);
    }
    host->release(name);
    if (!made || !made->store) {
        host->release(made);
        return missing ? host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                                         "there is no store \"%s\" in this "
                                         "process to open",
                                         how->body)
                       : host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                         "no memory to open a store");
    }
    made->readonly = readonly;
    opened->capabilities = QUIPU_CAN_LOG | QUIPU_CAN_TRACK;
    opened->capabilities |= QUIPU_CAN_ENTRIES | QUIPU_CAN_ERASE;
    opened->identity = made->store->identity;
    opened->limits.state_size = UINT64_C(64) << 20;
    opened->limits.append_items = 1000000;
    opened->limits.append_size = UINT64_C(1) << 30;
    *datastore = made;
    return QUIPU_OK;
}

static void memory_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->store->host;

    store_release(datastore->store);
    host->release(datastore);
}

static void memory_interrupt(quipu_driver_datastore *datastore)
{
    pthread_mutex_lock(&datastore->store->lock);
    datastore->interrupts++;
    pthread_cond_broadcast(&datastore->store->changed);
    pthread_mutex_unlock(&datastore->store->lock);
}

static const char *memory_library(void)
{
    return "memory 1.0.0";
}

static const quipu_driver driver = {
    .struct_size = sizeof(driver),
    .abi = QUIPU_DRIVER_ABI,
    .name = "memory",
    .version = "1.0.0",
    .library = memory_library,
    .open = memory_open,
    .close = memory_close,
    .interrupt = memory_interrupt,
    .setup = memory_schema_setup,
    .alter = memory_schema_alter,
    .teardown = memory_schema_teardown,
    .bind = memory_schema_bind,
    .unbind = memory_schema_unbind,
    .append = memory_append,
    .transact = NULL, /* there is no native handle to lend */
    .read_sequence = memory_cursor_read_sequence,
    .read_log = memory_cursor_read_log,
    .list_schemas = memory_cursor_list_schemas,
    .list_sequences = memory_cursor_list_sequences,
    .list_tracking = memory_cursor_list_tracking,
    .step = memory_cursor_step,
    .cursor_close = memory_cursor_close,
    .last_position = memory_log_last_position,
    .last_item = memory_cursor_last_item,
    .log_head = memory_log_head,
    .wait = memory_log_wait,
    .read_tracking = memory_tracking_read,
    .list_entries = memory_cursor_list_entries,
    .read_filtered = memory_cursor_read_filtered,
    .find_event = memory_cursor_find_event,
    .erase = memory_erase,
    .erasures = memory_erase_commits,
};

QUIPU_DRIVER_ENTRY(memory)
{
    return &driver;
}
