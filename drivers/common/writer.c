/* SPDX-License-Identifier: Apache-2.0 */
/* The right to write a database, for the handles of one process; the header
 * says what it adds to the fair lock. */
#include "writer.h"

#include "error.h"
#include "safeguard.h"

#include <errno.h>

int quipu_common_writer_lock(struct writer *writer,
                             const struct writer_call *call, int64_t deadline,
                             quipu_error *error)
{
    if (SAFEGUARDED("V5.call-from-inside",
                    pthread_equal(atomic_load(&writer->owner), pthread_self()),
                    false)) {
        return call->host->error_set(
            error, QUIPU_DENIED, 0, NULL,
            "\"%s\" was called from the function inside its own transaction; "
            "use the native handle there",
            call->name);
    }
    int code = quipu_common_fair_lock_acquire(call->fair_lock, deadline);
    if (code == ETIMEDOUT) {
        return call->host->error_set(
            error, QUIPU_BUSY, 0, NULL,
            "other writers held \"%s\" until the deadline; try again, or raise "
            "timeout",
            call->name);
    }
    if (code != 0) {
        return quipu_common_error_set_system(call->host, call->name, code,
                                             "acquire the writers' lock of",
                                             error);
    }
    atomic_store(&writer->owner, pthread_self());
    return QUIPU_OK;
}

void quipu_common_writer_unlock(struct writer *writer,
                                const struct writer_call *call)
{
    atomic_store(&writer->owner, 0);
    quipu_common_fair_lock_release(call->fair_lock);
}

int quipu_common_writer_check(const struct writer *writer,
                              const struct writer_call *call,
                              quipu_error *error)
{
    if (SAFEGUARDED("V5.refusal-after-a-failed-sync",
                    !atomic_load(&writer->poisoned), true)) {
        return QUIPU_OK;
    }
    return call->host->error_set(
        error, QUIPU_IO, 0, NULL,
        "a sync of \"%s\" has failed, and the contents of the disk are "
        "unknown; "
        "close all handles of this process on it, then open it again",
        call->name);
}

int quipu_common_writer_run(const quipu_host *host, quipu_work work,
                            void *native, void *context, quipu_error *error)
{
    int status = work(native, context, error);

    if (status != QUIPU_OK && error && error->code != status) {
        (void)host->error_set(
            error, status, 0, NULL,
            "the function in the transaction failed and set no error");
    }
    return status;
}

int quipu_common_writer_refuse_function(const quipu_host *host,
                                        const char *statement,
                                        quipu_error *error)
{
    return host->error_set(
        error, QUIPU_INVALID, 0, NULL,
        "the function in the transaction ran %s, and nothing is stored: it "
        "must "
        "not begin or end a transaction, nor change settings that outlive it "
        "or data of quipu's own; "
        "to undo the append, let it return a status other than OK",
        statement);
}
