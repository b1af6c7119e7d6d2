/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing a datastore.
 *
 * Order: LMDB's version, the path, the data file (created if it is missing and
 * may be), the environment with the file check, the namespace.  No byte is
 * written before the version is known to be one whose file format the driver
 * reads, and an existing file is checked before it is opened.
 */
#include "catalogue/namespace.h"
#include "data_file.h"
#include "lmdb_driver.h"

#include "common/error.h"
#include "common/fair_lock.h"
#include "common/text.h"

#include <unistd.h>

#define MEBI (UINT64_C(1) << 20)

/* LMDB 0.9 writes data version 1, which the driver's reader, precheck and file
 * check know.  Other versions have other formats: LMDB 1.0 would create a store
 * that the file check then refuses for ever. */
static int check_version(const quipu_host *host, quipu_error *error)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    (void)mdb_version(&major, &minor, &patch);
    if (major == 0 && minor == 9) {
        return QUIPU_OK;
    }
    return host->error_set(
        error, QUIPU_UNSUPPORTED, 0, NULL,
        "this LMDB is version %d.%d.%d, and the driver knows the file format "
        "of 0.9 only; install liblmdb 0.9, or a quipu made for LMDB %d.%d",
        major, minor, patch, major, minor);
}

/* With the environment's `opening` held. */
static int open_held(quipu_driver_datastore *datastore, int64_t deadline,
                     quipu_error *error)
{
    struct environment *environment = datastore->environment;
    int status = QUIPU_OK;
    if (!environment->env) {
        status =
            quipu_lmdb_environment_open(environment, &datastore->options,
                                        datastore->readonly, deadline, error);
    }
    if (status == QUIPU_OK && !datastore->readonly && !environment->writable) {
        status = datastore->host->error_set(
            error, QUIPU_DENIED, 0, NULL,
            "\"%s\" may not be written; check its permissions, or open it with "
            "readonly=yes (if this process has it open so, close that first)",
            datastore->name);
    }
    return status;
}

static int open_environment(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int status = QUIPU_OK;
    if (!datastore->readonly) {
        quipu_lmdb_data_file_finish_rename(host, datastore->path);
    }
    if (!datastore->readonly || !datastore->options.immutable) {
        status =
            quipu_common_file_names_require_one(host, datastore->path, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_lmdb_environment_acquire(host, datastore->path,
                                                &datastore->environment, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (quipu_common_fair_lock_take_mutex(&datastore->environment->opening,
                                          deadline) != 0) {
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "\"%s\" was being opened or closed by another "
                               "thread until the deadline; try again",
                               datastore->name);
    }
    status = open_held(datastore, deadline, error);
    (void)pthread_mutex_unlock(&datastore->environment->opening);
    return status;
}

/* Finds the data file, or creates it. */
static int find_or_create(quipu_driver_datastore *datastore, const char *path,
                          bool create, int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    struct data_file file;
    int status = quipu_lmdb_data_file_resolve(host, path, create, &file, error);
    datastore->folder = file.folder;
    datastore->path = file.path;
    if (status != QUIPU_OK) {
        return status;
    }
    datastore->name = datastore->path;
    if (quipu_lmdb_data_file_exists(&file)) {
        return QUIPU_OK;
    }
    if (!create) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "there is no store in \"%s\"; create=yes "
                               "creates one",
                               datastore->folder);
    }
    status = quipu_lmdb_data_file_create(host, &file, deadline, error);
    if (status != QUIPU_OK && file.made) {
        (void)rmdir(file.folder);
    }
    return status;
}

static int open_store(quipu_driver_datastore *datastore, const quipu_open *how,
                      int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    bool create = (how->flags & QUIPU_OPEN_CREATE) != 0 && !datastore->readonly;
    char *path = NULL;
    if (!datastore->name_space) {
        return quipu_lmdb_error_no_memory(host, error);
    }
    int status = check_version(host, error);
    if (status == QUIPU_OK) {
        status = quipu_lmdb_data_file_parse(host, how->body, &path, error);
    }
    if (status == QUIPU_OK) {
        status = find_or_create(datastore, path, create, deadline, error);
        host->release(path);
    }
    if (status == QUIPU_OK) {
        status = open_environment(datastore, deadline, error);
    }
    return status == QUIPU_OK && (how->flags & QUIPU_OPEN_ALL_NAMESPACES) == 0
               ? quipu_lmdb_namespace_open(datastore, create, deadline, error)
               : status;
}

static quipu_driver_datastore *create_datastore(const quipu_host *host,
                                                const quipu_open *how)
{
    quipu_driver_datastore *datastore = host->allocate(sizeof(*datastore));
    if (!datastore) {
        return NULL;
    }
    *datastore = (quipu_driver_datastore){
        .host = host,
        .name = how->body,
        .name_space = quipu_common_text_copy(host, how->name_space),
        .readonly = (how->flags & QUIPU_OPEN_READONLY) != 0,
        .relaxed = (how->flags & QUIPU_OPEN_RELAXED) != 0,
    };
    quipu_lmdb_options_read(host, how, &datastore->options);
    return datastore;
}

void quipu_lmdb_datastore_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;
    quipu_lmdb_environment_release(datastore->environment);
    host->release(datastore->name_space);
    host->release(datastore->path);
    host->release(datastore->folder);
    host->release(datastore);
}

/* The outcome of the commits that opening makes does not matter to the caller:
 * the next attempt finds the namespace, or creates it. */
static int pass_error(const quipu_host *host, const char *name, int status,
                      const quipu_error *own, quipu_error *error)
{
    if (status != QUIPU_UNKNOWN_OUTCOME) {
        return quipu_common_error_pass(status, own, error);
    }
    return host->error_set(error, QUIPU_IO, own->native, NULL,
                           "\"%s\" cannot be made ready for writing (%s); open "
                           "it again",
                           name, mdb_strerror(own->native));
}

int quipu_lmdb_datastore_open(const quipu_host *host, const quipu_open *how,
                              int64_t deadline,
                              quipu_driver_datastore **datastore,
                              quipu_opened *opened, quipu_error *error)
{
    int status = quipu_common_error_check_host(host, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_driver_datastore *made = create_datastore(host, how);
    if (!made) {
        return quipu_lmdb_error_no_memory(host, error);
    }
    quipu_error own = { .code = QUIPU_OK };
    status = open_store(made, how, deadline, &own);
    status = pass_error(host, made->name, status, &own, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_datastore_close(made);
        return status;
    }
    opened->capabilities = QUIPU_CAN_LOG | QUIPU_CAN_TRACK |
                           QUIPU_CAN_TRANSACT | QUIPU_CAN_SHARE |
                           QUIPU_CAN_PERSIST | QUIPU_CAN_BACKUP |
                           QUIPU_CAN_ENTRIES | QUIPU_CAN_ERASE;
    opened->identity = made->identity;
    opened->limits = (quipu_limits){ .state_size = 64 * MEBI,
                                     .append_items = 100000,
                                     .append_size = 256 * MEBI };
    *datastore = made;
    return QUIPU_OK;
}
