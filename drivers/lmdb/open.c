/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a store; nothing is changed before it is checked. */
#include "lmdb_driver.h"

#include "create.h"
#include "path.h"

#include <errno.h>
#include <unistd.h>

#define MEBI (UINT64_C(1) << 20)

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
            "readonly=yes (if it is open so, close that first)",
            datastore->name);
    }
    return status;
}

static int open_environment(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int status = quipu_lmdb_environment_hold(host, datastore->path,
                                             &datastore->environment, error);
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

/* Finds the data file, or makes it. */
static int find_or_create(quipu_driver_datastore *datastore, const char *given,
                          bool create, int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    bool made = false;
    int status =
        quipu_lmdb_path_resolve(host, given, create, &datastore->folder,
                                &datastore->path, &made, error);
    if (status != QUIPU_OK) {
        return status;
    }
    datastore->name = datastore->path;
    if (quipu_lmdb_is_there(datastore->path)) {
        return QUIPU_OK;
    }
    if (!create) {
        return host->error_set(error, QUIPU_NOT_FOUND, 0, NULL,
                               "there is no store in \"%s\"; create=yes makes "
                               "one",
                               datastore->folder);
    }
    status = quipu_lmdb_create(host, datastore->folder, datastore->path,
                               deadline, error);
    if (status != QUIPU_OK && made) {
        (void)rmdir(datastore->folder);
    }
    return status;
}

static int open_store(quipu_driver_datastore *datastore, const quipu_open *how,
                      int64_t deadline, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    bool create = (how->flags & QUIPU_OPEN_CREATE) != 0 && !datastore->readonly;
    char *given = NULL;
    if (!datastore->name_space) {
        return quipu_lmdb_no_memory(host, error);
    }
    int status = quipu_lmdb_path_of_body(host, how->body, &given, error);
    if (status == QUIPU_OK) {
        status = find_or_create(datastore, given, create, deadline, error);
        host->release(given);
    }
    if (status == QUIPU_OK) {
        status = open_environment(datastore, deadline, error);
    }
    return status == QUIPU_OK
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
    quipu_lmdb_options_read(how, &datastore->options);
    return datastore;
}

void quipu_lmdb_close(quipu_driver_datastore *datastore)
{
    const quipu_host *host = datastore->host;
    quipu_lmdb_environment_release(datastore->environment);
    host->release(datastore->name_space);
    host->release(datastore->path);
    host->release(datastore->folder);
    host->release(datastore);
}

/* Of what opening alone commits nobody needs to know the outcome: the next
 * attempt finds it, or makes it. */
static int settle(const quipu_host *host, const char *name, int status,
                  const quipu_error *own, quipu_error *error)
{
    if (status != QUIPU_UNKNOWN_OUTCOME) {
        return quipu_common_error_pass(status, own, error);
    }
    return host->error_set(error, QUIPU_IO, own->native, NULL,
                           "\"%s\" cannot be made ready to be written (%s); "
                           "open it again",
                           name, mdb_strerror(own->native));
}

int quipu_lmdb_open(const quipu_host *host, const quipu_open *how,
                    int64_t deadline, quipu_driver_datastore **datastore,
                    quipu_opened *opened, quipu_error *error)
{
    quipu_driver_datastore *made = create_datastore(host, how);
    if (!made) {
        return quipu_lmdb_no_memory(host, error);
    }
    quipu_error own = { .code = QUIPU_OK };
    int status = open_store(made, how, deadline, &own);
    status = settle(host, made->name, status, &own, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_close(made);
        return status;
    }
    opened->capabilities = QUIPU_CAN_LOG | QUIPU_CAN_TRACK |
                           QUIPU_CAN_TRANSACT | QUIPU_CAN_SHARE |
                           QUIPU_CAN_PERSIST;
    opened->identity = made->identity;
    opened->limits = (quipu_limits){ .state_size = 64 * MEBI,
                                     .append_items = 100000,
                                     .append_size = 256 * MEBI };
    *datastore = made;
    return QUIPU_OK;
}
