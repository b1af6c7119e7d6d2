/* SPDX-License-Identifier: Apache-2.0 */
/* A file as of any version: replayed so far, and no further. */
#include "path.h"
#include "questions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static int print_file(const struct file *file, quipu_error *error)
{
    char time[QUIPU_TIME_TEXT_SIZE];
    const int status = quipu_time_format(file->time, time, error);

    if (status != QUIPU_OK) {
        return status;
    }
    fputs("path     ", stdout);
    text_print(file->path);
    printf("\nversion  %" PRId64 "\ncommit   %s\n", file->base.version - 1,
           file->commit);
    fputs("author   ", stdout);
    text_print(file->author);
    printf("\ntime     %s\nmode     %s\nblob     %s\n", time, file->mode,
           file->blob);
    if (file->counted) {
        printf("lines    %" PRId64 "\n", file->lines);
    } else {
        puts("lines    not counted (binary)");
    }
    return QUIPU_OK;
}

int ask_at(const struct ledger *ledger, const char *path, int64_t version,
           quipu_error *error)
{
    quipu_id *ids = NULL;
    size_t count = 0;
    struct file *file = NULL;
    int status = find_files(ledger, path, &ids, &count, error);

    if (status != QUIPU_OK) {
        return status;
    }
    file =
        quipu_repository_get_at(ledger->files, &ids[count - 1], version, error);
    status = !file ? error->code : print_file(file, error);
    quipu_aggregate_destroy(file);
    free(ids);
    return status;
}
