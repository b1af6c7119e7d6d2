/* SPDX-License-Identifier: Apache-2.0 */
/* quipu backup and quipu restore: a store to a file, and back. */
#include "args.h"
#include "interrupt.h"
#include "output/output.h"
#include "output/progress.h"
#include "store.h"

#include <quipu/quipu.h>

#include <stdio.h>

struct copying {
    struct progress progress;
    const char *path;
    uint64_t all; /* bytes of the store */
};

static bool show(void *context, uint64_t done, uint64_t all)
{
    struct copying *copying = context;

    copying->all = all;
    progress_show(&copying->progress, copying->path,
                  done < all ? "bytes copied" : "checking", (int64_t)done,
                  (int64_t)all);
    return !interrupt_requested();
}

static quipu_backup backup_of(const struct args *args, struct copying *copying)
{
    return (quipu_backup){
        .struct_size = sizeof(quipu_backup),
        .flags = args->force ? QUIPU_BACKUP_REPLACE : 0,
        .path = copying->path,
        .progress = show,
        .context = copying,
    };
}

/* Prints the result of a copying, or its error. */
static enum outcome report(const struct copying *copying, int status,
                           const quipu_error *error)
{
    char bytes[32];

    progress_clear(&copying->progress);
    if (status != QUIPU_OK) {
        const enum outcome outcome = output_error(error);

        if (interrupt_requested()) {
            fputs("quipu: interrupted; run the same command again\n", stderr);
        }
        return outcome;
    }
    snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)copying->all);
    output_field("backup", copying->path);
    output_field("bytes", bytes);
    return DONE;
}

static enum outcome run_backup(const struct args *args)
{
    struct copying copying = { .path = args->second };
    const quipu_backup backup = backup_of(args, &copying);
    quipu_datastore *datastore = NULL;
    quipu_error error;

    if (store_open_readonly(args->uri, &datastore, &error) != QUIPU_OK) {
        return output_error(&error);
    }
    progress_init(&copying.progress, args->progress);
    const bool watched = interrupt_init(datastore);
    const int status = quipu_backup_create(datastore, &backup, &error);

    if (watched) {
        interrupt_finish();
    }
    const enum outcome outcome = report(&copying, status, &error);

    return quipu_datastore_close(datastore, &error) == QUIPU_OK
               ? outcome
               : output_error(&error);
}

static enum outcome run_restore(const struct args *args)
{
    struct copying copying = { .path = args->uri };
    const quipu_backup backup = backup_of(args, &copying);
    quipu_error error;

    progress_init(&copying.progress, args->progress);
    const bool watched = interrupt_init(NULL);
    const int status =
        quipu_backup_restore(args->second, NULL, &backup, &error);

    if (watched) {
        interrupt_finish();
    }
    return report(&copying, status, &error);
}

const struct command backup_command = {
    .name = "backup",
    .arguments = "URI FILE",
    .summary = "copy a store to a file while it is in use",
    .help =
        "Copies the store to FILE, with all namespaces: a state that it had\n"
        "between two appends. Other programs may read and append meanwhile.\n"
        "FILE appears when it is complete, on disk and checked. An existing\n"
        "FILE is refused unless --force is given. A backup of an SQLite\n"
        "store is a database that opens by its name; one of an LMDB store is\n"
        "its data file. A server has its own tools, such as pg_dump.",
    .argument_count = 2,
    .options = OPTION_FORCE | OPTION_PROGRESS | OPTION_HELP,
    .run = run_backup,
};

const struct command restore_command = {
    .name = "restore",
    .arguments = "FILE URI",
    .summary = "put a backup in the place of a store",
    .help =
        "Checks FILE, which quipu backup made, and makes it the store that\n"
        "URI names. A store that is there is refused unless --force is\n"
        "given; one that any program has open is refused always. The store\n"
        "has the identity that it had when the backup was made. If the\n"
        "command is killed, the old store is there, or the new one, or\n"
        "opening says that the command has to be repeated.",
    .argument_count = 2,
    .options = OPTION_FORCE | OPTION_PROGRESS | OPTION_HELP,
    .run = run_restore,
};
