/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that are measured, and the stores that a run makes for them. */
#include "store.h"
#include "fail.h"
#include "variant.h"
#ifdef BENCH_POSTGRES
#include "server.h"
#endif

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ------------------------------------------------------- stores in files */

/* Suffixes of the files of a SQLite store, and names of the files in the folder
 * of an LMDB store. */
static const char *const suffixes[] = { "", "-wal", "-shm", "-quipu" };
static const char *const names[] = { "data.mdb", "lock.mdb", "quipu.lock" };

static uint64_t size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (uint64_t)info.st_blocks * 512 : 0;
}

/* Calls `visit` with the path of each file that a store may have. */
static void each_file(const struct bench_store *store,
                      void (*visit)(const char *path, void *context),
                      void *context)
{
    char path[600];
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s%s", store->name, suffixes[i]);
        visit(path, context);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", store->name, names[i]);
        visit(path, context);
    }
}

static void remove_path(const char *path, void *context)
{
    (void)context;
    (void)unlink(path);
}

static void remove_files(const struct bench_store *store)
{
    each_file(store, remove_path, NULL);
    (void)rmdir(store->name);
}

static void add_size(const char *path, void *context)
{
    uint64_t *sum = context;
    struct stat info;
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
        *sum += size_of(path);
    }
}

static uint64_t file_size(const struct bench_store *store)
{
    uint64_t sum = 0;
    each_file(store, add_size, &sum);
    return sum;
}

static void uri_of_path(const struct bench_store *store, char *uri, size_t size)
{
    (void)snprintf(uri, size, "%s:///%s?", store->driver->name, store->name);
}

#define IN_FILES .uri = uri_of_path, .remove = remove_files, .size = file_size

/* -------------------------------------------------------------- drivers */

#ifdef BENCH_SQLITE
static const struct bench_driver sqlite = { .name = "sqlite",
                                            .hand = &bench_hand_sqlite,
                                            .hand_events =
                                                &bench_hand_sqlite_events,
                                            .model = &bench_model_sqlite,
                                            IN_FILES };
#endif
#ifdef BENCH_LMDB
static const struct bench_driver lmdb = { .name = "lmdb",
                                          .hand = &bench_hand_lmdb,
                                          .hand_events =
                                              &bench_hand_lmdb_events,
                                          .model = &bench_model_lmdb,
                                          IN_FILES };
#endif
#ifdef BENCH_POSTGRES
static const struct bench_driver postgres = { .name = "postgres",
                                              .hand = &bench_hand_postgres,
                                              .hand_events =
                                                  &bench_hand_postgres_events,
                                              .model = &bench_model_postgres,
                                              .on_server = true,
                                              .uri = bench_server_uri,
                                              .remove = bench_server_remove,
                                              .size = bench_server_size };
#endif

const struct bench_driver *const bench_store_drivers[] = {
#ifdef BENCH_SQLITE
    &sqlite,
#endif
#ifdef BENCH_LMDB
    &lmdb,
#endif
#ifdef BENCH_POSTGRES
    &postgres,
#endif
    NULL,
};

/* ------------------------------------------------------------------ stores */

void bench_store_init(struct bench_store *store,
                      const struct bench_driver *driver,
                      const struct bench_workspace *workspace,
                      const char *label)
{
    *store = (struct bench_store){ .driver = driver, .workspace = workspace };
#ifdef BENCH_POSTGRES
    if (driver->on_server) {
        bench_server_name(workspace, label, store->name, sizeof(store->name));
        return;
    }
#endif
    (void)snprintf(store->name, sizeof(store->name), "%s/%s", workspace->folder,
                   label);
}

static void write_uri(const struct bench_store *store, char *uri, size_t size)
{
    char group[32] = "";
    char name_space[48] = "";
    if (store->group > 0) {
        (void)snprintf(group, sizeof(group), "&group=%zu", store->group);
    }
    if (store->name_space[0] != '\0') {
        (void)snprintf(name_space, sizeof(name_space), "&namespace=%s",
                       store->name_space);
    }
    store->driver->uri(store, uri, size);
    const size_t length = strlen(uri);
    (void)snprintf(uri + length, size - length,
                   "durability=%s&timeout=60000%s%s%s",
                   store->relaxed ? "relaxed" : "full", group, name_space,
                   store->shared_flush ? "&shared_flush=yes" : "");
}

quipu_datastore *bench_store_open(const struct bench_store *store)
{
    char uri[BENCH_URI_SIZE];
    quipu_datastore *datastore = NULL;
    quipu_error error = { 0 };
    write_uri(store, uri, sizeof(uri));
    bench_fail_on_error(quipu_datastore_open(uri, NULL, &datastore, &error),
                        &error, store->driver->name);
    bench_fail_on_error(
        quipu_datastore_setup(datastore, quipu_schema_stored_events(), &error),
        &error, store->driver->name);
    return datastore;
}
